/**
 * A thread that matches and writes the pairs that another thread reads: the two take about the same time. One per worker,
 * started when a task turns out to be large and kept for the tasks after it.
 */
import { Worker } from 'node:worker_threads';
import { MetaclipError, type PlainError } from '../../common/errors.ts';
import type { MatchedPaths } from '../matched/matched-files.ts';
import type { PairColumns } from '../pair-batch.ts';
import { type CutMembers, type MemberRelay, UnusualMembersError } from '../sources/member-relay.ts';
import type { JobContext, MatchJob } from './job.ts';
import type { MatchTotals, PairSink } from './match-sink.ts';

/** What the thread is started with. */
export interface MatchThreadData {
  readonly context: JobContext;
  /** Number of requests that it has handled: one 32-bit word. The answers tell it too, but only between turns of the event loop. */
  readonly handled: SharedArrayBuffer;
}

/** What is asked of the thread; one task at a time, answered in order. */
export type MatchRequest =
  | {
      readonly kind: 'open';
      readonly job: MatchJob;
      readonly paths: MatchedPaths;
    }
  | { readonly kind: 'write'; readonly columns: PairColumns }
  | { readonly kind: 'members'; readonly members: CutMembers }
  | { readonly kind: 'close' }
  | { readonly kind: 'abort' };

/** What the thread answers. */
export type MatchAnswer =
  | { readonly ok: true; readonly totals: MatchTotals | null }
  | {
      readonly ok: false;
      readonly error: PlainError | null;
      /** True for an {@link UnusualMembersError}. */
      readonly isUnusual: boolean;
      readonly message: string;
    };

/**
 * Batches on their way, half a megabyte each: as many as are read while a block is encoded, so that the reader need not wait (with
 * four it stood still for 3 to 5% of a WAT file).
 */
const BATCHES_IN_FLIGHT = 8;
/** Requests that are waiting when the thread is given members to read, so that it never stands still. */
const FEW_IN_FLIGHT = 3;
/** Bytes of these members: so many that handing them on, and the batch before them that is not full, cost little beside reading them. */
const RELAYED_BYTES = 384 << 10;
const YOUNG_GENERATION_MIB = 8;

/** The thread, and the answers that are still to come. */
class MatchThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (totals: MatchTotals | null) => void; reject: (error: unknown) => void }[] =
    [];
  readonly #handled = new Int32Array(new SharedArrayBuffer(4));
  #askedCount = 0;
  #death: Error | undefined;

  /** @param context - crosses over once: kernels take scratch memory for each copy of it that arrives */
  constructor(context: JobContext) {
    const file = import.meta.url.endsWith('.ts') ? 'match-thread-from-source.mjs' : 'match-thread-entry.js';
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB };
    const workerData: MatchThreadData = { context, handled: this.#handled.buffer };
    this.#worker = new Worker(new URL(`./${file}`, import.meta.url), { workerData, resourceLimits });
    this.#worker.on('message', (answer: MatchAnswer) => {
      const waiting = this.#waiting.shift();
      if (answer.ok) waiting?.resolve(answer.totals);
      else waiting?.reject(toError(answer));
      if (this.#waiting.length === 0) this.#worker.unref();
    });
    this.#worker.on('error', (error) => {
      this.#end(error);
    });
    this.#worker.on('exit', (code) => {
      this.#end(new Error(`the match thread ended with code ${code}`));
    });
    this.#worker.unref();
  }

  /** The thread is dead: whoever waits and whoever asks is told so, and the next task starts another. */
  #end(error: Error): void {
    this.#death ??= error;
    if (thread === this) thread = undefined;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#death);
  }

  /** @returns requests that are not handled yet, as of now */
  get waitingCount(): number {
    return this.#askedCount - Atomics.load(this.#handled, 0);
  }

  ask(request: MatchRequest, transfer: ArrayBuffer[] = []): Promise<MatchTotals | null> {
    this.#askedCount++;
    return new Promise((resolve, reject) => {
      if (this.#death !== undefined) {
        reject(this.#death);
        return;
      }
      // An idle thread does not keep the process alive; one at work does.
      this.#worker.ref();
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }
}

function toError({ error, isUnusual, message }: MatchAnswer & { ok: false }): Error {
  if (isUnusual) return new UnusualMembersError(message);
  return error === null ? new Error(message) : MetaclipError.fromPlain(error);
}

let thread: MatchThread | undefined;

/** Passes batches to the match thread. */
export class ThreadedSink implements PairSink {
  /** Gives the thread members of the task's file to read while it has little else to do. */
  readonly relay: MemberRelay = {
    countWanted: () => (!this.#hasFailed && this.#thread.waitingCount <= FEW_IN_FLIGHT ? RELAYED_BYTES : 0),
    send: (members) => {
      this.#ask(
        { kind: 'members', members },
        members.parts.map((part) => part.buffer),
      );
    },
  };
  readonly #thread: MatchThread;
  readonly #inFlight: Promise<unknown>[] = [];
  #hasFailed = false;

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
    while (this.#inFlight.length > BATCHES_IN_FLIGHT) await this.#inFlight.shift();
  }

  #ask(request: MatchRequest, transfer: ArrayBuffer[] = []): void {
    const done = this.#thread.ask(request, transfer);
    // A failure reaches the caller with a later batch or at the end.
    done.catch(() => {
      this.#hasFailed = true;
    });
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
