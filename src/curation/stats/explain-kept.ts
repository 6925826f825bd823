/**
 * Why fewer pairs are kept than the capped counts add up to.
 *
 * An entry with count `c` is to take `min(c, t)` pairs, each of its pairs with probability `q = t / max(c, t)`. Summed over
 * the entries that is the same as `q_j` summed over all pairs and their entries. A pair with several entries can be taken by
 * each of them but is kept once: with probability `P = 1 - prod (1 - q_j)`, at most the sum of its `q_j`. The difference,
 * summed over the pairs, is what seems to be missing; pairs with one entry add nothing to it.
 */
import { rangeOfBin } from '../../common/histogram.ts';
import type { MatchBins } from '../balance/balance-tally.ts';
import type { ExplainRow, Explanation } from './run-stats.ts';

/** First number of matches of each row; the last one is open. */
const ROW_STARTS = [1, 2, 3, 4, 5, 6, 11, 21, 51] as const;

/**
 * @param bins - what balancing tallied, over the whole run
 * @param cappedMatches - sum over the entries of `min(count, t)`
 * @param expectedKept - sum of the keep probabilities
 * @param kept - kept pairs
 * @returns the two sums side by side, by the pairs' number of matches
 */
export function explainKept(
  bins: MatchBins,
  cappedMatches: number,
  expectedKept: number,
  kept: number,
): Explanation {
  const rows: ExplainRow[] = [];
  const last = bins.pairs.length === 0 ? 0 : rangeOfBin(bins.pairs.length - 1).to;
  ROW_STARTS.forEach((from, row) => {
    const to = ROW_STARTS[row + 1] ?? last;
    let pairs = 0;
    let acceptances = 0;
    let expected = 0;
    for (let bin = from; bin < bins.pairs.length && rangeOfBin(bin).from < to; bin++) {
      pairs += bins.pairs[bin] ?? 0;
      acceptances += bins.acceptances[bin] ?? 0;
      expected += bins.expected[bin] ?? 0;
    }
    if (pairs > 0) rows.push({ from, to: Math.min(to, last), pairs, acceptances, expectedKept: expected });
  });
  return { cappedMatches, expectedKept, kept, repeats: cappedMatches - expectedKept, rows };
}
