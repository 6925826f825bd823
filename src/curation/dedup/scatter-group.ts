/**
 * First half of de-duplication: one group of rows, sorted by partition, into one file.
 *
 * Layout of a group file (little-endian 32-bit words):
 *   0                 magic
 *   1                 partitionCount P
 *   2 .. P + 2        starts: records of partition p are [starts[p], starts[p + 1])
 *   then              records of {@link RECORD_WORDS} words: uid (4), tie, task, row; in row order within a partition
 */
import { type FileHandle, open } from 'node:fs/promises';
import { describeRunFileError, MetaclipError } from '../../common/errors.ts';
import { writeArraysAtomic } from '../../common/files.ts';
import { readKeys } from '../matched/keys-file.ts';
import { UID_WORDS } from '../pair-ids.ts';
import { partitionOf, type RowRange } from './dedup-plan.ts';

/** Words of a record in a group file. */
export const RECORD_WORDS = UID_WORDS + 3;
/** Offset of the tie, task and row in a record. */
export const TIE_WORD = UID_WORDS;
export const TASK_WORD = UID_WORDS + 1;
export const ROW_WORD = UID_WORDS + 2;

const MAGIC = 0x3147_434d; // "MCG1"
const HEAD_WORDS = 2;

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
  return writeArraysAtomic(outPath, [Uint32Array.of(MAGIC, partitionCount), starts, sorted]);
}

/**
 * @param path - group file
 * @param partition - partition wanted
 * @param partitionCount - as the file was made with
 * @returns words of the partition's records
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function measureGroupSlice(path: string, partition: number, partitionCount: number): Promise<number> {
  return withGroupSlice(path, partition, partitionCount, (_handle, { wordCount }) =>
    Promise.resolve(wordCount),
  );
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
  return withGroupSlice(path, partition, partitionCount, async (handle, { wordCount, position }) => {
    const { bytesRead } = await handle.read(target, 0, wordCount * 4, position);
    if (bytesRead !== wordCount * 4) throw damaged(path);
    return wordCount;
  });
}

async function withGroupSlice(
  path: string,
  partition: number,
  partitionCount: number,
  use: (handle: FileHandle, slice: { wordCount: number; position: number }) => Promise<number>,
): Promise<number> {
  try {
    const handle = await open(path, 'r');
    try {
      const head = new Uint32Array(HEAD_WORDS);
      await handle.read(head, 0, head.byteLength, 0);
      const range = new Uint32Array(2);
      await handle.read(range, 0, range.byteLength, (HEAD_WORDS + partition) * 4);
      const [start = 0, end = 0] = range;
      const position = (HEAD_WORDS + partitionCount + 1 + start * RECORD_WORDS) * 4;
      const wordCount = (end - start) * RECORD_WORDS;
      const { size } = await handle.stat();
      const isWhole = end >= start && position + wordCount * 4 <= size;
      if (head[0] !== MAGIC || head[1] !== partitionCount || !isWhole) throw damaged(path);
      return await use(handle, { wordCount, position });
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw describeRunFileError(error, path);
  }
}

function damaged(path: string): MetaclipError {
  return new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: not the group file that was written`, {
    hint: 'remove the folder done/scatter and run the same command again',
    details: { path },
  });
}
