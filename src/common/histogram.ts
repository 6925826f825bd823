/**
 * Histograms of whole numbers that add up over pieces of work: bins of one value each below 1,024, above them bins that
 * double in width, so that any number below 2^53 has a bin and there are at most {@link BIN_COUNT} of them.
 */

/** Values below this have a bin of their own. */
export const UNIT_BINS = 1024;
/** Bins in all: 1,024 of one value, then [2^10, 2^11), ..., [2^52, 2^53). */
export const BIN_COUNT = UNIT_BINS + 43;

/** A bin of whole numbers. */
export interface HistogramBin {
  /** First value (inclusive). */
  readonly from: number;
  /** Last value (exclusive). */
  readonly to: number;
  readonly count: number;
}

/** Distribution of a whole number. */
export interface Histogram {
  /** Observations. */
  readonly count: number;
  /** Exact sum of the values. */
  readonly sum: number;
  /** `sum / count`; 0 when there are none. */
  readonly mean: number;
  /** Lower median; of bins wider than 1 the bin's first value. 0 when there are none. */
  readonly median: number;
  /** Ascending; bins without observations are left out. */
  readonly bins: readonly HistogramBin[];
}

/**
 * @param value - whole number in [0, 2^53)
 * @returns number of its bin
 */
export function binOf(value: number): number {
  if (value < UNIT_BINS) return value;
  // Not Math.log2, which rounds up just below large powers of two.
  let bin = UNIT_BINS - 1;
  for (let rest = value; rest >= UNIT_BINS; rest = Math.floor(rest / 2)) bin++;
  return bin;
}

/**
 * @param bin - number of a bin
 * @returns its range, half-open
 */
export function rangeOfBin(bin: number): { readonly from: number; readonly to: number } {
  if (bin < UNIT_BINS) return { from: bin, to: bin + 1 };
  const from = UNIT_BINS * 2 ** (bin - UNIT_BINS);
  return { from, to: from * 2 };
}

/**
 * @param counts - observations by bin; may end early
 * @param sum - exact sum of the values
 * @returns the histogram
 */
export function describeHistogram(counts: ArrayLike<number>, sum: number): Histogram {
  const bins: HistogramBin[] = [];
  let count = 0;
  for (let bin = 0; bin < counts.length; bin++) {
    const inBin = counts[bin] ?? 0;
    if (inBin === 0) continue;
    count += inBin;
    bins.push({ ...rangeOfBin(bin), count: inBin });
  }
  let below = 0;
  const median = bins.find((bin) => (below += bin.count) * 2 >= count)?.from ?? 0;
  return { count, sum, mean: count === 0 ? 0 : sum / count, median, bins };
}

/**
 * Adds arrays of numbers by position; the longer one decides the length.
 *
 * @param total - changed in place
 * @param part - added to it
 */
export function addByPosition(total: number[], part: readonly number[]): void {
  part.forEach((value, i) => {
    total[i] = (total[i] ?? 0) + value;
  });
}
