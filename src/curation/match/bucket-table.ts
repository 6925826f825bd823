/**
 * A hash table of the packed automaton while it is filled: which key comes into which bucket. A key that finds its bucket full
 * goes into the next one that is not.
 *
 * Whether a bucket has been found full is told by the order of its keys, without a bit of its own: its last key is larger than
 * its first one if it has, and smaller if not (a free place is 0). So a search that fails looks further only where that can help.
 */
/** Keys are known by numbers, from 0 on. */
export class BucketTable {
  /** First byte. */
  readonly start: number;
  /** Bits by which a hash is shifted right to give a bucket: there are 2^(32 - shift). */
  readonly shift: number;
  readonly #buckets: number;
  readonly #places: number;
  readonly #bucketBytes: number;
  /** Keys, each plus 1. */
  readonly #keys: Int32Array;
  readonly #counts: Uint8Array;
  readonly #isPassed: Uint8Array;

  /**
   * @param start - first byte of the table
   * @param shift - 1 to 31, such that there is a place more than there will be keys
   * @param places - of a bucket
   * @param bucketBytes - size of a bucket
   */
  constructor(start: number, shift: number, places: number, bucketBytes: number) {
    this.start = start;
    this.shift = shift;
    this.#buckets = 2 ** (32 - shift);
    this.#places = places;
    this.#bucketBytes = bucketBytes;
    this.#keys = new Int32Array(this.#buckets * places);
    this.#counts = new Uint8Array(this.#buckets);
    this.#isPassed = new Uint8Array(this.#buckets);
  }

  /**
   * Gives a key its place; those added first are nearest to where they are sought.
   *
   * @param key - its number
   * @param hash - its hash
   * @param maxProbes - buckets to look at
   * @returns false if all of those are full
   */
  add(key: number, hash: number, maxProbes: number): boolean {
    let bucket = hash >>> this.shift;
    for (let probe = 0; probe < maxProbes; probe++) {
      const count = this.#counts[bucket] ?? 0;
      if (count < this.#places) {
        this.#keys[bucket * this.#places + count] = key + 1;
        this.#counts[bucket] = count + 1;
        return true;
      }
      this.#isPassed[bucket] = 1;
      bucket = bucket + 1 === this.#buckets ? 0 : bucket + 1;
    }
    return false;
  }

  /**
   * Orders the keys of full buckets; see the head of this file. To be called when all have been added.
   *
   * @param compare - positive if the first of two keys is the larger number
   */
  arrange(compare: (key: number, other: number) => number): void {
    const keys = this.#keys;
    for (let bucket = 0; bucket < this.#buckets; bucket++) {
      if (this.#counts[bucket] !== this.#places) continue;
      const first = bucket * this.#places;
      const last = first + this.#places - 1;
      const isLarger = compare((keys[last] ?? 0) - 1, (keys[first] ?? 0) - 1) > 0;
      if (isLarger !== (this.#isPassed[bucket] === 1)) {
        const key = keys[first] ?? 0;
        keys[first] = keys[last] ?? 0;
        keys[last] = key;
      }
    }
  }

  /** @returns size of the table */
  get sizeBytes(): number {
    return this.#buckets * this.#bucketBytes;
  }

  /** @param visit - called with each key, the first byte of its bucket, and its place there, in the order of the table */
  forEach(visit: (key: number, bucketStart: number, place: number) => void): void {
    for (const [at, key] of this.#keys.entries()) {
      if (key === 0) continue;
      const bucket = Math.floor(at / this.#places);
      visit(key - 1, this.start + bucket * this.#bucketBytes, at - bucket * this.#places);
    }
  }
}
