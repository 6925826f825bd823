/** The last step of a run: statistics and data card, from what its stages have left behind. */
import { writeFileAtomic } from '../../common/files.ts';
import type { RunLayout } from '../run/layout.ts';
import type { Marker } from '../run/markers.ts';
import { assembleStats, statsJson } from './assemble-stats.ts';
import { type BalancedRun, sumKeptCounts } from './balanced-run.ts';
import type { RunStats } from './run-stats.ts';
import { type Shards, writeCardText, writeDataCardJson } from './write-data-card.ts';

/**
 * Works out the statistics, and writes `datacard.json`, which needs no shards. Reads no pairs: only the kept counts of each
 * task, as the count stage reads its counts. Time O(entries + tasks).
 *
 * @param balancedRun - results of the stages
 * @param entries - the entry list
 * @param unmatchable - number of entries that can match no text
 * @returns the statistics
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function describeBalancedRun(
  balancedRun: BalancedRun,
  entries: readonly string[],
  unmatchable: number,
): Promise<RunStats> {
  const { layout, run, counted } = balancedRun;
  const after = await sumKeptCounts(layout, run.tasks.length, run.metadata.entryCount);
  const perEntry = { entries, before: counted.counts, after };
  await writeDataCardJson(layout.dataCardJson, perEntry);
  return assembleStats(balancedRun, perEntry, unmatchable);
}

/**
 * Writes `stats.json` and `README.md`.
 *
 * @param layout - run directory
 * @param stats - what {@link describeBalancedRun} found
 * @param writeMarkers - markers of the shards
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function finishRun(
  layout: RunLayout,
  stats: RunStats,
  writeMarkers: readonly Marker[],
): Promise<void> {
  await Promise.all([
    writeFileAtomic(layout.stats, `${JSON.stringify(statsJson(stats), null, 2)}\n`),
    writeCardText(layout, stats, describeShards(writeMarkers)),
  ]);
}

/**
 * @param writeMarkers - markers of the shards
 * @returns their number and size
 */
export function describeShards(writeMarkers: readonly Marker[]): Shards {
  const outputs = writeMarkers.flatMap((marker) => marker.outputs);
  return {
    count: outputs.length,
    sizeBytes: outputs.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}
