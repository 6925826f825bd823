/** Conversions between Pillow's modes, in its integer arithmetic. */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import type { ImageMode } from './decode-image.ts';

/** Pillow's rounded product of two bytes, divided by 255. */
function multiplyBytes(a: number, b: number): number {
  const product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

/**
 * Multiplies the colours by the alpha beside them, as Pillow does before it resizes.
 *
 * Complexity: O(pixels), 1 copy.
 *
 * @param data - LA or RGBA pixels; not changed
 * @param channels - 2 or 4
 * @returns the same pixels with colours weighed by alpha
 */
export function premultiplyAlpha(data: Uint8Array, channels: 2 | 4): Uint8Array {
  const out = new Uint8Array(data.length);
  const colours = channels - 1;
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + colours]!;
    for (let i = 0; i < colours; i++) out[at + i] = multiplyBytes(data[at + i]!, alpha);
    out[at + colours] = alpha;
  }
  return out;
}

/**
 * Divides the colours by the alpha beside them, in place, as Pillow does after it has resized.
 *
 * Complexity: O(pixels).
 *
 * @param data - pixels of {@link premultiplyAlpha}, resized; changed
 * @param channels - 2 or 4
 */
export function unpremultiplyAlpha(data: Uint8Array, channels: 2 | 4): void {
  const colours = channels - 1;
  for (let at = 0; at < data.length; at += channels) {
    const alpha = data[at + colours]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let i = 0; i < colours; i++) {
      data[at + i] = Math.min(255, Math.trunc((255 * data[at + i]!) / alpha));
    }
  }
}

/**
 * Turns pixels of any mode into RGB: grey is repeated, alpha is dropped, CMYK is multiplied out without a colour profile.
 *
 * Complexity: O(pixels).
 *
 * @param data - pixels; not changed
 * @param mode - their mode
 * @returns RGB pixels; the given array itself where it is RGB already
 */
export function toRgb(data: Uint8Array, mode: ImageMode): Uint8Array {
  switch (mode) {
    case 'RGB':
      return data;
    case 'L':
    case 'LA': {
      const step = mode === 'L' ? 1 : 2;
      const out = new Uint8Array((data.length / step) * 3);
      for (let from = 0, to = 0; from < data.length; from += step, to += 3) {
        const grey = data[from]!;
        out[to] = grey;
        out[to + 1] = grey;
        out[to + 2] = grey;
      }
      return out;
    }
    case 'RGBA': {
      const out = new Uint8Array((data.length / 4) * 3);
      for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
        out[to] = data[from]!;
        out[to + 1] = data[from + 1]!;
        out[to + 2] = data[from + 2]!;
      }
      return out;
    }
    case 'CMYK': {
      const out = new Uint8Array((data.length / 4) * 3);
      for (let from = 0, to = 0; from < data.length; from += 4, to += 3) {
        const light = 255 - data[from + 3]!;
        for (let i = 0; i < 3; i++) {
          out[to + i] = Math.max(0, light - multiplyBytes(data[from + i]!, light));
        }
      }
      return out;
    }
  }
}
