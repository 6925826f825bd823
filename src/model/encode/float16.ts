/** IEEE 754 half precision, which JavaScript of Node 20 has no array for. */

const SCRATCH = new DataView(new ArrayBuffer(4));

/**
 * @param bits - half-precision number as 16 bits
 * @returns its value, exactly
 */
export function fromFloat16(bits: number): number {
  const sign = (bits & 0x8000) === 0 ? 1 : -1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Rounds to the nearest half-precision number, ties to even, as IEEE 754 and NumPy do; what is too large becomes Infinity.
 *
 * @param value - any number; first rounded to single precision
 * @returns 16 bits
 */
export function toFloat16(value: number): number {
  SCRATCH.setFloat32(0, value);
  const bits = SCRATCH.getUint32(0);
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 255) return sign | (fraction === 0 ? 0x7c00 : 0x7e00);
  const halfExponent = exponent - 112;
  if (halfExponent >= 31) return sign | 0x7c00;
  if (halfExponent <= 0) {
    // Below the normal range: a multiple of 2^-24, or zero.
    if (halfExponent < -10) return sign;
    return sign | roundShift(fraction | 0x800000, 14 - halfExponent);
  }
  // A carry out of the fraction goes into the exponent, up to Infinity, which is what rounding asks for.
  return sign | ((halfExponent << 10) + roundShift(fraction, 13));
}

/** `value / 2^shift`, rounded to nearest, ties to even. */
function roundShift(value: number, shift: number): number {
  const whole = value >>> shift;
  const rest = value - whole * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (whole & 1) === 1) ? whole + 1 : whole;
}

/**
 * @param values - numbers
 * @returns the same as 16-bit halves, in a new array
 */
export function toFloat16Array(values: Float32Array): Uint16Array<ArrayBuffer> {
  const halves = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) halves[i] = toFloat16(values[i] ?? 0);
  return halves;
}

/**
 * @param halves - 16-bit halves
 * @returns the same as single-precision numbers, in a new array
 */
export function fromFloat16Array(halves: Uint16Array): Float32Array<ArrayBuffer> {
  const values = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) values[i] = fromFloat16(halves[i] ?? 0);
  return values;
}
