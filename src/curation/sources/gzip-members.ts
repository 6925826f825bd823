/**
 * Reads a damaged gzip file member by member (RFC 1952), so that only the damaged members are lost.
 *
 *   member   10-byte header, optional fields, deflate data, CRC-32 and length of the content (8 bytes)
 *
 * What could be inflated of a damaged member is still handed on, followed by a {@link StreamGap}: the record reader
 * decides what of it is trustworthy (never the last record before the gap). After a damage the search for the next
 * member starts one byte behind the start of the damaged one, because nothing that its data says, its own end included,
 * can be believed. The search takes a magic number as a member only when what follows really inflates.
 *
 * Only damaged files come here, from the first damaged member on.
 */
import { constants, crc32, createInflateRaw, inflateRawSync } from 'node:zlib';
import type { ByteSource } from './byte-source.ts';
import { InflateDriver } from './inflate-driver.ts';
import { StreamGap, type ByteMeter } from './stream-gap.ts';

const MAGIC = Buffer.from([0x1f, 0x8b, 8]);
/** Bytes of a header without optional fields. */
export const HEADER_BYTES = 10;
/** Checksum and length behind the data. */
export const TRAILER_BYTES = 8;
/** Longest header taken: file name and comment are free text without a limit. */
export const MAX_HEADER_BYTES = 64 << 10;
/** Compressed members up to this size are inflated in one call, larger ones streamed. */
const WHOLE_MEMBER_BYTES = 1 << 20;
/** Content up to this size is held in memory. */
const WHOLE_CONTENT_BYTES = 8 << 20;
/** Input of a streamed member goes in pieces of this size: when one fails, its output is lost. */
const PIECE_BYTES = 4 << 10;
/** Deflate data looked at before a magic number counts as the start of a member. */
const TRIAL_BYTES = 4 << 10;

/** How a member ended: the offset behind it, or why it cannot be used. */
type MemberEnd = { readonly endByte: number } | { readonly fault: string; readonly isCut: boolean };

/**
 * Delivers what is whole in a gzip file, from some byte on.
 *
 * Memory: one window of the file (1 MiB and a read), the content of one small member or of one piece of a large one.
 *
 * @param source - the file
 * @param start - where to start
 * @param start.startByte - byte of the file: its first, or where a member starts
 * @param start.skipBytes - decompressed bytes from there on that the caller has delivered already; not delivered again
 * @param meter - told how far the file has been read
 * @yields decompressed chunks, and a gap at each damage; the last one is `truncated-record` when the file is cut
 */
export async function* salvageMembers(
  source: ByteSource,
  start: { readonly startByte: number; readonly skipBytes: number },
  meter: ByteMeter,
): AsyncGenerator<Uint8Array | StreamGap, void, void> {
  const file = new FileWindow(source, meter);
  let toSkip = start.skipBytes;
  /** Content of the member at hand that the caller has. */
  let givenBytes = start.skipBytes;
  try {
    let offset = start.startByte;
    for (;;) {
      const head = await file.view(offset, HEADER_BYTES);
      if (head.length === 0) return;
      if (head.indexOf(MAGIC) !== 0) {
        const next = await seekMember(file, offset);
        const isPadding = next === undefined && (await file.isZeroFrom(offset));
        if (!isPadding) {
          const size = (next ?? file.sizeBytes) - offset;
          yield new StreamGap(
            'garbage-bytes',
            `${size} bytes at byte ${offset} of the file are no gzip member`,
            0,
          );
          toSkip = 0;
        }
        if (next === undefined) return;
        offset = next;
        continue;
      }
      const members = readMember(file, offset);
      let end: MemberEnd;
      let contentBytes = 0;
      for (;;) {
        const step = await members.next();
        if (step.done === true) {
          end = step.value;
          break;
        }
        contentBytes += step.value.length;
        if (toSkip < step.value.length) yield step.value.subarray(toSkip);
        toSkip = Math.max(0, toSkip - step.value.length);
      }
      // Less may come out here than the caller got of it elsewhere: what a failing write would give is lost.
      const deliveredBytes = Math.max(contentBytes, givenBytes);
      givenBytes = 0;
      if ('endByte' in end) {
        offset = end.endByte;
        continue;
      }
      const next = await seekMember(file, offset + 1);
      const reason = end.isCut && next === undefined ? 'truncated-record' : 'damaged-gzip';
      // What a cut member gives is as good as the part of a plain file in front of its cut.
      const unprovedBytes = reason === 'damaged-gzip' ? deliveredBytes : 0;
      yield new StreamGap(reason, `gzip member at byte ${offset} of the file: ${end.fault}`, unprovedBytes);
      // Whatever the caller had of the damaged member lies before the gap.
      toSkip = 0;
      if (next === undefined) return;
      offset = next;
    }
  } finally {
    await file.close();
  }
}

/** Offset of the next member that inflates, or undefined at the end of the file. */
async function seekMember(file: FileWindow, from: number): Promise<number | undefined> {
  let offset = from;
  for (;;) {
    const bytes = await file.view(offset, 2 * MAX_HEADER_BYTES);
    const found = findMember(bytes, 0);
    if (found !== undefined) {
      // A candidate near the end of the view is tried again with all that follows it.
      if (bytes.length - found >= TRIAL_BYTES + HEADER_BYTES || file.isAtEnd(offset + bytes.length)) {
        return offset + found;
      }
      const again = await file.view(offset + found, MAX_HEADER_BYTES);
      if (findMember(again, 0) === 0) return offset + found;
      offset += found + 1;
      continue;
    }
    if (file.isAtEnd(offset + bytes.length)) return undefined;
    // A header cut by the end of the view is seen whole in the next one.
    offset += bytes.length - MAX_HEADER_BYTES;
  }
}

/**
 * Finds the first gzip member in some bytes; its data may reach beyond them.
 *
 * @param bytes - any bytes
 * @param from - where to start
 * @returns its offset, or undefined; a magic number whose header or data is impossible is passed over
 */
export function findMember(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at >= 0; at = bytes.indexOf(MAGIC, at + 1)) {
    const dataStart = skipHeader(bytes, at);
    if (dataStart === undefined || dataStart >= bytes.length) continue;
    try {
      inflateRawSync(bytes.subarray(dataStart, dataStart + TRIAL_BYTES), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: WHOLE_CONTENT_BYTES,
      });
      return at;
    } catch (error) {
      if (isTooLarge(error)) return at;
    }
  }
  return undefined;
}

/**
 * @param bytes - any bytes
 * @param start - where a member starts
 * @returns offset behind its header; undefined when the header is impossible or longer than the bytes at hand
 */
export function skipHeader(bytes: Buffer, start: number): number | undefined {
  const flags = bytes[start + 3];
  // The three highest flags are reserved and must be zero.
  if (flags === undefined || (flags & 0xe0) !== 0) return undefined;
  let at = start + HEADER_BYTES;
  if ((flags & 4) !== 0) {
    const low = bytes[at];
    const high = bytes[at + 1];
    if (low === undefined || high === undefined) return undefined;
    at += 2 + low + (high << 8);
  }
  for (const flag of [8, 16]) {
    if ((flags & flag) === 0) continue;
    const zero = bytes.indexOf(0, at);
    if (zero < 0) return undefined;
    at = zero + 1;
  }
  if ((flags & 2) !== 0) at += 2;
  return at <= bytes.length ? at : undefined;
}

/** Inflates the member at an offset and checks it; yields what could be inflated even when it turns out damaged. */
async function* readMember(file: FileWindow, start: number): AsyncGenerator<Uint8Array, MemberEnd, void> {
  let head = await file.view(start, HEADER_BYTES + TRAILER_BYTES);
  let dataStart = skipHeader(head, 0);
  if (dataStart === undefined) {
    head = await file.view(start, MAX_HEADER_BYTES);
    dataStart = skipHeader(head, 0);
  }
  if (dataStart === undefined) {
    return { fault: 'its header is damaged', isCut: head.length < MAX_HEADER_BYTES };
  }
  const whole = await inflateWhole(file, start + dataStart);
  if (whole !== undefined) {
    yield whole.content;
    return checkTrailer(file, whole.dataEnd, crc32(whole.content), whole.content.length);
  }
  return yield* inflateStreamed(file, start + dataStart);
}

/** Small members in one call: ten times cheaper than a stream of their own. Undefined when that cannot be done. */
async function inflateWhole(
  file: FileWindow,
  dataStart: number,
): Promise<{ content: Buffer; dataEnd: number } | undefined> {
  for (let want = 64 << 10; want <= WHOLE_MEMBER_BYTES; want *= 4) {
    const bytes = await file.view(dataStart, want);
    try {
      const options = { info: true, maxOutputLength: WHOLE_CONTENT_BYTES };
      const result: unknown = inflateRawSync(bytes.subarray(0, want), options);
      if (!isInflateInfo(result)) return undefined;
      return { content: result.buffer, dataEnd: dataStart + result.engine.bytesWritten };
    } catch (error) {
      const wantsMore = error instanceof Error && 'code' in error && error.code === 'Z_BUF_ERROR';
      if (!wantsMore || bytes.length <= want) return undefined;
    }
  }
  return undefined;
}

/** What `info: true` makes of the result; missing from the type definitions. */
function isInflateInfo(result: unknown): result is { buffer: Buffer; engine: { bytesWritten: number } } {
  return typeof result === 'object' && result !== null && 'buffer' in result && 'engine' in result;
}

async function* inflateStreamed(
  file: FileWindow,
  dataStart: number,
): AsyncGenerator<Uint8Array, MemberEnd, void> {
  const driver = new InflateDriver(createInflateRaw({ chunkSize: 64 << 10 }));
  let offset = dataStart;
  let checksum = 0;
  let contentBytes = 0;
  try {
    for (;;) {
      const piece = (await file.view(offset, PIECE_BYTES)).subarray(0, PIECE_BYTES);
      const step = await (piece.length === 0 ? driver.finish() : driver.write(piece));
      offset += piece.length;
      for (const chunk of step.output) {
        checksum = crc32(chunk, checksum);
        contentBytes += chunk.length;
        yield chunk;
      }
      if (step.state === 'end') {
        return await checkTrailer(file, dataStart + driver.bytesTaken, checksum, contentBytes);
      }
      if (step.state !== 'more') return { fault: step.complaint, isCut: step.state === 'cut' };
    }
  } finally {
    driver.close();
  }
}

async function checkTrailer(
  file: FileWindow,
  at: number,
  checksum: number,
  contentBytes: number,
): Promise<MemberEnd> {
  const trailer = await file.view(at, TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) return { fault: 'the file ends inside its checksum', isCut: true };
  if (trailer.readUInt32LE(0) !== checksum) return { fault: 'wrong checksum', isCut: false };
  if (trailer.readUInt32LE(4) !== contentBytes % 2 ** 32) return { fault: 'wrong length', isCut: false };
  return { endByte: at + TRAILER_BYTES };
}

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE';
}

/** A view of the file that moves forward, and back by opening the file again. */
class FileWindow {
  readonly #source: ByteSource;
  readonly #meter: ByteMeter;
  #chunks: AsyncIterator<Uint8Array> | undefined;
  #bytes: Buffer = Buffer.alloc(0);
  #startByte = 0;
  #ended = false;

  constructor(source: ByteSource, meter: ByteMeter) {
    this.#source = source;
    this.#meter = meter;
  }

  /** Size of the file; known once its end has been seen. */
  get sizeBytes(): number {
    return this.#startByte + this.#bytes.length;
  }

  isAtEnd(offset: number): boolean {
    return this.#ended && offset >= this.sizeBytes;
  }

  /** All bytes at hand from `offset` on: at least `want`, fewer only at the end. Valid until the next call. */
  async view(offset: number, want: number): Promise<Buffer> {
    if (offset < this.#startByte || offset > this.sizeBytes) {
      await this.close();
      this.#bytes = Buffer.alloc(0);
      this.#startByte = offset;
      this.#ended = false;
    }
    this.#chunks ??= this.#source.open(this.sizeBytes)[Symbol.asyncIterator]();
    let missing = want - (this.sizeBytes - offset);
    if (missing > 0 && !this.#ended) {
      const parts = [this.#bytes.subarray(offset - this.#startByte)];
      while (missing > 0) {
        const next = await this.#chunks.next();
        if (next.done === true) {
          this.#ended = true;
          break;
        }
        parts.push(Buffer.from(next.value.buffer, next.value.byteOffset, next.value.length));
        missing -= next.value.length;
      }
      this.#bytes = Buffer.concat(parts);
      this.#startByte = offset;
      this.#meter.reach(this.sizeBytes);
    }
    return this.#bytes.subarray(offset - this.#startByte);
  }

  /** True when nothing but zero bytes follows: padding of tapes and disk images. */
  async isZeroFrom(start: number): Promise<boolean> {
    for (let offset = start; ;) {
      const bytes = await this.view(offset, 1);
      if (bytes.length === 0) return true;
      if (bytes.some((byte) => byte !== 0)) return false;
      offset += bytes.length;
    }
  }

  async close(): Promise<void> {
    await this.#chunks?.return?.();
    this.#chunks = undefined;
  }
}
