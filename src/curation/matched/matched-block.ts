/**
 * A block of matched pairs in memory, in columns, filled row by row. Its buffers are used again for the next block: with new ones for each
 * the garbage collector took 280 ms of a WAT file's 4 s, now 130.
 */
import type { PairColumns } from '../pair-batch.ts';
import { KEYS_BLOCK_ROWS } from './keys-file.ts';

/** Bytes of strings after which a block counts as full even if it has few rows. */
export const BLOCK_STRING_BYTES = 4 << 20;

/** Strings in the Arrow Utf8 layout: string i is bytes[offsets[i], offsets[i + 1]). */
export interface StringColumn {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
}

/** Columns of a block; every array is cut to its length. Views: not to be transferred. */
export interface MatchedColumns {
  readonly rowCount: number;
  readonly url: StringColumn;
  readonly caption: StringColumn;
  /** Index into TEXT_KEYS. */
  readonly textKeys: Int8Array<ArrayBuffer>;
  /** Index into `pages`. */
  readonly pageIds: Int32Array<ArrayBuffer>;
  /** Page urls in the order in which they came. */
  readonly pages: readonly string[];
  /** Ids of row i are ids[i === 0 ? 0 : idEnds[i - 1], idEnds[i]), ascending. */
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly idEnds: Uint32Array<ArrayBuffer>;
}

/** Fills a block. */
export class MatchedBlock {
  #url = new GrowingStrings();
  #caption = new GrowingStrings();
  #textKeys = new Int8Array(KEYS_BLOCK_ROWS);
  #pageIds = new Int32Array(KEYS_BLOCK_ROWS);
  #idEnds = new Uint32Array(KEYS_BLOCK_ROWS);
  #ids = new Uint32Array(KEYS_BLOCK_ROWS * 8);
  #pages: string[] = [];
  #pageBytes = 0;
  #rowCount = 0;
  #idCount = 0;
  /** Rows [startRow, endRow) of a batch that are appended but whose strings are not copied yet. */
  #run: { batch: PairColumns; startRow: number; endRow: number; startByte: number } | undefined;

  /** @returns number of rows */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** @returns true when the block must be taken before another row is appended */
  get isFull(): boolean {
    if (this.#rowCount >= KEYS_BLOCK_ROWS) return true;
    return this.#url.used + this.#caption.used + this.#pageBytes + this.#runBytes >= BLOCK_STRING_BYTES;
  }

  // Bytes that are not copied yet: they count, so that a block ends at the same row however the rows come in batches.
  get #runBytes(): number {
    if (this.#run === undefined) return 0;
    const { batch, startByte, endRow } = this.#run;
    return (batch.urlOffsets[endRow] ?? 0) + (batch.textOffsets[endRow] ?? 0) - startByte;
  }

  /**
   * Appends one matched pair. Strings are copied in runs of neighbouring rows, so {@link MatchedBlock.endBatch} must be
   * called before the batch is changed.
   *
   * @param batch - batch that holds the pair
   * @param row - its row there
   * @param ids - holds its entry ids, ascending; they are copied
   * @param idStart - where they start
   * @param idCount - number of matches, at least 1
   */
  append(batch: PairColumns, row: number, ids: Uint32Array, idStart: number, idCount: number): void {
    if (this.#run?.batch === batch && this.#run.endRow === row) {
      this.#run.endRow = row + 1;
    } else {
      this.endBatch();
      const startByte = (batch.urlOffsets[row] ?? 0) + (batch.textOffsets[row] ?? 0);
      this.#run = { batch, startRow: row, endRow: row + 1, startByte };
    }
    const at = this.#rowCount;
    this.#textKeys[at] = batch.textKeys[row] ?? 0;
    const pageUrl = batch.pages[batch.pageIds[row] ?? 0] ?? '';
    if (this.#pages.length === 0 || this.#pages[this.#pages.length - 1] !== pageUrl) {
      this.#pages.push(pageUrl);
      this.#pageBytes += pageUrl.length;
    }
    this.#pageIds[at] = this.#pages.length - 1;
    if (this.#idCount + idCount > this.#ids.length) {
      const grown = new Uint32Array(Math.max(this.#ids.length * 2, this.#idCount + idCount));
      grown.set(this.#ids.subarray(0, this.#idCount));
      this.#ids = grown;
    }
    for (let i = 0, to = this.#idCount; i < idCount; i++, to++) this.#ids[to] = ids[idStart + i] ?? 0;
    this.#idCount += idCount;
    this.#idEnds[at] = this.#idCount;
    this.#rowCount = at + 1;
  }

  /** Copies the strings of the rows appended last; after it the batch may be changed. */
  endBatch(): void {
    if (this.#run === undefined) return;
    const { batch, startRow, endRow } = this.#run;
    this.#url.appendRun(batch.urlBytes, batch.urlOffsets, startRow, endRow);
    this.#caption.appendRun(batch.textBytes, batch.textOffsets, startRow, endRow);
    this.#run = undefined;
  }

  /**
   * Takes the columns out; the block is empty afterwards.
   *
   * @returns columns in the block's buffers, valid until the next row is appended
   */
  take(): MatchedColumns {
    this.endBatch();
    const rowCount = this.#rowCount;
    const columns: MatchedColumns = {
      rowCount,
      url: this.#url.take(),
      caption: this.#caption.take(),
      textKeys: this.#textKeys.subarray(0, rowCount),
      pageIds: this.#pageIds.subarray(0, rowCount),
      pages: this.#pages,
      ids: this.#ids.subarray(0, this.#idCount),
      idEnds: this.#idEnds.subarray(0, rowCount),
    };
    this.#pages = [];
    this.#pageBytes = 0;
    this.#rowCount = 0;
    this.#idCount = 0;
    return columns;
  }
}

/** A string column that grows, in whole runs. */
class GrowingStrings {
  used = 0;
  #bytes = new Uint8Array(1 << 18);
  readonly #offsets = new Int32Array(KEYS_BLOCK_ROWS + 1);
  #rowCount = 0;

  /** Appends neighbouring strings in one copy: a run of rows costs little more than one. */
  appendRun(source: Uint8Array, sourceOffsets: Int32Array, startRow: number, endRow: number): void {
    const start = sourceOffsets[startRow] ?? 0;
    const end = sourceOffsets[endRow] ?? 0;
    const needed = this.used + end - start;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.used));
      this.#bytes = grown;
    }
    this.#bytes.set(source.subarray(start, end), this.used);
    const shift = this.used - start;
    for (let i = startRow + 1, to = this.#rowCount + 1; i <= endRow; i++, to++) {
      this.#offsets[to] = (sourceOffsets[i] ?? 0) + shift;
    }
    this.#rowCount += endRow - startRow;
    this.used = needed;
  }

  take(): StringColumn {
    const column = {
      bytes: this.#bytes.subarray(0, this.used),
      offsets: this.#offsets.subarray(0, this.#rowCount + 1),
    };
    this.used = 0;
    this.#rowCount = 0;
    return column;
  }
}
