/**
 * Reads an input of the list builders: bytes from a file, decompressed by their magic bytes (gzip, bzip2), whatever the
 * name. What a list was made from must be whole, so damage is an error here and not a counted reason: half a dump gives
 * other counts, and nobody would see it.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { readBzip2 } from './bzip2.ts';
import { damaged } from './damaged.ts';

const READ_BYTES = 256 * 1024;

/** What is recorded of an input. */
export interface InputRecord {
  /** File name without its folder, so that the record is the same on every machine. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Of the file as it lies there; 64 hex digits. */
  readonly sha256: string;
  /** YYYY-MM-DD, from an eight-digit date in the name; null where there is none. */
  readonly date: string | null;
}

/** Takes what is recorded of inputs, and what progress is shown from. */
export interface ReadLog {
  /** Bytes read so far, of all inputs, as they lie there. */
  bytesRead: number;
  readonly inputs: InputRecord[];
}

/** @returns an empty log */
export function makeReadLog(): ReadLog {
  return { bytesRead: 0, inputs: [] };
}

/**
 * Reads a file, decompressed. Memory: a few blocks of 256 KiB, and what bzip2 needs (see bzip2.ts).
 *
 * @param path - file
 * @param log - gets the record of the file when all of it has been read
 * @yields decompressed bytes, the caller's to keep
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE` when it cannot be read, is cut short or damaged
 */
export async function* readInput(path: string, log: ReadLog): AsyncGenerator<Buffer, void, void> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  async function* readRaw(): AsyncGenerator<Buffer, void, void> {
    try {
      for await (const chunk of createReadStream(path, { highWaterMark: READ_BYTES })) {
        if (!Buffer.isBuffer(chunk)) continue;
        hash.update(chunk);
        sizeBytes += chunk.length;
        log.bytesRead += chunk.length;
        yield chunk;
      }
    } catch (error) {
      throw describeFolder(error, path) ?? describeSystemError(error, path, 'read');
    }
  }
  const raw = readRaw();
  try {
    const first = await raw.next();
    if (first.done === true) throw damaged(path, 'the file is empty');
    const whole = prepend(first.value, raw);
    const magic = first.value.subarray(0, 3).toString('latin1');
    if (magic.startsWith('\x1f\x8b')) yield* gunzip(path, whole);
    else if (magic === 'BZh') yield* readBzip2(path, whole);
    else yield* whole;
  } finally {
    await raw.return();
  }
  log.inputs.push({ name: basename(path), sizeBytes, sha256: hash.digest('hex'), date: dateInName(path) });
}

/**
 * Records a small file that is read elsewhere.
 *
 * @param path - file
 * @returns its record
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function recordFile(path: string): Promise<InputRecord> {
  try {
    const bytes = await readFile(path);
    return recordOf(basename(path), bytes);
  } catch (error) {
    throw describeFolder(error, path) ?? describeSystemError(error, path, 'read');
  }
}

/**
 * @param name - file name, whose date is recorded
 * @param bytes - content of the file as it lies there
 * @returns its record
 */
export function recordOf(name: string, bytes: Uint8Array): InputRecord {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { name, sizeBytes: bytes.length, sha256, date: dateInName(name) };
}

/**
 * @param path - e.g. `enwiki-20240101-pages-articles.xml.bz2`, `pageviews-20240101-120000.gz`
 * @returns `2024-01-01`; null when the name holds no date
 */
export function dateInName(path: string): string | null {
  const [, year, month, day] = /(?:^|\D)((?:19|20)\d\d)(\d\d)(\d\d)(?!\d)/.exec(basename(path)) ?? [];
  if (year === undefined || month === undefined || day === undefined) return null;
  return `${year}-${month}-${day}`;
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  yield first;
  yield* rest;
}

async function* gunzip(path: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, void> {
  const inflater = createGunzip({ chunkSize: READ_BYTES });
  // A failure of the source destroys the inflater, which then throws it; so here it need not be looked at.
  const feeding = pipeline(chunks, inflater).catch(() => undefined);
  try {
    for await (const chunk of inflater) if (Buffer.isBuffer(chunk)) yield chunk;
  } catch (error) {
    if (error instanceof MetaclipError) throw error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const what = code === 'Z_BUF_ERROR' ? 'the gzip data is cut short' : 'the gzip data is damaged';
    throw damaged(path, what, error);
  } finally {
    inflater.destroy();
    await feeding;
  }
}

function describeFolder(error: unknown, path: string): MetaclipError | undefined {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'EISDIR') return undefined;
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: a folder, a file is needed here`, {
    cause: error,
  });
}
