/**
 * Splits a decompressed stream into WARC records and gets over whatever is wrong with them.
 *
 * A record is given out only once what follows it has been seen. So a Content-Length that is too long is noticed before
 * it swallows the next records, and the last record of a gzip member whose checksum failed is never trusted. Everything
 * left out is counted:
 *
 *   damaged-gzip      a gap in the stream; the record across it is lost with it
 *   garbage-bytes     a run of bytes that belong to no record
 *   truncated-record  the stream ends inside a record
 *   bad-record        no usable Content-Length, one that the content contradicts, or an endless head
 *   oversized-record  longer than the limit; passed over without being held
 */
import type { DecodedSource } from './decoded-bytes.ts';
import type { DropLog } from './source.ts';
import { RecordWindow } from './record-window.ts';
import type { HeadKernel } from './warc-head-kernel.ts';
import { findHead, findHeadEnd, MAX_HEAD_BYTES, parseHead, probeHead } from './warc-head.ts';
import {
  findOrdinaryRecord,
  isLineEnd,
  MAX_LINE_END_BYTES,
  type WarcRecord,
  type WarcRecords,
} from './warc-record.ts';

/** With more bytes than these at hand, an ordinary record is not cut off. */
const ORDINARY_WINDOW_BYTES = 64 << 10;
/** Bytes behind a place that are enough to tell whether a head starts there. */
const PROBE_BYTES = 96;

/**
 * Reads the records of a stream.
 *
 * Memory: one record up to `maxRecordBytes`, doubled while its buffer grows, and one chunk. Time: linear, also for
 * hostile input.
 *
 * @param source - decompressed bytes, with gaps where bytes are missing
 * @param drops - counts what is left out
 * @param maxRecordBytes - longest block given out
 * @param heads - finds ordinary records in the memory in which the source has its bytes
 * @param from - number of the first record and its offset, where the source is a part of a file
 * @param from.record - number
 * @param from.byte - offset
 * @returns the whole records in order; to be closed
 */
export function openWarcRecords(
  source: DecodedSource,
  drops: DropLog,
  maxRecordBytes: number,
  heads?: HeadKernel,
  from: { readonly record: number; readonly byte: number } = { record: 0, byte: 0 },
): WarcRecords {
  return new RecordReader(source, drops, maxRecordBytes, heads, from);
}

class RecordReader implements WarcRecords {
  readonly window: RecordWindow;
  readonly #drops: DropLog;
  readonly #maxRecordBytes: number;
  readonly #heads: HeadKernel | undefined;
  oddCount = 0;
  #recordCount: number;
  /** Bytes of the record given out last; still in the window because the caller is looking at them. */
  #givenBytes = 0;

  constructor(
    source: DecodedSource,
    drops: DropLog,
    maxRecordBytes: number,
    heads: HeadKernel | undefined,
    from: { readonly record: number; readonly byte: number },
  ) {
    this.window = new RecordWindow(source, from.byte);
    this.#recordCount = from.record;
    this.#drops = drops;
    this.#maxRecordBytes = maxRecordBytes;
    this.#heads = heads;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  get offset(): number {
    return this.window.offset;
  }

  async close(): Promise<void> {
    await this.window.close();
  }

  nextInWindow(): WarcRecord | undefined {
    const { window } = this;
    window.discard(this.#givenBytes);
    this.#givenBytes = 0;
    const { bytes, start, end } = window;
    const max = this.#maxRecordBytes;
    const found =
      this.#heads?.bytes === bytes
        ? this.#heads.findRecord(start, end, max)
        : findOrdinaryRecord(bytes, start, end, max);
    if (found === undefined) return undefined;
    window.discard(found.recordStart - start);
    this.#givenBytes = found.blockEnd - found.recordStart;
    found.number = this.#recordCount++;
    found.startByte = window.offset;
    return found;
  }

  async next(): Promise<WarcRecord | undefined> {
    const { window } = this;
    window.discard(this.#givenBytes);
    this.#givenBytes = 0;
    // Where just the start of the next record was missing, the ordinary way will do. Only with little in the window: a file without
    // ordinary records would be read ahead further with each of them.
    if (window.size < ORDINARY_WINDOW_BYTES && (await window.fill())) {
      const record = this.nextInWindow();
      if (record !== undefined) return record;
    }
    for (;;) {
      if (!(await this.#skipLineEnds())) {
        if (window.gap !== undefined) this.#drop(window.gap.reason, window.gap.detail);
        if (!window.startNextStretch()) return undefined;
        continue;
      }
      const probe = await this.#probe(0);
      if (probe === 'none') {
        const skippedBytes = await this.#seekHead(0, false);
        const startByte = window.offset - skippedBytes;
        this.#drop('garbage-bytes', `${skippedBytes} bytes belong to no record`, startByte);
        continue;
      }
      const record = await this.#readRecord();
      if (record !== undefined) return record;
    }
  }

  /** Reads the record at the start of the window; undefined when it was left out and the window moved on. */
  async #readRecord(): Promise<WarcRecord | undefined> {
    const { window } = this;
    const headBytes = await this.#measureHead();
    if (headBytes === 'endless')
      return this.#leaveOut('bad-record', `its head is over ${MAX_HEAD_BYTES} bytes`, 1, false);
    if (headBytes === 'cut') {
      this.#loseRest(0, 'a part of the head of a record');
      return undefined;
    }
    const head = parseHead(window.bytes.subarray(window.start, window.start + headBytes));
    const { contentLength } = head;
    if (contentLength === undefined) {
      return this.#leaveOut('bad-record', 'no usable Content-Length', headBytes, true);
    }
    if (contentLength > this.#maxRecordBytes) return this.#skipOversized(headBytes, contentLength);
    let blockEnd = headBytes + contentLength;
    if (window.size < blockEnd && !(await window.ensure(blockEnd))) {
      const inner = findHead(window.bytes, window.start + headBytes, window.end, true);
      const nextAt = inner?.probe === 'head' ? inner.at - window.start : window.size;
      const converted = this.#findConvertedEnd(headBytes, contentLength, nextAt);
      if (converted === undefined) {
        this.#loseRest(headBytes, `${window.size - headBytes} of ${contentLength} bytes of a record`);
        return undefined;
      }
      blockEnd = converted;
    }
    const verdict = await this.#checkFollowing(headBytes, blockEnd);
    if (verdict === 'unproved') {
      // The gap is counted; the record is part of what it took away.
      this.#recordCount++;
      window.discard(blockEnd);
      return undefined;
    }
    if (verdict !== 'whole') {
      const converted = this.#findConvertedEnd(headBytes, contentLength, verdict.nextAt);
      if (converted === undefined) {
        const detail = `Content-Length ${contentLength} runs past the next record`;
        return this.#leaveOut('bad-record', detail, verdict.nextAt, false);
      }
      blockEnd = converted;
    }
    this.#givenBytes = blockEnd;
    const { bytes, start } = window;
    return {
      head,
      bytes,
      blockStart: start + headBytes,
      blockEnd: start + blockEnd,
      number: this.#recordCount++,
      startByte: window.offset,
    };
  }

  /**
   * The end of a block whose CRLFs were turned into LFs on the way: such files went through a text tool, which left the
   * lengths as they were. Believed only when the head itself has bare LFs and the block misses no more bytes than it has
   * line ends; a block with a hole in it does not fit that. Undefined when it does not apply.
   */
  #findConvertedEnd(headBytes: number, contentLength: number, nextAt: number): number | undefined {
    const { bytes, start } = this.window;
    if (bytes.subarray(start, start + headBytes).includes(13)) return undefined;
    const end = nextAt - 2;
    if (end < headBytes || bytes[start + end] !== 10 || bytes[start + end + 1] !== 10) return undefined;
    let lineEnds = 0;
    const block = bytes.subarray(start + headBytes, start + end);
    for (let at = block.indexOf(10); at >= 0; at = block.indexOf(10, at + 1)) lineEnds++;
    if (contentLength - block.length > lineEnds) return undefined;
    this.oddCount++;
    return end;
  }

  /** Judges a block by what stands behind it. */
  async #checkFollowing(
    blockStart: number,
    blockEnd: number,
  ): Promise<'whole' | 'unproved' | { nextAt: number }> {
    const { window } = this;
    let at = blockEnd;
    for (;;) {
      if (at >= window.size && !(await window.fill())) {
        // A cut file or bytes between two good members say nothing against the record; a failed checksum does, if the
        // record reaches into the member that failed it.
        return blockEnd > window.size - (window.gap?.unprovedBytes ?? 0) ? 'unproved' : 'whole';
      }
      const byte = window.bytes[window.start + at];
      if (!isLineEnd(byte)) break;
      at++;
      if (at - blockEnd > MAX_LINE_END_BYTES) return 'whole';
    }
    if ((await this.#probe(at)) !== 'none') return 'whole';
    // Too long a length ends inside a later record. Where none starts in the block, garbage follows a good record.
    await window.ensure(blockEnd + PROBE_BYTES);
    const inner = findHead(window.bytes, window.start + blockStart, window.end, true);
    const innerAt = inner?.probe === 'head' ? inner.at - window.start : Infinity;
    return innerAt < blockEnd ? { nextAt: innerAt } : 'whole';
  }

  /** Leaves the current record out and goes on at the next record start behind `from`. */
  async #leaveOut(reason: string, detail: string, from: number, onLineStart: boolean): Promise<undefined> {
    this.#drop(reason, detail);
    this.#recordCount++;
    await this.#seekHead(from, onLineStart);
    return undefined;
  }

  /** The stretch ended inside the current record. A record start inside its block shows that its length was wrong. */
  #loseRest(blockStart: number, what: string): void {
    const { window } = this;
    const inner =
      blockStart === 0 ? undefined : findHead(window.bytes, window.start + blockStart, window.end, true);
    if (inner?.probe === 'head') {
      this.#drop('bad-record', `its Content-Length runs past the next record: ${what}`);
      this.#recordCount++;
      window.discard(inner.at - window.start);
      return;
    }
    // A damaged or cut member is counted once, as a gap.
    const { gap } = window;
    if (gap === undefined || gap.reason === 'garbage-bytes') {
      this.#drop(
        'truncated-record',
        gap === undefined ? `the file ends after ${what}` : `other bytes follow ${what}`,
      );
    }
    this.#recordCount++;
    window.discard(window.size);
  }

  /**
   * Passes over a block that is too long to be held. A record start inside it ends the skip, because a length this large
   * is more often wrong than true; the price is that records nested in such a block are read as records.
   */
  async #skipOversized(headBytes: number, contentLength: number): Promise<undefined> {
    const { window } = this;
    this.#drop('oversized-record', `${contentLength} bytes, the limit is ${this.#maxRecordBytes}`);
    this.#recordCount++;
    window.discard(headBytes);
    let leftBytes = contentLength;
    // The first place of a later round was judged in the round before.
    for (let from = 0; leftBytes > 0; from = 1) {
      const isStretchOver = !(await window.ensure(Math.min(leftBytes, 2 * PROBE_BYTES)));
      const inner = findHead(window.bytes, window.start + from, window.end, true);
      const innerAt = inner?.probe === 'head' ? inner.at - window.start : Infinity;
      if (innerAt < leftBytes) {
        window.discard(innerAt);
        return undefined;
      }
      // A head that the end of the window cuts is looked at again with the next chunk.
      const passedBytes = window.size - (isStretchOver || window.size >= leftBytes ? 0 : PROBE_BYTES);
      const step = Math.min(leftBytes, passedBytes);
      window.discard(step);
      leftBytes -= step;
      if (isStretchOver) break;
    }
    return undefined;
  }

  /** Length of the head at the start of the window. */
  async #measureHead(): Promise<number | 'endless' | 'cut'> {
    const { window } = this;
    let looked = 0;
    for (;;) {
      const end = findHeadEnd(window.bytes, window.start + looked, window.end);
      if (end >= 0 && end - window.start <= MAX_HEAD_BYTES) return end - window.start;
      if (end >= 0 || window.size > MAX_HEAD_BYTES) return 'endless';
      looked = Math.max(0, window.size - 2);
      if (!(await window.fill())) return 'cut';
    }
  }

  /** Probes a place of the window, with more bytes when they are needed. */
  async #probe(at: number): Promise<'head' | 'cut' | 'none'> {
    const { window } = this;
    for (;;) {
      const probe = probeHead(window.bytes, window.start + at, window.end);
      if (probe !== 'cut' || !(await window.fill())) return probe;
    }
  }

  /** Moves the window to the next record start at or behind `from`, or to the end of the stretch. Returns the bytes passed. */
  async #seekHead(from: number, onLineStart: boolean): Promise<number> {
    const { window } = this;
    let passedBytes = 0;
    let at = from;
    for (;;) {
      const found = findHead(window.bytes, window.start + at, window.end, onLineStart);
      const target = found === undefined ? window.size : found.at - window.start;
      if (found?.probe === 'head') {
        window.discard(target);
        return passedBytes + target;
      }
      // One byte in front of the place stays, so that the start of a line can be told.
      const keepFrom = Math.max(0, target - 1);
      window.discard(keepFrom);
      passedBytes += keepFrom;
      at = target - keepFrom;
      if (!(await window.fill())) {
        const rest = window.size;
        window.discard(rest);
        return passedBytes + rest;
      }
    }
  }

  /** Moves the window over line ends; false when the stretch ends there. */
  async #skipLineEnds(): Promise<boolean> {
    const { window } = this;
    for (;;) {
      const { bytes, start, end } = window;
      let at = start;
      while (at < end && isLineEnd(bytes[at])) at++;
      window.discard(at - start);
      if (at < end) return true;
      if (!(await window.fill())) return false;
    }
  }

  #drop(reason: string, detail: string, startByte = this.window.offset): void {
    this.oddCount++;
    this.#drops.drop(reason, this.#recordCount, startByte, detail);
  }
}
