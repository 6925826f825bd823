/**
 * Columns of a Parquet file in chunks of up to 2,048 rows, by DuckDB, past damage.
 *
 * DuckDB's streamed result ends like a file that is over when a page cannot be decoded or a string is not UTF-8: no
 * error reaches the caller, and up to 1 MB of good rows before the damage is lost with it. So the rows are counted
 * against the footer, and where they fall short the place is read again with materialised queries, which do report
 * errors: window by window to the damage, by halving to its first row, by doubling steps to the first readable row.
 */
import { stat } from 'node:fs/promises';
import {
  type DuckDBConnection,
  type DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  quotedIdentifier,
} from '@duckdb/node-api';
import { sqlPath } from '../../common/duckdb.ts';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/**
 * Most that DuckDB may use to read a file, in MiB; it takes what it needs. With pages of 1 MB, as nearly all writers make
 * them, the whole process stays at 215 MB. Some writers (DuckDB is one) make one page of each column of a row group: with
 * 1 M rows of 100-byte urls and texts that is over 256 MiB here, and 425 MB for the process.
 */
export const PARQUET_MEMORY_MIB = 1024;
/** Rows read at a time near damage; DuckDB's own vector size. */
const WINDOW_ROWS = 2048;
/** Damaged places that are narrowed down to rows; from then on a bad window is given up as a whole. */
const MAX_REPAIRS = 64;

/** Rows that cannot be read, next to each other. */
export interface LostRows {
  readonly startRow: number;
  readonly rowCount: number;
  /** DuckDB's reason, one line. */
  readonly reason: string;
}

/** Rows of the file in order. The vectors are valid until the next chunk is asked for. */
export interface ParquetChunk {
  readonly startRow: number;
  readonly data: DuckDBDataChunk;
}

/** What the footer says. */
interface Footer {
  readonly rowCount: number;
  readonly columnNames: readonly string[];
  readonly columnTypes: readonly DuckDBType[];
}

/** An open Parquet file: a DuckDB of one thread that takes at most {@link PARQUET_MEMORY_MIB}. Close it. */
export class ParquetChunks {
  /** Size on disk. */
  readonly sizeBytes: number;
  readonly footer: Footer;
  readonly #path: string;
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(
    path: string,
    sizeBytes: number,
    footer: Footer,
    instance: DuckDBInstance,
    connection: DuckDBConnection,
  ) {
    this.#path = path;
    this.sizeBytes = sizeBytes;
    this.footer = footer;
    this.#instance = instance;
    this.#connection = connection;
  }

  /**
   * @param path - the file, taken literally: quotes and pattern characters in it are part of its name
   * @returns the file with its footer read
   * @throws MetaclipError E_INPUT_NOT_FOUND, or E_INPUT_UNREADABLE with DuckDB's reason when it is no whole Parquet file
   */
  static async open(path: string): Promise<ParquetChunks> {
    const { size } = await stat(path).catch((error: unknown) => {
      throw describeSystemError(error, path, 'read');
    });
    const instance = await DuckDBInstance.create(':memory:', {
      threads: '1',
      memory_limit: `${PARQUET_MEMORY_MIB}MiB`,
      temp_directory: '',
      preserve_insertion_order: 'true',
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    try {
      const connection = await instance.connect();
      try {
        return new ParquetChunks(path, size, await readFooter(connection, path), instance, connection);
      } catch (error) {
        connection.closeSync();
        throw error;
      }
    } catch (error) {
      instance.closeSync();
      throw describeParquetError(error, path);
    }
  }

  /** Gives DuckDB's memory and the file back. */
  close(): void {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }

  /**
   * Reads columns from the first row to the last, once.
   *
   * @param columns - names as in the footer; they are the chunk's columns in this order
   * @param onLost - told of rows that cannot be read
   * @yields chunks in file order
   * @throws MetaclipError E_INPUT_UNREADABLE when a page needs more memory than the limit
   */
  async *read(
    columns: readonly string[],
    onLost: (lost: LostRows) => void,
  ): AsyncGenerator<ParquetChunk, void, void> {
    const { rowCount } = this.footer;
    const select = `SELECT ${columns.map((name) => quotedIdentifier(name)).join(', ')}`;
    let repairs = 0;
    let row = 0;
    while (row < rowCount) {
      if (repairs < MAX_REPAIRS) {
        for await (const data of this.#stream(select, row)) {
          yield { startRow: row, data };
          row += data.rowCount;
        }
      }
      // Fewer rows than promised: on to the damage in windows, past it, and back to streaming.
      while (row < rowCount) {
        const window = Math.min(WINDOW_ROWS, rowCount - row);
        const rows = await this.#tryRead(select, row, window);
        if (typeof rows !== 'string') {
          let gotRows = 0;
          for (const data of rows) {
            yield { startRow: row + gotRows, data };
            gotRows += data.rowCount;
          }
          if (gotRows < window) {
            const reason = `the footer promises ${rowCount} rows, there are ${row + gotRows}`;
            onLost({ startRow: row + gotRows, rowCount: rowCount - row - gotRows, reason });
            return;
          }
          row += window;
        } else if (repairs >= MAX_REPAIRS) {
          onLost({ startRow: row, rowCount: window, reason: rows });
          row += window;
        } else {
          repairs++;
          const good = await this.#countReadable(select, row, window);
          const before = good === 0 ? [] : await this.#tryRead(select, row, good);
          if (typeof before !== 'string') {
            for (const data of before) {
              yield { startRow: row, data };
              row += data.rowCount;
            }
          }
          const next = await this.#findReadable(select, row);
          onLost({ startRow: row, rowCount: next - row, reason: rows });
          row = next;
          break;
        }
      }
    }
  }

  async *#stream(select: string, startRow: number): AsyncGenerator<DuckDBDataChunk, void, void> {
    const where = startRow === 0 ? '' : ` WHERE file_row_number >= ${startRow}`;
    const sql = `${select} FROM ${tableOf(this.#path, startRow > 0)}${where}`;
    try {
      const result = await this.#connection.stream(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk;
      }
    } catch (error) {
      // Told again, and better, by the window that is read next.
      if (error instanceof MetaclipError) throw error;
    }
  }

  // The rows, or why they cannot be read.
  async #tryRead(select: string, startRow: number, rowCount: number): Promise<DuckDBDataChunk[] | string> {
    const range = `file_row_number >= ${startRow} AND file_row_number < ${startRow + rowCount}`;
    try {
      const result = await this.#connection.run(`${select} FROM ${tableOf(this.#path, true)} WHERE ${range}`);
      return await result.fetchAllChunks();
    } catch (error) {
      const reason = firstLine(error);
      if (!reason.startsWith('Out of Memory')) return reason;
      throw new MetaclipError(
        'E_INPUT_UNREADABLE',
        `${this.#path}: a page near row ${startRow} needs more than ${PARQUET_MEMORY_MIB} MiB`,
        {
          hint: 'write the file again with smaller row groups and pages',
          details: { path: this.#path, row: startRow, limit: PARQUET_MEMORY_MIB },
        },
      );
    }
  }

  // How many rows from a place on can be read together, of a number that cannot.
  async #countReadable(select: string, startRow: number, unreadable: number): Promise<number> {
    let low = 0;
    let high = unreadable;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (typeof (await this.#tryRead(select, startRow, middle)) === 'string') high = middle;
      else low = middle;
    }
    return low;
  }

  // The first readable row after an unreadable one: exact for one damaged run of rows, as a page or a value makes it.
  async #findReadable(select: string, badRow: number): Promise<number> {
    let low = badRow;
    let step = 1;
    let high = badRow + step;
    while (high < this.footer.rowCount && typeof (await this.#tryRead(select, high, 1)) === 'string') {
      low = high;
      step *= 2;
      high = badRow + step;
    }
    high = Math.min(high, this.footer.rowCount);
    while (high - low > 1) {
      const middle = low + Math.floor((high - low) / 2);
      if (typeof (await this.#tryRead(select, middle, 1)) === 'string') low = middle;
      else high = middle;
    }
    return high;
  }
}

async function readFooter(connection: DuckDBConnection, path: string): Promise<Footer> {
  const facts = await connection.runAndReadAll(
    `SELECT num_rows FROM parquet_file_metadata(${sqlPath(path)})`,
  );
  const schema = await connection.run(`SELECT * FROM ${tableOf(path, false)} LIMIT 0`);
  return {
    rowCount: Number(facts.getRows()[0]?.[0] ?? 0),
    columnNames: schema.columnNames(),
    columnTypes: schema.columnTypes(),
  };
}

/** Text that a writer forgot to mark as UTF-8 counts as text; folders named `key=value` add no columns. */
function tableOf(path: string, withRowNumbers: boolean): string {
  const numbers = withRowNumbers ? ', file_row_number = true' : '';
  return `read_parquet(${sqlPath(path)}, binary_as_string = true, hive_partitioning = false${numbers})`;
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}

/**
 * @param error - what DuckDB threw
 * @param path - the file
 * @returns our error with the first line of DuckDB's; errors of our own pass through
 */
export function describeParquetError(error: unknown, path: string): unknown {
  if (error instanceof MetaclipError) return error;
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: not a whole Parquet file: ${firstLine(error)}`, {
    hint: 'download or write the file again',
    details: { path },
    cause: error,
  });
}
