/**
 * What balancing learns of the pairs beside its decisions, because it sees each of them anyway: the counts of the entries
 * among the kept pairs, and pairs by their number of matches. Everything adds up over tasks.
 */
import { BIN_COUNT, binOf } from '../../common/histogram.ts';

/** Numbers by bin of the pairs' number of matches (see common/histogram.ts). */
export interface MatchBins {
  /** Pairs that are no duplicates. */
  readonly pairs: readonly number[];
  /** Kept pairs. */
  readonly kept: readonly number[];
  /** Sum of `q_j` over the pairs and their entries: expected acceptances of independent draws, one an entry. */
  readonly acceptances: readonly number[];
  /** Sum of the keep probabilities. */
  readonly expected: readonly number[];
}

/** Adds up one task. */
export class BalanceTally {
  /** Kept pairs by entry id. */
  readonly keptCounts: Float64Array;
  /** Matches of the kept pairs. */
  keptMatches = 0;
  readonly #pairs = new Float64Array(BIN_COUNT);
  readonly #kept = new Float64Array(BIN_COUNT);
  readonly #acceptances = new Float64Array(BIN_COUNT);
  readonly #expected = new Float64Array(BIN_COUNT);

  /** @param keptCounts - zeros, one an entry; added to */
  constructor(keptCounts: Float64Array) {
    this.keptCounts = keptCounts;
  }

  /**
   * @param matchCount - entries of the pair
   * @param acceptances - sum of their entry probabilities
   * @param probability - keep probability of the pair
   */
  addPair(matchCount: number, acceptances: number, probability: number): void {
    const bin = binOf(matchCount);
    this.#pairs[bin] = (this.#pairs[bin] ?? 0) + 1;
    this.#acceptances[bin] = (this.#acceptances[bin] ?? 0) + acceptances;
    this.#expected[bin] = (this.#expected[bin] ?? 0) + probability;
  }

  /**
   * @param ids - entry ids; those in [start, end) belong to the pair
   * @param start - first
   * @param end - after the last
   */
  addKept(ids: Uint32Array, start: number, end: number): void {
    const bin = binOf(end - start);
    this.#kept[bin] = (this.#kept[bin] ?? 0) + 1;
    this.keptMatches += end - start;
    for (let k = start; k < end; k++) {
      const id = ids[k] ?? 0;
      this.keptCounts[id] = (this.keptCounts[id] ?? 0) + 1;
    }
  }

  /** @returns plain arrays without the zeros at their ends */
  get bins(): MatchBins {
    return {
      pairs: trimmed(this.#pairs),
      kept: trimmed(this.#kept),
      acceptances: trimmed(this.#acceptances),
      expected: trimmed(this.#expected),
    };
  }
}

function trimmed(values: Float64Array): number[] {
  return [...values.subarray(0, values.findLastIndex((value) => value !== 0) + 1)];
}
