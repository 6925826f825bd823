/**
 * Pillow's resize of 8-bit images, of which only a window is computed: the part that a crop keeps.
 *
 * Two passes with a rounding to bytes between them, rows first; a pass whose size does not change is left out. All as
 * Pillow does it, so the bytes are equal to those of `image.resize(...).crop(...)`.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import type { Size } from './preprocess-spec.ts';
import type { AxisWeights, AxisWeightsCache, ResampleFilter } from './resample-coefficients.ts';

/** Interleaved bytes with their shape. */
export interface PixelArray {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes per pixel, 1 to 4. */
  readonly channels: number;
}

/** The part of the resized image that is wanted; lies inside of it. */
export interface Window extends Size {
  readonly left: number;
  readonly top: number;
}

/**
 * Resizes an image and takes a window of the result.
 *
 * Complexity: O(rows and columns that the window needs); memory bound: window width x those rows x channels.
 *
 * @param image - the source; not changed
 * @param target - size of the whole resized image
 * @param window - part of it that is computed
 * @param filter - as in Pillow; `nearest` picks one pixel each
 * @param cache - weights of earlier calls
 * @returns window.width x window.height pixels, owned by the caller
 */
export function resizeWindow(
  image: PixelArray,
  target: Size,
  window: Window,
  filter: ResampleFilter | 'nearest',
  cache: AxisWeightsCache,
): Uint8Array {
  if (filter === 'nearest') return pickNearest(image, target, window);
  const { channels } = image;
  const columns =
    target.width === image.width
      ? undefined
      : cache.get({
          filter,
          inputSize: image.width,
          outputSize: target.width,
          firstOutput: window.left,
          outputs: window.width,
        });
  const rows =
    target.height === image.height
      ? undefined
      : cache.get({
          filter,
          inputSize: image.height,
          outputSize: target.height,
          firstOutput: window.top,
          outputs: window.height,
        });
  const firstRow = rows?.firstInput ?? window.top;
  const endRow = rows?.endInput ?? window.top + window.height;
  const narrow =
    columns === undefined
      ? cutColumns(image, firstRow, endRow, window.left, window.width)
      : passHorizontal(image, firstRow, endRow, columns);
  return rows === undefined ? narrow : passVertical(narrow, window.width * channels, firstRow, rows);
}

function cutColumns(
  image: PixelArray,
  firstRow: number,
  endRow: number,
  left: number,
  width: number,
): Uint8Array {
  const { channels, data } = image;
  const rowBytes = width * channels;
  const out = new Uint8Array((endRow - firstRow) * rowBytes);
  for (let y = firstRow; y < endRow; y++) {
    const from = (y * image.width + left) * channels;
    out.set(data.subarray(from, from + rowBytes), (y - firstRow) * rowBytes);
  }
  return out;
}

function passHorizontal(image: PixelArray, firstRow: number, endRow: number, axis: AxisWeights): Uint8Array {
  const { channels, data, width } = image;
  const out = new Uint8Array((endRow - firstRow) * axis.outputs * channels);
  let to = 0;
  for (let y = firstRow; y < endRow; y++) {
    for (let x = 0; x < axis.outputs; x++) {
      for (let channel = 0; channel < channels; channel++) {
        let sum = 1 << 21;
        let from = (y * width + axis.starts[x]!) * channels + channel;
        for (let i = 0; i < axis.counts[x]!; i++) {
          sum += Math.imul(data[from]!, axis.weights[x * axis.stride + i]!);
          from += channels;
        }
        out[to++] = Math.min(255, Math.max(0, sum >> 22));
      }
    }
  }
  return out;
}

function passVertical(data: Uint8Array, rowBytes: number, firstRow: number, axis: AxisWeights): Uint8Array {
  const out = new Uint8Array(axis.outputs * rowBytes);
  for (let y = 0; y < axis.outputs; y++) {
    for (let x = 0; x < rowBytes; x++) {
      let sum = 1 << 21;
      for (let i = 0; i < axis.counts[y]!; i++) {
        const row = axis.starts[y]! - firstRow + i;
        sum += Math.imul(data[row * rowBytes + x]!, axis.weights[y * axis.stride + i]!);
      }
      out[y * rowBytes + x] = Math.min(255, Math.max(0, sum >> 22));
    }
  }
  return out;
}

function pickNearest(image: PixelArray, target: Size, window: Window): Uint8Array {
  const { channels, data } = image;
  const columns = nearestInputs(image.width, target.width, window.left, window.width);
  const rows = nearestInputs(image.height, target.height, window.top, window.height);
  const out = new Uint8Array(window.width * window.height * channels);
  let to = 0;
  for (const row of rows) {
    for (const column of columns) {
      const from = (row * image.width + column) * channels;
      for (let channel = 0; channel < channels; channel++) out[to++] = data[from + channel]!;
    }
  }
  return out;
}

/** Outputs up to which Pillow's running sum is followed; it could not hold a larger image beside this one anyway. */
const MAX_SUMMED = 1 << 24;

/** Pillow adds the step again and again, so its rounding is that of the sum, not of a product. */
function nearestInputs(inputSize: number, outputSize: number, first: number, count: number): Int32Array {
  const inputs = new Int32Array(count);
  const step = inputSize / outputSize;
  let at = step * 0.5;
  if (first <= MAX_SUMMED) for (let i = 0; i < first; i++) at += step;
  else at += step * first;
  for (let i = 0; i < count; i++) {
    inputs[i] = Math.min(inputSize - 1, Math.trunc(at));
    at += step;
  }
  return inputs;
}
