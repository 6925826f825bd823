/** De-duplication and counting as jobs over the files of a run directory. */
import { countTask } from '../count/count-task.ts';
import { writeCounts } from '../count/counts-file.ts';
import { readDuplicateRows, resolvePartition } from '../dedup/resolve-partition.ts';
import { scatterGroup } from '../dedup/scatter-group.ts';
import { RunLayout } from '../run/layout.ts';
import type { BareResult, CountJob, ResolveJob, ScatterJob, TaskRows } from './job.ts';

/**
 * @param job - group to scatter
 * @returns report
 */
export function scatterJob(job: ScatterJob): BareResult {
  const layout = new RunLayout(job.root);
  const path = layout.group(job.group);
  const sizeBytes = scatterGroup(job.ranges, (task) => layout.keys(task), job.partitionCount, path);
  return { outputs: [{ path, sizeBytes }], totals: {} };
}

/**
 * @param job - partition to resolve
 * @returns report with `duplicates`
 */
export function resolveJob(job: ResolveJob): BareResult {
  const layout = new RunLayout(job.root);
  const groups = Array.from({ length: job.groupCount }, (_, group) => layout.group(group));
  const path = layout.partition(job.partition);
  const { sizeBytes, duplicateCount } = resolvePartition(
    groups,
    job.partition,
    job.partitionCount,
    job.taskCount,
    path,
  );
  return { outputs: [{ path, sizeBytes }], totals: { duplicates: duplicateCount } };
}

/**
 * @param job - task to count
 * @returns report with `pairs`, `duplicates` and `matches`
 */
export function countJob(job: CountJob): BareResult {
  const layout = new RunLayout(job.root);
  const counts = zeroCounts(job.entryCount);
  const totals = countTask(layout.keys(job.task), duplicatesOf(job), counts);
  const path = layout.counts(job.task);
  const sizeBytes = writeCounts(path, counts, job.footer);
  return {
    outputs: [{ path, sizeBytes }],
    totals: { pairs: totals.pairCount, duplicates: totals.duplicateCount, matches: totals.matchCount },
  };
}

let ownCounts = new Float64Array(0);

/**
 * @param entryCount - length of the entry list
 * @returns zeros; the same array for each job of a thread
 */
export function zeroCounts(entryCount: number): Float64Array {
  if (ownCounts.length !== entryCount) ownCounts = new Float64Array(entryCount);
  return ownCounts.fill(0);
}

/**
 * @param job - a task's matched rows
 * @returns bit per row: 1 for a duplicate
 */
export function duplicatesOf(job: TaskRows): Uint8Array {
  const layout = new RunLayout(job.root);
  const partitions = Array.from({ length: job.partitionCount }, (_, partition) =>
    layout.partition(partition),
  );
  return readDuplicateRows(partitions, job.task, job.rowCount);
}
