/** Count stage: de-duplication over the whole run (scatter, resolve), then counts of each task, then their sum. */
import { fingerprintOf } from '../../common/hashing.ts';
import { hasFooter } from '../../common/parquet/parquet-footer.ts';
import { addAllCounts } from '../count/counts-file.ts';
import { planDedup } from '../dedup/dedup-plan.ts';
import type { RunLayout } from '../run/layout.ts';
import { type Marker, sumOf } from '../run/markers.ts';
import type { RunFile } from '../run/run-file.ts';
import { readTotalCounts } from '../write/entry-counts.ts';
import { runFooter } from './match-stage.ts';
import { runPieces, type StageContext } from './run-pieces.ts';

/** Of the files: 2 since they are written without compression. */
const COUNTS_VERSION = 2;

/** Result of the count stage. */
export interface CountResult {
  /** Entry count by entry id, over the whole run, in shared memory for the jobs of the next stage. */
  readonly counts: Float64Array<SharedArrayBuffer>;
  /** What `entry_counts.parquet` says of the counts in it. */
  readonly footer: Readonly<Record<string, string>>;
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
      key: fingerprintOf({ counts: COUNTS_VERSION, rowsKey, task, partitionCount }),
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

  const footer = {
    ...runFooter(run),
    'metaclip.counts': fingerprintOf({ counts: COUNTS_VERSION, rowsKey, partitionCount }),
  };
  return {
    counts: await sumCounts(context.layout, footer, rowCounts.length, entryCount),
    footer,
    rowsKey,
    rowCounts,
    partitionCount,
    pairCount: sumOf(count.markers, 'pairs'),
    duplicateCount: sumOf(count.markers, 'duplicates'),
    executedCount: scatter.executedCount + resolve.executedCount + count.executedCount,
  };
}

/** Over all tasks. Where there are many, their files take minutes to read, and `entry_counts.parquet` has the sum. */
async function sumCounts(
  layout: RunLayout,
  footer: Readonly<Record<string, string>>,
  taskCount: number,
  entryCount: number,
): Promise<Float64Array<SharedArrayBuffer>> {
  const total = new Float64Array(new SharedArrayBuffer(entryCount * 8));
  if (await hasFooter(layout.entryCounts, footer, ['metaclip.t'])) {
    try {
      readTotalCounts(layout.entryCounts, total);
      return total;
    } catch {
      total.fill(0); // damaged: added up once more
    }
  }
  const paths = Array.from({ length: taskCount }, (_, task) => layout.counts(task));
  await addAllCounts(paths, total);
  return total;
}
