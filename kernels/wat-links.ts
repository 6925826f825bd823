/**
 * Finds the image links in the JSON of a WAT record. AssemblyScript; the TypeScript twin, which says what all this means,
 * is src/curation/sources/wat-links.ts with json-skimmer.ts: same grammar, same answer, and its own choice for records
 * that do not fit in here. What a kernel buys: strings are skipped 16 bytes at a time, and there are no bounds checks.
 *
 * Memory: that of src/curation/sources/crawl-memory.ts. The record is followed by at least 16 readable bytes of any kind. Nothing is
 * ever believed of what lies behind the record: every place is compared with its end before it counts.
 */

// Layout, known to src/curation/sources/wat-link-kernel.ts; behind it, up to byte 8126464, records that lie elsewhere are put.
const STACK: i32 = 4096; // one byte for each open container
const STACK_BYTES: i32 = 61440;
const KINDS: i32 = 65536; // four bytes an image
const MAX_IMAGES: i32 = 16384;
const RANGES: i32 = 131072; // four times start and end, 32 bytes an image
/** What goes in front of a link from the root, and of one below the page's folder. */
const ROOT: i32 = 655360;
const FOLDER: i32 = 659456;
/** The columns of a batch, as in src/curation/pair-batch.ts. */
const URL_OFFSETS: i32 = 663552;
const TEXT_OFFSETS: i32 = 679952;
const TEXT_KEYS: i32 = 696352;
const PAGE_IDS: i32 = 700448;
const URL_BYTES: i32 = 720896;
const TEXT_BYTES: i32 = 2293760;
/** Bytes for urls and for texts; the last 64 KiB are for what a copy in steps of 16 bytes writes too much. */
const COLUMN_BYTES: i32 = 1507328;

/** Where {@link emit} leaves its counts: rows, empty texts, images without one, rows whose link was relative. */
const COUNTS: i32 = 2048;
/** Start and end of the fields of the image at hand as they go into the batch: where they stand, or without their escapes at STACK. */
const CLEAN: i32 = 2112;

const BATCH_ROWS: i32 = 4096;
const BATCH_BYTES: i32 = 1048576;

/** Answers beside the number of images. */
const NO_JSON: i32 = -1;
/** More images or deeper nesting than there is room for. */
const NO_ROOM: i32 = -2;

const FIELD_ABSENT: u8 = 0;
const FIELD_NULL: u8 = 1;
const FIELD_NO_STRING: u8 = 2;
const FIELD_PLAIN: u8 = 3;
const FIELD_ESCAPED: u8 = 4;

const KEY_URL: i32 = 0;
const KEY_ALT: i32 = 1;
const KEY_TITLE: i32 = 2;
const KEY_DATA_IMAGE_TITLE: i32 = 3;
const KEY_PATH: i32 = 4;
const KEY_OTHER: i32 = 5;

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;
const OPEN_BRACE: u8 = 0x7b;
const CLOSE_BRACE: u8 = 0x7d;
const OPEN_BRACKET: u8 = 0x5b;
const CLOSE_BRACKET: u8 = 0x5d;

let end: i32 = 0;
let imageCount: i32 = 0;
let isOutOfRoom: bool = false;
/** A key on the way to the links or in a link has escapes: the twin decodes such things. */
let needsDecoding: bool = false;

// @ts-ignore: decorator
@inline
function byteAt(at: i32): u8 {
  return load<u8>(at);
}

// @ts-ignore: decorator
@inline
function isBlank(byte: u8): bool {
  return byte <= 0x20 && ((0x100002600 >> u64(byte)) & 1) != 0;
}

// @ts-ignore: decorator
@inline
function skipBlank(at: i32): i32 {
  while (at < end && isBlank(byteAt(at))) at++;
  return at;
}

/** The next quote, backslash or control character at or behind a place, or `end`. */
// @ts-ignore: decorator
@inline
function skipOrdinary(at: i32): i32 {
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
function skipRestOfString(at: i32): i32 {
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
function skipString(at: i32): i32 {
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

function skipColon(at: i32): i32 {
  at = skipBlank(at);
  return at < end && byteAt(at) == COLON ? skipBlank(at + 1) : -1;
}

function skipKey(at: i32): i32 {
  if (at >= end || byteAt(at) != QUOTE) return -1;
  at = skipString(at + 1);
  return at < 0 ? -1 : skipColon(at);
}

/** Behind the value that starts at a place, or -1. Iterative: nesting costs one byte a level. */
function skipValue(at: i32): i32 {
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
          isOutOfRoom = true;
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
  end = stop;
  imageCount = 0;
  isOutOfRoom = false;
  needsDecoding = false;
  let at = skipBlank(start);
  at = at < end && byteAt(at) == OPEN_BRACE ? walk(at + 1, 0) : skipValue(at);
  if (isOutOfRoom || needsDecoding) return NO_ROOM;
  return at >= 0 && skipBlank(at) == end ? imageCount : NO_JSON;
}

const HREF_OTHER: i32 = 0;
const HREF_ABSOLUTE: i32 = 1;
const HREF_ROOTED: i32 = 2;
const HREF_BELOW: i32 = 3;
/** `//host/...` */
const HREF_HOSTED: i32 = 4;

// @ts-ignore: decorator
@inline
function maskOf(bytes: v128, character: u8): i32 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(character)));
}

/**
 * Which fast path a link may take, as classifyHref of src/curation/sources/url-join.ts has it, but for a few links that
 * this calls HREF_OTHER because the difference is not worth a test: those get the full treatment and the same answer.
 */
function classifyHref(start: i32, stop: i32): i32 {
  let colons = 0;
  let dotSegments = 0;
  let emptySegments = 0;
  let doubleSplits = 0;
  let highs = 0;
  let slashBefore = 0;
  let splitBefore = 0;
  for (let at = start; at < stop; at += 16) {
    const bytes = v128.load(at);
    const rest = stop - at;
    const valid = rest >= 16 ? 0xffff : (1 << rest) - 1;
    const bad = v128.or(
      i8x16.lt_u(bytes, i8x16.splat(0x20)),
      v128.or(
        i8x16.eq(bytes, i8x16.splat(0x3b)), // ;
        v128.or(i8x16.eq(bytes, i8x16.splat(OPEN_BRACKET)), i8x16.eq(bytes, i8x16.splat(CLOSE_BRACKET))),
      ),
    );
    if ((i8x16.bitmask(bad) & valid) != 0) return HREF_OTHER;
    highs |= i8x16.bitmask(bytes) & valid;
    colons |= maskOf(bytes, COLON) & valid;
    const slashes = maskOf(bytes, 0x2f) & valid;
    const dots = maskOf(bytes, 0x2e) & valid;
    const splits = (maskOf(bytes, 0x3f) | maskOf(bytes, 0x23)) & valid; // ? #
    const afterSlash = (slashes << 1) | slashBefore;
    dotSegments |= afterSlash & dots;
    emptySegments |= afterSlash & slashes;
    doubleSplits |= ((splits << 1) | splitBefore) & splits;
    slashBefore = slashes >>> 15;
    splitBefore = splits >>> 15;
  }
  const last = byteAt(stop - 1);
  if (doubleSplits != 0 || last == 0x3f || last == 0x23) return HREF_OTHER;
  const first = byteAt(start);
  if (first == 0x2f) {
    if (stop - start < 2 || byteAt(start + 1) != 0x2f) return dotSegments != 0 ? HREF_OTHER : HREF_ROOTED;
    return highs == 0 && isHostStart(start + 2, stop) ? HREF_HOSTED : HREF_OTHER;
  }
  if (colons == 0) {
    const isMark = first > 0x20 && first != 0x2e && first != 0x3f && first != 0x23;
    return isMark && dotSegments == 0 && emptySegments == 0 ? HREF_BELOW : HREF_OTHER;
  }
  // http:// or https://, then a host in ASCII.
  if (highs != 0 || stop - start < 9 || load<u32>(start) != 0x70747468) return HREF_OTHER;
  const colon = byteAt(start + 4) == 0x73 ? start + 5 : start + 4;
  const host = colon + 3;
  if (byteAt(colon) != COLON || load<u16>(colon + 1) != 0x2f2f) return HREF_OTHER;
  return isHostStart(host, stop) ? HREF_ABSOLUTE : HREF_OTHER;
}

/** Whether a host that is not empty starts at a place. */
// @ts-ignore: decorator
@inline
function isHostStart(at: i32, stop: i32): bool {
  if (at >= stop) return false;
  const first = byteAt(at);
  return first != 0x2f && first != 0x3f && first != 0x23;
}

/** A scheme that is none of pages: such a link stays as it is, whatever it holds. */
// @ts-ignore: decorator
@inline
function isData(start: i32, stop: i32): bool {
  return stop - start > 7 && load<u32>(start) == 0x61746164 && byteAt(start + 4) == COLON && load<u16>(start + 5) != 0x2f2f;
}

/** Copies in steps of 16 bytes, so up to 15 too many; what follows the target is written later or never read. */
// @ts-ignore: decorator
@inline
function copy(target: i32, source: i32, length: i32): void {
  for (let i = 0; i < length; i += 16) v128.store(target + i, v128.load(source + i));
}

/** Whether there is nothing to trim at either end of a text that is not empty, known to be UTF-8: Python's idea of a blank. */
function isTrimmed(start: i32, stop: i32): bool {
  const first = byteAt(start);
  const last = byteAt(stop - 1);
  if (first <= 0x20 || first == 0x7f || last <= 0x20 || last == 0x7f) return false;
  if (first >= 0x80 && isWideBlank(first, byteAt(start + 1), byteAt(start + 2))) return false;
  if (last < 0x80) return true;
  // Two bytes or three; a character of four is no blank, and its second byte no first one.
  const before = byteAt(stop - 2);
  return before == 0xc2 ? !isWideBlank(before, last, 0) : stop - start < 3 || !isWideBlank(byteAt(stop - 3), before, last);
}

/** U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000. */
function isWideBlank(first: u8, second: u8, third: u8): bool {
  if (first == 0xc2) return second == 0x85 || second == 0xa0;
  if (first == 0xe2) {
    if (second == 0x80) return third <= 0x8a || third == 0xa8 || third == 0xa9 || third == 0xaf;
    return second == 0x81 && third == 0x9f;
  }
  return (first == 0xe1 && second == 0x9a && third == 0x80) || (first == 0xe3 && second == 0x80 && third == 0x80);
}

/** Four hexadecimal digits, known to be such. */
function readHex(at: i32): i32 {
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
function decodeString(start: i32, stop: i32, to: i32): i32 {
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
function spaceLineEnds(start: i32, stop: i32): void {
  for (let at = start; at < stop; at++) {
    const byte = byteAt(at);
    if (byte == 10 || byte == 13) store<u8>(at, 0x20);
  }
}

/**
 * Puts the places of an image's url and texts, cleaned, at CLEAN.
 *
 * @returns how many texts are not empty; -1 where the caller of {@link emit} has to look
 */
function cleanFields(kinds: i32, ranges: i32): i32 {
  let textCount = 0;
  let scratch = STACK;
  for (let key = 0; key < 4; key++) {
    const kind = load<u8>(kinds + key);
    let start = load<i32>(ranges + key * 8);
    let stop = load<i32>(ranges + key * 8 + 4);
    if (kind == FIELD_ABSENT || kind == FIELD_NULL) {
      if (key == KEY_URL) return -1;
      start = 0;
      stop = 0;
    } else if (kind == FIELD_ESCAPED) {
      if (stop - start > STACK + STACK_BYTES - 32 - scratch) return -1;
      const decodedEnd = decodeString(start, stop, scratch);
      if (decodedEnd < 0) return -1;
      start = scratch;
      stop = decodedEnd;
      if (key != KEY_URL) spaceLineEnds(start, stop);
      // A copy in steps of 16 bytes reads on behind it.
      scratch = decodedEnd + 16;
    } else if (kind != FIELD_PLAIN) {
      return -1;
    }
    if (key != KEY_URL && start != stop) {
      if (!isTrimmed(start, stop)) return -1;
      textCount++;
    }
    store<i32>(CLEAN + key * 8, start);
    store<i32>(CLEAN + key * 8 + 4, stop);
  }
  return textCount;
}

/**
 * Adds the pairs of the images of the record skimmed last to the batch, up to the first image that takes more than copying
 * bytes, or until the batch is full.
 *
 * @param image - the first one
 * @param rowCount - rows in the batch
 * @param pageId - index of the page's url in the batch
 * @param rootLength - bytes at ROOT; negative where no link of the page may take a fast path
 * @param folderLength - bytes at FOLDER
 * @param mayCount - true when empty and absent texts need only be counted; else they end the run
 * @returns the image that the caller has to look at, or the number of images; counts lie at COUNTS
 */
export function emit(
  image: i32,
  rowCount: i32,
  pageId: i32,
  rootLength: i32,
  folderLength: i32,
  mayCount: bool,
): i32 {
  let emptyCount = 0;
  let missingCount = 0;
  let relativeCount = 0;
  for (; image < imageCount; image++) {
    const urlEnd = load<i32>(URL_OFFSETS + rowCount * 4);
    const textEnd = load<i32>(TEXT_OFFSETS + rowCount * 4);
    if (rowCount > BATCH_ROWS - 3 || urlEnd >= BATCH_BYTES || textEnd >= BATCH_BYTES) break;
    const kinds = KINDS + image * 4;
    const ranges = RANGES + image * 32;
    let presentCount = 0;
    let emptyHere = 0;
    for (let key = 1; key < 4; key++) {
      const kind = load<u8>(kinds + key);
      if (kind == FIELD_ABSENT || kind == FIELD_NULL) continue;
      presentCount++;
      if (kind == FIELD_PLAIN && load<i32>(ranges + key * 8) == load<i32>(ranges + key * 8 + 4)) emptyHere++;
    }
    if (presentCount == emptyHere) {
      if (!mayCount) break;
      if (presentCount == 0) missingCount++;
      else emptyCount += emptyHere;
      continue;
    }
    if (emptyHere > 0 && !mayCount) break;
    if (rootLength < 0 || cleanFields(kinds, ranges) != presentCount - emptyHere) break;
    let urlStart = load<i32>(CLEAN);
    const urlStop = load<i32>(CLEAN + 4);
    if (urlStart == urlStop) break;
    let href = HREF_ABSOLUTE;
    let prefix = FOLDER;
    let prefixLength = 0;
    if (!isData(urlStart, urlStop)) {
      let folder = folderLength;
      if (byteAt(urlStart) == 0x2e) {
        // Dot segments in front: each two dots take a segment off the folder, as long as it has any.
        while (true) {
          const word = load<u32>(urlStart);
          if ((word & 0xffff) == 0x2f2e && urlStart + 2 < urlStop) {
            urlStart += 2;
          } else if ((word & 0xffffff) == 0x2f2e2e && urlStart + 3 < urlStop) {
            urlStart += 3;
            if (folder > rootLength + 1) {
              do folder--;
              while (byteAt(FOLDER + folder - 1) != 0x2f);
            }
          } else {
            break;
          }
        }
        href = classifyHref(urlStart, urlStop);
        if (href != HREF_BELOW) break;
      } else {
        href = classifyHref(urlStart, urlStop);
        if (href == HREF_OTHER) break;
      }
      if (href == HREF_BELOW) {
        prefixLength = folder;
      } else if (href == HREF_ROOTED) {
        prefix = ROOT;
        prefixLength = rootLength;
      } else if (href == HREF_HOSTED) {
        // The scheme: `http:` or `https:`.
        prefix = ROOT;
        prefixLength = byteAt(ROOT + 4) == COLON ? 5 : 6;
      }
    }
    const urlLength = prefixLength + urlStop - urlStart;
    let textBytes = 0;
    for (let key = 1; key < 4; key++) textBytes += load<i32>(CLEAN + key * 8 + 4) - load<i32>(CLEAN + key * 8);
    if (urlEnd + 3 * urlLength > COLUMN_BYTES || textEnd + textBytes > COLUMN_BYTES) break;
    emptyCount += emptyHere;
    let urlTo = urlEnd;
    let textTo = textEnd;
    for (let key = 1; key < 4; key++) {
      const start = load<i32>(CLEAN + key * 8);
      const stop = load<i32>(CLEAN + key * 8 + 4);
      if (start == stop) continue;
      copy(URL_BYTES + urlTo, prefix, prefixLength);
      copy(URL_BYTES + urlTo + prefixLength, urlStart, urlStop - urlStart);
      copy(TEXT_BYTES + textTo, start, stop - start);
      urlTo += urlLength;
      textTo += stop - start;
      store<u8>(TEXT_KEYS + rowCount, key - 1);
      store<u32>(PAGE_IDS + rowCount * 4, pageId);
      rowCount++;
      relativeCount += i32(href != HREF_ABSOLUTE);
      store<i32>(URL_OFFSETS + rowCount * 4, urlTo);
      store<i32>(TEXT_OFFSETS + rowCount * 4, textTo);
    }
  }
  store<i32>(COUNTS, rowCount);
  store<i32>(COUNTS + 4, emptyCount);
  store<i32>(COUNTS + 8, missingCount);
  store<i32>(COUNTS + 12, relativeCount);
  return image;
}
