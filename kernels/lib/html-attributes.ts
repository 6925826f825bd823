/** The inside of a start tag, read in the steps of htmlparser2's tokenizer. */
import { find } from './bytes';

export const GT: u8 = 0x3e;
export const SLASH: u8 = 0x2f;
const EQUALS: u8 = 0x3d;
const DOUBLE_QUOTE: u8 = 0x22;
const SINGLE_QUOTE: u8 = 0x27;

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13 && byte != 11);
}

// @ts-ignore: decorator
@inline
export function endsName(byte: u8): bool {
  return byte == GT || byte == SLASH || isSpace(byte);
}

// @ts-ignore: decorator
@inline
export function isLetter(byte: u8): bool {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a;
}

/** Whether the start tag read last ended with a slash. */
export let isSelfClosing: bool = false;

/** The attribute read last: its name, not empty, unless the tag ended; and its value, empty where it has none. */
export let nameStart: i32 = 0;
export let nameEnd: i32 = 0;
export let valueStart: i32 = 0;
export let valueEnd: i32 = 0;

/**
 * Reads the next attribute from a place where one may start.
 *
 * @param at - behind the tag's name or another attribute
 * @param end - where the page ends
 * @returns the place behind it; behind the tag's `>` and no name where there is none; `end + 1` when the page ends before
 */
export function readAttribute(at: i32, end: i32): i32 {
  nameStart = 0;
  nameEnd = 0;
  while (true) {
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return end + 1;
    const byte = load<u8>(at);
    if (byte == GT) {
      isSelfClosing = false;
      return at + 1;
    }
    if (byte != SLASH) break;
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return end + 1;
    if (load<u8>(at) == GT) {
      isSelfClosing = true;
      return at + 1;
    }
  }
  const start = at;
  // Its first byte may be anything.
  at++;
  while (at < end && load<u8>(at) != EQUALS && !endsName(load<u8>(at))) at++;
  const stop = at;
  while (at < end && isSpace(load<u8>(at))) at++;
  if (at >= end) return end + 1;
  valueStart = at;
  valueEnd = at;
  if (load<u8>(at) == EQUALS) {
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return end + 1;
    const quote = load<u8>(at);
    if (quote == DOUBLE_QUOTE || quote == SINGLE_QUOTE) {
      valueStart = at + 1;
      valueEnd = find(at + 1, quote, end);
      if (valueEnd >= end) return end + 1;
      at = valueEnd + 1;
    } else {
      valueStart = at;
      while (at < end && !isSpace(load<u8>(at)) && load<u8>(at) != GT) at++;
      valueEnd = at;
    }
  }
  nameStart = start;
  nameEnd = stop;
  return at;
}

/**
 * Passes over all attributes of a tag. Nearly every attribute is a name, `=` and a quoted value, and is passed over by two
 * searches; whatever else stands there is read.
 *
 * @param at - behind the tag's name
 * @param end - where the page ends
 * @returns the place behind the tag's `>`; `end + 1` when the page ends before
 */
export function skipAttributes(at: i32, end: i32): i32 {
  while (true) {
    const first = at;
    while (true) {
      const bytes = v128.load(at);
      const stops = v128.or(
        i8x16.eq(bytes, i8x16.splat(EQUALS)),
        v128.or(i8x16.eq(bytes, i8x16.splat(GT)), i8x16.eq(bytes, i8x16.splat(SLASH))),
      );
      const mask = i8x16.bitmask(stops);
      if (mask != 0) {
        at += ctz(mask);
        break;
      }
      at += 16;
      if (at >= end) return end + 1;
    }
    if (at >= end) return end + 1;
    const stop = load<u8>(at);
    if (stop == GT) {
      isSelfClosing = false;
      return at + 1;
    }
    const next = load<u8>(at + 1);
    if (stop == EQUALS) {
      // A name ends right before it, and a quote opens right behind.
      if (at > first && load<u8>(at - 1) > 0x20 && (next == DOUBLE_QUOTE || next == SINGLE_QUOTE)) {
        at = find(at + 2, next, end) + 1;
        if (at > end) return end + 1;
        continue;
      }
    } else if (next == GT && at + 1 < end) {
      isSelfClosing = true;
      return at + 2;
    }
    const odd = at;
    at = first;
    do {
      at = readAttribute(at, end);
      if (at > end || nameEnd == 0) return at;
    } while (at <= odd);
  }
}
