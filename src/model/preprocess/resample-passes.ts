/**
 * The two passes of Pillow's resize of 8-bit images: rows first, rounded to bytes, then columns. A pass whose size does not
 * change is left out. The plain form; the kernel's is resample-kernel.ts.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { PRECISION_BITS, type AxisWeights } from './resample-coefficients.ts';

/** Interleaved bytes with their shape. */
export interface PixelArray {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  /** Bytes per pixel: 1, 3 or 4. */
  readonly channels: number;
}

/** The part of the resized image that is wanted, in its pixels; lies inside of it. */
export interface Window {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What to compute. */
export interface ResampleRequest {
  readonly image: PixelArray;
  readonly window: Window;
  /** Weights of the window's columns; undefined where the width does not change. */
  readonly columns: AxisWeights | undefined;
  /** Weights of the window's rows; undefined where the height does not change. */
  readonly rows: AxisWeights | undefined;
  /** Source rows that the window needs: from `firstRow` up to, not including, `endRow`. */
  readonly firstRow: number;
  readonly endRow: number;
}

/** Added before the bits after the point are cut off: rounds to the nearest. */
const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Resizes.
 *
 * Complexity: O(window.width x source rows x weights + window size x weights); memory bound: window.width x source rows.
 *
 * @param request - the image, its window and the weights
 * @returns window.width x window.height pixels, owned by the caller
 */
export function resampleWindow(request: ResampleRequest): Uint8Array {
  const { image, window, columns, rows, firstRow } = request;
  const narrow = columns === undefined ? cutColumns(request) : narrowRows(request, columns);
  return rows === undefined ? narrow : addRows(narrow, window.width * image.channels, firstRow, rows);
}

/** The window's columns of the rows that it needs. */
function cutColumns({ image, window, firstRow, endRow }: ResampleRequest): Uint8Array {
  const { data, width, channels } = image;
  const rowBytes = window.width * channels;
  const out = new Uint8Array((endRow - firstRow) * rowBytes);
  for (let y = firstRow; y < endRow; y++) {
    const from = (y * width + window.left) * channels;
    out.set(data.subarray(from, from + rowBytes), (y - firstRow) * rowBytes);
  }
  return out;
}

function narrowRows({ image, firstRow, endRow }: ResampleRequest, columns: AxisWeights): Uint8Array {
  const { data, width, channels } = image;
  const { outputs, starts, counts, weights, stride } = columns;
  const out = new Uint8Array((endRow - firstRow) * outputs * channels);
  let to = 0;
  for (let y = firstRow; y < endRow; y++) {
    for (let x = 0; x < outputs; x++) {
      const first = (y * width + starts[x]!) * channels;
      const firstWeight = x * stride;
      const count = counts[x]!;
      for (let channel = 0; channel < channels; channel++) {
        let sum = HALF;
        for (let i = 0; i < count; i++)
          sum += data[first + i * channels + channel]! * weights[firstWeight + i]!;
        out[to++] = toByte(sum);
      }
    }
  }
  return out;
}

function addRows(narrow: Uint8Array, rowBytes: number, firstRow: number, rows: AxisWeights): Uint8Array {
  const { outputs, starts, counts, weights, stride } = rows;
  const out = new Uint8Array(outputs * rowBytes);
  let to = 0;
  for (let y = 0; y < outputs; y++) {
    const first = (starts[y]! - firstRow) * rowBytes;
    const count = counts[y]!;
    for (let x = 0; x < rowBytes; x++) {
      let sum = HALF;
      for (let i = 0; i < count; i++) sum += narrow[first + i * rowBytes + x]! * weights[y * stride + i]!;
      out[to++] = toByte(sum);
    }
  }
  return out;
}

/** Fixed point to byte; the sum is below 2^31 since weights add up to little more than 1. */
function toByte(sum: number): number {
  return Math.min(255, Math.max(0, sum >> PRECISION_BITS));
}
