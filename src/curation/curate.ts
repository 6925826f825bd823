/**
 * A curation run from inputs to shards, or its first stage alone. Like `continueRun`, it does what is missing and nothing
 * twice, may be killed at any moment and called again.
 */
import { join } from 'node:path';
import { fingerprintFile } from '../common/files.ts';
import { TOOL_VERSION } from '../common/version.ts';
import { JobPool, type MatchMemory } from '../executors/job-pool.ts';
import { type KnownList, openKnownList } from '../metadata/known-list.ts';
import { wordnetSources } from '../metadata/wordnet-list.ts';
import { type ListSource, readListSources } from '../metadata/write-list.ts';
import { carryOut, type CurateResult, type LastStage, prepareFolders } from './carry-out.ts';
import {
  cacheFolderOf,
  type CurateOptions,
  resolveCurateOptions,
  type ResolvedCurateOptions,
  resolveWorkers,
} from './curate-options.ts';
import { type DropList, loadDropList } from './drop-list.ts';
import { shareLidModel } from './language/lid-memory.ts';
import { LID_MODEL, readLidModel } from './language/lid-model.ts';
import type { PackedAutomaton } from './match/automaton.ts';
import { shareAutomaton } from './match/matcher-memory.ts';
import { automatonFileName, loadAutomaton, openAutomaton } from './match/automaton-cache.ts';
import type { Compat } from './compat.ts';
import { RunLayout } from './run/layout.ts';
import { openRun, RUN_FORMAT_VERSION, type RunFile, type RunTask } from './run/run-file.ts';
import { listInputs } from './sources/list-inputs.ts';
import { runMatchStage } from './stages/match-stage.ts';

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
 * The first stage alone: every input file to its matched pairs. Go on with `continueRun`.
 *
 * @param options - as for {@link curate}; cap, seed and schema are remembered for the later stages
 * @returns what was done
 * @throws {@link MetaclipError} as {@link curate}
 */
export function matchInputs(options: CurateOptions): Promise<CurateResult> {
  return startRun(options, 'match');
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
    match: (context) => runMatchStage(context, run, dropList),
    openMatchPool: () => openPool(run, entries, options),
    startsEarly: false,
    lastStage,
    control: options,
    startMs,
    resumed,
    ignoredFiles: ignored,
  });
}

/** Threads take as long to come up as the automaton. */
function openPool(run: RunFile, entries: KnownList, options: CurateOptions): JobPool {
  const workers = resolveWorkers(options.workers);
  const memory = loadMatchMemory(run, entries, cacheFolderOf(options));
  return new JobPool({ workers, memory, startNow: Math.min(workers, run.tasks.length) });
}

async function loadMatchMemory(run: RunFile, entries: KnownList, cacheDir: string): Promise<MatchMemory> {
  const automaton = await findAutomaton(entries, run.match.compat, cacheDir);
  const languageModel = run.match.lang === 'off' ? null : shareLidModel(readLidModel());
  return { automaton: shareAutomaton(automaton), languageModel };
}

/** From the cache by the fingerprint alone; the entries are only read where it has to be built. */
async function findAutomaton(entries: KnownList, compat: Compat, cacheDir: string): Promise<PackedAutomaton> {
  const { fingerprint } = entries;
  const path = join(cacheDir, automatonFileName(fingerprint, compat));
  return loadAutomaton(path, { fingerprint, compat }).catch(async () =>
    openAutomaton(await entries.load(), compat, { cacheDir }),
  );
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
