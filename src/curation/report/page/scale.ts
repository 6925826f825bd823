/** Scales of the charts: a domain on a range of pixels, and where its ticks stand. */

/** Linear or logarithmic to base 10. */
export type ScaleKind = 'linear' | 'log';

/** A scale; `position` is continuous and clamps to the domain. */
export interface Scale {
  readonly kind: ScaleKind;
  readonly position: (value: number) => number;
  readonly invert: (pixel: number) => number;
  readonly ticks: readonly number[];
}

/**
 * @param kind - how
 * @param domain - least and greatest value; a log scale starts above 0
 * @param range - pixels of the two
 * @param tickCount - ticks wanted, roughly
 * @returns the scale
 */
export function makeScale(
  kind: ScaleKind,
  domain: readonly [number, number],
  range: readonly [number, number],
  tickCount: number,
): Scale {
  const [low, high] = domain;
  const warp = kind === 'log' ? Math.log10 : (value: number): number => value;
  const unwarp = kind === 'log' ? (value: number): number => 10 ** value : (value: number): number => value;
  const [start, end] = [warp(low), warp(high)];
  const span = end - start || 1;
  const pixels = range[1] - range[0];
  return {
    kind,
    position: (value) => range[0] + ((warp(Math.min(high, Math.max(low, value))) - start) / span) * pixels,
    invert: (pixel) => unwarp(start + Math.min(1, Math.max(0, (pixel - range[0]) / pixels)) * span),
    ticks: kind === 'log' ? logTicks(low, high, tickCount) : linearTicks(low, high, tickCount),
  };
}

/**
 * @param low - least value
 * @param high - greatest value
 * @param wanted - ticks, roughly
 * @returns multiples of 1, 2 or 5 times a power of ten inside the range
 */
export function linearTicks(low: number, high: number, wanted: number): number[] {
  const rough = (high - low) / Math.max(1, wanted);
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  const ticks: number[] = [];
  // Whole multiples, so that 0.1 + 0.2 does not show.
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++)
    ticks.push(Number((k * step).toPrecision(12)));
  return ticks;
}

/**
 * @param low - least value, above 0
 * @param high - greatest value
 * @param wanted - ticks, roughly
 * @returns powers of ten inside the range, every second or third one where there are many, with 2 and 5 where there are few
 */
export function logTicks(low: number, high: number, wanted: number): number[] {
  const decades = Math.log10(high / low);
  const factors = decades <= wanted / 3 ? [1, 2, 5] : [1];
  const stride = Math.max(1, Math.ceil(decades / Math.max(1, wanted)));
  const ticks: number[] = [];
  for (
    let power = Math.floor(Math.log10(low) + 1e-9);
    power <= Math.ceil(Math.log10(high));
    power += stride
  ) {
    for (const factor of factors) {
      const tick = Number((factor * 10 ** power).toPrecision(12));
      if (tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9)) ticks.push(tick);
    }
  }
  return ticks;
}
