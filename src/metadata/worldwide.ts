/**
 * The list of one language by the rules of Meta CLIP 2: the numbers 0-99, WordNet names where there are some, then words,
 * word pairs and titles up to caps that are shares of what there is, bounded by the numbers of the English list.
 *
 * A cap counts what is new: an entry that an earlier source has does not use it up. Differences from the published code,
 * which are faults there: a cap of 0 gives nothing (there: one entry), and titles are those of the Wikipedia of the
 * language alone (there: of its Wiktionary, Wikibooks and so on too).
 */
import { type BuildControl, withWorkplace } from './build-control.ts';
import { type CountSource, countSource } from './count-sources.ts';
import { makeReadLog, recordFile } from './dumps/read-input.ts';
import { loadEntries } from './entries.ts';
import { BestKeys } from './ngrams/best-keys.ts';
import { rankBigrams } from './ngrams/rank-bigrams.ts';
import { countViews } from './wiki-titles.ts';
import { PUBLISHED_BIGRAMS, PUBLISHED_UNIGRAMS, rankByCount } from './wiki-ngrams.ts';
import { codePointLength, isPunctuationOnly } from './words/character-classes.ts';
import { isWrittenWithoutSpaces } from './words/word-splitter.ts';
import { checkListPath, type ListSource, type Provenance, writeList } from './write-list.ts';

/** Published caps: a share of what there is, and a number. */
export const PUBLISHED_CAPS = {
  /** Of the distinct words. */
  unigramShare: 0.1,
  unigrams: PUBLISHED_UNIGRAMS,
  /** Of the words that were kept. */
  bigramShare: 0.4,
  bigrams: PUBLISHED_BIGRAMS,
  /** Of the distinct titles. */
  titleShare: 0.76,
  titles: 61_235,
} as const;

/** Longest entry, in characters. */
export const MAX_ENTRY_LENGTH = 256;
/** What may fall away behind the ranking (punctuation, length, repeats) is made up for from so many more. */
const SPARE_SHARE = 2;

/** Options of {@link buildWorldwide}. */
export interface WorldwideOptions extends CountSource, BuildControl {
  /** List to write, `.txt` or `.json`. */
  readonly out: string;
  /** Code of the wiki, e.g. `th`, `zh_yue`. */
  readonly language: string;
  /** List of WordNet names in this language, e.g. from the Open Multilingual Wordnet. */
  readonly names?: string | undefined;
  /** Pageview files and folders of them. */
  readonly pageviews?: readonly string[] | undefined;
  /** Least PMI of a pair; default: none, because a PMI threshold depends on the size of the corpus. */
  readonly minPmi?: number | undefined;
  /** Least count of a pair; default 1. */
  readonly minBigramCount?: number | undefined;
}

/**
 * Builds the list of one language.
 *
 * Memory: `memoryBytes` for counting, then the ranked entries, at most three times the caps.
 *
 * @param options - see {@link WorldwideOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} for wrong options, unreadable inputs and outputs
 */
export async function buildWorldwide(options: WorldwideOptions): Promise<Provenance> {
  checkListPath(options.out);
  const { language } = options;
  const isJoined = isWrittenWithoutSpaces(language);
  const log = options.log ?? makeReadLog();
  return withWorkplace(options.out, options, async (place) => {
    const list = new CappedList();
    list.add(
      'numbers',
      Array.from({ length: 100 }, (_, number) => String(number)),
      Infinity,
    );
    if (options.names !== undefined) {
      const names = await loadEntries(options.names);
      log.inputs.push(await recordFile(options.names));
      list.add(
        'wordnet',
        names.entries.map((name) => cleanName(name, language)),
        Infinity,
      );
    }

    const { counts, tokenizer, tally } = await countSource(options, true, place, log);
    const caps = PUBLISHED_CAPS;
    const unigramCap = Math.min(caps.unigrams, Math.floor(counts.unigrams.size * caps.unigramShare));
    const words = await rankByCount(counts.unigrams, 1, withSpare(unigramCap, list.size), place.breathe);
    const wordCount = list.add(
      'unigrams',
      words.map(({ key }) => key),
      unigramCap,
    );

    const bigramCap = Math.min(caps.bigrams, Math.floor(wordCount * caps.bigramShare));
    const best = new BestKeys(withSpare(bigramCap, list.size), 'word pairs');
    const thresholds = { minPmi: options.minPmi ?? -Infinity, minCount: options.minBigramCount ?? 1 };
    const bigramTally = await rankBigrams(counts.unigrams, counts.bigrams, best, thresholds, place.breathe);
    const pairs = best.finish().map(({ key }) => key.replace('\t', isJoined ? '' : ' '));
    list.add('bigrams', pairs, bigramCap);

    let titleCounts = {};
    if (options.pageviews !== undefined && options.pageviews.length > 0) {
      const site = language.replaceAll('_', '-');
      const rules = { domains: [site, `${site}.m`], minHourlyViews: 1 };
      const { views, tally: viewTally } = await countViews(options.pageviews, rules, place, log);
      const titleCap = Math.min(caps.titles, Math.floor(views.size * caps.titleShare));
      const titles = await rankByCount(views, 1, withSpare(titleCap, list.size), place.breathe);
      list.add(
        'titles',
        titles.map(({ key }) => key),
        titleCap,
      );
      titleCounts = { distinctTitles: views.size, views: views.total, pageviewLines: { ...viewTally } };
    }
    return writeList(options.out, list.entries, {
      kind: 'worldwide',
      sources: list.sources,
      inputs: log.inputs.map((input) => ({ ...input })),
      options: {
        language,
        tokenizer,
        bigramsJoined: isJoined,
        minPmi: options.minPmi ?? null,
        minBigramCount: thresholds.minCount,
        names: options.names !== undefined,
        caps: { ...caps },
      },
      counts: {
        words: counts.unigrams.total,
        distinctWords: counts.unigrams.size,
        distinctBigrams: bigramTally.given,
        dropped: { ...list.dropped },
        ...tally,
        ...titleCounts,
      },
    });
  });
}

/** Enough of the best for the cap even when all earlier entries are among them; 1 at least, because 0 is no limit. */
function withSpare(cap: number, earlier: number): number {
  return Math.max(1, cap * SPARE_SHARE + earlier);
}

/** Names of some wordnets have plus signs between the parts of a word. */
function cleanName(name: string, language: string): string {
  return ['zh', 'ja', 'fr'].includes(language) ? name.replaceAll('+', '') : name;
}

/** Entries, first come first kept, with a cap on what each source adds. */
class CappedList {
  readonly sources: ListSource[] = [];
  readonly dropped = { repeated: 0, punctuation: 0, tooLong: 0 };
  readonly #entries = new Set<string>();

  get entries(): string[] {
    return [...this.#entries];
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Adds at most `cap` new entries; returns how many. */
  add(name: string, candidates: readonly string[], cap: number): number {
    const firstEntry = this.#entries.size;
    for (const candidate of candidates) {
      if (this.#entries.size - firstEntry >= cap) break;
      const entry = candidate.trim();
      if (isPunctuationOnly(entry)) this.dropped.punctuation++;
      else if (codePointLength(entry) > MAX_ENTRY_LENGTH) this.dropped.tooLong++;
      else if (this.#entries.has(entry)) this.dropped.repeated++;
      else this.#entries.add(entry);
    }
    const entryCount = this.#entries.size - firstEntry;
    this.sources.push({ name, firstEntry, entryCount });
    return entryCount;
  }
}
