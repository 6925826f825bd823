/** Entry counts of one task: +1 for each distinct match of each pair that is no duplicate. */
import { isDuplicateRow } from '../dedup/resolve-partition.ts';
import { readKeys } from '../matched/keys-file.ts';

/** What the counts of a task were counted over. */
export interface TaskCounts {
  /** Pairs that are no duplicates. */
  readonly pairCount: number;
  readonly duplicateCount: number;
  /** Sum of all counts. */
  readonly matchCount: number;
}

/**
 * Time O(matches); memory one block.
 *
 * @param keysPath - keys file of the task
 * @param duplicates - bit per row; see `readDuplicateRows`
 * @param counts - by entry id; added to
 * @returns what was counted
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function countTask(keysPath: string, duplicates: Uint8Array, counts: Float64Array): TaskCounts {
  let pairCount = 0;
  let duplicateCount = 0;
  let matchCount = 0;
  for (const block of readKeys(keysPath)) {
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
  return { pairCount, duplicateCount, matchCount };
}
