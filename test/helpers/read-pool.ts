/** Runs a reader over files made by a test and collects everything that it said. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Pair, PairBatch } from '../../src/curation/pair-batch.ts';
import type { ByteStream } from '../../src/curation/sources/open-text-stream.ts';
import { DropLog, type ExtractContext, type PairReader } from '../../src/curation/sources/source.ts';

/** What a reader gave for one file. */
export interface PoolReading {
  readonly pairs: readonly Pair[];
  /** Drops by reason. */
  readonly drops: Readonly<Record<string, number>>;
  readonly log: DropLog;
  /** Sum of onBytes. */
  readonly byteCount: number;
}

type Options = Pick<ExtractContext, 'urlColumn' | 'textColumn' | 'maxRecordBytes'>;

/** Collects the batches that `read` gives for a fresh context. */
export async function collectPool(
  read: (context: ExtractContext) => AsyncIterable<PairBatch>,
  options: Options = {},
): Promise<PoolReading> {
  const log = new DropLog();
  let byteCount = 0;
  const pairs: Pair[] = [];
  const onBytes = (more: number): void => {
    byteCount += more;
  };
  for await (const batch of read({ compat: 'metaclip', drops: log, onBytes, ...options }))
    pairs.push(...batch);
  return { pairs, drops: Object.fromEntries(log.counts), log, byteCount };
}

/** Reads one file. */
export async function readPool(
  reader: PairReader,
  path: string,
  options: Options = {},
): Promise<PoolReading> {
  return collectPool((context) => reader(path, context), options);
}

/** The same bytes in chunks of a size; Infinity for one chunk. */
export function cutStream(bytes: Uint8Array, chunkBytes: number, endedEarly = false): ByteStream {
  const whole = Buffer.from(bytes);
  return {
    endedEarly,
    async *[Symbol.asyncIterator]() {
      if (chunkBytes === Infinity) yield await Promise.resolve(whole);
      else for (let at = 0; at < whole.length; at += chunkBytes) yield whole.subarray(at, at + chunkBytes);
    },
  };
}

/** Sizes in which every byte reader is tried. */
export const CHUNK_SIZES = [Infinity, 7, 1] as const;

/** Urls and texts only, for short expectations. */
export function urlTexts(reading: PoolReading): [string, string][] {
  return reading.pairs.map(({ url, text }) => [url, text]);
}

/** Writes a file, gzipped where asked for. */
export async function writePool(
  folder: string,
  name: string,
  content: string | Uint8Array,
  compress = false,
): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, compress ? gzipSync(content) : content);
  return path;
}
