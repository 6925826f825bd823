/**
 * Sorts ids of 31 bits, each once: networks over vectors of four (Batcher 1968), without a branch. Part of the kernels `matcher`
 * and `worldwide`.
 *
 * A function gives one vector of several; what two of them compute alike, the runtime computes once.
 */

/** Sorts behind every id, and is left out. */
export const NONE: u32 = 0xffffffff;
/** Size of the table of {@link preparePacking}. */
export const PACKING_BYTES: u32 = 256;

/** Writes the table that the other functions need: by the lanes to keep, where the bytes of a vector go. */
export function preparePacking(packing: u32): void {
  for (let kept: u32 = 0; kept < 16; kept++) {
    let to = packing + (kept << 4);
    v128.store(to, i8x16.splat(-1));
    for (let lane: u32 = 0; lane < 4; lane++) {
      if (((kept >>> lane) & 1) == 0) continue;
      store<u32>(to, 0x03020100 + lane * 0x04040404);
      to += 4;
    }
  }
}

// @ts-ignore: decorator
@inline
function backwards(a: v128): v128 {
  return v128.shuffle<i32>(a, a, 3, 2, 1, 0);
}

/** First vector of two bitonic runs of four, each sorted. */
// @ts-ignore: decorator
@inline
function sortedFirst(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(sortedHalf(low, high), sortedOtherHalf(low, high), 0, 2);
}

/** The second. */
// @ts-ignore: decorator
@inline
function sortedSecond(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(sortedHalf(low, high), sortedOtherHalf(low, high), 1, 3);
}

/** First halves of two bitonic runs of four, each sorted. */
// @ts-ignore: decorator
@inline
function sortedHalf(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(sortedEven(low, high), sortedOdd(low, high), 0, 4, 1, 5);
}

/** Second halves. */
// @ts-ignore: decorator
@inline
function sortedOtherHalf(low: v128, high: v128): v128 {
  return v128.shuffle<i32>(sortedEven(low, high), sortedOdd(low, high), 2, 6, 3, 7);
}

/** Of two bitonic runs of four the numbers at even places, once they are sorted. */
// @ts-ignore: decorator
@inline
function sortedEven(low: v128, high: v128): v128 {
  const a = v128.shuffle<i64>(low, high, 0, 2);
  const b = v128.shuffle<i64>(low, high, 1, 3);
  const smaller = i32x4.min_u(a, b);
  const larger = i32x4.max_u(a, b);
  return i32x4.min_u(
    v128.shuffle<i32>(smaller, larger, 0, 2, 4, 6),
    v128.shuffle<i32>(smaller, larger, 1, 3, 5, 7),
  );
}

/** At odd places. */
// @ts-ignore: decorator
@inline
function sortedOdd(low: v128, high: v128): v128 {
  const a = v128.shuffle<i64>(low, high, 0, 2);
  const b = v128.shuffle<i64>(low, high, 1, 3);
  const smaller = i32x4.min_u(a, b);
  const larger = i32x4.max_u(a, b);
  return i32x4.max_u(
    v128.shuffle<i32>(smaller, larger, 0, 2, 4, 6),
    v128.shuffle<i32>(smaller, larger, 1, 3, 5, 7),
  );
}

/** Writes the lanes of `ids` that differ from the one before; gives the place behind them. */
// @ts-ignore: decorator
@inline
function writeDistinct(packing: u32, before: v128, ids: v128, to: u32): u32 {
  const kept = i32x4.bitmask(i32x4.ne(ids, v128.shuffle<i32>(before, ids, 3, 4, 5, 6)));
  v128.store(to, i8x16.swizzle(ids, v128.load(packing + (kept << 4))));
  return to + (popcnt(kept) << 2);
}

/** Is no id, and not {@link NONE}. */
// @ts-ignore: decorator
@inline
function noId(): v128 {
  return i32x4.splat(0x7fffffff);
}

/**
 * Sorts sixteen numbers, of which those from `count` on are taken as NONE. Writes all of them, or with `isDistinct` each once, and
 * then gives how many without NONE.
 */
// @ts-ignore: decorator
@inline
function sortSixteen(packing: u32, from: u32, count: u32, to: u32, isDistinct: bool): u32 {
  const last = i32x4.splat(count);
  const in0 = v128.or(v128.load(from), i32x4.ge_s(i32x4(0, 1, 2, 3), last));
  const in1 = v128.or(v128.load(from, 16), i32x4.ge_s(i32x4(4, 5, 6, 7), last));
  const in2 = v128.or(v128.load(from, 32), i32x4.ge_s(i32x4(8, 9, 10, 11), last));
  const in3 = v128.or(v128.load(from, 48), i32x4.ge_s(i32x4(12, 13, 14, 15), last));
  // Four columns of four, by the network of five comparisons.
  const low0 = i32x4.min_u(in0, in1);
  const high0 = i32x4.max_u(in0, in1);
  const low1 = i32x4.min_u(in2, in3);
  const high1 = i32x4.max_u(in2, in3);
  const column0 = i32x4.min_u(low0, low1);
  const middle0 = i32x4.max_u(low0, low1);
  const middle1 = i32x4.min_u(high0, high1);
  const column3 = i32x4.max_u(high0, high1);
  const column1 = i32x4.min_u(middle0, middle1);
  const column2 = i32x4.max_u(middle0, middle1);
  // Columns to rows.
  const pairs0 = v128.shuffle<i32>(column0, column1, 0, 4, 1, 5);
  const pairs1 = v128.shuffle<i32>(column0, column1, 2, 6, 3, 7);
  const pairs2 = v128.shuffle<i32>(column2, column3, 0, 4, 1, 5);
  const pairs3 = v128.shuffle<i32>(column2, column3, 2, 6, 3, 7);
  const row0 = v128.shuffle<i64>(pairs0, pairs2, 0, 2);
  const row1 = backwards(v128.shuffle<i64>(pairs0, pairs2, 1, 3));
  const row2 = v128.shuffle<i64>(pairs1, pairs3, 0, 2);
  const row3 = backwards(v128.shuffle<i64>(pairs1, pairs3, 1, 3));
  // Two rows to one of eight, and these to one of sixteen.
  const eight0 = sortedFirst(i32x4.min_u(row0, row1), i32x4.max_u(row0, row1));
  const eight1 = sortedSecond(i32x4.min_u(row0, row1), i32x4.max_u(row0, row1));
  const other0 = backwards(sortedSecond(i32x4.min_u(row2, row3), i32x4.max_u(row2, row3)));
  const other1 = backwards(sortedFirst(i32x4.min_u(row2, row3), i32x4.max_u(row2, row3)));
  const half0 = i32x4.min_u(eight0, other0);
  const half1 = i32x4.min_u(eight1, other1);
  const half2 = i32x4.max_u(eight0, other0);
  const half3 = i32x4.max_u(eight1, other1);
  const a = sortedFirst(i32x4.min_u(half0, half1), i32x4.max_u(half0, half1));
  const b = sortedSecond(i32x4.min_u(half0, half1), i32x4.max_u(half0, half1));
  const c = sortedFirst(i32x4.min_u(half2, half3), i32x4.max_u(half2, half3));
  const d = sortedSecond(i32x4.min_u(half2, half3), i32x4.max_u(half2, half3));
  if (isDistinct) {
    let end = writeDistinct(packing, noId(), a, to);
    end = writeDistinct(packing, a, b, end);
    end = writeDistinct(packing, b, c, end);
    end = writeDistinct(packing, c, d, end);
    return ((end - to) >>> 2) - u32(i32x4.extract_lane(d, 3) == -1);
  }
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
  return 0;
}

/** Sorts a bitonic run of sixteen, and writes each of them once; the last vector is left at `at`. */
// @ts-ignore: decorator
@inline
function writeBitonicSixteen(packing: u32, at: u32, before: v128, to: u32): u32 {
  const in0 = v128.load(at);
  const in1 = v128.load(at, 16);
  const in2 = v128.load(at, 32);
  const in3 = v128.load(at, 48);
  const half0 = i32x4.min_u(in0, in2);
  const half1 = i32x4.min_u(in1, in3);
  const half2 = i32x4.max_u(in0, in2);
  const half3 = i32x4.max_u(in1, in3);
  const a = sortedFirst(i32x4.min_u(half0, half1), i32x4.max_u(half0, half1));
  const b = sortedSecond(i32x4.min_u(half0, half1), i32x4.max_u(half0, half1));
  const c = sortedFirst(i32x4.min_u(half2, half3), i32x4.max_u(half2, half3));
  const d = sortedSecond(i32x4.min_u(half2, half3), i32x4.max_u(half2, half3));
  v128.store(at, d);
  let end = writeDistinct(packing, before, a, to);
  end = writeDistinct(packing, a, b, end);
  end = writeDistinct(packing, b, c, end);
  return writeDistinct(packing, c, d, end);
}

/**
 * @param packing - see {@link preparePacking}
 * @param from - up to 16 ids or NONE; 16 are read
 * @param count - how many
 * @param to - receives the ids, ascending, each once; 16 and three more may be written
 * @returns number of ids
 */
export function sortUpTo16(packing: u32, from: u32, count: u32, to: u32): u32 {
  return sortSixteen(packing, from, count, to, true);
}

/** The same for 16 to 32 ids; needs 128 bytes of scratch memory. */
export function sortUpTo32(packing: u32, scratch: u32, from: u32, count: u32, to: u32): u32 {
  sortSixteen(packing, from, 16, scratch, false);
  sortSixteen(packing, from + 64, count - 16, scratch + 64, false);
  for (let at: u32 = 0; at < 64; at += 16) {
    const a = v128.load(scratch + at);
    const b = backwards(v128.load(scratch + 112 - at));
    v128.store(scratch + at, i32x4.min_u(a, b));
    v128.store(scratch + 112 - at, backwards(i32x4.max_u(a, b)));
  }
  const middle = writeBitonicSixteen(packing, scratch, noId(), to);
  const end = writeBitonicSixteen(packing, scratch + 64, v128.load(scratch), middle);
  return ((end - to) >>> 2) - u32(load<i32>(scratch + 64, 12) == -1);
}
