/* eslint-disable @typescript-eslint/no-non-null-assertion -- indices are checked against `end` by hand, once per byte */
/**
 * Finds the image links in the JSON of a WAT record without parsing it: follows the key path
 *
 *   Envelope / Payload-Metadata / HTTP-Response-Metadata / HTML-Metadata / Links
 *
 * and remembers, of each link whose `path` starts with `IMG@/src`, where its four interesting values lie. Everything else
 * is hopped over, yet checked: a record counts as JSON exactly when it is UTF-8 and `JSON.parse` takes it, and the links
 * are exactly those of the parsed record, also with keys escaped, in another order, or twice (the last one counts).
 */
import { isUtf8 } from 'node:buffer';
import { JsonSkimmer, skipBlank, skipColon, skipOrdinary, skipString } from './json-skimmer.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const toBytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** The keys that lead to the links, from the outside in. */
export const LINKS_PATH = [
  'Envelope',
  'Payload-Metadata',
  'HTTP-Response-Metadata',
  'HTML-Metadata',
  'Links',
] as const;
const LINKS_PATH_BYTES = LINKS_PATH.map(toBytes);

/** What the `path` of an image link starts with; `IMG@/srcset` does too. */
export const IMAGE_PATH_PREFIX = 'IMG@/src';
const IMAGE_PATH_BYTES = toBytes(IMAGE_PATH_PREFIX);

/** The values kept of a link, in the order of the published extraction. */
export const LINK_FIELDS = ['url', 'alt', 'title', 'data-image-title'] as const;
const FIELD_COUNT = LINK_FIELDS.length;
const FIELD_BYTES = LINK_FIELDS.map(toBytes);
const PATH_BYTES = toBytes('path');

/** Index of a key that is `path`. */
const IS_PATH = FIELD_COUNT;
/** Index of any other key. */
const IS_OTHER = FIELD_COUNT + 1;
/** A key that has to be read to its end to know. */
const IS_UNKNOWN = -1;
/** Bytes of a key that {@link findCommonField} found, closing quote included; `text` stands for the others. */
const COMMON_KEY_BYTES = [4, 4, 6, 17, 5, 5];
/** Bytes of `A@/href`, the path of four links in five. */
const ANCHOR_BYTE_COUNT = 7;

/** What kind of value a field has. */
export const FIELD_ABSENT = 0;
export const FIELD_NULL = 1;
/** A number, boolean, array or object. */
export const FIELD_NO_STRING = 2;
/** A string whose bytes are its text. */
export const FIELD_PLAIN = 3;
/** A string with escapes in it. */
export const FIELD_ESCAPED = 4;

const FIRST_CAPACITY = 256;

/** The image links of one record. */
export interface ImageLinks {
  readonly imageCount: number;
  /** Where {@link ImageLinks.getStart} and {@link ImageLinks.getEnd} point to. */
  readonly bytes: Buffer;
  /**
   * @param image - number of an image link, below {@link ImageLinks.imageCount}
   * @param field - index into {@link LINK_FIELDS}
   * @returns one of the FIELD_ constants
   */
  getKind(image: number, field: number): number;
  /**
   * @param image - number of an image link
   * @param field - index into {@link LINK_FIELDS}; its kind must be FIELD_PLAIN: its bytes are its text
   * @returns first byte of the string
   */
  getStart(image: number, field: number): number;
  /**
   * @param image - number of an image link
   * @param field - as for {@link ImageLinks.getStart}
   * @returns byte after the string
   */
  getEnd(image: number, field: number): number;
  /**
   * @param image - number of an image link
   * @param field - index into {@link LINK_FIELDS}; its kind must be FIELD_PLAIN or FIELD_ESCAPED
   * @returns the string
   */
  getField(image: number, field: number): string;
}

/** Finds image links record after record; its tables are reused and grow to the largest record. */
export class WatLinkSkimmer implements ImageLinks {
  /** Image links of the record skimmed last. */
  imageCount = 0;
  /** Kind of field f of image i at [i * 4 + f]. */
  #kinds = new Uint8Array(FIRST_CAPACITY * FIELD_COUNT);
  /** Start of the string of field f of image i at [(i * 4 + f) * 2], its end behind it; quotes excluded. */
  #ranges = new Int32Array(FIRST_CAPACITY * FIELD_COUNT * 2);
  #bytes: Buffer = Buffer.alloc(0);
  readonly #json = new JsonSkimmer();

  /**
   * Skims one record. Time: linear; no allocation. The record is read again by {@link WatLinkSkimmer.getField}, so it
   * must stay untouched until the next call.
   *
   * @param bytes - the JSON of the record, white space around it allowed
   * @returns false when it is no JSON text in UTF-8; it has no images then
   */
  skim(bytes: Buffer): boolean {
    this.#bytes = bytes;
    this.imageCount = 0;
    const end = bytes.length;
    let at = skipBlank(bytes, 0, end);
    at =
      at < end && bytes[at] === OPEN_BRACE
        ? this.#walk(bytes, at + 1, end, 0)
        : this.#json.skipValue(bytes, at, end);
    const isJson = at >= 0 && skipBlank(bytes, at, end) === end && isUtf8(bytes);
    if (!isJson) this.imageCount = 0;
    return isJson;
  }

  getKind(image: number, field: number): number {
    return this.#kinds[image * FIELD_COUNT + field]!;
  }

  getField(image: number, field: number): string {
    const index = image * FIELD_COUNT + field;
    return this.#decode(
      this.#ranges[index * 2]!,
      this.#ranges[index * 2 + 1]!,
      this.#kinds[index] === FIELD_ESCAPED,
    );
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  getStart(image: number, field: number): number {
    return this.#ranges[(image * FIELD_COUNT + field) * 2]!;
  }

  getEnd(image: number, field: number): number {
    return this.#ranges[(image * FIELD_COUNT + field) * 2 + 1]!;
  }

  #decode(start: number, end: number, isEscaped: boolean): string {
    if (!isEscaped) return this.#bytes.toString('utf8', start, end);
    const text: unknown = JSON.parse(this.#bytes.toString('utf8', start - 1, end + 1));
    return String(text);
  }

  // An object on the way to the links, from behind its brace on. Recursive, five levels at most.
  #walk(bytes: Buffer, at: number, end: number, level: number): number {
    at = skipBlank(bytes, at, end);
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return -1;
      const keyStart = at + 1;
      at = skipString(bytes, keyStart, end);
      if (at < 0) return -1;
      const isNext = this.#isKey(bytes, keyStart, at - 1, LINKS_PATH_BYTES[level]!, LINKS_PATH[level]!);
      at = skipColon(bytes, at, end);
      if (at < 0) return -1;
      if (isNext) {
        // All links so far came from an earlier value of this key, which the one that starts here replaces.
        this.imageCount = 0;
        const isLast = level === LINKS_PATH.length - 1;
        if (!isLast && bytes[at] === OPEN_BRACE) at = this.#walk(bytes, at + 1, end, level + 1);
        else if (isLast && bytes[at] === OPEN_BRACKET) at = this.#readLinks(bytes, at + 1, end);
        else at = this.#json.skipValue(bytes, at, end);
      } else {
        at = this.#json.skipValue(bytes, at, end);
      }
      if (at < 0) return -1;
      at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_BRACE) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipBlank(bytes, at + 1, end);
    }
  }

  // The array of links, from behind its bracket on.
  #readLinks(bytes: Buffer, at: number, end: number): number {
    at = skipBlank(bytes, at, end);
    if (at < end && bytes[at] === CLOSE_BRACKET) return at + 1;
    for (;;) {
      if (at >= end) return -1;
      at =
        bytes[at] === OPEN_BRACE ? this.#readLink(bytes, at + 1, end) : this.#json.skipValue(bytes, at, end);
      if (at < 0) return -1;
      if (bytes[at] === COMMA && bytes[at + 1] === OPEN_BRACE) {
        at++;
        continue;
      }
      at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_BRACKET) return at + 1;
      if (bytes[at] !== COMMA) return -1;
      at = skipBlank(bytes, at + 1, end);
    }
  }

  // One link, from behind its brace on; kept when it is an image.
  #readLink(bytes: Buffer, at: number, end: number): number {
    const slot = this.imageCount * FIELD_COUNT;
    if (slot === this.#kinds.length) this.#grow();
    const kinds = this.#kinds;
    const ranges = this.#ranges;
    // Cheaper than fill(), whose call costs as much as the rest of a short link.
    for (let field = 0; field < FIELD_COUNT; field++) kinds[slot + field] = FIELD_ABSENT;
    let isImage = false;
    at = skipBlank(bytes, at, end);
    if (at < end && bytes[at] === CLOSE_BRACE) return at + 1;
    for (;;) {
      if (at >= end || bytes[at] !== QUOTE) return -1;
      const keyStart = at + 1;
      let key = findCommonField(bytes, keyStart);
      if (key !== IS_UNKNOWN) {
        at = keyStart + COMMON_KEY_BYTES[key]!;
      } else {
        at = skipOrdinary(bytes, keyStart, end);
        if (at < end && bytes[at] === QUOTE) {
          key = findField(bytes, keyStart, at++);
        } else {
          at = skipString(bytes, at, end);
          if (at < 0) return -1;
          key = findEscapedField(this.#decode(keyStart, at - 1, true));
        }
      }
      at = bytes[at] === COLON && bytes[at + 1] === QUOTE ? at + 1 : skipColon(bytes, at, end);
      if (at < 0 || at >= end) return -1;
      const first = bytes[at];
      if (first === QUOTE) {
        const start = at + 1;
        at = key === IS_PATH && isAnchor(bytes, start) ? start + ANCHOR_BYTE_COUNT : start;
        at = skipOrdinary(bytes, at, end);
        const isPlain = at < end && bytes[at] === QUOTE;
        at = isPlain ? at + 1 : skipString(bytes, at, end);
        if (at < 0) return -1;
        if (key < FIELD_COUNT) {
          kinds[slot + key] = isPlain ? FIELD_PLAIN : FIELD_ESCAPED;
          ranges[(slot + key) * 2] = start;
          ranges[(slot + key) * 2 + 1] = at - 1;
        } else if (key === IS_PATH) {
          isImage = isPlain
            ? startsWith(bytes, start, at - 1, IMAGE_PATH_BYTES)
            : this.#decode(start, at - 1, true).startsWith(IMAGE_PATH_PREFIX);
        }
      } else {
        if (key < FIELD_COUNT) kinds[slot + key] = first === 0x6e ? FIELD_NULL : FIELD_NO_STRING;
        else if (key === IS_PATH) isImage = false;
        at = this.#json.skipValue(bytes, at, end);
        if (at < 0) return -1;
      }
      if (bytes[at] !== COMMA && bytes[at] !== CLOSE_BRACE) at = skipBlank(bytes, at, end);
      if (at >= end) return -1;
      if (bytes[at] === CLOSE_BRACE) break;
      if (bytes[at] !== COMMA) return -1;
      at++;
      if (bytes[at] !== QUOTE) at = skipBlank(bytes, at, end);
    }
    if (isImage) this.imageCount++;
    return at + 1;
  }

  #isKey(bytes: Buffer, start: number, end: number, key: Uint8Array, name: string): boolean {
    const length = end - start;
    if (length === key.length) return startsWith(bytes, start, end, key);
    // Only an escaped key can be longer and still the same.
    if (length < key.length) return false;
    const escape = bytes.indexOf(BACKSLASH, start);
    return escape >= 0 && escape < end && this.#decode(start, end, true) === name;
  }

  #grow(): void {
    const kinds = new Uint8Array(this.#kinds.length * 2);
    kinds.set(this.#kinds);
    this.#kinds = kinds;
    const ranges = new Int32Array(this.#ranges.length * 2);
    ranges.set(this.#ranges);
    this.#ranges = ranges;
  }
}

function startsWith(bytes: Buffer, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

/**
 * Recognises the usual keys by their bytes, closing quote included: looking for the quote first costs twice the time,
 * because the short loops of varying length defeat branch prediction (15 ns for each string end).
 */
function findCommonField(bytes: Buffer, at: number): number {
  switch (bytes[at] ?? 0) {
    case 0x70: // path
      return bytes[at + 1] === 0x61 &&
        bytes[at + 2] === 0x74 &&
        bytes[at + 3] === 0x68 &&
        bytes[at + 4] === QUOTE
        ? IS_PATH
        : IS_UNKNOWN;
    case 0x75: // url
      return bytes[at + 1] === 0x72 && bytes[at + 2] === 0x6c && bytes[at + 3] === QUOTE ? 0 : IS_UNKNOWN;
    case 0x61: // alt
      return bytes[at + 1] === 0x6c && bytes[at + 2] === 0x74 && bytes[at + 3] === QUOTE ? 1 : IS_UNKNOWN;
    case 0x74: // text
      return bytes[at + 1] === 0x65 &&
        bytes[at + 2] === 0x78 &&
        bytes[at + 3] === 0x74 &&
        bytes[at + 4] === QUOTE
        ? IS_OTHER
        : IS_UNKNOWN;
    default:
      return IS_UNKNOWN;
  }
}

/** True when `A@/href` and a closing quote stand at a place. */
function isAnchor(bytes: Buffer, at: number): boolean {
  return (
    bytes[at] === 0x41 &&
    bytes[at + 1] === 0x40 &&
    bytes[at + 2] === 0x2f &&
    bytes[at + 3] === 0x68 &&
    bytes[at + 4] === 0x72 &&
    bytes[at + 5] === 0x65 &&
    bytes[at + 6] === 0x66 &&
    bytes[at + 7] === QUOTE
  );
}

/** Which field a key names; the lengths 3, 4, 5 and 16 decide nearly always. */
function findField(bytes: Buffer, start: number, end: number): number {
  switch (end - start) {
    case 3:
      if (startsWith(bytes, start, end, FIELD_BYTES[0]!)) return 0;
      return startsWith(bytes, start, end, FIELD_BYTES[1]!) ? 1 : IS_OTHER;
    case 4:
      return startsWith(bytes, start, end, PATH_BYTES) ? IS_PATH : IS_OTHER;
    case 5:
      return startsWith(bytes, start, end, FIELD_BYTES[2]!) ? 2 : IS_OTHER;
    case 16:
      return startsWith(bytes, start, end, FIELD_BYTES[3]!) ? 3 : IS_OTHER;
    default:
      return IS_OTHER;
  }
}

function findEscapedField(key: string): number {
  if (key === 'path') return IS_PATH;
  const field = LINK_FIELDS.findIndex((name) => name === key);
  return field < 0 ? IS_OTHER : field;
}
