/** One WARC record, whoever found it, and how an ordinary one is found: the twin of the kernel `warc-heads`. */
import { findHeadEnd, MAX_HEAD_BYTES, parseHead, probeHead, type WarcHead } from './warc-head.ts';

/** One whole record; its bytes are valid until the next one is asked for. */
export interface WarcRecord {
  readonly head: WarcHead;
  /** The block, as long as Content-Length says, is bytes [blockStart, blockEnd). */
  readonly bytes: Buffer;
  readonly blockStart: number;
  readonly blockEnd: number;
  /** Number of the record in the file, from 0; records left out count too. */
  readonly number: number;
  /** Where its head starts in the decompressed stream. */
  readonly startByte: number;
}

/** A record whose place in the file its finder does not know. */
export interface PlacedRecord extends WarcRecord {
  number: number;
  startByte: number;
  /** Where its head starts in {@link WarcRecord.bytes}. */
  readonly recordStart: number;
}

/** Records one by one, for a caller to whom a promise for each is too dear. */
export interface WarcRecords {
  /**
   * The next record where nothing is wrong with it and it lies in memory with the start of the one after it: nearly always.
   *
   * @returns what {@link WarcRecords.next} would give; undefined where that has to be asked
   */
  nextInWindow(): WarcRecord | undefined;
  /** @returns the next whole record; undefined at the end of the stream */
  next(): Promise<WarcRecord | undefined>;
  /** Number of the next record: those given out or left out so far, from the start of the file. */
  readonly recordCount: number;
  /** How often something was odd so far: left out, or of another length than it says. */
  readonly oddCount: number;
  /** Offset of the next record in the decompressed file. */
  readonly offset: number;
  /** Stops reading, also before the end. */
  close(): Promise<void>;
}

/**
 * @param record - any
 * @returns its block: a view that is valid until the next record is asked for
 */
export function blockOf(record: WarcRecord): Buffer {
  return record.bytes.subarray(record.blockStart, record.blockEnd);
}

/** Line ends after a block that are looked at; the standard has two. */
export const MAX_LINE_END_BYTES = 64;

/**
 * @param byte - any
 * @returns true for CR and LF
 */
export function isLineEnd(byte: number | undefined): boolean {
  return byte === 10 || byte === 13;
}

/**
 * Finds the record at a place where nothing is wrong with it and the start of the next one is at hand.
 *
 * @param bytes - any bytes
 * @param start - where a record, or line ends in front of it, should be
 * @param end - where the bytes at hand end
 * @param maxRecordBytes - longest block that counts
 * @returns the record; undefined where somebody else has to look
 */
export function findOrdinaryRecord(
  bytes: Buffer,
  start: number,
  end: number,
  maxRecordBytes: number,
): PlacedRecord | undefined {
  let recordStart = start;
  while (recordStart < end && isLineEnd(bytes[recordStart])) recordStart++;
  if (probeHead(bytes, recordStart, end) !== 'head') return undefined;
  const blockStart = findHeadEnd(bytes, recordStart, end);
  if (blockStart < 0 || blockStart - recordStart > MAX_HEAD_BYTES) return undefined;
  const head = parseHead(bytes.subarray(recordStart, blockStart));
  const { contentLength } = head;
  if (contentLength === undefined || contentLength > maxRecordBytes) return undefined;
  const blockEnd = blockStart + contentLength;
  let after = blockEnd;
  const lastAfter = Math.min(end, blockEnd + MAX_LINE_END_BYTES);
  while (after < lastAfter && isLineEnd(bytes[after])) after++;
  if (after >= lastAfter || probeHead(bytes, after, end) !== 'head') return undefined;
  return { head, bytes, recordStart, blockStart, blockEnd, number: 0, startByte: 0 };
}
