/**
 * Finds the image links in the JSON of a WAT record. AssemblyScript; the TypeScript twin, which says what all this means,
 * is src/curation/sources/wat-links.ts with json-skimmer.ts: same grammar, same answer, and its own choice for records
 * that do not fit in here. What a kernel buys: strings are skipped 16 bytes at a time, and there are no bounds checks.
 *
 * Memory: that of src/curation/sources/crawl-memory.ts. The record is followed by at least 16 readable bytes of any kind. Nothing is
 * ever believed of what lies behind the record: every place is compared with its end before it counts.
 */

import { readHex } from './lib/json-strings';
import {
  BACKSLASH,
  byteAt,
  CLOSE_BRACE,
  CLOSE_BRACKET,
  COMMA,
  end,
  isTooDeep,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  setEnd,
  skipBlank,
  skipColon,
  skipOrdinary,
  skipRestOfString,
  skipString,
  skipValue,
} from './lib/json-skim';
import { FIELD_ESCAPED, FIELD_NO_STRING, FIELD_NULL, FIELD_PLAIN, KEY_URL, KINDS, MAX_IMAGES, RANGES } from './lib/wat-layout';

export { emit } from './lib/wat-emit';

/** Answers beside the number of images. */
const NO_JSON: i32 = -1;
/** More images or deeper nesting than there is room for. */
const NO_ROOM: i32 = -2;

const KEY_ALT: i32 = 1;
const KEY_TITLE: i32 = 2;
const KEY_DATA_IMAGE_TITLE: i32 = 3;
const KEY_PATH: i32 = 4;
const KEY_OTHER: i32 = 5;

let imageCount: i32 = 0;
let isOutOfRoom: bool = false;
/** A key on the way to the links or in a link has escapes: the twin decodes such things. */
let needsDecoding: bool = false;

/** Whether the key in [start, stop) leads from one level of the way to the links to the next. */
function isStep(start: i32, stop: i32, level: i32): bool {
  const length = stop - start;
  let isSame = false;
  // Little-endian words of `Envelope`, `Payload-Metadata`, `HTTP-Response-Metadata`, `HTML-Metadata`, `Links`.
  if (level == 0) {
    isSame = length == 8 && load<u64>(start) == 0x65706f6c65766e45;
  } else if (level == 1) {
    isSame =
      length == 16 && load<u64>(start) == 0x2d64616f6c796150 && load<u64>(start + 8) == 0x617461646174654d;
  } else if (level == 2) {
    isSame =
      length == 22 &&
      load<u64>(start) == 0x7365522d50545448 &&
      load<u64>(start + 8) == 0x654d2d65736e6f70 &&
      load<u32>(start + 16) == 0x61646174 &&
      load<u16>(start + 20) == 0x6174;
  } else if (level == 3) {
    isSame =
      length == 13 && load<u64>(start) == 0x74654d2d4c4d5448 && load<u32>(start + 8) == 0x74616461 && byteAt(start + 12) == 0x61;
  } else {
    isSame = length == 5 && load<u32>(start) == 0x6b6e694c && byteAt(start + 4) == 0x73;
  }
  if (isSame) return true;
  // An escaped key may be the same as well.
  for (let at = start; at < stop; at++) if (byteAt(at) == BACKSLASH) needsDecoding = true;
  return false;
}

/** An object on the way to the links, from behind its brace on. Five levels at most. */
function walk(at: i32, level: i32): i32 {
  at = skipBlank(at);
  if (at < end && byteAt(at) == CLOSE_BRACE) return at + 1;
  while (true) {
    if (at >= end || byteAt(at) != QUOTE) return -1;
    const keyStart = at + 1;
    at = skipString(keyStart);
    if (at < 0) return -1;
    const isNext = isStep(keyStart, at - 1, level);
    at = skipColon(at);
    if (at < 0) return -1;
    if (isNext) {
      // All links so far came from an earlier value of this key, which the one that starts here replaces.
      imageCount = 0;
      if (level < 4 && at < end && byteAt(at) == OPEN_BRACE) at = walk(at + 1, level + 1);
      else if (level == 4 && at < end && byteAt(at) == OPEN_BRACKET) at = readLinks(at + 1);
      else at = skipValue(at);
    } else {
      at = skipValue(at);
    }
    if (at < 0) return -1;
    at = skipBlank(at);
    if (at >= end) return -1;
    if (byteAt(at) == CLOSE_BRACE) return at + 1;
    if (byteAt(at) != COMMA) return -1;
    at = skipBlank(at + 1);
  }
}

/** The array of links, from behind its bracket on. */
function readLinks(at: i32): i32 {
  at = skipBlank(at);
  if (at < end && byteAt(at) == CLOSE_BRACKET) return at + 1;
  while (true) {
    if (at >= end) return -1;
    const after = skipAnchor(at);
    if (after > 0) at = after;
    else at = byteAt(at) == OPEN_BRACE ? readLink(at + 1) : skipValue(at);
    if (at < 0) return -1;
    // The bytes `,{` together: nearly always.
    if (at + 1 < end && load<u16>(at) == 0x7b2c) {
      at++;
      continue;
    }
    at = skipBlank(at);
    if (at >= end) return -1;
    if (byteAt(at) == CLOSE_BRACKET) return at + 1;
    if (byteAt(at) != COMMA) return -1;
    at = skipBlank(at + 1);
  }
}

/**
 * Behind a link of the commonest shape, `{"path":"A@/href","url":"...","text":"..."}` with or without the text and with no
 * escapes; 0 for any other. Four links in five are such, and none is an image.
 */
// @ts-ignore: decorator
@inline
function skipAnchor(at: i32): i32 {
  // `{"path":"A@/href` and `","url":"`, of which the two quotes that meet are compared twice.
  const head = i64x2(0x3a2268746170227b, 0x666572682f404122);
  if (v128.any_true(v128.xor(v128.load(at), head)) || load<u64>(at + 16) != 0x3a226c7275222c22 || byteAt(at + 24) != QUOTE)
    return 0;
  at = skipOrdinary(at + 25);
  if (load<u64>(at) == 0x2274786574222c22 && load<u16>(at + 8) == 0x223a) at = skipOrdinary(at + 10);
  // Quote and brace.
  return at + 2 <= end && load<u16>(at) == 0x7d22 ? at + 2 : 0;
}

/** Which of the wanted keys stands in [start, stop), as its bytes are. */
function findKey(start: i32, stop: i32): i32 {
  const length = stop - start;
  if (length == 4) return load<u32>(start) == 0x68746170 ? KEY_PATH : KEY_OTHER;
  if (length == 3) {
    const word = load<u32>(start) & 0xffffff;
    return word == 0x6c7275 ? KEY_URL : word == 0x746c61 ? KEY_ALT : KEY_OTHER;
  }
  if (length == 5) return load<u32>(start) == 0x6c746974 && byteAt(start + 4) == 0x65 ? KEY_TITLE : KEY_OTHER;
  if (length == 16) {
    return load<u64>(start) == 0x616d692d61746164 && load<u64>(start + 8) == 0x656c7469742d6567
      ? KEY_DATA_IMAGE_TITLE
      : KEY_OTHER;
  }
  return KEY_OTHER;
}

/** Whether a string with escapes, known to be well-formed, starts with IMG@/src. Some writers escape each slash. */
function isEscapedImagePath(at: i32): bool {
  let expected: u64 = 0x6372732f40474d49;
  for (let i = 0; i < 8; i++) {
    let unit: u32 = byteAt(at);
    if (unit == BACKSLASH) {
      unit = byteAt(at + 1);
      at += 2;
      if (unit == 0x75) {
        unit = readHex(at);
        at += 4;
      } else if (unit != 0x2f) {
        return false; // a control character, quote or backslash
      }
    } else {
      at++;
    }
    if (unit != u32(expected & 0xff)) return false;
    expected >>= 8;
  }
  return true;
}

/** One link, from behind its brace on; kept when it is an image. */
function readLink(at: i32): i32 {
  if (imageCount == MAX_IMAGES) {
    isOutOfRoom = true;
    return -1;
  }
  const kinds = KINDS + imageCount * 4;
  const ranges = RANGES + imageCount * 32;
  store<u32>(kinds, 0); // FIELD_ABSENT, four times
  let isImage = false;
  at = skipBlank(at);
  if (at < end && byteAt(at) == CLOSE_BRACE) return at + 1;
  while (true) {
    if (at >= end || byteAt(at) != QUOTE) return -1;
    const keyStart = at + 1;
    at = skipOrdinary(keyStart);
    if (at >= end) return -1;
    let key = KEY_OTHER;
    if (byteAt(at) == QUOTE) {
      key = findKey(keyStart, at);
      at++;
    } else {
      at = skipRestOfString(at);
      if (at < 0) return -1;
      // It may be one of the wanted keys, written in another way.
      needsDecoding = true;
    }
    if (at + 1 < end && load<u16>(at) == 0x223a) {
      at++;
    } else {
      at = skipColon(at);
      if (at < 0 || at >= end) return -1;
    }
    const first = byteAt(at);
    if (first == QUOTE) {
      const start = at + 1;
      at = skipOrdinary(start);
      const isPlain = at < end && byteAt(at) == QUOTE;
      at = isPlain ? at + 1 : skipRestOfString(at);
      if (at < 0) return -1;
      if (key < KEY_PATH) {
        store<u8>(kinds + key, isPlain ? FIELD_PLAIN : FIELD_ESCAPED);
        store<i32>(ranges + key * 8, start);
        store<i32>(ranges + key * 8 + 4, at - 1);
      } else if (key == KEY_PATH) {
        isImage = at - 1 - start >= 8 && load<u64>(start) == 0x6372732f40474d49; // IMG@/src
        if (!isPlain && !isImage) isImage = isEscapedImagePath(start);
      }
    } else {
      if (key < KEY_PATH) store<u8>(kinds + key, first == 0x6e ? FIELD_NULL : FIELD_NO_STRING);
      else if (key == KEY_PATH) isImage = false;
      at = skipValue(at);
      if (at < 0) return -1;
    }
    if (at < end && byteAt(at) == COMMA) {
      at++;
      if (at < end && byteAt(at) != QUOTE) at = skipBlank(at);
      continue;
    }
    at = skipBlank(at);
    if (at >= end) return -1;
    if (byteAt(at) == CLOSE_BRACE) break;
    if (byteAt(at) != COMMA) return -1;
    at = skipBlank(at + 1);
  }
  if (isImage) imageCount++;
  return at + 1;
}

/**
 * Skims a record, of which UTF-8 is not checked.
 *
 * @param start - its first byte
 * @param stop - byte after it
 * @returns number of images, whose fields lie at KINDS and RANGES; NO_JSON, or NO_ROOM where the twin has to do it
 */
export function skim(start: i32, stop: i32): i32 {
  setEnd(stop);
  imageCount = 0;
  isOutOfRoom = false;
  needsDecoding = false;
  let at = skipBlank(start);
  at = at < end && byteAt(at) == OPEN_BRACE ? walk(at + 1, 0) : skipValue(at);
  if (isOutOfRoom || isTooDeep || needsDecoding) return NO_ROOM;
  return at >= 0 && skipBlank(at) == end ? imageCount : NO_JSON;
}
