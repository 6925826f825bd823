/**
 * Entry counts of one task: +1 for each distinct match of each pair that is no duplicate. Written as sparse counts to
 * `counts/NNNNN.parquet` (entry_id uint32, count uint64; ascending entry_id, no zeros).
 */
import { readFile } from 'node:fs/promises';
import {
  Field,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  tableFromIPC,
  Uint32 as ArrowUint32,
  Uint64 as ArrowUint64,
} from 'apache-arrow';
import { readParquet } from 'parquet-wasm/node';
import { describeRunFileError, MetaclipError } from '../../common/errors.ts';
import { produceFile } from '../../common/files.ts';
import { isDuplicateRow } from '../dedup/resolve-partition.ts';
import { readKeys } from '../matched/keys-file.ts';
import { ParquetSink } from '../matched/parquet-sink.ts';

/** Counts of a task and what they were counted over. */
export interface TaskCounts {
  /** Count of each entry, by entry id. */
  readonly counts: Float64Array;
  /** Pairs that are no duplicates. */
  readonly pairCount: number;
  readonly duplicateCount: number;
  /** Sum of all counts. */
  readonly matchCount: number;
}

/**
 * Time O(matches); memory one block and 8 bytes an entry.
 *
 * @param keysPath - keys file of the task
 * @param duplicates - bit per row; see `readDuplicateRows`
 * @param entryCount - length of the metadata list
 * @returns counts of the task
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function countTask(
  keysPath: string,
  duplicates: Uint8Array,
  entryCount: number,
): Promise<TaskCounts> {
  const counts = new Float64Array(entryCount);
  let pairCount = 0;
  let duplicateCount = 0;
  let matchCount = 0;
  for await (const block of readKeys(keysPath)) {
    let start = 0;
    for (let i = 0; i < block.rowCount; i++) {
      const end = block.idEnds[i] ?? 0;
      if (isDuplicateRow(duplicates, block.firstRow + i)) {
        duplicateCount++;
      } else {
        pairCount++;
        matchCount += end - start;
        for (let k = start; k < end; k++) {
          const id = block.ids[k] ?? 0;
          counts[id] = (counts[id] ?? 0) + 1;
        }
      }
      start = end;
    }
  }
  return { counts, pairCount, duplicateCount, matchCount };
}

const FIELDS = [
  new Field('entry_id', new ArrowUint32(), false),
  new Field('count', new ArrowUint64(), false),
];

/**
 * @param path - file to make
 * @param counts - count of each entry, by entry id; zeros are left out
 * @param metadata - key-value metadata of the footer
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeCounts(
  path: string,
  counts: Float64Array,
  metadata: Readonly<Record<string, string>>,
): Promise<number> {
  const ids: number[] = [];
  counts.forEach((count, id) => {
    if (count > 0) ids.push(id);
  });
  const children = [
    makeData({ type: new ArrowUint32(), length: ids.length, nullCount: 0, data: Uint32Array.from(ids) }),
    makeData({
      type: new ArrowUint64(),
      length: ids.length,
      nullCount: 0,
      data: BigUint64Array.from(ids, (id) => BigInt(counts[id] ?? 0)),
    }),
  ];
  const struct = makeData({ type: new Struct(FIELDS), length: ids.length, nullCount: 0, children });
  const { sizeBytes } = await produceFile(path, async (temporaryPath) => {
    const sink = await ParquetSink.create(temporaryPath, {
      metadata,
      rowGroupRows: Math.max(1, counts.length),
    });
    try {
      await sink.write(new RecordBatch(new Schema(FIELDS), struct));
      await sink.close();
    } catch (error) {
      await sink.abort();
      throw error;
    }
  });
  return sizeBytes;
}

/**
 * Adds the counts of one file to a total. Addition of integers below 2^53 is exact, so the order of files is free.
 *
 * @param path - file that {@link writeCounts} made
 * @param total - count of each entry, by entry id; changed in place
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE` if the file is damaged or belongs to a longer list
 */
export async function addCountsFrom(path: string, total: Float64Array): Promise<void> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw describeRunFileError(error, path);
  }
  try {
    const table = tableFromIPC(readParquet(bytes).intoIPCStream());
    for (const batch of table.batches) {
      const ids: unknown = batch.getChild('entry_id')?.toArray();
      const counts: unknown = batch.getChild('count')?.toArray();
      if (!(ids instanceof Uint32Array) || !(counts instanceof BigUint64Array))
        throw new Error('unexpected columns');
      ids.forEach((id, i) => {
        if (id >= total.length) throw new Error(`entry id ${id} of a list of ${total.length}`);
        total[id] = (total[id] ?? 0) + Number(counts[i] ?? 0n);
      });
    }
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: ${what}`, {
      hint: 'remove the file and run `metaclip count` again: the task is redone',
      details: { path },
      cause: error,
    });
  }
}
