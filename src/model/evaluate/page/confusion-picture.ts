/** The confusion matrix as a picture: with names for few classes, as a map of pixels for many. */
import sharp from 'sharp';
import type { ZeroshotDetail } from '../zeroshot/results.ts';
import { escapeHtml } from './html.ts';

/** Classes up to which names and numbers can be read. */
const NAMED_CLASSES = 30;
/** Least side of the map in pixels. */
const MAP_PIXELS = 1000;
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
  return `<div class="map" role="img" aria-label="Confusion matrix of ${detail.classes.length} classes">${layer('hit', hits)}${layer('miss', misses)}</div>`;
}

async function maskOf(
  detail: ZeroshotDetail,
  takes: (truth: number, predicted: number) => boolean,
): Promise<string> {
  const count = detail.classes.length;
  const scale = Math.max(1, Math.ceil(MAP_PIXELS / count));
  const side = count * scale;
  // Grey and alpha; only alpha matters.
  const pixels = new Uint8Array(side * side * 2);
  for (const [truth, predicted, images] of detail.confusion) {
    if (!takes(truth, predicted)) continue;
    const share = images / Math.max(1, detail.classes[truth]?.images ?? 1);
    const alpha = Math.max(40, Math.round(255 * Math.sqrt(share)));
    for (let y = truth * scale; y < (truth + 1) * scale; y++) {
      for (let x = predicted * scale; x < (predicted + 1) * scale; x++)
        pixels[(y * side + x) * 2 + 1] = alpha;
    }
  }
  const bytes = await sharp(pixels, { raw: { width: side, height: side, channels: 2 } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  return `data:image/png;base64,${bytes.toString('base64')}`;
}
