/** Area under the ROC curve. */

/**
 * The chance that a positive has a greater score than a negative, equal scores counting half (Mann-Whitney U), which is the
 * area under the ROC curve. Complexity: O(n log n). Memory: a copy of the scores.
 *
 * @param scores - none NaN
 * @param isPositive - for each score
 * @returns in [0, 1], or null without positives or without negatives
 */
export function rocAuc(scores: Float32Array, isPositive: (index: number) => boolean): number | null {
  let positiveCount = 0;
  for (let at = 0; at < scores.length; at++) if (isPositive(at)) positiveCount++;
  const negativeCount = scores.length - positiveCount;
  if (positiveCount === 0 || negativeCount === 0) return null;
  const positives = new Float32Array(positiveCount);
  const negatives = new Float32Array(negativeCount);
  for (let at = 0, p = 0, n = 0; at < scores.length; at++) {
    const score = scores[at] ?? 0;
    if (isPositive(at)) positives[p++] = score;
    else negatives[n++] = score;
  }
  positives.sort();
  negatives.sort();
  let below = 0;
  let upTo = 0;
  let wins = 0;
  for (const score of positives) {
    while (below < negativeCount && (negatives[below] ?? 0) < score) below++;
    while (upTo < negativeCount && (negatives[upTo] ?? 0) <= score) upTo++;
    wins += (below + upTo) / 2;
  }
  return wins / positiveCount / negativeCount;
}
