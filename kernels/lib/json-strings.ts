/** Strings of JSON without their escapes, which are known to be well-formed. */
import { BACKSLASH, byteAt } from './json-skim';

/** Four hexadecimal digits, known to be such. */
export function readHex(at: i32): i32 {
  let unit = 0;
  for (const stop = at + 4; at < stop; at++) {
    const digit: i32 = byteAt(at);
    unit = (unit << 4) | (digit <= 0x39 ? digit - 0x30 : (digit | 32) - 0x57);
  }
  return unit;
}

/**
 * Writes the string that stands in [start, stop) without its escapes, which are known to be well-formed.
 *
 * @returns behind it; -1 for a surrogate without its other half, which has no UTF-8
 */
export function decodeString(start: i32, stop: i32, to: i32): i32 {
  let at = start;
  while (true) {
    // Copies 16 bytes at a time up to the next backslash.
    while (true) {
      const bytes = v128.load(at);
      v128.store(to, bytes);
      const mask = i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(BACKSLASH)));
      if (mask != 0) {
        at += ctz(mask);
        to += ctz(mask);
        break;
      }
      at += 16;
      to += 16;
      if (at >= stop) break;
    }
    if (at >= stop) return to - (at - stop);
    const kind = byteAt(at + 1);
    at += 2;
    if (kind != 0x75) {
      let byte = kind;
      if (kind == 0x62) byte = 8;
      else if (kind == 0x66) byte = 12;
      else if (kind == 0x6e) byte = 10;
      else if (kind == 0x72) byte = 13;
      else if (kind == 0x74) byte = 9;
      store<u8>(to++, byte);
      continue;
    }
    let point = readHex(at);
    at += 4;
    if (point >= 0xd800 && point < 0xe000) {
      if (point >= 0xdc00 || at + 6 > stop || load<u16>(at) != 0x755c) return -1;
      const low = readHex(at + 2);
      if (low < 0xdc00 || low >= 0xe000) return -1;
      at += 6;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      store<u8>(to, u8(0xf0 | (point >> 18)));
      store<u8>(to + 1, u8(0x80 | ((point >> 12) & 63)));
      store<u8>(to + 2, u8(0x80 | ((point >> 6) & 63)));
      store<u8>(to + 3, u8(0x80 | (point & 63)));
      to += 4;
    } else if (point >= 0x800) {
      store<u8>(to, u8(0xe0 | (point >> 12)));
      store<u8>(to + 1, u8(0x80 | ((point >> 6) & 63)));
      store<u8>(to + 2, u8(0x80 | (point & 63)));
      to += 3;
    } else if (point >= 0x80) {
      store<u8>(to, u8(0xc0 | (point >> 6)));
      store<u8>(to + 1, u8(0x80 | (point & 63)));
      to += 2;
    } else {
      store<u8>(to++, u8(point));
    }
  }
}

/** Line ends become spaces. Only escapes bring any. */
export function spaceLineEnds(start: i32, stop: i32): void {
  for (let at = start; at < stop; at++) {
    const byte = byteAt(at);
    if (byte == 10 || byte == 13) store<u8>(at, 0x20);
  }
}
