/** The stages after matching, one after the other, and what is said of the run as a whole. */
import { hasFooter } from '../common/parquet/parquet-footer.ts';
import type { KnownList } from '../metadata/known-list.ts';
import { describeUnmatchable } from './match/unmatchable.ts';
import { type Marker, sumOf } from './run/markers.ts';
import type { RunFile } from './run/run-file.ts';
import type { BalanceResult } from './stages/balance-stage.ts';
import type { CountResult } from './stages/count-stage.ts';
import type { StageContext } from './stages/run-pieces.ts';
import { type RunSummary, summarizeRun } from './summary.ts';

/** Stages that a call may end after. */
export type LaterStage = 'count' | 'balance' | 'write';

/** What the stages after matching came to. */
export interface LaterResult {
  /** Null unless the run got as far as balancing. */
  readonly summary: RunSummary | null;
  /** Pieces of work done now. */
  readonly executedPieces: number;
}

/** Matched rows from which on the buffers of a stage are full; below, starting threads anew costs more than it gives back. */
const LARGE_RUN_ROWS = 1 << 20;

/**
 * @param matchMarkers - markers of the match stage
 * @returns whether it pays to let go of what a stage has held before the next one
 */
export function isLarge(matchMarkers: readonly Marker[]): boolean {
  return sumOf(matchMarkers, 'matched') >= LARGE_RUN_ROWS;
}

/**
 * Does what is missing of the stages up to `lastStage`. What is said of the run as a whole is worked out in this thread while
 * the others write the shards.
 *
 * @param context - what the stages share
 * @param run - run file
 * @param entries - its entry list
 * @param matchMarkers - markers of the match stage, all of them
 * @param lastStage - stage to end after
 * @returns numbers of the run
 * @throws {@link MetaclipError} what the stages throw
 */
export async function runLaterStages(
  context: StageContext,
  run: RunFile,
  entries: KnownList,
  matchMarkers: readonly Marker[],
  lastStage: LaterStage,
): Promise<LaterResult> {
  // Stages are loaded here and not above: a call that only matches needs neither Arrow nor Parquet in this thread.
  const { runCountStage } = await import('./stages/count-stage.ts');
  const counted = await runCountStage(context, run, matchMarkers);
  if (lastStage === 'count') {
    await writeEntryCounts(context, entries, counted, null);
    return { summary: null, executedPieces: counted.executedCount };
  }

  // De-duplication has used buffers of up to 60 MB a thread, which a thread with little else to collect would keep.
  if (counted.executedCount > 0 && isLarge(matchMarkers)) await context.closePool();
  const { runBalanceStage } = await import('./stages/balance-stage.ts');
  // Already here, so that the threads need not wait for it.
  const writeStage = lastStage === 'write' ? await import('./stages/write-stage.ts') : undefined;
  const balanced = await runBalanceStage(context, run, counted);
  const describe = async (): Promise<{
    list: readonly string[];
    unmatchable: number;
    summary: RunSummary;
  }> => {
    await writeEntryCounts(context, entries, counted, balanced);
    const { entries: list } = await entries.load();
    const unmatchable = describeUnmatchable(list, run.match.compat).length;
    return { list, unmatchable, summary: summarizeRun(run, matchMarkers, counted, balanced, unmatchable) };
  };
  const executedPieces = counted.executedCount + balanced.executedCount;
  if (writeStage === undefined) return { summary: (await describe()).summary, executedPieces };

  const [written, described] = await both(
    writeStage.runWriteStage(context, run, balanced),
    describe().then(async ({ list, unmatchable, summary }) => {
      const { describeBalancedRun, finishRun } = await import('./stats/finish-run.ts');
      const balancedRun = { layout: context.layout, run, matchMarkers, counted, balanced };
      const stats = await describeBalancedRun(balancedRun, list, unmatchable);
      return {
        summary,
        finish: (shards: readonly Marker[]): Promise<void> => finishRun(context.layout, stats, shards),
      };
    }),
  );
  await described.finish(written.markers);
  return { summary: described.summary, executedPieces: executedPieces + written.executedCount };
}

/** Waits for both, also where one fails: nothing may be at work any more when the pool is closed. */
async function both<A, B>(a: Promise<A>, b: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([a, b]);
  return Promise.all([a, b]);
}

/** Unless the file is there: one that balancing wrote from the same counts has all that is wanted after counting. */
async function writeEntryCounts(
  { layout }: StageContext,
  entries: KnownList,
  counted: CountResult,
  balanced: BalanceResult | null,
): Promise<void> {
  const footer = {
    ...counted.footer,
    ...(balanced === null ? {} : { 'metaclip.t': String(balanced.t) }),
  };
  if (await hasFooter(layout.entryCounts, footer, balanced === null ? ['metaclip.t'] : [])) return;
  const { writeEntryCounts: write } = await import('./write/entry-counts.ts');
  write(layout.entryCounts, (await entries.load()).entries, counted.counts, balanced?.q ?? null, footer);
}
