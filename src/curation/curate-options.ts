/** Options of a curation run: what users write, and the checked form with nothing left out. */
import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { cacheFolder, LIST_CACHE } from '../common/cache-folder.ts';
import { MetaclipError } from '../common/errors.ts';
import { type CapOption, DEFAULT_T } from './balance/cap.ts';
import { COMPAT_MODES, type Compat } from './compat.ts';
import type { StageProgress } from './stages/run-pieces.ts';
import { SHARD_SCHEMAS, type ShardSchema } from './write/shard-schema.ts';

/** How a run is carried out; nothing here changes a byte of the result. */
export interface RunControl {
  /** Worker threads; default: one for each core. */
  readonly workers?: number;
  /** Stops the run when it fires; finished tasks are kept. */
  readonly signal?: AbortSignal;
  /** Called when a stage begins and after each finished piece of it. */
  readonly onProgress?: (progress: StageProgress) => void;
  /** Folder for built automata; default: `METACLIP_CACHE`, else the user's cache folder. */
  readonly cacheDir?: string;
}

/** How the cap is given: at most one of the three; default `t` 20,000. */
export interface CapChoice {
  /** Cap per entry, at least 1. */
  readonly t?: number;
  /** Tail share to aim at, in (0, 1); 0.06 is the published one. */
  readonly tailShare?: number;
  /** Number of curated pairs to aim at. */
  readonly target?: number;
}

/** What a run is made of. */
export interface CurateOptions extends RunControl, CapChoice {
  /** Files, folders or globs: WAT, WARC, Parquet, JSONL, CSV, TSV, webdataset tar; mixed as you like. */
  readonly inputs: readonly string[];
  /** Run directory: new, empty, or that of an interrupted run with the same inputs and options. */
  readonly out: string;
  /** Entry list: a JSON array of strings, or one entry a line; default: WordNet 3.0 names and the numbers 0-99. */
  readonly metadata?: string;
  /** Seed of the draws, an integer in [0, 2^53); default 0. */
  readonly seed?: number;
  /** `en` (default) keeps texts that lid.176 calls English; `off` asks no language model. */
  readonly lang?: 'en' | 'off';
  /** Least probability of the label `en`, in [0, 1]; default 0: the most probable label decides, as published. */
  readonly langThreshold?: number;
  /** Default `metaclip`: equal to the original, its quirks included. */
  readonly compat?: Compat;
  /** Column names of the shards; default `default`. */
  readonly schema?: ShardSchema;
  /** File of words and hosts; pairs with one of them are dropped. */
  readonly dropList?: string;
  /** Url column or key of pools; default: found by itself. */
  readonly urlColumn?: string;
  /** Text column or key of pools; default: found by itself. */
  readonly textColumn?: string;
}

/** Defaults of {@link CurateOptions}. */
export const DEFAULT_CURATE_OPTIONS = Object.freeze({
  cap: Object.freeze({ kind: 't', t: DEFAULT_T }) satisfies CapOption,
  seed: 0,
  lang: 'en',
  langThreshold: 0,
  compat: 'metaclip',
  schema: 'default',
} as const);

/** Checked options. */
export interface ResolvedCurateOptions {
  readonly inputs: readonly string[];
  /** Absolute path. */
  readonly out: string;
  readonly metadata: string | null;
  readonly cap: CapOption;
  readonly seed: number;
  readonly lang: 'en' | 'off';
  readonly langThreshold: number;
  readonly compat: Compat;
  readonly schema: ShardSchema;
  readonly dropList: string | null;
  readonly urlColumn: string | null;
  readonly textColumn: string | null;
}

/**
 * @param options - as users write them
 * @returns the checked form
 * @throws {@link MetaclipError} `E_USAGE` naming the first option that is wrong
 */
export function resolveCurateOptions(options: CurateOptions): ResolvedCurateOptions {
  if (options.inputs.length === 0) {
    throw usage('no input given', 'name files, folders or globs: metaclip curate INPUT... --out DIR');
  }
  if (options.out === '') throw usage('--out is empty', 'name a folder: --out my-run');
  return {
    inputs: options.inputs,
    out: resolve(options.out),
    metadata: options.metadata === undefined ? null : resolve(options.metadata),
    cap: resolveCap(options) ?? DEFAULT_CURATE_OPTIONS.cap,
    seed: checkSeed(options.seed ?? DEFAULT_CURATE_OPTIONS.seed),
    lang: checkOneOf('--lang', options.lang ?? DEFAULT_CURATE_OPTIONS.lang, ['en', 'off'] as const),
    langThreshold: checkShare(
      '--lang-threshold',
      options.langThreshold ?? DEFAULT_CURATE_OPTIONS.langThreshold,
    ),
    compat: checkOneOf('--compat', options.compat ?? DEFAULT_CURATE_OPTIONS.compat, COMPAT_MODES),
    schema: checkOneOf('--schema', options.schema ?? DEFAULT_CURATE_OPTIONS.schema, SHARD_SCHEMAS),
    dropList: options.dropList === undefined ? null : resolve(options.dropList),
    urlColumn: options.urlColumn ?? null,
    textColumn: options.textColumn ?? null,
  };
}

/**
 * @param choice - how the cap is given
 * @returns the checked form, or undefined when it is not given
 * @throws {@link MetaclipError} `E_USAGE` when given twice or out of range
 */
export function resolveCap(choice: CapChoice): CapOption | undefined {
  const given = [choice.t, choice.tailShare, choice.target].filter((value) => value !== undefined);
  if (given.length > 1) {
    throw usage('the cap is given twice', 'give one of --t N, --tail-share P and --target N');
  }
  if (choice.t !== undefined) return { kind: 't', t: checkCount('--t', choice.t) };
  if (choice.target !== undefined)
    return { kind: 'target', pairCount: checkCount('--target', choice.target) };
  if (choice.tailShare === undefined) return undefined;
  const share = checkShare('--tail-share', choice.tailShare);
  if (share === 0 || share === 1) {
    throw usage(`--tail-share ${share} is not between 0 and 1`, 'the published share is 0.06');
  }
  return { kind: 'tail-share', share };
}

/**
 * @param workers - as given
 * @returns number of worker threads
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function resolveWorkers(workers: number | undefined): number {
  if (workers === undefined) return availableParallelism();
  const count = checkCount('--workers', workers);
  if (count > 1024)
    throw usage(`--workers ${count} is over the limit of 1024`, 'one worker a core is the most that helps');
  return count;
}

/**
 * @param seed - as given
 * @returns the seed
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function checkSeed(seed: number): number {
  if (Number.isSafeInteger(seed) && seed >= 0) return seed;
  throw usage(`--seed ${seed} is not a whole number in [0, 2^53)`, 'for example --seed 42');
}

/**
 * @param name - option, for the message
 * @param value - as given
 * @param allowed - what it may be
 * @returns the value
 * @throws {@link MetaclipError} `E_USAGE` listing what is allowed
 */
export function checkOneOf<const T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  throw usage(`${name} ${JSON.stringify(value)} is not known`, `it can be ${allowed.join(', ')}`);
}

function checkCount(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw usage(`${name} ${value} is not a whole number of at least 1`, `for example ${name} 20000`);
}

function checkShare(name: string, value: number): number {
  if (value >= 0 && value <= 1) return value;
  throw usage(`${name} ${value} is not between 0 and 1`, `for example ${name} 0.06`);
}

function usage(message: string, hint: string): MetaclipError {
  return new MetaclipError('E_USAGE', message, { hint });
}

/**
 * @param control - how a run is carried out
 * @returns folder of what was made of entry lists
 */
export function cacheFolderOf(control: RunControl): string {
  return control.cacheDir ?? cacheFolder(LIST_CACHE);
}
