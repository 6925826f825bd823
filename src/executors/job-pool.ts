/** Runs jobs in piscina's worker threads, which share the automaton, the language model and the progress counters. */
import { Piscina } from 'piscina';
import { MetaclipError } from '../common/errors.ts';
import type { LidMemory } from '../curation/language/lid-memory.ts';
import type { MatcherMemory } from '../curation/match/matcher-memory.ts';
import type { Job, JobContext, JobResult, JobRunner } from '../curation/jobs/job.ts';
import { PROGRESS } from '../curation/jobs/progress-counters.ts';
import type { JobOutcome, WorkRequest } from './worker.ts';

const YOUNG_GENERATION_MIB = 8;

/** What all threads of a pool match with. */
export interface MatchMemory {
  readonly automaton: MatcherMemory;
  readonly languageModel: LidMemory | null;
}

/** What a pool is made of. */
export interface JobPoolOptions {
  /** Number of worker threads. */
  readonly workers: number;
  /** For matching; where it is still being made, the threads come up meanwhile, and jobs wait. */
  readonly memory?: Promise<MatchMemory>;
  /** Threads that start at once and not with their first job; default 1. */
  readonly startNow?: number;
}

/** A fixed number of worker threads; close it. */
export class JobPool implements JobRunner {
  readonly workers: number;
  readonly progress: BigInt64Array<SharedArrayBuffer>;
  readonly #pool: Piscina<WorkRequest, JobOutcome>;
  readonly #context: Promise<JobContext>;

  /**
   * The other threads come up with the first jobs.
   *
   * @param options - threads and shared memory
   */
  constructor(options: JobPoolOptions) {
    this.workers = options.workers;
    this.progress = new BigInt64Array(new SharedArrayBuffer(PROGRESS.slots * 8));
    const progress = this.progress.buffer;
    const bare = { automaton: null, languageModel: null };
    this.#context = Promise.resolve(options.memory ?? bare).then((memory) => ({ ...memory, progress }));
    // Jobs tell of a failure; without one nobody asks.
    this.#context.catch(() => undefined);
    const file = import.meta.url.endsWith('.ts') ? 'worker-from-source.mjs' : 'worker.js';
    this.#pool = new Piscina<WorkRequest, JobOutcome>({
      filename: new URL(`./${file}`, import.meta.url).href,
      minThreads: options.startNow ?? 1,
      maxThreads: options.workers,
      idleTimeout: 60_000,
      // Asynchronous file handles and streams must go on between jobs, so a worker never blocks on Atomics.wait.
      atomics: 'disabled',
      // Extraction makes short-lived strings only. V8's default of 48 MB a thread for them is memory without a gain.
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB },
      recordTiming: false,
    });
  }

  /**
   * @param job - what to do
   * @param signal - aborts waiting and running jobs
   * @returns its result
   * @throws {@link MetaclipError} what the job throws; what making the memory throws
   */
  async run(job: Job, signal?: AbortSignal): Promise<JobResult> {
    const request = { job, context: await this.#context };
    const outcome = await this.#pool.run(request, signal === undefined ? {} : { signal });
    if (outcome.ok) return outcome.result;
    throw MetaclipError.fromPlain(outcome.error);
  }

  /** Stops all threads at once, jobs in progress included. */
  async close(): Promise<void> {
    await this.#pool.destroy();
  }
}
