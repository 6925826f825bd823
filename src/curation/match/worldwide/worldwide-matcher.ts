/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/** Matching by the worldwide rule: {@link WorldwideAutomaton} says which, character-automaton.ts what is walked. */
import { attachAutomaton } from '../automaton.ts';
import { Matcher } from '../matcher.ts';
import { CHAINED, CHARACTER_HEADER, NODE_NUMBERS } from './character-automaton.ts';
import { CODE_TABLE_SIZE } from './character-trie.ts';
import type { WorldwideAutomaton } from './worldwide-automaton.ts';

const SPACE = 0x20;
/** Code points that need as many bytes of UTF-8 are not below these: a longer form than needed is damage. */
const SMALLEST_OF_SIZE = [0, 0, 0x80, 0x800, 0x10000];

/**
 * Matches texts. One for each thread, all over the same automaton.
 *
 * Memory: 12 bytes for each byte of the longest text so far, and what {@link Matcher} needs.
 */
export class WorldwideMatcher {
  readonly #words: Matcher | null;
  readonly #wordIds: Uint32Array;
  readonly #hasCharacters: boolean;
  // Parts of the automaton.
  readonly #codes: Uint16Array;
  readonly #ascii: Uint32Array;
  readonly #nodes: Uint32Array;
  readonly #lists: Uint32Array;
  /** The spaced text as characters, a space at both ends. */
  #spaced = new Uint32Array(1024);
  #ids = new Uint32Array(256);
  /** Number of the text in which an entry was found last, by entry id: each counts once a text. */
  readonly #seenIn: Uint32Array;
  #textNumber = 0;

  /** @param automaton - see {@link buildWorldwideAutomaton} */
  constructor(automaton: WorldwideAutomaton) {
    const { shared, charactersStart } = automaton;
    const header = new Uint32Array(shared, charactersStart, 16);
    const read = (position: keyof typeof CHARACTER_HEADER): number => header[CHARACTER_HEADER[position]]!;
    const numbersFrom = (first: number, end: number): Uint32Array =>
      new Uint32Array(shared, first, (end - first) / 4);
    this.#words = automaton.hasWords ? new Matcher(attachAutomaton(shared)) : null;
    this.#hasCharacters = read('patternCount') !== 0;
    this.#codes = new Uint16Array(shared, read('codes'), CODE_TABLE_SIZE);
    this.#ascii = numbersFrom(read('ascii'), read('nodes'));
    this.#nodes = numbersFrom(read('nodes'), read('lists'));
    this.#lists = numbersFrom(read('lists'), read('wordIds'));
    this.#wordIds = new Uint32Array(shared, read('wordIds'), read('wordCount'));
    this.#seenIn = new Uint32Array(read('entryCount'));
  }

  /** @returns entry ids of the last text, ascending, at [0, count); overwritten or replaced by the next call */
  get ids(): Uint32Array {
    return this.#ids;
  }

  /**
   * Finds every entry that occurs in a text.
   *
   * Time: linear in the characters and the matches.
   *
   * @param bytes - UTF-8, of which only the given range is looked at; damaged bytes are in no entry
   * @param start - first byte of the text
   * @param end - byte after the last
   * @returns number of distinct entries found; they stand in {@link WorldwideMatcher.ids}
   */
  matchBytes(bytes: Uint8Array, start: number, end: number): number {
    let count = 0;
    if (this.#words !== null) {
      const wordCount = this.#words.matchBytes(bytes, start, end);
      this.#reserveIds(wordCount);
      for (; count < wordCount; count++) this.#ids[count] = this.#wordIds[this.#words.ids[count]!]!;
    }
    if (!this.#hasCharacters) return count;
    const total = this.#walk(this.#space(bytes, start, end), count);
    // Both halves are disjoint; the first is sorted already.
    if (total > count) this.#ids.subarray(0, total).sort();
    return total;
  }

  /**
   * @param text - any string
   * @returns distinct entry ids, ascending; a new array
   */
  matchText(text: string): number[] {
    const bytes = Buffer.from(text);
    const count = this.matchBytes(bytes, 0, bytes.length);
    return Array.from(this.#ids.subarray(0, count));
  }

  // Applies the spacing rule; gives the length of the spaced text.
  #space(bytes: Uint8Array, start: number, end: number): number {
    // A byte brings three characters at most, when it is punctuation.
    if (this.#spaced.length < (end - start) * 3 + 2) this.#spaced = new Uint32Array((end - start) * 6 + 2);
    const spaced = this.#spaced;
    const ascii = this.#ascii;
    const codes = this.#codes;
    const space = codes[SPACE]!;
    let length = 0;
    spaced[length++] = space;
    for (let at = start; at < end;) {
      const byte = bytes[at]!;
      if (byte < 0x80) {
        const count = ascii[byte * 4 + 3]!;
        for (let i = 0; i < count; i++) spaced[length++] = ascii[byte * 4 + i]!;
        at++;
        continue;
      }
      const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
      let codePoint = byte & (0xff >> (size + 1));
      let isWhole = byte >= 0xc2 && byte < 0xf5 && at + size <= end;
      for (let i = 1; isWhole && i < size; i++) {
        const next = bytes[at + i]!;
        isWhole = (next & 0xc0) === 0x80;
        codePoint = (codePoint << 6) | (next & 0x3f);
      }
      isWhole &&= codePoint >= SMALLEST_OF_SIZE[size]!;
      // A damaged byte is in no entry.
      spaced[length++] = isWhole ? (codes[codePoint] ?? 0) : 0;
      at += isWhole ? size : 1;
    }
    spaced[length++] = space;
    return length;
  }

  // Runs the spaced text through the automaton; appends to the ids behind `count`.
  #walk(length: number, count: number): number {
    const spaced = this.#spaced;
    const nodes = this.#nodes;
    if (++this.#textNumber === 0xffffffff) {
      this.#seenIn.fill(0);
      this.#textNumber = 1;
    }
    let node = 0;
    for (let at = 0; at < length; at++) {
      const character = spaced[at]!;
      for (;;) {
        const low = nodes[node * NODE_NUMBERS]!;
        const child = (low & 0xffffff) + character;
        // A node is its base and a part of its fail, the rest and its character, its output.
        if (nodes[child * NODE_NUMBERS + 1]! >>> 16 === character) {
          node = child;
          break;
        }
        const fail = (low >>> 24) | ((nodes[node * NODE_NUMBERS + 1]! & 0xffff) << 8);
        if (fail === 0) {
          node = character;
          break;
        }
        node = fail;
      }
      const output = nodes[node * NODE_NUMBERS + 2]!;
      if (output !== 0) count = this.#take(output, count);
    }
    return count;
  }

  #take(output: number, before: number): number {
    const lists = this.#lists;
    let count = before;
    for (let next = output; next !== 0;) {
      let size = next & 15;
      let at = next >>> 4;
      if (size === 1) return this.#takeId(at, count);
      next = 0;
      if (size === CHAINED) {
        size = lists[at++]!;
        next = lists[at + size]!;
      }
      for (const end = at + size; at < end; at++) count = this.#takeId(lists[at]!, count);
    }
    return count;
  }

  #takeId(id: number, count: number): number {
    if (this.#seenIn[id] === this.#textNumber) return count;
    this.#seenIn[id] = this.#textNumber;
    this.#reserveIds(count + 1);
    this.#ids[count] = id;
    return count + 1;
  }

  #reserveIds(count: number): void {
    if (count <= this.#ids.length) return;
    const grown = new Uint32Array(Math.max(count, this.#ids.length * 2));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}
