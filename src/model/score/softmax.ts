/** Probabilities of cosines, and the best of them. */

/**
 * Softmax of `scale * cosine`, as published: the maximum is subtracted first, so no scale overflows.
 *
 * @param cosines - similarities
 * @param scale - the model's logit scale, already exponentiated: 100 for trained CLIP models
 * @returns probabilities in the same order; they add up to 1. Empty for no similarities
 */
export function softmax(cosines: ArrayLike<number>, scale: number): Float64Array {
  const result = new Float64Array(cosines.length);
  let most = -Infinity;
  for (let i = 0; i < result.length; i++) most = Math.max(most, scale * (cosines[i] ?? 0));
  let sum = 0;
  for (let i = 0; i < result.length; i++) {
    const value = Math.exp(scale * (cosines[i] ?? 0) - most);
    result[i] = value;
    sum += value;
  }
  for (let i = 0; i < result.length; i++) result[i] = (result[i] ?? 0) / sum;
  return result;
}

/**
 * Indices of the greatest values, greatest first; of equal values the one that stands first comes first.
 *
 * @param values - scores, none NaN
 * @param k - how many at most
 * @returns at most `k` indices
 */
export function topIndices(values: ArrayLike<number>, k: number): number[] {
  if (k === 1) return values.length === 0 ? [] : [indexOfMost(values)];
  return Array.from({ length: values.length }, (_, index) => index)
    .sort((a, b) => (values[b] ?? 0) - (values[a] ?? 0) || a - b)
    .slice(0, Math.max(0, k));
}

/**
 * @param values - scores, none NaN, at least one
 * @returns index of the greatest; of equal ones the first
 */
export function indexOfMost(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if ((values[i] ?? 0) > (values[best] ?? 0)) best = i;
  return best;
}
