/**
 * Values of attributes: entities decoded, trimmed as Python does, line ends taken out. Whatever is rare is left to the
 * twin, which is src/curation/sources/warc.ts with htmlparser2 and strip-text.ts.
 */
import { hasWideBlankAtEnd } from './blanks';
import { copy, find, maskOf, validBits } from './bytes';
import { SCRATCH_BYTES } from './html-layout';

const AMPERSAND: u8 = 0x26;
const SEMICOLON: u8 = 0x3b;
const CR: u8 = 13;
const LF: u8 = 10;

/** The value cleaned last. */
export let cleanStart: i32 = 0;
export let cleanEnd: i32 = 0;

/** Names, first letter lowest, and characters of the entities that are decoded here: nearly all that occur in texts. */
const ENTITY_COUNT: i32 = 26;
const ENTITY_NAMES = memory.data<u64>([
  0x706d61, // amp
  0x746f7571, // quot
  0x746c, // lt
  0x7467, // gt
  0x736f7061, // apos
  0x7073626e, // nbsp
  0x6f75717372, // rsquo
  0x6f7571736c, // lsquo
  0x6f7571646c, // ldquo
  0x6f75716472, // rdquo
  0x687361646e, // ndash
  0x687361646d, // mdash
  0x70696c6c6568, // hellip
  0x6f7571616c, // laquo
  0x6f75716172, // raquo
  0x676572, // reg
  0x79706f63, // copy
  0x6564617274, // trade
  0x657475636165, // eacute
  0x657661726765, // egrave
  0x657661726761, // agrave
  0x6c6964656363, // ccedil
  0x6c6d7561, // auml
  0x6c6d756f, // ouml
  0x6c6d7575, // uuml
  0x67696c7a73, // szlig
]);
const ENTITY_CHARACTERS = memory.data<u32>([
  0x26, 0x22, 0x3c, 0x3e, 0x27, 0xa0, 0x2019, 0x2018, 0x201c, 0x201d, 0x2013, 0x2014, 0x2026,
  0xab, 0xbb, 0xae, 0xa9, 0x2122, 0xe9, 0xe8, 0xe0, 0xe7, 0xe4, 0xf6, 0xfc, 0xdf,
]);

/** The character of an entity; 0 for one that is not known here. */
function findEntity(start: i32, length: i32): u32 {
  if (length < 2 || length > 8) return 0;
  const name = load<u64>(start) & (u64(-1) >> u64(64 - (length << 3)));
  for (let i = 0; i < ENTITY_COUNT; i++) {
    if (load<u64>(ENTITY_NAMES + i * 8) == name) return load<u32>(ENTITY_CHARACTERS + i * 4);
  }
  return 0;
}

function isAlphanumeric(byte: u8): bool {
  return (byte >= 0x30 && byte <= 0x39) || ((byte | 32) >= 0x61 && (byte | 32) <= 0x7a);
}

/** What a reference that ended badly stands for is left to the twin, and so is what is no character of its own. */
function isOrdinary(character: u32): bool {
  return (
    (character > 0 && character < 0x80) ||
    (character >= 0xa0 && character < 0xd800) ||
    (character >= 0xe000 && character <= 0x10ffff)
  );
}

/** Writes a character as UTF-8; returns the place behind it. */
function putCharacter(to: i32, character: u32): i32 {
  if (character < 0x80) {
    store<u8>(to, character);
    return to + 1;
  }
  if (character < 0x800) {
    store<u8>(to, 0xc0 | (character >> 6));
    store<u8>(to + 1, 0x80 | (character & 63));
    return to + 2;
  }
  if (character < 0x10000) {
    store<u8>(to, 0xe0 | (character >> 12));
    store<u8>(to + 1, 0x80 | ((character >> 6) & 63));
    store<u8>(to + 2, 0x80 | (character & 63));
    return to + 3;
  }
  store<u8>(to, 0xf0 | (character >> 18));
  store<u8>(to + 1, 0x80 | ((character >> 12) & 63));
  store<u8>(to + 2, 0x80 | ((character >> 6) & 63));
  store<u8>(to + 3, 0x80 | (character & 63));
  return to + 4;
}

/** Behind the reference read last. */
let referenceEnd: i32 = 0;

/** The character that the reference behind `&#` stands for; 0 where the twin has to say. */
function readNumber(at: i32, stop: i32): u32 {
  const isHex = at < stop && (load<u8>(at) | 32) == 0x78;
  if (isHex) at++;
  const first = at;
  let character: u32 = 0;
  for (; at < stop && at - first < 7; at++) {
    const byte = load<u8>(at);
    if (byte >= 0x30 && byte <= 0x39) character = character * (isHex ? 16 : 10) + (byte - 0x30);
    else if (isHex && (byte | 32) >= 0x61 && (byte | 32) <= 0x66) character = character * 16 + ((byte | 32) - 0x57);
    else break;
  }
  referenceEnd = at + 1;
  return at > first && at < stop && load<u8>(at) == SEMICOLON && isOrdinary(character) ? character : 0;
}

/** Copies [start, stop) with its entities decoded; returns the end of the copy, which is no longer, or -1 where the twin has to do it. */
function decode(start: i32, stop: i32, to: i32): i32 {
  while (true) {
    const ampersand = find(start, AMPERSAND, stop);
    copy(to, start, ampersand - start);
    to += ampersand - start;
    if (ampersand == stop) return to;
    const next = ampersand + 1;
    let character: u32 = 0;
    if (next < stop && load<u8>(next) == 0x23) {
      character = readNumber(next + 1, stop);
    } else {
      let at = next;
      while (at < stop && isAlphanumeric(load<u8>(at))) at++;
      const length = at - next;
      if (at < stop && load<u8>(at) == SEMICOLON) {
        character = findEntity(next, length);
        referenceEnd = at + 1;
      } else if (length < 2 || length > 6 || (at < stop && load<u8>(at) == 0x3d)) {
        // No name that counts without a semicolon is so long or short, and before an equals sign none does.
        character = AMPERSAND;
        referenceEnd = next;
      }
    }
    if (character == 0) return -1;
    to = putCharacter(to, character);
    start = referenceEnd;
  }
}

let hasAmpersand: bool = false;
let hasLineEnd: bool = false;
let hasHigh: bool = false;

function look(start: i32, stop: i32): void {
  let ampersands = 0;
  let lineEnds = 0;
  let highs = 0;
  for (let at = start; at < stop; at += 16) {
    const bytes = v128.load(at);
    const valid = validBits(at, stop);
    ampersands |= maskOf(bytes, AMPERSAND) & valid;
    lineEnds |= (maskOf(bytes, CR) | maskOf(bytes, LF)) & valid;
    highs |= i8x16.bitmask(bytes) & valid;
  }
  hasAmpersand = ampersands != 0;
  hasLineEnd = lineEnds != 0;
  hasHigh = highs != 0;
}

// @ts-ignore: decorator
@inline
function isAsciiSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13) || (byte >= 0x1c && byte < 0x20);
}

/**
 * Cleans a value; where it lies then, stands in `cleanStart` and `cleanEnd`.
 *
 * @param start - its first byte
 * @param stop - the byte behind it
 * @param scratch - place for a changed copy, SCRATCH_BYTES
 * @param isHighPlain - true where the bytes from 0x80 on are valid UTF-8
 * @param isSpaced - true to turn line ends into spaces rather than to delete them
 * @returns false when the twin has to do it
 */
export function clean(start: i32, stop: i32, scratch: i32, isHighPlain: bool, isSpaced: bool): bool {
  look(start, stop);
  if (hasHigh && !isHighPlain) return false;
  let isCopy = false;
  if (hasAmpersand) {
    if (stop - start > SCRATCH_BYTES - 16) return false;
    stop = decode(start, stop, scratch);
    if (stop < 0) return false;
    start = scratch;
    isCopy = true;
    look(start, stop);
  }
  while (start < stop && isAsciiSpace(load<u8>(start))) start++;
  while (stop > start && isAsciiSpace(load<u8>(stop - 1))) stop--;
  if (hasHigh && start < stop && hasWideBlankAtEnd(start, stop)) return false;
  if (hasLineEnd) {
    if (!isCopy) {
      if (stop - start > SCRATCH_BYTES - 16) return false;
      copy(scratch, start, stop - start);
      stop += scratch - start;
      start = scratch;
    }
    let to = start;
    for (let at = start; at < stop; at++) {
      const byte = load<u8>(at);
      if (byte != CR && byte != LF) store<u8>(to++, byte);
      else if (isSpaced) store<u8>(to++, 0x20);
    }
    stop = to;
  }
  cleanStart = start;
  cleanEnd = stop;
  return true;
}
