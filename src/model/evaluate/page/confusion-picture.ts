/** The confusion matrix as a picture: with names for few classes, as a map of pixels for many. */
import sharp from 'sharp';
import type { ZeroshotDetail } from '../zeroshot/results.ts';
import { escapeHtml } from './html.ts';

/** Classes up to which names and numbers can be read. */
const NAMED_CLASSES = 30;
/** Least side of the map in pixels, and most cells on a side. */
const MAP_PIXELS = 1000;
const MAP_CELLS = 200;
/** Of a cell with any images at all. */
const LEAST_ALPHA = 70;
const CELL = 26;
/** Longest name in characters, and the width of one. */
const NAME_LENGTH = 22;
const LETTER = 6.2;

/**
 * A row is a true class, a column what was said. Strength is the share of the row: its square root for the map, so that one
 * image of many can be seen.
 *
 * @param detail - figures
 * @returns HTML of the picture
 */
export async function confusionPicture(detail: ZeroshotDetail): Promise<string> {
  return detail.classes.length <= NAMED_CLASSES ? namedMatrix(detail) : pixelMap(detail);
}

function namedMatrix(detail: ZeroshotDetail): string {
  const count = detail.classes.length;
  const side = count * CELL;
  const short = (name: string): string =>
    name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name;
  const longest = Math.max(...detail.classes.map(({ class: name }) => short(name).length));
  const left = Math.ceil(longest * LETTER) + 10;
  const top = Math.ceil(longest * LETTER * Math.sin(Math.PI / 3)) + 14;
  const parts = detail.classes.flatMap(({ class: name }, at) => {
    const middle = at * CELL + CELL / 2;
    return [
      `<text x="${left - 6}" y="${top + middle + 4}" text-anchor="end">${escapeHtml(short(name))}</text>`,
      `<text transform="translate(${left + middle + 4} ${top - 6}) rotate(-60)">${escapeHtml(short(name))}</text>`,
    ];
  });
  for (const [truth, predicted, images] of detail.confusion) {
    const x = left + predicted * CELL;
    const y = top + truth * CELL;
    const share = images / Math.max(1, detail.classes[truth]?.images ?? 1);
    const title = `${detail.classes[truth]?.class ?? ''} taken for ${detail.classes[predicted]?.class ?? ''}: ${images}`;
    parts.push(
      `<rect class="cell${truth === predicted ? ' hit' : ''}" x="${x + 1}" y="${y + 1}" width="${CELL - 2}" height="${CELL - 2}" fill-opacity="${(0.15 + 0.75 * share).toFixed(2)}"><title>${escapeHtml(title)}</title></rect>`,
      `<text class="count${share > 0.5 ? ' strong' : ''}" x="${x + CELL / 2}" y="${y + CELL / 2 + 4}">${images}</text>`,
    );
  }
  // Slanted names of the last columns lean to the right.
  const width = left + side + Math.ceil((longest * LETTER) / 2);
  return `<svg class="matrix" viewBox="0 0 ${width} ${top + side + 2}" role="img" aria-label="Confusion matrix"><rect class="frame" x="${left}" y="${top}" width="${side}" height="${side}"/>${parts.join('')}</svg>`;
}

/** Two masks, so that the page's own colours shine through in light and dark. */
async function pixelMap(detail: ZeroshotDetail): Promise<string> {
  const hits = await maskOf(detail, (truth, predicted) => truth === predicted);
  const misses = await maskOf(detail, (truth, predicted) => truth !== predicted);
  const layer = (name: string, mask: string): string =>
    `<div class="${name}" style="-webkit-mask-image:url(${mask});mask-image:url(${mask})"></div>`;
  const count = detail.classes.length;
  const group = groupOf(count);
  const note =
    group === 1 ? '' : `<p class="note">Each point stands for ${group} by ${group} neighbouring classes.</p>`;
  return `<div class="map" role="img" aria-label="Confusion matrix of ${count} classes">${layer('hit', hits)}${layer('miss', misses)}</div>${note}`;
}

/** Classes that share a row of the map: single ones of a thousand would be too small to see. */
function groupOf(classCount: number): number {
  return Math.ceil(classCount / MAP_CELLS);
}

async function maskOf(
  detail: ZeroshotDetail,
  takes: (truth: number, predicted: number) => boolean,
): Promise<string> {
  const group = groupOf(detail.classes.length);
  const count = Math.ceil(detail.classes.length / group);
  const images = new Float64Array(count);
  detail.classes.forEach((row, at) => {
    const cell = Math.floor(at / group);
    images[cell] = (images[cell] ?? 0) + row.images;
  });
  const cells = new Float64Array(count * count);
  for (const [truth, predicted, some] of detail.confusion) {
    if (!takes(truth, predicted)) continue;
    const cell = Math.floor(truth / group) * count + Math.floor(predicted / group);
    cells[cell] = (cells[cell] ?? 0) + some;
  }
  const scale = Math.max(1, Math.ceil(MAP_PIXELS / count));
  const side = count * scale;
  // Grey and alpha; only alpha matters.
  const pixels = new Uint8Array(side * side * 2);
  for (let y = 0; y < side; y++) {
    const row = Math.floor(y / scale);
    for (let x = 0; x < side; x++) {
      const some = cells[row * count + Math.floor(x / scale)] ?? 0;
      if (some === 0) continue;
      const share = some / Math.max(1, images[row] ?? 1);
      pixels[(y * side + x) * 2 + 1] = Math.max(LEAST_ALPHA, Math.round(255 * Math.sqrt(share)));
    }
  }
  const bytes = await sharp(pixels, { raw: { width: side, height: side, channels: 2 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return `data:image/png;base64,${bytes.toString('base64')}`;
}
