/**
 * Finds the next record of a WARC stream where nothing about it is out of the ordinary: one whole record, its head in plain ASCII, and
 * behind it the start of another. AssemblyScript; what is asked of a head is said by src/curation/sources/warc-head.ts, and whatever
 * is refused here (folded lines, control characters, a field twice, odd lengths, the last record at hand) is read by
 * src/curation/sources/warc-records.ts.
 *
 * Memory: the bytes at hand, followed by at least 16 that can be read.
 */

// Layout, known to src/curation/sources/crawl-memory.ts: four bytes a field.
const FIELDS: i32 = 8126464 + 60 * 1024;
const RECORD_START: i32 = FIELDS;
const HEAD_END: i32 = FIELDS + 4;
const BLOCK_END: i32 = FIELDS + 8;
/** Start and end of the values of WARC-Type, WARC-Target-URI and Content-Type, blanks around them cut off; -1 where absent. */
const TYPE: i32 = FIELDS + 12;
const TARGET_URI: i32 = FIELDS + 20;
const CONTENT_TYPE: i32 = FIELDS + 28;

const MAX_HEAD_BYTES: i32 = 65536;
const MAX_LINE_END_BYTES: i32 = 64;
const MAX_NAME_BYTES: i32 = 64;

const LF: u8 = 10;
const CR: u8 = 13;
const COLON: u8 = 0x3a;

// @ts-ignore: decorator
@inline
function isLineEnd(byte: u8): bool {
  return byte == LF || byte == CR;
}

// @ts-ignore: decorator
@inline
function isDigit(byte: u8): bool {
  return byte >= 0x30 && byte <= 0x39;
}

// @ts-ignore: decorator
@inline
function isNameByte(byte: u8): bool {
  const letter: u8 = byte | 32;
  return (letter >= 0x61 && letter <= 0x7a) || byte == 0x2d || isDigit(byte) || byte == 0x5f;
}

/** Behind the version line of a head that starts at a place, if a field's name and a colon follow it; else -1. */
function skipVersion(at: i32, end: i32): i32 {
  // `WARC/1.0`, or other numbers of one digit.
  if (at + 10 > end || load<u32>(at) != 0x43524157 || load<u8>(at + 4) != 0x2f) return -1;
  if (!isDigit(load<u8>(at + 5)) || load<u8>(at + 6) != 0x2e || !isDigit(load<u8>(at + 7))) return -1;
  at += load<u8>(at + 8) == CR ? 9 : 8;
  if (load<u8>(at) != LF) return -1;
  const nameStart = ++at;
  while (at < end && isNameByte(load<u8>(at)) && at - nameStart < MAX_NAME_BYTES) at++;
  return at < end && at > nameStart && load<u8>(at) == COLON ? nameStart : -1;
}

/** The next byte that is no printable character of ASCII, at or behind a place, or `end`. */
// @ts-ignore: decorator
@inline
function skipPrintable(at: i32, end: i32): i32 {
  while (true) {
    // Bytes from 0x80 on are negative.
    const mask = i8x16.bitmask(i8x16.lt_s(v128.load(at), i8x16.splat(0x20)));
    if (mask != 0) return min(at + ctz(mask), end);
    at += 16;
    if (at >= end) return end;
  }
}

/** Which of the wanted names stands at a place, without case; the address of its field, 0 for the length, -1 for none. */
function findField(at: i32, length: i32): i32 {
  const mask: u64 = 0x2020202020202020;
  if (length == 9) {
    // warc-type
    return (load<u64>(at) | mask) == 0x7079742d63726177 && (load<u8>(at + 8) | 32) == 0x65 ? TYPE : -1;
  }
  if (length == 15) {
    // warc-target-uri
    return (load<u64>(at) | mask) == 0x7261742d63726177 && (load<u64>(at + 7) | mask) == 0x6972752d74656772 ? TARGET_URI : -1;
  }
  if (length == 12) {
    // content-type
    return (load<u64>(at) | mask) == 0x2d746e65746e6f63 && (load<u32>(at + 8) | 0x20202020) == 0x65707974 ? CONTENT_TYPE : -1;
  }
  if (length == 14) {
    // content-length
    return (load<u64>(at) | mask) == 0x2d746e65746e6f63 && (load<u64>(at + 6) | mask) == 0x6874676e656c2d74 ? 0 : -1;
  }
  return -1;
}

/**
 * @param start - where a record, or line ends in front of it, should be
 * @param end - where the bytes at hand end
 * @param maxRecordBytes - longest block that counts
 * @returns 1 with the places of the record at FIELDS; 0 where somebody else has to look
 */
export function findRecord(start: i32, end: i32, maxRecordBytes: i32): i32 {
  let at = start;
  while (at < end && isLineEnd(load<u8>(at))) at++;
  const recordStart = at;
  at = skipVersion(at, end);
  if (at < 0) return 0;
  store<i32>(TYPE, -1);
  store<i32>(TARGET_URI, -1);
  store<i32>(CONTENT_TYPE, -1);
  let contentLength = -1;
  const last = min(end, recordStart + MAX_HEAD_BYTES);
  while (true) {
    // A line, or the empty one that ends the head.
    if (at + 2 > last) return 0;
    const first = load<u8>(at);
    if (first == LF) {
      at++;
      break;
    }
    if (first == CR) {
      if (load<u8>(at + 1) != LF) return 0;
      at += 2;
      break;
    }
    // A folded line.
    if (first == 0x20) return 0;
    const lineStart = at;
    let lineEnd = skipPrintable(at, last);
    if (lineEnd + 1 >= last) return 0;
    at = lineEnd;
    if (load<u8>(at) == CR) at++;
    if (load<u8>(at) != LF) return 0;
    at++;
    let colon = lineStart;
    while (colon < lineEnd && load<u8>(colon) != COLON) colon++;
    if (colon == lineEnd) continue;
    const field = findField(lineStart, colon - lineStart);
    if (field < 0) continue;
    let valueStart = colon + 1;
    while (valueStart < lineEnd && load<u8>(valueStart) == 0x20) valueStart++;
    while (lineEnd > valueStart && load<u8>(lineEnd - 1) == 0x20) lineEnd--;
    if (field > 0) {
      if (load<i32>(field) >= 0) return 0;
      store<i32>(field, valueStart);
      store<i32>(field + 4, lineEnd);
      continue;
    }
    // Nine digits are less than 2 to the 31.
    if (contentLength >= 0 || lineEnd == valueStart || lineEnd - valueStart > 9) return 0;
    contentLength = 0;
    for (let i = valueStart; i < lineEnd; i++) {
      if (!isDigit(load<u8>(i))) return 0;
      contentLength = contentLength * 10 + i32(load<u8>(i)) - 0x30;
    }
  }
  if (contentLength < 0 || contentLength > maxRecordBytes || contentLength > end - at) return 0;
  const blockEnd = at + contentLength;
  store<i32>(RECORD_START, recordStart);
  store<i32>(HEAD_END, at);
  store<i32>(BLOCK_END, blockEnd);
  let after = blockEnd;
  const lastAfter = min(end, blockEnd + MAX_LINE_END_BYTES);
  while (after < lastAfter && isLineEnd(load<u8>(after))) after++;
  return after < lastAfter && skipVersion(after, end) >= 0 ? 1 : 0;
}
