/** A binary heap of places in a word where two symbols may be merged: the merge that is listed first, then the leftmost. */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */

/** Places are below this, merges below 2^21, so that both fit into a float64. */
const PLACES = 2 ** 32;

/** Smallest first by (merge, place). A place may be queued more than once. */
export class MergeQueue {
  #keys: Float64Array;
  #size = 0;

  /** @param capacity - entries for which room is made; it grows when needed */
  constructor(capacity: number) {
    this.#keys = new Float64Array(Math.max(16, capacity));
  }

  /** @returns number of entries */
  get size(): number {
    return this.#size;
  }

  /** @returns merge of the first entry; only while there is one */
  get topMerge(): number {
    return Math.floor(this.#keys[0]! / PLACES);
  }

  /**
   * Adds an entry.
   *
   * @param merge - index of the merge
   * @param place - where in the word
   */
  push(merge: number, place: number): void {
    if (this.#size === this.#keys.length) {
      const grown = new Float64Array(this.#size * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    const keys = this.#keys;
    const key = merge * PLACES + place;
    let at = this.#size++;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (keys[parent]! <= key) break;
      keys[at] = keys[parent]!;
      at = parent;
    }
    keys[at] = key;
  }

  /**
   * Takes the first entry away; only while there is one.
   *
   * @returns its place
   */
  pop(): number {
    const keys = this.#keys;
    const top = keys[0]!;
    const last = keys[--this.#size]!;
    let at = 0;
    for (let child = 1; child < this.#size; child = at * 2 + 1) {
      if (child + 1 < this.#size && keys[child + 1]! < keys[child]!) child++;
      if (keys[child]! >= last) break;
      keys[at] = keys[child]!;
      at = child;
    }
    keys[at] = last;
    return top % PLACES;
  }
}
