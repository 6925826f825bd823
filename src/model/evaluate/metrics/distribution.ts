/** What a set of numbers looks like. */

/** Summary of some similarities. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  /** Standard deviation of the sample. */
  readonly deviation: number;
  /** Standard error of the mean. */
  readonly standardError: number;
  /** Values below which 5, 25, 50, 75 and 95% lie. */
  readonly quantiles: {
    readonly p5: number;
    readonly p25: number;
    readonly p50: number;
    readonly p75: number;
    readonly p95: number;
  };
  /** Counts of equal steps from `start`. */
  readonly histogram: { readonly start: number; readonly step: number; readonly counts: readonly number[] };
}

/** Steps of cosines from -1 to 1. */
const STEP = 0.02;
const STEPS = Math.round(2 / STEP);

/**
 * @param values - cosines, at least one; not changed
 * @returns their summary; a quantile is the value at its place in order, between two it is interpolated
 */
export function distributionOf(values: Float32Array): Distribution {
  const sorted = Float32Array.from(values).sort();
  const count = sorted.length;
  let sum = 0;
  for (const value of sorted) sum += value;
  const mean = sum / count;
  let squares = 0;
  for (const value of sorted) squares += (value - mean) ** 2;
  const deviation = count > 1 ? Math.sqrt(squares / (count - 1)) : 0;
  const at = (share: number): number => {
    const place = share * (count - 1);
    const low = sorted[Math.floor(place)] ?? 0;
    return low + ((sorted[Math.ceil(place)] ?? low) - low) * (place - Math.floor(place));
  };
  const counts = new Array<number>(STEPS).fill(0);
  for (const value of sorted) {
    const step = Math.max(0, Math.min(STEPS - 1, Math.floor((value + 1) / STEP)));
    counts[step] = (counts[step] ?? 0) + 1;
  }
  return {
    count,
    mean,
    deviation,
    standardError: deviation / Math.sqrt(count),
    quantiles: { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) },
    histogram: { start: -1, step: STEP, counts },
  };
}

/**
 * @param counts - of classes
 * @returns how many classes of equal size would be as varied: e to the entropy, from 1 to the number of classes; 0 without counts
 */
export function effectiveClasses(counts: ArrayLike<number>): number {
  let total = 0;
  for (let at = 0; at < counts.length; at++) total += counts[at] ?? 0;
  if (total === 0) return 0;
  let entropy = 0;
  for (let at = 0; at < counts.length; at++) {
    const share = (counts[at] ?? 0) / total;
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}
