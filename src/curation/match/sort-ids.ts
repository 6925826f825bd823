/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * Puts the ids found in one text into ascending order, each once. Nearly half of the matcher's time went here with
 * insertion sort, whose every step is a branch that cannot be foreseen.
 */

/** Up to this many ids are ranked by counting; a text has 12 on average, and 1 in 200 has more. */
export const RANKED_IDS = 40;
/** Numbers that {@link sortIds} may write past the last id in both arrays. */
export const SORT_PADDING = 4;
/** Above every id. */
const NO_ID = 0x7fffffff;

/**
 * Sorts ids and leaves out repeats.
 *
 * Up to {@link RANKED_IDS}: the place of an id is the number of smaller ones, counted without branches, four against four;
 * repeats share a place and leave a gap, which is closed. 12 ids take 0.11 us, 24 take 0.30; the runtime's own sort takes
 * 0.22 and 0.54, insertion sort more. Above: the runtime's sort, at the price of one small view.
 *
 * Complexity: O(n^2) up to {@link RANKED_IDS}, then O(n log n).
 *
 * @param found - ids in any order, with repeats; its order is lost, and {@link SORT_PADDING} numbers after them as well
 * @param count - how many
 * @param sorted - receives the ids; must have room for count + {@link SORT_PADDING}
 * @returns number of distinct ids written
 */
export function sortIds(found: Int32Array, count: number, sorted: Uint32Array): number {
  if (count > RANKED_IDS) {
    found.subarray(0, count).sort();
    let written = 0;
    let previous = -1;
    for (let at = 0; at < count; at++) {
      const id = found[at]!;
      if (id !== previous) sorted[written++] = id;
      previous = id;
    }
    return written;
  }
  found[count] = NO_ID;
  found[count + 1] = NO_ID;
  found[count + 2] = NO_ID;
  for (let at = 0; at < count; at++) sorted[at] = NO_ID;
  for (let at = 0; at < count; at += 4) {
    const a = found[at]!;
    const b = found[at + 1]!;
    const c = found[at + 2]!;
    const d = found[at + 3]!;
    let rankA = 0;
    let rankB = 0;
    let rankC = 0;
    let rankD = 0;
    for (let other = 0; other < count; other += 4) {
      const e = found[other]!;
      const f = found[other + 1]!;
      const g = found[other + 2]!;
      const h = found[other + 3]!;
      // All are in [0, 2^31), so the sign of a difference is the comparison; the padding is above all and counts nowhere.
      rankA += ((e - a) >>> 31) + ((f - a) >>> 31) + ((g - a) >>> 31) + ((h - a) >>> 31);
      rankB += ((e - b) >>> 31) + ((f - b) >>> 31) + ((g - b) >>> 31) + ((h - b) >>> 31);
      rankC += ((e - c) >>> 31) + ((f - c) >>> 31) + ((g - c) >>> 31) + ((h - c) >>> 31);
      rankD += ((e - d) >>> 31) + ((f - d) >>> 31) + ((g - d) >>> 31) + ((h - d) >>> 31);
    }
    // The padding ranks at count, past the ids.
    sorted[rankD] = d;
    sorted[rankC] = c;
    sorted[rankB] = b;
    sorted[rankA] = a;
  }
  let written = 0;
  for (let at = 0; at < count; at++) {
    const id = sorted[at]!;
    sorted[written] = id;
    written += id === NO_ID ? 0 : 1;
  }
  return written;
}
