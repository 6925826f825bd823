/**
 * The head of a WARC record (ISO 28500, versions 0.17 to 1.1): a version line, named fields, an empty line. Written to
 * the standard's words, read more kindly: LF alone ends a line, names have any case, folded lines are joined, and text
 * that is not UTF-8 is taken as Latin-1.
 */
import { isAscii, isUtf8 } from 'node:buffer';

/** Longest head taken; an honest one has less than 2 KiB. */
export const MAX_HEAD_BYTES = 64 << 10;

/** The fields that extraction needs. */
export interface WarcHead {
  /** `WARC-Type`, lower-cased; '' when absent. */
  readonly type: string;
  /** `WARC-Target-URI` as it stands; undefined when absent. */
  readonly targetUri: string | undefined;
  /** `Content-Type` of the block, lower-cased; '' when absent. */
  readonly contentType: string;
  /** `Content-Length`; undefined when absent or no number. */
  readonly contentLength: number | undefined;
}

const CR = 13;
const LF = 10;
const VERSION_PREFIX = Buffer.from('WARC/');

/** What stands at a place: the head of a record, the beginning of what may be one, or something else. */
export type HeadProbe = 'head' | 'cut' | 'none';

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

/** True for the characters of a field name. */
function isNameByte(byte: number | undefined): boolean {
  return (
    isDigit(byte) ||
    (byte !== undefined && ((byte | 32) >= 0x61 ? (byte | 32) <= 0x7a : byte === 0x2d)) ||
    byte === 0x5f
  );
}

/**
 * Tells whether a record starts at a place: a version line and the name of a first field. More is not asked for, so
 * that a record with a broken field is still found, and reported.
 *
 * @param bytes - any bytes
 * @param start - the place
 * @param end - where the bytes at hand end
 * @returns `cut` when all bytes up to `end` fit and more are needed
 */
export function probeHead(bytes: Buffer, start: number, end: number): HeadProbe {
  let at = start;
  for (const expected of VERSION_PREFIX) {
    if (at >= end) return 'cut';
    if (bytes[at++] !== expected) return 'none';
  }
  for (const stop of [0x2e, 0]) {
    const first = at;
    while (at < end && isDigit(bytes[at])) at++;
    if (at >= end) return at - first > 3 ? 'none' : 'cut';
    if (at === first || at - first > 3) return 'none';
    if (stop !== 0 && bytes[at++] !== stop) return 'none';
  }
  if (bytes[at] === CR) at++;
  if (at >= end) return 'cut';
  if (bytes[at++] !== LF) return 'none';
  const nameStart = at;
  while (at < end && isNameByte(bytes[at]) && at - nameStart < 64) at++;
  if (at >= end) return 'cut';
  return bytes[at] === 0x3a && at > nameStart ? 'head' : 'none';
}

/**
 * Finds the next record start in some bytes.
 *
 * @param bytes - any bytes
 * @param start - first place that counts
 * @param end - where the bytes at hand end
 * @param onLineStart - true to take only what stands at the start of a line: text may speak of WARC
 * @returns the place and whether the head is sure or cut off by `end`; undefined when there is none
 */
export function findHead(
  bytes: Buffer,
  start: number,
  end: number,
  onLineStart: boolean,
): { at: number; probe: 'head' | 'cut' } | undefined {
  const window = end === bytes.length ? bytes : bytes.subarray(0, end);
  for (let at = window.indexOf(VERSION_PREFIX, start); at >= 0; at = window.indexOf(VERSION_PREFIX, at + 1)) {
    if (onLineStart && at > 0 && bytes[at - 1] !== LF) continue;
    const probe = probeHead(bytes, at, end);
    if (probe !== 'none') return { at, probe };
  }
  // The last bytes may be the beginning of the prefix.
  for (let at = Math.max(start, end - VERSION_PREFIX.length + 1); at < end; at++) {
    if (onLineStart && at > 0 && bytes[at - 1] !== LF) continue;
    if (probeHead(bytes, at, end) === 'cut') return { at, probe: 'cut' };
  }
  return undefined;
}

/**
 * Finds the empty line that ends a head.
 *
 * @param bytes - bytes that hold the head
 * @param start - where to look from: the head's start, or a place before which no head ends
 * @param end - where the bytes at hand end
 * @returns the place behind the empty line, or -1
 */
export function findHeadEnd(bytes: Buffer, start: number, end: number): number {
  for (let at = start; at < end; at++) {
    if (bytes[at] !== LF) continue;
    if (bytes[at + 1] === LF && at + 1 < end) return at + 2;
    if (bytes[at + 1] === CR && bytes[at + 2] === LF && at + 2 < end) return at + 3;
  }
  return -1;
}

const WANTED_FIELDS = ['warc-type', 'warc-target-uri', 'content-type', 'content-length'] as const;

/**
 * Reads the fields that extraction needs and passes over the others.
 *
 * @param bytes - exactly one head, its empty line included
 * @returns its fields; of a field that stands twice the first counts
 */
export function parseHead(bytes: Buffer): WarcHead {
  const text = bytes.toString(isAscii(bytes) || !isUtf8(bytes) ? 'latin1' : 'utf8');
  const values: (string | undefined)[] = [undefined, undefined, undefined, undefined];
  let field = -1;
  for (let at = text.indexOf('\n') + 1; at > 0 && at < text.length;) {
    const lineEnd = text.indexOf('\n', at);
    const first = text.charCodeAt(at);
    if (first === 0x20 || first === 0x09) {
      // A folded line belongs to the field before it.
      if (field >= 0) values[field] = `${values[field] ?? ''} ${text.slice(at, lineEnd).trim()}`.trim();
    } else {
      const colon = text.indexOf(':', at);
      field = colon < 0 || colon > lineEnd ? -1 : findWantedField(text, at, colon);
      if (field >= 0 && values[field] !== undefined) field = -1;
      if (field >= 0) values[field] = text.slice(colon + 1, lineEnd).trim();
    }
    at = lineEnd + 1;
  }
  const [type, targetUri, contentType, length = ''] = values;
  return {
    type: type?.toLowerCase() ?? '',
    targetUri,
    contentType: contentType?.toLowerCase() ?? '',
    contentLength: /^[0-9]{1,15}$/.test(length) ? Number(length) : undefined,
  };
}

/** The lengths 9, 15, 12 and 14 rule most names out; white space in front of the colon is against the standard. */
function findWantedField(text: string, start: number, colon: number): number {
  const index = WANTED_FIELDS.findIndex((name) => name.length === colon - start);
  if (index < 0) return -1;
  return text.slice(start, colon).toLowerCase() === WANTED_FIELDS[index] ? index : -1;
}

/**
 * @param uri - a WARC-Target-URI
 * @returns it without the angle brackets that the grammar of WARC 1.0 asked for and wget writes
 */
export function stripAngleBrackets(uri: string): string {
  return uri.startsWith('<') && uri.endsWith('>') ? uri.slice(1, -1) : uri;
}
