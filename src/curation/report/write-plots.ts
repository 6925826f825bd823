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
  for (const [name, title, chart] of chartsOf(stats)) {
    if (signal?.aborted === true)
      throw new MetaclipError('E_INTERRUPTED', 'interrupted while drawing the plots', {
        hint: 'run the same command again',
      });
    const svg = await renderSvg(chart, title);
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

/** File name, heading and content of each plot. */
function chartsOf(stats: RunStats): [name: string, title: string, chart: Chart][] {
  const payload = makePayload(stats, 0);
  const model = new CapModel(payload);
  const { entries, before, after } = stats.perEntry;
  const names: Readonly<Record<string, readonly [string, string]>> = {
    'figure-matches': ['matches-per-text', 'Matches in a text, before and after balancing'],
    'figure-lengths': ['text-lengths', 'Length of the texts, before and after balancing'],
    'figure-images': ['texts-per-image', 'Texts of an image, before and after balancing'],
  };
  return [
    [
      'cumulative-counts',
      'Cumulative counts, before and after the cap',
      cumulativeChart(model, stats.t, stats.t),
    ],
    ['rank-frequency', 'Rank and frequency of the entries', rankChart(model, stats.t)],
    ['pairs-kept', 'Expected number of pairs kept, by cap', keptChart(model, stats.t, stats.t)],
    ...(after === null
      ? []
      : [
          [
            'before-after',
            'Count of each entry before and after balancing',
            beforeAfterChart({ ids: new Float64Array(0), counts: before, after, names: entries }, stats.t),
          ] satisfies [string, string, Chart],
        ]),
    ...payload.histograms.map((figure): [string, string, Chart] => {
      const [name = figure.id, title = figure.axisLabel] = names[figure.id] ?? [];
      return [name, title, histogramChart(figure)];
    }),
  ];
}
