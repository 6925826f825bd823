/**
 * From a token to the sum of its feature rows, as fastText's dictionary does it: the row of the word, if it is known, then
 * the rows of its character n-grams of 2 to 4 code points over `<token>`, by first character and then by length. Pruned
 * n-grams have no row. Rows are added one after another in float32, so the sum is fastText's to the last bit.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { LABEL_PREFIX, LID_DIMENSION } from './fasttext-file.ts';
import type { LID_BUCKETS } from './fasttext-file.ts';
import { hashFastText } from './fasttext-hash.ts';
import type { HASH_BASIS, HASH_PRIME } from './fasttext-hash.ts';
import type { LidModel } from './lid-model.ts';

const OPEN = 0x3c;
const CLOSE = 0x3e;
const LABEL_PREFIX_BYTES = new TextEncoder().encode(LABEL_PREFIX);
/** Row numbers gathered before they are added. */
const LIST_LENGTH = 1024;

/** Adds the rows of tokens to a vector; holds scratch space, so each thread makes its own. */
export class TokenRows {
  readonly #model: LidModel;
  /** `<token>` and a zero that stops the search for continuation bytes; as long as the longest token met. */
  #chars = new Int8Array(256);
  readonly #list = new Uint16Array(LIST_LENGTH + 3);

  /** @param model - tables to read */
  constructor(model: LidModel) {
    this.#model = model;
  }

  /**
   * Adds the rows of one token.
   *
   * Ill-formed UTF-8 is cut into characters as fastText cuts it: a lone continuation byte belongs to whatever stands
   * before it, be it the `<`.
   *
   * Complexity: O(token bytes); allocates only when a token is longer than any before.
   *
   * @param bytes - text
   * @param start - first byte of the token
   * @param end - the byte after it; the token is not empty and holds no separator
   * @param target - 16 numbers, added to
   * @returns number of rows added
   */
  add(bytes: Uint8Array, start: number, end: number, target: Float32Array): number {
    // fastText takes such a token for a label of the line, known or not: it adds nothing.
    if (bytes[start] === LABEL_PREFIX_BYTES[0] && startsWithLabelPrefix(bytes, start, end)) return 0;
    const { rows } = this.#model;
    const word = this.#findWord(bytes, start, end);
    if (word < 0) return this.#addNgrams(bytes, start, end, target);
    addRow(rows, word, target);
    return word === 0 ? 1 : 1 + this.#addNgrams(bytes, start, end, target); // `</s>` has no n-grams
  }

  // Gives the word's number, or -1.
  #findWord(bytes: Uint8Array, start: number, end: number): number {
    const { wordSlots, wordEnds, wordBytes } = this.#model;
    const mask = wordSlots.length - 1;
    for (let slot = hashFastText(bytes, start, end) & mask; ; slot = (slot + 1) & mask) {
      const word = wordSlots[slot]! - 1;
      if (word < 0) return -1;
      const wordStart = wordEnds[word]!;
      if (wordEnds[word + 1]! - wordStart !== end - start) continue;
      let i = 0;
      while (start + i < end && wordBytes[wordStart + i] === bytes[start + i]) i++;
      if (start + i === end) return word;
    }
  }

  // The three lengths are written out, the divisor is a constant, and a pruned n-gram moves a counter by 0 where a branch
  // would be guessed wrong every second time: together 3.7 times as fast as the plain loops over fastText's rule.
  // Keeping the sums of recent words in a table instead was measured too: 15-20% faster yet with a 16 MB table per thread,
  // slower with 4 MB, and the order of additions lost. The constants are repeated as locals because V8 folds those into
  // the code and reads a module's constants anew each time (1.7 times as fast in all; the types keep them equal).
  #addNgrams(bytes: Uint8Array, start: number, end: number, target: Float32Array): number {
    const basis: typeof HASH_BASIS = -2128831035;
    const prime: typeof HASH_PRIME = 16777619;
    const buckets: typeof LID_BUCKETS = 2_000_000;
    const firstLead = -64; // a signed byte below this is a UTF-8 continuation byte, 0x80 to 0xbf
    const { rows, bucketRows } = this.#model;
    const list = this.#list;
    const chars = this.#spell(bytes, start, end);
    const charsEnd = end - start + 2;
    let added = 0;
    let count = 0;
    // The last character is the closing bracket, and no n-gram of two begins there.
    for (let first = 0; first < charsEnd - 1; first++) {
      if (chars[first]! < firstLead) continue;
      if (count >= LIST_LENGTH - 3) {
        addRows(rows, list, count, target);
        added += count;
        count = 0;
      }
      let at = first;
      let hash = Math.imul(basis ^ chars[at++]!, prime);
      while (chars[at]! < firstLead) hash = Math.imul(hash ^ chars[at++]!, prime);

      hash = Math.imul(hash ^ chars[at++]!, prime);
      while (chars[at]! < firstLead) hash = Math.imul(hash ^ chars[at++]!, prime);
      let row = bucketRows[(hash >>> 0) % buckets]!;
      list[count] = row;
      count += (row + 0xffff) >>> 16; // 0 for row 0, else 1
      if (at === charsEnd) continue;

      hash = Math.imul(hash ^ chars[at++]!, prime);
      while (chars[at]! < firstLead) hash = Math.imul(hash ^ chars[at++]!, prime);
      row = bucketRows[(hash >>> 0) % buckets]!;
      list[count] = row;
      count += (row + 0xffff) >>> 16;
      if (at === charsEnd) continue;

      hash = Math.imul(hash ^ chars[at++]!, prime);
      while (chars[at]! < firstLead) hash = Math.imul(hash ^ chars[at++]!, prime);
      row = bucketRows[(hash >>> 0) % buckets]!;
      list[count] = row;
      count += (row + 0xffff) >>> 16;
    }
    addRows(rows, list, count, target);
    return added + count;
  }

  // Writes `<token>` as signed bytes, which is what fastText hashes.
  #spell(bytes: Uint8Array, start: number, end: number): Int8Array {
    const length = end - start;
    if (length + 3 > this.#chars.length) this.#chars = new Int8Array(2 * (length + 3));
    const chars = this.#chars;
    chars[0] = OPEN;
    for (let i = 0; i < length; i++) chars[i + 1] = bytes[start + i]!;
    chars[length + 1] = CLOSE;
    chars[length + 2] = 0;
    return chars;
  }
}

function startsWithLabelPrefix(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < LABEL_PREFIX_BYTES.length) return false;
  for (let i = 0; i < LABEL_PREFIX_BYTES.length; i++) {
    if (bytes[start + i] !== LABEL_PREFIX_BYTES[i]) return false;
  }
  return true;
}

function addRows(rows: Float32Array, list: Uint16Array, count: number, target: Float32Array): void {
  for (let i = 0; i < count; i++) addRow(rows, list[i]!, target);
}

/**
 * Adds one row to a vector; the store into the Float32Array is the rounding.
 *
 * @param rows - the model's rows
 * @param row - row number
 * @param target - 16 numbers, added to
 */
export function addRow(rows: Float32Array, row: number, target: Float32Array): void {
  const from = row * LID_DIMENSION;
  target[0]! += rows[from]!;
  target[1]! += rows[from + 1]!;
  target[2]! += rows[from + 2]!;
  target[3]! += rows[from + 3]!;
  target[4]! += rows[from + 4]!;
  target[5]! += rows[from + 5]!;
  target[6]! += rows[from + 6]!;
  target[7]! += rows[from + 7]!;
  target[8]! += rows[from + 8]!;
  target[9]! += rows[from + 9]!;
  target[10]! += rows[from + 10]!;
  target[11]! += rows[from + 11]!;
  target[12]! += rows[from + 12]!;
  target[13]! += rows[from + 13]!;
  target[14]! += rows[from + 14]!;
  target[15]! += rows[from + 15]!;
}
