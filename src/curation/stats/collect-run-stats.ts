/** The statistics of a run on demand: what its markers say, and passes over all matched pairs where they are asked for. */
import { basename, resolve } from 'node:path';
import { JobPool } from '../../executors/job-pool.ts';
import { fingerprintEntries } from '../../metadata/entry-list.ts';
import { MetaclipError } from '../../common/errors.ts';
import { resolveWorkers } from '../curate-options.ts';
import { LanguageIdentifier } from '../language/identify-language.ts';
import { openLidModel, readLidModel } from '../language/lid-model.ts';
import { describeUnmatchable } from '../match/unmatchable.ts';
import { RunLayout } from '../run/layout.ts';
import { assembleStats, DEFAULT_TOP_COUNT } from './assemble-stats.ts';
import { type BalancedRun, openBalancedRun, sumKeptCounts } from './balanced-run.ts';
import { alignClasses, readClassNames } from './class-alignment.ts';
import { readEntryCounts } from './read-entry-counts.ts';
import type { RunStats, StatsOptions, StatsProgress, SweepPoint, TextStats } from './run-stats.ts';
import { detailKeys, readDetail, writeDetail } from './stats-detail.ts';
import { checkSweepCaps, defaultSweepCaps, sweepCaps } from './sweep-caps.ts';
import { collectTextStats } from './text-stats.ts';

/**
 * Collects the statistics of a balanced run. What needs a pass over the matched pairs (sweep, texts) is remembered in the
 * run directory, so a second call reads no pairs. Nothing else of the run is changed.
 *
 * Memory: the entry list and 24 bytes an entry; a block of pairs a worker; DuckDB's limit of 256 MiB and 100 MB
 * for texts per image, whose pairs pass through temporary files in the run directory.
 *
 * @param dir - run directory
 * @param options - what to collect
 * @returns the statistics
 * @throws {@link MetaclipError} `E_USAGE`, `E_RUN_MISSING`, `E_RUN_INCOMPLETE` when it is not balanced yet,
 *   `E_DAMAGED_RUN_FILE`, `E_INPUT_NOT_FOUND` for a class list, `E_INTERRUPTED`
 */
export async function collectRunStats(dir: string, options: StatsOptions = {}): Promise<RunStats> {
  const layout = new RunLayout(resolve(dir));
  const classList = await readClasses(options.classes);
  const asked = options.sweepCaps === undefined ? undefined : checkSweepCaps(options.sweepCaps);
  const balancedRun = await openBalancedRun(layout);
  const stats = await statsOfBalancedRun(balancedRun, options.topCount);
  const classes = classList && alignClasses(classList.names, classList.source, stats.perEntry);
  if (options.detail === false) return { ...stats, classes };
  const caps = checkSweepCaps([...(asked ?? defaultSweepCaps(stats.counts.maxCount)), stats.t]);
  return { ...stats, classes, ...(await findDetail(balancedRun, caps, options)) };
}

async function readClasses(
  given: StatsOptions['classes'],
): Promise<{ source: string; names: readonly string[] } | null> {
  if (given === undefined) return null;
  if (typeof given === 'string') return { source: basename(given), names: await readClassNames(given) };
  return { source: given.source, names: [...new Set(given.names)] };
}

/**
 * The statistics that need no pass over the pairs. The list itself may be gone: `entry_counts.parquet` has its entries.
 *
 * @param balancedRun - results of the stages
 * @param topCount - rows of `counts.top`
 * @returns statistics without sweep, texts and classes
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function statsOfBalancedRun(
  balancedRun: BalancedRun,
  topCount: number = DEFAULT_TOP_COUNT,
): Promise<RunStats> {
  const { layout, run, counted } = balancedRun;
  const { entries } = await readEntryCounts(layout.entryCounts);
  if (fingerprintEntries(entries) !== run.metadata.fingerprint) {
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${layout.entryCounts}: not the entries of this run`, {
      hint: `remove the file; metaclip balance ${layout.root} writes it anew`,
      details: { path: layout.entryCounts },
    });
  }
  const after = await sumKeptCounts(layout, run.tasks.length, run.metadata.entryCount);
  const unmatchable = describeUnmatchable(entries, run.match.compat).length;
  const perEntry = { entries, before: Float64Array.from(counted.counts), after };
  return assembleStats(balancedRun, perEntry, unmatchable, topCount);
}

async function findDetail(
  balancedRun: BalancedRun,
  caps: readonly number[],
  options: StatsOptions,
): Promise<{ sweep: readonly SweepPoint[]; texts: TextStats }> {
  const { layout } = balancedRun;
  const keys = detailKeys(balancedRun, caps, options.languages === true);
  const known = await readDetail(layout);
  const knownSweep = known.sweepKey === keys.sweepKey ? known.sweep : undefined;
  const knownTexts = known.textsKey === keys.textsKey ? known.texts : undefined;
  if (knownSweep !== undefined && knownTexts !== undefined) return { sweep: knownSweep, texts: knownTexts };

  const sweep = knownSweep ?? (await runSweep(balancedRun, caps, options));
  const texts = knownTexts ?? (await runTexts(balancedRun, options));
  await writeDetail(layout, { ...keys, sweep, texts });
  return { sweep, texts };
}

function runTexts(balancedRun: BalancedRun, options: StatsOptions): Promise<TextStats> {
  const identifier = options.languages === true ? new LanguageIdentifier(openLidModel(readLidModel())) : null;
  const control = { ...controlOf('texts', balancedRun, options), identifier };
  return collectTextStats(balancedRun.layout, balancedRun.counted, control);
}

async function runSweep(
  balancedRun: BalancedRun,
  caps: readonly number[],
  options: StatsOptions,
): Promise<SweepPoint[]> {
  const { layout, counted } = balancedRun;
  const pool = new JobPool({ workers: resolveWorkers(options.workers) });
  const control = controlOf('sweep', balancedRun, options);
  try {
    return await sweepCaps(layout.root, counted, caps, pool, control);
  } catch (error) {
    if (options.signal?.aborted !== true) throw error;
    throw new MetaclipError('E_INTERRUPTED', `${layout.root}: interrupted; the run is as it was`, {
      hint: 'run the same command again',
      details: { path: layout.root },
    });
  } finally {
    await pool.close();
  }
}

function controlOf(
  pass: StatsProgress['pass'],
  { counted }: BalancedRun,
  { signal, onProgress }: StatsOptions,
): { signal: AbortSignal | undefined; onTask: () => void } {
  let doneTasks = 0;
  const totalTasks = counted.rowCounts.length;
  const report = (): void => onProgress?.({ pass, doneTasks, totalTasks });
  report();
  return {
    signal,
    onTask: () => {
      doneTasks++;
      report();
    },
  };
}
