/**
 * Matches a run of texts by the worldwide rule. AssemblyScript; the TypeScript twin is
 * src/curation/match/worldwide/worldwide-matcher.ts, over the same tables, which are described in character-automaton.ts beside
 * it. What a kernel buys: four texts are walked at a time, each step without a branch, so that their memory accesses overlap; and
 * ids are sorted, each once, by a bitmap.
 *
 * Memory: imported and shared. The kernel `matcher` has been over the same texts, and left the ids of those entries that need
 * spaces on both sides. A text that does not fit is left to the twin.
 */

import { PACKING_BYTES, preparePacking, sortUpTo16, sortUpTo32 } from './lib/sort-ids';

// Layout of a slot, known to src/curation/match/worldwide/worldwide-batch-matcher.ts.
const COUNTS: u32 = 0; // number of ids of each row, or TOO_LARGE
const IDS: u32 = 8192; // ids of all rows, one row after the other
const MAX_IDS: u32 = 65536;
const ROW_ENDS: u32 = 270336; // end at SPACED of each row
const SPACED: u32 = 278528; // characters of the spaced texts
const FOUND: u32 = 499712; // output at each of these
const LISTED: u32 = 720896; // ids of one row, with repeats
const MAX_LISTED: u32 = 16384;
const NUMBERS: u32 = 786944; // of the words of the bitmap that are not 0
const PACKING: u32 = 918528; // table of lib/sort-ids.ts
const SORTED: u32 = 918784; // scratch memory of the same
const BITS: u32 = 918912; // a bit for each word of the bitmap behind it that is not 0

// Layout of a slot of the kernel `matcher`.
const OFFSETS: u32 = 0;
const WORD_COUNTS: u32 = 8192;
const WORD_IDS: u32 = 16384;
const TEXT: u32 = 81920;

const TOO_LARGE: u32 = 0xffffffff;

// The header of the block, as numbers.
const ENTRY_COUNT: u32 = 0;
const CODES: u32 = 1;
const ASCII: u32 = 2;
const NODES: u32 = 3;
const LISTS: u32 = 4;
const IDS_OF_WORDS: u32 = 5;
const WORD_COUNT: u32 = 6;
const PATTERN_COUNT: u32 = 8;
const NODE_BYTES: u32 = 12;
const CHAINED: u32 = 15;

const CODE_TABLE_SIZE: u32 = 0x30000;

// @ts-ignore: decorator
@inline
function header(block: u32, position: u32): u32 {
  return load<u32>(block + (position << 2));
}

// @ts-ignore: decorator
@inline
function codeOf(codes: u32, codePoint: u32): u32 {
  return u32(load<u16>(codes + (codePoint << 1)));
}

/** Pass 1: spaces the rows, each between two spaces and before a character that is in no entry. */
function spaceRows(block: u32, slot: u32, textSlot: u32, rowCount: u32): void {
  const codes = header(block, CODES);
  const ascii = header(block, ASCII);
  const space = codeOf(codes, 0x20);
  const base = textSlot + TEXT - load<u32>(textSlot + OFFSETS);
  let to = slot + SPACED;
  for (let row: u32 = 0; row < rowCount; row++) {
    let at = base + load<u32>(textSlot + OFFSETS + (row << 2));
    const end = base + load<u32>(textSlot + OFFSETS + (row << 2) + 4);
    store<u32>(to, space);
    to += 4;
    // Up to here three bytes can be read.
    const last = end - 2;
    while (at < end) {
      let bytes = load<u32>(at);
      while ((bytes & 0xc0c0f0) == 0x8080e0 && i32(at) < i32(last)) {
        const codePoint = ((bytes & 0xf) << 12) | ((bytes >>> 2) & 0xfc0) | ((bytes >>> 16) & 0x3f);
        store<u32>(to, codeOf(codes, codePoint));
        // A longer form than needed is damage.
        if (codePoint < 0x800) break;
        to += 4;
        at += 3;
        bytes = load<u32>(at);
      }
      if (at >= end) break;
      if ((bytes & 0x80) == 0) {
        const spaced = ascii + ((bytes & 0x7f) << 4);
        v128.store(to, v128.load(spaced));
        to += load<u32>(spaced, 12) << 2;
        at++;
        continue;
      }
      let codePoint: u32 = 0;
      let size: u32 = 1;
      if ((bytes & 0xc0e0) == 0x80c0) {
        codePoint = ((bytes & 0x1f) << 6) | ((bytes >>> 8) & 0x3f);
        size = codePoint < 0x80 ? 0 : 2;
      } else if ((bytes & 0xc0c0c0f8) == 0x808080f0) {
        codePoint = ((bytes & 7) << 18) | ((bytes << 4) & 0x3f000) | ((bytes >>> 10) & 0xfc0) | ((bytes >>> 24) & 0x3f);
        size = codePoint < 0x10000 || codePoint > 0x13ffff ? 0 : 4;
        if (codePoint >= CODE_TABLE_SIZE) codePoint = 0;
      }
      // A damaged byte is in no entry.
      const isWhole = size > 1 && at + size <= end;
      store<u32>(to, isWhole && codePoint != 0 ? codeOf(codes, codePoint) : 0);
      to += 4;
      at += isWhole ? size : 1;
    }
    store<u32>(to, space);
    store<u32>(to, 0, 4);
    to += 8;
    store<u32>(slot + ROW_ENDS + (row << 2), to);
  }
}

// A node: its base, where to go on without a child, its character.

// @ts-ignore: decorator
@inline
function failOf(node: u64): u32 {
  return u32(node >>> 24) & 0xffffff;
}

// @ts-ignore: decorator
@inline
function childOf(node: u64, character: u32): u32 {
  return (u32(node) & 0xffffff) + character;
}

/** Whether the place of a child is a child's. */
// @ts-ignore: decorator
@inline
function hasChild(nodes: u32, node: u64, character: u32): u32 {
  return u32(u32(load<u64>(nodes + childOf(node, character) * NODE_BYTES) >>> 48) == character);
}

/** The node to go to: the child, the one to ask next, or, from one that is like the root, the root's child. */
// @ts-ignore: decorator
@inline
function nextOf(node: u64, character: u32, isChild: u32): u32 {
  const fail = failOf(node);
  return select<u32>(childOf(node, character), select<u32>(fail, character, fail), isChild);
}

/** Walks [at, end) alone, from a node on. */
function walkOne(nodes: u32, at: u32, end: u32, node: u64): void {
  while (at < end) {
    const character = load<u32>(at);
    const isChild = hasChild(nodes, node, character);
    const isDone = isChild | u32(failOf(node) == 0);
    const next = nodes + nextOf(node, character, isChild) * NODE_BYTES;
    node = load<u64>(next);
    store<u32>(at, load<u32>(next, 8), FOUND - SPACED);
    at += isDone << 2;
  }
}

/**
 * Pass 2: the output at each character of all rows. Four quarters of the rows are walked at a time, because what takes
 * long is to wait for nodes. A step that leads to another node that has to be asked, and not to the next character, writes an output
 * that the next step writes again.
 */
function walkRows(block: u32, slot: u32, rowCount: u32): void {
  const nodes = header(block, NODES);
  const start = slot + SPACED;
  const end3 = load<u32>(slot + ROW_ENDS + ((rowCount - 1) << 2));
  const quarter = (end3 - start) >>> 2;
  let end0 = start;
  let end1 = start;
  let end2 = start;
  let before: u32 = 0;
  for (let row: u32 = 0; row < rowCount; row++) {
    const end = load<u32>(slot + ROW_ENDS + (row << 2));
    const middle = (before + end - start) >>> 1;
    before = end - start;
    if (middle <= quarter) end0 = end;
    if (middle <= 2 * quarter) end1 = end;
    if (middle <= 3 * quarter) end2 = end;
  }
  let at0 = start;
  let at1 = end0;
  let at2 = end1;
  let at3 = end2;
  let node0: u64 = 0;
  let node1: u64 = 0;
  let node2: u64 = 0;
  let node3: u64 = 0;
  while (at0 < end0 && at1 < end1 && at2 < end2 && at3 < end3) {
    const character0 = load<u32>(at0);
    const isChild0 = hasChild(nodes, node0, character0);
    const isDone0 = isChild0 | u32(failOf(node0) == 0);
    const next0 = nodes + nextOf(node0, character0, isChild0) * NODE_BYTES;
    node0 = load<u64>(next0);
    store<u32>(at0, load<u32>(next0, 8), FOUND - SPACED);
    at0 += isDone0 << 2;
    const character1 = load<u32>(at1);
    const isChild1 = hasChild(nodes, node1, character1);
    const isDone1 = isChild1 | u32(failOf(node1) == 0);
    const next1 = nodes + nextOf(node1, character1, isChild1) * NODE_BYTES;
    node1 = load<u64>(next1);
    store<u32>(at1, load<u32>(next1, 8), FOUND - SPACED);
    at1 += isDone1 << 2;
    const character2 = load<u32>(at2);
    const isChild2 = hasChild(nodes, node2, character2);
    const isDone2 = isChild2 | u32(failOf(node2) == 0);
    const next2 = nodes + nextOf(node2, character2, isChild2) * NODE_BYTES;
    node2 = load<u64>(next2);
    store<u32>(at2, load<u32>(next2, 8), FOUND - SPACED);
    at2 += isDone2 << 2;
    const character3 = load<u32>(at3);
    const isChild3 = hasChild(nodes, node3, character3);
    const isDone3 = isChild3 | u32(failOf(node3) == 0);
    const next3 = nodes + nextOf(node3, character3, isChild3) * NODE_BYTES;
    node3 = load<u64>(next3);
    store<u32>(at3, load<u32>(next3, 8), FOUND - SPACED);
    at3 += isDone3 << 2;
  }
  walkOne(nodes, at0, end0, node0);
  walkOne(nodes, at1, end1, node1);
  walkOne(nodes, at2, end2, node2);
  walkOne(nodes, at3, end3, node3);
}

/** Appends the ids of an output that refers to another; the new end, or 0 when there is no room. */
function listChain(lists: u32, output: u32, to: u32, end: u32): u32 {
  while (output != 0) {
    let at = lists + ((output >>> 2) & ~3);
    let size = output & 15;
    if (size == 1) {
      if (to == end) return 0;
      store<u32>(to, output >>> 4);
      return to + 4;
    }
    output = 0;
    if (size == CHAINED) {
      size = load<u32>(at);
      at += 4;
      output = load<u32>(at + (size << 2));
    }
    if (size > (end - to) >>> 2) return 0;
    for (const last = at + (size << 2); at < last; at += 4, to += 4) store<u32>(to, load<u32>(at));
  }
  return to;
}

/** The ids of all outputs of a row, with repeats, at LISTED; their end, or 0 when there are too many. */
function listIds(slot: u32, lists: u32, from: u32, end: u32): u32 {
  let to = slot + LISTED;
  const last = to + (MAX_LISTED << 2);
  for (let at = from; at < end; at += 4) {
    const output = load<u32>(at, FOUND - SPACED);
    const size = output & 15;
    const isOne = size == 1;
    const ids = select<u32>(lists, lists + ((output >>> 2) & ~3), isOne);
    // Four are copied in any case, or one written.
    v128.store(to, v128.load(ids));
    store<u32>(select<u32>(to, last, isOne), output >>> 4);
    if (size > 4) {
      if (size == CHAINED) {
        to = listChain(lists, output, to, last);
        if (to == 0) return 0;
        continue;
      }
      v128.store(to, v128.load(ids, 16), 16);
      v128.store(to, v128.load(ids, 32), 32);
      v128.store(to, v128.load(ids, 48), 48);
    }
    to += size << 2;
    if (to > last) return 0;
  }
  return to;
}

// @ts-ignore: decorator
@inline
function setBit(bits: u32, words: u32, id: u32): void {
  const word = words + ((id >>> 6) << 3);
  store<u64>(word, load<u64>(word) | (u64(1) << u64(id)));
  const summary = bits + ((id >>> 12) << 3);
  store<u64>(summary, load<u64>(summary) | (u64(1) << u64(id >>> 6)));
}

/**
 * Takes all ids out of the bitmap, ascending; gives their end. In two passes, each of which writes more than it has and then
 * keeps what it has, because how many bits a word has cannot be foreseen.
 */
function takeBits(slot: u32, bits: u32, words: u32, to: u32): u32 {
  const numbers = slot + NUMBERS;
  let end = numbers;
  for (let summary = bits; summary < words; summary += 8) {
    let marked = load<u64>(summary);
    if (marked == 0) continue;
    store<u64>(summary, 0);
    const first = (summary - bits) << 3;
    const last = end + (u32(popcnt(marked)) << 2);
    do {
      store<u32>(end, first + u32(ctz(marked)));
      marked &= marked - 1;
      store<u32>(end, first + u32(ctz(marked)), 4);
      marked &= marked - 1;
      store<u32>(end, first + u32(ctz(marked)), 8);
      marked &= marked - 1;
      end += 12;
    } while (end < last);
    end = last;
  }
  for (let at = numbers; at < end; at += 4) {
    const number = load<u32>(at);
    const word = words + (number << 3);
    let set = load<u64>(word);
    store<u64>(word, 0);
    const first = number << 6;
    const last = to + (u32(popcnt(set)) << 2);
    do {
      store<u32>(to, first + u32(ctz(set)));
      set &= set - 1;
      store<u32>(to, first + u32(ctz(set)), 4);
      set &= set - 1;
      to += 8;
    } while (to < last);
    to = last;
  }
  return to;
}

/**
 * Writes the ids of a row, ascending, each once.
 *
 * @param listedEnd - end of those found by characters at LISTED
 * @param wordId - those of words, as the kernel `matcher` left them
 * @param wordCount - how many
 * @returns their end
 */
function writeRow(block: u32, slot: u32, listedEnd: u32, wordId: u32, wordCount: u32, to: u32): u32 {
  const idsOfWords = header(block, IDS_OF_WORDS);
  const wordIdsEnd = wordId + (wordCount << 2);
  const listed = slot + LISTED;
  if (listedEnd == listed) {
    // Ascending as they are.
    for (; wordId < wordIdsEnd; wordId += 4, to += 4) store<u32>(to, load<u32>(idsOfWords + (load<u32>(wordId) << 2)));
    return to;
  }
  const total = wordCount + ((listedEnd - listed) >>> 2);
  if (total <= 32) {
    for (; wordId < wordIdsEnd; wordId += 4, listedEnd += 4) {
      store<u32>(listedEnd, load<u32>(idsOfWords + (load<u32>(wordId) << 2)));
    }
    const packing = slot + PACKING;
    const count =
      total <= 16 ? sortUpTo16(packing, listed, total, to) : sortUpTo32(packing, slot + SORTED, listed, total, to);
    return to + (count << 2);
  }
  const bits = slot + BITS;
  const words = bits + (((header(block, ENTRY_COUNT) + 4095) >>> 12) << 3);
  for (; wordId < wordIdsEnd; wordId += 4) setBit(bits, words, load<u32>(idsOfWords + (load<u32>(wordId) << 2)));
  for (let id = listed; id < listedEnd; id += 4) setBit(bits, words, load<u32>(id));
  return takeBits(slot, bits, words, to);
}

/**
 * Matches rows.
 *
 * @param block - the automaton of the characters
 * @param slot - scratch memory of this thread, zeros at first
 * @param textSlot - scratch memory of `matcher`, with offsets and text in it, and what that found if the list has words
 * @param rowCount - rows, at most 2,000, of at most 16 KiB together
 * @returns number of rows done, from the first on: their number of ids at COUNTS and the ids at IDS; all rows unless
 *   there was no room for the ids of the others, and 0 when there is none for the first
 */
export function matchRows(block: u32, slot: u32, textSlot: u32, rowCount: u32): u32 {
  if (rowCount == 0) return 0;
  if (load<u32>(slot + PACKING, PACKING_BYTES - 4) == 0) preparePacking(slot + PACKING);
  const hasPatterns = header(block, PATTERN_COUNT) != 0;
  if (hasPatterns) {
    spaceRows(block, slot, textSlot, rowCount);
    walkRows(block, slot, rowCount);
  }
  const hasWords = header(block, WORD_COUNT) != 0;
  const lists = header(block, LISTS);
  const listed = slot + LISTED;
  // A vector more than there is may be written.
  const idsEnd = slot + IDS + (MAX_IDS << 2) - 64;
  let wordId = textSlot + WORD_IDS;
  let from = slot + SPACED;
  let to = slot + IDS;
  for (let row: u32 = 0; row < rowCount; row++) {
    const end = load<u32>(slot + ROW_ENDS + (row << 2));
    let count = hasWords ? load<u32>(textSlot + WORD_COUNTS + (row << 2)) : 0;
    if (count != TOO_LARGE) {
      const listedEnd = hasPatterns ? listIds(slot, lists, from, end) : listed;
      const wordCount = count;
      if (listedEnd == 0) {
        count = TOO_LARGE;
      } else {
        if (to + (wordCount << 2) + (listedEnd - listed) > idsEnd) return row;
        const first = to;
        to = writeRow(block, slot, listedEnd, wordId, wordCount, to);
        count = (to - first) >>> 2;
      }
      wordId += wordCount << 2;
    }
    store<u32>(slot + COUNTS + (row << 2), count);
    from = end;
  }
  return rowCount;
}
