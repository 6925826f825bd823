/**
 * Pillow's resize of 8-bit images, of which only a window is computed: the part that a crop keeps. The bytes are equal to those
 * of `image.resize(...).crop(...)`.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import type { Size } from './preprocess-spec.ts';
import { AxisWeightsCache, type AxisRequest, type ResampleFilter } from './resample-coefficients.ts';
import { ResampleKernel } from './resample-kernel.ts';
import { resampleWindow, type PixelArray, type Window } from './resample-passes.ts';

/** What outlives a call, one of each for a thread: nothing in it can be seen from outside but the time saved. */
interface ThreadState {
  readonly kernel: ResampleKernel;
  readonly weights: AxisWeightsCache;
}

let state: ThreadState | undefined;

/**
 * Resizes an image and takes a window of the result.
 *
 * Complexity: O(rows and columns that the window needs). Memory: the result, and for the thread 16 MiB of address space and
 * 4 MiB of weights of recent sizes; above some 500,000 columns or 800 x 800 outputs the bound of `resampleWindow`.
 *
 * @param image - the source; not changed
 * @param target - size of the whole resized image
 * @param window - part of it that is computed
 * @param filter - as in Pillow; `nearest` picks one pixel each
 * @returns window.width x window.height pixels, owned by the caller
 */
export function resizeWindow(
  image: PixelArray,
  target: Size,
  window: Window,
  filter: ResampleFilter | 'nearest',
): Uint8Array {
  if (filter === 'nearest') return pickNearest(image, target, window);
  state ??= { kernel: new ResampleKernel(), weights: new AxisWeightsCache() };
  const { kernel, weights } = state;
  const across: AxisRequest = {
    filter,
    inputSize: image.width,
    outputSize: target.width,
    firstOutput: window.left,
    outputs: window.width,
  };
  const down: AxisRequest = {
    filter,
    inputSize: image.height,
    outputSize: target.height,
    firstOutput: window.top,
    outputs: window.height,
  };
  const columns = target.width === image.width ? undefined : weights.get(across);
  const rows = target.height === image.height ? undefined : weights.get(down);
  const firstRow = rows?.firstInput ?? window.top;
  const endRow = rows?.endInput ?? window.top + window.height;
  const request = { image, window, columns, rows, firstRow, endRow };
  return kernel.resample(request) ?? resampleWindow(request);
}

/** Copies for each output the input below its middle. */
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

/** Outputs up to which Pillow's running sum is followed; a wider image it could not hold. */
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
