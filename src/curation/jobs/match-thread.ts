/**
 * A thread that matches and writes the pairs that another thread reads: the two take about the same time. One per worker,
 * started when a task turns out to be large and kept for the tasks after it.
 */
import { Worker } from 'node:worker_threads';
import { MetaclipError, type PlainError } from '../../common/errors.ts';
import type { MatchedPaths } from '../matched/matched-files.ts';
import type { PairColumns } from '../pair-batch.ts';
import type { JobContext, MatchJob } from './job.ts';
import type { MatchTotals, PairSink } from './match-sink.ts';

/** What is asked of the thread; one task at a time, answered in order. */
export type MatchRequest =
  | {
      readonly kind: 'open';
      readonly job: MatchJob;
      readonly paths: MatchedPaths;
    }
  | { readonly kind: 'write'; readonly columns: PairColumns }
  | { readonly kind: 'close' }
  | { readonly kind: 'abort' };

/** What the thread answers. */
export type MatchAnswer =
  | { readonly ok: true; readonly totals: MatchTotals | null }
  | { readonly ok: false; readonly error: PlainError | null; readonly message: string };

/**
 * Batches on their way, half a megabyte each: as many as are read while a block is encoded, so that the reader need not wait (with
 * four it stood still for 3 to 5% of a WAT file).
 */
const BATCHES_IN_FLIGHT = 8;
const YOUNG_GENERATION_MIB = 8;

/** The thread, and the answers that are still to come. */
class MatchThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (totals: MatchTotals | null) => void; reject: (error: unknown) => void }[] =
    [];

  /** @param context - crosses over once: kernels take scratch memory for each copy of it that arrives */
  constructor(context: JobContext) {
    const file = import.meta.url.endsWith('.ts') ? 'match-thread-from-source.mjs' : 'match-thread-entry.js';
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB };
    this.#worker = new Worker(new URL(`./${file}`, import.meta.url), {
      workerData: context,
      resourceLimits,
    });
    this.#worker.on('message', (answer: MatchAnswer) => {
      const waiting = this.#waiting.shift();
      if (answer.ok) waiting?.resolve(answer.totals);
      else
        waiting?.reject(
          answer.error === null ? new Error(answer.message) : MetaclipError.fromPlain(answer.error),
        );
      if (this.#waiting.length === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => {
      for (const { reject } of this.#waiting.splice(0)) reject(error);
    });
    this.#worker.unref();
  }

  ask(request: MatchRequest, transfer: ArrayBuffer[] = []): Promise<MatchTotals | null> {
    // An idle thread does not keep the process alive; one at work does.
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }
}

let thread: MatchThread | undefined;

/** Passes batches to the match thread. */
export class ThreadedSink implements PairSink {
  readonly #thread: MatchThread;
  readonly #inFlight: Promise<unknown>[] = [];

  private constructor(matchThread: MatchThread) {
    this.#thread = matchThread;
  }

  /**
   * @param job - options of the task
   * @param context - automaton, language model, progress counters; the same in each call of a thread
   * @param paths - where the files go, under temporary names
   * @returns a sink that takes batches at once, while the thread is still starting; only one at a time in a thread
   */
  static open(job: MatchJob, context: JobContext, paths: MatchedPaths): ThreadedSink {
    thread ??= new MatchThread(context);
    const sink = new ThreadedSink(thread);
    sink.#ask({ kind: 'open', job, paths });
    return sink;
  }

  async write(columns: PairColumns): Promise<void> {
    const { urlOffsets, urlBytes, textOffsets, textBytes, textKeys, pageIds } = columns;
    const arrays = [urlOffsets, urlBytes, textOffsets, textBytes, textKeys, pageIds];
    this.#ask(
      { kind: 'write', columns },
      arrays.map((array) => array.buffer),
    );
    if (this.#inFlight.length > BATCHES_IN_FLIGHT) await this.#inFlight.shift();
  }

  #ask(request: MatchRequest, transfer: ArrayBuffer[] = []): void {
    const done = this.#thread.ask(request, transfer);
    // A failure reaches the caller with a later batch or at the end.
    done.catch(() => undefined);
    this.#inFlight.push(done);
  }

  async close(): Promise<MatchTotals> {
    await Promise.all(this.#inFlight);
    const totals = await this.#thread.ask({ kind: 'close' });
    if (totals === null) throw new Error('the match thread closed without totals');
    return totals;
  }

  async abort(): Promise<void> {
    await this.#thread.ask({ kind: 'abort' }).catch(() => undefined);
  }
}
