/**
 * Byte-pair encoding: the bytes of a word are symbols, and as long as two neighbours are in the list of merges, all
 * occurrences of the pair that stands first in the list become one symbol, from the left.
 *
 * Pairs of token ids are looked up in one open-addressed table; words of more than 64 bytes take a heap instead of rounds,
 * so a word of a megabyte takes a second and not a week.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { MergeQueue } from './merge-queue.ts';

/** What an encoder is made from; ids below 2^20. */
export interface BytePairTables {
  /** Token of each byte inside a word. */
  readonly byteIds: Int32Array;
  /** Token of each byte at the end of a word. */
  readonly lastByteIds: Int32Array;
  /** Left, right and result of each merge, first come first: 3 ids a merge. */
  readonly merges: Int32Array;
}

/** Bytes up to which all pairs are looked at again after each merge, which is faster for short words. */
const SHORT_WORD = 64;

/** Encodes words. */
export class BytePairEncoder {
  readonly #tables: BytePairTables;
  readonly #slots: Int32Array;
  readonly #mask: number;
  #symbols = new Int32Array(SHORT_WORD);

  /** @param tables - kept, not changed */
  constructor(tables: BytePairTables) {
    this.#tables = tables;
    const mergeCount = tables.merges.length / 3;
    const slotCount = 2 ** Math.ceil(Math.log2(Math.max(2, mergeCount * 3)));
    this.#slots = new Int32Array(slotCount).fill(-1);
    this.#mask = slotCount - 1;
    // A pair that is listed twice counts where it stands last, as in a dictionary that is filled in order.
    for (let merge = 0; merge < mergeCount; merge++) {
      this.#slots[this.#slotOf(tables.merges[merge * 3]!, tables.merges[merge * 3 + 1]!)] = merge;
    }
  }

  /**
   * Encodes one word.
   *
   * Complexity: O(n^2) for n <= 64 bytes, O(n log n) beyond; memory 40 n bytes.
   *
   * @param bytes - UTF-8 of the word, at least one byte; not kept
   * @param isShort - which way to take; both give the same answer
   * @returns its token ids, owned by the caller
   */
  encode(bytes: Uint8Array, isShort: boolean = bytes.length <= SHORT_WORD): number[] {
    const { length } = bytes;
    if (this.#symbols.length < length || this.#symbols.length > 2 ** 16) {
      this.#symbols = new Int32Array(Math.max(SHORT_WORD, length));
    }
    const symbols = this.#symbols;
    const { byteIds, lastByteIds } = this.#tables;
    for (let i = 0; i < length - 1; i++) symbols[i] = byteIds[bytes[i]!]!;
    symbols[length - 1] = lastByteIds[bytes[length - 1]!]!;
    return isShort ? this.#mergeInRounds(length) : this.#mergeByQueue(length);
  }

  #mergeInRounds(length: number): number[] {
    const symbols = this.#symbols;
    const { merges } = this.#tables;
    let count = length;
    while (count > 1) {
      let first = -1;
      for (let i = 0; i + 1 < count; i++) {
        const merge = this.#find(symbols[i]!, symbols[i + 1]!);
        if (merge >= 0 && (first < 0 || merge < first)) first = merge;
      }
      if (first < 0) break;
      const left = merges[first * 3]!;
      const right = merges[first * 3 + 1]!;
      const result = merges[first * 3 + 2]!;
      let kept = 0;
      for (let i = 0; i < count; i++) {
        const isPair = symbols[i] === left && i + 1 < count && symbols[i + 1] === right;
        symbols[kept++] = isPair ? result : symbols[i]!;
        if (isPair) i++;
      }
      count = kept;
    }
    return Array.from(symbols.subarray(0, count));
  }

  #mergeByQueue(length: number): number[] {
    const symbols = this.#symbols;
    const { merges } = this.#tables;
    // Neighbours of each symbol; a symbol that was merged into its left neighbour is marked by -1.
    const next = new Int32Array(length);
    const previous = new Int32Array(length);
    for (let i = 0; i < length; i++) {
      next[i] = i + 1;
      previous[i] = i - 1;
    }
    const queue = new MergeQueue(length);
    const offer = (at: number): void => {
      const after = next[at]!;
      if (after >= length) return;
      const merge = this.#find(symbols[at]!, symbols[after]!);
      if (merge >= 0) queue.push(merge, at);
    };
    for (let i = 0; i < length; i++) offer(i);

    const changed: number[] = [];
    while (queue.size > 0) {
      // All occurrences of one pair before any pair that they make, even if that one stands earlier in the list.
      const merge = queue.topMerge;
      const left = merges[merge * 3]!;
      const right = merges[merge * 3 + 1]!;
      changed.length = 0;
      while (queue.size > 0 && queue.topMerge === merge) {
        const at = queue.pop();
        const after = next[at]!;
        if (symbols[at] !== left || after >= length || symbols[after] !== right) continue;
        symbols[at] = merges[merge * 3 + 2]!;
        symbols[after] = -1;
        const behind = next[after]!;
        next[at] = behind;
        if (behind < length) previous[behind] = at;
        changed.push(at);
      }
      for (const at of changed) {
        if (previous[at]! >= 0) offer(previous[at]!);
        offer(at);
      }
    }
    const ids: number[] = [];
    for (let i = 0; i < length; i = next[i]!) ids.push(symbols[i]!);
    return ids;
  }

  // Index of the merge of two tokens, -1 where there is none.
  #find(left: number, right: number): number {
    return this.#slots[this.#slotOf(left, right)]!;
  }

  // Slot where the pair stands, or the free one where it would.
  #slotOf(left: number, right: number): number {
    const { merges } = this.#tables;
    const slots = this.#slots;
    let slot = (Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)) >>> 0;
    slot = (slot ^ (slot >>> 15)) & this.#mask;
    for (;;) {
      const merge = slots[slot]!;
      if (merge < 0 || (merges[merge * 3] === left && merges[merge * 3 + 1] === right)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }
}
