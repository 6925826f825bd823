/** The loop that WAT and WARC readers share: records in, full batches out. */
import { BATCH_ROWS, type PairBatch } from '../pair-batch.ts';
import type { ByteSource } from './byte-source.ts';
import type { CrawlMemory } from './crawl-memory.ts';
import { openDecoded } from './decoded-bytes.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';
import { HeadKernel } from './warc-head-kernel.ts';
import { openWarcRecords, type WarcRecord } from './warc-records.ts';

/** Texts an image can have. */
export const MAX_TEXTS = 3;

/** What one record holds, added to a batch in as many steps as the batch needs. */
export interface RecordPairs {
  /** Adds pairs until none is left or {@link isBatchFull}. @returns true when none is left */
  fill(): boolean;
}

/**
 * Reads the records of a crawl file and hands on the batch whenever it is full.
 *
 * @param source - the bytes of the file
 * @param context - drops, progress and limit
 * @param memory - where the file is read
 * @param batch - what the records' pairs are added to
 * @param openRecord - looks at one record, valid until the next call; undefined for one without pairs
 * @yields the batch, refilled each time
 */
export async function* readCrawl(
  source: ByteSource,
  context: ExtractContext,
  memory: CrawlMemory,
  batch: PairBatch,
  openRecord: (record: WarcRecord) => RecordPairs | undefined,
): AsyncGenerator<PairBatch, void, void> {
  const maxRecordBytes = context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  const decoded = openDecoded(source, context.onBytes, memory);
  const records = openWarcRecords(decoded, context.drops, maxRecordBytes, new HeadKernel(memory));
  try {
    for (;;) {
      // A promise for each record would be too dear.
      const record = records.nextInWindow() ?? (await records.next());
      if (record === undefined) break;
      const pairs = openRecord(record);
      while (pairs !== undefined && !pairs.fill()) {
        yield batch;
        batch.clear();
      }
    }
    if (batch.rowCount > 0) yield batch;
  } finally {
    await records.close();
  }
}

/**
 * @param batch - a batch that pairs are added to
 * @returns true when the pairs of another image may not fit
 */
export function isBatchFull(batch: PairBatch): boolean {
  return batch.isFull || batch.rowCount > BATCH_ROWS - MAX_TEXTS;
}
