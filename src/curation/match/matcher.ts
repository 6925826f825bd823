/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a check costs 10 % */
/**
 * Finds the entries in a text. The rule: spacing.ts; the memory that is searched: automaton.ts.
 *
 * A text goes through in windows of tokens, each in three passes, because passes of one kind of work let the processor
 * overlap the memory accesses of neighbouring tokens:
 *   1. find tokens: split the bytes, look every token up, keep the number of its record (0: in no entry);
 *   2. take entries: of each token alone, and by the edges from each pair of neighbours whose masks allow it;
 *   3. sort the ids.
 * A window ends with as many tokens carried over as the longest entry needs, so its size does not show in the result and
 * memory does not grow with the text.
 */
import { MetaclipError } from '../../common/errors.ts';
import { EMPTY_TOKEN_INDEX, SINGLE_BYTE_BASE } from './automaton.ts';
import type { PackedAutomaton } from './automaton.ts';
import { sortIds, SORT_PADDING } from './sort-ids.ts';
import { BYTE_BLANK, BYTE_NUL, BYTE_PUNCTUATION, makeByteClasses } from './spacing.ts';
import { extendHash, hashEdge, hashLong, hashMedium, hashShort, neighbourBit } from './token-hash.ts';

/** Tokens of a window beside those carried over. */
const WINDOW_TOKENS = 4096;
/** A word at a time is read, so up to 3 bytes past the end of a text; a text nearer to the end of its buffer is copied. */
const OVERREAD_BYTES = 3;
/** For a token that ends k bytes into a word: the bits that belong to it. */
const KEPT_BITS = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1);

const encoder = new TextEncoder();

/**
 * Matches texts against one automaton. Not thread-safe itself: one for each thread, all over the same shared block.
 *
 * Memory: about 64 KB of its own, plus 8 bytes for each match of the richest text so far.
 */
export class Matcher {
  readonly #automaton: PackedAutomaton;
  readonly #classes = makeByteClasses();
  readonly #carriedTokens: number;
  readonly #records: Int32Array;
  readonly #candidates: Int32Array;
  #found: Int32Array = new Int32Array(2 * WINDOW_TOKENS);
  #ids: Uint32Array = new Uint32Array(256);
  #viewed: Uint8Array | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #scratch: Uint8Array = new Uint8Array(1024);
  /** Where the next window starts in the text, or -1 when the last token has been read. */
  #nextByte = -1;

  /**
   * @param automaton - see {@link attachAutomaton} and {@link buildAutomaton}
   */
  constructor(automaton: PackedAutomaton) {
    this.#automaton = automaton;
    this.#carriedTokens = Math.max(0, automaton.maxEntryTokens - 1);
    // Two for the punctuation token that may come on top, one for the null record that ends the row.
    this.#records = new Int32Array(WINDOW_TOKENS + this.#carriedTokens + 3);
    this.#candidates = new Int32Array(this.#records.length);
  }

  /** @returns entry ids of the last text, ascending, at [0, count); overwritten or replaced by the next call */
  get ids(): Uint32Array {
    return this.#ids;
  }

  /**
   * Finds every entry that occurs in a text.
   *
   * Complexity: O(bytes + tokens x tokens of the longest entry that starts there + n log n) for n matches; no allocation
   * while texts lie in the same array with 3 bytes to spare and have at most 32 matches (else: one small view).
   *
   * @param bytes - UTF-8 (damaged UTF-8 is matched byte by byte), of which only the given range is looked at; the matcher
   *   keeps a reference to the array until it is given another
   * @param start - first byte of the text
   * @param end - byte after the last
   * @returns number of distinct entries found; they stand in {@link Matcher.ids}
   * @throws {MetaclipError} `E_USAGE` if the range does not lie inside the array; nothing in a text can make it throw
   */
  matchBytes(bytes: Uint8Array, start: number, end: number): number {
    if (!(start >= 0 && start <= end && end <= bytes.length)) {
      throw new MetaclipError('E_USAGE', `text range [${start}, ${end}) outside of ${bytes.length} bytes`);
    }
    if (end + OVERREAD_BYTES <= bytes.length) return this.#match(bytes, start, end);
    const length = end - start;
    const scratch = this.#reserveScratch(length + OVERREAD_BYTES);
    // By hand: the view that `set` needs costs more than copying a caption.
    for (let at = 0; at < length; at++) scratch[at] = bytes[start + at]!;
    return this.#match(scratch, 0, length);
  }

  /**
   * Finds every entry that occurs in a text.
   *
   * @param text - any string; half of a surrogate pair counts as U+FFFD, which is what its UTF-8 form has
   * @returns distinct entry ids, ascending; a new array
   */
  matchText(text: string): number[] {
    const scratch = this.#reserveScratch(text.length * 3 + OVERREAD_BYTES);
    const { written } = encoder.encodeInto(text, scratch);
    const count = this.#match(scratch, 0, written);
    return Array.from(this.#ids.subarray(0, count));
  }

  #reserveScratch(sizeBytes: number): Uint8Array {
    if (this.#scratch.length < sizeBytes) this.#scratch = new Uint8Array(sizeBytes * 2);
    return this.#scratch;
  }

  #match(bytes: Uint8Array, start: number, end: number): number {
    if (bytes !== this.#viewed) {
      this.#viewed = bytes;
      this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    const records = this.#records;
    let foundCount = 0;
    let carried = 0;
    let byte = start;
    for (;;) {
      const tokenCount = this.#findTokens(bytes, byte, end, carried);
      byte = this.#nextByte;
      if (byte < 0) {
        foundCount = this.#takeEntries(tokenCount, tokenCount, foundCount);
        break;
      }
      carried = this.#carriedTokens;
      const startCount = tokenCount - carried;
      foundCount = this.#takeEntries(startCount, tokenCount, foundCount);
      records.copyWithin(0, startCount, tokenCount);
    }
    if (this.#ids.length < foundCount + SORT_PADDING)
      this.#ids = new Uint32Array(2 * foundCount + SORT_PADDING);
    return sortIds(this.#found, foundCount, this.#ids);
  }

  /**
   * Pass 1: writes the records of the tokens of [start, end) behind those already carried, until the window is full.
   *
   * The end of a token is sought four bytes at a time: bytes of 0x40 and more other than the backtick are ordinary, and
   * only the others are looked up in the class table. A word with such a byte of another text behind the end is no
   * harm, since every hit is compared with the end.
   *
   * @param bytes - holds the text
   * @param start - byte of the text to go on from
   * @param end - byte after the text
   * @param carried - tokens already in the window
   * @returns number of tokens in the window, and in `#nextByte` where to go on
   */
  #findTokens(bytes: Uint8Array, start: number, end: number, carried: number): number {
    const { tables, seed, maxTokenBytes } = this.#automaton;
    const { shortBase, shortMask, mediumBase, mediumMask, longBase, longMask } = this.#automaton;
    const view = this.#view;
    const classes = this.#classes;
    const records = this.#records;
    const tokenLimit = records.length - 3;
    const emptyRecord = tables[SINGLE_BYTE_BASE + EMPTY_TOKEN_INDEX]!;
    let tokenCount = carried;
    let tokenStart = start;
    for (;;) {
      let at = tokenStart;
      let byteClass = BYTE_BLANK;
      let hasNul = false;
      seek: for (; at < end; at += 4) {
        const word = view.getInt32(at, true);
        const tick = word ^ 0x60606060;
        // The top bit of each byte that is below 0x40, or is a backtick; past a backtick a few more, which is no harm.
        let suspects =
          ((~(word | (word >>> 1)) & 0x40404040) << 1) | ((tick - 0x01010101) & ~tick & 0x80808080);
        while (suspects !== 0) {
          const suspect = at + ((31 - Math.clz32(suspects & -suspects)) >>> 3);
          if (suspect >= end) {
            at = end;
            break seek;
          }
          byteClass = classes[bytes[suspect]!]!;
          if (byteClass === BYTE_BLANK || byteClass === BYTE_PUNCTUATION) {
            at = suspect;
            break seek;
          }
          if (byteClass === BYTE_NUL) hasNul = true;
          suspects &= suspects - 1;
        }
      }
      const isLast = at >= end;
      const tokenEnd = isLast ? end : at;
      const length = tokenEnd - tokenStart;

      let record = 0;
      if (length <= 4) {
        if (length <= 1) {
          record = length === 0 ? emptyRecord : tables[SINGLE_BYTE_BASE + bytes[tokenStart]!]!;
        } else {
          const a = view.getInt32(tokenStart, true) & KEPT_BITS[length]!;
          for (let offset = hashShort(seed, a) << 2; ; offset += 4) {
            record = shortBase + (offset & shortMask);
            const key = tables[record + 2]!;
            if (key === a) break;
            if (key === 0) {
              record = 0;
              break;
            }
          }
        }
      } else if (length <= 8) {
        const a = view.getInt32(tokenStart, true);
        const b = view.getInt32(tokenStart + 4, true) & KEPT_BITS[length - 4]!;
        for (let offset = hashMedium(seed, a, b) << 2; ; offset += 4) {
          record = mediumBase + (offset & mediumMask);
          const key = tables[record + 2]!;
          if (key === a && tables[record + 3] === b) break;
          if (key === 0) {
            record = 0;
            break;
          }
        }
      } else if (length <= maxTokenBytes) {
        const a = view.getInt32(tokenStart, true);
        const b = view.getInt32(tokenStart + 4, true);
        const c = view.getInt32(tokenStart + 8, true) & KEPT_BITS[length < 12 ? length - 8 : 4]!;
        const d =
          length <= 12 ? 0 : view.getInt32(tokenStart + 12, true) & KEPT_BITS[length < 16 ? length - 12 : 4]!;
        const hash = hashLong(seed, a, b, c, d);
        if (length <= 16) {
          for (let offset = hash << 3; ; offset += 8) {
            record = longBase + (offset & longMask);
            const key = tables[record + 2]!;
            if (key === a && tables[record + 3] === b && tables[record + 4] === c && tables[record + 5] === d)
              break;
            if (key === 0) {
              record = 0;
              break;
            }
          }
        } else {
          record = this.#findHuge(bytes, tokenStart, tokenEnd, hash);
        }
      }
      // A token with a NUL looks like a shorter one in the zero-padded tables, and is in no entry.
      if (hasNul) record = 0;
      records[tokenCount++] = record;
      if (isLast) {
        tokenStart = -1;
        break;
      }
      if (byteClass === BYTE_PUNCTUATION) records[tokenCount++] = tables[SINGLE_BYTE_BASE + bytes[at]!]!;
      tokenStart = at + 1;
      if (tokenCount >= tokenLimit) break;
    }
    // The null record: ends every walk.
    records[tokenCount] = 0;
    this.#nextByte = tokenStart;
    return tokenCount;
  }

  /**
   * Looks up a token of 17 bytes or more.
   *
   * @param bytes - holds the text
   * @param start - first byte of the token
   * @param end - byte after it
   * @param hash16 - hash of its first 16 bytes
   * @returns its record, or 0
   */
  #findHuge(bytes: Uint8Array, start: number, end: number, hash16: number): number {
    const { tables, pool, hugeBase, hugeMask } = this.#automaton;
    const view = this.#view;
    const length = end - start;
    let hash = hash16;
    let at = start + 16;
    for (; at + 4 <= end; at += 4) hash = extendHash(hash, view.getInt32(at, true));
    if (at < end) hash = extendHash(hash, view.getInt32(at, true) & KEPT_BITS[end - at]!);
    for (let offset = hash << 3; ; offset += 8) {
      const record = hugeBase + (offset & hugeMask);
      const keyLength = tables[record + 3]!;
      if (keyLength === 0) return 0;
      if (keyLength !== length || tables[record + 2] !== hash) continue;
      const keyStart = tables[record + 4]!;
      let same = 0;
      while (same < length && pool[keyStart + same] === bytes[start + same]) same++;
      if (same === length) return record;
    }
  }

  /**
   * Pass 2: appends the entries that start at the first `startCount` tokens of the window.
   *
   * @param startCount - tokens at which an entry may start; those behind them are only read on into
   * @param tokenCount - tokens in the window
   * @param foundBefore - ids in `#found`
   * @returns how many ids `#found` holds now
   */
  #takeEntries(startCount: number, tokenCount: number, foundBefore: number): number {
    const { tables, seed, edgeBase, edgeMask } = this.#automaton;
    const records = this.#records;
    const candidates = this.#candidates;
    let count = this.#makeRoom(foundBefore, startCount);
    let found = this.#found;
    let candidateCount = 0;
    let record = records[0]!;
    let masks = tables[record + 1]!;
    // Without branches but for the groups, which the published rule never has.
    for (let at = 0; at < startCount; at++) {
      const reference = tables[record]!;
      if (reference < 0) {
        count = this.#takeGroup(-reference, count, startCount);
        found = this.#found;
      } else {
        found[count] = reference - 1;
        count += reference === 0 ? 0 : 1;
      }
      const nextRecord = records[at + 1]!;
      const nextMasks = tables[nextRecord + 1]!;
      candidates[candidateCount] = at;
      candidateCount +=
        (masks >>> neighbourBit(nextRecord)) & (nextMasks >>> (16 + neighbourBit(record))) & 1;
      record = nextRecord;
      masks = nextMasks;
    }
    for (let candidate = 0; candidate < candidateCount; candidate++) {
      let at = candidates[candidate]!;
      let state = records[at]!;
      while (state !== 0 && ++at < tokenCount) {
        const word = records[at]!;
        if (word === 0) break;
        let edge: number;
        for (let offset = hashEdge(seed, state, word) << 2; ; offset += 4) {
          edge = edgeBase + (offset & edgeMask);
          const key = tables[edge + 1]!;
          if (key === word && tables[edge] === state) break;
          if (key === 0) {
            edge = 0;
            break;
          }
        }
        // The null record again: no entry, no next state.
        const reference = tables[edge + 2]!;
        if (reference < 0) count = this.#takeGroup(-reference, count, 0);
        else if (reference > 0) {
          if (count + SORT_PADDING >= found.length) count = this.#makeRoom(count, 1);
          this.#found[count++] = reference - 1;
        }
        found = this.#found;
        state = tables[edge + 3]!;
      }
    }
    return count;
  }

  /**
   * Appends the ids of a group.
   *
   * @param group - its number in the tables
   * @param foundCount - ids in `#found`
   * @param roomAfter - places to keep free behind it
   * @returns how many ids `#found` holds now
   */
  #takeGroup(group: number, foundCount: number, roomAfter: number): number {
    const { tables } = this.#automaton;
    const size = tables[group]!;
    const count = this.#makeRoom(foundCount, size + roomAfter);
    for (let member = 1; member <= size; member++) this.#found[count + member - 1] = tables[group + member]!;
    return count + size;
  }

  /**
   * Makes room in `#found`: first by leaving out repeats, so that its size follows the distinct matches and not the
   * length of the text, then by growing it. Each sort frees or is followed by at least as many free places as it touched,
   * so the cost of one append stays O(log n).
   *
   * @param count - ids in `#found`
   * @param additional - places needed
   * @returns how many ids it holds now
   */
  #makeRoom(count: number, additional: number): number {
    if (count + additional + SORT_PADDING <= this.#found.length) return count;
    if (this.#ids.length < count + SORT_PADDING) this.#ids = new Uint32Array(2 * count + SORT_PADDING);
    const distinct = sortIds(this.#found, count, this.#ids);
    const needed = 2 * (distinct + additional + SORT_PADDING);
    if (needed > this.#found.length) this.#found = new Int32Array(Math.max(needed, 2 * this.#found.length));
    for (let at = 0; at < distinct; at++) this.#found[at] = this.#ids[at]!;
    return distinct;
  }
}
