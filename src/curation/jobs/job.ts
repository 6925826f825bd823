/**
 * The pieces of work that run in worker threads (or, later, on other machines). A job is plain data; all that it reads and
 * writes are files of the run directory, so any worker can do it, again and again, with the same bytes as result.
 */
import type { LidMemory } from '../language/lid-memory.ts';
import type { MatcherMemory } from '../match/matcher-memory.ts';
import type { Compat } from '../compat.ts';
import type { RowRange } from '../dedup/dedup-plan.ts';
import type { DropList } from '../drop-list.ts';
import type { PieceReport } from '../run/markers.ts';
import type { ShardSchema } from '../write/shard-schema.ts';

/** One input file to matched rows. */
export interface MatchJob {
  readonly kind: 'match';
  readonly root: string;
  readonly task: number;
  readonly path: string;
  readonly format: string;
  readonly compat: Compat;
  readonly lang: 'en' | 'off';
  readonly langThreshold: number;
  readonly dropList: DropList | null;
  readonly urlColumn: string | null;
  readonly textColumn: string | null;
  /** Key-value metadata of the Parquet footer. */
  readonly footer: Readonly<Record<string, string>>;
}

/** A group of matched rows to one file by partition. */
export interface ScatterJob {
  readonly kind: 'scatter';
  readonly root: string;
  readonly group: number;
  readonly ranges: readonly RowRange[];
  readonly partitionCount: number;
}

/** A partition to the list of its duplicates. */
export interface ResolveJob {
  readonly kind: 'resolve';
  readonly root: string;
  readonly partition: number;
  readonly partitionCount: number;
  readonly groupCount: number;
  readonly taskCount: number;
}

/** What the jobs over a task's matched rows have in common. */
export interface TaskRows {
  readonly root: string;
  readonly task: number;
  readonly rowCount: number;
  readonly partitionCount: number;
}

/** Matched rows to sparse counts. */
export interface CountJob extends TaskRows {
  readonly kind: 'count';
  readonly entryCount: number;
  readonly footer: Readonly<Record<string, string>>;
}

/** Matched rows to the expected number of kept pairs for several caps; writes no file. */
export interface ExpectedJob extends TaskRows {
  readonly kind: 'expected';
  /** Float64 entry counts. */
  readonly counts: SharedArrayBuffer;
  readonly caps: readonly number[];
}

/** Matched rows to decisions. */
export interface BalanceJob extends TaskRows {
  readonly kind: 'balance';
  /** Float64 entry probabilities. */
  readonly q: SharedArrayBuffer;
  readonly seed: number;
  readonly footer: Readonly<Record<string, string>>;
}

/** Matched rows and decisions to a shard. */
export interface WriteJob {
  readonly kind: 'write';
  readonly root: string;
  readonly task: number;
  readonly schema: ShardSchema;
  readonly lang: string | null;
  readonly footer: Readonly<Record<string, string>>;
}

/** Any piece of work. */
export type Job = MatchJob | ScatterJob | ResolveJob | CountJob | ExpectedJob | BalanceJob | WriteJob;

/** What all jobs of a pool share; the buffers are shared memory, read only but for the counters. */
export interface JobContext {
  /** The automaton; needed by match jobs. */
  readonly automaton: MatcherMemory | null;
  /** Packed language model; needed by match jobs with `lang` on. */
  readonly languageModel: LidMemory | null;
  /** BigInt64 progress counters, see progress-counters.ts; added to atomically. */
  readonly progress: SharedArrayBuffer;
}

/** What a job gives back: a report for its marker, or numbers. */
export type JobResult = PieceReport & { readonly values?: readonly number[] };

/** Whoever runs jobs: worker threads here; other engines have the same contract. */
export interface JobRunner {
  /** Jobs that run at the same time. */
  readonly workers: number;
  /** Counters that running jobs add to; see progress-counters.ts. */
  readonly progress: BigInt64Array;
  /**
   * @param job - what to do
   * @param signal - aborts it
   * @returns its result
   */
  run(job: Job, signal?: AbortSignal): Promise<JobResult>;
}

/**
 * Does one piece of work.
 *
 * @param job - what to do
 * @param context - shared memory of the pool
 * @returns its report
 * @throws {@link MetaclipError} what the stage throws
 */
export async function runJob(job: Job, context: JobContext): Promise<JobResult> {
  const startMs = performance.now();
  const result = await dispatch(job, context);
  return {
    ...result,
    seconds: Number(((performance.now() - startMs) / 1000).toFixed(3)),
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024,
  };
}

/** A report without what {@link runJob} adds. */
export type BareResult = Omit<JobResult, 'seconds' | 'peakMemoryBytes'>;

/** The stages are loaded when first asked for: a thread that only matches needs no Parquet. */
async function dispatch(job: Job, context: JobContext): Promise<BareResult> {
  switch (job.kind) {
    case 'match':
      return (await import('./match-job.ts')).matchJob(job, context);
    case 'scatter':
      return (await import('./count-job.ts')).scatterJob(job);
    case 'resolve':
      return (await import('./count-job.ts')).resolveJob(job);
    case 'count':
      return (await import('./count-job.ts')).countJob(job);
    case 'expected':
      return (await import('./balance-job.ts')).expectedJob(job);
    case 'balance':
      return (await import('./balance-job.ts')).balanceJob(job);
    case 'write':
      return (await import('./write-job.ts')).writeJob(job);
  }
}
