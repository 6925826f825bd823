/**
 * A thread that writes matched rows for the thread that finds them: hashing and encoding take about a third of the match
 * stage. One per worker, started when a task first fills a block and kept for the tasks after it.
 */
import { Worker } from 'node:worker_threads';
import { MetaclipError, type PlainError } from '../../common/errors.ts';
import type { MatchedColumns } from './matched-block.ts';
import type { MatchedPaths, MatchedSink, MatchedTotals } from './matched-files.ts';

/** What is asked of the thread; one task at a time, answered in order. */
export type WriterRequest =
  | { readonly kind: 'open'; readonly paths: MatchedPaths }
  | { readonly kind: 'write'; readonly columns: MatchedColumns }
  | { readonly kind: 'close' }
  | { readonly kind: 'abort' };

/** What the thread answers. */
export type WriterAnswer =
  | { readonly ok: true; readonly totals: MatchedTotals | null }
  | { readonly ok: false; readonly error: PlainError | null; readonly message: string };

/** The thread, and the answers that are still to come. */
class WriterThread {
  readonly #worker: Worker;
  readonly #waiting: { resolve: (totals: MatchedTotals | null) => void; reject: (error: unknown) => void }[] =
    [];

  constructor() {
    const file = import.meta.url.endsWith('.ts') ? 'writer-thread-from-source.mjs' : 'writer-thread-entry.js';
    this.#worker = new Worker(new URL(`./${file}`, import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    });
    this.#worker.on('message', (answer: WriterAnswer) => {
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

  ask(request: WriterRequest, transfer: ArrayBuffer[] = []): Promise<MatchedTotals | null> {
    // An idle thread does not keep the process alive; one at work does.
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#worker.postMessage(request, transfer);
    });
  }
}

let thread: WriterThread | undefined;

/** Passes blocks to the writer thread; one block may wait while the one before it is written. */
export class ThreadedSink implements MatchedSink {
  readonly #thread: WriterThread;
  #previous: Promise<unknown> = Promise.resolve();

  private constructor(writer: WriterThread) {
    this.#thread = writer;
  }

  /**
   * @param paths - where the files go
   * @returns an open sink; only one at a time in a thread
   */
  static async create(paths: MatchedPaths): Promise<ThreadedSink> {
    thread ??= new WriterThread();
    await thread.ask({ kind: 'open', paths });
    return new ThreadedSink(thread);
  }

  async write(columns: MatchedColumns): Promise<void> {
    const { url, caption, textKeys, pageIds, ids, idEnds } = columns;
    const arrays = [url.bytes, url.offsets, caption.bytes, caption.offsets, textKeys, pageIds, ids, idEnds];
    const done = this.#thread.ask(
      { kind: 'write', columns },
      arrays.map((array) => array.buffer),
    );
    // A failure reaches the caller with the next block or at the end.
    done.catch(() => undefined);
    await this.#previous;
    this.#previous = done;
  }

  async close(): Promise<MatchedTotals> {
    await this.#previous;
    return (await this.#thread.ask({ kind: 'close' })) ?? { rowCount: 0, matchCount: 0 };
  }

  async abort(): Promise<void> {
    await this.#thread.ask({ kind: 'abort' }).catch(() => undefined);
  }
}
