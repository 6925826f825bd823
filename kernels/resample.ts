/**
 * The two passes of Pillow's resize over a block of rows. AssemblyScript; the TypeScript twin, which says what all this
 * means, is src/model/preprocess/resample-passes.ts: same bytes, and the choice for sizes that do not fit in here.
 *
 * A weight w has 22 bits after the point, so a product with a byte does not fit 16 bits; w = high * 2^11 + low does, and
 * the sums of byte * high and of byte * low are made two inputs at a time by one multiply-and-add of 16-bit lanes. Sums of
 * integers are exact in any order.
 *
 * Memory: see the constants, known to src/model/preprocess/resample-kernel.ts. Loads reach up to 16 bytes behind the last
 * pixel, and rows are taken two at a time, so one row behind the last is read; what is found there is multiplied by 0, or
 * lands where nobody looks.
 */

/** For each output of the row pass: byte offset of its first input within a row; number of its groups of weights. */
const STARTS: i32 = 4096;
const GROUPS: i32 = 20480;
/** Weights of the row pass, 16-bit: groups of 4 inputs (colours) as [high high low low high high low low]. */
const ROW_WEIGHTS: i32 = 36864;
/** Weights of the column pass, 32-bit, those of one output after the other. */
const COLUMN_WEIGHTS: i32 = 3182592;
/** Rows of the source. */
const INPUT: i32 = 6328320;
/** Rows after the row pass. */
const NARROW: i32 = 8486912;
/** Sums of the column pass: 32 bits for each byte of the output. */
const SUMS: i32 = 9535488;

const HALF: i32 = 1 << 21;
const PRECISION: i32 = 22;
const LOW_BITS: i32 = 11;
const LOW_MASK: i32 = 2047;

/** Sums to bytes; the saturation of the two narrowings is Pillow's clipping to 0..255. Four lanes in, four bytes out. */
@inline
function toBytes(sum: v128): v128 {
  const words = i16x8.narrow_i32x4_s(i32x4.shr_s(sum, PRECISION), i32x4.splat(0));
  return i8x16.narrow_i16x8_u(words, words);
}

/**
 * Row pass of interleaved pixels with 3 or 4 channels, from INPUT to NARROW.
 *
 * @param rows - number of rows
 * @param rowBytes - bytes from one source row to the next
 * @param outputs - pixels of a row of the result
 * @param pitch - bytes from one row of the result to the next: at least outputs * channels + 1
 * @param channels - 3 or 4
 * @param stride - bytes from one output's weights to the next one's
 */
export function narrowColours(
  rows: i32,
  rowBytes: i32,
  outputs: i32,
  pitch: i32,
  channels: i32,
  stride: i32,
): void {
  // Two inputs side by side for each colour, widened to 16 bits: an index of -1 gives 0.
  let first = i8x16(0, -1, 3, -1, 1, -1, 4, -1, 2, -1, 5, -1, -1, -1, -1, -1);
  let second = i8x16(6, -1, 9, -1, 7, -1, 10, -1, 8, -1, 11, -1, -1, -1, -1, -1);
  if (channels == 4) {
    first = i8x16(0, -1, 4, -1, 1, -1, 5, -1, 2, -1, 6, -1, 3, -1, 7, -1);
    second = i8x16(8, -1, 12, -1, 9, -1, 13, -1, 10, -1, 14, -1, 11, -1, 15, -1);
  }
  const step = channels << 2;
  for (let y = 0; y < rows; y += 2) {
    const row = INPUT + y * rowBytes;
    let to = NARROW + y * pitch;
    for (let x = 0; x < outputs; x++) {
      let a = row + load<i32>(STARTS + (x << 2));
      let b = a + rowBytes;
      let weight = ROW_WEIGHTS + x * stride;
      const end = weight + (load<i32>(GROUPS + (x << 2)) << 4);
      let highA = i32x4.splat(0);
      let lowA = i32x4.splat(HALF);
      let highB = i32x4.splat(0);
      let lowB = i32x4.splat(HALF);
      while (weight < end) {
        const pixelsA = v128.load(a);
        const pixelsB = v128.load(b);
        const high1 = v128.load32_splat(weight);
        const low1 = v128.load32_splat(weight, 4);
        const high2 = v128.load32_splat(weight, 8);
        const low2 = v128.load32_splat(weight, 12);
        const a1 = i8x16.swizzle(pixelsA, first);
        const a2 = i8x16.swizzle(pixelsA, second);
        const b1 = i8x16.swizzle(pixelsB, first);
        const b2 = i8x16.swizzle(pixelsB, second);
        highA = i32x4.add(highA, i32x4.add(i32x4.dot_i16x8_s(a1, high1), i32x4.dot_i16x8_s(a2, high2)));
        lowA = i32x4.add(lowA, i32x4.add(i32x4.dot_i16x8_s(a1, low1), i32x4.dot_i16x8_s(a2, low2)));
        highB = i32x4.add(highB, i32x4.add(i32x4.dot_i16x8_s(b1, high1), i32x4.dot_i16x8_s(b2, high2)));
        lowB = i32x4.add(lowB, i32x4.add(i32x4.dot_i16x8_s(b1, low1), i32x4.dot_i16x8_s(b2, low2)));
        a += step;
        b += step;
        weight += 16;
      }
      // With 3 channels the fourth byte is overwritten by the next pixel, the last one lies in the gap between rows.
      v128.store32_lane(to, toBytes(i32x4.add(i32x4.shl(highA, LOW_BITS), lowA)), 0);
      v128.store32_lane(to + pitch, toBytes(i32x4.add(i32x4.shl(highB, LOW_BITS), lowB)), 0);
      to += channels;
    }
  }
}

/**
 * Row pass of one channel, from INPUT to NARROW; weights in groups of 8 inputs: 8 times high, 8 times low.
 *
 * @param rows - number of rows
 * @param rowBytes - bytes from one source row to the next
 * @param outputs - pixels of a row of the result
 * @param pitch - bytes from one row of the result to the next
 * @param stride - bytes from one output's weights to the next one's
 */
export function narrowGrey(rows: i32, rowBytes: i32, outputs: i32, pitch: i32, stride: i32): void {
  for (let y = 0; y < rows; y++) {
    const row = INPUT + y * rowBytes;
    const to = NARROW + y * pitch;
    for (let x = 0; x < outputs; x++) {
      let from = row + load<i32>(STARTS + (x << 2));
      let weight = ROW_WEIGHTS + x * stride;
      const end = weight + (load<i32>(GROUPS + (x << 2)) << 5);
      let high = i32x4.splat(0);
      let low = i32x4.splat(0);
      while (weight < end) {
        const pixels = v128.load8x8_u(from);
        high = i32x4.add(high, i32x4.dot_i16x8_s(pixels, v128.load(weight)));
        low = i32x4.add(low, i32x4.dot_i16x8_s(pixels, v128.load(weight, 16)));
        from += 8;
        weight += 32;
      }
      const sums = i32x4.add(i32x4.shl(high, LOW_BITS), low);
      const pairs = i32x4.add(sums, i8x16.shuffle(sums, sums, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
      const sum = HALF + i32x4.extract_lane(pairs, 0) + i32x4.extract_lane(pairs, 1);
      store<u8>(to + x, <u8>min(255, max(0, sum >> PRECISION)));
    }
  }
}

/**
 * Column pass: adds rows of a block to the sums of one output row.
 *
 * @param from - address of the first row, in NARROW or INPUT
 * @param rows - number of rows, at least 1
 * @param pitch - bytes from one row to the next, a multiple of 16
 * @param weight - index of the first row's weight
 * @param output - index of the output row
 * @param isFirst - 1 where the sums are begun, 0 where they are continued
 */
export function addRows(from: i32, rows: i32, pitch: i32, weight: i32, output: i32, isFirst: i32): void {
  const weights = COLUMN_WEIGHTS + (weight << 2);
  const sums = SUMS + ((output * pitch) << 2);
  for (let x = 0; x < pitch; x += 16) {
    const to = sums + (x << 2);
    let low0 = i32x4.splat(HALF);
    let low1 = low0;
    let low2 = low0;
    let low3 = low0;
    if (!isFirst) {
      low0 = v128.load(to);
      low1 = v128.load(to, 16);
      low2 = v128.load(to, 32);
      low3 = v128.load(to, 48);
    }
    let high0 = i32x4.splat(0);
    let high1 = high0;
    let high2 = high0;
    let high3 = high0;
    let row = from + x;
    for (let y = 0; y < rows; y += 2) {
      const a = v128.load(row);
      const weightA = load<i32>(weights + (y << 2));
      let b = i32x4.splat(0);
      let weightB = 0;
      if (y + 1 < rows) {
        b = v128.load(row + pitch);
        weightB = load<i32>(weights + (y << 2), 4);
      }
      const high = i32x4.splat(((weightA >> LOW_BITS) & 0xffff) | ((weightB >> LOW_BITS) << 16));
      const low = i32x4.splat((weightA & LOW_MASK) | ((weightB & LOW_MASK) << 16));
      const left = i8x16.shuffle(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      const right = i8x16.shuffle(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
      const p0 = i16x8.extend_low_i8x16_u(left);
      const p1 = i16x8.extend_high_i8x16_u(left);
      const p2 = i16x8.extend_low_i8x16_u(right);
      const p3 = i16x8.extend_high_i8x16_u(right);
      high0 = i32x4.add(high0, i32x4.dot_i16x8_s(p0, high));
      high1 = i32x4.add(high1, i32x4.dot_i16x8_s(p1, high));
      high2 = i32x4.add(high2, i32x4.dot_i16x8_s(p2, high));
      high3 = i32x4.add(high3, i32x4.dot_i16x8_s(p3, high));
      low0 = i32x4.add(low0, i32x4.dot_i16x8_s(p0, low));
      low1 = i32x4.add(low1, i32x4.dot_i16x8_s(p1, low));
      low2 = i32x4.add(low2, i32x4.dot_i16x8_s(p2, low));
      low3 = i32x4.add(low3, i32x4.dot_i16x8_s(p3, low));
      row += pitch << 1;
    }
    v128.store(to, i32x4.add(i32x4.shl(high0, LOW_BITS), low0));
    v128.store(to, i32x4.add(i32x4.shl(high1, LOW_BITS), low1), 16);
    v128.store(to, i32x4.add(i32x4.shl(high2, LOW_BITS), low2), 32);
    v128.store(to, i32x4.add(i32x4.shl(high3, LOW_BITS), low3), 48);
  }
}

/**
 * Turns the sums of the column pass into bytes, in place: byte i of the result lies at SUMS + i.
 *
 * @param count - number of sums, a multiple of 16
 */
export function finish(count: i32): void {
  for (let i = 0; i < count; i += 16) {
    const from = SUMS + (i << 2);
    const left = i16x8.narrow_i32x4_s(
      i32x4.shr_s(v128.load(from), PRECISION),
      i32x4.shr_s(v128.load(from, 16), PRECISION),
    );
    const right = i16x8.narrow_i32x4_s(
      i32x4.shr_s(v128.load(from, 32), PRECISION),
      i32x4.shr_s(v128.load(from, 48), PRECISION),
    );
    v128.store(SUMS + i, i8x16.narrow_i16x8_u(left, right));
  }
}
