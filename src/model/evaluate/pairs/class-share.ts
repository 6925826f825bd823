/** Which classes the images of a sample fall into. */
import type { Embeddings } from '../../score/embeddings.ts';
import { effectiveClasses } from '../metrics/distribution.ts';
import { dotOfRows } from '../metrics/dot.ts';

/** Classes of a sample. */
export interface ClassShares {
  readonly images: number;
  /** Classes that at least one image falls into. */
  readonly seen: number;
  /** Classes of equal size that would be as varied. */
  readonly effective: number;
  /** Share of the images in the ten largest classes. */
  readonly topTenShare: number;
  /** Images by class, in the order of the classes. */
  readonly counts: readonly { readonly class: string; readonly images: number }[];
}

/**
 * @param images - rows of length 1
 * @param weights - of the classes
 * @param names - of the classes
 * @returns each image counted for its nearest class, ties for the first
 */
export function classesOf(
  images: readonly Float32Array[],
  weights: Embeddings,
  names: readonly string[],
): ClassShares {
  const counts = new Uint32Array(names.length);
  const { data, dimension } = weights;
  for (const image of images) {
    let best = -1;
    let most = -Infinity;
    for (let at = 0; at < names.length; at++) {
      const similarity = dotOfRows(image, 0, data, at * dimension, dimension);
      if (similarity > most) {
        most = similarity;
        best = at;
      }
    }
    if (best >= 0) counts[best] = (counts[best] ?? 0) + 1;
  }
  const topTen = [...counts].sort((a, b) => b - a).slice(0, 10);
  return {
    images: images.length,
    seen: counts.filter((count) => count > 0).length,
    effective: effectiveClasses(counts),
    topTenShare: images.length === 0 ? 0 : topTen.reduce((sum, count) => sum + count, 0) / images.length,
    counts: names.map((name, at) => ({ class: name, images: counts[at] ?? 0 })),
  };
}
