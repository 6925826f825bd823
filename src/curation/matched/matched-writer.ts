/**
 * Collects matched rows of one task and has them written block by block. A task that fits into one block is written in this
 * thread; from the first full block on a writer thread takes them, so that matching goes on meanwhile.
 *
 * Memory: the block being filled, one on its way and one being written, about 2 MB each.
 */
import type { PairBatch } from '../pair-batch.ts';
import { MatchedBlock } from './matched-block.ts';
import type { MatchedPaths, MatchedSink, MatchedTotals } from './matched-files.ts';
import { ThreadedSink } from './writer-thread.ts';

/** `append` and `flushIfFull` as rows come, `endBatch` before a batch changes, then `close`, or `abort`. */
export class MatchedWriter {
  readonly #paths: MatchedPaths;
  readonly #block = new MatchedBlock();
  #sink: MatchedSink | undefined;

  /**
   * Makes no file yet.
   *
   * @param paths - where the files go, under temporary names
   */
  constructor(paths: MatchedPaths) {
    this.#paths = paths;
  }

  /**
   * Appends one matched pair. Call {@link MatchedWriter.flushIfFull} before the next one.
   *
   * @param batch - batch that holds the pair
   * @param row - its row there
   * @param ids - entry ids, ascending; the first `idCount` are copied
   * @param idCount - number of matches, at least 1
   */
  append(batch: PairBatch, row: number, ids: Uint32Array, idCount: number): void {
    this.#block.append(batch, row, ids, idCount);
  }

  /** Must be called before the batch of the rows appended last is changed. */
  endBatch(): void {
    this.#block.endBatch();
  }

  /** @returns a promise when a block was full, to be awaited before the next append */
  flushIfFull(): Promise<void> | undefined {
    return this.#block.isFull ? this.#flush() : undefined;
  }

  /**
   * Writes what is left and closes both files.
   *
   * @returns totals of the task
   * @throws {@link MetaclipError} `E_DISK_FULL`
   */
  async close(): Promise<MatchedTotals> {
    // An empty task still gets files with the schema: readers of the folder need no special case.
    if (this.#sink === undefined) {
      // Arrow and Parquet take 150 ms to load, which a thread with a writer thread never needs.
      const { MatchedFiles } = await import('./matched-files.ts');
      this.#sink = await MatchedFiles.create(this.#paths);
    } else if (this.#block.rowCount === 0) return this.#sink.close();
    await this.#sink.write(this.#block.take());
    return this.#sink.close();
  }

  /** Closes the files unfinished; the caller removes them. */
  async abort(): Promise<void> {
    await this.#sink?.abort();
  }

  async #flush(): Promise<void> {
    this.#sink ??= await ThreadedSink.create(this.#paths);
    await this.#sink.write(this.#block.take());
  }
}
