/**
 * A curation run from inputs to shards, and its stages one by one over the same run directory. Every entry point does what
 * is missing and nothing twice; all of them may be killed at any moment and called again.
 */
import {
  checkWritable,
  fingerprintFile,
  removeOwnTemporaries,
  removeStaleTemporaries,
} from '../common/files.ts';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { TOOL_VERSION } from '../common/version.ts';
import { JobPool } from '../executors/job-pool.ts';
import { type KnownList, openKnownList } from '../metadata/known-list.ts';
import { wordnetSources } from '../metadata/wordnet-list.ts';
import { type ListSource, readListSources } from '../metadata/write-list.ts';
import {
  type CapChoice,
  checkOneOf,
  checkSeed,
  type CurateOptions,
  resolveCap,
  resolveCurateOptions,
  type ResolvedCurateOptions,
  resolveWorkers,
  type RunControl,
} from './curate-options.ts';
import { type DropList, loadDropList } from './drop-list.ts';
import { UNREADABLE_REASON } from './drop-reasons.ts';
import { shareLidModel } from './language/lid-memory.ts';
import { LID_MODEL, readLidModel } from './language/lid-model.ts';
import type { PackedAutomaton } from './match/automaton.ts';
import { shareAutomaton } from './match/matcher-memory.ts';
import {
  automatonFileName,
  defaultCacheFolder,
  loadAutomaton,
  openAutomaton,
} from './match/automaton-cache.ts';
import type { Compat } from './compat.ts';
import { describeUnmatchable } from './match/unmatchable.ts';
import { RunLayout } from './run/layout.ts';
import type { Marker } from './run/markers.ts';
import {
  openRun,
  requireRunFile,
  RUN_FORMAT_VERSION,
  type RunFile,
  type RunTask,
  writeRunFile,
} from './run/run-file.ts';
import { listInputs } from './sources/list-inputs.ts';
import { requireMatched, runFooter, runMatchStage } from './stages/match-stage.ts';
import type { StageContext, StageResult } from './stages/run-pieces.ts';
import { type RunSummary, summarizeRun } from './summary.ts';
import { SHARD_SCHEMAS, type ShardSchema } from './write/shard-schema.ts';

/** Stages that a call may end after. */
export type LastStage = 'match' | 'count' | 'balance' | 'write';

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

/**
 * Curates a pool: extract, match, de-duplicate, count, balance, write.
 *
 * Memory: the automaton (shared), and for each worker a batch, a block of 16,384 rows and a row group; never the input.
 *
 * @param options - inputs, run directory and choices
 * @returns numbers of the run
 * @throws {@link MetaclipError} `E_USAGE`, `E_INPUT_NOT_FOUND`, `E_INPUT_EMPTY`, `E_FORMAT_UNKNOWN`, `E_RUN_MISMATCH`,
 *   `E_OUTPUT_NOT_EMPTY`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_METADATA_FORMAT`, `E_COLUMN_MISSING`,
 *   `E_INPUT_UNREADABLE` when no input at all could be read, `E_INTERRUPTED`
 */
export function curate(options: CurateOptions): Promise<CurateResult> {
  return startRun(options, 'write');
}

/**
 * The first stage alone: every input file to its matched pairs. Go on with {@link continueRun}.
 *
 * @param options - as for {@link curate}; cap, seed and schema are remembered for the later stages
 * @returns what was done
 * @throws {@link MetaclipError} as {@link curate}
 */
export function matchInputs(options: CurateOptions): Promise<CurateResult> {
  return startRun(options, 'match');
}

/** Choices of {@link continueRun}; what is not given stays as it is in run.json. */
export interface ContinueOptions extends RunControl, CapChoice {
  readonly seed?: number;
  readonly schema?: ShardSchema;
  /** Entry list, if it is no longer where the run found it. */
  readonly metadata?: string;
}

/**
 * Goes on with a run whose match stage is complete. Another cap, seed or schema makes the later stages anew from the
 * matched pairs, without extracting or matching again.
 *
 * @param out - run directory
 * @param lastStage - stage to end after; earlier ones are done if they are missing
 * @param options - choices
 * @returns what was done
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_RUN_INCOMPLETE`, `E_METADATA_MISMATCH`, and as {@link curate}
 */
export async function continueRun(
  out: string,
  lastStage: Exclude<LastStage, 'match'>,
  options: ContinueOptions = {},
): Promise<CurateResult> {
  const startMs = performance.now();
  const layout = new RunLayout(out);
  const before = await requireRunFile(layout);
  const run: RunFile = {
    ...before,
    balance: {
      cap: resolveCap(options) ?? before.balance.cap,
      seed: checkSeed(options.seed ?? before.balance.seed),
    },
    write: { schema: checkOneOf('--schema', options.schema ?? before.write.schema, SHARD_SCHEMAS) },
  };
  const entries = await entriesOfRun(run, options);
  prepareFolders(layout);
  await writeRunFile(layout, run);
  try {
    const control = options;
    return await carryOut({
      layout,
      run,
      entries,
      match: 'require',
      lastStage,
      control,
      startMs,
      resumed: true,
      ignoredFiles: [],
    });
  } catch (error) {
    // A target that can't be reached, say: the run stays what it was.
    if (error instanceof MetaclipError && error.family === 'usage') await writeRunFile(layout, before);
    throw error;
  }
}

async function startRun(options: CurateOptions, lastStage: LastStage): Promise<CurateResult> {
  const startMs = performance.now();
  const resolved = resolveCurateOptions(options);
  resolveWorkers(options.workers);
  const entries = await openKnownList(resolved.metadata, cacheFolderOf(options));
  const dropList = resolved.dropList === null ? null : await loadDropList(resolved.dropList);
  const ignored: string[] = [];
  const tasks = await listTasks(resolved.inputs, (path) => ignored.push(path));
  const layout = new RunLayout(resolved.out);
  prepareFolders(layout);
  const sources = await findSources(entries, resolved.metadata);
  const run = describeRun(resolved, entries, sources, dropList, tasks);
  const resumed = await openRun(layout, run);
  return carryOut({
    layout,
    run,
    entries,
    match: { dropList },
    lastStage,
    control: options,
    startMs,
    resumed,
    ignoredFiles: ignored,
  });
}

interface Undertaking {
  readonly layout: RunLayout;
  readonly run: RunFile;
  readonly entries: KnownList;
  /** Do what is missing of the match stage, or require it complete: without the inputs at hand it can't be done. */
  readonly match: { readonly dropList: DropList | null } | 'require';
  readonly lastStage: LastStage;
  readonly control: RunControl;
  readonly startMs: number;
  readonly resumed: boolean;
  readonly ignoredFiles: readonly string[];
}

async function carryOut(undertaking: Undertaking): Promise<CurateResult> {
  const { layout, control } = undertaking;
  let pool: Promise<JobPool> | undefined;
  let needsMatcher = undertaking.match !== 'require';
  const closePool = async (): Promise<void> => {
    await (await pool?.catch(() => undefined))?.close();
    pool = undefined;
  };
  const context: StageContext = {
    layout,
    pool: () => (pool ??= openPool(undertaking, needsMatcher)),
    signal: control.signal,
    onProgress: control.onProgress,
  };
  let executedPieces = 0;
  let summary: RunSummary | null;
  try {
    const matched = await runMatched(context, undertaking);
    executedPieces += matched.executedCount;
    // The threads of matching hold the automaton and a Parquet encoder each; the later stages start with new ones.
    await closePool();
    needsMatcher = false;
    summary = await runStages(context, undertaking, matched.markers, (count) => {
      executedPieces += count;
    });
  } finally {
    await closePool();
    if (control.signal?.aborted === true) layout.outputFolders.forEach(removeOwnTemporaries);
  }
  const seconds = (performance.now() - undertaking.startMs) / 1000;
  const { resumed, ignoredFiles } = undertaking;
  return { out: layout.root, summary, executedPieces, seconds, resumed, ignoredFiles };
}

async function runMatched(context: StageContext, { run, match }: Undertaking): Promise<StageResult> {
  const matched =
    match === 'require'
      ? await requireMatched(context, run)
      : await runMatchStage(context, run, match.dropList);
  refuseIfNothingReadable(run, matched.markers);
  return matched;
}

async function runStages(
  context: StageContext,
  { layout, run, entries, lastStage }: Undertaking,
  matchMarkers: readonly Marker[],
  onExecuted: (count: number) => void,
): Promise<RunSummary | null> {
  if (lastStage === 'match') return null;

  // Loaded here: a call that only matches needs neither Arrow nor Parquet in this thread.
  const { runCountStage } = await import('./stages/count-stage.ts');
  const { hasFooter, writeEntryCounts } = await import('./write/entry-counts.ts');
  const writeCounts = async (counts: Float64Array, q: Float64Array | null, footer: Record<string, string>) =>
    writeEntryCounts(layout.entryCounts, (await entries.load()).entries, counts, q, footer);

  const counted = await runCountStage(context, run, matchMarkers);
  onExecuted(counted.executedCount);
  const countFooter = {
    ...runFooter(run),
    'metaclip.counts_sha256': createHash('sha256')
      .update(new Uint8Array(counted.counts.buffer))
      .digest('hex'),
  };
  if (lastStage === 'count') {
    // A file that balancing wrote from the same counts has all of it, and q.
    if (!(await hasFooter(layout.entryCounts, countFooter, ['metaclip.t']))) {
      await writeCounts(counted.counts, null, countFooter);
    }
    return null;
  }

  const { runBalanceStage } = await import('./stages/balance-stage.ts');
  const balanced = await runBalanceStage(context, run, counted);
  onExecuted(balanced.executedCount);
  const footer = { ...countFooter, 'metaclip.t': String(balanced.t) };
  if (!(await hasFooter(layout.entryCounts, footer))) await writeCounts(counted.counts, balanced.q, footer);
  const { entries: list } = await entries.load();
  const unmatchable = describeUnmatchable(list, run.match.compat).length;
  const summary = summarizeRun(run, matchMarkers, counted, balanced, unmatchable);
  if (lastStage === 'balance') return summary;

  const { runWriteStage } = await import('./stages/write-stage.ts');
  const written = await runWriteStage(context, run, balanced);
  onExecuted(written.executedCount);
  const { finishRun } = await import('./stats/finish-run.ts');
  await finishRun({ layout, run, matchMarkers, counted, balanced }, list, unmatchable, written.markers);
  return summary;
}

async function openPool({ run, entries, control }: Undertaking, needsMatcher: boolean): Promise<JobPool> {
  const workers = resolveWorkers(control.workers);
  if (!needsMatcher) return new JobPool({ workers });
  const automaton = await findAutomaton(entries, run.match.compat, cacheFolderOf(control));
  const languageModel = run.match.lang === 'off' ? null : shareLidModel(readLidModel());
  return new JobPool({ workers, automaton: shareAutomaton(automaton), languageModel });
}

/** From the cache by the fingerprint alone; the entries are only read where it has to be built. */
async function findAutomaton(entries: KnownList, compat: Compat, cacheDir: string): Promise<PackedAutomaton> {
  const { fingerprint } = entries;
  const path = join(cacheDir, automatonFileName(fingerprint, compat));
  return loadAutomaton(path, { fingerprint, compat }).catch(async () =>
    openAutomaton(await entries.load(), compat, { cacheDir }),
  );
}

function cacheFolderOf(control: RunControl): string {
  return control.cacheDir ?? defaultCacheFolder();
}

/** Recorded when a run starts: the file beside the list may be another one later. */
async function findSources(entries: KnownList, path: string | null): Promise<readonly ListSource[] | null> {
  if (path === null) return wordnetSources(entries.entryCount);
  return (await readListSources(path, entries.fingerprint)) ?? null;
}

function describeRun(
  options: ResolvedCurateOptions,
  entries: KnownList,
  sources: readonly ListSource[] | null,
  dropList: DropList | null,
  tasks: readonly RunTask[],
): RunFile {
  return {
    formatVersion: RUN_FORMAT_VERSION,
    toolVersion: TOOL_VERSION,
    metadata: {
      fingerprint: entries.fingerprint,
      entryCount: entries.entryCount,
      source: entries.source,
      path: options.metadata,
      sources,
    },
    match: {
      compat: options.compat,
      lang: options.lang,
      langThreshold: options.langThreshold,
      langModel: options.lang === 'off' ? null : `${LID_MODEL.name} sha256:${LID_MODEL.sha256}`,
      dropList: dropList?.fingerprint ?? null,
      urlColumn: options.urlColumn,
      textColumn: options.textColumn,
    },
    balance: { cap: options.cap, seed: options.seed },
    write: { schema: options.schema },
    tasks,
  };
}

const FINGERPRINTS_AT_ONCE = 16;

async function listTasks(inputs: readonly string[], onIgnored: (path: string) => void): Promise<RunTask[]> {
  const files = await listInputs([...inputs], onIgnored);
  const tasks: RunTask[] = [];
  for (let start = 0; start < files.length; start += FINGERPRINTS_AT_ONCE) {
    const slice = files.slice(start, start + FINGERPRINTS_AT_ONCE);
    const prints = await Promise.all(slice.map(({ path }) => fingerprintFile(path)));
    slice.forEach(({ path, format }, i) => {
      const print = prints[i];
      if (print !== undefined) tasks.push({ path, format, ...print });
    });
  }
  return tasks;
}

async function entriesOfRun(run: RunFile, options: ContinueOptions): Promise<KnownList> {
  const entries = await openKnownList(options.metadata ?? run.metadata.path, cacheFolderOf(options));
  if (entries.fingerprint === run.metadata.fingerprint) return entries;
  throw new MetaclipError(
    'E_METADATA_MISMATCH',
    `${entries.source}: not the entry list of this run (sha256 ${entries.fingerprint.slice(0, 12)}, the run has ${run.metadata.fingerprint.slice(0, 12)})`,
    {
      hint: 'name the list that the run was started with: --metadata FILE',
      details: { got: entries.fingerprint },
    },
  );
}

function prepareFolders(layout: RunLayout): void {
  checkWritable(layout.root);
  layout.outputFolders.forEach(removeStaleTemporaries);
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
