/** De-duplication and counting as jobs over the files of a run directory. */
import { countTask, writeCounts } from '../count/count-task.ts';
import { readDuplicateRows, resolvePartition } from '../dedup/resolve-partition.ts';
import { scatterGroup } from '../dedup/scatter-group.ts';
import { RunLayout } from '../run/layout.ts';
import type { BareResult, CountJob, ResolveJob, ScatterJob, TaskRows } from './job.ts';

/**
 * @param job - group to scatter
 * @returns report
 */
export async function scatterJob(job: ScatterJob): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const path = layout.group(job.group);
  const sizeBytes = await scatterGroup(job.ranges, (task) => layout.keys(task), job.partitionCount, path);
  return { outputs: [{ path, sizeBytes }], totals: {} };
}

/**
 * @param job - partition to resolve
 * @returns report with `duplicates`
 */
export async function resolveJob(job: ResolveJob): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const groups = Array.from({ length: job.groupCount }, (_, group) => layout.group(group));
  const path = layout.partition(job.partition);
  const { sizeBytes, duplicateCount } = await resolvePartition(
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
export async function countJob(job: CountJob): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const { counts, ...totals } = await countTask(
    layout.keys(job.task),
    await duplicatesOf(job),
    job.entryCount,
  );
  const path = layout.counts(job.task);
  const sizeBytes = await writeCounts(path, counts, job.footer);
  return {
    outputs: [{ path, sizeBytes }],
    totals: { pairs: totals.pairCount, duplicates: totals.duplicateCount, matches: totals.matchCount },
  };
}

/**
 * @param job - a task's matched rows
 * @returns bit per row: 1 for a duplicate
 */
export function duplicatesOf(job: TaskRows): Promise<Uint8Array> {
  const layout = new RunLayout(job.root);
  const partitions = Array.from({ length: job.partitionCount }, (_, partition) =>
    layout.partition(partition),
  );
  return readDuplicateRows(partitions, job.task, job.rowCount);
}
