/** The page of an evaluation of pairs. */
import type { PairsDifference, PairsInputResult, PairsResult } from '../pairs/results.ts';
import {
  barHtml,
  type Cell,
  decimal,
  escapeHtml,
  pageHtml,
  percent,
  tableHtml,
  tilesHtml,
  whole,
} from './html.ts';

const CLASSES_SHOWN = 20;
const PLOT = { width: 720, height: 260, left: 8, right: 8, top: 12, bottom: 34 };

/**
 * @param result - figures
 * @returns a self-contained page
 */
export function pairsPage(result: PairsResult): string {
  const { inputs } = result;
  const title = `Do texts fit their images? ${inputs.map(({ name }) => name).join(' and ')}`;
  const last = inputs.at(-1);
  const tiles = inputs.map((input) => ({
    label: `${input.name}: mean similarity`,
    value: decimal(input.similarity.mean),
    note: `± ${decimal(input.similarity.standardError)}, ${whole(input.judged)} of ${whole(input.pairsWithImage)} pairs with an image`,
  }));
  const recallTiles = inputs.map((input) => ({
    label: `${input.name}: image to text R@1`,
    value: percent(input.retrieval.imageToText.r1),
    note: `among ${whole(result.retrievalPairs)} pairs`,
  }));
  const body = [
    `<header><p class="kicker">Image-text pairs, judged by ${escapeHtml(result.model.name)}</p><h1>${escapeHtml(title)}</h1><p class="lede">${escapeHtml(ledeOf(result))}</p></header>`,
    tilesHtml([...tiles, ...recallTiles]),
    `<section><h2>Similarity of each image and its text</h2><figure>${similarityPlot(inputs)}<figcaption>${inputs.map((input, at) => `<span class="swatch${at === 0 ? '' : ' second'}"></span> ${escapeHtml(input.name)}`).join(', ')}. Cosine across, share of the pairs upwards; dashed the means.</figcaption></figure></section>`,
    figuresSection(result),
    last === undefined ? '' : classSection(inputs),
    refusedSection(inputs),
    `<footer>Samples of at most ${whole(result.limit)} pairs, drawn by a hash of each pair with seed ${result.seed}; retrieval over ${whole(result.retrievalPairs)} pairs of each. Model ${escapeHtml(result.model.name)}, fingerprint <code>${escapeHtml(result.model.fingerprint)}</code>.</footer>`,
  ];
  return pageHtml(title, body.join('\n'));
}

/** One sentence, which never says more than the figures: under two standard errors there is no difference. */
function ledeOf({ inputs, comparison }: PairsResult): string {
  const [first] = inputs;
  const last = inputs.at(-1);
  const [mean] = comparison;
  if (first === undefined || last === undefined) return '';
  if (mean === undefined) {
    return `The mean cosine of an image and its text is ${decimal(first.similarity.mean)}, half of the pairs lie above ${decimal(first.similarity.quantiles.p50)}.`;
  }
  const isClear = Math.abs(mean.difference) > 2 * (mean.standardError ?? Infinity);
  const how = !isClear ? 'no clear difference' : mean.difference > 0 ? 'better' : 'worse';
  return `In the eyes of this model, texts of ${last.name} fit their images ${isClear ? `${how} than those of ${first.name}` : `as well as those of ${first.name}`}: mean cosine ${decimal(mean.last)} against ${decimal(mean.first)}, a difference of ${signed(mean.difference, 3)}${mean.standardError === null ? '' : ` (standard error ${decimal(mean.standardError)})`}.`;
}

function similarityPlot(inputs: readonly PairsInputResult[]): string {
  const { width, height, left, right, top, bottom } = PLOT;
  const used = inputs.flatMap(({ similarity: { histogram } }) =>
    histogram.counts.flatMap((count, at) => (count > 0 ? [at] : [])),
  );
  const step = inputs[0]?.similarity.histogram.step ?? 0.02;
  const from = Math.max(0, Math.min(...used) - 2);
  const to = Math.max(...used) + 3;
  const shares = inputs.map(({ similarity: { histogram, count } }) =>
    histogram.counts.slice(from, to).map((one) => one / Math.max(1, count)),
  );
  const most = Math.max(...shares.flat(), 1e-9);
  const x = (cosine: number): number =>
    left + ((cosine + 1) / step - from) * ((width - left - right) / (to - from));
  const y = (share: number): number => top + (1 - share / most) * (height - top - bottom);
  const parts: string[] = [];
  const lowest = from * step - 1;
  const highest = to * step - 1;
  const tick = highest - lowest > 0.8 ? 0.2 : 0.1;
  for (let cosine = Math.ceil(lowest / tick) * tick; cosine <= highest + 1e-9; cosine += tick) {
    const at = x(cosine).toFixed(1);
    const label = Math.abs(cosine) < 1e-9 ? '0' : cosine.toFixed(1);
    parts.push(
      `<line class="grid" x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}"/>`,
      `<text x="${at}" y="${height - bottom + 18}" text-anchor="middle">${label}</text>`,
    );
  }
  parts.push(
    `<line class="base" x1="${left}" x2="${width - right}" y1="${height - bottom}" y2="${height - bottom}"/>`,
  );
  for (const [at, input] of inputs.entries()) {
    const second = at === 0 ? '' : ' second';
    const points = (shares[at] ?? []).map(
      (share, place) => `${x((from + place + 0.5) * step - 1).toFixed(1)},${y(share).toFixed(1)}`,
    );
    const base = (height - bottom).toFixed(1);
    parts.push(
      `<path class="area${second}" d="M${x(lowest + step / 2).toFixed(1)},${base}L${points.join('L')}L${x(highest - step / 2).toFixed(1)},${base}Z"/>`,
      `<line class="mean${second}" x1="${x(input.similarity.mean).toFixed(1)}" x2="${x(input.similarity.mean).toFixed(1)}" y1="${top}" y2="${base}"/>`,
    );
  }
  const label = inputs.map(({ name, similarity }) => `${name}: mean ${decimal(similarity.mean)}`).join('; ');
  return `<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label="Distribution of similarities. ${escapeHtml(label)}">${parts.join('')}</svg>`;
}

function figuresSection({ inputs, comparison }: PairsResult): string {
  const rows: [string, (input: PairsInputResult) => string][] = [
    ['pairs', (input) => whole(input.pairs)],
    ['with an image at hand', (input) => whole(input.pairsWithImage)],
    ['judged', (input) => whole(input.judged)],
    ['mean similarity', (input) => decimal(input.similarity.mean)],
    ['median similarity', (input) => decimal(input.similarity.quantiles.p50)],
    ['lowest 5% below', (input) => decimal(input.similarity.quantiles.p5)],
    ['image to text R@1', (input) => percent(input.retrieval.imageToText.r1)],
    ['image to text R@5', (input) => percent(input.retrieval.imageToText.r5)],
    ['image to text R@10', (input) => percent(input.retrieval.imageToText.r10)],
    ['text to image R@1', (input) => percent(input.retrieval.textToImage.r1)],
    ['text to image R@5', (input) => percent(input.retrieval.textToImage.r5)],
    ['text to image R@10', (input) => percent(input.retrieval.textToImage.r10)],
    ['classes seen', (input) => whole(input.classes.seen)],
    ['effective classes', (input) => decimal(input.classes.effective, 1)],
    ['share of the ten largest classes', (input) => percent(input.classes.topTenShare)],
  ];
  const differenceOf = new Map(comparison.map((row) => [row.figure, row]));
  const isCompared = comparison.length > 0;
  const head = ['', ...inputs.map(({ name }) => name), ...(isCompared ? ['difference'] : [])];
  const body = rows.map(([title, valueOf]) => [
    title,
    ...inputs.map(valueOf),
    ...(isCompared ? [describeDifference(differenceOf.get(title))] : []),
  ]);
  return `<section><h2>Figures</h2>${tableHtml(head, body, { numbers: head.map((_, at) => at).slice(1), caption: 'Figures of each input' })}<p class="note">R@k: how often the right one is among the first k of the sample’s. Effective classes: classes of equal size that would be as varied. A difference stands with its standard error.</p></section>`;
}

function describeDifference(row: PairsDifference | undefined): string {
  if (row === undefined) return '';
  const isShare = /R@|share/.test(row.figure);
  const isCount = /classes/.test(row.figure) && !isShare;
  const scale = isShare ? 100 : 1;
  const digits = isShare || isCount ? 1 : 3;
  const error = row.standardError === null ? '' : ` ± ${(row.standardError * scale).toFixed(digits)}`;
  return `${signed(row.difference * scale, digits)}${error}${isShare ? ' points' : ''}`;
}

const signed = (value: number, digits: number): string =>
  `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(digits)}`;

function classSection(inputs: readonly PairsInputResult[]): string {
  const last = inputs.at(-1);
  if (last === undefined) return '';
  const shareOf = (input: PairsInputResult, at: number): number =>
    (input.classes.counts[at]?.images ?? 0) / Math.max(1, input.classes.images);
  const order = last.classes.counts
    .map((_, at) => at)
    .filter((at) => inputs.some((input) => shareOf(input, at) > 0))
    .sort(
      (a, b) =>
        Math.max(...inputs.map((input) => shareOf(input, b))) -
          Math.max(...inputs.map((input) => shareOf(input, a))) || a - b,
    )
    .slice(0, CLASSES_SHOWN);
  const most = Math.max(...order.flatMap((at) => inputs.map((input) => shareOf(input, at))), 1e-9);
  const rows = order.map((at): Cell[] => [
    last.classes.counts[at]?.class ?? '',
    ...inputs.flatMap((input): Cell[] => [barHtml(shareOf(input, at) / most), percent(shareOf(input, at))]),
  ]);
  const head = ['class', ...inputs.flatMap(({ name }) => [name, ''])];
  return `<section><h2>What the images show</h2><p class="note">Each image counted for the class whose prompt is nearest, whether it fits or not. The ${whole(order.length)} largest of ${whole(last.classes.counts.length)} classes.</p>${tableHtml(head, rows, { numbers: inputs.map((_, at) => 2 + 2 * at), caption: 'Largest classes' })}</section>`;
}

function refusedSection(inputs: readonly PairsInputResult[]): string {
  const rows = inputs.flatMap((input) =>
    Object.entries(input.refused).map(([reason, count]) => [reason, input.name, whole(count)]),
  );
  if (rows.length === 0) return '';
  return `<section><h2>Left out</h2>${tableHtml(['reason', 'input', 'times'], rows, { numbers: [2], caption: 'Left out, by reason' })}</section>`;
}
