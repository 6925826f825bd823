/**
 * The arithmetic behind the slider, over the counts of all entries. Everything that follows from the counts alone (tail
 * share, head entries, capped sum) is exact for any `t`. The expected number of kept pairs depends on which entries stand
 * together in a text: it is exact at the caps for which the run was evaluated, and interpolated between them.
 */
import type { ReportPayload } from './payload.ts';

/** Expected number of kept pairs at a cap. */
export interface KeptEstimate {
  readonly kept: number;
  /** Evaluated over all pairs, and not interpolated. */
  readonly isExact: boolean;
  /** Nearest evaluated caps at and below, at and above. */
  readonly below: number;
  readonly above: number;
}

/** Counts as runs of equal values, and the sweep of caps. */
export class CapModel {
  /** Distinct counts, ascending. */
  readonly values: Float64Array;
  /** Number of entries with a count up to and with `values[i]`. */
  readonly entriesUpTo: Float64Array;
  /** Sum of the counts of those. */
  readonly matchesUpTo: Float64Array;
  readonly totalMatches: number;
  readonly totalEntries: number;
  readonly zeroEntries: number;
  readonly maxCount: number;
  /** Runs that a curve needs: between two of them no axis, linear or logarithmic, moves by more than a thousandth. */
  readonly outline: readonly number[];
  /** Evaluated caps, ascending, and the expected number of kept pairs at each. */
  readonly sweepT: readonly number[];
  readonly sweepKept: readonly number[];
  readonly #slopes: readonly number[];

  /**
   * @param payload - counts and sweep; a cap at the largest count keeps every matched pair, so that point is added
   */
  constructor(payload: Pick<ReportPayload, 'countRuns' | 'sweep' | 'matchedPairs'>) {
    const { deltas, sizes } = payload.countRuns;
    this.values = new Float64Array(deltas.length);
    this.entriesUpTo = new Float64Array(deltas.length);
    this.matchesUpTo = new Float64Array(deltas.length);
    let value = 0;
    let entries = 0;
    let matches = 0;
    deltas.forEach((delta, i) => {
      value += delta;
      entries += sizes[i] ?? 0;
      matches += value * (sizes[i] ?? 0);
      this.values[i] = value;
      this.entriesUpTo[i] = entries;
      this.matchesUpTo[i] = matches;
    });
    this.totalMatches = matches;
    this.totalEntries = entries;
    this.zeroEntries = this.values[0] === 0 ? (this.entriesUpTo[0] ?? 0) : 0;
    this.maxCount = Math.max(1, value);
    this.outline = this.#findOutline();
    const points = payload.sweep.t
      .map((t, i) => [t, payload.sweep.kept[i] ?? 0] as const)
      .filter(([t]) => t < this.maxCount);
    points.push([this.maxCount, payload.matchedPairs]);
    this.sweepT = points.map(([t]) => t);
    this.sweepKept = points.map(([, kept]) => kept);
    this.#slopes = monotoneSlopes(this.sweepT.map(Math.log), this.sweepKept);
  }

  /**
   * @param t - cap
   * @returns share of all matches that fall on entries with a count below `t`; exact, 0 when nothing matched
   */
  tailShare(t: number): number {
    const run = this.#runsBelow(t) - 1;
    return this.totalMatches === 0 ? 0 : (this.matchesUpTo[run] ?? 0) / this.totalMatches;
  }

  /**
   * @param t - cap, at least 1
   * @returns number of entries with a count of at least `t`; exact
   */
  headEntries(t: number): number {
    return this.totalEntries - (this.entriesUpTo[this.#runsBelow(t) - 1] ?? 0);
  }

  /**
   * @param t - cap
   * @returns sum of the counts capped at `t`; exact
   */
  cappedMatches(t: number): number {
    return (this.matchesUpTo[this.#runsBelow(t) - 1] ?? 0) + t * this.headEntries(t);
  }

  /**
   * @param run - index of a distinct count
   * @param t - cap
   * @returns sum of the counts up to and with that one, capped at `t`
   */
  cappedUpTo(run: number, t: number): number {
    const below = this.#runsBelow(t);
    if (run < below) return this.matchesUpTo[run] ?? 0;
    const entries = (this.entriesUpTo[run] ?? 0) - (this.entriesUpTo[below - 1] ?? 0);
    return (this.matchesUpTo[below - 1] ?? 0) + t * entries;
  }

  /**
   * @param t - cap
   * @returns the runs of the outline and the two beside the cap, where capped curves have their corner; ascending
   */
  outlineWith(t: number): number[] {
    const below = this.#runsBelow(t);
    const corners = [below - 1, below].filter((run) => run >= 0 && run < this.values.length);
    return [...new Set([...this.outline, ...corners])].sort((a, b) => a - b);
  }

  /**
   * The points between two evaluated caps lie on a monotone cubic (Fritsch and Carlson 1980) over log t, so the curve passes
   * through every evaluated point, never falls, and never leaves the range between its neighbours.
   *
   * @param t - cap, at least 1
   * @returns expected number of kept pairs, and whether it was evaluated
   */
  keptAt(t: number): KeptEstimate {
    const last = this.sweepT.length - 1;
    const first = this.sweepT[0] ?? 1;
    if (t >= this.maxCount) {
      return { kept: this.sweepKept[last] ?? 0, isExact: true, below: this.maxCount, above: this.maxCount };
    }
    let i = 0;
    while (i < last && (this.sweepT[i + 1] ?? Infinity) <= t) i++;
    const [below, above] = [this.sweepT[i] ?? 1, this.sweepT[i + 1] ?? 1];
    if (t === below) return { kept: this.sweepKept[i] ?? 0, isExact: true, below, above: below };
    // Below the least evaluated cap there is nothing to go by but that nothing is kept at t = 0.
    if (t < first)
      return { kept: ((this.sweepKept[0] ?? 0) * t) / first, isExact: false, below: 0, above: first };
    const width = Math.log(above) - Math.log(below);
    const s = (Math.log(t) - Math.log(below)) / width;
    const [y0, y1] = [this.sweepKept[i] ?? 0, this.sweepKept[i + 1] ?? 0];
    const [m0, m1] = [this.#slopes[i] ?? 0, this.#slopes[i + 1] ?? 0];
    const kept =
      y0 * (1 + 2 * s) * (1 - s) ** 2 +
      m0 * width * s * (1 - s) ** 2 +
      y1 * s * s * (3 - 2 * s) +
      m1 * width * s * s * (s - 1);
    return { kept: Math.min(y1, Math.max(y0, kept)), isExact: false, below, above };
  }

  #findOutline(): number[] {
    const { values, entriesUpTo, matchesUpTo, totalEntries, totalMatches } = this;
    const steps = 1000;
    const logEntries = Math.log(Math.max(2, totalEntries)) / steps;
    const logCount = Math.log(Math.max(2, this.maxCount)) / steps;
    const outline: number[] = [];
    let last = -1;
    for (let run = 0; run < values.length; run++) {
      const [entries = 0, before = 0] = [entriesUpTo[run], entriesUpTo[last]];
      const isNeeded =
        run === 0 ||
        run === values.length - 1 ||
        (entries - before) * steps > totalEntries ||
        ((matchesUpTo[run] ?? 0) - (matchesUpTo[last] ?? 0)) * steps > totalMatches ||
        Math.log(Math.max(1, values[run] ?? 1) / Math.max(1, values[last] ?? 1)) > logCount ||
        // Ranks count from the other end.
        Math.log((totalEntries - before) / Math.max(1, totalEntries - entries)) > logEntries;
      if (!isNeeded) continue;
      outline.push(run);
      last = run;
    }
    return outline;
  }

  // Number of distinct counts that are less than t.
  #runsBelow(t: number): number {
    let low = 0;
    let high = this.values.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.values[middle] ?? Infinity) < t) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * Slopes at the points of a monotone cubic: the harmonic mean of the slopes beside a point, zero where one of them is zero.
 *
 * @param x - ascending
 * @param y - never falling
 * @returns dy/dx at each point
 */
export function monotoneSlopes(x: readonly number[], y: readonly number[]): number[] {
  const steps = x.slice(1).map((next, i) => next - (x[i] ?? 0));
  const secants = steps.map((step, i) => ((y[i + 1] ?? 0) - (y[i] ?? 0)) / step);
  return x.map((_, i) => {
    const [before, after] = [secants[i - 1], secants[i]];
    // At the ends the secant itself; the limit of three times it, which keeps the cubic monotone, is not reached.
    if (before === undefined || after === undefined) return before ?? after ?? 0;
    if (before <= 0 || after <= 0) return 0;
    const [h0, h1] = [steps[i - 1] ?? 1, steps[i] ?? 1];
    const [w0, w1] = [2 * h1 + h0, h1 + 2 * h0];
    return (w0 + w1) / (w0 / before + w1 / after);
  });
}

/**
 * Caps that the slider stops at: every evaluated cap, the run's own, and whole numbers evenly between them on a log scale.
 *
 * @param evaluated - evaluated caps, ascending
 * @param own - cap of the run
 * @param between - stops between two evaluated caps, at most
 * @returns caps, ascending, each once
 */
export function sliderStops(evaluated: readonly number[], own: number, between = 7): number[] {
  const stops = new Set(evaluated);
  evaluated.forEach((low, i) => {
    const high = evaluated[i + 1];
    if (high === undefined) return;
    for (let k = 1; k <= between; k++) {
      const t = Math.round(low * (high / low) ** (k / (between + 1)));
      if (t > low && t < high) stops.add(t);
    }
  });
  stops.add(own);
  return [...stops].sort((a, b) => a - b);
}
