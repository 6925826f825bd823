/**
 * Charts as SVG elements. A chart is data (axes and layers) that is drawn anew in the width of its place; colours come from
 * the page's style by class, so that they follow the theme and the printer.
 */
import type { Chart, Layer } from './chart-spec.ts';
import { makeScale, type Scale } from './scale.ts';

const MARGIN = { top: 14, right: 16, bottom: 44, left: 54 } as const;
const SVG = 'http://www.w3.org/2000/svg';

/**
 * @param tag - name of an SVG element
 * @param attributes - its attributes
 * @param text - its text
 * @returns the element
 */
export function svgElement(
  tag: string,
  attributes: Readonly<Record<string, string | number>>,
  text?: string,
): SVGElement {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/**
 * Draws a chart into a place, instead of what was there.
 *
 * @param place - element that holds nothing else
 * @param chart - what to draw
 */
export function drawChart(place: HTMLElement, chart: Chart): void {
  const width = Math.max(280, Math.round(place.clientWidth || 640));
  const height = Math.round(Math.min(340, Math.max(230, width * 0.56)));
  const inner = { right: width - MARGIN.right, bottom: height - MARGIN.bottom };
  const x = makeScale(chart.x.kind, chart.x.domain, [MARGIN.left, inner.right], width < 480 ? 5 : 7);
  const y = makeScale(chart.y.kind, chart.y.domain, [inner.bottom, MARGIN.top], 5);
  const svg = svgElement('svg', {
    viewBox: `0 0 ${width} ${height}`,
    role: 'img',
    'aria-label': chart.description,
    class: 'chart',
  });
  svg.append(axes(chart, x, y, width, height));
  for (const layer of chart.layers) svg.append(drawLayer(layer, x, y, width, height));
  if (chart.readout !== undefined) addCrosshair(svg, place, chart.readout, x, width, height);
  place.replaceChildren(svg);
}

function axes(chart: Chart, x: Scale, y: Scale, width: number, height: number): SVGElement {
  const group = svgElement('g', { class: 'axes' });
  const bottom = height - MARGIN.bottom;
  const right = width - MARGIN.right;
  for (const tick of y.ticks) {
    const at = y.position(tick).toFixed(1);
    group.append(
      svgElement('line', { class: 'grid', x1: MARGIN.left, x2: right, y1: at, y2: at }),
      svgElement(
        'text',
        { x: MARGIN.left - 8, y: at, dy: '0.32em', 'text-anchor': 'end' },
        chart.y.format(tick),
      ),
    );
  }
  let edge = -Infinity;
  for (const tick of x.ticks) {
    const at = x.position(tick);
    const text = chart.x.format(tick);
    const half = text.length * 3.6;
    group.append(
      svgElement('line', { class: 'tick', x1: at.toFixed(1), x2: at.toFixed(1), y1: bottom, y2: bottom + 5 }),
    );
    if (at - half < edge + 8 || at + half > width) continue;
    edge = at + half;
    group.append(svgElement('text', { x: at.toFixed(1), y: bottom + 19, 'text-anchor': 'middle' }, text));
  }
  group.append(
    svgElement('line', { class: 'base', x1: MARGIN.left, x2: right, y1: bottom, y2: bottom }),
    svgElement(
      'text',
      { class: 'axis-label', x: (MARGIN.left + right) / 2, y: height - 6, 'text-anchor': 'middle' },
      chart.x.label,
    ),
    svgElement(
      'text',
      {
        class: 'axis-label',
        transform: `translate(12 ${(MARGIN.top + bottom) / 2}) rotate(-90)`,
        'text-anchor': 'middle',
      },
      chart.y.label,
    ),
  );
  return group;
}

function drawLayer(layer: Layer, x: Scale, y: Scale, width: number, height: number): SVGElement {
  const bottom = height - MARGIN.bottom;
  switch (layer.shape) {
    case 'line':
      return svgElement('path', { class: `line ${layer.name}`, d: pathOf(layer.points, x, y) });
    case 'area': {
      const [first, last] = [layer.points[0], layer.points.at(-1)];
      if (first === undefined || last === undefined) return svgElement('g', {});
      const d = `${pathOf(layer.points, x, y)}V${bottom}H${x.position(first[0]).toFixed(1)}Z`;
      return svgElement('path', { class: `area ${layer.name}`, d });
    }
    case 'dots': {
      const group = svgElement('g', { class: `dots ${layer.name}` });
      for (const [a, b] of layer.points)
        group.append(
          svgElement('circle', {
            cx: x.position(a).toFixed(1),
            cy: y.position(b).toFixed(1),
            r: layer.radius,
          }),
        );
      return group;
    }
    case 'bars': {
      const group = svgElement('g', { class: `bars ${layer.name}` });
      for (const [start, end, value] of layer.bars) {
        const [left, right, top] = [x.position(start), x.position(end), y.position(value)];
        const gap = right - left > 4 ? 0.75 : 0;
        if (value > 0)
          group.append(
            svgElement('rect', {
              x: (left + gap).toFixed(1),
              width: Math.max(0.5, right - left - 2 * gap).toFixed(1),
              y: top.toFixed(1),
              height: Math.max(0.5, bottom - top).toFixed(1),
            }),
          );
      }
      return group;
    }
    case 'cells': {
      const group = svgElement('g', { class: `cells ${layer.name}` });
      for (const [x0, x1, y0, y1, strength] of layer.cells) {
        const [left, top] = [x.position(x0), y.position(y1)];
        group.append(
          svgElement('rect', {
            x: left.toFixed(1),
            y: top.toFixed(1),
            width: Math.max(1.5, x.position(x1) - left).toFixed(1),
            height: Math.max(1.5, y.position(y0) - top).toFixed(1),
            'fill-opacity': strength.toFixed(2),
          }),
        );
      }
      return group;
    }
    case 'rule':
      return drawRule(layer, x, y, width, height);
  }
}

function drawRule(
  { name, along, at, text }: Extract<Layer, { shape: 'rule' }>,
  x: Scale,
  y: Scale,
  width: number,
  height: number,
): SVGElement {
  const group = svgElement('g', { class: `rule ${name}` });
  const [bottom, right] = [height - MARGIN.bottom, width - MARGIN.right];
  if (along === 'y') {
    const level = y.position(at);
    group.append(
      svgElement('line', { x1: MARGIN.left, x2: right, y1: level.toFixed(1), y2: level.toFixed(1) }),
      svgElement('text', { x: right - 4, y: (level - 5).toFixed(1), 'text-anchor': 'end' }, text),
    );
    return group;
  }
  const where = x.position(at);
  // The text stands on the side that has room.
  const isLate = where > (MARGIN.left + right) / 2;
  group.append(
    svgElement('line', { x1: where.toFixed(1), x2: where.toFixed(1), y1: MARGIN.top, y2: bottom }),
    svgElement(
      'text',
      {
        x: (where + (isLate ? -6 : 6)).toFixed(1),
        y: MARGIN.top + 10,
        'text-anchor': isLate ? 'end' : 'start',
      },
      text,
    ),
  );
  return group;
}

/** Points nearer than half a pixel to the last one drawn are left out: a list has up to 500,000. */
function pathOf(points: readonly (readonly [number, number])[], x: Scale, y: Scale): string {
  let path = '';
  let [lastX, lastY] = [-Infinity, -Infinity];
  points.forEach(([a, b], i) => {
    const [px, py] = [x.position(a), y.position(b)];
    if (i > 0 && i < points.length - 1 && Math.abs(px - lastX) < 0.5 && Math.abs(py - lastY) < 0.5) return;
    path += `${path === '' ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`;
    [lastX, lastY] = [px, py];
  });
  return path;
}

/** A line that follows the pointer, or the arrow keys while the chart has the focus, and says what stands there. */
function addCrosshair(
  svg: SVGElement,
  place: HTMLElement,
  readout: (x: number) => string,
  x: Scale,
  width: number,
  height: number,
): void {
  const line = svgElement('line', {
    class: 'crosshair',
    y1: MARGIN.top,
    y2: height - MARGIN.bottom,
    visibility: 'hidden',
  });
  svg.append(line);
  const output = place.parentElement?.querySelector('.readout') ?? null;
  let at = (MARGIN.left + width - MARGIN.right) / 2;
  const show = (pixel: number): void => {
    at = Math.min(width - MARGIN.right, Math.max(MARGIN.left, pixel));
    line.setAttribute('x1', at.toFixed(1));
    line.setAttribute('x2', at.toFixed(1));
    line.setAttribute('visibility', 'visible');
    if (output !== null) output.textContent = readout(x.invert(at));
  };
  const hide = (): void => {
    line.setAttribute('visibility', 'hidden');
    if (output !== null) output.textContent = '';
  };
  svg.setAttribute('tabindex', '0');
  svg.addEventListener('pointermove', (event) => {
    const box = svg.getBoundingClientRect();
    show(((event.clientX - box.left) / box.width) * width);
  });
  svg.addEventListener('pointerleave', hide);
  svg.addEventListener('blur', hide);
  svg.addEventListener('keydown', (event) => {
    const step = { ArrowLeft: -8, ArrowRight: 8, PageUp: -60, PageDown: 60, Home: -width, End: width }[
      event.key
    ];
    if (step === undefined) return;
    event.preventDefault();
    // The first arrow shows the line where it was last.
    const isHidden = line.getAttribute('visibility') === 'hidden';
    show(isHidden && Math.abs(step) < width ? at : at + step);
  });
}
