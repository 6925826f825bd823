/**
 * The stages as async iterables over pairs in memory, for programs that want to put them together themselves. The rules are
 * those of `curate`, which for a pool of any size goes through files instead: de-duplication, counting and balancing need
 * two passes over the matched pairs, and here the caller decides where they are kept between them.
 */
import { keepProbability } from './balance/balance-task.ts';
import { entryProbability } from './balance/cap.ts';
import type { Matcher } from './match/matcher.ts';
import type { Pair, PairBatch } from './pair-batch.ts';
import { drawOf, keyOfSeed, uidOf } from './pair-ids.ts';

/** A pair whose text has at least one entry. */
export interface MatchedPair extends Pair {
  /** 32 hex digits; equal for equal (url, text). */
  readonly uid: string;
  /** Distinct entry ids, ascending; owned by the receiver. */
  readonly entryIds: Uint32Array;
}

/** A matched pair that the balancing kept. */
export interface BalancedPair extends MatchedPair {
  /** Keep probability in (0, 1]. */
  readonly keepProb: number;
}

/**
 * Matches pairs against an entry list. Pairs without a match are left out. Duplicates are not: see {@link dropDuplicates}.
 *
 * @param batches - e.g. from `extractPairs`
 * @param matcher - over the automaton of the list
 * @yields matched pairs in input order
 */
export async function* matchPairs(
  batches: AsyncIterable<PairBatch> | Iterable<PairBatch>,
  matcher: Matcher,
): AsyncGenerator<MatchedPair, void, void> {
  for await (const batch of batches) {
    for (let row = 0; row < batch.rowCount; row++) {
      const start = batch.textOffsets[row] ?? 0;
      const count = matcher.matchBytes(batch.textBytes, start, batch.textOffsets[row + 1] ?? 0);
      if (count === 0) continue;
      const pair = batch.at(row);
      yield { ...pair, uid: uidOf(pair.url, pair.text), entryIds: matcher.ids.slice(0, count) };
    }
  }
}

/**
 * Drops pairs that were seen before. Memory: the uids of all distinct pairs (about 100 bytes each); `curate` does the same
 * on disk.
 *
 * @param pairs - matched pairs
 * @yields the first of each uid
 */
export async function* dropDuplicates(
  pairs: AsyncIterable<MatchedPair> | Iterable<MatchedPair>,
): AsyncGenerator<MatchedPair, void, void> {
  const seen = new Set<string>();
  for await (const pair of pairs) {
    if (seen.has(pair.uid)) continue;
    seen.add(pair.uid);
    yield pair;
  }
}

/**
 * Counts entries: +1 for each distinct match of each pair.
 *
 * @param pairs - matched pairs without duplicates
 * @param entryCount - length of the entry list
 * @returns count by entry id; exact up to 2^53
 */
export async function countEntries(
  pairs: AsyncIterable<MatchedPair> | Iterable<MatchedPair>,
  entryCount: number,
): Promise<Float64Array> {
  const counts = new Float64Array(entryCount);
  for await (const { entryIds } of pairs) for (const id of entryIds) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

/**
 * Entry probabilities `q_j = t / max(c_j, t)`.
 *
 * @param counts - count by entry id
 * @param t - cap, at least 1
 * @returns probability by entry id; owned by the caller
 */
export function computeSamplingRates(counts: Float64Array, t: number): Float64Array {
  return counts.map((count) => entryProbability(count, t));
}

/**
 * Keeps each pair with its keep probability. The draw is a hash of (seed, url, text): it does not depend on the order, and
 * for one seed a smaller cap keeps a subset.
 *
 * @param pairs - matched pairs without duplicates
 * @param rates - what {@link computeSamplingRates} gave
 * @param seed - integer in [0, 2^53)
 * @yields kept pairs in input order
 */
export async function* balancePairs(
  pairs: AsyncIterable<MatchedPair> | Iterable<MatchedPair>,
  rates: Float64Array,
  seed: number,
): AsyncGenerator<BalancedPair, void, void> {
  const key = keyOfSeed(seed);
  for await (const pair of pairs) {
    const keepProb = keepProbability(pair.entryIds, 0, pair.entryIds.length, rates);
    const uidWords = new Uint32Array(Uint8Array.from(Buffer.from(pair.uid, 'hex')).buffer);
    if (drawOf(uidWords, 0, key) < keepProb) yield { ...pair, keepProb };
  }
}
