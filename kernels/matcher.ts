/**
 * Matches a run of texts. AssemblyScript; the TypeScript twin is src/curation/match/matcher.ts, over the same tables, which
 * are described in src/curation/match/automaton.ts. What a kernel buys: tokens are split 16 bytes at a time, keys are
 * compared as 64-bit numbers, ids are ranked four at a time, and a run of some 250 texts goes through each pass as a whole,
 * so that the memory accesses of neighbouring tokens overlap.
 *
 * Memory: imported and shared. The automaton lies at 0; each thread has a slot of scratch memory. A text that does not fit
 * is left to the twin.
 */

// Layout of a slot, known to src/curation/match/batch-matcher.ts.
const OFFSETS: u32 = 0; // rows + 1 offsets of the texts, any base
const COUNTS: u32 = 8192; // number of ids of each row, or TOO_LARGE
const TOKEN_ENDS: u32 = 16384; // index of the null token behind the last token of each row
const IDS: u32 = 24576; // ids of all rows, one row after the other
const MAX_IDS: u32 = 16384;
const FOUND: u32 = 90112; // ids of one row, unsorted
const MAX_FOUND: u32 = 256;
const TOKENS: u32 = 98304; // place of each token, its length above
const RECORDS: u32 = 229376; // number of each token's record
const MAX_TOKENS: u32 = 32000;
const SHORTS: u32 = 360448; // indices of the tokens of up to 8 bytes
const LONGS: u32 = 491520; // indices of the others
const CANDIDATES: u32 = 622592; // indices of the tokens from which an edge may lead to the next one
const EDGES: u32 = 753664; // address of each one's edge
const TEXT: u32 = 884736; // 16 KiB and a margin

/** Count of a row that the twin has to match. */
const TOO_LARGE: u32 = 0xffffffff;
const LENGTH_SHIFT: u32 = 16;

// The header of the automaton, as numbers.
const SEED: u32 = 5;
const MAX_TOKEN_BYTES: u32 = 7;
const SHORT_BASE: u32 = 8;
const SHORT_MASK: u32 = 9;
const MEDIUM_BASE: u32 = 10;
const MEDIUM_MASK: u32 = 11;
const LONG_BASE: u32 = 12;
const LONG_MASK: u32 = 13;
const HUGE_BASE: u32 = 14;
const HUGE_MASK: u32 = 15;
const EDGE_BASE: u32 = 16;
const EDGE_MASK: u32 = 17;
const POOL_BASE: u32 = 20;
const TABLES: u32 = 256;
const SINGLE_BYTE_BASE: u32 = 8;
const EMPTY_TOKEN_INDEX: u32 = 256;

const NO_ID: u32 = 0x7fffffff;

// @ts-ignore: decorator
@inline
function header(position: u32): u32 {
  return load<u32>(position << 2);
}

// @ts-ignore: decorator
@inline
function table(number: u32): u32 {
  return load<u32>(TABLES + (number << 2));
}

// @ts-ignore: decorator
@inline
function hashMedium(seed: u32, a: u32, b: u32): u32 {
  const g = (a ^ seed) * 0x2c1b3c6d;
  const h = (b + seed) * 0x297a2d39;
  const sum = (g ^ (g >>> 15)) * 0x85ebca6b + (h ^ (h >>> 15)) * 0x27d4eb2f;
  return sum ^ (sum >>> 15);
}

// @ts-ignore: decorator
@inline
function hashLong(seed: u32, ab: u64, cd: u64): u32 {
  const g = (u32(cd) ^ seed) * 0x1b873593;
  const h = (u32(cd >>> 32) + seed) * 0x7feb352d;
  const rest = (g ^ (g >>> 15)) * 0x846ca68b + (h ^ (h >>> 15)) * 0x6c8e9cf5;
  const sum = hashMedium(seed, u32(ab), u32(ab >>> 32)) + rest;
  return sum ^ (sum >>> 15);
}

// @ts-ignore: decorator
@inline
function extendHash(hash: u32, word: u32): u32 {
  const h = (hash ^ word) * 0x2c1b3c6d;
  return ((h ^ (h >>> 15)) * 0x297a2d39) ^ (h >>> 13);
}

// @ts-ignore: decorator
@inline
function hashEdge(seed: u32, state: u32, word: u32): u32 {
  let h = ((state ^ seed) * 0x9e3779b1) ^ (word * 0x85ebca6b);
  h = (h ^ (h >>> 15)) * 0x2c1b3c6d;
  return h ^ (h >>> 14);
}

// @ts-ignore: decorator
@inline
function neighbourBit(word: u32): u32 {
  return (word * 0x9e3779b1) >>> 28;
}

/** The first bytes of a token of up to 8, the others 0. */
// @ts-ignore: decorator
@inline
function loadKept(at: u32, length: u32): u64 {
  return length == 0 ? 0 : load<u64>(at) & (u64(-1) >> u64(64 - (length << 3)));
}

/** Which bytes end a token: blanks and the spaced punctuation. By two nibbles, as no two rows of them clash. */
// @ts-ignore: decorator
@inline
function findEnders(bytes: v128): i32 {
  const low = i8x16(10, 2, 0, 0, 0, 0, 0, 0, 0, 1, 5, 4, 2, 1, 2, 4);
  const high = i8x16(1, 0, 2, 4, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const lows = i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15)));
  const highs = i8x16.swizzle(high, i8x16.shr_u(bytes, 4));
  return i8x16.bitmask(i8x16.ne(v128.and(lows, highs), i8x16.splat(0)));
}

/** Number of tokens at LONGS: the second result of {@link splitRows}. Not in shared memory: globals are the instance's own. */
let longCount: u32 = 0;

/**
 * Pass 1: the tokens of all rows, as place in the slot's text and length.
 *
 * @returns number of rows that fitted
 */
function splitRows(slot: u32, rowCount: u32): u32 {
  const tokens = slot + TOKENS;
  const base = slot + TEXT - load<u32>(slot + OFFSETS);
  let token = tokens;
  let short = slot + SHORTS;
  let long = slot + LONGS;
  const lastToken = tokens + (MAX_TOKENS << 2);
  for (let row: u32 = 0; row < rowCount; row++) {
    const start = base + load<u32>(slot + OFFSETS + (row << 2));
    const end = base + load<u32>(slot + OFFSETS + (row << 2) + 4);
    // Two tokens for each byte, the end and the null token.
    if (token + ((end - start) << 3) + 12 > lastToken) {
      longCount = (long - slot - LONGS) >>> 2;
      return row;
    }
    let tokenStart = start;
    let nuls = 0;
    for (let at = start; at < end; at += 16) {
      const bytes = v128.load(at);
      const rest = end - at;
      const valid = rest >= 16 ? 0xffff : (1 << rest) - 1;
      nuls |= i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(0))) & valid;
      let enders = findEnders(bytes) & valid;
      while (enders != 0) {
        const tokenEnd = at + ctz(enders);
        enders &= enders - 1;
        const length = tokenEnd - tokenStart;
        store<u32>(token, (tokenStart - slot - TEXT) | (length << LENGTH_SHIFT));
        // Into both lists, and kept in one.
        const index = (token - tokens) >>> 2;
        const isLong = u32(length > 8);
        store<u32>(short, index);
        short += (1 - isLong) << 2;
        store<u32>(long, index);
        long += isLong << 2;
        // Written in any case, and kept if the byte that ends the token is a token itself.
        const isToken = u32(load<u8>(tokenEnd) > 0x20);
        store<u32>(token, (tokenEnd - slot - TEXT) | (1 << LENGTH_SHIFT), 4);
        store<u32>(short, index + 1);
        short += isToken << 2;
        token += 4 + (isToken << 2);
        tokenStart = tokenEnd + 1;
      }
    }
    store<u32>(token, (tokenStart - slot - TEXT) | ((end - tokenStart) << LENGTH_SHIFT));
    const index = (token - tokens) >>> 2;
    token += 4;
    if (end - tokenStart > 8) {
      store<u32>(long, index);
      long += 4;
    } else {
      store<u32>(short, index);
      short += 4;
    }
    // The null record ends every walk, and starts none.
    store<u32>(slot + TOKEN_ENDS + (row << 2), index + 1);
    store<u32>(slot + RECORDS + (index << 2), 0, 4);
    token += 4;
    // A token with a NUL looks like a shorter one in the zero-padded tables.
    store<u32>(slot + COUNTS + (row << 2), nuls == 0 ? 0 : TOO_LARGE);
  }
  longCount = (long - slot - LONGS) >>> 2;
  return rowCount;
}

/** Looks up a token of 17 bytes or more. */
function findHuge(at: u32, length: u32, hash16: u32): u32 {
  const base = header(HUGE_BASE);
  const mask = header(HUGE_MASK);
  const pool = TABLES + (header(POOL_BASE) << 2);
  const end = at + length;
  let hash = hash16;
  let word = at + 16;
  for (; word + 4 <= end; word += 4) hash = extendHash(hash, load<u32>(word));
  if (word < end) hash = extendHash(hash, u32(loadKept(word, end - word)));
  let offset = hash << 3;
  while (true) {
    const record = base + (offset & mask);
    offset += 8;
    const keyLength = table(record + 3);
    if (keyLength == 0) return 0;
    if (keyLength != length || table(record + 2) != hash) continue;
    const key = pool + table(record + 4);
    let same: u32 = 0;
    while (same < length && load<u8>(key + same) == load<u8>(at + same)) same++;
    if (same == length) return record;
  }
}

/**
 * Where a record with this key lies: the number of the record, 0 when there is none. Looks at three places of the table
 * without a branch, because where in its chain a key is found cannot be foreseen (with one place, 30% of the tokens cost a
 * branch that was guessed wrong), and goes on only where that leaves it open.
 */
// @ts-ignore: decorator
@inline
function findShort(base: u32, mask: u32, hash: u32, key: u64): u32 {
  const record0 = base + ((hash << 2) & mask);
  const record1 = base + (((hash << 2) + 4) & mask);
  const record2 = base + (((hash << 2) + 8) & mask);
  const key0 = load<u64>(TABLES + (record0 << 2), 8);
  const key1 = load<u64>(TABLES + (record1 << 2), 8);
  const key2 = load<u64>(TABLES + (record2 << 2), 8);
  const record = select<u32>(record0, select<u32>(record1, select<u32>(record2, 0, key2 == key), key1 == key), key0 == key);
  const isFree = u32(u32(key0) == 0) | u32(u32(key1) == 0) | u32(u32(key2) == 0);
  return (record | isFree) != 0 ? record : findShortFurther(base, mask, hash, key);
}

function findShortFurther(base: u32, mask: u32, hash: u32, key: u64): u32 {
  let offset = (hash << 2) + 12;
  while (true) {
    const record = base + (offset & mask);
    const stored = load<u64>(TABLES + (record << 2), 8);
    if (stored == key) return record;
    if (u32(stored) == 0) return 0;
    offset += 4;
  }
}

/** Pass 2: the record of every token of up to 8 bytes. */
function findShortRecords(slot: u32, shortCount: u32): void {
  const seed = header(SEED);
  const shortBase = header(SHORT_BASE);
  const shortMask = header(SHORT_MASK);
  const mediumBase = header(MEDIUM_BASE);
  const mediumMask = header(MEDIUM_MASK);
  const emptyRecord = table(SINGLE_BYTE_BASE + EMPTY_TOKEN_INDEX);
  for (let i: u32 = 0; i < shortCount; i++) {
    const index = load<u32>(slot + SHORTS + (i << 2));
    const token = load<u32>(slot + TOKENS + (index << 2));
    const length = token >>> LENGTH_SHIFT;
    const at = slot + TEXT + (token & 0xffff);
    const kept = select<u64>(0, u64(-1) >> u64(64 - (length << 3)), length == 0);
    const key = load<u64>(at) & kept;
    const isMedium = length > 4;
    const base = select<u32>(mediumBase, shortBase, isMedium);
    const mask = select<u32>(mediumMask, shortMask, isMedium);
    const record = findShort(base, mask, hashMedium(seed, u32(key), u32(key >>> 32)), key);
    // The key of the empty token is that of a free record.
    store<u32>(slot + RECORDS + (index << 2), select<u32>(emptyRecord, record, length == 0));
  }
}

/** The same for the longer ones. */
function findLongRecords(slot: u32): void {
  const seed = header(SEED);
  const longBase = header(LONG_BASE);
  const longMask = header(LONG_MASK);
  const maxTokenBytes = header(MAX_TOKEN_BYTES);
  for (let i: u32 = 0; i < longCount; i++) {
    const index = load<u32>(slot + LONGS + (i << 2));
    const token = load<u32>(slot + TOKENS + (index << 2));
    const length = token >>> LENGTH_SHIFT;
    const at = slot + TEXT + (token & 0xffff);
    let record: u32 = 0;
    if (length <= maxTokenBytes) {
      const ab = load<u64>(at);
      const cd = load<u64>(at + 8) & (length >= 16 ? u64(-1) : u64(-1) >> u64(128 - (length << 3)));
      const hash = hashLong(seed, ab, cd);
      if (length > 16) {
        record = findHuge(at, length, hash);
      } else {
        let offset = hash << 3;
        while (true) {
          record = longBase + (offset & longMask);
          offset += 8;
          const address = TABLES + (record << 2);
          const stored = load<u64>(address, 8);
          if (stored == ab && load<u64>(address, 16) == cd) break;
          if (u32(stored) == 0) {
            record = 0;
            break;
          }
        }
      }
    }
    store<u32>(slot + RECORDS + (index << 2), record);
  }
}

/** Address of the edge from a state by a token; that of the null record when there is none. As {@link findShort}. */
// @ts-ignore: decorator
@inline
function findEdge(seed: u32, base: u32, mask: u32, state: u32, word: u32): u32 {
  const key = u64(state) | (u64(word) << 32);
  const offset = hashEdge(seed, state, word) << 2;
  const edge0 = TABLES + ((base + (offset & mask)) << 2);
  const edge1 = TABLES + ((base + ((offset + 4) & mask)) << 2);
  const edge2 = TABLES + ((base + ((offset + 8) & mask)) << 2);
  const key0 = load<u64>(edge0);
  const key1 = load<u64>(edge1);
  const key2 = load<u64>(edge2);
  const edge = select<u32>(edge0, select<u32>(edge1, select<u32>(edge2, TABLES, key2 == key), key1 == key), key0 == key);
  const isFree = u32(key0 >>> 32 == 0) | u32(key1 >>> 32 == 0) | u32(key2 >>> 32 == 0);
  return (u32(edge != TABLES) | isFree) != 0 ? edge : findEdgeFurther(base, mask, offset + 12, key);
}

function findEdgeFurther(base: u32, mask: u32, offset: u32, key: u64): u32 {
  while (true) {
    const edge = TABLES + ((base + (offset & mask)) << 2);
    const stored = load<u64>(edge);
    if (stored == key) return edge;
    if (stored >>> 32 == 0) return TABLES;
    offset += 4;
  }
}

/** Pass 3: the tokens that may be the first of an entry of several, and the first edge of each. */
function findEdges(slot: u32, tokenCount: u32): void {
  const records = slot + RECORDS;
  let candidate = slot + CANDIDATES;
  let record = load<u32>(records);
  let masks = load<u32>(TABLES + (record << 2), 4);
  for (let at: u32 = 0; at < tokenCount; at++) {
    const nextRecord = load<u32>(records + (at << 2), 4);
    const nextMasks = load<u32>(TABLES + (nextRecord << 2), 4);
    store<u32>(candidate, at);
    candidate += ((masks >>> neighbourBit(nextRecord)) & (nextMasks >>> (16 + neighbourBit(record))) & 1) << 2;
    record = nextRecord;
    masks = nextMasks;
  }
  const seed = header(SEED);
  const base = header(EDGE_BASE);
  const mask = header(EDGE_MASK);
  const count = (candidate - slot - CANDIDATES) >>> 2;
  for (let i: u32 = 0; i < count; i++) {
    const at = load<u32>(slot + CANDIDATES + (i << 2));
    const state = load<u32>(records + (at << 2));
    const word = load<u32>(records + (at << 2), 4);
    store<u32>(slot + EDGES + (i << 2), findEdge(seed, base, mask, state, word));
  }
  store<u32>(candidate, 0xffffffff);
}

/** Appends the ids of a group; the new count, or TOO_LARGE. */
function takeGroup(slot: u32, group: u32, count: u32): u32 {
  const size = table(group);
  if (count + size > MAX_FOUND) return TOO_LARGE;
  for (let member: u32 = 1; member <= size; member++, count++) {
    store<u32>(slot + FOUND + (count << 2), table(group + member));
  }
  return count;
}

/** The next of {@link CANDIDATES}: as rows are taken in order, so are these. */
let nextCandidate: u32 = 0;

/** Pass 4: the entries of the tokens [first, last), unsorted, at FOUND; their number, or TOO_LARGE. */
function takeEntries(slot: u32, first: u32, last: u32): u32 {
  const records = slot + RECORDS;
  const found = slot + FOUND;
  let count: u32 = 0;
  for (let at = first; at < last; at++) {
    const reference = load<i32>(TABLES + (load<u32>(records + (at << 2)) << 2));
    store<u32>(found + (count << 2), reference - 1);
    count += u32(reference != 0);
    if (reference < 0) count = takeGroup(slot, -reference, count - 1);
    // One place is kept free for what is written and not counted.
    if (count >= MAX_FOUND) return TOO_LARGE;
  }
  const seed = header(SEED);
  const base = header(EDGE_BASE);
  const mask = header(EDGE_MASK);
  for (; load<u32>(slot + CANDIDATES + (nextCandidate << 2)) < last; nextCandidate++) {
    let edge = load<u32>(slot + EDGES + (nextCandidate << 2));
    let next = load<u32>(slot + CANDIDATES + (nextCandidate << 2)) + 1;
    while (true) {
      const reference = load<i32>(edge, 8);
      store<u32>(found + (count << 2), reference - 1);
      count += u32(reference != 0);
      if (reference < 0) count = takeGroup(slot, -reference, count - 1);
      if (count >= MAX_FOUND) return TOO_LARGE;
      const state = load<u32>(edge, 12);
      if (state == 0) break;
      const word = load<u32>(records + (++next << 2));
      if (word == 0) break;
      edge = findEdge(seed, base, mask, state, word);
    }
  }
  return count;
}

/** Sorts the ids at FOUND into `sorted`, each once: the place of an id is the number of smaller ones. Returns how many. */
function sortFound(slot: u32, count: u32, sorted: u32): u32 {
  const found = slot + FOUND;
  const padded = (count + 3) & ~3;
  for (let i = count; i < padded; i++) store<u32>(found + (i << 2), NO_ID);
  const none = i32x4.splat(NO_ID);
  for (let i: u32 = 0; i < padded; i += 4) v128.store(sorted + (i << 2), none);
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(found + (i << 2));
    const mine = i32x4.splat(id);
    let smaller = i32x4.splat(0);
    for (let j: u32 = 0; j < padded; j += 4) {
      smaller = i32x4.sub(smaller, i32x4.lt_s(v128.load(found + (j << 2)), mine));
    }
    const rank =
      i32x4.extract_lane(smaller, 0) +
      i32x4.extract_lane(smaller, 1) +
      i32x4.extract_lane(smaller, 2) +
      i32x4.extract_lane(smaller, 3);
    store<u32>(sorted + (rank << 2), id);
  }
  // Repeats share a place and leave a gap.
  let written: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(sorted + (i << 2));
    store<u32>(sorted + (written << 2), id);
    written += u32(id != NO_ID);
  }
  return written;
}

/**
 * Matches rows.
 *
 * @param slot - scratch memory of this thread, with offsets and text in it; readable for 16 bytes behind the text
 * @param rowCount - rows, at most 2,000, of at most 16 KiB together
 * @returns number of rows done, from the first on: their number of ids at COUNTS and the ids at IDS; all rows unless
 *   there was no room for the tokens or the ids of the others, and 0 when there is none for the first
 */
export function matchRows(slot: u32, rowCount: u32): u32 {
  rowCount = splitRows(slot, rowCount);
  if (rowCount == 0) return 0;
  const tokenCount = load<u32>(slot + TOKEN_ENDS + ((rowCount - 1) << 2)) + 1;
  findShortRecords(slot, tokenCount - rowCount - longCount);
  findLongRecords(slot);
  // From the last token on there is no next one.
  findEdges(slot, tokenCount - 1);
  nextCandidate = 0;
  let first: u32 = 0;
  let idCount: u32 = 0;
  for (let row: u32 = 0; row < rowCount; row++) {
    const last = load<u32>(slot + TOKEN_ENDS + (row << 2));
    if (idCount + MAX_FOUND + 4 > MAX_IDS) return row;
    if (load<u32>(slot + COUNTS + (row << 2)) == 0) {
      let count = takeEntries(slot, first, last);
      if (count != TOO_LARGE) {
        count = sortFound(slot, count, slot + IDS + (idCount << 2));
        idCount += count;
      }
      store<u32>(slot + COUNTS + (row << 2), count);
    }
    // What a row that was left to the twin did not take.
    while (load<u32>(slot + CANDIDATES + (nextCandidate << 2)) < last) nextCandidate++;
    first = last + 1;
  }
  return rowCount;
}
