/** Lists of the frequent words and of the closely bound word pairs of a corpus. */
import { MetaclipError } from '../common/errors.ts';
import { type BuildControl, withWorkplace } from './build-control.ts';
import { type CountSource, countSource } from './count-sources.ts';
import { makeReadLog } from './dumps/read-input.ts';
import { BestKeys, type ScoredKey } from './ngrams/best-keys.ts';
import { rankBigrams } from './ngrams/rank-bigrams.ts';
import { forEachCount, type SortedCounts } from './ngrams/sorted-counts.ts';
import { checkListPath, type Provenance, writeList } from './write-list.ts';

/** Published threshold: words that stand at least so often in the English Wikipedia. */
export const PUBLISHED_MIN_COUNT = 100;
/** Published threshold of word pairs. */
export const PUBLISHED_MIN_PMI = 30;
/** Published number of words, as a quota for corpora of another size. */
export const PUBLISHED_UNIGRAMS = 251_465;
/** Published number of word pairs. */
export const PUBLISHED_BIGRAMS = 100_646;

/** Options of {@link buildUnigrams} and {@link buildBigrams}. */
export interface NgramListOptions extends CountSource, BuildControl {
  /** List to write, `.txt` or `.json`. */
  readonly out: string;
  /** Take so many of the best; without it all that reach the threshold. */
  readonly top?: number | undefined;
  /** Least count. Words: default {@link PUBLISHED_MIN_COUNT}, or 1 with `top`. Pairs: default 1. */
  readonly minCount?: number | undefined;
  /** Least PMI of a pair: default {@link PUBLISHED_MIN_PMI}, or none with `top`. */
  readonly minPmi?: number | undefined;
}

/**
 * Builds the list of words by count, most frequent first, and by code point among equals.
 *
 * Memory: `memoryBytes` for counting (twice that while a table grows), then the list.
 *
 * @param options - see {@link NgramListOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} for wrong options, unreadable inputs and outputs
 */
export async function buildUnigrams(options: NgramListOptions): Promise<Provenance> {
  checkListPath(options.out);
  checkTop(options.top);
  const minCount = options.minCount ?? (options.top === undefined ? PUBLISHED_MIN_COUNT : 1);
  const log = options.log ?? makeReadLog();
  return withWorkplace(options.out, options, async (place) => {
    const { counts, language, tokenizer, tally } = await countSource(options, false, place, log);
    const ranked = await rankByCount(counts.unigrams, minCount, options.top, place.breathe);
    refuseEmpty(ranked, `${counts.unigrams.size} words, none stands ${minCount} times`);
    return writeList(
      options.out,
      ranked.map(({ key }) => key),
      {
        kind: 'wiki-unigrams',
        sources: [{ name: 'unigrams', firstEntry: 0, entryCount: ranked.length }],
        inputs: log.inputs.map((input) => ({ ...input })),
        options: { language, tokenizer, minCount, top: options.top ?? null },
        counts: { words: counts.unigrams.total, distinctWords: counts.unigrams.size, ...tally },
      },
    );
  });
}

/**
 * Builds the list of word pairs by pointwise mutual information (see rank-bigrams.ts), highest first.
 *
 * Memory: as {@link buildUnigrams}; for ranking, up to 4 million words at a time.
 *
 * @param options - see {@link NgramListOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} for wrong options, unreadable inputs and outputs
 */
export async function buildBigrams(options: NgramListOptions): Promise<Provenance> {
  checkListPath(options.out);
  checkTop(options.top);
  const minCount = options.minCount ?? 1;
  const minPmi = options.minPmi ?? (options.top === undefined ? PUBLISHED_MIN_PMI : -Infinity);
  const log = options.log ?? makeReadLog();
  return withWorkplace(options.out, options, async (place) => {
    const { counts, language, tokenizer, tally } = await countSource(options, true, place, log);
    const best = new BestKeys(options.top, 'word pairs');
    const bigramTally = await rankBigrams(
      counts.unigrams,
      counts.bigrams,
      best,
      { minPmi, minCount },
      place.breathe,
    );
    const ranked = best.finish();
    const highestPossible = Math.log2(counts.unigrams.total);
    refuseEmpty(
      ranked,
      `${counts.bigrams.size} word pairs, none has a PMI of ${minPmi}; with ${counts.unigrams.total} words it can be at most ${highestPossible.toFixed(2)}`,
    );
    // Ready counts may hold words with spaces, so that two pairs make one entry.
    const entries = [...new Set(ranked.map(({ key }) => key.replace('\t', ' ')))];
    return writeList(options.out, entries, {
      kind: 'wiki-bigrams',
      sources: [{ name: 'bigrams', firstEntry: 0, entryCount: entries.length }],
      inputs: log.inputs.map((input) => ({ ...input })),
      options: {
        language,
        tokenizer,
        minPmi: Number.isFinite(minPmi) ? minPmi : null,
        minCount,
        top: options.top ?? null,
      },
      counts: {
        words: counts.unigrams.total,
        distinctWords: counts.unigrams.size,
        distinctBigrams: bigramTally.given,
        wordNotCounted: bigramTally.wordNotCounted,
        belowCount: bigramTally.belowCount,
        belowPmi: bigramTally.belowPmi,
        highestPmi: ranked[0]?.score ?? null,
        lowestPmi: ranked.at(-1)?.score ?? null,
        ...tally,
      },
    });
  });
}

/**
 * Ranks counted keys.
 *
 * @param counts - what was counted
 * @param minCount - least count taken
 * @param top - how many at most; undefined: all
 * @param breathe - awaited now and then
 * @returns by count, highest first, then by code point
 */
export async function rankByCount(
  counts: SortedCounts,
  minCount: number,
  top: number | undefined,
  breathe: () => Promise<void>,
): Promise<ScoredKey[]> {
  const best = new BestKeys(top, 'entries');
  await forEachCount(counts, breathe, (record) => {
    if (record.count >= minCount && best.accepts(record.count)) best.add(record.key(), record.count);
  });
  return best.finish();
}

function checkTop(top: number | undefined): void {
  if (top === undefined || (Number.isSafeInteger(top) && top > 0)) return;
  throw new MetaclipError('E_USAGE', `--top ${top} is not a positive whole number`, {
    hint: `for example --top ${PUBLISHED_UNIGRAMS}`,
  });
}

function refuseEmpty(ranked: readonly unknown[], what: string): void {
  if (ranked.length > 0) return;
  throw new MetaclipError('E_INPUT_EMPTY', `no entry is left: ${what}`, {
    hint: 'lower the threshold, or take a number of the best with --top: thresholds of the paper are those of the whole English Wikipedia',
  });
}
