/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * Finds the entries in a text. The rule: spacing.ts; the memory that is searched: automaton.ts.
 *
 * A text goes through in windows of tokens, each in three passes, because passes of one kind of work let the processor
 * overlap the memory accesses of neighbouring tokens:
 *   1. find tokens: split the bytes, look every token up, keep its record;
 *   2. take entries: of each token alone, and by the edges from each pair of neighbours whose masks allow it;
 *   3. sort the ids.
 * A window ends with as many tokens carried over as the longest entry needs, so its size does not show in the result and
 * memory does not grow with the text.
 */
import { MetaclipError } from '../../common/errors.ts';
import {
  BUCKET_BYTES,
  DEEP_NUMBER_BITS,
  DEEP_STATE,
  EMPTY_TOKEN_INDEX,
  HUGE_BYTES,
  NULL_RECORD,
  SINGLE_BYTES_START,
} from './automaton.ts';
import type { PackedAutomaton } from './automaton.ts';
import { sortIds, SORT_PADDING } from './sort-ids.ts';
import { BYTE_ENDS_TOKEN, BYTE_IS_NUL, BYTE_IS_TOKEN, makeByteClasses } from './spacing.ts';
import { deepBit, extendHash, hashEdge, hashLong, hashShort, neighbourBit } from './token-hash.ts';

/** Bytes of a window, but always a whole token; a byte can bring two tokens. */
const WINDOW_BYTES = 2048;
/** Eight bytes at a time are read, so up to 8 past the end of a text; a text nearer to the end of its array is copied. */
const OVERREAD_BYTES = 8;
/** For a token of 0-8 bytes: the bits of its first and of its second four bytes that belong to it. */
const KEPT_LOW = Int32Array.of(0, 0xff, 0xffff, 0xffffff, -1, -1, -1, -1, -1);
const KEPT_HIGH = Int32Array.of(0, 0, 0, 0, 0, 0xff, 0xffff, 0xffffff, -1);

const DEEP_NUMBER = (1 << DEEP_NUMBER_BITS) - 1;

const encoder = new TextEncoder();

/**
 * Matches texts against one automaton. Not thread-safe itself: one for each thread, all over the same shared block.
 *
 * Memory: about 80 KB of its own, 8 bytes for each token of the longest entry, 16 for each match of the richest text so far.
 */
export class Matcher {
  readonly #automaton: PackedAutomaton;
  readonly #classes = makeByteClasses();
  readonly #carriedTokens: number;
  readonly #records: Int32Array;
  readonly #candidates: Int32Array;
  readonly #ends = new Int32Array(WINDOW_BYTES + 2);
  #found: Int32Array = new Int32Array(4 * WINDOW_BYTES);
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
    // Two tokens for each byte and the end of the text, and the null record that ends the row.
    this.#records = new Int32Array(this.#carriedTokens + 2 * (WINDOW_BYTES + 1) + 1);
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
   * while texts lie in the same array with 8 bytes to spare and have at most 40 matches (else: one small view).
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
    if (this.#scratch.length < sizeBytes) {
      this.#scratch = new Uint8Array(Math.max(sizeBytes, 2 * this.#scratch.length));
    }
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
      // Entries that start in the last tokens may go on in the next window, so those are carried over into it.
      carried = Math.min(this.#carriedTokens, tokenCount);
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
   * First the places where tokens end are listed, without a branch on what a byte is; then the tokens are looked up one
   * after the other. So the speed does not depend on what the bytes are. Tried and not faster: seeking each end by 32-bit tricks (equal), and caches of 2,048 to 16,384 recent tokens and edges in front of the tables (0 to 13 % slower).
   *
   * @param bytes - holds the text, and {@link OVERREAD_BYTES} more
   * @param start - byte of the text to go on from
   * @param end - byte after the text
   * @param carried - tokens already in the window
   * @returns number of tokens in the window, and in `#nextByte` where to go on
   */
  #findTokens(bytes: Uint8Array, start: number, end: number, carried: number): number {
    const view = this.#view;
    const classes = this.#classes;
    const ends = this.#ends;
    let endCount = 0;
    let seen = 0;
    let at = start;
    const limit = Math.min(end, start + WINDOW_BYTES);
    for (; at + 4 <= limit; at += 4) {
      // One load and one bounds check for four bytes.
      const word = view.getInt32(at, true);
      const class0 = classes[word & 0xff]!;
      const class1 = classes[(word >>> 8) & 0xff]!;
      const class2 = classes[(word >>> 16) & 0xff]!;
      const class3 = classes[word >>> 24]!;
      ends[endCount] = at;
      endCount += class0 & BYTE_ENDS_TOKEN;
      ends[endCount] = at + 1;
      endCount += class1 & BYTE_ENDS_TOKEN;
      ends[endCount] = at + 2;
      endCount += class2 & BYTE_ENDS_TOKEN;
      ends[endCount] = at + 3;
      endCount += class3 & BYTE_ENDS_TOKEN;
      seen |= class0 | class1 | class2 | class3;
    }
    // The rest of the window, and of a token longer than it.
    for (; at < limit || (endCount === 0 && at < end); at++) {
      const byteClass = classes[bytes[at]!]!;
      ends[endCount] = at;
      endCount += byteClass & BYTE_ENDS_TOKEN;
      seen |= byteClass;
    }
    const isLast = at === end;
    if (isLast) ends[endCount++] = end;

    const { numbers, maxTokenBytes } = this.#automaton;
    const records = this.#records;
    const emptyRecord = numbers[SINGLE_BYTES_START / 4 + EMPTY_TOKEN_INDEX]!;
    const mayHaveNul = (seen & BYTE_IS_NUL) !== 0;
    let tokenCount = carried;
    let tokenStart = start;
    for (let token = 0; token < endCount; token++) {
      const tokenEnd = ends[token]!;
      const length = tokenEnd - tokenStart;
      let record = NULL_RECORD;
      if (length === 0) record = emptyRecord;
      else if (length <= 8) record = this.#findShort(tokenStart, length);
      else if (length <= maxTokenBytes) record = this.#findLong(bytes, tokenStart, length);
      // A token with a NUL looks like a shorter one in the zero-padded tables, and is in no entry.
      if (mayHaveNul && hasNul(bytes, tokenStart, tokenEnd)) record = NULL_RECORD;
      records[tokenCount++] = record;
      // Written in any case, and kept if the byte that ends the token is a token itself.
      const ender = bytes[tokenEnd]!;
      records[tokenCount] = numbers[SINGLE_BYTES_START / 4 + ender]!;
      tokenCount += (classes[ender]! & BYTE_IS_TOKEN) >> 1;
      tokenStart = tokenEnd + 1;
    }
    // What lies behind the text has ended its last token, but is none of it.
    if (isLast) tokenCount -= (classes[bytes[end]!]! & BYTE_IS_TOKEN) >> 1;
    // Ends every walk.
    records[tokenCount] = NULL_RECORD;
    this.#nextByte = isLast ? -1 : tokenStart;
    return tokenCount;
  }

  // The record of a token of 1-8 bytes.
  #findShort(start: number, length: number): number {
    const { numbers, seed, shortStart, shortShift, mediumStart, mediumShift } = this.#automaton;
    const view = this.#view;
    const a = view.getInt32(start, true) & KEPT_LOW[length]!;
    const b = view.getInt32(start + 4, true) & KEPT_HIGH[length]!;
    const isShort = length <= 4;
    const first = isShort ? shortStart : mediumStart;
    const shift = isShort ? shortShift : mediumShift;
    let bucket = hashShort(seed, a, b) >>> shift;
    for (;;) {
      const at = (first + bucket * BUCKET_BYTES) >> 2;
      for (let place = 0; place < 4; place++) {
        const key = numbers[at + 2 * place]!;
        if (key === a && numbers[at + 2 * place + 1] === b) return (at + 8 + place) << 2;
        if (key === 0) return NULL_RECORD;
      }
      if (!wasFoundFull(numbers, at, at + 6)) return NULL_RECORD;
      bucket = bucketAfter(bucket, shift);
    }
  }

  // The record of a token of 9 bytes and more.
  #findLong(bytes: Uint8Array, start: number, length: number): number {
    const { numbers, seed, longStart, longShift } = this.#automaton;
    const view = this.#view;
    const rest = length < 16 ? length - 8 : 8;
    const a = view.getInt32(start, true);
    const b = view.getInt32(start + 4, true);
    const c = view.getInt32(start + 8, true) & KEPT_LOW[rest]!;
    const d = view.getInt32(start + 12, true) & KEPT_HIGH[rest]!;
    const hash = hashLong(seed, a, b, c, d);
    if (length > 16) return this.#findHuge(bytes, start, start + length, hash);
    let bucket = hash >>> longShift;
    for (;;) {
      const bucketAt = (longStart + bucket * BUCKET_BYTES) >> 2;
      for (let place = 0; place < 2; place++) {
        const at = bucketAt + 2 * place;
        const key = numbers[at]!;
        if (key === a && numbers[at + 1] === b && numbers[at + 4] === c && numbers[at + 5] === d) {
          return (bucketAt + 8 + place) << 2;
        }
        if (key === 0) return NULL_RECORD;
      }
      if (!wasFoundFull(numbers, bucketAt, bucketAt + 2)) return NULL_RECORD;
      bucket = bucketAfter(bucket, longShift);
    }
  }

  /**
   * Looks up a token of 17 bytes or more.
   *
   * @param bytes - holds the text
   * @param start - first byte of the token
   * @param end - byte after it
   * @param hash16 - hash of its first 16 bytes
   * @returns its record
   */
  #findHuge(bytes: Uint8Array, start: number, end: number, hash16: number): number {
    const { numbers, pool, hugeStart, hugeShift } = this.#automaton;
    const view = this.#view;
    const length = end - start;
    let hash = hash16;
    let at = start + 16;
    for (; at + 4 <= end; at += 4) hash = extendHash(hash, view.getInt32(at, true));
    if (at < end) hash = extendHash(hash, view.getInt32(at, true) & KEPT_LOW[end - at]!);
    let place = hash >>> hugeShift;
    for (; ; place = bucketAfter(place, hugeShift)) {
      const record = hugeStart + place * HUGE_BYTES;
      const keyLength = numbers[(record >> 2) + 2]!;
      if (keyLength === 0) return NULL_RECORD;
      if (keyLength !== length) continue;
      const keyStart = numbers[(record >> 2) + 3]!;
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
    const { numbers } = this.#automaton;
    const records = this.#records;
    const candidates = this.#candidates;
    let count = this.#makeRoom(foundBefore, startCount);
    let found = this.#found;
    let candidateCount = 0;
    let record = records[0]!;
    let masks = numbers[(record >> 2) + 4]!;
    // Without branches but for the groups, which the published rule never has.
    for (let at = 0; at < startCount; at++) {
      const reference = numbers[record >> 2]!;
      if (reference < 0) {
        count = this.#takeGroup(-reference, count, startCount);
        found = this.#found;
      } else {
        found[count] = reference - 1;
        count += reference === 0 ? 0 : 1;
      }
      const nextRecord = records[at + 1]!;
      const nextMasks = numbers[(nextRecord >> 2) + 4]!;
      candidates[candidateCount] = at;
      candidateCount +=
        (masks >>> neighbourBit(nextRecord)) & (nextMasks >>> (16 + neighbourBit(record))) & 1;
      record = nextRecord;
      masks = nextMasks;
    }
    for (let candidate = 0; candidate < candidateCount; candidate++) {
      let at = candidates[candidate]!;
      let state = records[at]!;
      // The null record at the end has no edge.
      while (++at < tokenCount) {
        const edge = this.#findEdge(state, records[at]!) >> 2;
        const reference = numbers[edge]!;
        if (reference < 0) count = this.#takeGroup(-reference, count, 0);
        else if (reference > 0) {
          if (count + SORT_PADDING >= this.#found.length) count = this.#makeRoom(count, 1);
          this.#found[count++] = reference - 1;
        }
        const next = numbers[edge + 4]!;
        if ((((next >>> DEEP_NUMBER_BITS) >>> deepBit(records[at + 1]!)) & 1) === 0) break;
        state = DEEP_STATE | (next & DEEP_NUMBER);
      }
    }
    return count;
  }

  // The edge from a state by a token, the null record when there is none.
  #findEdge(state: number, word: number): number {
    const { numbers, seed, edgeStart, edgeShift } = this.#automaton;
    let bucket = hashEdge(seed, state, word) >>> edgeShift;
    for (;;) {
      const at = (edgeStart + bucket * BUCKET_BYTES) >> 2;
      for (let place = 0; place < 4; place++) {
        const keyWord = numbers[at + 2 * place + 1]!;
        if (keyWord === word && numbers[at + 2 * place] === state) return (at + 8 + place) << 2;
        if (keyWord === 0) return NULL_RECORD;
      }
      if (!wasFoundFull(numbers, at, at + 6)) return NULL_RECORD;
      bucket = bucketAfter(bucket, edgeShift);
    }
  }

  /**
   * Appends the ids of a group.
   *
   * @param group - its place in the block
   * @param foundCount - ids in `#found`
   * @param roomAfter - places to keep free behind it
   * @returns how many ids `#found` holds now
   */
  #takeGroup(group: number, foundCount: number, roomAfter: number): number {
    const { numbers } = this.#automaton;
    const first = group >> 2;
    const size = numbers[first]!;
    const count = this.#makeRoom(foundCount, size + roomAfter);
    for (let member = 1; member <= size; member++) this.#found[count + member - 1] = numbers[first + member]!;
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

function hasNul(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (bytes[at] === 0) return true;
  return false;
}

/** The bucket behind a bucket; the first one behind the last. */
function bucketAfter(bucket: number, shift: number): number {
  return (bucket + 1) & (-1 >>> shift);
}

/** Whether a key may lie behind this full bucket; see bucket-table.ts. Long keys may be equal in the numbers looked at. */
function wasFoundFull(numbers: Int32Array, first: number, last: number): boolean {
  const firstHigh = numbers[first + 1]! >>> 0;
  const lastHigh = numbers[last + 1]! >>> 0;
  return lastHigh === firstHigh ? numbers[last]! >>> 0 >= numbers[first]! >>> 0 : lastHigh > firstHigh;
}
