/** The second half of the match stage: pairs in, matched rows in files out. In this thread; see match-thread.ts. */
import type { MatchedPaths } from '../matched/matched-files.ts';
import { MatchedWriter } from '../matched/matched-writer.ts';
import type { PairColumns } from '../pair-batch.ts';
import type { CutMembers } from '../sources/member-relay.ts';
import { DropLog, type DropSample } from '../sources/source.ts';
import type { JobContext, MatchJob } from './job.ts';
import { PairFilter } from './pair-filter.ts';
import { PROGRESS, TaskProgress } from './progress-counters.ts';
import { RelayedMembers, type RelayedTotals } from './relayed-members.ts';

/** What became of the pairs of a task; plain data. */
export interface MatchTotals {
  readonly pairCount: number;
  readonly matchedCount: number;
  /** Sum of the number of matches over all matched rows. */
  readonly matchCount: number;
  readonly drops: readonly (readonly [string, number])[];
  readonly samples: readonly DropSample[];
  /** Of members whose pairs were found here; undefined when there were none. */
  readonly relayed: RelayedTotals | undefined;
}

/** Whoever takes pairs: this thread, or another. */
export interface PairSink {
  /**
   * @param columns - owned by the sink from now on
   * @returns settles when the next batch may come
   */
  write(columns: PairColumns): Promise<void>;
  /** @returns totals, once everything is in the files and they are closed */
  close(): Promise<MatchTotals>;
  /** Closes the files unfinished; the caller removes them. */
  abort(): Promise<void>;
}

/** Matches, filters and writes in this thread. */
export class MatchSink implements PairSink {
  readonly #writer: MatchedWriter;
  readonly #drops = new DropLog();
  readonly #filter: PairFilter;
  readonly #progress: TaskProgress;
  readonly #job: MatchJob;
  #relayed: RelayedMembers | undefined;

  private constructor(writer: MatchedWriter, job: MatchJob, context: JobContext) {
    this.#writer = writer;
    this.#filter = new PairFilter(job, context, this.#drops);
    this.#progress = new TaskProgress(context.progress);
    this.#job = job;
  }

  /**
   * @param job - options of the task
   * @param context - automaton, language model, progress counters
   * @param paths - where the files go, under temporary names
   * @returns an open sink
   */
  static async create(job: MatchJob, context: JobContext, paths: MatchedPaths): Promise<MatchSink> {
    return new MatchSink(await MatchedWriter.create(paths), job, context);
  }

  async write(columns: PairColumns): Promise<void> {
    const matchedBefore = this.#filter.matchedCount;
    for (let row = 0; row < columns.rowCount; row++) {
      const idCount = this.#filter.accept(columns, row);
      if (idCount === 0) continue;
      this.#writer.append(columns, row, this.#filter.ids, this.#filter.idStart, idCount);
      const flushed = this.#writer.flushIfFull();
      if (flushed !== undefined) await flushed;
    }
    this.#writer.endBatch();
    this.#progress.add(PROGRESS.matched, this.#filter.matchedCount - matchedBefore);
  }

  /**
   * Finds the pairs of members of a crawl file and writes them.
   *
   * @param members - that the reading thread passed on
   * @throws UnusualMembersError when the file has to be read whole
   */
  async writeMembers(members: CutMembers): Promise<void> {
    this.#relayed ??= await RelayedMembers.open(this.#job);
    for await (const columns of this.#relayed.read(members)) {
      this.#progress.add(PROGRESS.pairs, columns.rowCount);
      await this.write(columns);
    }
  }

  async close(): Promise<MatchTotals> {
    const { rowCount, matchCount } = await this.#writer.close();
    this.#filter.reportDrops();
    const { counts, samples } = this.#drops;
    return {
      pairCount: this.#filter.pairCount,
      matchedCount: rowCount,
      matchCount,
      drops: [...counts],
      samples,
      relayed: this.#relayed?.totals,
    };
  }

  async abort(): Promise<void> {
    this.#progress.takeBack();
    await this.#writer.abort();
  }
}
