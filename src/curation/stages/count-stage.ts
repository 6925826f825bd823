/** Count stage: de-duplication over the whole run (scatter, resolve), then counts of each task, then their sum. */
import { fingerprintOf } from '../../common/hashing.ts';
import { addCountsFrom } from '../count/count-task.ts';
import { planDedup } from '../dedup/dedup-plan.ts';
import { type Marker, sumOf } from '../run/markers.ts';
import type { RunFile } from '../run/run-file.ts';
import { runFooter } from './match-stage.ts';
import { runPieces, type StageContext } from './run-pieces.ts';

/** Result of the count stage. */
export interface CountResult {
  /** Entry count by entry id, over the whole run, in shared memory for the jobs of the next stage. */
  readonly counts: Float64Array<SharedArrayBuffer>;
  /** Fingerprint of all matched rows; what later stages depend on. */
  readonly rowsKey: string;
  readonly rowCounts: readonly number[];
  readonly partitionCount: number;
  /** Pairs that are no duplicates. */
  readonly pairCount: number;
  readonly duplicateCount: number;
  readonly executedCount: number;
}

/**
 * @param context - what the stages share
 * @param run - run file
 * @param matchMarkers - markers of the match stage, all of them
 * @returns counts over the run
 */
export async function runCountStage(
  context: StageContext,
  run: RunFile,
  matchMarkers: readonly Marker[],
): Promise<CountResult> {
  const { root } = context.layout;
  const rowCounts = matchMarkers.map((marker) => marker.totals['matched'] ?? 0);
  const rowsKey = fingerprintOf(matchMarkers.map((marker) => [marker.key, marker.totals['matched']]));
  const { partitionCount, groups } = planDedup(rowCounts);

  const scatter = await runPieces(
    context,
    'scatter',
    groups.map((ranges, group) => ({
      index: group,
      key: fingerprintOf({ rowsKey, ranges, partitionCount }),
      job: { kind: 'scatter' as const, root, group, ranges, partitionCount },
    })),
  );
  const resolve = await runPieces(
    context,
    'resolve',
    Array.from({ length: partitionCount }, (_, partition) => ({
      index: partition,
      key: fingerprintOf({ rowsKey, partition, partitionCount, groupCount: groups.length }),
      job: {
        kind: 'resolve' as const,
        root,
        partition,
        partitionCount,
        groupCount: groups.length,
        taskCount: rowCounts.length,
      },
    })),
  );
  const entryCount = run.metadata.entryCount;
  const count = await runPieces(
    context,
    'count',
    rowCounts.map((rowCount, task) => ({
      index: task,
      key: fingerprintOf({ rowsKey, task, partitionCount }),
      job: {
        kind: 'count' as const,
        root,
        task,
        rowCount,
        partitionCount,
        entryCount,
        footer: runFooter(run),
      },
    })),
  );

  const counts = new Float64Array(new SharedArrayBuffer(entryCount * 8));
  for (let task = 0; task < rowCounts.length; task++)
    await addCountsFrom(context.layout.counts(task), counts);
  return {
    counts,
    rowsKey,
    rowCounts,
    partitionCount,
    pairCount: sumOf(count.markers, 'pairs'),
    duplicateCount: sumOf(count.markers, 'duplicates'),
    executedCount: scatter.executedCount + resolve.executedCount + count.executedCount,
  };
}
