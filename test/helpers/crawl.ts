/** Builds crawl files in memory and runs the crawl readers over them. */
import { gzipSync } from 'node:zlib';
import type { Compat } from '../../src/curation/compat.ts';
import type { Pair, PairBatch } from '../../src/curation/pair-batch.ts';
import { wrapChunks, type ByteSource } from '../../src/curation/sources/byte-source.ts';
import { CrawlMemory } from '../../src/curation/sources/crawl-memory.ts';
import { type DecodedSource, openDecoded } from '../../src/curation/sources/decoded-bytes.ts';
import { DropLog, type ExtractContext } from '../../src/curation/sources/source.ts';
import { StreamGap } from '../../src/curation/sources/stream-gap.ts';
import { HeadKernel } from '../../src/curation/sources/warc-head-kernel.ts';
import { blockOf, type WarcRecord } from '../../src/curation/sources/warc-record.ts';
import { openWarcRecords } from '../../src/curation/sources/warc-records.ts';

/** One record with CRLFs and the right length, unless `fields` say otherwise. */
export function makeRecord(
  fields: Readonly<Record<string, string>>,
  block: Uint8Array | string,
  version = 'WARC/1.0',
): Buffer {
  const body = Buffer.from(block);
  const lines = Object.entries({
    ...fields,
    'Content-Length': fields['Content-Length'] ?? String(body.length),
  });
  const head = [version, ...lines.map(([name, value]) => `${name}: ${value}`), '', ''].join('\r\n');
  return Buffer.concat([Buffer.from(head), body, Buffer.from('\r\n\r\n')]);
}

/** A WAT record for a page. */
export function makeWatRecord(targetUri: string, json: string | Uint8Array): Buffer {
  return makeRecord(
    { 'WARC-Type': 'metadata', 'WARC-Target-URI': targetUri, 'Content-Type': 'application/json' },
    json,
  );
}

/** The JSON of a WAT record with these links. */
export function watJson(links: unknown): string {
  return JSON.stringify({
    Envelope: { 'Payload-Metadata': { 'HTTP-Response-Metadata': { 'HTML-Metadata': { Links: links } } } },
  });
}

/** A response record; `http` is head and body. */
export function makeResponse(targetUri: string, http: Uint8Array | string): Buffer {
  return makeRecord(
    {
      'WARC-Type': 'response',
      'WARC-Target-URI': targetUri,
      'Content-Type': 'application/http; msgtype=response',
    },
    http,
  );
}

/** Bytes as a source, cut into chunks of a given size. */
export function cutSource(bytes: Uint8Array, chunkBytes = Infinity): ByteSource {
  return wrapChunks('memory', function* () {
    for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
  });
}

/** Decompressed bytes and gaps of a source, copied; `keep` says how many of the bytes given last must stay each time. */
export async function* readDecoded(
  source: ByteSource,
  onBytes: (byteCount: number) => void,
  keep: (givenBytes: number) => number = () => 0,
): AsyncGenerator<Buffer | StreamGap, void, void> {
  const decoded: DecodedSource = openDecoded(source, onBytes, new CrawlMemory());
  try {
    let given = 0;
    let last = Buffer.alloc(0);
    for (;;) {
      const kept = Math.min(keep(given), given);
      const piece = await decoded.next(kept);
      if (piece === undefined) return;
      if (piece instanceof StreamGap) {
        given = 0;
        yield piece;
        continue;
      }
      if (piece.isBehindKept) {
        const before = piece.bytes.subarray(piece.start - kept, piece.start);
        if (!before.equals(last.subarray(last.length - kept))) throw new Error(`${kept} bytes were not kept`);
      }
      const bytes = Buffer.from(piece.bytes.subarray(piece.start, piece.end));
      last = Buffer.concat([last.subarray(last.length - kept), bytes]);
      given = last.length;
      yield bytes;
    }
  } finally {
    await decoded.close();
  }
}

/** Members one after the other. */
export function gzipEach(records: readonly Uint8Array[]): Buffer {
  return Buffer.concat(records.map((record) => gzipSync(record)));
}

/** What a reader made of its input. */
export interface Extracted {
  readonly pairs: Pair[];
  readonly counts: Record<string, number>;
  readonly drops: DropLog;
  readonly readBytes: number;
}

/** Runs a reader to its end. */
export async function extract(
  read: (context: ExtractContext) => AsyncIterable<PairBatch>,
  options: { compat?: Compat; maxRecordBytes?: number } = {},
): Promise<Extracted> {
  const drops = new DropLog();
  let readBytes = 0;
  const context = {
    compat: 'metaclip' as const,
    drops,
    onBytes: (byteCount: number) => {
      readBytes += byteCount;
    },
    ...options,
  };
  const pairs: Pair[] = [];
  for await (const batch of read(context)) pairs.push(...batch);
  return { pairs, counts: Object.fromEntries(drops.counts), drops, readBytes };
}

/** Whole records in order, with their blocks; a record is valid until the next one is asked for. */
export async function* readWarcRecords(
  ...source: Parameters<typeof openWarcRecords>
): AsyncGenerator<WarcRecord & { block: Buffer }, void, void> {
  const records = openWarcRecords(...source);
  try {
    for (;;) {
      const record = records.nextInWindow() ?? (await records.next());
      if (record === undefined) return;
      const { head, bytes, blockStart, blockEnd, number, startByte } = record;
      yield { head, bytes, blockStart, blockEnd, number, startByte, block: blockOf(record) };
    }
  } finally {
    await records.close();
  }
}

/** The same from a source, as the readers do it. */
export function readFileRecords(
  source: ByteSource,
  drops: DropLog,
  maxRecordBytes: number,
): ReturnType<typeof readWarcRecords> {
  const memory = new CrawlMemory();
  const decoded = openDecoded(source, () => undefined, memory);
  return readWarcRecords(decoded, drops, maxRecordBytes, new HeadKernel(memory));
}
