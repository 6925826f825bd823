/** Whatever has counts of entries, by its path: a run, a file of counts, a data card. */
import { stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { fileSizeOf } from '../../common/files.ts';
import { collectRunStats } from './collect-run-stats.ts';
import { type CountsFile, readDataCard, readEntryCounts } from './read-entry-counts.ts';

/** Counts with what they are of; at least one of the two is there. */
export interface LoadedCounts {
  readonly path: string;
  readonly kind: 'run' | 'counts' | 'data card';
  readonly entries: readonly string[];
  /** Over the matched pairs. */
  readonly before: Float64Array | null;
  /** Over the kept pairs. */
  readonly after: Float64Array | null;
  /** The cap, where it is known. */
  readonly t: number | null;
}

/**
 * @param path - as a user gives it
 * @returns whether it is a folder, so a run
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/**
 * @param path - run directory, `entry_counts.parquet`, or `datacard.json`
 * @returns its counts; of a run that is counted but not balanced only those before
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_RUN_MISSING`, `E_RUN_INCOMPLETE`,
 *   `E_DAMAGED_RUN_FILE`
 */
export async function loadCounts(path: string): Promise<LoadedCounts> {
  if (await isFolder(path)) return loadRun(path);
  const isCard = path.toLowerCase().endsWith('.json');
  const file = isCard ? await readDataCard(path) : await readEntryCounts(path);
  const { entries, counts, t } = file;
  return isCard
    ? { path, kind: 'data card', entries, before: null, after: counts, t }
    : { path, kind: 'counts', entries, before: counts, after: null, t };
}

async function loadRun(path: string): Promise<LoadedCounts> {
  try {
    const { perEntry, t } = await collectRunStats(path, { detail: false, topCount: 0 });
    return { path, kind: 'run', ...perEntry, t };
  } catch (error) {
    const file =
      error instanceof MetaclipError && error.code === 'E_RUN_INCOMPLETE' ? await countsOf(path) : undefined;
    if (file === undefined) throw error;
    return { path, kind: 'run', entries: file.entries, before: file.counts, after: null, t: null };
  }
}

async function countsOf(dir: string): Promise<CountsFile | undefined> {
  const path = join(resolve(dir), 'entry_counts.parquet');
  return (await fileSizeOf(path)) === undefined ? undefined : readEntryCounts(path);
}
