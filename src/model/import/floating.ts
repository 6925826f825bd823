/** Floating types of checkpoints as float32. */
import { MetaclipError } from '../../common/errors.ts';
import { fromFloat16Array, toFloat16 } from '../encode/float16.ts';
import type { StoredDtype, StoredTensor } from './tensors.ts';

/**
 * @param bytes - values, little-endian, aligned to their size
 * @param dtype - their type, a floating one
 * @returns float32 values; over the same bytes for F32, else new
 */
export function toFloat32(bytes: Buffer, dtype: StoredDtype): Float32Array {
  const { buffer, byteOffset, byteLength } = bytes;
  if (dtype === 'F32') return new Float32Array(buffer, byteOffset, byteLength / 4);
  if (dtype === 'F64') return Float32Array.from(new Float64Array(buffer, byteOffset, byteLength / 8));
  const halves = new Uint16Array(buffer, byteOffset, byteLength / 2);
  if (dtype === 'F16') return fromFloat16Array(halves);
  // BF16 is the upper half of float32.
  return new Float32Array(Uint32Array.from(halves, (half) => half << 16).buffer);
}

/**
 * @param values - some of a tensor's
 * @param tensor - for the message
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` when one is NaN or infinite
 */
export function checkFinite(values: Float32Array, tensor: StoredTensor): void {
  // One pass without branches; the place is only looked for when it is needed.
  let sum = 0;
  for (const value of values) sum += value * 0;
  if (sum === 0) return;
  const bad = values.find((value) => !Number.isFinite(value));
  throw new MetaclipError(
    'E_MODEL_FORMAT',
    `${tensor.file}: tensor ${tensor.name} has a value ${bad ?? NaN}`,
    {
      hint: 'training diverged or the file is damaged: take another checkpoint',
      details: { path: tensor.file, tensor: tensor.name },
    },
  );
}

/**
 * {@link toFloat16} for hundreds of millions of values: the bits are taken from a second view of the same bytes, and numbers of
 * the normal range are rounded by one addition.
 *
 * @param values - finite
 * @returns the same as 16-bit halves, in a new array
 */
export function encodeFloat16(values: Float32Array): Uint16Array<ArrayBuffer> {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) {
    const word = bits[i] ?? 0;
    const magnitude = word & 0x7fff_ffff;
    // From 2^-14 up to, not including, 2^16: the exponent needs another bias (112 steps of 2^23), and 13 bits go. Half of
    // them, less one for ties to even, are added first; a carry goes into the exponent, where it belongs.
    halves[i] =
      magnitude >= 0x3880_0000 && magnitude < 0x4780_0000
        ? ((word >>> 16) & 0x8000) | ((magnitude - 0x3800_0000 + 0xfff + ((magnitude >>> 13) & 1)) >>> 13)
        : toFloat16(values[i] ?? 0);
  }
  return halves;
}
