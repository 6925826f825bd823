/**
 * Sparse counts as a Parquet file: entry_id uint32, count uint64; ascending entry_id, no zeros. `counts/NNNNN.parquet` has
 * those of a task's pairs, `kept/NNNNN.parquet` those of its kept pairs.
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describeRunFileError, MetaclipError } from '../../common/errors.ts';
import { produceFileSync } from '../../common/files.ts';
import {
  type FlatColumn,
  FlatParquetWriter,
  getUint64,
  putUint64,
} from '../../common/parquet/flat-parquet.ts';
import { readFlatParquet } from '../../common/parquet/read-flat-parquet.ts';

const COLUMNS: readonly FlatColumn[] = [
  { name: 'entry_id', type: 'uint32' },
  { name: 'count', type: 'uint64' },
];

/**
 * @param path - file to make
 * @param counts - count of each entry, by entry id; zeros are left out
 * @param metadata - key-value metadata of the footer
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export function writeCounts(
  path: string,
  counts: Float64Array,
  metadata: Readonly<Record<string, string>>,
): number {
  const { ids, words } = takeScratch(counts.length);
  let rowCount = 0;
  for (let id = 0; id < counts.length; id++) {
    const count = counts[id] ?? 0;
    if (count === 0) continue;
    ids[rowCount] = id;
    putUint64(words, rowCount, count);
    rowCount++;
  }
  const { sizeBytes } = produceFileSync(path, (temporaryPath) => {
    const writer = new FlatParquetWriter(temporaryPath, COLUMNS, metadata);
    try {
      const plain = [ids.subarray(0, rowCount), words.subarray(0, rowCount * 2)];
      writer.write(
        rowCount,
        plain.map((column) => ({ plain: column })),
      );
      writer.close();
    } finally {
      writer.abort();
    }
  });
  return sizeBytes;
}

/** Arrays of a thread that are used for one file after the other: V8 would let 64 MB of dead ones pile up. */
let scratch = { ids: new Uint32Array(0), words: new Uint32Array(0), file: Buffer.alloc(0) };

function takeScratch(rowCount: number): typeof scratch {
  if (scratch.ids.length < rowCount) {
    scratch = { ...scratch, ids: new Uint32Array(rowCount), words: new Uint32Array(rowCount * 2) };
  }
  return scratch;
}

/**
 * Adds the counts of one file to a total. Addition of integers below 2^53 is exact, so the order of files is free.
 *
 * @param path - file that {@link writeCounts} made
 * @param total - count of each entry, by entry id; changed in place
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE` if the file is damaged or belongs to a longer list
 */
export function addCountsFrom(path: string, total: Float64Array): void {
  try {
    const { ids, words } = takeScratch(total.length);
    for (const { rowCount, columns } of readFlatParquet(readWhole(path))) {
      const [idColumn, countColumn] = columns;
      if (rowCount > total.length) throw new Error(`${rowCount} entries of a list of ${total.length}`);
      if (idColumn?.length !== rowCount * 4 || countColumn?.length !== rowCount * 8)
        throw new Error('unexpected columns');
      // Copied, because columns begin anywhere in a file, and arrays of words at multiples of four bytes.
      new Uint8Array(ids.buffer).set(idColumn);
      new Uint8Array(words.buffer).set(countColumn);
      addPairs(ids, words, rowCount, total);
    }
  } catch (error) {
    const known = describeRunFileError(error, path);
    if (known instanceof MetaclipError) throw known;
    const what = error instanceof Error ? error.message : String(error);
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: ${what}`, {
      hint: 'remove the file and run `metaclip count` again: the task is redone',
      details: { path },
      cause: error,
    });
  }
}

/** Valid until the next call. */
function readWhole(path: string): Buffer {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    if (scratch.file.length < size) scratch = { ...scratch, file: Buffer.alloc(size) };
    return scratch.file.subarray(0, readSync(file, scratch.file, 0, size, 0));
  } finally {
    closeSync(file);
  }
}

function addPairs(ids: Uint32Array, words: Uint32Array, rowCount: number, total: Float64Array): void {
  for (let i = 0; i < rowCount; i++) {
    const id = ids[i] ?? 0;
    if (id >= total.length) throw new Error(`entry id ${id} of a list of ${total.length}`);
    total[id] = (total[id] ?? 0) + getUint64(words, i);
  }
}

/** Files of a sum that are read before something else gets its turn: dispatching jobs, say, or an interruption. */
const FILES_AT_ONCE = 4;

/**
 * Adds up the counts of several files.
 *
 * @param paths - files that {@link writeCounts} made
 * @param total - count of each entry, by entry id; changed in place
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function addAllCounts(paths: readonly string[], total: Float64Array): Promise<void> {
  for (const [at, path] of paths.entries()) {
    if (at % FILES_AT_ONCE === FILES_AT_ONCE - 1) await nextTurn();
    addCountsFrom(path, total);
  }
}
