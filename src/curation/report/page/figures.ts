/** The figures of the page: from counts to charts. Those that depend on the cap are made anew for each. */
import type { CapModel } from './cap-model.ts';
import type { Chart, Layer } from './chart-spec.ts';
import type { EntryColumns } from './entry-block.ts';
import { percent, short, tenths, whole } from './format.ts';
import type { HistogramFigure } from './payload.ts';
import type { ScaleKind } from './scale.ts';

/**
 * The cumulative count curve, entries from the rarest to the most frequent, before and after the cap; the figure in which
 * arXiv 2309.16671 shows what the cap does.
 *
 * @param model - counts
 * @param own - cap of the run
 * @param t - cap chosen
 * @param kind - of the axis of counts
 * @returns the chart
 */
export function cumulativeChart(model: CapModel, own: number, t: number, kind: ScaleKind = 'linear'): Chart {
  const hit = Math.max(1, model.totalEntries - model.zeroEntries);
  const chosen = cumulativePoints(model, t);
  const rule = (cap: number, name: string, text: string): Layer => ({
    shape: 'rule',
    name,
    along: 'x',
    at: hit - model.headEntries(cap),
    text,
  });
  return {
    x: {
      kind: 'linear',
      domain: [0, hit],
      label: 'entries that are hit, from rarest to most frequent',
      format: short,
    },
    y: {
      kind,
      domain: [kind === 'log' ? 1 : 0, Math.max(2, model.totalMatches)],
      label: 'cumulative count',
      format: short,
    },
    layers: [
      { shape: 'area', name: 'chosen', points: chosen },
      { shape: 'line', name: 'before', points: cumulativePoints(model, Infinity) },
      ...(own === t ? [] : [{ shape: 'line' as const, name: 'own', points: cumulativePoints(model, own) }]),
      { shape: 'line', name: 'chosen', points: chosen },
      rule(t, 'chosen', `t = ${tenths(t)}`),
    ],
    description: `Cumulative entry count from the rarest to the most frequent entry: ${whole(model.totalMatches)} before the cap, ${whole(model.cappedMatches(t))} with counts capped at ${tenths(t)}.`,
    readout: (x) => {
      const rank = Math.min(hit, Math.max(1, Math.round(x)));
      const count = countOfRank(model, model.zeroEntries + rank);
      const share =
        model.totalMatches === 0 ? 0 : cumulativeAt(model, model.zeroEntries + rank) / model.totalMatches;
      return `The ${whole(rank)} rarest entries, up to a count of ${whole(count)}, hold ${percent(share)} of all matches.`;
    },
  };
}

/** Corners of the curve, exact; of the up to 50,000 distinct counts of a large run those that can be told apart. */
function cumulativePoints(model: CapModel, t: number): [number, number][] {
  const points: [number, number][] = [[0, 0]];
  for (const run of model.outlineWith(t)) {
    if (model.values[run] === 0) continue;
    points.push([(model.entriesUpTo[run] ?? 0) - model.zeroEntries, model.cappedUpTo(run, t)]);
  }
  return points;
}

/** Index of the run that holds the entry of an ascending rank (from 1). */
function runOfRank(model: CapModel, rank: number): number {
  let low = 0;
  let high = model.values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((model.entriesUpTo[middle] ?? 0) < rank) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countOfRank(model: CapModel, rank: number): number {
  return model.values[runOfRank(model, rank)] ?? 0;
}

function cumulativeAt(model: CapModel, rank: number): number {
  const run = runOfRank(model, rank);
  const missing = (model.entriesUpTo[run] ?? 0) - rank;
  return (model.matchesUpTo[run] ?? 0) - missing * (model.values[run] ?? 0);
}

/**
 * @param model - counts
 * @param t - cap chosen
 * @returns counts by rank, the most frequent first, on logarithmic axes
 */
export function rankChart(model: CapModel, t: number): Chart {
  const hit = Math.max(1, model.totalEntries - model.zeroEntries);
  const points: [number, number][] = [];
  for (const run of model.outlineWith(t).reverse()) {
    const value = model.values[run] ?? 0;
    if (value === 0) continue;
    const first = model.totalEntries - (model.entriesUpTo[run] ?? 0) + 1;
    const last = model.totalEntries - (model.entriesUpTo[run - 1] ?? 0);
    points.push([first, value]);
    if (last > first) points.push([last, value]);
  }
  const capped = points.map(([rank, count]) => [rank, Math.min(count, t)] as const);
  return {
    x: { kind: 'log', domain: [1, Math.max(2, hit)], label: 'rank, most frequent first', format: short },
    y: { kind: 'log', domain: [1, Math.max(2, model.maxCount)], label: 'count', format: short },
    layers: [
      { shape: 'area', name: 'chosen', points: capped },
      { shape: 'line', name: 'before', points },
      { shape: 'rule', name: 'chosen', along: 'y', at: t, text: `t = ${tenths(t)}` },
    ],
    description: `Entry count by rank on logarithmic axes, from ${whole(model.maxCount)} for the most frequent entry down to ${whole(points.at(-1)?.[1] ?? 0)}; ${whole(model.headEntries(t))} entries reach ${tenths(t)}.`,
    readout: (x) => {
      const rank = Math.min(hit, Math.max(1, Math.round(x)));
      return `The entry of rank ${whole(rank)} has a count of ${whole(countOfRank(model, model.totalEntries - rank + 1))}.`;
    },
  };
}

/**
 * @param model - sweep
 * @param own - cap of the run
 * @param t - cap chosen
 * @returns expected number of kept pairs by cap: evaluated points, and the interpolation between them
 */
export function keptChart(model: CapModel, own: number, t: number): Chart {
  const first = model.sweepT[0] ?? 1;
  const last = Math.max(first * 1.01, model.sweepT.at(-1) ?? 1, own);
  const curve = Array.from({ length: 241 }, (_, i) => {
    const cap = first * (last / first) ** (i / 240);
    return [cap, model.keptAt(cap).kept] as const;
  });
  const points = model.sweepT.map((cap, i) => [cap, model.sweepKept[i] ?? 0] as const);
  const chosen = model.keptAt(t);
  return {
    x: { kind: 'log', domain: [first, last], label: 'cap t', format: short },
    y: {
      kind: 'linear',
      domain: [0, Math.max(1, model.sweepKept.at(-1) ?? 0)],
      label: 'pairs kept (expected)',
      format: short,
    },
    layers: [
      { shape: 'area', name: 'chosen', points: [...curve.filter(([cap]) => cap < t), [t, chosen.kept]] },
      { shape: 'line', name: 'before dotted', points: curve },
      { shape: 'dots', name: 'before', points, radius: 2.6 },
      { shape: 'rule', name: 'chosen', along: 'x', at: t, text: `t = ${tenths(t)}` },
      { shape: 'dots', name: 'chosen', points: [[t, chosen.kept]], radius: 5 },
      ...(own === t
        ? []
        : [
            {
              shape: 'dots' as const,
              name: 'own',
              points: [[own, model.keptAt(own).kept] as const],
              radius: 4,
            },
          ]),
    ],
    description: `Expected number of kept pairs by cap: ${whole(model.sweepKept[0] ?? 0)} at t = ${tenths(first)}, ${whole(chosen.kept)} at t = ${tenths(t)}, ${whole(model.sweepKept.at(-1) ?? 0)} with no cap.`,
    readout: (x) => {
      const cap = x >= 10 ? Math.round(x) : x;
      const { kept, isExact } = model.keptAt(cap);
      return `t = ${short(cap)}: ${isExact ? '' : 'about '}${whole(kept)} pairs, tail share ${percent(model.tailShare(cap))}.`;
    },
  };
}

const CELLS_PER_DECADE = 8;

/**
 * @param columns - of the table, with `after`
 * @param own - cap of the run
 * @returns count of each entry before and after balancing, as a density on logarithmic axes
 */
export function beforeAfterChart(columns: EntryColumns, own: number): Chart {
  const tally = new Map<number, number>();
  let maxCount = 2;
  let most = 1;
  const binOf = (value: number): number =>
    Math.floor(Math.log10(Math.max(1, value)) * CELLS_PER_DECADE + 1e-9);
  columns.counts.forEach((count, row) => {
    const after = columns.after?.[row] ?? 0;
    if (count === 0) return;
    maxCount = Math.max(maxCount, count);
    const cell = binOf(count) * 4096 + binOf(after);
    const size = (tally.get(cell) ?? 0) + 1;
    tally.set(cell, size);
    most = Math.max(most, size);
  });
  const edge = (bin: number): number => 10 ** (bin / CELLS_PER_DECADE);
  const high = edge(binOf(maxCount) + 1);
  const cells = [...tally].map(([cell, size]) => {
    const [before, after] = [Math.floor(cell / 4096), cell % 4096];
    return [
      edge(before),
      edge(before + 1),
      edge(after),
      edge(after + 1),
      0.25 + (0.75 * Math.log(size + 1)) / Math.log(most + 1),
    ] as const;
  });
  return {
    x: { kind: 'log', domain: [1, high], label: 'count before balancing', format: short },
    y: { kind: 'log', domain: [1, high], label: 'count after', format: short },
    layers: [
      {
        shape: 'line',
        name: 'guide',
        points: [
          [1, 1],
          [high, high],
        ],
      },
      { shape: 'cells', name: 'chosen', cells },
      { shape: 'rule', name: 'own', along: 'x', at: own, text: `t = ${tenths(own)}` },
    ],
    description: `Count of each entry before and after balancing, at t = ${tenths(own)}: entries below t lie on the diagonal and are kept whole.`,
  };
}

/**
 * @param figure - histogram over the texts with a match, and over the kept ones
 * @returns bars, and those of the kept texts in front
 */
export function histogramChart(figure: HistogramFigure): Chart {
  const { histogram, axisLabel, noun } = figure;
  const { starts, before, after } = histogram;
  const last = starts.at(-1) ?? 0;
  const lastWidth = Math.max(1, last - (starts.at(-2) ?? last - 1));
  const end = histogram.end ?? last + lastWidth;
  // A bar of one value stands over its value.
  const shift = starts[1] === undefined || starts[1] - (starts[0] ?? 0) === 1 ? 0.5 : 0;
  const bars = (counts: readonly number[]): [number, number, number][] =>
    counts.map((count, bin) => [(starts[bin] ?? 0) - shift, (starts[bin + 1] ?? end) - shift, count]);
  const total = before.reduce((sum, count) => sum + count, 0);
  return {
    x: { kind: 'linear', domain: [(starts[0] ?? 0) - shift, end - shift], label: axisLabel, format: short },
    y: { kind: 'linear', domain: [0, Math.max(1, ...before)], label: noun, format: short },
    layers: [
      { shape: 'bars', name: 'before', bars: bars(before) },
      { shape: 'bars', name: 'chosen', bars: bars(after) },
    ],
    description: `Histogram of the number of ${axisLabel}, over ${whole(total)} ${noun}.`,
    readout: (x) => {
      const bin = Math.max(
        0,
        starts.findLastIndex((start) => start - shift <= x),
      );
      const [start = 0, next] = [starts[bin], starts[bin + 1] ?? histogram.end];
      const range =
        next === null
          ? `${whole(start)} or more`
          : next === start + 1
            ? whole(start)
            : `${whole(start)} to ${whole(next - 1)}`;
      return `${range} ${axisLabel}: ${whole(before[bin] ?? 0)} ${noun}, ${whole(after[bin] ?? 0)} of them kept.`;
    },
  };
}
