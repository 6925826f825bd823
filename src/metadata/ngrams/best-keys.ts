/** Keeps the best of many scored entries: by score, highest first, and among equals by code point. */
import { MetaclipError } from '../../common/errors.ts';

/** One scored entry. */
export interface ScoredKey {
  readonly key: string;
  readonly score: number;
}

/** Most entries of a ranking: what a list may hold and a process can sort in about 2 GB. */
export const MAX_RANKED = 10_000_000;

/**
 * @param a - entry
 * @param b - entry
 * @returns negative when a comes first; the order is total where keys differ
 */
export function compareScored(a: ScoredKey, b: ScoredKey): number {
  return b.score - a.score || compareCodePoints(a.key, b.key);
}

/**
 * Compares by code points, as UTF-8 bytes do; JavaScript's own order is that of UTF-16 units, which puts astral characters
 * before U+E000.
 *
 * @param a - string
 * @param b - string
 * @returns negative when a comes first, 0 when they are equal
 */
export function compareCodePoints(a: string, b: string): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const [unitA, unitB] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (unitA === unitB) continue;
    const [isSurrogateA, isSurrogateB] = [(unitA & 0xf800) === 0xd800, (unitB & 0xf800) === 0xd800];
    return isSurrogateA === isSurrogateB ? unitA - unitB : isSurrogateA ? 1 : -1;
  }
  return a.length - b.length;
}

/** See the head of this file. Memory: twice the limit, in entries. */
export class BestKeys {
  readonly #limit: number;
  readonly #isCut: boolean;
  readonly #what: string;
  #entries: ScoredKey[] = [];
  #worst: ScoredKey | undefined;

  /**
   * @param limit - how many are kept; undefined: all, up to {@link MAX_RANKED}
   * @param what - what the entries are, for the message
   */
  constructor(limit: number | undefined, what: string) {
    this.#limit = limit ?? MAX_RANKED;
    this.#isCut = limit !== undefined;
    this.#what = what;
  }

  /**
   * @param score - its score
   * @returns whether an entry of this score can still be among the best; ask before making its key
   */
  accepts(score: number): boolean {
    return this.#worst === undefined || score >= this.#worst.score;
  }

  /**
   * @param key - entry, given once
   * @param score - its score
   * @throws {@link MetaclipError} `E_USAGE` when there is no limit and more than {@link MAX_RANKED} entries come
   */
  add(key: string, score: number): void {
    const entry = { key, score };
    if (this.#worst !== undefined && compareScored(entry, this.#worst) > 0) return;
    this.#entries.push(entry);
    if (!this.#isCut && this.#entries.length > this.#limit) {
      throw new MetaclipError('E_USAGE', `more than ${MAX_RANKED} ${this.#what} pass the threshold`, {
        hint: 'raise the threshold, or take a number of the best with --top',
        details: { limit: MAX_RANKED },
      });
    }
    if (this.#isCut && this.#entries.length >= this.#limit * 2 + 64) this.#prune();
  }

  /** @returns the best, best first */
  finish(): ScoredKey[] {
    this.#prune();
    return this.#entries;
  }

  #prune(): void {
    this.#entries.sort(compareScored);
    if (this.#entries.length < this.#limit) return;
    this.#entries.length = this.#limit;
    this.#worst = this.#entries.at(-1);
  }
}
