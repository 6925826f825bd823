/** A uniform sample of a stream whose length nobody knows, the same whatever the order of the stream. */
import { createHash } from 'node:crypto';

/**
 * Keeps the items with the smallest draws. Equal draws are one item: the draw is made of what the item is.
 *
 * Memory: at most twice `limit` items. Complexity: O(n) and a sort of them for every `limit` items taken in.
 */
export class BoundedSample<T> {
  readonly #limit: number;
  #items: { readonly draw: number; readonly item: T }[] = [];
  #threshold = Infinity;

  /**
   * @param limit - items that are kept
   */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /**
   * @param draw - in [0, 1), from {@link drawOf}
   * @returns whether an item with it might be kept; asking spares making the item
   */
  takes(draw: number): boolean {
    return draw < this.#threshold;
  }

  /**
   * @param draw - in [0, 1), from {@link drawOf}
   * @param item - one more
   */
  add(draw: number, item: T): void {
    if (!this.takes(draw)) return;
    this.#items.push({ draw, item });
    if (this.#items.length >= 2 * this.#limit) this.#compact();
  }

  /** @returns the sample in the order of the draws, which is random: its first n items are a sample of n */
  sorted(): T[] {
    this.#compact();
    return this.#items.map(({ item }) => item);
  }

  #compact(): void {
    this.#items.sort((a, b) => a.draw - b.draw);
    this.#items = this.#items.filter(({ draw }, at) => at === 0 || draw !== this.#items[at - 1]?.draw);
    if (this.#items.length <= this.#limit) return;
    this.#threshold = this.#items[this.#limit]?.draw ?? Infinity;
    this.#items.length = this.#limit;
  }
}

/**
 * @param parts - what tells the item from all others
 * @returns a number in [0, 1) with 48 random bits that depends on nothing else
 */
export function drawOf(...parts: readonly (string | number)[]): number {
  return createHash('sha256').update(JSON.stringify(parts)).digest().readUIntBE(0, 6) / 2 ** 48;
}
