/**
 * How de-duplication of (url, text) over a whole run is cut into pieces that fit into memory.
 *
 * Two maps, both over files on disk, both restartable piece by piece:
 *   1. scatter: a *group* (a run of at most {@link GROUP_ROWS} consecutive matched rows) is sorted by bits of the
 *      uid into one file with an index, so that a partition's share of it is one contiguous slice;
 *   2. resolve: a *partition* (all rows with the same bits there) gathers its slices from all groups, finds
 *      equal uids exactly, and lists the rows that lose.
 * The readers of a task then gather the task's losers from the partitions.
 *
 * Rejected: a Bloom filter (drops pairs that are not duplicates), an external sort of all rows (three times the I/O),
 * and appending to one file a partition while matching (a killed task would leave its rows behind).
 */

/** Rows of a group at most: 28 MB of records. */
export const GROUP_ROWS = 1 << 20;
/** Rows of a partition aimed at: 28 MB of records and an 8 MB table. */
export const PARTITION_ROWS = 1 << 20;
/**
 * Partitions at most. Beyond 4 billion matched rows partitions grow instead: one snapshot of 90,000 crawl files
 * (some 5e10 matched rows) makes partitions of 13 M rows, 500 MB each.
 */
export const MAX_PARTITIONS = 4096;

/** A run of rows of one task. */
export interface RowRange {
  readonly task: number;
  readonly startRow: number;
  readonly endRow: number;
}

/** The cut of a run. */
export interface DedupPlan {
  /** A power of two. */
  readonly partitionCount: number;
  readonly groups: readonly (readonly RowRange[])[];
}

/**
 * @param rowCounts - matched rows of each task, by task number
 * @param limits - for tests: smaller groups and partitions
 * @param limits.groupRows - default {@link GROUP_ROWS}
 * @param limits.partitionRows - default {@link PARTITION_ROWS}
 * @returns groups in row order, and the number of partitions; at least one of each
 */
export function planDedup(
  rowCounts: readonly number[],
  limits: { readonly groupRows: number; readonly partitionRows: number } = {
    groupRows: GROUP_ROWS,
    partitionRows: PARTITION_ROWS,
  },
): DedupPlan {
  const totalRows = rowCounts.reduce((sum, rows) => sum + rows, 0);
  let partitionCount = 1;
  while (partitionCount * limits.partitionRows < totalRows && partitionCount < MAX_PARTITIONS)
    partitionCount *= 2;

  const groups: RowRange[][] = [];
  let group: RowRange[] = [];
  let room = limits.groupRows;
  rowCounts.forEach((rows, task) => {
    for (let startRow = 0; startRow < rows;) {
      const endRow = Math.min(rows, startRow + room);
      group.push({ task, startRow, endRow });
      room -= endRow - startRow;
      startRow = endRow;
      if (room === 0) {
        groups.push(group);
        group = [];
        room = limits.groupRows;
      }
    }
  });
  if (group.length > 0 || groups.length === 0) groups.push(group);
  return { partitionCount, groups };
}

/**
 * @param firstWord - first 32-bit word of a uid (its first four bytes, little-endian)
 * @param partitionCount - a power of two, at most {@link MAX_PARTITIONS}
 * @returns the partition that the uid belongs to
 */
export function partitionOf(firstWord: number, partitionCount: number): number {
  return firstWord & (partitionCount - 1);
}
