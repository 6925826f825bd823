/**
 * Matches a run of texts. AssemblyScript; the TypeScript twin is src/curation/match/matcher.ts, over the same tables, which
 * are described in src/curation/match/automaton.ts. What a kernel buys: tokens are split 64 bytes at a time, a bucket's keys
 * are compared at once, ids are sorted sixteen at a time, and a run of some 250 texts goes through each pass as a whole, almost
 * without branches that can be guessed wrong, so that the memory accesses of neighbouring tokens overlap.
 *
 * Memory: imported and shared. The automaton lies at 0; each thread has a slot of scratch memory. A text that does not fit
 * is left to the twin.
 */

// Layout of a slot, known to src/curation/match/batch-matcher.ts.
const OFFSETS: u32 = 0; // rows + 1 offsets of the texts, any base
const COUNTS: u32 = 8192; // number of ids of each row, or TOO_LARGE
const TOKEN_ENDS: u32 = 16384; // address at TOKENS of the null token behind the last token of each row
const IDS: u32 = 24576; // ids of all rows, one row after the other
const MAX_IDS: u32 = 16384;
const MEMBERS: u32 = 90112; // ids of one row, unsorted
const MAX_MEMBERS: u32 = 256;
const PACKING: u32 = 92160; // by the lanes to keep: where the bytes of a vector go
const TOKENS: u32 = 98304; // place of each token, its length above; later the end of what it found
const MAX_TOKENS: u32 = 32000;
const RECORDS: u32 = 229376; // each token's record
const FOUND: u32 = 360448; // id of each token and of each candidate, NONE where there is none
const CANDIDATES: u32 = 622592; // second token of what may be an edge, and place at FOUND
const FURTHER: u32 = 884736; // place at FOUND and entry reference of what lies behind an edge
const MAX_FURTHER: u32 = 2048;
const TEXT: u32 = 901120; // 16 KiB and a margin
const NULL_TOKEN: u32 = 16512; // in the text, behind the margin: two bytes that are no token

/** Count of a row that the twin has to match. */
const TOO_LARGE: u32 = 0xffffffff;
/** Sorts behind every id. */
const NONE: u32 = 0xffffffff;
const LENGTH_SHIFT: u32 = 16;

// The header of the automaton, as numbers.
const SEED: u32 = 5;
const MAX_TOKEN_BYTES: u32 = 7;
const LONG_START: u32 = 12;
const LONG_BUCKETS: u32 = 13;
const HUGE_START: u32 = 14;
const HUGE_BUCKETS: u32 = 15;
const EDGE_START: u32 = 16;
const EDGE_BUCKETS: u32 = 17;
const GROUP_LENGTH: u32 = 19;
const POOL_START: u32 = 20;
const NULL_RECORD: u32 = 256;
const LENGTHS: u32 = 384;
const BUCKET_SHIFT: u32 = 6;
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
function hashShort(seed: u32, a: u32, b: u32): u32 {
  return (a ^ seed) * 0x9e3779b1 + (b + seed) * 0x85ebca6b;
}

// @ts-ignore: decorator
@inline
function hashLong(seed: u32, ab: u64, cd: u64): u32 {
  return hashShort(seed, u32(ab), u32(ab >>> 32)) + u32(cd) * 0x2c1b3c6d + u32(cd >>> 32) * 0x297a2d39;
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

// @ts-ignore: decorator
@inline
function bucketOf(hash: u32, buckets: u32): u32 {
  return u32((u64(hash >>> 6) * u64(buckets)) >>> 26);
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

/**
 * Pass 1: the tokens of all rows, as place in the slot's text and length.
 *
 * @returns number of rows that fitted
 */
function splitRows(slot: u32, rowCount: u32): u32 {
  const text = slot + TEXT;
  const first = load<u32>(slot + OFFSETS);
  let token = slot + TOKENS;
  const lastToken = token + (MAX_TOKENS << 2);
  for (let row: u32 = 0; row < rowCount; row++) {
    const start = load<u32>(slot + OFFSETS + (row << 2)) - first;
    const end = load<u32>(slot + OFFSETS + (row << 2) + 4) - first;
    // Two tokens for each byte, the end and the null token.
    if (token + ((end - start) << 3) + 12 > lastToken) return row;
    let tokenStart = start;
    let least = i8x16.splat(-1);
    for (let at = start; at < end; at += 64) {
      const bytes0 = v128.load(text + at);
      const bytes1 = v128.load(text + at, 16);
      const bytes2 = v128.load(text + at, 32);
      const bytes3 = v128.load(text + at, 48);
      least = i8x16.min_u(least, i8x16.min_u(i8x16.min_u(bytes0, bytes1), i8x16.min_u(bytes2, bytes3)));
      let enders = findEnders(bytes0) | (findEnders(bytes1) << 16) | (findEnders(bytes2) << 32) | (findEnders(bytes3) << 48);
      const rest = u64(end - at);
      enders &= select<u64>(u64(-1), (u64(1) << rest) - 1, rest >= 64);
      while (enders != 0) {
        const tokenEnd = at + u32(ctz(enders));
        enders &= enders - 1;
        store<u32>(token, tokenStart | ((tokenEnd - tokenStart) << LENGTH_SHIFT));
        // Written in any case, and kept if the byte that ends the token is a token itself.
        store<u32>(token, tokenEnd | (1 << LENGTH_SHIFT), 4);
        token += 4 + (u32(load<u8>(text + tokenEnd) > 0x20) << 2);
        tokenStart = tokenEnd + 1;
      }
    }
    store<u32>(token, tokenStart | ((end - tokenStart) << LENGTH_SHIFT));
    // Has no entry and no neighbour, so it ends every walk and starts none.
    store<u32>(token, NULL_TOKEN | (2 << LENGTH_SHIFT), 4);
    store<u32>(slot + TOKEN_ENDS + (row << 2), token + 4);
    token += 8;
    // A token with a NUL looks like a shorter one in the zero-padded tables. One in the next row does no harm here.
    store<u32>(slot + COUNTS + (row << 2), i8x16.all_true(least) ? 0 : TOO_LARGE);
  }
  return rowCount;
}

/** Looks up a token of 17 bytes or more. */
function findHuge(at: u32, length: u32, hash16: u32): u32 {
  const start = header(HUGE_START);
  const buckets = header(HUGE_BUCKETS);
  const end = at + length;
  let hash = hash16;
  let word = at + 16;
  for (; word + 4 <= end; word += 4) hash = extendHash(hash, load<u32>(word));
  if (word < end) hash = extendHash(hash, load<u32>(word) & (u32(-1) >>> (32 - ((end - word) << 3))));
  let place = bucketOf(hash, buckets);
  while (true) {
    const record = start + (place << 5);
    const keyLength = load<u32>(record, 8);
    if (keyLength == 0) return NULL_RECORD;
    if (keyLength == length && load<u32>(record, 4) == hash) {
      const key = header(POOL_START) + load<u32>(record, 12);
      let same: u32 = 0;
      while (same < length && load<u8>(key + same) == load<u8>(at + same)) same++;
      if (same == length) return record;
    }
    place = place + 1 == buckets ? 0 : place + 1;
  }
}

/** Looks up a token of 9 bytes or more. */
function findLong(at: u32, length: u32): u32 {
  if (length > header(MAX_TOKEN_BYTES)) return NULL_RECORD;
  const ab = load<u64>(at);
  const cd = load<u64>(at, 8) & (length >= 16 ? u64(-1) : u64(-1) >>> u64(128 - (length << 3)));
  const hash = hashLong(header(SEED), ab, cd);
  if (length > 16) return findHuge(at, length, hash);
  const start = header(LONG_START);
  const buckets = header(LONG_BUCKETS);
  let place = bucketOf(hash, buckets);
  while (true) {
    const bucket = start + (place << BUCKET_SHIFT);
    const isFirst = u32(load<u64>(bucket) == ab) & u32(load<u64>(bucket, 8) == cd);
    const isSecond = u32(load<u64>(bucket, 16) == ab) & u32(load<u64>(bucket, 24) == cd);
    if ((isFirst | isSecond) != 0) return bucket + TO_REFERENCES + (isSecond << 2);
    if (load<u64>(bucket, 16) == 0) return NULL_RECORD;
    place = place + 1 == buckets ? 0 : place + 1;
  }
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

/** A record or an edge that is not in its own bucket, which is full. */
function findFurther(start: u32, buckets: u32, bucket: u32, key: u64): u32 {
  const end = start + (buckets << BUCKET_SHIFT);
  while (true) {
    bucket += 1 << BUCKET_SHIFT;
    if (bucket == end) bucket = start;
    const hits = findInBucket(bucket, key);
    if (hits != 0) return bucket + TO_REFERENCES + (ctz(hits) << 2);
    if (load<u64>(bucket, 24) == 0) return NULL_RECORD;
  }
}

/** Last candidate, and where the next of {@link FURTHER} goes. Globals are the instance's own, not in shared memory. */
let candidatesEnd: u32 = 0;
let furtherEnd: u32 = 0;
/** Rows that end behind this place at FOUND have to wait: FURTHER was full. */
let foundLimit: u32 = 0;

/** Pass 2: record and entry of each token, and the pairs of neighbours that may start an entry of several tokens. */
function findRecords(slot: u32, tokensEnd: u32): void {
  const text = slot + TEXT;
  const seed = header(SEED);
  let found = slot + FOUND;
  let candidate = slot + CANDIDATES;
  let masksBefore: u32 = 0;
  let bitBefore: u32 = 0;
  for (let token = slot + TOKENS; token < tokensEnd; token += 4) {
    const place = load<u32>(token);
    const length = place >>> LENGTH_SHIFT;
    const at = text + (place & 0xffff);
    let record: u32;
    if (length > 8) {
      record = findLong(at, length);
    } else {
      const row = LENGTHS + (length << 4);
      const key = load<u64>(at) & load<u64>(row);
      const start = load<u32>(row, 8);
      const buckets = load<u32>(row, 12);
      const bucket = start + (bucketOf(hashShort(seed, u32(key), u32(key >>> 32)), buckets) << BUCKET_SHIFT);
      const hits = findInBucket(bucket, key);
      record = select<u32>(bucket + TO_REFERENCES + (ctz(hits) << 2), NULL_RECORD, hits);
      if ((hits | u32(load<u64>(bucket, 24) == 0)) == 0) record = findFurther(start, buckets, bucket, key);
    }
    const reference = load<u32>(record);
    const masks = load<u32>(record, TO_MASKS);
    const bit = neighbourBit(record);
    // A candidate's place is kept free for it.
    const isCandidate = (masksBefore >>> bit) & (masks >>> (16 + bitBefore)) & 1;
    store<u32>(candidate, token);
    store<u32>(candidate, found, 4);
    candidate += isCandidate << 3;
    found += isCandidate << 2;
    store<u32>(found, reference - 1);
    found += u32(reference != 0) << 2;
    store<u32>(token, record, RECORDS - TOKENS);
    store<u32>(token, found);
    masksBefore = masks;
    bitBefore = bit;
  }
  candidatesEnd = candidate;
}

// @ts-ignore: decorator
@inline
function findEdge(seed: u32, start: u32, buckets: u32, state: u32, word: u32): u32 {
  const key = u64(state) | (u64(word) << 32);
  const bucket = start + (bucketOf(hashEdge(seed, state, word), buckets) << BUCKET_SHIFT);
  const hits = findInBucket(bucket, key);
  if ((hits | u32(load<u64>(bucket, 24) == 0)) == 0) return findFurther(start, buckets, bucket, key);
  return select<u32>(bucket + TO_REFERENCES + (ctz(hits) << 2), NULL_RECORD, hits);
}

/** Whether the token may follow a state. */
// @ts-ignore: decorator
@inline
function mayFollow(next: u32, word: u32): u32 {
  return (next >>> DEEP_NUMBER_BITS >>> ((neighbourBit(word) * 3) >>> 3)) & 1;
}

/** Pass 3: the edges, and what lies behind them. */
function findEdges(slot: u32): void {
  const seed = header(SEED);
  const start = header(EDGE_START);
  const buckets = header(EDGE_BUCKETS);
  furtherEnd = slot + FURTHER;
  foundLimit = 0xffffffff;
  for (let candidate = slot + CANDIDATES; candidate < candidatesEnd; candidate += 8) {
    const token = load<u32>(candidate);
    const found = load<u32>(candidate, 4);
    const state = load<u32>(token, RECORDS - TOKENS - 4);
    const word = load<u32>(token, RECORDS - TOKENS);
    const edge = findEdge(seed, start, buckets, state, word);
    store<u32>(found, load<u32>(edge) - 1);
    const next = load<u32>(edge, TO_MASKS);
    if (mayFollow(next, load<u32>(token, RECORDS - TOKENS + 4)) != 0) {
      if (!walkFurther(slot, seed, start, buckets, next, token + 4, found)) break;
    }
  }
  store<u32>(furtherEnd, 0xffffffff);
}

/** Notes the entries of three and more tokens. Gives whether there was room for them. */
function walkFurther(slot: u32, seed: u32, start: u32, buckets: u32, next: u32, token: u32, found: u32): bool {
  const end = slot + FURTHER + (MAX_FURTHER << 3) - 8;
  const first = furtherEnd;
  while (true) {
    const state = DEEP_STATE | (next & ((1 << DEEP_NUMBER_BITS) - 1));
    const edge = findEdge(seed, start, buckets, state, load<u32>(token, RECORDS - TOKENS));
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
    token += 4;
    if (mayFollow(next, load<u32>(token, RECORDS - TOKENS)) == 0) return true;
  }
}

/** Sorts sixteen numbers; the last of them, from `count` on, are taken as NONE. */
function sortSixteen(from: u32, count: u32, to: u32): void {
  const last = i32x4.splat(count);
  let a = v128.or(v128.load(from), i32x4.ge_s(i32x4(0, 1, 2, 3), last));
  let b = v128.or(v128.load(from, 16), i32x4.ge_s(i32x4(4, 5, 6, 7), last));
  let c = v128.or(v128.load(from, 32), i32x4.ge_s(i32x4(8, 9, 10, 11), last));
  let d = v128.or(v128.load(from, 48), i32x4.ge_s(i32x4(12, 13, 14, 15), last));
  // Four columns of four, by the network of five comparisons.
  let e = i32x4.min_u(a, b);
  let f = i32x4.max_u(a, b);
  let g = i32x4.min_u(c, d);
  let h = i32x4.max_u(c, d);
  a = i32x4.min_u(e, g);
  c = i32x4.max_u(e, g);
  b = i32x4.min_u(f, h);
  d = i32x4.max_u(f, h);
  e = i32x4.min_u(b, c);
  f = i32x4.max_u(b, c);
  // Columns to rows.
  g = v128.shuffle<i32>(a, e, 0, 4, 1, 5);
  h = v128.shuffle<i32>(a, e, 2, 6, 3, 7);
  b = v128.shuffle<i32>(f, d, 0, 4, 1, 5);
  c = v128.shuffle<i32>(f, d, 2, 6, 3, 7);
  a = v128.shuffle<i64>(g, b, 0, 2);
  b = v128.shuffle<i64>(g, b, 1, 3);
  d = v128.shuffle<i64>(h, c, 1, 3);
  c = v128.shuffle<i64>(h, c, 0, 2);
  // Each two rows to one of eight, the second backwards.
  b = v128.shuffle<i32>(b, b, 3, 2, 1, 0);
  d = v128.shuffle<i32>(d, d, 3, 2, 1, 0);
  v128.store(to, i32x4.min_u(a, b));
  v128.store(to, i32x4.max_u(a, b), 16);
  v128.store(to, i32x4.min_u(c, d), 32);
  v128.store(to, i32x4.max_u(c, d), 48);
  sortBitonicEights(to);
  sortBitonicEights(to + 32);
  a = v128.load(to);
  b = v128.load(to, 16);
  c = v128.load(to, 48);
  d = v128.load(to, 32);
  c = v128.shuffle<i32>(c, c, 3, 2, 1, 0);
  d = v128.shuffle<i32>(d, d, 3, 2, 1, 0);
  e = i32x4.min_u(a, c);
  f = i32x4.min_u(b, d);
  g = i32x4.max_u(a, c);
  h = i32x4.max_u(b, d);
  v128.store(to, i32x4.min_u(e, f));
  v128.store(to, i32x4.max_u(e, f), 16);
  v128.store(to, i32x4.min_u(g, h), 32);
  v128.store(to, i32x4.max_u(g, h), 48);
  sortBitonicEights(to);
  sortBitonicEights(to + 32);
}

/** Sorts two bitonic runs of four, one behind the other. */
// @ts-ignore: decorator
@inline
function sortBitonicEights(at: u32): void {
  const low = v128.load(at);
  const high = v128.load(at, 16);
  const a = v128.shuffle<i64>(low, high, 0, 2);
  const b = v128.shuffle<i64>(low, high, 1, 3);
  const smaller = i32x4.min_u(a, b);
  const larger = i32x4.max_u(a, b);
  const c = v128.shuffle<i32>(smaller, larger, 0, 2, 4, 6);
  const d = v128.shuffle<i32>(smaller, larger, 1, 3, 5, 7);
  const even = i32x4.min_u(c, d);
  const odd = i32x4.max_u(c, d);
  const e = v128.shuffle<i32>(even, odd, 0, 4, 1, 5);
  const f = v128.shuffle<i32>(even, odd, 2, 6, 3, 7);
  v128.store(at, v128.shuffle<i64>(e, f, 0, 2));
  v128.store(at, v128.shuffle<i64>(e, f, 1, 3), 16);
}

/** Sorts a bitonic run of sixteen. */
// @ts-ignore: decorator
@inline
function sortBitonicSixteen(at: u32): void {
  const a = v128.load(at);
  const b = v128.load(at, 16);
  const c = v128.load(at, 32);
  const d = v128.load(at, 48);
  const e = i32x4.min_u(a, c);
  const f = i32x4.min_u(b, d);
  const g = i32x4.max_u(a, c);
  const h = i32x4.max_u(b, d);
  v128.store(at, i32x4.min_u(e, f));
  v128.store(at, i32x4.max_u(e, f), 16);
  v128.store(at, i32x4.min_u(g, h), 32);
  v128.store(at, i32x4.max_u(g, h), 48);
  sortBitonicEights(at);
  sortBitonicEights(at + 32);
}

/** Sorts thirty-two numbers; the last of them, from `count` on, are taken as NONE. */
function sortThirtyTwo(from: u32, count: u32, to: u32): void {
  sortSixteen(from, 16, to);
  sortSixteen(from + 64, count - 16, to + 64);
  let last: u32 = 112;
  for (let at: u32 = 0; at < 64; at += 16, last -= 16) {
    const a = v128.load(to + at);
    const b = v128.load(to + last);
    const c = v128.shuffle<i32>(b, b, 3, 2, 1, 0);
    v128.store(to + at, i32x4.min_u(a, c));
    const d = i32x4.max_u(a, c);
    v128.store(to + last, v128.shuffle<i32>(d, d, 3, 2, 1, 0));
  }
  sortBitonicSixteen(to);
  sortBitonicSixteen(to + 64);
}

/** Writes the lanes of `ids` that differ from the one before; gives the place behind them. */
// @ts-ignore: decorator
@inline
function writeDistinct(packing: u32, before: v128, ids: v128, to: u32): u32 {
  const kept = i32x4.bitmask(i32x4.ne(ids, v128.shuffle<i32>(before, ids, 3, 4, 5, 6)));
  v128.store(to, i8x16.swizzle(ids, v128.load(packing + (kept << 4))));
  return to + (popcnt(kept) << 2);
}

/** Sorts up to 16 ids from FOUND to `to`, each once. Returns how many. */
function sortRow(slot: u32, from: u32, count: u32, to: u32): u32 {
  const packing = slot + PACKING;
  sortSixteen(from, count, to);
  const a = v128.load(to);
  const b = v128.load(to, 16);
  const c = v128.load(to, 32);
  const d = v128.load(to, 48);
  // No id is the largest number.
  let end = writeDistinct(packing, i32x4.splat(0x7fffffff), a, to);
  end = writeDistinct(packing, a, b, end);
  end = writeDistinct(packing, b, c, end);
  end = writeDistinct(packing, c, d, end);
  return ((end - to) >>> 2) - u32(i32x4.extract_lane(d, 3) == -1);
}

/** The same for 17 to 32. */
function sortLongRow(slot: u32, from: u32, count: u32, to: u32): u32 {
  const packing = slot + PACKING;
  sortThirtyTwo(from, count, to);
  let before = i32x4.splat(0x7fffffff);
  let end = to;
  // What is written never reaches what is still to be read.
  for (let at = to; at < to + 128; at += 16) {
    const ids = v128.load(at);
    end = writeDistinct(packing, before, ids, end);
    before = ids;
  }
  return ((end - to) >>> 2) - u32(i32x4.extract_lane(before, 3) == -1);
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

/** By the lanes to keep: where the bytes of a vector go. */
function preparePacking(slot: u32): void {
  for (let kept: u32 = 0; kept < 16; kept++) {
    let to = slot + PACKING + (kept << 4);
    v128.store(to, i8x16.splat(-1));
    for (let lane: u32 = 0; lane < 4; lane++) {
      if (((kept >>> lane) & 1) == 0) continue;
      store<u32>(to, 0x03020100 + lane * 0x04040404);
      to += 4;
    }
  }
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
  store<u32>(slot + TEXT + NULL_TOKEN, 0x0200);
  if (load<u32>(slot + PACKING, 252) == 0) preparePacking(slot);
  rowCount = splitRows(slot, rowCount);
  if (rowCount == 0) return 0;
  findRecords(slot, load<u32>(slot + TOKEN_ENDS + ((rowCount - 1) << 2)) + 4);
  findEdges(slot);
  nextFurther = slot + FURTHER;
  const hasGroups = header(GROUP_LENGTH) != 0;
  const idsEnd = slot + IDS + ((MAX_IDS - MAX_MEMBERS - 4) << 2);
  let from = slot + FOUND;
  let to = slot + IDS;
  for (let row: u32 = 0; row < rowCount; row++) {
    const end = load<u32>(load<u32>(slot + TOKEN_ENDS + (row << 2)));
    if (to > idsEnd || end > foundLimit) return row;
    if (load<u32>(slot + COUNTS + (row << 2)) == 0) {
      const found = (end - from) >>> 2;
      let count: u32;
      if (load<u32>(nextFurther) < end || found > 32 || (hasGroups && hasGroup(from, end))) {
        count = sortMixedRow(slot, from, end, to);
      } else if (found <= 16) {
        count = sortRow(slot, from, found, to);
      } else {
        count = sortLongRow(slot, from, found, to);
      }
      to += count == TOO_LARGE ? 0 : count << 2;
      store<u32>(slot + COUNTS + (row << 2), count);
    }
    while (load<u32>(nextFurther) < end) nextFurther += 8;
    from = end;
  }
  return rowCount;
}
