/** From the statistics of a run to what the page needs: runs of equal counts, histograms in few bins, the sweep. Pure. */
import type { Histogram, RunStats } from '../stats/run-stats.ts';
import type { HistogramFigure, PageHistogram, ReportPayload } from './page/payload.ts';

/** Bins of a histogram that are shown at most. */
const MAX_BINS = 48;
/** Share of the observations that may stand together in the last, open bin. */
const TAIL_OF_HISTOGRAM = 0.004;

/**
 * @param stats - of the run
 * @param tableRows - rows of the entry table
 * @returns the JSON block of the page
 */
export function makePayload(stats: RunStats, tableRows: number): ReportPayload {
  return {
    t: stats.t,
    matchedPairs: stats.pairs.matched,
    sweep: sweepOf(stats),
    countRuns: runsOf(stats.perEntry.before),
    histograms: histogramsOf(stats),
    table: { rows: tableRows, hasAfter: stats.perEntry.after !== null },
  };
}

/** The sweep, or the one cap whose expectation every balanced run knows. */
function sweepOf(stats: RunStats): ReportPayload['sweep'] {
  const points = stats.sweep ?? [{ t: stats.t, expectedKept: stats.pairs.expectedKept }];
  return { t: points.map(({ t }) => t), kept: points.map(({ expectedKept }) => roundTo(expectedKept, 3)) };
}

function roundTo(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/**
 * Time O(n log n), memory 8 bytes an entry.
 *
 * @param counts - count of each entry
 * @returns the distinct counts ascending, as differences, and how many entries have each
 */
export function runsOf(counts: Float64Array): ReportPayload['countRuns'] {
  const deltas: number[] = [];
  const sizes: number[] = [];
  let last = 0;
  let size = 0;
  for (const count of counts.slice().sort()) {
    if (size > 0 && count === last) {
      sizes[sizes.length - 1] = ++size;
      continue;
    }
    deltas.push(count - last);
    sizes.push((size = 1));
    last = count;
  }
  return { deltas, sizes };
}

function histogramsOf({ matchesPerText, texts }: RunStats): HistogramFigure[] {
  const figures: HistogramFigure[] = [];
  const add = (
    id: string,
    noun: string,
    axisLabel: string,
    values: { readonly before: Histogram; readonly after: Histogram },
  ): void => {
    // One bar says nothing that a sentence would not.
    if (values.before.bins.length > 1)
      figures.push({ id, noun, axisLabel, histogram: rebin(values.before, values.after) });
  };
  add('figure-matches', 'texts', 'entries in a text', matchesPerText);
  if (texts !== null) {
    add('figure-lengths', 'texts', 'characters in a text', texts.textLengths);
    add('figure-images', 'images', 'texts with a match for one image', texts.textsPerImage);
  }
  return figures;
}

/**
 * Puts two histograms into the same few bins of a round width. The last bin is open where values lie far out.
 *
 * @param before - bins of it may be wider than one value; each is put where it begins
 * @param after - of a part of what is in `before`
 * @returns at most {@link MAX_BINS} bins and the open one
 */
export function rebin(before: Histogram, after: Histogram): PageHistogram {
  const low = before.bins[0]?.from ?? 0;
  let seen = 0;
  // The first value above which so few lie that they stand together.
  const cut = before.bins.find(({ count }) => (seen += count) >= before.count * (1 - TAIL_OF_HISTOGRAM));
  const most = before.bins.at(-1)?.to ?? low + 1;
  const end = Math.min(most, cut?.to ?? most);
  const width = roundWidth((end - low) / MAX_BINS);
  const start = Math.floor(low / width) * width;
  const binCount = Math.ceil((end - start) / width);
  const isOpen = most > start + binCount * width;
  const starts = Array.from({ length: binCount + (isOpen ? 1 : 0) }, (_, bin) => start + bin * width);
  const fill = ({ bins }: Histogram): number[] => {
    const counts = starts.map(() => 0);
    for (const { from, count } of bins) {
      const bin = Math.min(counts.length - 1, Math.max(0, Math.floor((from - start) / width)));
      counts[bin] = (counts[bin] ?? 0) + count;
    }
    return counts;
  };
  return { starts, before: fill(before), after: fill(after), end: isOpen ? null : start + binCount * width };
}

/** The least of 1, 2, 5, 10, 20, ... that is not below `least`. */
function roundWidth(least: number): number {
  let power = 1;
  for (;;) {
    for (const factor of [1, 2, 5]) if (factor * power >= least) return factor * power;
    power *= 10;
  }
}
