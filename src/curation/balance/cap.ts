/**
 * The cap `t`: given as a number, as a tail share, or as a number of curated pairs to aim at.
 * Source: arXiv 2309.16671, section 3.3; worldwide, arXiv 2507.22062 (t from p).
 */
import { MetaclipError } from '../../common/errors.ts';

/** How the cap is given. */
export type CapOption =
  | { readonly kind: 't'; readonly t: number }
  | { readonly kind: 'tail-share'; readonly share: number }
  | { readonly kind: 'target'; readonly pairCount: number };

/** The published cap of the 400 M pool. */
export const DEFAULT_T = 20_000;

/**
 * Entry probability `q_j = t / max(c_j, t)`.
 *
 * @param count - entry count
 * @param t - cap
 * @returns in (0, 1]; 1 for tail entries
 */
export function entryProbability(count: number, t: number): number {
  return t / Math.max(count, t);
}

/**
 * Tail share `p(t)`: share of all matches that fall on entries with a count below `t` (strictly).
 *
 * @param counts - count of each entry
 * @param t - cap
 * @returns in [0, 1]; 0 when nothing matched
 */
export function tailShareOf(counts: Float64Array, t: number): number {
  let total = 0;
  let tail = 0;
  for (const count of counts) {
    total += count;
    if (count < t) tail += count;
  }
  return total === 0 ? 0 : tail / total;
}

/**
 * `p_to_t`: sorts the counts ascending, takes the cumulative share, and returns the count whose share is nearest to `p`,
 * the first such on a tie. Time O(n log n).
 *
 * @param counts - count of each entry, zeros included
 * @param share - tail share aimed at, in [0, 1]
 * @returns an entry count; may be 0 when the share is nearest to that of the entries never hit
 */
export function capOfTailShare(counts: Float64Array, share: number): number {
  const sorted = counts.slice().sort();
  const total = sorted.reduce((sum, count) => sum + count, 0);
  if (total === 0) return 0;
  let cumulative = 0;
  let nearest = Infinity;
  let cap = 0;
  for (const count of sorted) {
    cumulative += count;
    const distance = Math.abs(cumulative / total - share);
    if (distance < nearest) {
      nearest = distance;
      cap = count;
    }
  }
  return cap;
}

/** Candidates that one pass over the matched pairs evaluates for {@link capOfTarget}. */
export const CAPS_PER_PASS = 24;

/**
 * Solves for the smallest whole `t` whose expected number of curated pairs reaches a target. The expectation never falls
 * as `t` grows, so each pass narrows the range by a factor of {@link CAPS_PER_PASS}: 4 or 5 passes for counts of millions.
 *
 * @param target - curated pairs wanted
 * @param maxCount - the largest entry count; a cap at it keeps every pair
 * @param pairCount - pairs that are no duplicates
 * @param expectedKept - expected number of curated pairs for each of some caps, ascending; one pass over the pool
 * @returns the cap, and the expected number for it
 * @throws {@link MetaclipError} `E_USAGE` when the pool has fewer pairs than the target
 */
export async function capOfTarget(
  target: number,
  maxCount: number,
  pairCount: number,
  expectedKept: (caps: readonly number[]) => Promise<readonly number[]>,
): Promise<{ t: number; expected: number }> {
  if (target > pairCount) {
    throw new MetaclipError(
      'E_USAGE',
      `--target ${target}: only ${pairCount} distinct pairs match, even with no cap`,
      {
        hint: `give at most --target ${pairCount}, or add more input`,
        details: { got: target, limit: pairCount },
      },
    );
  }
  // Invariant: every cap <= low falls short of the target, every cap >= high reaches it.
  let low = 0;
  let high = Math.max(1, maxCount);
  let expectedAtHigh = pairCount;
  while (high - low > 1) {
    const step = (high - low) / (CAPS_PER_PASS + 1);
    const caps = Array.from({ length: CAPS_PER_PASS }, (_, i) => Math.round(low + step * (i + 1)));
    const candidates = [...new Set(caps)].filter((cap) => cap > low && cap < high);
    const expected = await expectedKept(candidates);
    const reached = expected.findIndex((value) => value >= target);
    if (reached < 0) {
      low = candidates.at(-1) ?? low;
    } else {
      low = candidates[reached - 1] ?? low;
      high = candidates[reached] ?? high;
      expectedAtHigh = expected[reached] ?? expectedAtHigh;
    }
  }
  return { t: high, expected: expectedAtHigh };
}
