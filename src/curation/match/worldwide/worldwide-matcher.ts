/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * Matching by the worldwide rule (Meta CLIP 2): as the English one, but an entry needs a space in front of it (behind it)
 * only if its first (last) character is not one of {@link isOpen}. One list a language.
 *
 * An entry that needs both spaces is exactly an entry of the English rule, so those go to the token matcher, which is the
 * faster by far; only the others are searched character by character.
 */
import type { EntryList } from '../../../metadata/entry-list.ts';
import { createEntryList } from '../../../metadata/entry-list.ts';
import type { Compat } from '../../compat.ts';
import type { PackedAutomaton } from '../automaton.ts';
import { buildAutomaton } from '../build-automaton.ts';
import { Matcher } from '../matcher.ts';
import { BYTE_ENDS_TOKEN, BYTE_IS_TOKEN, makeByteClasses, spaceText } from '../spacing.ts';
import { buildDoubleArray, CODE_TABLE_SIZE, type DoubleArray, type Pattern } from './double-array.ts';
import { isOpen } from './open-characters.ts';

const SPACE = 0x20;

/** A list ready to be searched; plain data over shared memory, to be posted to threads. */
export interface WorldwideAutomaton {
  readonly compat: Compat;
  /** Entries that need a space on both sides. */
  readonly words: PackedAutomaton | null;
  /** Id in the list of each of those. */
  readonly wordIds: Uint32Array;
  /** The others. */
  readonly characters: DoubleArray;
}

/**
 * Builds the automaton of one language's list.
 *
 * Time and memory: linear in the characters of the list.
 *
 * @param list - entries in order
 * @param compat - published or mended rule
 * @returns the automaton, owned by the caller
 * @throws {@link MetaclipError} as `buildAutomaton`
 */
export function buildWorldwideAutomaton(list: EntryList, compat: Compat): WorldwideAutomaton {
  const words: string[] = [];
  const wordIds: number[] = [];
  const patterns: Pattern[] = [];
  for (const [id, entry] of list.entries.entries()) {
    const text = compat === 'metaclip' ? entry : spaceText(entry).replace(/^ +| +$/g, '');
    const codePoints = Array.from(text, (character) => character.codePointAt(0) ?? 0);
    const [first] = codePoints;
    const last = codePoints.at(-1);
    if (first === undefined || last === undefined) continue;
    const isOpenAtStart = isOpen(first, compat);
    const isOpenAtEnd = isOpen(last, compat);
    if (isOpenAtStart || isOpenAtEnd) {
      if (!isOpenAtStart) codePoints.unshift(SPACE);
      if (!isOpenAtEnd) codePoints.push(SPACE);
      patterns.push({ id, codePoints });
    } else {
      words.push(entry);
      wordIds.push(id);
    }
  }
  return {
    compat,
    words: words.length === 0 ? null : buildAutomaton(createEntryList(words, list.source), compat),
    wordIds: Uint32Array.from(wordIds),
    characters: buildDoubleArray(patterns, list.entries.length),
  };
}

/**
 * Matches texts. One for each thread, all over the same automaton.
 *
 * Memory: 12 bytes for each byte of the longest text so far, and what {@link Matcher} needs.
 */
export class WorldwideMatcher {
  readonly #automaton: WorldwideAutomaton;
  readonly #words: Matcher | null;
  readonly #classes = makeByteClasses();
  /** The spaced text as numbers of characters, a space at both ends; 0 for those that no entry has. */
  #spaced = new Int32Array(1024);
  #ids = new Uint32Array(256);
  /** Number of the text in which an entry was found last, by entry id: each counts once a text. */
  readonly #seenIn: Uint32Array;
  #textNumber = 0;

  /** @param automaton - see {@link buildWorldwideAutomaton} */
  constructor(automaton: WorldwideAutomaton) {
    this.#automaton = automaton;
    this.#words = automaton.words === null ? null : new Matcher(automaton.words);
    this.#seenIn = new Uint32Array(automaton.characters.sameAs.length);
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
      const { wordIds } = this.#automaton;
      const wordCount = this.#words.matchBytes(bytes, start, end);
      this.#reserveIds(wordCount);
      for (; count < wordCount; count++) this.#ids[count] = wordIds[this.#words.ids[count]!]!;
    }
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
    if (this.#spaced.length < (end - start) * 3 + 2) this.#spaced = new Int32Array((end - start) * 6 + 2);
    const spaced = this.#spaced;
    const classes = this.#classes;
    const { codes } = this.#automaton.characters;
    const space = codes[SPACE]!;
    let length = 0;
    spaced[length++] = space;
    for (let at = start; at < end;) {
      const byte = bytes[at]!;
      if (byte < 0x80) {
        const byteClass = classes[byte]!;
        if ((byteClass & BYTE_IS_TOKEN) !== 0) {
          spaced[length] = space;
          spaced[length + 1] = codes[byte]!;
          spaced[length + 2] = space;
          length += 3;
        } else {
          spaced[length++] = (byteClass & BYTE_ENDS_TOKEN) !== 0 ? space : codes[byte]!;
        }
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
      // A damaged byte is in no entry.
      spaced[length++] = isWhole && codePoint < CODE_TABLE_SIZE ? codes[codePoint]! : 0;
      at += isWhole ? size : 1;
    }
    spaced[length++] = space;
    return length;
  }

  // Runs the spaced text through the automaton; appends to the ids behind `count`.
  #walk(length: number, count: number): number {
    const spaced = this.#spaced;
    const { nodes, entryOf, outputAfter } = this.#automaton.characters;
    if (++this.#textNumber === 0xffffffff) {
      this.#seenIn.fill(0);
      this.#textNumber = 1;
    }
    let node = 0;
    for (let at = 0; at < length; at++) {
      const character = spaced[at]!;
      if (character === 0) {
        node = 0;
        continue;
      }
      for (;;) {
        const child = nodes[node * 4]! + character;
        if (nodes[child * 4 + 1] === node) {
          node = child;
          break;
        }
        if (node === 0) break;
        node = nodes[node * 4 + 2]!;
      }
      for (let output = nodes[node * 4 + 3]!; output !== 0; output = outputAfter[output]!) {
        count = this.#take(entryOf[output]!, count);
      }
    }
    return count;
  }

  #take(reference: number, count: number): number {
    const { sameAs } = this.#automaton.characters;
    for (let next = reference; next !== 0; next = sameAs[next - 1]!) {
      if (this.#seenIn[next - 1] === this.#textNumber) continue;
      this.#seenIn[next - 1] = this.#textNumber;
      this.#reserveIds(count + 1);
      this.#ids[count++] = next - 1;
    }
    return count;
  }

  #reserveIds(count: number): void {
    if (count <= this.#ids.length) return;
    const grown = new Uint32Array(Math.max(count, this.#ids.length * 2));
    grown.set(this.#ids);
    this.#ids = grown;
  }
}
