/** What all calls on a run directory have in common: threads that come and go, stages up to the one asked for, and clearing up. */
import { giveBackFreeMemory } from '../common/duckdb.ts';
import { checkWritable, removeOwnTemporaries, removeStaleTemporaries } from '../common/files.ts';
import { MetaclipError } from '../common/errors.ts';
import { JobPool } from '../executors/job-pool.ts';
import type { KnownList } from '../metadata/known-list.ts';
import { resolveWorkers, type RunControl } from './curate-options.ts';
import { UNREADABLE_REASON } from './drop-reasons.ts';
import { isLarge, type LaterStage, runLaterStages } from './later-stages.ts';
import type { RunLayout } from './run/layout.ts';
import type { Marker } from './run/markers.ts';
import type { RunFile } from './run/run-file.ts';
import type { StageContext, StageResult } from './stages/run-pieces.ts';
import type { RunSummary } from './summary.ts';

/** Stages that a call may end after. */
export type LastStage = 'match' | LaterStage;

/** What a call did. */
export interface CurateResult {
  /** Absolute path of the run directory. */
  readonly out: string;
  /** Numbers of the run; null unless it got as far as balancing. */
  readonly summary: RunSummary | null;
  /** Pieces of work done by this call, and seconds that it took. */
  readonly executedPieces: number;
  readonly seconds: number;
  /** Whether an earlier run was taken up. */
  readonly resumed: boolean;
  /** Files in the input folders that are of no kind that is understood. */
  readonly ignoredFiles: readonly string[];
}

/** What is to be done to a run. */
export interface Undertaking {
  readonly layout: RunLayout;
  readonly run: RunFile;
  readonly entries: KnownList;
  /** Does what is missing of the match stage, or requires it complete: without the inputs at hand it can't be done. */
  readonly match: (context: StageContext) => Promise<StageResult>;
  /** Threads for the match stage. */
  readonly openMatchPool: () => JobPool;
  /** Whether it is certain that stages after matching have something to do: threads then start while this one reads. */
  readonly startsEarly: boolean;
  readonly lastStage: LastStage;
  readonly control: RunControl;
  readonly startMs: number;
  readonly resumed: boolean;
  readonly ignoredFiles: readonly string[];
}

/**
 * @param layout - run directory: made if needed, checked for writing, and cleared of what dead processes left
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export function prepareFolders(layout: RunLayout): void {
  checkWritable(layout.root);
  layout.outputFolders.forEach(removeStaleTemporaries);
}

/**
 * @param undertaking - what is to be done
 * @returns what was done
 * @throws {@link MetaclipError} what the stages throw, `E_INPUT_UNREADABLE` when no input at all could be read
 */
export async function carryOut(undertaking: Undertaking): Promise<CurateResult> {
  const { layout, run, entries, lastStage, control } = undertaking;
  const openLaterPool = (): JobPool => {
    const workers = resolveWorkers(control.workers);
    const startNow = undertaking.startsEarly ? Math.min(workers, run.tasks.length) : 1;
    return new JobPool({ workers, startNow });
  };
  let openPool = undertaking.startsEarly ? openLaterPool : undertaking.openMatchPool;
  let pool: JobPool | undefined;
  const closePool = async (): Promise<void> => {
    await pool?.close();
    pool = undefined;
  };
  const context: StageContext = {
    layout,
    pool: () => (pool ??= openPool()),
    closePool,
    signal: control.signal,
    onProgress: control.onProgress,
  };
  let executedPieces: number;
  let summary: RunSummary | null = null;
  try {
    if (undertaking.startsEarly) context.pool();
    const matched = await undertaking.match(context);
    refuseIfNothingReadable(run, matched.markers);
    executedPieces = matched.executedCount;
    if (!undertaking.startsEarly) {
      // The threads of matching hold the automaton and a Parquet encoder each; the later stages start with new ones.
      await closePool();
      openPool = openLaterPool;
    }
    if (lastStage !== 'match') {
      if (matched.executedCount > 0 && isLarge(matched.markers)) await giveBackFreeMemory();
      const later = await runLaterStages(context, run, entries, matched.markers, lastStage);
      executedPieces += later.executedPieces;
      summary = later.summary;
    }
  } finally {
    await closePool();
    if (control.signal?.aborted === true) layout.outputFolders.forEach(removeOwnTemporaries);
  }
  const seconds = (performance.now() - undertaking.startMs) / 1000;
  const { resumed, ignoredFiles } = undertaking;
  return { out: layout.root, summary, executedPieces, seconds, resumed, ignoredFiles };
}

function refuseIfNothingReadable(run: RunFile, markers: readonly Marker[]): void {
  const [first] = markers;
  if (first?.failure === undefined || markers.some((marker) => marker.failure === undefined)) return;
  throw new MetaclipError(
    'E_INPUT_UNREADABLE',
    `none of the ${markers.length} inputs could be read: ${first.failure.message}`,
    {
      hint: `check the files; each one's reason (${UNREADABLE_REASON}) is in its marker under done/match`,
      details: { path: run.tasks[0]?.path ?? '', tasks: markers.length },
    },
  );
}
