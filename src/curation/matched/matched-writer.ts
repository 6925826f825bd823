/**
 * Collects matched rows of one task and writes them block by block.
 *
 * Memory: the block being filled and the one being encoded, each 4 MiB of strings and 2 MB beside them at the most.
 */
import type { PairColumns } from '../pair-batch.ts';
import { MatchedBlock } from './matched-block.ts';
import { MatchedFiles, type MatchedPaths, type MatchedTotals } from './matched-files.ts';

/** `append` and `flushIfFull` as rows come, `endBatch` before a batch changes, then `close`, or `abort`. */
export class MatchedWriter {
  readonly #block = new MatchedBlock();
  readonly #files: MatchedFiles;

  private constructor(files: MatchedFiles) {
    this.#files = files;
  }

  /**
   * @param paths - where the files go, under temporary names
   * @returns an open writer
   */
  static async create(paths: MatchedPaths): Promise<MatchedWriter> {
    return new MatchedWriter(await MatchedFiles.create(paths));
  }

  /**
   * Appends one matched pair. Call {@link MatchedWriter.flushIfFull} before the next one.
   *
   * @param batch - batch that holds the pair
   * @param row - its row there
   * @param ids - holds its entry ids, ascending; they are copied
   * @param idStart - where they start
   * @param idCount - number of matches, at least 1
   */
  append(batch: PairColumns, row: number, ids: Uint32Array, idStart: number, idCount: number): void {
    this.#block.append(batch, row, ids, idStart, idCount);
  }

  /** Must be called before the batch of the rows appended last is changed. */
  endBatch(): void {
    this.#block.endBatch();
  }

  /** @returns a promise when a block was full, to be awaited before the next append */
  flushIfFull(): Promise<void> | undefined {
    return this.#block.isFull ? this.#files.write(this.#block.take()) : undefined;
  }

  /**
   * Writes what is left and closes both files.
   *
   * @returns totals of the task
   * @throws {@link MetaclipError} `E_DISK_FULL`
   */
  async close(): Promise<MatchedTotals> {
    // An empty task still gets files with the schema: readers of the folder need no special case.
    if (this.#block.rowCount > 0 || this.#files.rowCount === 0) await this.#files.write(this.#block.take());
    return this.#files.close();
  }

  /** Closes the files unfinished; the caller removes them. */
  async abort(): Promise<void> {
    await this.#files.abort();
  }
}
