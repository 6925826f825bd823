/**
 * From lines to the rows of a CSV or TSV file. Cells are separated by one delimiter; a cell that starts with `"` is
 * quoted, holds delimiters and line ends as they are, and `""` in it is one quote.
 *
 * A quote that makes no well-formed cell is an ordinary character: real pools are full of captions such as
 * `"Best of" album cover` and of quotes that never close. A quoted cell is well-formed when its closing quote is followed
 * by a delimiter or the end of the line. One that runs over the end of its line and then never closes, breaks this rule,
 * gives another number of cells than the header, or grows over {@link MAX_MULTILINE_BYTES} is taken back: its lines are read singly, with what does not close as
 * ordinary characters, and only the line that broke the rule may open a new one. So a stray quote never swallows the
 * rows after it, and no line is read more than three times.
 *
 * `csv-parse` was looked at and not taken: it stops parsing the rest of its buffer when a record is over `max_record_size`,
 * and without that limit one open quote makes it hold the file.
 */
import type { Line } from './line-splitter.ts';

/** Most that a row with line ends inside quotes may hold; bounds what is kept and read twice. */
export const MAX_MULTILINE_BYTES = 1 << 20;

/** One row. */
export interface CsvRow {
  readonly cells: readonly string[];
  /** Number of the row's first line in the file, from 0. */
  readonly number: number;
  /** Where the row starts in the stream. */
  readonly startByte: number;
  /** Set when the line was over the limit; there are no cells then. */
  readonly oversizedBytes: number | undefined;
}

interface HeldLine {
  readonly text: string;
  readonly number: number;
  readonly startByte: number;
  readonly lengthBytes: number;
  readonly lineEnd: string;
}

/** Push parser over lines. Holds the lines of one unfinished row. */
export class CsvRowAssembler {
  readonly #delimiter: string;
  readonly #cellCount: number;
  #held: HeldLine[] = [];
  #heldBytes = 0;
  #cells: string[] = [];
  #openCell = '';

  /**
   * @param delimiter - one character that separates cells
   * @param cellCount - cells of an honest row; a row over several lines with another number of them is taken back
   */
  constructor(delimiter: string, cellCount: number) {
    this.#delimiter = delimiter;
    this.#cellCount = cellCount;
  }

  /**
   * @param line - the next line of the file
   * @yields the rows that end with it: mostly one; none inside a quoted cell; several when one was taken back
   */
  *push(line: Line): Generator<CsvRow, void, void> {
    const { number, startByte, lengthBytes } = line;
    if (line.bytes === undefined) {
      yield* this.finish();
      yield { cells: [], number, startByte, oversizedBytes: lengthBytes };
      return;
    }
    const text = line.bytes.toString('utf8');
    const lineEnd = line.hadCarriageReturn ? '\r\n' : '\n';
    yield* this.#pushHeld({ text, number, startByte, lengthBytes, lineEnd });
  }

  /** @yields the lines of a row that is still open, each read by itself; at the end of the file */
  *finish(): Generator<CsvRow, void, void> {
    const lines = this.#held;
    this.#reset();
    for (const line of lines) if (line.text !== '') yield rowOf(line, this.#splitSingly(line));
  }

  *#pushHeld(line: HeldLine): Generator<CsvRow, void, void> {
    const insideQuotes = this.#held.length > 0;
    if (!insideQuotes && !line.text.includes('"')) {
      if (line.text !== '') yield rowOf(line, line.text.split(this.#delimiter));
      return;
    }
    if (this.#held.length === 0) this.#cells = [];
    this.#held.push(line);
    this.#heldBytes += line.lengthBytes;
    const outcome = this.#scan(line, insideQuotes);
    if (outcome === 'row') {
      if (this.#held.length > 1 && this.#cells.length !== this.#cellCount) {
        yield* this.finish();
        return;
      }
      const first = this.#held[0] ?? line;
      const cells = this.#cells;
      this.#reset();
      yield rowOf(first, cells);
    } else if (outcome === 'malformed') {
      this.#held.pop();
      yield* this.finish();
      yield* this.#pushHeld(line);
    } else if (this.#heldBytes > MAX_MULTILINE_BYTES) {
      yield* this.finish();
    }
  }

  // Cells of a single line: those quoted well are unquoted, any other quote is kept.
  #splitSingly(line: HeldLine): string[] {
    this.#cells = [];
    this.#scan(line, false, true);
    return this.#cells;
  }

  #reset(): void {
    this.#held = [];
    this.#heldBytes = 0;
    this.#cells = [];
    this.#openCell = '';
  }

  // Reads one line into #cells, from inside a quoted cell or from the start of one.
  #scan(line: HeldLine, insideQuotes: boolean, mustClose = false): 'row' | 'open' | 'malformed' {
    const { text } = line;
    let at = 0;
    if (insideQuotes) {
      const closed = this.#scanQuoted(text, 0);
      if (closed === -1) {
        this.#openCell += line.lineEnd;
        return 'open';
      }
      if (closed === -2) return 'malformed';
      this.#cells.push(this.#openCell);
      if (closed === text.length) return 'row';
      at = closed + 1;
    }
    for (;;) {
      if (text.charCodeAt(at) === 0x22) {
        this.#openCell = '';
        const closed = this.#scanQuoted(text, at + 1);
        if (closed === -1 && !mustClose) {
          this.#openCell += line.lineEnd;
          return 'open';
        }
        if (closed >= 0) {
          this.#cells.push(this.#openCell);
          if (closed === text.length) return 'row';
          at = closed + 1;
          continue;
        }
      }
      const end = text.indexOf(this.#delimiter, at);
      this.#cells.push(end < 0 ? text.slice(at) : text.slice(at, end));
      if (end < 0) return 'row';
      at = end + 1;
    }
  }

  // Appends to #openCell from inside quotes. Gives the index after the closing quote, -1 when the line ends first,
  // -2 when something else than a delimiter follows the quote.
  #scanQuoted(text: string, from: number): number {
    let at = from;
    for (;;) {
      const quote = text.indexOf('"', at);
      if (quote < 0) {
        this.#openCell += text.slice(at);
        return -1;
      }
      if (text.charCodeAt(quote + 1) === 0x22) {
        this.#openCell += text.slice(at, quote + 1);
        at = quote + 2;
        continue;
      }
      this.#openCell += text.slice(at, quote);
      const after = quote + 1;
      return after === text.length || text.startsWith(this.#delimiter, after) ? after : -2;
    }
  }
}

function rowOf(line: HeldLine, cells: readonly string[]): CsvRow {
  return { cells, number: line.number, startByte: line.startByte, oversizedBytes: undefined };
}
