/**
 * The two float32 functions that fastText's probabilities rest on, with the roundings that the C libraries give, so that
 * a probability is the same number bit for bit and two labels that tie there tie here.
 */
const EXP_STEPS = 32;
/** 2^(i / 32). */
const EXP_TABLE = Float64Array.from({ length: EXP_STEPS }, (_, i) => 2 ** (i / EXP_STEPS));
// Minimax polynomial of 2^(r / 32) on [-1/2, 1/2], as published in ARM's optimized routines, on which musl and glibc rest.
const EXP_CUBIC = 0.05550361559341535 / EXP_STEPS ** 3;
const EXP_SQUARE = 0.2402284522445722 / EXP_STEPS ** 2;
const EXP_LINEAR = 0.6931471806916203 / EXP_STEPS;

/**
 * Computes `expf`. `Math.fround(Math.exp(x))` is the better rounded one, and for that reason differs in the last bit once
 * in a thousand times: `expf` errs by up to 0.502 units where a correct rounding errs by 0.5.
 *
 * @param x - a float32 value
 * @returns e^x as a float32 value
 */
export function expFloat32(x: number): number {
  // Near overflow and underflow both give 0, Infinity or a subnormal; a probability never depends on these.
  if (!(x < 88 && x > -87)) return Math.fround(Math.exp(x));
  const scaled = x * (Math.LOG2E * EXP_STEPS);
  const step = Math.round(scaled);
  const rest = scaled - step;
  const power = (EXP_TABLE[step & (EXP_STEPS - 1)] ?? 0) * 2 ** (step >> 5);
  return Math.fround(((EXP_CUBIC * rest + EXP_SQUARE) * (rest * rest) + (EXP_LINEAR * rest + 1)) * power);
}

/** What fastText adds to a probability before it takes the logarithm. */
export const LOG_OFFSET = 1e-5;

/**
 * Computes fastText's logarithm of a probability: the offset and the logarithm in float64, the result in float32.
 *
 * @param share - a probability; rounded to float32 first
 * @returns log(share + 1e-5) as a float32 value
 */
export function logFloat32(share: number): number {
  return Math.fround(Math.log(Math.fround(share) + LOG_OFFSET));
}
