/**
 * run.json: everything that a run's result depends on. Written once when a run starts; a later start with other inputs or
 * options is refused with the difference named, so that one directory never mixes two runs.
 *
 * The options of the later stages (balance, write) may be changed deliberately through `metaclip balance` and
 * `metaclip write`; what was made with the old ones is then made anew.
 */
import { readdir } from 'node:fs/promises';
import { MetaclipError } from '../../common/errors.ts';
import { readJsonFile, writeFileAtomic } from '../../common/files.ts';
import { canonicalJson, fingerprintOf } from '../../common/hashing.ts';
import type { ListSource } from '../../metadata/write-list.ts';
import type { CapOption } from '../balance/cap.ts';
import type { Compat } from '../compat.ts';
import type { ShardSchema } from '../write/shard-schema.ts';
import type { RunLayout } from './layout.ts';
import { countMarkers } from './markers.ts';

/** Raised when a change of the tool changes the bytes of a run's files. */
export const RUN_FORMAT_VERSION = 1;

/** One input file: the unit of work, restart and bookkeeping. */
export interface RunTask {
  /** Absolute path. */
  readonly path: string;
  readonly format: string;
  readonly sizeBytes: number;
  /** See `fingerprintFile`. */
  readonly fingerprint: string;
}

/** What decides about the matched pairs. */
export interface MatchOptions {
  readonly compat: Compat;
  readonly lang: 'en' | 'off';
  /** Least probability of the label `en`; 0 takes the most probable label as it is. */
  readonly langThreshold: number;
  /** Name and sha256 of the language model; null when off. */
  readonly langModel: string | null;
  /** Fingerprint of the drop list; null when there is none. */
  readonly dropList: string | null;
  /** Url column of pools; null when found by itself. */
  readonly urlColumn: string | null;
  readonly textColumn: string | null;
}

/** What decides about the kept pairs. */
export interface BalanceOptions {
  readonly cap: CapOption;
  readonly seed: number;
}

/** How the result is written. */
export interface WriteOptions {
  readonly schema: ShardSchema;
}

/** Content of run.json. */
export interface RunFile {
  readonly formatVersion: number;
  readonly toolVersion: string;
  readonly metadata: {
    readonly fingerprint: string;
    readonly entryCount: number;
    readonly source: string;
    /** Absolute path of the list; null for the one that comes with the package. */
    readonly path: string | null;
    /** Where its entries come from, in list order; null or absent where that is not known. */
    readonly sources?: readonly ListSource[] | null;
  };
  readonly match: MatchOptions;
  readonly balance: BalanceOptions;
  readonly write: WriteOptions;
  readonly tasks: readonly RunTask[];
}

/**
 * @param layout - run directory
 * @returns run.json, or undefined when the directory holds no run
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function readRunFile(layout: RunLayout): Promise<RunFile | undefined> {
  const value = await readJsonFile(layout.runFile);
  if (value === undefined) return undefined;
  if (!isRunFile(value)) {
    throw new MetaclipError(
      'E_DAMAGED_RUN_FILE',
      `${layout.runFile}: not a run file of format ${RUN_FORMAT_VERSION}`,
      {
        hint: 'it was written by another version of metaclip, or changed by hand; start a new run in another --out',
        details: { path: layout.runFile },
      },
    );
  }
  return value;
}

/**
 * @param layout - run directory
 * @returns run.json
 * @throws {@link MetaclipError} `E_RUN_MISSING` when the directory holds no run, `E_DAMAGED_RUN_FILE`
 */
export async function requireRunFile(layout: RunLayout): Promise<RunFile> {
  const run = await readRunFile(layout);
  if (run !== undefined) return run;
  throw new MetaclipError('E_RUN_MISSING', `${layout.root}: there is no run here (no run.json)`, {
    hint: `start one: metaclip curate INPUT... --out ${layout.root}`,
    details: { path: layout.root },
  });
}

/**
 * @param layout - run directory
 * @param run - content
 */
export async function writeRunFile(layout: RunLayout, run: RunFile): Promise<void> {
  await writeFileAtomic(layout.runFile, `${JSON.stringify(run, null, 2)}\n`);
}

/**
 * Starts a run, or takes up the one that is there if it has the same inputs and options.
 *
 * @param layout - run directory
 * @param wanted - what is asked for now
 * @returns true when an earlier run is taken up
 * @throws {@link MetaclipError} `E_RUN_MISMATCH` with the difference, `E_OUTPUT_NOT_EMPTY` when the folder holds other things
 */
export async function openRun(layout: RunLayout, wanted: RunFile): Promise<boolean> {
  const existing = await readRunFile(layout);
  if (existing === undefined) {
    const names = (await readdir(layout.root)).filter(
      (name) => !name.startsWith('.') && !name.includes('.tmp-'),
    );
    if (names.length > 0) {
      throw new MetaclipError(
        'E_OUTPUT_NOT_EMPTY',
        `${layout.root}: the folder is not empty and holds no run (it has ${names.slice(0, 3).join(', ')}${names.length > 3 ? ', ...' : ''})`,
        { hint: 'give an empty or new folder as --out', details: { path: layout.root, got: names.length } },
      );
    }
    await writeRunFile(layout, wanted);
    return false;
  }
  const differences = describeDifferences(existing, wanted);
  if (differences.length > 0) {
    // Nothing was finished under the old options (a misspelt column, say), so nothing can be mixed up.
    if ((await countMarkers(layout, 'match')) === 0) {
      await writeRunFile(layout, wanted);
      return false;
    }
    throw new MetaclipError(
      'E_RUN_MISMATCH',
      `${layout.root}: this run was started otherwise:\n${differences.map((line) => `  - ${line}`).join('\n')}`,
      {
        hint: differences.every((line) => /^--(t|tail-share|target|seed|schema|cap)\b/.test(line))
          ? `re-sample the matched pairs with \`metaclip balance ${layout.root} ...\` and \`metaclip write ${layout.root} ...\`, or choose another --out`
          : 'repeat the first options to take it up, or choose another --out',
        details: { path: layout.root },
      },
    );
  }
  return true;
}

/**
 * @param before - the run as it was started
 * @param now - what is asked for
 * @returns one line a difference; empty when the results would be the same
 */
export function describeDifferences(before: RunFile, now: RunFile): string[] {
  const lines: string[] = [];
  const compare = (name: string, old: unknown, wanted: unknown): void => {
    const [a, b] = [canonicalJson(old), canonicalJson(wanted)];
    if (a !== b) lines.push(`${name} was ${shown(old)}, now ${shown(wanted)}`);
  };
  compare('format version', before.formatVersion, now.formatVersion);
  if (before.metadata.fingerprint !== now.metadata.fingerprint) {
    const describe = (list: RunFile['metadata']): string =>
      `${list.source} (${list.entryCount} entries, ${list.fingerprint.slice(0, 12)})`;
    lines.push(`--metadata was ${describe(before.metadata)}, now ${describe(now.metadata)}`);
  }
  compare('--compat', before.match.compat, now.match.compat);
  compare('--lang', before.match.lang, now.match.lang);
  compare('--lang-threshold', before.match.langThreshold, now.match.langThreshold);
  compare('language model', before.match.langModel, now.match.langModel);
  compare('--drop-list', before.match.dropList, now.match.dropList);
  compare('--url-column', before.match.urlColumn, now.match.urlColumn);
  compare('--text-column', before.match.textColumn, now.match.textColumn);
  if (canonicalJson(before.balance.cap) !== canonicalJson(now.balance.cap)) {
    lines.push(`${capFlag(now.balance.cap)} was ${capFlag(before.balance.cap)}`);
  }
  compare('--seed', before.balance.seed, now.balance.seed);
  compare('--schema', before.write.schema, now.write.schema);
  lines.push(...describeInputDifferences(before.tasks, now.tasks));
  return lines;
}

function describeInputDifferences(before: readonly RunTask[], now: readonly RunTask[]): string[] {
  const old = new Map(before.map((task) => [task.path, task]));
  const wanted = new Map(now.map((task) => [task.path, task]));
  const lines: string[] = [];
  const note = (what: string, paths: string[]): void => {
    if (paths.length === 0) return;
    const more = paths.length > 3 ? ` and ${paths.length - 3} more` : '';
    lines.push(`${what}: ${paths.slice(0, 3).join(', ')}${more}`);
  };
  note(
    'input no longer given',
    [...old.keys()].filter((path) => !wanted.has(path)),
  );
  note(
    'input added',
    [...wanted.keys()].filter((path) => !old.has(path)),
  );
  note(
    'input changed since',
    [...wanted].flatMap(([path, task]) => {
      const earlier = old.get(path);
      return earlier !== undefined && earlier.fingerprint !== task.fingerprint
        ? [`${path} (${earlier.sizeBytes} bytes then, ${task.sizeBytes} now)`]
        : [];
    }),
  );
  return lines;
}

function capFlag(cap: CapOption): string {
  if (cap.kind === 't') return `--t ${cap.t}`;
  return cap.kind === 'tail-share' ? `--tail-share ${cap.share}` : `--target ${cap.pairCount}`;
}

function shown(value: unknown): string {
  return value === null ? 'not given' : typeof value === 'string' ? value : canonicalJson(value);
}

/**
 * @param run - run file
 * @returns key of the match stage: what all its tasks depend on beside their own input
 */
export function matchKeyOf(run: RunFile): string {
  return fingerprintOf({ version: run.formatVersion, metadata: run.metadata.fingerprint, match: run.match });
}

function isRunFile(value: unknown): value is RunFile {
  return (
    typeof value === 'object' &&
    value !== null &&
    'formatVersion' in value &&
    value.formatVersion === RUN_FORMAT_VERSION &&
    ['metadata', 'match', 'balance', 'write'].every((name) => typeof Reflect.get(value, name) === 'object') &&
    'tasks' in value &&
    Array.isArray(value.tasks)
  );
}
