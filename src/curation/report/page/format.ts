/** Numbers as the page shows them. Fixed to English, so that a report reads the same everywhere. */

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const TENTHS = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/**
 * @param value - any number
 * @returns `12,345`, rounded
 */
export function whole(value: number): string {
  return WHOLE.format(value);
}

/**
 * @param value - any number
 * @returns `12,345.6`; without the decimal where it is whole
 */
export function tenths(value: number): string {
  return Number.isInteger(value) ? WHOLE.format(value) : TENTHS.format(value);
}

/**
 * @param share - in [0, 1]
 * @returns `57.8%`; two decimals below one percent
 */
export function percent(share: number): string {
  const value = share * 100;
  return `${value.toFixed(value > 0 && value < 1 ? 2 : 1)}%`;
}

/**
 * @param value - at least 0
 * @returns short form for axes: `1.5k`, `20M`, `0.01`
 */
export function short(value: number): string {
  for (const [limit, unit] of [
    [1e12, 'T'],
    [1e9, 'B'],
    [1e6, 'M'],
    [1e3, 'k'],
  ] as const) {
    if (value >= limit) return `${Number((value / limit).toPrecision(3))}${unit}`;
  }
  return String(Number(value.toPrecision(3)));
}

/**
 * @param q - entry probability in (0, 1]
 * @returns `1` or three significant digits
 */
export function probability(q: number): string {
  return q >= 1 ? '1' : q.toPrecision(3);
}
