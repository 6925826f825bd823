/** The page's script: reads the two data blocks, draws the figures, brings the controls to life. */
import { CapModel } from './cap-model.ts';
import { startCapPanel } from './cap-panel.ts';
import { drawChart } from './chart.ts';
import type { Chart } from './chart-spec.ts';
import { decodeEntryBlock, inflateBlock, NoInflateError } from './entry-block.ts';
import { type EntryView, startEntryView } from './entry-view.ts';
import { beforeAfterChart, cumulativeChart, histogramChart, keptChart, rankChart } from './figures.ts';
import { elementById, setText } from './page-elements.ts';
import type { ReportPayload } from './payload.ts';
import { startTheme } from './theme.ts';

async function startPage(): Promise<void> {
  startTheme();
  const payload = JSON.parse(elementById('payload', HTMLScriptElement).text) as ReportPayload;
  const model = new CapModel(payload);
  let t = payload.t;
  let frame: number | undefined;
  let view: EntryView | undefined;
  const charts = new Map<HTMLElement, () => Chart>();
  const isLog = elementById('cumulative-log', HTMLInputElement);
  const moving = [
    ['figure-cumulative', () => cumulativeChart(model, payload.t, t, isLog.checked ? 'log' : 'linear')],
    ['figure-rank', () => rankChart(model, t)],
    ['figure-kept', () => keptChart(model, payload.t, t)],
  ] as const;
  for (const [id, chart] of moving) charts.set(elementById(id, HTMLElement), chart);
  for (const figure of payload.histograms)
    charts.set(elementById(figure.id, HTMLElement), () => histogramChart(figure));

  const draw = (place: HTMLElement): void => {
    const chart = charts.get(place);
    if (chart !== undefined) drawChart(place, chart());
  };
  isLog.addEventListener('change', () => {
    draw(elementById('figure-cumulative', HTMLElement));
  });
  startCapPanel(model, payload.t, (chosen) => {
    t = chosen;
    view?.showCap(t);
    // However fast the slider moves, the figures are drawn once a frame.
    frame ??= requestAnimationFrame(() => {
      frame = undefined;
      for (const [id] of moving) draw(elementById(id, HTMLElement));
    });
  });
  // Draws each chart once when it is first seen by the observer, and again whenever its place has another width.
  const widths = new Map<Element, number>();
  const observer = new ResizeObserver((changes) => {
    for (const { target, contentRect } of changes) {
      if (!(target instanceof HTMLElement) || widths.get(target) === contentRect.width) continue;
      widths.set(target, contentRect.width);
      draw(target);
    }
  });
  for (const place of charts.keys()) observer.observe(place);

  try {
    const columns = decodeEntryBlock(await inflateBlock(elementById('entry-block', HTMLScriptElement).text));
    view = startEntryView(columns, payload.t);
    view.showCap(t);
    if (columns.after !== null) {
      const place = elementById('figure-after', HTMLElement);
      charts.set(place, () => beforeAfterChart(columns, payload.t));
      observer.observe(place);
    }
    elementById('entries', HTMLElement).dataset['state'] = 'ready';
  } catch (error) {
    // The rest of the page does not need the table.
    if (!(error instanceof NoInflateError)) throw error;
    elementById('entries', HTMLElement).dataset['state'] = 'unsupported';
    setText('entry-found', 'This browser is too old to unpack the table; everything else on the page works.');
  }
}

await startPage();
