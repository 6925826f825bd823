/** Gets n-gram counts from texts or from ready count files, whichever is given. */
import { MetaclipError } from '../common/errors.ts';
import type { Workplace } from './build-control.ts';
import { type ArticleTally, listFiles, makeArticleTally, readArticles } from './dumps/articles.ts';
import type { ReadLog } from './dumps/read-input.ts';
import { KeyCounter } from './ngrams/key-counter.ts';
import { NgramCounter, type NgramCounts } from './ngrams/ngram-counter.ts';
import { addCountFile, type CountFileTally, makeCountFileTally } from './ngrams/read-counts.ts';
import type { SortedCounts } from './ngrams/sorted-counts.ts';
import { defaultSplitter, SPACE_RULE, type WordSplitter } from './words/word-splitter.ts';

/** Where counts come from. */
export interface CountSource {
  /** Texts: dumps, output of wikiextractor, folders of it. */
  readonly texts?: readonly string[] | undefined;
  /** Ready word counts, in the place of texts. */
  readonly unigramCounts?: readonly string[] | undefined;
  /** Ready pair counts, with ready word counts. */
  readonly bigramCounts?: readonly string[] | undefined;
  /** Code of the wiki; default `en`. */
  readonly language?: string | undefined;
  /** Take texts for plain text. */
  readonly isPlainText?: boolean | undefined;
  /** Splitter for languages written without spaces; default: ICU's. */
  readonly splitter?: WordSplitter | undefined;
}

/** Counts and what is recorded of them. */
export interface CountedSource {
  readonly counts: NgramCounts;
  readonly language: string;
  readonly tokenizer: { readonly name: string; readonly version: string };
  /** For the provenance file. */
  readonly tally: { readonly [key: string]: number };
}

/** Share of memory for words where pairs are counted beside them. */
const WORD_SHARE = 0.2;
const NO_COUNTS: SortedCounts = { path: '', size: 0, total: 0 };

/**
 * Counts.
 *
 * @param source - texts, or count files
 * @param bigrams - whether pairs are wanted
 * @param place - temporary folder and memory
 * @param log - gets the records of the inputs
 * @returns the counts, in files of the folder
 * @throws {@link MetaclipError} `E_USAGE` when both or neither are given, and what reading throws
 */
export async function countSource(
  source: CountSource,
  bigrams: boolean,
  place: Workplace,
  log: ReadLog,
): Promise<CountedSource> {
  const texts = source.texts ?? [];
  const unigramCounts = source.unigramCounts ?? [];
  const bigramCounts = source.bigramCounts ?? [];
  if (texts.length > 0 === unigramCounts.length > 0) {
    throw new MetaclipError('E_USAGE', 'give either texts to count or ready counts', {
      hint: 'texts are dumps or folders of wikiextractor; ready counts go to --counts',
    });
  }
  if (texts.length > 0 && bigramCounts.length > 0) {
    throw new MetaclipError('E_USAGE', 'pair counts need word counts beside them, not texts', {
      hint: 'give the word counts of the same corpus with --counts',
    });
  }
  return texts.length > 0
    ? countTexts(source, texts, bigrams, place, log)
    : readReadyCounts(
        unigramCounts,
        bigrams ? bigramCounts : [],
        source.language ?? 'en',
        bigrams,
        place,
        log,
      );
}

async function countTexts(
  source: CountSource,
  inputs: readonly string[],
  bigrams: boolean,
  place: Workplace,
  log: ReadLog,
): Promise<CountedSource> {
  const language = source.language ?? 'en';
  const splitter = source.splitter ?? defaultSplitter(language);
  const counter = new NgramCounter({
    folder: place.folder,
    memoryBytes: place.memoryBytes,
    bigrams,
    splitter,
  });
  const tally: ArticleTally = makeArticleTally();
  const options = { language, isPlainText: source.isPlainText === true };
  for (const { path } of listFiles(inputs)) {
    for await (const articles of readArticles(path, options, tally, log)) {
      for (const article of articles) counter.addText(article);
      await place.breathe();
    }
  }
  const counts = await counter.finish(place.breathe);
  refuseNothing(counts, inputs);
  const tokenizer = splitter === undefined ? SPACE_RULE : { name: splitter.name, version: splitter.version };
  return { counts, language, tokenizer, tally: { ...tally, longWords: counts.longWords } };
}

async function readReadyCounts(
  unigramFiles: readonly string[],
  bigramFiles: readonly string[],
  language: string,
  bigrams: boolean,
  { folder, memoryBytes, breathe }: Workplace,
  log: ReadLog,
): Promise<CountedSource> {
  if (bigrams && bigramFiles.length === 0) {
    throw new MetaclipError('E_USAGE', 'word counts alone give no bigrams', {
      hint: 'give the pair counts of the same corpus with --pairs',
    });
  }
  const wordTally: CountFileTally = makeCountFileTally();
  const pairTally: CountFileTally = makeCountFileTally();
  const wordBytes = bigrams ? memoryBytes * WORD_SHARE : memoryBytes;
  const words = new KeyCounter({ folder, name: 'unigrams', memoryBytes: wordBytes });
  for (const { path } of listFiles(unigramFiles)) await addCountFile(path, 1, words, wordTally, log, breathe);
  const unigrams = await words.finish(breathe);
  let pairCounts = NO_COUNTS;
  if (bigrams) {
    const pairs = new KeyCounter({ folder, name: 'bigrams', memoryBytes: memoryBytes - wordBytes });
    for (const { path } of listFiles(bigramFiles))
      await addCountFile(path, 2, pairs, pairTally, log, breathe);
    pairCounts = await pairs.finish(breathe);
  }
  const counts = {
    unigrams,
    bigrams: pairCounts,
    longWords: wordTally.longWords + pairTally.longWords,
    runs: 0,
  };
  refuseNothing(counts, unigramFiles);
  return {
    counts,
    language,
    tokenizer: { name: 'ready counts', version: '1' },
    tally: {
      wordLines: wordTally.lines,
      pairLines: pairTally.lines,
      badLines: wordTally.badLines + pairTally.badLines,
      longWords: counts.longWords,
    },
  };
}

function refuseNothing(counts: NgramCounts, inputs: readonly string[]): void {
  if (counts.unigrams.size > 0) return;
  throw new MetaclipError('E_INPUT_EMPTY', `${inputs.join(', ')}: no word in it`, {
    hint: 'a dump of articles is named pages-articles; other dumps hold no text',
  });
}
