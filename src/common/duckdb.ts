/** DuckDB, opened small: one thread and a fixed memory limit, so that workers add up to what was promised. */
import type { DuckDBConnection } from '@duckdb/node-api';

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
  // Loaded when first used: threads that only match never need it.
  const { DuckDBInstance } = await import('@duckdb/node-api');
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '1',
    memory_limit: `${DUCKDB_MEMORY_MIB}MiB`,
    temp_directory: '',
    preserve_insertion_order: 'true',
  });
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
