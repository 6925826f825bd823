/**
 * Ranks bigrams by pointwise mutual information, as NLTK computes it and as the published lists were made:
 *
 *     PMI(x, y) = log2(count(x y) * N) - log2(count(x) * count(y)),   N = sum of all word counts
 *
 * in exactly this form: the products are rounded to 64-bit floats before the logarithms, and other forms of the formula
 * differ in the last bits and so in the order. Equal values are ordered by first, then second word, by code point. N counts
 * words, not bigrams.
 *
 * So the highest PMI that a corpus of N words allows is log2(N), and only for a pair that stands there once: a threshold
 * means nothing without the size of the corpus.
 */
import { type BestKeys } from './best-keys.ts';
import { RunReader } from './run-file.ts';
import { type SortedCounts, STEPS_A_BREATH } from './sorted-counts.ts';

/** Words held in memory in one pass: about 400 MB of strings. */
export const WORDS_A_PASS = 4_000_000;
const TAB = 9;

/**
 * @param pairCount - how often the pair stands in the corpus
 * @param firstCount - count of its first word
 * @param secondCount - count of its second word
 * @param total - sum of all word counts
 * @returns pointwise mutual information in bits
 */
export function pmiOf(pairCount: number, firstCount: number, secondCount: number, total: number): number {
  return Math.log2(pairCount * total) - Math.log2(firstCount * secondCount);
}

/** What happened to the bigrams. */
export interface BigramTally {
  /** Bigrams given. */
  given: number;
  /** One of the words has no count. */
  wordNotCounted: number;
  /** Count below the least that was asked for. */
  belowCount: number;
  /** PMI below the threshold. */
  belowPmi: number;
}

/** Options of {@link rankBigrams}. */
export interface RankBigramsOptions {
  /** Least PMI taken; -Infinity: all. */
  readonly minPmi: number;
  /** Least count of a bigram taken. */
  readonly minCount: number;
  /** Words held in memory in one pass; default {@link WORDS_A_PASS}. */
  readonly wordsAPass?: number;
}

/**
 * Scores all bigrams.
 *
 * Both files are in byte order, so the first words are found by going through both side by side. Second words are looked
 * up in a table; where the words are more than it may hold, the files are read once for each slice of the words.
 *
 * Memory: one slice of the words. Time: linear in both files for each slice.
 *
 * @param unigrams - word counts
 * @param bigrams - pair counts; key: both words with a tab between them
 * @param best - takes the bigrams that pass; its keys have a tab between the words, which is also their order
 * @param options - thresholds
 * @param breathe - awaited now and then; throws to stop
 * @returns what was left out, and why
 */
export async function rankBigrams(
  unigrams: SortedCounts,
  bigrams: SortedCounts,
  best: BestKeys,
  options: RankBigramsOptions,
  breathe: () => Promise<void>,
): Promise<BigramTally> {
  const tally: BigramTally = { given: bigrams.size, wordNotCounted: 0, belowCount: 0, belowPmi: 0 };
  const slices = new RunReader(unigrams.path);
  let scored = 0;
  try {
    for (;;) {
      const slice = readSlice(slices, options.wordsAPass ?? WORDS_A_PASS);
      if (slice.size === 0) break;
      scored += await scoreSlice(slice, unigrams, bigrams, best, options, tally, breathe);
    }
  } finally {
    slices.close();
  }
  // Each bigram with known words is met in the one pass that holds its second word.
  tally.wordNotCounted = tally.given - scored;
  return tally;
}

function readSlice(reader: RunReader, size: number): Map<string, number> {
  const slice = new Map<string, number>();
  while (slice.size < size && reader.next()) slice.set(reader.key(), reader.count);
  return slice;
}

async function scoreSlice(
  slice: ReadonlyMap<string, number>,
  unigrams: SortedCounts,
  bigrams: SortedCounts,
  best: BestKeys,
  { minPmi, minCount }: RankBigramsOptions,
  tally: BigramTally,
  breathe: () => Promise<void>,
): Promise<number> {
  const words = new RunReader(unigrams.path);
  const pairs = new RunReader(bigrams.path);
  let scored = 0;
  try {
    let hasWord = words.next();
    for (let step = 1; pairs.next(); step++) {
      if (step % STEPS_A_BREATH === 0) await breathe();
      const { buffer, start, end, count } = pairs;
      const tab = buffer.indexOf(TAB, start);
      let order = -1;
      while (hasWord) {
        order = words.buffer.compare(buffer, start, tab, words.start, words.end);
        if (order >= 0) break;
        hasWord = words.next();
      }
      if (!hasWord) break;
      if (order !== 0) continue;
      const secondCount = slice.get(buffer.toString('utf8', tab + 1, end));
      if (secondCount === undefined) continue;
      scored++;
      if (count < minCount) {
        tally.belowCount++;
        continue;
      }
      const pmi = pmiOf(count, words.count, secondCount, unigrams.total);
      if (pmi < minPmi) tally.belowPmi++;
      else if (best.accepts(pmi)) best.add(pairs.key(), pmi);
    }
  } finally {
    words.close();
    pairs.close();
  }
  return scored;
}
