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
 * @param data - RGBA pixels; not changed
 * @returns the same pixels with colours weighed by alpha
 */
export function premultiplyAlpha(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3]!;
    out[at] = multiplyBytes(data[at]!, alpha);
    out[at + 1] = multiplyBytes(data[at + 1]!, alpha);
    out[at + 2] = multiplyBytes(data[at + 2]!, alpha);
    out[at + 3] = alpha;
  }
  return out;
}

/**
 * Divides the colours by the alpha beside them, in place, as Pillow does after it has resized.
 *
 * Complexity: O(pixels).
 *
 * @param data - pixels of {@link premultiplyAlpha}, resized; changed
 */
export function unpremultiplyAlpha(data: Uint8Array): void {
  for (let at = 0; at < data.length; at += 4) {
    const alpha = data[at + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let i = at; i < at + 3; i++) data[i] = Math.min(255, Math.trunc((255 * data[i]!) / alpha));
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
    case 'L': {
      const out = new Uint8Array(data.length * 3);
      for (let from = 0, to = 0; from < data.length; from++, to += 3) {
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
