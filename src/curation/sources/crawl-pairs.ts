/** The loop that WAT and WARC readers share: records in, full batches out. */
import { BATCH_ROWS, type PairBatch } from '../pair-batch.ts';
import { type ByteSource, wrapChunks } from './byte-source.ts';
import type { CrawlMemory } from './crawl-memory.ts';
import { openDecoded } from './decoded-bytes.ts';
import { type CutMembers, MemberCuts, UnusualMembersError } from './member-relay.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';
import { HeadKernel } from './warc-head-kernel.ts';
import type { WarcRecord, WarcRecords } from './warc-record.ts';
import { openWarcRecords } from './warc-records.ts';

/** Texts an image can have. */
export const MAX_TEXTS = 3;

/** What one record holds, added to a batch in as many steps as the batch needs. */
export interface RecordPairs {
  /** Adds pairs until none is left or {@link isBatchFull}. @returns true when none is left */
  fill(): boolean;
}

/** Finds the pairs of records of one format. */
export interface PairFinder {
  /** What they are added to, by {@link RecordPairs.fill}. */
  readonly batch: PairBatch;
  /** Looks at one record, valid until the next call; undefined for one without pairs. */
  readonly open: (record: WarcRecord) => RecordPairs | undefined;
}

/**
 * Reads the records of a crawl file and hands on the batch whenever it is full.
 *
 * @param source - the bytes of the file
 * @param context - drops, progress, limit, and who may take members
 * @param memory - where the file is read
 * @param finder - finds the pairs of a record
 * @yields the batch, refilled each time; full or, before members that were taken out, as it is
 * @throws UnusualMembersError, while iterating, when members were taken out that should not have been
 */
export async function* readCrawl(
  source: ByteSource,
  context: ExtractContext,
  memory: CrawlMemory,
  finder: PairFinder,
): AsyncGenerator<PairBatch, void, void> {
  const { relay } = context;
  const cuts = relay === undefined ? undefined : new MemberCuts(relay);
  const decoded = openDecoded(source, context.onBytes, memory, cuts);
  const heads = new HeadKernel(memory);
  yield* readRecords(openWarcRecords(decoded, context.drops, maxRecordBytesOf(context), heads), finder, cuts);
}

async function* readRecords(
  records: WarcRecords,
  finder: PairFinder,
  cuts: MemberCuts | undefined,
): AsyncGenerator<PairBatch, void, void> {
  const { batch } = finder;
  try {
    for (;;) {
      // A promise for each record would be too dear.
      const record = records.nextInWindow() ?? (await records.next());
      if (record === undefined) break;
      if (cuts?.isDue(record, records) === true) {
        if (batch.rowCount > 0) {
          yield batch;
          batch.clear();
        }
        cuts.send(record);
      }
      const pairs = finder.open(record);
      while (pairs !== undefined && !pairs.fill()) {
        yield batch;
        batch.clear();
      }
    }
    cuts?.finish(records);
    if (batch.rowCount > 0) {
      yield batch;
      batch.clear();
    }
  } catch (error) {
    if (!(error instanceof UnusualMembersError)) cuts?.refuseOddity(error);
    throw error;
  } finally {
    await records.close();
  }
}

function maxRecordBytesOf(context: ExtractContext): number {
  return context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
}

/** Members that were taken out of a crawl file, once they are read; plain data. */
export interface MemberPart {
  /** Where they start in the decompressed stream of the reader from whom they were taken, which knows nothing of them. */
  readonly startByte: number;
  readonly recordCount: number;
  /** Their length, decompressed. */
  readonly decodedBytes: number;
}

/** Reads members that were taken out of a crawl file; one a file. Memory: that of a reader of crawl files, and its parts. */
export class MemberReader {
  /** What was read so far. */
  readonly parts: MemberPart[] = [];
  readonly #context: ExtractContext;
  readonly #memory: CrawlMemory;
  readonly #finder: PairFinder;
  readonly #heads: HeadKernel;
  /** Of all parts. */
  #recordCount = 0;
  #decodedBytes = 0;

  /**
   * @param context - drops, and limit
   * @param memory - where members are read
   * @param finder - finds the pairs of a record
   */
  constructor(context: ExtractContext, memory: CrawlMemory, finder: PairFinder) {
    this.#context = context;
    this.#memory = memory;
    this.#finder = finder;
    this.#heads = new HeadKernel(memory);
  }

  /**
   * @param members - members that follow each other in the file, in the order in which they were taken out
   * @yields the batch, refilled each time
   * @throws UnusualMembersError, while iterating, when a reader of the whole file might have read something else
   */
  async *read(members: CutMembers): AsyncGenerator<PairBatch, void, void> {
    const { drops, onBytes } = this.#context;
    const { startByte } = members;
    const cuts = new MemberCuts(undefined);
    const source = wrapChunks('members', () => members.parts);
    const decoded = openDecoded(source, onBytes, this.#memory, cuts);
    const from = { record: members.firstRecord + this.#recordCount, byte: startByte + this.#decodedBytes };
    const records = openWarcRecords(decoded, drops, maxRecordBytesOf(this.#context), this.#heads, from);
    yield* readRecords(records, this.#finder, cuts);
    const recordCount = records.recordCount - from.record;
    const decodedBytes = records.offset - from.byte;
    this.parts.push({ startByte, recordCount, decodedBytes });
    this.#recordCount += recordCount;
    this.#decodedBytes += decodedBytes;
  }
}

/**
 * @param batch - a batch that pairs are added to
 * @returns true when the pairs of another image may not fit
 */
export function isBatchFull(batch: PairBatch): boolean {
  return batch.isFull || batch.rowCount > BATCH_ROWS - MAX_TEXTS;
}
