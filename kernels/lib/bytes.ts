/** What several kernels do with bytes. Sixteen at a time, so up to 15 behind a range are read, and written where it says so. */

/** The next place of a byte at or behind `at`, or `end`. */
// @ts-ignore: decorator
@inline
export function find(at: i32, byte: u8, end: i32): i32 {
  while (at < end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(byte)));
    if (mask != 0) {
      at += ctz(mask);
      return at < end ? at : end;
    }
    at += 16;
  }
  return end;
}

/** {@link find} for what is likely within 32 bytes: one loop that is nearly never taken twice. Reads up to 31 bytes too many. */
// @ts-ignore: decorator
@inline
export function findFar(at: i32, byte: u8, end: i32): i32 {
  while (at < end) {
    const mask = maskOf(v128.load(at), byte) | (maskOf(v128.load(at, 16), byte) << 16);
    if (mask != 0) {
      at += ctz(mask);
      return at < end ? at : end;
    }
    at += 32;
  }
  return end;
}

/** Copies; up to 15 bytes too many are written, so what follows the target is written later or never read. */
// @ts-ignore: decorator
@inline
export function copy(target: i32, source: i32, length: i32): void {
  for (let i = 0; i < length; i += 16) v128.store(target + i, v128.load(source + i));
}

// @ts-ignore: decorator
@inline
export function maskOf(bytes: v128, character: u8): i32 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(character)));
}

/** The bits of the bytes of a vector that lie before `stop`. */
// @ts-ignore: decorator
@inline
export function validBits(at: i32, stop: i32): i32 {
  const rest = stop - at;
  return rest >= 16 ? 0xffff : (1 << rest) - 1;
}
