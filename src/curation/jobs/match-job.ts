/**
 * The match stage for one input file: extract, match, filter, write. A small file is done in this thread; for a larger one, and from
 * the first {@link HELD_BATCHES} batches of any on, a match thread takes the pairs, so that reading goes on meanwhile.
 */
import { rm, stat } from 'node:fs/promises';
import { MetaclipError } from '../../common/errors.ts';
import { commitFile, ensureFolder, temporaryPathFor } from '../../common/files.ts';
import { UNREADABLE_REASON } from '../drop-reasons.ts';
import type { MatchedPaths } from '../matched/matched-files.ts';
import { copyColumns, type PairBatch, type PairColumns } from '../pair-batch.ts';
import { RunLayout } from '../run/layout.ts';
import { openPairReader } from '../sources/open-input.ts';
import { type MemberRelay, UnusualMembersError } from '../sources/member-relay.ts';
import { DropLog, type UrlOrigins } from '../sources/source.ts';
import type { BareResult, JobContext, MatchJob } from './job.ts';
import type { MatchTotals, PairSink } from './match-sink.ts';
import { ThreadedSink } from './match-thread.ts';
import { PROGRESS, TaskProgress } from './progress-counters.ts';
import { mergeDrops } from './relayed-members.ts';

/** Batches of a file that are kept before a match thread is started for it: at most 16,384 pairs or 8 MB. */
const HELD_BATCHES = 4;

/** Files from this size on have more batches than are held, as a rule: their match thread starts while they are being opened. */
const LARGE_FILE_BYTES = 8 << 20;

/** Failures of one input that must not end a run over 90,000 of them; anything else ends it. */
const FILE_FAILURES: ReadonlySet<string> = new Set(['E_INPUT_UNREADABLE', 'E_FORMAT_UNKNOWN']);

/**
 * Memory: {@link HELD_BATCHES} batches, one block of matched rows, and what the reader of the format states.
 *
 * @param job - input file and options
 * @param context - automaton, language model, progress counters
 * @returns report with `pairs` (read), `matched` (kept rows), `matches`, `linked` and `relative` (see UrlOrigins), and drops by
 *   reason
 * @throws {@link MetaclipError} `E_COLUMN_MISSING`, `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function matchJob(job: MatchJob, context: JobContext): Promise<BareResult> {
  const isShared = await isLarge(job.path);
  try {
    return await matchFile(job, context, isShared);
  } catch (error) {
    if (!(error instanceof UnusualMembersError)) throw error;
    return await matchFile(job, context, false);
  }
}

/** With `isShared` the match thread reads members of the file, too, when it has time. */
async function matchFile(job: MatchJob, context: JobContext, isShared: boolean): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const outputs = [layout.matched(job.task), layout.keys(job.task)] as const;
  await ensureFolder(layout.outputFolders[1] ?? layout.root);
  const paths = {
    parquetPath: temporaryPathFor(outputs[0]),
    keysPath: temporaryPathFor(outputs[1]),
    metadata: job.footer,
  };
  const pairs = new PairQueue(job, context, paths);
  const reading = new Reading(job, context);
  try {
    const failure = await reading.read(pairs, isShared ? pairs.startThread().relay : undefined);
    const totals = await pairs.close();
    // Both at once: most of it is waiting for the disk.
    const sizes = await Promise.all([
      commitFile(paths.parquetPath, outputs[0]),
      commitFile(paths.keysPath, outputs[1]),
    ]);
    const committed = outputs.map((path, at) => ({ path, sizeBytes: sizes[at] ?? 0 }));
    const { origins } = reading;
    const { relayed } = totals;
    const drops = relayed === undefined ? reading.drops : mergeDrops(reading.drops, relayed);
    if (failure !== undefined) drops.drop(UNREADABLE_REASON, -1, -1, failure.message);
    const counts = new Map([...drops.counts, ...totals.drops]);
    return {
      outputs: committed,
      totals: {
        pairs: totals.pairCount,
        matched: totals.matchedCount,
        matches: totals.matchCount,
        linked: origins.linked + (relayed?.origins.linked ?? 0),
        relative: origins.relative + (relayed?.origins.relative ?? 0),
      },
      drops: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
      samples: [...drops.samples, ...totals.samples],
      ...(failure === undefined ? {} : { failure }),
    };
  } catch (error) {
    await pairs.abort();
    reading.takeBackProgress();
    throw error;
  } finally {
    for (const path of [paths.parquetPath, paths.keysPath]) await rm(path, { force: true });
  }
}

/** A file that can't be looked at is told of when it is read. */
async function isLarge(path: string): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size >= LARGE_FILE_BYTES,
    () => false,
  );
}

/** Reads the file, and keeps count of what was read and left out. */
class Reading {
  readonly drops = new DropLog();
  readonly origins: UrlOrigins = { linked: 0, relative: 0 };
  readonly #job: MatchJob;
  readonly #progress: TaskProgress;

  constructor(job: MatchJob, context: JobContext) {
    this.#job = job;
    this.#progress = new TaskProgress(context.progress);
  }

  /** Reads to the end; returns why that could not be, if it could not. */
  async read(
    pairs: PairQueue,
    relay: MemberRelay | undefined,
  ): Promise<{ code: string; message: string } | undefined> {
    const { format, path, compat, urlColumn, textColumn } = this.#job;
    const batches = openPairReader(format)(path, {
      compat,
      drops: this.drops,
      origins: this.origins,
      onBytes: (byteCount) => {
        this.#progress.add(PROGRESS.bytes, byteCount);
      },
      ...(relay === undefined ? {} : { relay }),
      ...(urlColumn === null ? {} : { urlColumn }),
      ...(textColumn === null ? {} : { textColumn }),
    });
    try {
      for await (const batch of batches) {
        this.#progress.add(PROGRESS.pairs, batch.rowCount);
        await pairs.write(batch);
      }
      return undefined;
    } catch (error) {
      if (!(error instanceof MetaclipError) || !FILE_FAILURES.has(error.code)) throw error;
      return { code: error.code, message: error.message };
    }
  }

  /** For a file that is read once more. */
  takeBackProgress(): void {
    this.#progress.takeBack();
  }
}

/** Holds the first batches, and decides by them which thread matches. */
class PairQueue {
  readonly #job: MatchJob;
  readonly #context: JobContext;
  readonly #paths: MatchedPaths;
  #held: PairColumns[] = [];
  #sink: PairSink | undefined;

  constructor(job: MatchJob, context: JobContext, paths: MatchedPaths) {
    this.#job = job;
    this.#context = context;
    this.#paths = paths;
  }

  async write(batch: PairBatch): Promise<void> {
    const columns = copyColumns(batch);
    if (this.#sink === undefined) {
      this.#held.push(columns);
      if (this.#held.length < HELD_BATCHES) return;
      await this.#writeHeld(this.startThread());
    } else {
      await this.#sink.write(columns);
    }
  }

  /** Once: before the first batch, or when so many are held that a thread pays. */
  startThread(): ThreadedSink {
    const threaded = ThreadedSink.open(this.#job, this.#context, this.#paths);
    this.#sink = threaded;
    return threaded;
  }

  async close(): Promise<MatchTotals> {
    if (this.#sink === undefined) {
      // Loaded here: a thread with a match thread beside it needs neither the matcher nor Parquet.
      const { MatchSink } = await import('./match-sink.ts');
      this.#sink = await MatchSink.create(this.#job, this.#context, this.#paths);
      await this.#writeHeld(this.#sink);
    }
    return this.#sink.close();
  }

  async abort(): Promise<void> {
    await this.#sink?.abort();
  }

  async #writeHeld(sink: PairSink): Promise<void> {
    for (const columns of this.#held) await sink.write(columns);
    this.#held = [];
  }
}
