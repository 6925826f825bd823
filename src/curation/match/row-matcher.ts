/** Gives out the matches of a column of texts row after row, while a kernel works ahead and leaves what it can't do to its twin. */

/** Texts as a column: text i is textBytes[textOffsets[i], textOffsets[i + 1]). */
export interface TextColumn {
  readonly rowCount: number;
  readonly textOffsets: Int32Array;
  readonly textBytes: Uint8Array;
}

/** Matches one text; see {@link Matcher}. */
export interface TextMatcher {
  readonly ids: Uint32Array;
  matchBytes: (bytes: Uint8Array, start: number, end: number) => number;
}

/** Matches a run of texts. */
export interface RowKernel {
  /** Number of ids of each row of the last run, or {@link TOO_LARGE}. */
  readonly counts: Uint32Array;
  /** Ids of all its rows, one row after the other. */
  readonly ids: Uint32Array;
  /** Whoever ran it last: what it holds is theirs. */
  user: object | undefined;
  /** Matches as many rows from `row` on as there is room for; returns the row behind them. */
  match: (column: TextColumn, row: number) => number;
}

/** Count of a row that a kernel leaves to its twin. */
const TOO_LARGE = 0xffffffff;

/** Matches row after row; {@link RowMatcher.matchRow} works ahead. */
export class RowMatcher {
  /** Where the ids of the row asked for last lie. */
  ids: Uint32Array;
  idStart = 0;
  readonly #twin: TextMatcher;
  readonly #kernel: RowKernel | undefined;
  #column: TextColumn | undefined;
  /** Rows [#firstRow, #endRow) of the column are matched; the next id to give out is that of #nextRow. */
  #firstRow = 0;
  #endRow = 0;
  #nextRow = 0;
  #nextId = 0;

  /**
   * @param twin - matches what the kernel doesn't
   * @param kernel - gives the same answers; undefined: the twin matches everything
   */
  constructor(twin: TextMatcher, kernel: RowKernel | undefined) {
    this.#twin = twin;
    this.#kernel = kernel;
    this.ids = twin.ids;
  }

  /**
   * Finds the entries of a text. Rows are to be asked for in ascending order; a column is known by its identity, so one that was
   * asked about must not change.
   *
   * @param column - texts in UTF-8
   * @param row - which
   * @returns number of distinct entries; their ids, ascending, are {@link RowMatcher.ids} from {@link RowMatcher.idStart} on,
   *   until the next call
   */
  matchRow(column: TextColumn, row: number): number {
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#matchAlone(column, row);
    const isHeld = kernel.user === this && column === this.#column && row === this.#nextRow;
    if (!isHeld || row >= this.#endRow) {
      kernel.user = this;
      this.#column = column;
      this.#firstRow = row;
      this.#endRow = kernel.match(column, row);
      this.#nextRow = row;
      this.#nextId = 0;
      if (this.#endRow === row) return this.#matchAlone(column, row);
    }
    this.#nextRow = row + 1;
    const count = kernel.counts[row - this.#firstRow] ?? 0;
    if (count === TOO_LARGE) return this.#matchAlone(column, row);
    this.ids = kernel.ids;
    this.idStart = this.#nextId;
    this.#nextId += count;
    return count;
  }

  #matchAlone({ textBytes, textOffsets }: TextColumn, row: number): number {
    const count = this.#twin.matchBytes(textBytes, textOffsets[row] ?? 0, textOffsets[row + 1] ?? 0);
    this.ids = this.#twin.ids;
    this.idStart = 0;
    return count;
  }
}
