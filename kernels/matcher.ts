/**
 * Matches a run of texts. AssemblyScript; the TypeScript twin is src/curation/match/matcher.ts, over the same tables, which
 * are described in src/curation/match/automaton.ts. What a kernel buys: tokens are split 64 bytes at a time, a bucket's keys
 * are compared at once, ids are sorted sixteen at a time, and a run of some 250 texts goes through each pass as a whole, almost
 * without branches that can be guessed wrong, so that the memory accesses of neighbouring tokens overlap.
 *
 * Memory: imported and shared. The automaton lies at 0; each thread has a slot of scratch memory. A text that does not fit
 * is left to the twin.
 */

import { PACKING_BYTES, preparePacking, sortUpTo16, sortUpTo32 } from './lib/sort-ids';

// Layout of a slot, known to src/curation/match/batch-matcher.ts.
const OFFSETS: u32 = 0; // rows + 1 offsets of the texts, any base
const COUNTS: u32 = 8192; // number of ids of each row, or TOO_LARGE
const IDS: u32 = 16384; // ids of all rows, one row after the other
const MAX_IDS: u32 = 16384;
const TEXT: u32 = 81920; // 16 KiB and a margin
const ROW_ENDS: u32 = 98816; // offset at ENDS of the null token behind the last token of each row
const MEMBERS: u32 = 107008; // ids of one row, unsorted
const MAX_MEMBERS: u32 = 256;
const PACKING: u32 = 108288; // by the lanes to keep: where the bytes of a vector go
const TOUCHED: u32 = 108544; // see touch
const BUCKETS: u32 = 109056; // of a block of keys: the bucket of each
const LONGS: u32 = 111104; // tokens of 9 bytes and more: place at KEYS, place of the text, length, bucket
const FURTHER: u32 = 176640; // place at FOUND and entry reference of what lies behind an edge
const MAX_FURTHER: u32 = 2048;
const KEYS: u32 = 193024; // the eight bytes of each token
const MAX_TOKENS: u32 = 32000;
const RECORDS: u32 = 455168; // each token's record
const ENDS: u32 = 586240; // end at FOUND of what each token found
const CANDIDATES: u32 = 717312; // offset at RECORDS of the second token of what may be an edge
const FOUND: u32 = 848384; // id of each token, and of each candidate, or NONE

/** Count of a row that the twin has to match. */
const TOO_LARGE: u32 = 0xffffffff;
/** Keys that no token has, because they start with a NUL: of the end of a row, and of a token whose record is known. */
const NO_KEY: u64 = 0x200;
/** Keys looked up at a time: their buckets fit into the first-level cache. */
const BLOCK: u32 = 512;

// The header of the automaton, as numbers.
const SEED: u32 = 5;
const MAX_TOKEN_BYTES: u32 = 7;
const SHORT_START: u32 = 8;
const SHORT_BUCKET_SHIFT: u32 = 9;
const MEDIUM_START: u32 = 10;
const MEDIUM_BUCKET_SHIFT: u32 = 11;
const LONG_START: u32 = 12;
const LONG_BUCKET_SHIFT: u32 = 13;
const HUGE_START: u32 = 14;
const HUGE_BUCKET_SHIFT: u32 = 15;
const EDGE_START: u32 = 16;
const EDGE_BUCKET_SHIFT: u32 = 17;
const GROUP_LENGTH: u32 = 19;
const POOL_START: u32 = 20;
const NULL_RECORD: u32 = 256;
const LENGTHS: u32 = 384;
const BUCKET_SHIFT: u32 = 6;
const HUGE_SHIFT: u32 = 5;
const EMPTY_BUCKET: u32 = 320;
const FULL_BUCKET: u32 = 1536;
const TO_REFERENCES: u32 = 32;
const TO_MASKS: usize = 16;
const DEEP_STATE: u32 = 0x80000000;
const DEEP_NUMBER_BITS: u32 = 26;

// @ts-ignore: decorator
@inline
function header(position: u32): u32 {
  return load<u32>(position << 2);
}

// @ts-ignore: decorator
@inline
function hashLong(seed: u32, ab: u64, cd: u64): u32 {
  const short = (u32(ab) ^ seed) * 0x9e3779b1 + (u32(ab >>> 32) + seed) * 0x85ebca6b;
  return short + u32(cd) * 0x2c1b3c6d + u32(cd >>> 32) * 0x297a2d39;
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
  return (state ^ seed) * 0x9e3779b1 + word * 0x85ebca6b;
}

/** Bytes of a table. */
// @ts-ignore: decorator
@inline
function tableBytes(shift: u32, bucketShift: u32): u32 {
  return (1 << bucketShift) << (32 - shift);
}

// @ts-ignore: decorator
@inline
function neighbourBit(word: u32): u32 {
  return (word * 0x9e3779b1) >>> 28;
}

/** Which bytes end a token: blanks and the spaced punctuation. By two nibbles, as no two rows of them clash. */
// @ts-ignore: decorator
@inline
function findEnders(bytes: v128): u64 {
  const low = i8x16(10, 2, 0, 0, 0, 0, 0, 0, 0, 1, 5, 4, 2, 1, 2, 4);
  const high = i8x16(1, 0, 2, 4, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  const lows = i8x16.swizzle(low, v128.and(bytes, i8x16.splat(15)));
  const highs = i8x16.swizzle(high, i8x16.shr_u(bytes, 4));
  return u64(i8x16.bitmask(i8x16.ne(v128.and(lows, highs), i8x16.splat(0))));
}

/** Where the lists that pass 1 and 2 write end. Globals are the instance's own, not in shared memory. */
let keysEnd: u32 = 0;
let longsEnd: u32 = 0;
let candidatesEnd: u32 = 0;
let furtherEnd: u32 = 0;

/** Writes a token of 9 bytes or more. */
function addLong(key: u32, at: u32, length: u32): void {
  store<u64>(key, NO_KEY);
  store<u32>(longsEnd, key);
  store<u32>(longsEnd, at, 4);
  store<u32>(longsEnd, length, 8);
  longsEnd += 16;
}

/** The first bytes of a token of up to 8, the others 0. */
// @ts-ignore: decorator
@inline
function keyOf(at: u32, length: u32): u64 {
  return load<u64>(at) & load<u64>(LENGTHS + (length << 3));
}

/**
 * Pass 1: the keys of all tokens of all rows.
 *
 * @returns number of rows that fitted
 */
function splitRows(slot: u32, rowCount: u32): u32 {
  const base = slot + TEXT - load<u32>(slot + OFFSETS);
  let key = slot + KEYS;
  const lastKey = key + (MAX_TOKENS << 3);
  longsEnd = slot + LONGS;
  for (let row: u32 = 0; row < rowCount; row++) {
    const start = base + load<u32>(slot + OFFSETS + (row << 2));
    const end = base + load<u32>(slot + OFFSETS + (row << 2) + 4);
    // Two tokens for each byte, the end and the null token.
    if (key + ((end - start) << 4) + 24 > lastKey) {
      rowCount = row;
      break;
    }
    let tokenStart = start;
    let least = i8x16.splat(-1);
    for (let at = start; at < end; at += 64) {
      const bytes0 = v128.load(at);
      const bytes1 = v128.load(at, 16);
      const bytes2 = v128.load(at, 32);
      const bytes3 = v128.load(at, 48);
      least = i8x16.min_u(least, i8x16.min_u(i8x16.min_u(bytes0, bytes1), i8x16.min_u(bytes2, bytes3)));
      let enders = findEnders(bytes0) | (findEnders(bytes1) << 16) | (findEnders(bytes2) << 32) | (findEnders(bytes3) << 48);
      const rest = u64(end - at);
      enders &= select<u64>(u64(-1), (u64(1) << rest) - 1, rest >= 64);
      while (enders != 0) {
        const tokenEnd = at + u32(ctz(enders));
        enders &= enders - 1;
        const length = tokenEnd - tokenStart;
        if (length > 8) addLong(key, tokenStart, length);
        else store<u64>(key, keyOf(tokenStart, length));
        // Written in any case, and kept if the byte that ends the token is a token itself.
        const ender = u32(load<u8>(tokenEnd));
        store<u64>(key, ender, 8);
        key += 8 + (u32(ender > 0x20) << 3);
        tokenStart = tokenEnd + 1;
      }
    }
    const length = end - tokenStart;
    if (length > 8) addLong(key, tokenStart, length);
    else store<u64>(key, keyOf(tokenStart, length));
    // Has no entry and no neighbour, so it ends every walk and starts none.
    store<u64>(key, NO_KEY, 8);
    store<u32>(slot + ROW_ENDS + (row << 2), (key + 8 - slot - KEYS) >>> 1);
    key += 16;
    // A token with a NUL looks like a shorter one in the zero-padded tables. One in the next row does no harm here.
    store<u32>(slot + COUNTS + (row << 2), i8x16.all_true(least) ? 0 : TOO_LARGE);
  }
  keysEnd = key;
  return rowCount;
}

/** Takes the bytes behind the 16th into the hash of a token. */
function extendToEnd(at: u32, length: u32, hash: u32): u32 {
  const end = at + length;
  let word = at + 16;
  for (; word + 4 <= end; word += 4) hash = extendHash(hash, load<u32>(word));
  return word == end ? hash : extendHash(hash, load<u32>(word) & (u32(-1) >>> (32 - ((end - word) << 3))));
}

/** Looks up a token of 17 bytes or more, from a record on. */
function findHuge(at: u32, length: u32, record: u32): u32 {
  const start = header(HUGE_START);
  const end = start + tableBytes(header(HUGE_BUCKET_SHIFT), HUGE_SHIFT);
  const pool = header(POOL_START);
  while (true) {
    const keyLength = load<u32>(record, 8);
    if (keyLength == 0) return NULL_RECORD;
    if (keyLength == length) {
      const key = pool + load<u32>(record, 12);
      let same: u32 = 0;
      while (same < length && load<u8>(key + same) == load<u8>(at + same)) same++;
      if (same == length) return record;
    }
    record += 1 << HUGE_SHIFT;
    if (record == end) record = start;
  }
}

/** Bits of bytes 8-15 that belong to a token of 9 bytes or more. */
// @ts-ignore: decorator
@inline
function keptOfSecond(length: u32): u64 {
  return length >= 16 ? u64(-1) : u64(-1) >>> u64(128 - (length << 3));
}

/** First place at which a token of 9 bytes or more may lie. */
// @ts-ignore: decorator
@inline
function firstOfLong(at: u32, length: u32): u32 {
  if (length > header(MAX_TOKEN_BYTES)) return NULL_RECORD;
  const hash = hashLong(header(SEED), load<u64>(at), load<u64>(at, 8) & keptOfSecond(length));
  if (length > 16) return header(HUGE_START) + ((extendToEnd(at, length, hash) >>> header(HUGE_BUCKET_SHIFT)) << HUGE_SHIFT);
  return header(LONG_START) + ((hash >>> header(LONG_BUCKET_SHIFT)) << BUCKET_SHIFT);
}

/** A token of 9 to 16 bytes that is not in its own bucket, or there beside one of the same first eight bytes. */
function findLongFurther(bucket: u32, ab: u64, cd: u64): u32 {
  const start = header(LONG_START);
  const end = start + tableBytes(header(LONG_BUCKET_SHIFT), BUCKET_SHIFT);
  while (true) {
    const isFirst = u32(load<u64>(bucket) == ab) & u32(load<u64>(bucket, 16) == cd);
    const isSecond = u32(load<u64>(bucket, 8) == ab) & u32(load<u64>(bucket, 24) == cd);
    if ((isFirst | isSecond) != 0) return bucket + TO_REFERENCES + (isSecond << 2);
    if (!wasLongFoundFull(bucket)) return NULL_RECORD;
    bucket += 1 << BUCKET_SHIFT;
    if (bucket == end) bucket = start;
  }
}

/** As {@link wasFoundFull}; but two keys may be equal in their first eight bytes. */
// @ts-ignore: decorator
@inline
function wasLongFoundFull(bucket: u32): bool {
  const second = load<u64>(bucket, 8);
  return second != 0 && second >= load<u64>(bucket);
}

/**
 * Looks up the tokens of 9 bytes or more whose keys lie before `blockEnd`, and leaves key and bucket of each such that pass 2 finds
 * them like the shorter ones; gives the first of those that lie behind.
 */
function findLongs(slot: u32, firstLong: u32, firstKey: u32, blockEnd: u32): u32 {
  let end = firstLong;
  let sum: u32 = 0;
  for (; end < longsEnd && load<u32>(end) < blockEnd; end += 16) {
    store<u32>(end, firstOfLong(load<u32>(end, 4), load<u32>(end, 8)), 12);
  }
  for (let long = firstLong; long < end; long += 16) sum += load<u32>(load<u32>(long, 12));
  store<u32>(slot + TOUCHED, sum);
  for (let long = firstLong; long < end; long += 16) {
    const keyAt = load<u32>(long);
    const at = load<u32>(long, 4);
    const length = load<u32>(long, 8);
    let bucket = load<u32>(long, 12);
    const ab = load<u64>(at);
    const cd = load<u64>(at, 8) & keptOfSecond(length);
    const isFirst = i64x2.eq(v128.load(bucket), i64x2.splat(ab));
    const isSame = v128.and(isFirst, i64x2.eq(v128.load(bucket, 16), i64x2.splat(cd)));
    const isFound = v128.any_true(isSame);
    let key = select<u64>(ab, NO_KEY, isFound);
    const isOpen = u32(!isFound) & u32(wasLongFoundFull(bucket));
    const isBoth = i64x2.all_true(isFirst);
    if (((length - 9) > 7) | isOpen | u32(isBoth)) {
      let record = bucket;
      if (bucket != NULL_RECORD) {
        record = length > 16 ? findHuge(at, length, bucket) : findLongFurther(bucket, ab, cd);
      }
      key = NO_KEY | (u64(record) << 32);
      bucket = FULL_BUCKET;
    } else {
      bucket = select<u32>(bucket, NULL_RECORD, isFound);
    }
    store<u64>(keyAt, key);
    store<u32>(slot + BUCKETS + ((keyAt - firstKey) >>> 1), bucket);
  }
  return end;
}

/** Which of the four keys of a bucket is wanted: a bit for each. */
// @ts-ignore: decorator
@inline
function findInBucket(bucket: u32, key: u64): u32 {
  const wanted = i64x2.splat(key);
  const first = i64x2.eq(v128.load(bucket), wanted);
  const second = i64x2.eq(v128.load(bucket, 16), wanted);
  return i32x4.bitmask(v128.shuffle<i32>(first, second, 0, 2, 4, 6));
}

/** Whether what belongs into this bucket may lie further: its last key, 0 if there is none, is larger than its first. */
// @ts-ignore: decorator
@inline
function wasFoundFull(bucket: u32): u32 {
  return u32(load<u64>(bucket, 24) > load<u64>(bucket));
}

/** A record or an edge that is not in its own bucket, which is full. */
function findFurther(start: u32, shift: u32, bucket: u32, key: u64): u32 {
  const end = start + tableBytes(shift, BUCKET_SHIFT);
  while (true) {
    bucket += 1 << BUCKET_SHIFT;
    if (bucket == end) bucket = start;
    const hits = findInBucket(bucket, key);
    if (hits != 0) return bucket + TO_REFERENCES + (ctz(hits) << 2);
    if (!wasFoundFull(bucket)) return NULL_RECORD;
  }
}

/** Rows that end behind this place at FOUND have to wait: FURTHER was full. */
let foundLimit: u32 = 0;

/**
 * Reads a number of each of many buckets, as nothing else in the loop keeps the processor from having dozens of such reads
 * under way: what comes after them finds the buckets in its cache. The sum is of no use, but the compiler must not know.
 */
function touch(slot: u32, buckets: u32, end: u32): void {
  let sum: u32 = 0;
  for (; buckets < end; buckets += 4) sum += load<u32>(load<u32>(buckets));
  store<u32>(slot + TOUCHED, sum);
}

/** The buckets of a block of keys, in which they are looked for. */
function findBuckets(slot: u32, key: u32, end: u32): void {
  const seed = i32x4.splat(header(SEED));
  const shortStart = i32x4.splat(header(SHORT_START));
  const shortShift = header(SHORT_BUCKET_SHIFT);
  const mediumStart = i32x4.splat(header(MEDIUM_START));
  const mediumShift = header(MEDIUM_BUCKET_SHIFT);
  const zero = i32x4.splat(0);
  for (let bucket = slot + BUCKETS; key < end; key += 32, bucket += 16) {
    const first = v128.load(key);
    const second = v128.load(key, 16);
    const low = v128.shuffle<i32>(first, second, 0, 2, 4, 6);
    const high = v128.shuffle<i32>(first, second, 1, 3, 5, 7);
    const hash = i32x4.add(
      i32x4.mul(v128.xor(low, seed), i32x4.splat(0x9e3779b1)),
      i32x4.mul(i32x4.add(high, seed), i32x4.splat(0x85ebca6b)),
    );
    const isShort = i32x4.eq(high, zero);
    const start = v128.bitselect(shortStart, mediumStart, isShort);
    const number = v128.bitselect(i32x4.shr_u(hash, shortShift), i32x4.shr_u(hash, mediumShift), isShort);
    const found = i32x4.add(start, i32x4.shl(number, BUCKET_SHIFT));
    v128.store(bucket, v128.bitselect(i32x4.splat(EMPTY_BUCKET), found, i32x4.eq(low, zero)));
  }
}

/** Pass 2: record and entry of each token, and the pairs of neighbours that may start an entry of several tokens. */
function findRecords(slot: u32): void {
  let found = slot + FOUND;
  let candidate = slot + CANDIDATES;
  let long = slot + LONGS;
  let masksBefore: u32 = 0;
  let bitBefore: u32 = 0;
  let key = slot + KEYS;
  let record = slot + RECORDS;
  while (key < keysEnd) {
    const end = min(key + (BLOCK << 3), keysEnd);
    findBuckets(slot, key, end);
    long = findLongs(slot, long, key, end);
    touch(slot, slot + BUCKETS, slot + BUCKETS + ((end - key) >>> 1));
    let bucketAt = slot + BUCKETS;
    for (; key < end; key += 8) {
      const bucket = load<u32>(bucketAt);
      const wanted = load<u64>(key);
      const hits = findInBucket(bucket, wanted);
      let known = select<u32>(bucket + TO_REFERENCES + (ctz(hits) << 2), NULL_RECORD, hits);
      if ((u32(hits == 0) & wasFoundFull(bucket)) != 0) known = findOther(bucket, wanted);
      const reference = load<u32>(known);
      const masks = load<u32>(known, TO_MASKS);
      const bit = neighbourBit(known);
      // A candidate's place is kept free for it.
      const isCandidate = (masksBefore >>> bit) & (masks >>> (16 + bitBefore)) & 1;
      store<u32>(candidate, record);
      candidate += isCandidate << 2;
      found += isCandidate << 2;
      store<u32>(found, reference - 1);
      found += u32(reference != 0) << 2;
      store<u32>(record, known);
      store<u32>(record, found, ENDS - RECORDS);
      record += 4;
      bucketAt += 4;
      masksBefore = masks;
      bitBefore = bit;
    }
  }
  candidatesEnd = candidate;
}

/** What is not in its own bucket, or was found by {@link findLongs}. */
function findOther(bucket: u32, key: u64): u32 {
  const high = u32(key >>> 32);
  if (bucket == FULL_BUCKET) return high;
  return high == 0
    ? findFurther(header(SHORT_START), header(SHORT_BUCKET_SHIFT), bucket, key)
    : findFurther(header(MEDIUM_START), header(MEDIUM_BUCKET_SHIFT), bucket, key);
}

/** The edge with a key, from its bucket on. */
// @ts-ignore: decorator
@inline
function findEdge(start: u32, shift: u32, bucket: u32, key: u64): u32 {
  const hits = findInBucket(bucket, key);
  if ((u32(hits == 0) & wasFoundFull(bucket)) != 0) return findFurther(start, shift, bucket, key);
  return select<u32>(bucket + TO_REFERENCES + (ctz(hits) << 2), NULL_RECORD, hits);
}

// @ts-ignore: decorator
@inline
function bucketOfEdge(start: u32, shift: u32, key: u64): u32 {
  return start + ((hashEdge(header(SEED), u32(key), u32(key >>> 32)) >>> shift) << BUCKET_SHIFT);
}

/** Whether the token may follow a state. */
// @ts-ignore: decorator
@inline
function mayFollow(next: u32, word: u32): u32 {
  return (next >>> DEEP_NUMBER_BITS >>> ((neighbourBit(word) * 3) >>> 3)) & 1;
}

/** Pass 3: the edges, and what lies behind them. */
function findEdges(slot: u32): void {
  const start = header(EDGE_START);
  const shift = header(EDGE_BUCKET_SHIFT);
  furtherEnd = slot + FURTHER;
  foundLimit = 0xffffffff;
  let candidate = slot + CANDIDATES;
  while (candidate < candidatesEnd) {
    const end = min(candidate + (BLOCK << 2), candidatesEnd);
    let bucketAt = slot + BUCKETS;
    for (let at = candidate; at < end; at += 4) {
      // State and word lie one behind the other.
      const key = load<u64>(load<u32>(at) - 4);
      store<u32>(bucketAt, bucketOfEdge(start, shift, key));
      bucketAt += 4;
    }
    touch(slot, slot + BUCKETS, bucketAt);
    bucketAt = slot + BUCKETS;
    for (; candidate < end; candidate += 4) {
      const record = load<u32>(candidate);
      // Kept free where the token before ends.
      const found = load<u32>(record, ENDS - RECORDS - 4);
      const edge = findEdge(start, shift, load<u32>(bucketAt), load<u64>(record - 4));
      bucketAt += 4;
      store<u32>(found, load<u32>(edge) - 1);
      const next = load<u32>(edge, TO_MASKS);
      if (mayFollow(next, load<u32>(record, 4)) != 0) {
        if (!walkFurther(slot, start, shift, next, record + 4, found)) {
          store<u32>(furtherEnd, 0xffffffff);
          return;
        }
      }
    }
  }
  store<u32>(furtherEnd, 0xffffffff);
}

/** Notes the entries of three and more tokens. Gives whether there was room for them. */
function walkFurther(slot: u32, start: u32, shift: u32, next: u32, record: u32, found: u32): bool {
  const end = slot + FURTHER + (MAX_FURTHER << 3) - 8;
  const first = furtherEnd;
  while (true) {
    const state = DEEP_STATE | (next & ((1 << DEEP_NUMBER_BITS) - 1));
    const key = u64(state) | (u64(load<u32>(record)) << 32);
    const edge = findEdge(start, shift, bucketOfEdge(start, shift, key), key);
    const reference = load<u32>(edge);
    if (reference != 0) {
      if (furtherEnd == end) {
        furtherEnd = first;
        foundLimit = found;
        return false;
      }
      store<u32>(furtherEnd, found);
      store<u32>(furtherEnd, reference, 4);
      furtherEnd += 8;
    }
    next = load<u32>(edge, TO_MASKS);
    record += 4;
    if (mayFollow(next, load<u32>(record)) == 0) return true;
  }
}

/** Sorts the ids at MEMBERS into `to`, each once: the place of an id is the number of smaller ones. Returns how many. */
function sortMembers(slot: u32, count: u32, to: u32): u32 {
  const NO_ID = 0x7fffffff;
  const members = slot + MEMBERS;
  const padded = (count + 3) & ~3;
  for (let i = count; i < padded; i++) store<u32>(members + (i << 2), NO_ID);
  const none = i32x4.splat(NO_ID);
  for (let i: u32 = 0; i < padded; i += 4) v128.store(to + (i << 2), none);
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(members + (i << 2));
    const mine = i32x4.splat(id);
    let smaller = i32x4.splat(0);
    for (let j: u32 = 0; j < padded; j += 4) {
      smaller = i32x4.sub(smaller, i32x4.lt_s(v128.load(members + (j << 2)), mine));
    }
    const rank =
      i32x4.extract_lane(smaller, 0) +
      i32x4.extract_lane(smaller, 1) +
      i32x4.extract_lane(smaller, 2) +
      i32x4.extract_lane(smaller, 3);
    store<u32>(to + (rank << 2), id);
  }
  // Repeats share a place and leave a gap.
  let written: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const id = load<u32>(to + (i << 2));
    store<u32>(to + (written << 2), id);
    written += u32(id != NO_ID);
  }
  return written;
}

/** Appends what an entry reference stands for to MEMBERS; the new count, or TOO_LARGE. */
function addMembers(slot: u32, reference: i32, count: u32): u32 {
  const members = slot + MEMBERS;
  if (count == TOO_LARGE || reference == 0) return count;
  if (reference > 0) {
    if (count == MAX_MEMBERS) return TOO_LARGE;
    store<u32>(members + (count << 2), reference - 1);
    return count + 1;
  }
  const group = u32(-reference);
  const size = load<u32>(group);
  if (size > MAX_MEMBERS - count) return TOO_LARGE;
  for (let member: u32 = 1; member <= size; member++, count++) {
    store<u32>(members + (count << 2), load<u32>(group + (member << 2)));
  }
  return count;
}

/** Next of {@link FURTHER}: as rows are taken in order, so are these. */
let nextFurther: u32 = 0;

/** A row with groups, entries of three and more tokens, or many ids: gathers its ids, then sorts. */
function sortMixedRow(slot: u32, from: u32, end: u32, to: u32): u32 {
  let count: u32 = 0;
  for (let at = from; at < end; at += 4) count = addMembers(slot, load<u32>(at) + 1, count);
  for (let at = nextFurther; load<u32>(at) < end; at += 8) count = addMembers(slot, load<u32>(at, 4), count);
  return count == TOO_LARGE ? TOO_LARGE : sortMembers(slot, count, to);
}

/** Whether a row has a group. */
function hasGroup(from: u32, end: u32): bool {
  for (let at = from; at < end; at += 4) if (load<i32>(at) < -1) return true;
  return false;
}

/**
 * Matches rows.
 *
 * @param slot - scratch memory of this thread, with offsets and text in it; readable for 64 bytes behind the text
 * @param rowCount - rows, at most 2,000, of at most 16 KiB together
 * @returns number of rows done, from the first on: their number of ids at COUNTS and the ids at IDS; all rows unless
 *   there was no room for the tokens or the ids of the others, and 0 when there is none for the first
 */
export function matchRows(slot: u32, rowCount: u32): u32 {
  const blank = i8x16.splat(0x20);
  const textEnd = slot + TEXT + load<u32>(slot + OFFSETS + (rowCount << 2)) - load<u32>(slot + OFFSETS);
  for (let at: u32 = 0; at < 64; at += 16) v128.store(textEnd + at, blank);
  const packing = slot + PACKING;
  if (load<u32>(packing, PACKING_BYTES - 4) == 0) preparePacking(packing);
  rowCount = splitRows(slot, rowCount);
  if (rowCount == 0) return 0;
  findRecords(slot);
  findEdges(slot);
  nextFurther = slot + FURTHER;
  const hasGroups = header(GROUP_LENGTH) != 0;
  const idsEnd = slot + IDS + ((MAX_IDS - MAX_MEMBERS - 4) << 2);
  let from = slot + FOUND;
  let to = slot + IDS;
  for (let row: u32 = 0; row < rowCount; row++) {
    const end = load<u32>(slot + ENDS + load<u32>(slot + ROW_ENDS + (row << 2)));
    if (to > idsEnd || end > foundLimit) return row;
    if (load<u32>(slot + COUNTS + (row << 2)) == 0) {
      const found = (end - from) >>> 2;
      let count: u32;
      if (load<u32>(nextFurther) < end || found > 32 || (hasGroups && hasGroup(from, end))) {
        count = sortMixedRow(slot, from, end, to);
      } else if (found <= 16) {
        count = sortUpTo16(packing, from, found, to);
      } else {
        count = sortUpTo32(packing, slot + MEMBERS, from, found, to);
      }
      to += count == TOO_LARGE ? 0 : count << 2;
      store<u32>(slot + COUNTS + (row << 2), count);
    }
    while (load<u32>(nextFurther) < end) nextFurther += 8;
    from = end;
  }
  return rowCount;
}
