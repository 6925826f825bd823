/**
 * The mean feature vector of a text, as fastText has it. AssemblyScript; the TypeScript twin, which says what all this means, is
 * src/curation/language/token-rows.ts with identify-language.ts: the same rows in the same order with the same roundings. What a
 * kernel buys: a row of 16 numbers is four additions, and a look-up has no checks.
 *
 * Memory is that of a run: the tables of the model, and behind them scratch memory for each thread, in which its texts are put with
 * at least 16 readable bytes behind them. See src/curation/language/lid-memory.ts.
 */

const BUCKETS: u32 = 2_000_000;
const BASIS: i32 = -2128831035;
const PRIME: i32 = 16777619;
const OPEN: u8 = 0x3c;
const CLOSE: u8 = 0x3e;
/** `__label__`: its first eight bytes, and the ninth. */
const LABEL_PREFIX: u64 = 0x5f6c6562616c5f5f;
const LABEL_PREFIX_BYTES: i32 = 9;
/** `</s>` */
const END_OF_LINE: u32 = 0x3e732f3c;
/** Signed bytes below this continue a character. */
const FIRST_LEAD: i32 = -64;

/** Scratch memory of a thread: the result, row numbers, the letters of a token. */
const HIDDEN: i32 = 0;
const LIST: i32 = 64;
const LIST_LENGTH: i32 = 1024;
const CHARS: i32 = 4096;
/** Longest token taken. */
const MAX_TOKEN_BYTES: i32 = 4096;

let rows: i32 = 0;
let bucketRows: i32 = 0;
let wordSlots: i32 = 0;
let wordMask: i32 = 0;
let wordEnds: i32 = 0;
let wordBytes: i32 = 0;
let scratch: i32 = 0;

/** Sum so far, and rows in it. */
let sum0: v128 = f32x4(0, 0, 0, 0);
let sum1: v128 = f32x4(0, 0, 0, 0);
let sum2: v128 = f32x4(0, 0, 0, 0);
let sum3: v128 = f32x4(0, 0, 0, 0);
let added: i32 = 0;
let listed: i32 = 0;

/** Tells where the tables of the model and this thread's scratch memory lie. */
export function setUp(
  rowsAt: i32,
  bucketRowsAt: i32,
  wordSlotsAt: i32,
  slotMask: i32,
  wordEndsAt: i32,
  wordBytesAt: i32,
  scratchAt: i32,
): void {
  rows = rowsAt;
  bucketRows = bucketRowsAt;
  wordSlots = wordSlotsAt;
  wordMask = slotMask;
  wordEnds = wordEndsAt;
  wordBytes = wordBytesAt;
  scratch = scratchAt;
}

// @ts-ignore: decorator
@inline
function isSeparator(byte: u8): bool {
  return byte <= 32 && ((0x100003e01 >> u64(byte)) & 1) != 0;
}

/** Adds the rows of the list in their order. */
function addListed(): void {
  let a = sum0;
  let b = sum1;
  let c = sum2;
  let d = sum3;
  const stop = scratch + LIST + listed * 2;
  for (let at = scratch + LIST; at < stop; at += 2) {
    const row = rows + (i32(load<u16>(at)) << 6);
    a = f32x4.add(a, v128.load(row));
    b = f32x4.add(b, v128.load(row, 16));
    c = f32x4.add(c, v128.load(row, 32));
    d = f32x4.add(d, v128.load(row, 48));
  }
  sum0 = a;
  sum1 = b;
  sum2 = c;
  sum3 = d;
  added += listed;
  listed = 0;
}

/** Number of the word in [start, end), or -1. */
function findWord(start: i32, end: i32): i32 {
  let hash = BASIS;
  for (let at = start; at < end; at++) hash = (hash ^ i32(load<i8>(at))) * PRIME;
  const length = end - start;
  let slot = hash & wordMask;
  while (true) {
    const word = load<i32>(wordSlots + (slot << 2)) - 1;
    if (word < 0) return -1;
    slot = (slot + 1) & wordMask;
    const bytes = load<i32>(wordEnds + (word << 2));
    if (load<i32>(wordEnds + (word << 2), 4) - bytes != length) continue;
    let i = 0;
    while (i < length && load<u8>(wordBytes + bytes + i) == load<u8>(start + i)) i++;
    if (i == length) return word;
  }
}

/** Puts a row on the list unless it is 0, that of pruned n-grams. */
// @ts-ignore: decorator
@inline
function listBucket(hash: i32, list: i32): i32 {
  const row = i32(load<u16>(bucketRows + ((u32(hash) % BUCKETS) << 1)));
  store<u16>(list, u16(row));
  return list + (i32(row != 0) << 1);
}

/** Lists the rows of the n-grams of `<token>`. */
function listNgrams(start: i32, end: i32): void {
  const chars = scratch + CHARS;
  const length = end - start;
  store<u8>(chars, OPEN);
  for (let i = 0; i < length; i += 16) v128.store(chars + 1 + i, v128.load(start + i));
  store<u8>(chars + 1 + length, CLOSE);
  store<u8>(chars + 2 + length, 0);
  const charsEnd = chars + length + 2;
  let list = scratch + LIST + (listed << 1);
  const full = scratch + LIST + ((LIST_LENGTH - 3) << 1);
  for (let first = chars; first < charsEnd - 1; first++) {
    if (i32(load<i8>(first)) < FIRST_LEAD) continue;
    if (list >= full) {
      listed = (list - scratch - LIST) >> 1;
      addListed();
      list = scratch + LIST;
    }
    let at = first;
    let hash = (BASIS ^ i32(load<i8>(at++))) * PRIME;
    let next = i32(load<i8>(at));
    for (; next < FIRST_LEAD; next = i32(load<i8>(at))) {
      hash = (hash ^ next) * PRIME;
      at++;
    }
    let size = 2;
    while (true) {
      hash = (hash ^ next) * PRIME;
      at++;
      for (next = i32(load<i8>(at)); next < FIRST_LEAD; next = i32(load<i8>(at))) {
        hash = (hash ^ next) * PRIME;
        at++;
      }
      list = listBucket(hash, list);
      if (size == 4 || at == charsEnd) break;
      size++;
    }
  }
  listed = (list - scratch - LIST) >> 1;
}

/**
 * Computes the mean of a text's rows into the scratch memory, at HIDDEN.
 *
 * @param start - the text, from here
 * @param end - to here
 * @returns the number of rows; -1 when a token is too long
 */
export function average(start: i32, end: i32): i32 {
  sum0 = f32x4(0, 0, 0, 0);
  sum1 = f32x4(0, 0, 0, 0);
  sum2 = f32x4(0, 0, 0, 0);
  sum3 = f32x4(0, 0, 0, 0);
  added = 0;
  listed = 0;
  let at = start;
  let isEnded = false;
  while (at < end && !isEnded) {
    if (isSeparator(load<u8>(at))) {
      at++;
      continue;
    }
    const token = at;
    do at++;
    while (at < end && !isSeparator(load<u8>(at)));
    const length = at - token;
    if (length > MAX_TOKEN_BYTES) return -1;
    isEnded = length == 4 && load<u32>(token) == END_OF_LINE;
    if (length >= LABEL_PREFIX_BYTES && load<u64>(token) == LABEL_PREFIX && load<u8>(token + 8) == 0x5f) continue;
    const word = findWord(token, at);
    if (word >= 0) {
      if (listed >= LIST_LENGTH - 3) addListed();
      store<u16>(scratch + LIST + (listed << 1), u16(word));
      listed++;
    }
    if (word != 0) listNgrams(token, at);
  }
  if (!isEnded) {
    store<u16>(scratch + LIST + (listed << 1), 0);
    listed++;
  }
  addListed();
  const scale = f32x4.splat(f32(1.0 / f64(added)));
  v128.store(scratch + HIDDEN, f32x4.mul(sum0, scale));
  v128.store(scratch + HIDDEN, f32x4.mul(sum1, scale), 16);
  v128.store(scratch + HIDDEN, f32x4.mul(sum2, scale), 32);
  v128.store(scratch + HIDDEN, f32x4.mul(sum3, scale), 48);
  return added;
}
