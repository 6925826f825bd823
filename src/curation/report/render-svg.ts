/** Charts to SVG by Vega, without a browser. Loaded only when plots are asked for. */
import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import type { Chart } from './page/chart-spec.ts';
import { plotSpec } from './plot-spec.ts';

/**
 * @param chart - what to draw
 * @param title - heading
 * @param legend - what the colours mean, in words
 * @returns a whole SVG document; the same bytes for the same chart
 */
export async function renderSvg(chart: Chart, title: string, legend: string): Promise<string> {
  const { spec } = compile(plotSpec(chart, title, legend));
  const view = new View(parse(spec), { renderer: 'none' });
  try {
    return `${await view.toSVG()}\n`;
  } finally {
    view.finalize();
  }
}
