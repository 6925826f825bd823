/**
 * Second half of de-duplication: among the rows of a partition with equal uids, the one with the least (tie, task, row)
 * stays. The tie is a hash of text key and page url, so the set of surviving rows does not depend on how the input files
 * are named or ordered: only equal rows are told apart by task and row.
 *
 * A partition file (see sliced-file.ts) has a slice for each task; its items are the rows dropped, ascending within a task.
 */
import { UID_WORDS } from '../pair-ids.ts';
import {
  measureGroupSlice,
  readGroupSlice,
  RECORD_WORDS,
  ROW_WORD,
  takeRecords,
  TASK_WORD,
  TIE_WORD,
} from './scatter-group.ts';
import { type Slice, type SlicedFormat, withSlice, writeSlices } from './sliced-file.ts';

const FORMAT: SlicedFormat = {
  magic: 0x3150_434d, // "MCP1"
  itemWords: 1,
  name: 'partition file',
  stage: 'resolve',
};

/** The table of a thread, used again and again. */
let ownSlots = new Uint32Array(0);

/**
 * Marks the rows that lose against an equal row. Time O(rows) expected: uids are uniform.
 *
 * @param records - records of {@link RECORD_WORDS} words, in (task, row) order
 * @returns one byte a record: 1 for a duplicate, 0 for a survivor
 */
export function markDuplicates(records: Uint32Array): Uint8Array {
  const rowCount = records.length / RECORD_WORDS;
  const isDuplicate = new Uint8Array(rowCount);
  let slotCount = 16;
  while (slotCount < rowCount * 2) slotCount *= 2;
  if (ownSlots.length < slotCount) ownSlots = new Uint32Array(slotCount);
  const slots = ownSlots.subarray(0, slotCount).fill(0); // record number + 1; 0 is free
  for (let i = 0; i < rowCount; i++) {
    // The first word chose the partition; the second is as uniform and still free.
    let slot = (records[i * RECORD_WORDS + 1] ?? 0) & (slotCount - 1);
    for (;;) {
      const other = (slots[slot] ?? 0) - 1;
      if (other < 0) {
        slots[slot] = i + 1;
        break;
      }
      if (hasSameUid(records, i, other)) {
        // The held record comes first in (task, row) order, so it only loses by its tie.
        if ((records[i * RECORD_WORDS + TIE_WORD] ?? 0) < (records[other * RECORD_WORDS + TIE_WORD] ?? 0)) {
          isDuplicate[other] = 1;
          slots[slot] = i + 1;
        } else {
          isDuplicate[i] = 1;
        }
        break;
      }
      slot = (slot + 1) & (slotCount - 1);
    }
  }
  return isDuplicate;
}

/**
 * Memory: 28 bytes a row of the partition, and 8 to 16 for the table.
 *
 * @param groupPaths - all group files, in group order
 * @param partition - partition to resolve
 * @param partitionCount - as the groups were made with
 * @param taskCount - tasks of the run
 * @param outPath - partition file to make
 * @returns size of the file and number of rows dropped
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_DISK_FULL`
 */
export function resolvePartition(
  groupPaths: readonly string[],
  partition: number,
  partitionCount: number,
  taskCount: number,
  outPath: string,
): { sizeBytes: number; duplicateCount: number } {
  const records = readPartition(groupPaths, partition, partitionCount);
  const isDuplicate = markDuplicates(records);
  const starts = new Uint32Array(taskCount + 1);
  const rows = new Uint32Array(isDuplicate.reduce((sum, flag) => sum + flag, 0));
  let count = 0;
  for (let i = 0; i < isDuplicate.length; i++) {
    if (isDuplicate[i] === 0) continue;
    const task = records[i * RECORD_WORDS + TASK_WORD] ?? 0;
    rows[count++] = records[i * RECORD_WORDS + ROW_WORD] ?? 0;
    starts[task + 1] = (starts[task + 1] ?? 0) + 1;
  }
  for (let task = 0; task < taskCount; task++)
    starts[task + 1] = (starts[task + 1] ?? 0) + (starts[task] ?? 0);
  const sizeBytes = writeSlices(FORMAT, outPath, starts, rows);
  return { sizeBytes, duplicateCount: count };
}

/**
 * Gathers the duplicates of one task.
 *
 * @param partitionPaths - all partition files
 * @param task - task number
 * @param rowCount - matched rows of the task
 * @returns one bit a row, row i is bit i & 7 of byte i >> 3; 1 for a duplicate
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function readDuplicateRows(
  partitionPaths: readonly string[],
  task: number,
  rowCount: number,
): Uint8Array {
  const bits = new Uint8Array((rowCount + 7) >> 3);
  const markRows = (slice: Slice): void => {
    const rows = new Uint32Array(slice.wordCount);
    slice.read(rows);
    for (const row of rows) bits[row >> 3] = (bits[row >> 3] ?? 0) | (1 << (row & 7));
  };
  for (const path of partitionPaths) withSlice(FORMAT, path, task, markRows);
  return bits;
}

/**
 * @param bits - what {@link readDuplicateRows} gave
 * @param row - row number
 * @returns whether the row is a duplicate
 */
export function isDuplicateRow(bits: Uint8Array, row: number): boolean {
  return (((bits[row >> 3] ?? 0) >> (row & 7)) & 1) === 1;
}

function hasSameUid(records: Uint32Array, a: number, b: number): boolean {
  for (let word = 0; word < UID_WORDS; word++) {
    if (records[a * RECORD_WORDS + word] !== records[b * RECORD_WORDS + word]) return false;
  }
  return true;
}

/** Reads all slices into one array, whose size is known from their indexes. */
function readPartition(
  groupPaths: readonly string[],
  partition: number,
  partitionCount: number,
): Uint32Array {
  const sizes = groupPaths.map((path) => measureGroupSlice(path, partition, partitionCount));
  const records = takeRecords(sizes.reduce((sum, size) => sum + size, 0));
  let filled = 0;
  for (const path of groupPaths) {
    filled += readGroupSlice(path, partition, partitionCount, records.subarray(filled));
  }
  return records;
}
