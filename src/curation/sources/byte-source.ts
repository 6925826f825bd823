/**
 * Where crawl bytes come from. A source can be opened more than once and from any byte on, because repairing a damaged
 * gzip file means reading it again; nothing else is asked of it, so tests and library users can bring their own.
 */
import { type FileHandle, open } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/** Bytes asked from a file at a time. */
const READ_BYTES = 1 << 20;

/** A re-openable run of bytes. */
export interface ByteSource {
  /** Name for messages. */
  readonly name: string;
  /**
   * Starts a pass over the bytes from `startByte` on. Chunks may have any length, zero included; each must stay
   * untouched after it was handed out.
   */
  readonly open: (startByte: number) => AsyncIterable<Uint8Array>;
}

/**
 * A file on disk. Each pass opens and closes it once and reads 1 MiB at a time, the next one while this one is worked on.
 *
 * @param path - the file
 * @returns its bytes as a source
 * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE, while iterating, when it cannot be read
 */
export function openFileSource(path: string): ByteSource {
  return { name: path, open: (startByte) => readFileFrom(path, startByte) };
}

async function* readFileFrom(path: string, startByte: number): AsyncGenerator<Uint8Array, void, void> {
  try {
    const handle = await open(path, 'r');
    try {
      let next = readChunk(handle, startByte);
      for (let offset = startByte; ;) {
        const chunk = await next;
        if (chunk.length === 0) return;
        offset += chunk.length;
        next = readChunk(handle, offset);
        // Whoever stops early does not wait for it.
        next.catch(() => undefined);
        yield chunk;
      }
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw describeReadError(error, path);
  }
}

async function readChunk(handle: FileHandle, offset: number): Promise<Buffer> {
  // A fresh buffer each time: chunks are handed on to the inflater and to the record window without a copy.
  const buffer = Buffer.allocUnsafe(READ_BYTES);
  const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, offset);
  return buffer.subarray(0, bytesRead);
}

function describeReadError(error: unknown, path: string): unknown {
  if (error instanceof Error && 'code' in error && (error.code === 'EISDIR' || error.code === 'EIO')) {
    const what = error.code === 'EISDIR' ? 'is a folder, not a file' : 'the disk reports a read error';
    return new MetaclipError('E_INPUT_UNREADABLE', `${path}: ${what}`, {
      hint: 'give the path of a readable crawl file',
      details: { path },
      cause: error,
    });
  }
  return describeSystemError(error, path, 'read');
}

/**
 * Bytes that come from anywhere else: memory, a download, an archive.
 *
 * @param name - name for messages
 * @param chunks - starts a new pass over all bytes; called once per pass
 * @returns a source that skips to the asked byte by reading up to it
 */
export function wrapChunks(
  name: string,
  chunks: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
): ByteSource {
  return { name, open: (startByte) => skipBytes(chunks(), startByte) };
}

async function* skipBytes(
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  startByte: number,
): AsyncGenerator<Uint8Array, void, void> {
  let toSkip = startByte;
  for await (const chunk of chunks) {
    if (toSkip >= chunk.length) {
      toSkip -= chunk.length;
    } else {
      yield toSkip === 0 ? chunk : chunk.subarray(toSkip);
      toSkip = 0;
    }
  }
}

/** Bytes in a block of {@link readBlocks}, the last one excepted. */
export const BLOCK_BYTES = 128 << 10;

/**
 * Cuts a pass into blocks of exactly {@link BLOCK_BYTES}. The inflater works on blocks, so what it delivers before a
 * damage depends on the file alone and not on how its bytes happened to arrive.
 *
 * @param chunks - bytes in chunks of any length
 * @yields full blocks, then a shorter last one; a block inside one chunk is a view of it, others are copies
 */
export async function* readBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let partial = Buffer.alloc(0);
  let filled = 0;
  for await (const chunk of chunks) {
    let start = 0;
    while (filled > 0 && start < chunk.length) {
      const take = Math.min(BLOCK_BYTES - filled, chunk.length - start);
      partial.set(chunk.subarray(start, start + take), filled);
      filled += take;
      start += take;
      if (filled < BLOCK_BYTES) break;
      yield partial;
      filled = 0;
    }
    for (; chunk.length - start >= BLOCK_BYTES; start += BLOCK_BYTES) {
      yield chunk.subarray(start, start + BLOCK_BYTES);
    }
    if (filled === 0 && start < chunk.length) {
      partial = Buffer.allocUnsafe(BLOCK_BYTES);
      partial.set(chunk.subarray(start));
      filled = chunk.length - start;
    }
  }
  if (filled > 0) yield partial.subarray(0, filled);
}
