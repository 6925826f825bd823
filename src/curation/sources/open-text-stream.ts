/**
 * Bytes of a pool file, inflated where they are gzip. Used by the readers of text pools and tars, which want one stream
 * of bytes and no member boundaries.
 *
 * Gzip is recognised by its first two bytes, never by the name, and what starts like gzip is never read as plain text:
 * damage is counted under `damaged-gzip` and everything that could be inflated before it is still delivered.
 *
 * Node's inflater throws away the output of the write that fails, up to one output chunk. So the input is written in
 * pieces, and when one fails the file is inflated again up to that piece, which is then written byte by byte. Only
 * damaged files pay for it (about twice the time), and no state of the inflater has to be copied.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { createGunzip, type Gunzip } from 'node:zlib';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import type { DropLog } from './source.ts';

/** Bytes asked from the file at a time. */
const READ_BYTES = 256 << 10;
/** Bytes given to the inflater at a time. A bomb expands about 1,030 times, so this bounds memory at 33 MiB. */
const PIECE_BYTES = 32 << 10;

/** What {@link openTextStream} needs of an extraction context. */
export interface TextStreamContext {
  readonly drops: DropLog;
  readonly onBytes: (byteCount: number) => void;
}

/** Inflated bytes; can be iterated once. Each chunk is the consumer's to keep. */
export interface ByteStream extends AsyncIterable<Buffer> {
  /** True once the data turned out damaged or cut: the last record may be a part of one. */
  readonly endedEarly: boolean;
}

/** The bytes of one file. */
export interface TextStream extends ByteStream {
  /** Whether the file starts like gzip; known from the first chunk on, or from the end of an empty file. */
  readonly isGzip: boolean;
}

/**
 * Opens a file for one pass. Nothing is read before the first chunk is asked for; the file is closed when the iteration
 * ends, is broken off, or throws. Memory: one read and the output of two pieces, whatever the input.
 *
 * @param path - the file
 * @param context - where damage is counted, and who is told of the bytes read, as they lie on disk
 * @returns the inflated bytes in order
 * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE, while iterating, when the file cannot be read
 */
export function openTextStream(path: string, context: TextStreamContext): TextStream {
  const stream = {
    endedEarly: false,
    isGzip: false,
    [Symbol.asyncIterator]: () => readFile(path, context, stream),
  };
  return stream;
}

/** Marks a failure to inflate, as opposed to a failure to read the file. */
class GzipDamage extends Error {}

async function* readFile(
  path: string,
  context: TextStreamContext,
  stream: { endedEarly: boolean; isGzip: boolean },
): AsyncGenerator<Buffer, void, void> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const head = await readAt(handle, 0);
    if (head.length < 2 || head[0] !== 0x1f || head[1] !== 0x8b) {
      yield* readPlain(handle, head, context);
    } else {
      stream.isGzip = true;
      yield* inflateFile(handle, context, stream);
    }
  } catch (error) {
    throw describeReadError(error, path);
  } finally {
    await handle?.close();
  }
}

/** Turns what the operating system says about an input into one of our errors. */
function describeReadError(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error && (error.code === 'EISDIR' || error.code === 'EIO')) {
    const what =
      error.code === 'EISDIR' ? 'is a folder, not a file' : 'the disk reports an input/output error';
    return new MetaclipError('E_INPUT_UNREADABLE', `${path}: ${what}`, { details: { path }, cause: error });
  }
  return describeSystemError(error, path, 'read');
}

async function readAt(handle: FileHandle, startByte: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, startByte);
  return buffer.subarray(0, bytesRead);
}

async function* readPlain(
  handle: FileHandle,
  head: Buffer,
  context: TextStreamContext,
): AsyncGenerator<Buffer, void, void> {
  let offset = 0;
  for (let chunk = head; chunk.length > 0; chunk = await readAt(handle, offset)) {
    offset += chunk.length;
    context.onBytes(chunk.length);
    yield chunk;
  }
}

async function* inflateFile(
  handle: FileHandle,
  context: TextStreamContext,
  stream: { endedEarly: boolean; isGzip: boolean },
): AsyncGenerator<Buffer, void, void> {
  const place = new InflatePlace();
  try {
    yield* inflatePieces(handle, place, Infinity, context.onBytes);
    if (place.trailingByte >= 0) {
      context.drops.drop(
        'garbage-bytes',
        -1,
        place.deliveredBytes,
        `from byte ${place.trailingByte} of the file on`,
      );
    }
    return;
  } catch (error) {
    if (!(error instanceof GzipDamage)) throw error;
    stream.endedEarly = true;
    const { pieceStart, deliveredBytes } = place;
    context.drops.drop(
      'damaged-gzip',
      -1,
      deliveredBytes,
      `${error.message} near byte ${pieceStart} of the file; ${deliveredBytes} bytes or more were whole before it`,
    );
  }
  if (place.atEnd) return; // Cut, not corrupt: every write succeeded, so nothing was thrown away.
  // Second pass: the same pieces, then the failing one byte by byte, so that its good part is delivered too.
  let skipBytes = place.deliveredBytes;
  try {
    const again = new InflatePlace();
    for await (const chunk of inflatePieces(handle, again, place.pieceStart, () => undefined)) {
      if (skipBytes < chunk.length) yield chunk.subarray(skipBytes);
      skipBytes = Math.max(0, skipBytes - chunk.length);
    }
  } catch (error) {
    if (!(error instanceof GzipDamage)) throw error;
  }
}

/** Where an inflation stands; still readable after it failed. */
class InflatePlace {
  /** Byte of the file at which the piece being written starts. */
  pieceStart = 0;
  deliveredBytes = 0;
  /** True once the whole file has been written. */
  atEnd = false;
  /** Byte at which something other than padding follows the end of the gzip data, or -1. */
  trailingByte = -1;
}

/** Inflates the file in pieces; from `fineFrom` on a piece is one byte. */
async function* inflatePieces(
  handle: FileHandle,
  place: InflatePlace,
  fineFrom: number,
  onBytes: (byteCount: number) => void,
): AsyncGenerator<Buffer, void, void> {
  const inflater = new Inflater();
  try {
    let offset = 0;
    for (;;) {
      const read = await readAt(handle, offset);
      if (read.length === 0) break;
      onBytes(read.length);
      for (let at = 0; at < read.length && !inflater.ended;) {
        const step = offset + at >= fineFrom ? 1 : PIECE_BYTES;
        place.pieceStart = offset + at;
        for (const chunk of await inflater.write(read.subarray(at, at + step))) {
          place.deliveredBytes += chunk.length;
          yield chunk;
        }
        at += step;
      }
      if (inflater.ended && place.trailingByte < 0) {
        // The inflater stops at the first zero byte after a member; more of them are padding, anything else is not.
        const start = Math.max(0, inflater.consumedBytes - offset);
        const at = read.subarray(start).findIndex((byte) => byte !== 0);
        if (at >= 0) place.trailingByte = offset + start + at;
      }
      offset += read.length;
    }
    place.pieceStart = offset;
    place.atEnd = true;
    for (const chunk of await inflater.finish()) {
      place.deliveredBytes += chunk.length;
      yield chunk;
    }
  } finally {
    inflater.close();
  }
}

/** Node's gunzip with one write at a time and all output of a write in hand before the next. */
class Inflater {
  readonly #gunzip: Gunzip = createGunzip({ chunkSize: 128 << 10 });
  #output: Buffer[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;
  /** True once the gzip data ended by itself: only padding can follow. */
  ended = false;

  constructor() {
    this.#gunzip.on('data', (chunk: Buffer) => this.#output.push(chunk));
    this.#gunzip.on('error', (error) => {
      this.#failure = error;
      this.#wake?.();
    });
    this.#gunzip.on('end', () => {
      this.ended = true;
      this.#wake?.();
    });
  }

  /** Bytes of input that the gzip data took. */
  get consumedBytes(): number {
    return this.#gunzip.bytesWritten;
  }

  async write(piece: Buffer): Promise<Buffer[]> {
    await this.#settle((done) => this.#gunzip.write(piece, done));
    return this.#take();
  }

  async finish(): Promise<Buffer[]> {
    if (!this.ended) await this.#settle(() => this.#gunzip.end());
    return this.#take();
  }

  close(): void {
    this.#gunzip.destroy();
  }

  /** Waits until the step called back, or the stream ended or failed. */
  async #settle(step: (done: () => void) => void): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      step(resolve);
    });
    this.#wake = undefined;
    if (this.#failure !== undefined) throw new GzipDamage(this.#failure.message);
  }

  #take(): Buffer[] {
    const output = this.#output;
    this.#output = [];
    return output;
  }
}
