/**
 * Passes over JSON (RFC 8259) without looking at what it says; the twin is src/curation/sources/json-skimmer.ts. Strings are passed
 * over 16 bytes at a time, so up to 15 behind the text are read, and never believed: every place is compared with its end.
 */
import { STACK, STACK_BYTES } from './wat-layout';

export const QUOTE: u8 = 0x22;
export const BACKSLASH: u8 = 0x5c;
export const COMMA: u8 = 0x2c;
export const COLON: u8 = 0x3a;
export const OPEN_BRACE: u8 = 0x7b;
export const CLOSE_BRACE: u8 = 0x7d;
export const OPEN_BRACKET: u8 = 0x5b;
export const CLOSE_BRACKET: u8 = 0x5d;

/** Where the text ends. */
export let end: i32 = 0;
/** Containers were nested deeper than there is room for. */
export let isTooDeep: bool = false;

/** Starts with another text. */
export function setEnd(stop: i32): void {
  end = stop;
  isTooDeep = false;
}

// @ts-ignore: decorator
@inline
export function byteAt(at: i32): u8 {
  return load<u8>(at);
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u8): bool {
  return byte <= 0x20 && ((0x100002600 >> u64(byte)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
export function skipBlank(at: i32): i32 {
  while (at < end && isBlank(byteAt(at))) at++;
  return at;
}

/** The next quote, backslash or control character at or behind a place, or `end`. */
// @ts-ignore: decorator
@inline
export function skipOrdinary(at: i32): i32 {
  while (true) {
    const bytes = v128.load(at);
    const stops = v128.or(
      v128.or(i8x16.eq(bytes, i8x16.splat(QUOTE)), i8x16.eq(bytes, i8x16.splat(BACKSLASH))),
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
    );
    const mask = i8x16.bitmask(stops);
    if (mask != 0) {
      at += ctz(mask);
      return at < end ? at : end;
    }
    at += 16;
    if (at >= end) return end;
  }
}

function isHex(byte: u8): bool {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x66);
}

/** From a place that {@link skipOrdinary} gave, behind the closing quote; or -1. */
export function skipRestOfString(at: i32): i32 {
  while (true) {
    if (at >= end) return -1;
    const byte = byteAt(at);
    if (byte == QUOTE) return at + 1;
    if (byte != BACKSLASH || at + 1 >= end) return -1;
    const kind = byteAt(at + 1);
    at += 2;
    if (kind == 0x75) {
      if (at + 4 > end) return -1;
      for (const stop = at + 4; at < stop; at++) if (!isHex(byteAt(at))) return -1;
    } else if (
      kind != QUOTE &&
      kind != BACKSLASH &&
      kind != 0x2f &&
      kind != 0x62 &&
      kind != 0x66 &&
      kind != 0x6e &&
      kind != 0x72 &&
      kind != 0x74
    ) {
      return -1;
    }
    at = skipOrdinary(at);
  }
}

// @ts-ignore: decorator
@inline
export function skipString(at: i32): i32 {
  at = skipOrdinary(at);
  return at < end && byteAt(at) == QUOTE ? at + 1 : skipRestOfString(at);
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

function skipDigits(at: i32): i32 {
  while (at < end && isDigit(byteAt(at))) at++;
  return at;
}

function skipNumber(at: i32): i32 {
  if (byteAt(at) == 0x2d) at++;
  if (at >= end || !isDigit(byteAt(at))) return -1;
  if (byteAt(at) == 0x30) at++;
  else at = skipDigits(at);
  if (at < end && byteAt(at) == 0x2e) {
    const first = ++at;
    at = skipDigits(at);
    if (at == first) return -1;
  }
  if (at < end && (byteAt(at) | 32) == 0x65) {
    at++;
    if (at < end && (byteAt(at) == 0x2b || byteAt(at) == 0x2d)) at++;
    const first = at;
    at = skipDigits(at);
    if (at == first) return -1;
  }
  return at;
}

function skipLiteral(at: i32): i32 {
  if (at + 4 > end) return -1;
  const word = load<u32>(at);
  if (word == 0x65757274 || word == 0x6c6c756e) return at + 4; // true, null
  return word == 0x736c6166 && at + 5 <= end && byteAt(at + 4) == 0x65 ? at + 5 : -1; // false
}

export function skipColon(at: i32): i32 {
  at = skipBlank(at);
  return at < end && byteAt(at) == COLON ? skipBlank(at + 1) : -1;
}

function skipKey(at: i32): i32 {
  if (at >= end || byteAt(at) != QUOTE) return -1;
  at = skipString(at + 1);
  return at < 0 ? -1 : skipColon(at);
}

/** Behind the value that starts at a place, or -1. Iterative: nesting costs one byte a level. */
export function skipValue(at: i32): i32 {
  let depth = 0;
  while (true) {
    if (at >= end) return -1;
    const byte = byteAt(at);
    if (byte == QUOTE) {
      at = skipString(at + 1);
    } else if (byte == OPEN_BRACE || byte == OPEN_BRACKET) {
      const isObject = byte == OPEN_BRACE;
      at = skipBlank(at + 1);
      if (at < end && byteAt(at) == (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        at++;
      } else {
        if (depth == STACK_BYTES) {
          isTooDeep = true;
          return -1;
        }
        store<u8>(STACK + depth++, isObject ? 1 : 0);
        if (isObject) at = skipKey(at);
        if (at < 0) return -1;
        continue;
      }
    } else {
      at = byte == 0x2d || isDigit(byte) ? skipNumber(at) : skipLiteral(at);
    }
    if (at < 0) return -1;
    // Behind a value: close what ends here, then go on to the next member or element.
    while (true) {
      if (depth == 0) return at;
      at = skipBlank(at);
      if (at >= end) return -1;
      const isObject = load<u8>(STACK + depth - 1) != 0;
      const after = byteAt(at);
      if (after == COMMA) {
        at = skipBlank(at + 1);
        if (isObject) at = skipKey(at);
        if (at < 0) return -1;
        break;
      }
      if (after != (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return -1;
      depth--;
      at++;
    }
  }
}
