/** Takes up a run that is balanced, without doing anything to it: its stages' results from their markers. */
import { MetaclipError } from '../../common/errors.ts';
import { addByPosition } from '../../common/histogram.ts';
import type { MatchBins } from '../balance/balance-tally.ts';
import { addAllCounts } from '../count/counts-file.ts';
import type { RunLayout } from '../run/layout.ts';
import type { Marker } from '../run/markers.ts';
import { requireRunFile, type RunFile } from '../run/run-file.ts';
import { type BalanceResult, runBalanceStage } from '../stages/balance-stage.ts';
import { type CountResult, runCountStage } from '../stages/count-stage.ts';
import { requireMatched } from '../stages/match-stage.ts';
import type { StageContext } from '../stages/run-pieces.ts';

/** Results of a run up to the balance stage. */
export interface BalancedRun {
  readonly layout: RunLayout;
  readonly run: RunFile;
  readonly matchMarkers: readonly Marker[];
  readonly counted: CountResult;
  readonly balanced: BalanceResult;
}

/**
 * @param layout - run directory
 * @returns what the stages came to
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_RUN_INCOMPLETE` when something up to the balance stage is missing or was
 *   made with other options, `E_DAMAGED_RUN_FILE`
 */
export async function openBalancedRun(layout: RunLayout): Promise<BalancedRun> {
  const run = await requireRunFile(layout);
  const context: StageContext = {
    layout,
    pool: () => {
      throw new MetaclipError('E_RUN_INCOMPLETE', `${layout.root}: this run is not balanced yet`, {
        hint: `metaclip write ${layout.root} does what is missing`,
        details: { path: layout.root },
      });
    },
    closePool: () => Promise.resolve(),
    signal: undefined,
    onProgress: undefined,
  };
  const { markers: matchMarkers } = await requireMatched(context, run);
  const counted = await runCountStage(context, run, matchMarkers);
  const balanced = await runBalanceStage(context, run, counted);
  return { layout, run, matchMarkers, counted, balanced };
}

/**
 * @param layout - run directory, balanced
 * @param taskCount - tasks of the run
 * @param entryCount - length of the entry list
 * @returns kept pairs by entry id, over the whole run
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function sumKeptCounts(
  layout: RunLayout,
  taskCount: number,
  entryCount: number,
): Promise<Float64Array> {
  const total = new Float64Array(entryCount);
  await addAllCounts(
    Array.from({ length: taskCount }, (_, task) => layout.keptCounts(task)),
    total,
  );
  return total;
}

/**
 * @param markers - of the balance stage
 * @returns their bins added up, in task order
 */
export function sumBins(markers: readonly Marker[]): MatchBins {
  const sum = { pairs: [], kept: [], acceptances: [], expected: [] };
  for (const { bins } of markers) {
    for (const name of ['pairs', 'kept', 'acceptances', 'expected'] as const) {
      addByPosition(sum[name], bins?.[name] ?? []);
    }
  }
  return sum;
}
