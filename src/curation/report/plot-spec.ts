/** A chart of the page as a Vega-Lite specification, for files. Colours are those of the page's light palette. */
import type { TopLevelSpec } from 'vega-lite';
import type { Axis, Chart, Layer } from './page/chart-spec.ts';
import { makeScale } from './page/scale.ts';

/** Size of the plot area in pixels. */
const WIDTH = 560;
const HEIGHT = 330;

const COLOURS = { before: '#8a92a0', chosen: '#0a6c6c', own: '#b3501a', guide: '#8a92a0' } as const;
const INK = '#3c434d';
/** Named generically: a file that names a font looks otherwise where that font is missing. */
const FONT = 'sans-serif';

type Point = readonly [number, number];

/**
 * @param chart - of the page
 * @param title - heading
 * @param legend - what the colours mean, in words
 * @returns the specification; it holds its data
 */
export function plotSpec(chart: Chart, title: string, legend: string): TopLevelSpec {
  const layer = chart.layers.flatMap((one) => layersOf(one, chart));
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    description: chart.description,
    title: {
      text: title,
      subtitle: legend,
      subtitleFont: FONT,
      subtitleFontSize: 12,
      subtitleColor: INK,
      subtitlePadding: 6,
      anchor: 'start',
      font: FONT,
      fontSize: 15,
      color: INK,
      offset: 12,
    },
    width: WIDTH,
    height: HEIGHT,
    padding: 16,
    background: '#ffffff',
    layer,
    config: {
      font: FONT,
      view: { stroke: null },
      axis: {
        labelColor: INK,
        titleColor: INK,
        labelFontSize: 11,
        titleFontSize: 12,
        titleFontWeight: 'normal',
        titlePadding: 10,
      },
      axisX: { grid: false, domainColor: COLOURS.before, tickColor: COLOURS.before },
      axisY: { gridColor: '#ebe9e3', domain: false, ticks: false },
    },
  };
}

type LayerSpec = Extract<TopLevelSpec, { layer: unknown }>['layer'][number];

function layersOf(layer: Layer, chart: Chart): LayerSpec[] {
  const x = (field: string): object => encodingOf(field, chart.x);
  const y = (field: string): object => encodingOf(field, chart.y);
  const colour = colourOf(layer.name);
  switch (layer.shape) {
    case 'line':
      return [
        {
          data: { values: thin(layer.points, chart) },
          mark: { type: 'line', color: colour, strokeWidth: 2, strokeDash: dashOf(layer.name), clip: false },
          encoding: { x: x('a'), y: y('b'), order: { field: 'i', type: 'quantitative' } },
        },
      ];
    case 'area':
      return [
        {
          data: { values: thin(layer.points, chart) },
          mark: { type: 'area', color: colour, opacity: 0.14, line: false },
          encoding: { x: x('a'), y: y('b'), y2: { datum: chart.y.domain[0] } },
        },
      ];
    case 'dots':
      return [
        {
          data: { values: layer.points.map(([a, b]) => ({ a: within(a, chart.x), b: within(b, chart.y) })) },
          mark: { type: 'point', color: colour, filled: true, opacity: 1, size: layer.radius ** 2 * 6 },
          encoding: { x: x('a'), y: y('b') },
        },
      ];
    case 'bars':
      return [
        {
          data: { values: layer.bars.map(([start, end, height]) => ({ start, end, height })) },
          mark: {
            type: 'rect',
            color: colour,
            opacity: layer.name === 'before' ? 0.45 : 0.85,
            stroke: '#ffffff',
            strokeWidth: 1,
          },
          encoding: { x: x('start'), x2: { field: 'end' }, y: y('height'), y2: { datum: 0 } },
        },
      ];
    case 'cells':
      return [
        {
          data: { values: layer.cells.map(([x0, x1, y0, y1, strength]) => ({ x0, x1, y0, y1, strength })) },
          mark: { type: 'rect', color: colour },
          encoding: {
            x: x('x0'),
            x2: { field: 'x1' },
            y: y('y0'),
            y2: { field: 'y1' },
            opacity: { field: 'strength', type: 'quantitative', scale: null, legend: null },
          },
        },
      ];
    case 'rule': {
      const isUpright = layer.along === 'x';
      const value = within(layer.at, isUpright ? chart.x : chart.y);
      // The text stands where there is room.
      const isLate = isUpright && makeScale(chart.x.kind, chart.x.domain, [0, 1], 5).position(value) > 0.5;
      const where = isUpright ? { x: x('at') } : { y: y('at') };
      const data = { values: [{ at: value, text: layer.text }] };
      const text = isUpright ? { y: { value: 6 } } : { x: { value: WIDTH - 4 } };
      return [
        { data, mark: { type: 'rule', color: colour, strokeDash: [4, 3] }, encoding: where },
        {
          data,
          mark: {
            type: 'text',
            color: colour,
            fontWeight: 'bold',
            fontSize: 12,
            align: isUpright && !isLate ? 'left' : 'right',
            dx: isUpright ? (isLate ? -6 : 6) : 0,
            dy: isUpright ? 0 : -8,
          },
          encoding: { ...where, ...text, text: { field: 'text', type: 'nominal' } },
        },
      ];
    }
  }
}

function encodingOf(field: string, axis: Axis): object {
  const { kind, domain } = axis;
  // A logarithmic scale has no zero to speak of.
  const scale =
    kind === 'log' ? { type: kind, domain, nice: false } : { type: kind, domain, nice: false, zero: false };
  const ticks = makeScale(kind, domain, [0, 1], 6).ticks;
  const labels = Object.fromEntries(ticks.map((tick) => [tick, axis.format(tick)]));
  const labelExpr = `(${JSON.stringify(labels)})[datum.value]`;
  return { field, type: 'quantitative', title: axis.label, scale, axis: { values: ticks, labelExpr } };
}

function colourOf(name: string): string {
  return Object.entries(COLOURS).find(([known]) => name.split(' ').includes(known))?.[1] ?? INK;
}

function dashOf(name: string): number[] {
  if (name.includes('dotted')) return [1, 3];
  return name === 'own' || name === 'guide' ? [5, 4] : [];
}

/** Logarithmic axes have no zero. */
function within(value: number, axis: Axis): number {
  return Math.min(axis.domain[1], Math.max(axis.domain[0], value));
}

/** Leaves out points nearer than half a pixel to the last one: lists have up to 500,000 entries. */
function thin(points: readonly Point[], { x, y }: Chart): { a: number; b: number; i: number }[] {
  const across = makeScale(x.kind, x.domain, [0, WIDTH], 5);
  const up = makeScale(y.kind, y.domain, [0, HEIGHT], 5);
  const kept: { a: number; b: number; i: number }[] = [];
  let [lastX, lastY] = [-Infinity, -Infinity];
  points.forEach(([a, b], i) => {
    const [px, py] = [across.position(a), up.position(b)];
    const isEnd = i === 0 || i === points.length - 1;
    if (!isEnd && Math.abs(px - lastX) < 0.5 && Math.abs(py - lastY) < 0.5) return;
    kept.push({ a: within(a, x), b: within(b, y), i: kept.length });
    [lastX, lastY] = [px, py];
  });
  return kept;
}
