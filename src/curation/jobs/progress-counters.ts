/** Counters that running jobs add to and a progress line reads: BigInt64 in shared memory. */

/** Index of each counter: bytes read, pairs extracted, pairs matched; then how many there are. */
export const PROGRESS = Object.freeze({ bytes: 0, pairs: 1, matched: 2, slots: 3 });

/** What one task adds to the counters, or one thread of it. */
export class TaskProgress {
  readonly #counters: BigInt64Array;
  readonly #added = new BigInt64Array(PROGRESS.slots);

  /** @param counters - of the pool */
  constructor(counters: SharedArrayBuffer) {
    this.#counters = new BigInt64Array(counters);
  }

  /**
   * @param counter - one of {@link PROGRESS}
   * @param amount - how much more
   */
  add(counter: number, amount: number): void {
    Atomics.add(this.#counters, counter, BigInt(amount));
    this.#added[counter] = (this.#added[counter] ?? 0n) + BigInt(amount);
  }

  /** Takes back all that was added: the file may be read once more. */
  takeBack(): void {
    for (const [counter, amount] of this.#added.entries()) Atomics.sub(this.#counters, counter, amount);
    this.#added.fill(0n);
  }
}
