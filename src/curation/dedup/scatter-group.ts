/**
 * First half of de-duplication: one group of rows, sorted by partition, into one file.
 *
 * A group file (see sliced-file.ts) has a slice for each partition; its items are records of {@link RECORD_WORDS} words:
 * uid (4), tie, task, row; in row order within a partition.
 */
import { MetaclipError } from '../../common/errors.ts';
import { type KeysBlock, readKeys } from '../matched/keys-file.ts';
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
 * Two passes over the keys: how many rows each partition has, then each row to its place.
 *
 * Memory: 28 bytes a row of the group.
 *
 * @param ranges - rows of the group, in order
 * @param keysPathOf - keys file of a task
 * @param partitionCount - a power of two
 * @param outPath - group file to make
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_DISK_FULL`
 */
export function scatterGroup(
  ranges: readonly RowRange[],
  keysPathOf: (task: number) => string,
  partitionCount: number,
  outPath: string,
): number {
  const rowCount = ranges.reduce((sum, range) => sum + range.endRow - range.startRow, 0);
  const starts = new Uint32Array(partitionCount + 1);
  let found = 0;
  for (const { block, start, end } of blocksOf(ranges, keysPathOf)) {
    for (let i = start; i < end; i++) {
      const partition = partitionOf(block.uids[i * UID_WORDS] ?? 0, partitionCount);
      starts[partition + 1] = (starts[partition + 1] ?? 0) + 1;
    }
    found += end - start;
  }
  if (found !== rowCount) {
    throw new MetaclipError(
      'E_DAMAGED_RUN_FILE',
      `${outPath}: found ${found} matched rows where ${rowCount} were written`,
      {
        hint: 'remove the folder done/match and run the same command again',
        details: { got: found, limit: rowCount },
      },
    );
  }
  for (let p = 0; p < partitionCount; p++) starts[p + 1] = (starts[p + 1] ?? 0) + (starts[p] ?? 0);

  const records = takeRecords(rowCount * RECORD_WORDS);
  const next = starts.slice();
  for (const { task, block, start, end } of blocksOf(ranges, keysPathOf)) {
    for (let i = start; i < end; i++) {
      const from = i * UID_WORDS;
      const partition = partitionOf(block.uids[from] ?? 0, partitionCount);
      const place = next[partition] ?? 0;
      next[partition] = place + 1;
      // Word by word: views would take longer than copying 28 bytes.
      const at = place * RECORD_WORDS;
      for (let word = 0; word < UID_WORDS; word++) records[at + word] = block.uids[from + word] ?? 0;
      records[at + TIE_WORD] = block.ties[i] ?? 0;
      records[at + TASK_WORD] = task;
      records[at + ROW_WORD] = block.firstRow + i;
    }
  }
  return writeSlices(FORMAT, outPath, starts, records);
}

let ownRecords = new Uint32Array(0);

/**
 * @param wordCount - words wanted
 * @returns an array whose content is whatever it was; the same memory for each call in a thread, because getting 28 MB from the
 *   system anew takes as long as filling them
 */
export function takeRecords(wordCount: number): Uint32Array<ArrayBuffer> {
  if (ownRecords.length < wordCount) ownRecords = new Uint32Array(wordCount);
  return ownRecords.subarray(0, wordCount);
}

/** The blocks of keys that hold rows of the ranges, with the first of their rows and the one after the last. */
function* blocksOf(
  ranges: readonly RowRange[],
  keysPathOf: (task: number) => string,
): Generator<{ task: number; block: KeysBlock; start: number; end: number }, void, void> {
  for (const range of ranges) {
    for (const block of readKeys(keysPathOf(range.task), range)) {
      const start = Math.max(0, range.startRow - block.firstRow);
      const end = Math.min(block.rowCount, range.endRow - block.firstRow);
      yield { task: range.task, block, start, end };
    }
  }
}

/**
 * @param path - group file
 * @param partition - partition wanted
 * @param partitionCount - as the file was made with
 * @returns words of the partition's records
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function measureGroupSlice(path: string, partition: number, partitionCount: number): number {
  return withSlice(FORMAT, path, partition, ({ wordCount }) => wordCount, partitionCount);
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
): number {
  const read = (slice: Slice): number => {
    slice.read(target);
    return slice.wordCount;
  };
  return withSlice(FORMAT, path, partition, read, partitionCount);
}
