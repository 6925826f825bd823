/**
 * Ids of pairs: SHA-256 and SHA-224 (FIPS 180-4) of many short messages, four at a time, one in each lane of a vector. A
 * lane that is done takes the next message at once. AssemblyScript; what the messages are stands in src/curation/pair-ids.ts,
 * whose functions are the slow twin.
 */

// Layout, known to src/curation/hash-pairs.ts.
const URL_OFFSETS: i32 = 65536; // rows + 1 offsets into any buffer; the first one counts as 0
const TEXT_OFFSETS: i32 = 73728;
const UIDS: i32 = 81920; // 16 bytes a row
const UUIDS: i32 = 98304; // 12 bytes a row
const URL_BYTES: i32 = 114688;
const TEXT_BYTES: i32 = 262144;
const MESSAGES: i32 = 524288;
const JOBS: i32 = 16384; // 12 bytes a message: its place, its number of blocks, place of the digest with bit 31 for SHA-224

const STATE: i32 = 8192; // 8 vectors
const SCHEDULE: i32 = 8448; // 16 vectors
const LANES: i32 = 8704; // 12 bytes a lane: place of the next block, blocks left, place of the digest
/** A block for lanes that have run out of messages. */
const IDLE_BLOCK: i32 = 8960;

const K = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98,
  0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
  0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8,
  0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819,
  0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
  0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
  0xc67178f2,
]);
/** Initial state of SHA-256, then of SHA-224. */
const INITIAL = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19, 0xc1059ed8,
  0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
]);

// @ts-ignore: decorator
@inline
function rotate(x: v128, count: i32): v128 {
  return v128.or(i32x4.shr_u(x, count), i32x4.shl(x, 32 - count));
}

// @ts-ignore: decorator
@inline
function sum(a: v128, b: v128): v128 {
  return i32x4.add(a, b);
}

/** Four words of each lane's block, turned so that each vector has one word of all lanes, big-endian. */
// @ts-ignore: decorator
@inline
function loadWords(words: i32, at0: i32, at1: i32, at2: i32, at3: i32): void {
  const order = i8x16(3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12);
  const a = i8x16.swizzle(v128.load(at0), order);
  const b = i8x16.swizzle(v128.load(at1), order);
  const c = i8x16.swizzle(v128.load(at2), order);
  const d = i8x16.swizzle(v128.load(at3), order);
  const ab0 = v128.shuffle<u32>(a, b, 0, 4, 1, 5);
  const ab1 = v128.shuffle<u32>(a, b, 2, 6, 3, 7);
  const cd0 = v128.shuffle<u32>(c, d, 0, 4, 1, 5);
  const cd1 = v128.shuffle<u32>(c, d, 2, 6, 3, 7);
  v128.store(words, v128.shuffle<u64>(ab0, cd0, 0, 2));
  v128.store(words, v128.shuffle<u64>(ab0, cd0, 1, 3), 16);
  v128.store(words, v128.shuffle<u64>(ab1, cd1, 0, 2), 32);
  v128.store(words, v128.shuffle<u64>(ab1, cd1, 1, 3), 48);
}

/** One block of each lane. */
function compress(at0: i32, at1: i32, at2: i32, at3: i32): void {
  for (let i = 0; i < 4; i++) {
    loadWords(SCHEDULE + i * 64, at0 + i * 16, at1 + i * 16, at2 + i * 16, at3 + i * 16);
  }
  let a = v128.load(STATE);
  let b = v128.load(STATE, 16);
  let c = v128.load(STATE, 32);
  let d = v128.load(STATE, 48);
  let e = v128.load(STATE, 64);
  let f = v128.load(STATE, 80);
  let g = v128.load(STATE, 96);
  let h = v128.load(STATE, 112);
  let bc = v128.xor(b, c);
  for (let t = 0; t < 64; t++) {
    const slot = SCHEDULE + (t & 15) * 16;
    let word = v128.load(slot);
    if (t >= 16) {
      const w1 = v128.load(SCHEDULE + ((t + 1) & 15) * 16);
      const w14 = v128.load(SCHEDULE + ((t + 14) & 15) * 16);
      const s0 = v128.xor(v128.xor(rotate(w1, 7), rotate(w1, 18)), i32x4.shr_u(w1, 3));
      const s1 = v128.xor(v128.xor(rotate(w14, 17), rotate(w14, 19)), i32x4.shr_u(w14, 10));
      word = sum(sum(word, s0), sum(v128.load(SCHEDULE + ((t + 9) & 15) * 16), s1));
      v128.store(slot, word);
    }
    const big1 = v128.xor(v128.xor(rotate(e, 6), rotate(e, 11)), rotate(e, 25));
    const choice = v128.xor(g, v128.and(e, v128.xor(f, g)));
    const t1 = sum(sum(sum(h, word), sum(big1, choice)), v128.load_splat<u32>(K + t * 4));
    const big0 = v128.xor(v128.xor(rotate(a, 2), rotate(a, 13)), rotate(a, 22));
    const ab = v128.xor(a, b);
    const majority = v128.xor(v128.and(ab, bc), b);
    h = g;
    g = f;
    f = e;
    e = sum(d, t1);
    d = c;
    c = b;
    b = a;
    a = sum(t1, sum(big0, majority));
    bc = ab;
  }
  v128.store(STATE, sum(v128.load(STATE), a));
  v128.store(STATE, sum(v128.load(STATE, 16), b), 16);
  v128.store(STATE, sum(v128.load(STATE, 32), c), 32);
  v128.store(STATE, sum(v128.load(STATE, 48), d), 48);
  v128.store(STATE, sum(v128.load(STATE, 64), e), 64);
  v128.store(STATE, sum(v128.load(STATE, 80), f), 80);
  v128.store(STATE, sum(v128.load(STATE, 96), g), 96);
  v128.store(STATE, sum(v128.load(STATE, 112), h), 112);
}

/** Copies in steps of 16 bytes, so up to 15 too many; what follows the target is written later. */
// @ts-ignore: decorator
@inline
function copy(target: i32, source: i32, length: i32): void {
  for (let i = 0; i < length; i += 16) v128.store(target + i, v128.load(source + i));
}

/** Ends the message in [start, stop) as the standard wants and notes it as a job; returns the place behind it. */
function finishMessage(job: i32, start: i32, stop: i32, digest: i32): i32 {
  const length = stop - start;
  const blockCount = (length + 9 + 63) >>> 6;
  const messageEnd = start + (blockCount << 6);
  // At most 72 bytes, and 16 bytes at a time.
  for (let at = stop; at < messageEnd; at += 16) v128.store(at, i64x2.splat(0));
  store<u8>(stop, 0x80);
  store<u64>(messageEnd - 8, bswap<u64>(u64(length) << 3));
  store<i32>(job, start);
  store<i32>(job + 4, blockCount);
  store<i32>(job + 8, digest);
  return messageEnd;
}

/** Writes the messages of all rows; returns the place behind the last job. */
function writeMessages(rowCount: i32): i32 {
  const urlBase = URL_BYTES - load<i32>(URL_OFFSETS);
  const textBase = TEXT_BYTES - load<i32>(TEXT_OFFSETS);
  let at = MESSAGES;
  let job = JOBS;
  for (let row = 0; row < rowCount; row++) {
    const url = urlBase + load<i32>(URL_OFFSETS + row * 4);
    const urlLength = urlBase + load<i32>(URL_OFFSETS + row * 4 + 4) - url;
    const text = textBase + load<i32>(TEXT_OFFSETS + row * 4);
    const textLength = textBase + load<i32>(TEXT_OFFSETS + row * 4 + 4) - text;
    copy(at, url, urlLength);
    at = finishMessage(job, at, at + urlLength, (UUIDS + row * 12) | 0x80000000);
    let digits = 1;
    for (let rest = urlLength; rest >= 10; rest /= 10) digits++;
    let rest = urlLength;
    for (let i = digits - 1; i >= 0; i--) {
      store<u8>(at + i, 0x30 + (rest % 10));
      rest /= 10;
    }
    store<u8>(at + digits, 0x3a);
    copy(at + digits + 1, url, urlLength);
    const textStart = at + digits + 1 + urlLength;
    copy(textStart, text, textLength);
    at = finishMessage(job + 12, at, textStart + textLength, UIDS + row * 16);
    job += 24;
  }
  return job;
}

/** Gives a lane its next message; false when there is none. */
function startLane(lane: i32, job: i32, jobsEnd: i32): bool {
  const slot = LANES + lane * 12;
  if (job >= jobsEnd) {
    store<i32>(slot, IDLE_BLOCK);
    store<i32>(slot + 4, i32.MAX_VALUE);
    return false;
  }
  const digest = load<i32>(job + 8);
  store<i32>(slot, load<i32>(job));
  store<i32>(slot + 4, load<i32>(job + 4));
  store<i32>(slot + 8, digest);
  const initial = INITIAL + (digest < 0 ? 32 : 0);
  for (let i = 0; i < 8; i++) store<u32>(STATE + i * 16 + lane * 4, load<u32>(initial + i * 4));
  return true;
}

/**
 * Hashes rows.
 *
 * @param rowCount - rows at URL_OFFSETS and TEXT_OFFSETS, at most 1,024, whose strings, messages and all, have room
 */
export function hashRows(rowCount: i32): void {
  const jobsEnd = writeMessages(rowCount);
  let job = JOBS;
  let active = 0;
  for (let lane = 0; lane < 4; lane++) {
    if (startLane(lane, job, jobsEnd)) active++;
    job += 12;
  }
  while (active > 0) {
    compress(load<i32>(LANES), load<i32>(LANES + 12), load<i32>(LANES + 24), load<i32>(LANES + 36));
    for (let lane = 0; lane < 4; lane++) {
      const slot = LANES + lane * 12;
      const left = load<i32>(slot + 4) - 1;
      if (left == 0) {
        const digest = load<i32>(slot + 8);
        const target = digest & 0x7fffffff;
        for (let i = 0; i < 3; i++) store<u32>(target + i * 4, bswap<u32>(load<u32>(STATE + i * 16 + lane * 4)));
        if (digest >= 0) store<u32>(target + 12, bswap<u32>(load<u32>(STATE + 48 + lane * 4)));
        if (!startLane(lane, job, jobsEnd)) active--;
        job += 12;
      } else if (left < 0x40000000) {
        store<i32>(slot, load<i32>(slot) + 64);
        store<i32>(slot + 4, left);
      }
    }
  }
}
