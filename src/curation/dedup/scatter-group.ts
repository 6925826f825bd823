/**
 * First half of de-duplication: one group of rows, sorted by partition, into one file.
 *
 * A group file (see sliced-file.ts) has a slice for each partition; its items are records of {@link RECORD_WORDS} words:
 * uid (4), tie, task, row; in row order within a partition.
 */
import { MetaclipError } from '../../common/errors.ts';
import { readKeys } from '../matched/keys-file.ts';
import { UID_WORDS } from '../pair-ids.ts';
import { partitionOf, type RowRange } from './dedup-plan.ts';
import { type Slice, type SlicedFormat, withSlice, writeSlices } from './sliced-file.ts';

/** Words of a record in a group file. */
export const RECORD_WORDS = UID_WORDS + 3;
/** Offset of the tie, task and row in a record. */
export const TIE_WORD = UID_WORDS;
export const TASK_WORD = UID_WORDS + 1;
export const ROW_WORD = UID_WORDS + 2;

const FORMAT: SlicedFormat = {
  magic: 0x3147_434d, // "MCG1"
  itemWords: RECORD_WORDS,
  name: 'group file',
  stage: 'scatter',
};

/**
 * Memory: 2 x 28 bytes a row of the group.
 *
 * @param ranges - rows of the group, in order
 * @param keysPathOf - keys file of a task
 * @param partitionCount - a power of two
 * @param outPath - group file to make
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_DISK_FULL`
 */
export async function scatterGroup(
  ranges: readonly RowRange[],
  keysPathOf: (task: number) => string,
  partitionCount: number,
  outPath: string,
): Promise<number> {
  const rowCount = ranges.reduce((sum, range) => sum + range.endRow - range.startRow, 0);
  const records = new Uint32Array(rowCount * RECORD_WORDS);
  const starts = new Uint32Array(partitionCount + 1);
  let filled = 0;
  for (const range of ranges) {
    const path = keysPathOf(range.task);
    for await (const block of readKeys(path, range)) {
      const start = Math.max(0, range.startRow - block.firstRow);
      const end = Math.min(block.rowCount, range.endRow - block.firstRow);
      for (let i = start; i < end; i++) {
        const at = filled++ * RECORD_WORDS;
        for (let word = 0; word < UID_WORDS; word++)
          records[at + word] = block.uids[i * UID_WORDS + word] ?? 0;
        records[at + TIE_WORD] = block.ties[i] ?? 0;
        records[at + TASK_WORD] = range.task;
        records[at + ROW_WORD] = block.firstRow + i;
        const partition = partitionOf(records[at] ?? 0, partitionCount);
        starts[partition + 1] = (starts[partition + 1] ?? 0) + 1;
      }
    }
  }
  if (filled !== rowCount) {
    throw new MetaclipError(
      'E_DAMAGED_RUN_FILE',
      `${outPath}: found ${filled} matched rows where ${rowCount} were written`,
      {
        hint: 'remove the folder done/match and run the same command again',
        details: { got: filled, limit: rowCount },
      },
    );
  }
  for (let p = 0; p < partitionCount; p++) starts[p + 1] = (starts[p + 1] ?? 0) + (starts[p] ?? 0);

  const sorted = new Uint32Array(records.length);
  const next = starts.slice();
  for (let i = 0; i < rowCount; i++) {
    const from = i * RECORD_WORDS;
    const partition = partitionOf(records[from] ?? 0, partitionCount);
    const to = next[partition] ?? 0;
    next[partition] = to + 1;
    sorted.set(records.subarray(from, from + RECORD_WORDS), to * RECORD_WORDS);
  }
  return writeSlices(FORMAT, outPath, starts, sorted);
}

/**
 * @param path - group file
 * @param partition - partition wanted
 * @param partitionCount - as the file was made with
 * @returns words of the partition's records
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function measureGroupSlice(path: string, partition: number, partitionCount: number): Promise<number> {
  const measure = ({ wordCount }: Slice): Promise<number> => Promise.resolve(wordCount);
  return withSlice(FORMAT, path, partition, measure, partitionCount);
}

/**
 * @param path - group file
 * @param partition - partition wanted
 * @param partitionCount - as the file was made with
 * @param target - receives the partition's records at its start
 * @returns words read
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function readGroupSlice(
  path: string,
  partition: number,
  partitionCount: number,
  target: Uint32Array,
): Promise<number> {
  const read = async (slice: Slice): Promise<number> => {
    await slice.read(target);
    return slice.wordCount;
  };
  return withSlice(FORMAT, path, partition, read, partitionCount);
}
