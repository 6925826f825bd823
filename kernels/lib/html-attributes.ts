/** The inside of a start tag, read in the steps of htmlparser2's tokenizer. */
import { find, findFar, maskOf } from './bytes';

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

/** A space, a name, `=` and a quoted value, as nearly every attribute is: the place behind it, or 0 for any other. */
// @ts-ignore: decorator
@inline
function readOrdinary(at: i32, end: i32): i32 {
  const start = at + 1;
  if (load<u8>(at) != 0x20) return 0;
  const bytes = v128.load(start);
  const stops = v128.or(
    v128.or(i8x16.eq(bytes, i8x16.splat(EQUALS)), i8x16.le_u(bytes, i8x16.splat(0x20))),
    v128.or(i8x16.eq(bytes, i8x16.splat(GT)), i8x16.eq(bytes, i8x16.splat(SLASH))),
  );
  const length = ctz(i8x16.bitmask(stops) | 0x10000);
  const equals = start + length;
  const quote = load<u8>(equals + 1);
  if (length == 0 || load<u8>(equals) != EQUALS || (quote != DOUBLE_QUOTE && quote != SINGLE_QUOTE)) return 0;
  const stop = find(equals + 2, quote, end);
  if (stop >= end) return end + 1;
  nameStart = start;
  nameEnd = equals;
  valueStart = equals + 2;
  valueEnd = stop;
  return stop + 1;
}

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
  const after = readOrdinary(at, end);
  if (after != 0) return after;
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

// @ts-ignore: decorator
@inline
function bracketsAndEquals(at: i32): i32 {
  const bytes = v128.load(at);
  return i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(EQUALS)), i8x16.eq(bytes, i8x16.splat(GT))));
}

/**
 * The next `=` or `>`, or a place behind the end. Where no value is open, a tag ends with the `>`, and where an `=` comes
 * first, a value is likely to open.
 */
// @ts-ignore: decorator
@inline
function findBracketOrEquals(at: i32, end: i32): i32 {
  while (at < end) {
    const mask = bracketsAndEquals(at);
    if (mask != 0) return at + ctz(mask);
    at += 16;
  }
  return at;
}

/** Behind the quoted value that opens with the `=` at a place, where the name ends right before it; 0 for any other. */
// @ts-ignore: decorator
@inline
function skipQuoted(at: i32, end: i32): i32 {
  const quote = load<u8>(at + 1);
  const last = load<u8>(at - 1);
  if (last <= 0x20 || last == SLASH || (quote != DOUBLE_QUOTE && quote != SINGLE_QUOTE)) return 0;
  return findFar(at + 2, quote, end) + 1;
}

/** Whether a space or line feed, which ends a tag's name, is among the 16 bytes at a place and before another one. */
// @ts-ignore: decorator
@inline
function hasBlank(at: i32, stop: i32): bool {
  const bytes = v128.load(at);
  const blanks = i8x16.bitmask(v128.or(i8x16.eq(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x0a))));
  return blanks != 0 && at + ctz(blanks) < stop;
}

/**
 * Passes over a tag whose name is of no interest. Most are a closing tag, a name alone, or a name with attributes in quotes.
 *
 * @param start - behind its `<`: a letter or a slash
 * @param end - where the page ends
 * @returns the place behind its `>`; `end + 1` when the page ends before
 */
// @ts-ignore: decorator
@inline
export function skipOrdinaryTag(start: i32, end: i32): i32 {
  let at = findBracketOrEquals(start, end);
  if (at >= end) return end + 1;
  if (load<u8>(at) == GT) return at + 1;
  if (load<u8>(start) == SLASH) return find(at, GT, end) + 1;
  if (hasBlank(start, at)) {
    const after = skipQuoted(at, end);
    if (after != 0) {
      if (after > end) return end + 1;
      return after < end && load<u8>(after) == GT ? after + 1 : skipAttributes(after, end);
    }
  }
  at = start;
  while (at < end && !endsName(load<u8>(at))) at++;
  return skipAttributes(at, end);
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
    at = findBracketOrEquals(at, end);
    if (at >= end) return end + 1;
    if (load<u8>(at) == GT) {
      isSelfClosing = endsWithSlash(first, at);
      return at + 1;
    }
    if (at > first) {
      const after = skipQuoted(at, end);
      if (after != 0) {
        if (after > end) return end + 1;
        at = after;
        continue;
      }
    }
    const odd = at;
    at = first;
    do {
      at = readAttribute(at, end);
      if (at > end || nameEnd == 0) return at;
    } while (at <= odd);
  }
}

/** Whether the last byte of [first, stop) that is no white space is a slash. */
function endsWithSlash(first: i32, stop: i32): bool {
  let at = stop - 1;
  while (at >= first && isSpace(load<u8>(at))) at--;
  return at >= first && load<u8>(at) == SLASH;
}
