/** DuckDB, opened small: one thread and a fixed memory limit, so that workers add up to what was promised. */
import type { DuckDBConnection, DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { Connection, Database } from '@duckdb/node-bindings';

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

/** Settings of every instance. One thread, because row groups must come out the same on every machine. */
function settingsOf(memoryMib: number): Record<string, string> {
  return {
    threads: '1',
    memory_limit: `${memoryMib}MiB`,
    temp_directory: '',
    preserve_insertion_order: 'true',
    // Files are read once: a cache of them would only fill the limit.
    enable_external_file_cache: 'false',
  };
}

async function openInstance(memoryMib: number): Promise<DuckDBInstance> {
  // Loaded when first used: threads that only match never need it.
  const duckdb = await import('@duckdb/node-api');
  return duckdb.DuckDBInstance.create(':memory:', settingsOf(memoryMib));
}

/** An instance of its own, through the bindings. */
interface OwnInstance {
  readonly database: Database;
  readonly connection: Connection;
}

async function openOwnInstance(): Promise<OwnInstance> {
  const { default: bindings } = await import('@duckdb/node-bindings');
  const config = bindings.create_config();
  const settings = settingsOf(DUCKDB_MEMORY_MIB);
  for (const [name, value] of Object.entries(settings)) bindings.set_config(config, name, value);
  const database = await bindings.open(':memory:', config);
  const connection = await bindings.connect(database);
  // The same limit once more: see giveBackFreeMemory.
  await bindings.query(connection, `SET memory_limit = '${DUCKDB_MEMORY_MIB}MiB'`);
  return { database, connection };
}

/**
 * Gives memory that is free back to the system. The C library keeps what threads have freed, also when they have ended: 250 MB
 * after matching with two workers, of which this gets 140 back. Node has no way to ask for it; DuckDB asks whenever its memory
 * limit is set.
 */
export async function giveBackFreeMemory(): Promise<void> {
  const { default: bindings } = await import('@duckdb/node-bindings');
  const { database, connection } = await openOwnInstance();
  bindings.disconnect_sync(connection);
  bindings.close_sync(database);
}

let kept: Promise<OwnInstance> | undefined;

/**
 * Runs one statement that gives no rows, in this thread and on an instance that the thread keeps: for worker threads.
 *
 * - Opening an instance for each of many files costs a fifth of copying them, most of it in getting the same memory from the
 *   system again.
 * - Through promises a query runs in one of the four threads that all of Node shares: more than four workers would wait for
 *   each other, and each of the four would keep memory of its own.
 * - The classes around the bindings take 100 ms to load.
 *
 * @param sql - one statement; at most one at a time in a thread, which it blocks
 * @throws Error of DuckDB; the instance is given up, and the next statement gets another
 */
export async function runStatement(sql: string): Promise<void> {
  const { default: bindings } = await import('@duckdb/node-bindings');
  try {
    const { connection } = await (kept ??= openOwnInstance());
    const statement = await bindings.prepare(connection, sql);
    try {
      const pending = bindings.pending_prepared(statement);
      // A part at a time, so that the thread can be ended in between.
      let state = bindings.PendingState.RESULT_NOT_READY;
      while (state === bindings.PendingState.RESULT_NOT_READY) state = bindings.pending_execute_task(pending);
      if (state === bindings.PendingState.ERROR) throw new Error(bindings.pending_error(pending));
      await bindings.execute_pending(pending);
    } finally {
      bindings.destroy_prepare_sync(statement);
    }
  } catch (error) {
    kept = undefined;
    throw error;
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
