/** Reads CSV and TSV pools with a header line. See csv-rows.ts for what quotes mean. */
import { MetaclipError } from '../../common/errors.ts';
import type { PairBatch } from '../pair-batch.ts';
import { resolveColumns, type ColumnChoice } from './columns.ts';
import { CsvRowAssembler, type CsvRow } from './csv-rows.ts';
import { skipByteOrderMark, type Line } from './line-splitter.ts';
import { type ByteStream, openTextStream } from './open-text-stream.ts';
import { batchRows, type PoolRow } from './pairs-of-row.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';
import { readLineGroups } from './stream-lines.ts';

/** Delimiters that are tried on the header line. */
const DELIMITERS = ['\t', ',', ';', '|'] as const;

/**
 * A {@link PairReader} of delimited text, gzipped or not. The first line that is not blank is the header. The delimiter is the one
 * with which the header has a url and a text column; the extension (`.tsv`: tab, `.csv`: comma) is tried first. Bytes
 * that are no UTF-8 become U+FFFD.
 *
 * Counted: `bad-row` (a row with more or fewer cells than the header), `oversized-record` (a line over the limit,
 * skipped without being kept), `truncated-record` (the part of a line at which cut gzip data ends), `missing-url`,
 * `empty-text`. Blank lines are skipped. Memory: one line below the limit, the lines of one quoted row up to 1 MiB, and
 * one batch.
 *
 * @param path - the file
 * @param context - drops, progress, column names and the limit on a line
 * @returns batches that are refilled; copy what must stay
 * @throws MetaclipError E_COLUMN_MISSING when the header has no url or no text column; E_INPUT_UNREADABLE when the header
 *   is over the limit
 */
export function readDelimited(path: string, context: ExtractContext): AsyncGenerator<PairBatch, void, void> {
  return readDelimitedStream(openTextStream(path, context), path, context);
}

/**
 * The same for bytes that come from elsewhere, in chunks of any size.
 *
 * @param stream - the file's bytes, inflated
 * @param path - its name, for messages and the delimiter
 * @param context - as for {@link readDelimited}
 * @returns batches that are refilled; copy what must stay
 */
export function readDelimitedStream(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  return batchRows(readRowGroups(stream, path, context), context);
}

async function* readRowGroups(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<Iterable<PoolRow>, void, void> {
  const rows = new DelimitedRows(path, context);
  for await (const lines of readLineGroups(stream, context)) yield rows.readAll(lines);
  yield rows.finish();
}

/** What the header line told. */
interface Header {
  readonly cellCount: number;
  readonly urlCell: number;
  readonly textCell: number;
  readonly pageCell: number;
  readonly delimiter: string;
}

class DelimitedRows {
  readonly #path: string;
  readonly #context: ExtractContext;
  #header: Header | undefined;
  #assembler = new CsvRowAssembler(',', 0);

  constructor(path: string, context: ExtractContext) {
    this.#path = path;
    this.#context = context;
  }

  *readAll(lines: Iterable<Line>): Generator<PoolRow, void, void> {
    for (const line of lines) {
      if (this.#header === undefined) {
        this.#readHeader(line);
        continue;
      }
      for (const row of this.#assembler.push(line)) yield* this.#check(row, this.#header);
    }
  }

  *finish(): Generator<PoolRow, void, void> {
    if (this.#header === undefined) return;
    for (const row of this.#assembler.finish()) yield* this.#check(row, this.#header);
  }

  #readHeader(line: Line): void {
    if (line.bytes === undefined) {
      const { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = this.#context;
      throw new MetaclipError(
        'E_INPUT_UNREADABLE',
        `${this.#path}: the header line has ${line.lengthBytes} bytes; the limit is ${maxRecordBytes}`,
        { details: { path: this.#path, got: line.lengthBytes, limit: maxRecordBytes } },
      );
    }
    const text = (line.number === 0 ? skipByteOrderMark(line.bytes) : line.bytes).toString('utf8');
    if (text.trim() === '') return;
    this.#header = readHeader(text, this.#context, this.#path);
    this.#assembler = new CsvRowAssembler(this.#header.delimiter, this.#header.cellCount);
  }

  *#check(row: CsvRow, header: Header): Generator<PoolRow, void, void> {
    const { cells, number, startByte } = row;
    const { drops } = this.#context;
    if (row.oversizedBytes !== undefined) {
      drops.drop('oversized-record', number, startByte, `a line of ${row.oversizedBytes} bytes`);
    } else if (cells.length !== header.cellCount) {
      const detail = `${cells.length} cells, the header has ${header.cellCount}: ${(cells[0] ?? '').slice(0, 100)}`;
      drops.drop('bad-row', number, startByte, detail);
    } else {
      yield {
        url: cells[header.urlCell],
        text: cells[header.textCell],
        page: cells[header.pageCell],
        number,
        startByte,
      };
    }
  }
}

/**
 * @param text - the header line
 * @param choice - column names given by the user
 * @param path - the file: its extension is the first guess, and errors name it
 * @returns the delimiter and where the columns are
 * @throws MetaclipError E_COLUMN_MISSING when no delimiter gives a url and a text column
 */
export function readHeader(text: string, choice: ColumnChoice, path: string): Header {
  const expected = /\.tsv(?:\.gz)?$/i.test(path) ? '\t' : ',';
  const tried = [expected, ...DELIMITERS.filter((delimiter) => delimiter !== expected)];
  let failure: unknown;
  let bestCount = 0;
  for (const delimiter of tried) {
    const cells = splitHeader(text, delimiter);
    try {
      const columns = resolveColumns(cells, choice, path);
      return {
        delimiter,
        cellCount: cells.length,
        urlCell: cells.indexOf(columns.url),
        textCell: cells.indexOf(columns.text),
        pageCell: columns.page === undefined ? -1 : cells.indexOf(columns.page),
      };
    } catch (error) {
      // The error to show is that of the delimiter which splits the header into most columns.
      if (cells.length > bestCount) failure = error;
      bestCount = Math.max(bestCount, cells.length);
    }
  }
  throw failure;
}

function splitHeader(text: string, delimiter: string): string[] {
  const assembler = new CsvRowAssembler(delimiter, 0);
  const bytes = Buffer.from(text);
  const line = { bytes, number: 0, startByte: 0, lengthBytes: bytes.length, hadCarriageReturn: false };
  const row = [...assembler.push(line), ...assembler.finish()][0];
  return (row?.cells ?? []).map((cell) => cell.trim());
}
