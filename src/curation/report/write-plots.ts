/**
 * The figures of the report as SVG and PNG files, by Vega-Lite.
 *
 * SVG: text stays text, in the viewer's sans-serif font; widths are estimated by Vega without any font, so the bytes are the
 * same on every machine. PNG: drawn from that SVG by sharp with the fonts of this machine, so the bytes are the same for the
 * same machine.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { writeFileAtomic } from '../../common/files.ts';
import type { RunStats } from '../stats/run-stats.ts';
import { CapModel } from './page/cap-model.ts';
import type { Chart } from './page/chart-spec.ts';
import { beforeAfterChart, cumulativeChart, histogramChart, keptChart, rankChart } from './page/figures.ts';
import { makePayload } from './report-data.ts';

/** Pixels of the PNG for one of the SVG. */
const PNG_SCALE = 2;

/**
 * @param folder - for the files; made if needed
 * @param stats - of the run
 * @param signal - ends the work between two plots
 * @returns paths of the files: for each figure an `.svg` and a `.png`
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INTERRUPTED`
 */
export async function writePlots(folder: string, stats: RunStats, signal?: AbortSignal): Promise<string[]> {
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw describeSystemError(error, folder, 'make');
  });
  const { renderSvg } = await import('./render-svg.ts');
  const { default: sharp } = await import('sharp');
  const paths: string[] = [];
  for (const { name, title, legend, chart } of plotsOf(stats)) {
    if (signal?.aborted === true)
      throw new MetaclipError('E_INTERRUPTED', 'interrupted while drawing the plots', {
        hint: 'run the same command again',
      });
    const svg = await renderSvg(chart, title, legend);
    const png = await sharp(Buffer.from(svg), { density: 72 * PNG_SCALE })
      .png({ compressionLevel: 9 })
      .toBuffer();
    for (const [extension, content] of [
      ['.svg', svg],
      ['.png', png],
    ] as const) {
      const path = join(folder, name + extension);
      await writeFileAtomic(path, content);
      paths.push(path);
    }
  }
  return paths;
}

interface Plot {
  /** File name without extension. */
  readonly name: string;
  readonly title: string;
  readonly legend: string;
  readonly chart: Chart;
}

const HISTOGRAM_PLOTS: Readonly<Record<string, readonly [name: string, title: string]>> = {
  'figure-matches': ['matches-per-text', 'Matches in a text'],
  'figure-lengths': ['text-lengths', 'Length of the texts'],
  'figure-images': ['texts-per-image', 'Texts with a match of an image'],
};

function plotsOf(stats: RunStats): Plot[] {
  const payload = makePayload(stats, 0);
  const model = new CapModel(payload);
  const { t } = stats;
  const { entries, before, after } = stats.perEntry;
  const columns = { ids: new Float64Array(0), counts: before, after, names: entries };
  const plots: Plot[] = [
    {
      name: 'cumulative-counts',
      title: 'Cumulative counts of the entries',
      legend: 'grey: as counted; green: counts capped at t',
      chart: cumulativeChart(model, t, t),
    },
    {
      name: 'rank-frequency',
      title: 'Rank and frequency of the entries',
      legend: 'grey: as counted; green: what the cap leaves',
      chart: rankChart(model, t),
    },
    {
      name: 'pairs-kept',
      title: 'Pairs kept by cap',
      legend: 'points: exact expectation over all pairs; dotted: interpolated',
      chart: keptChart(model, t, t),
    },
  ];
  if (after !== null)
    plots.push({
      name: 'before-after',
      title: 'Entries before and after balancing',
      legend: 'darker: more entries; on the diagonal nothing was lost',
      chart: beforeAfterChart(columns, t),
    });
  for (const figure of payload.histograms) {
    const [name = figure.id, title = figure.axisLabel] = HISTOGRAM_PLOTS[figure.id] ?? [];
    const open = figure.histogram.end === null ? '; the last bar: all above it' : '';
    plots.push({
      name,
      title,
      legend: `grey: with a match; green: kept${open}`,
      chart: histogramChart(figure),
    });
  }
  return plots;
}
