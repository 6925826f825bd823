/** DuckDB, opened small: one thread and a fixed memory limit, so that workers add up to what was promised. */
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';

/** Memory that DuckDB may use for one connection before it gives up, in MiB. */
export const DUCKDB_MEMORY_MIB = 256;

/**
 * Opens an in-memory DuckDB, runs `use` on a connection and closes both, whatever happens.
 *
 * One thread, because row groups must come out the same on every machine, and because parallel work is cut into tasks
 * already.
 *
 * @param use - what to do with the connection; it must not outlive the call
 * @returns what `use` returned
 */
export async function withDuckdb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await openInstance(DUCKDB_MEMORY_MIB);
  try {
    const connection = await instance.connect();
    try {
      return await use(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/**
 * Runs a query on a DuckDB of its own and hands the rows out while it runs, so that no result is held as a whole.
 *
 * Memory: the limit, and one chunk of at most 2,048 rows (and at most a row group of Parquet).
 *
 * @param sql - one statement
 * @param memoryMib - limit; default {@link DUCKDB_MEMORY_MIB}
 * @yields rows of a chunk, column by column in each
 * @returns nothing
 */
export async function* streamRows(
  sql: string,
  memoryMib: number = DUCKDB_MEMORY_MIB,
): AsyncGenerator<DuckDBValue[][], void, void> {
  const instance = await openInstance(memoryMib);
  try {
    const connection = await instance.connect();
    try {
      const result = await connection.stream(sql);
      for (;;) {
        const chunk = await result.fetchChunk();
        if (chunk === null || chunk.rowCount === 0) return;
        yield chunk.getRows();
      }
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** One thread, because row groups must come out the same on every machine. */
async function openInstance(memoryMib: number): Promise<DuckDBInstance> {
  // Loaded when first used: threads that only match never need it.
  const duckdb = await import('@duckdb/node-api');
  return duckdb.DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${memoryMib}MiB`,
    temp_directory: '',
    preserve_insertion_order: 'true',
  });
}

/**
 * @param text - any string
 * @returns it as an SQL string literal
 */
export function sqlString(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * @param path - file to read as it is; DuckDB would take `*`, `?` and `[` in it for a pattern
 * @returns it as an SQL string literal with those characters made literal
 */
export function sqlPath(path: string): string {
  return sqlString(path.replace(/[*?[]/g, '[$&]'));
}
