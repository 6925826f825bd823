/**
 * What needs the strings of the matched pairs: lengths of texts, where they stood, texts per image. One pass over
 * `matched/` and `balanced/` side by side, by DuckDB.
 *
 * Texts per image is a grouping of all pairs by the image's id: DuckDB's memory limit holds, and it spills into a
 * temporary folder of the run directory. Duplicates share the uid, so grouping by it first leaves each pair once.
 */
import { DuckDBDoubleVector, type DuckDBConnection } from '@duckdb/node-api';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlPath, sqlString, withDuckdb } from '../../common/duckdb.ts';
import { MetaclipError } from '../../common/errors.ts';
import { temporaryPathFor } from '../../common/files.ts';
import { addByPosition, BIN_COUNT, binOf, describeHistogram } from '../../common/histogram.ts';
import { isDuplicateRow, readDuplicateRows } from '../dedup/resolve-partition.ts';
import { TEXT_KEYS } from '../pair-batch.ts';
import type { RunLayout } from '../run/layout.ts';
import type { CountResult } from '../stages/count-stage.ts';
import type { BeforeAfter, TextStats } from './run-stats.ts';

/** One double a row: twice the position of the text key, plus one when kept, in the lowest 4 bits; above them the length. */
const ROW_FACTOR = 16;

/**
 * Memory: DuckDB's limit of 256 MiB, a bit a row of one task, and three histograms.
 *
 * @param layout - run directory, balanced
 * @param counted - result of the count stage
 * @param control - interruption and progress
 * @param control.signal - stops between two tasks
 * @param control.onTask - told after each task
 * @returns the distributions
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_INTERRUPTED`, `E_DISK_FULL`
 */
export async function collectTextStats(
  layout: RunLayout,
  counted: CountResult,
  control: { readonly signal: AbortSignal | undefined; readonly onTask: () => void },
): Promise<TextStats> {
  const tally = new TextTally();
  const spill = temporaryPathFor(join(layout.root, 'stats'));
  try {
    return await withDuckdb(async (connection) => {
      await connection.run(`SET temp_directory = ${sqlString(spill)}`);
      await connection.run('CREATE TABLE images (uuid BLOB, uid BLOB, kept BOOLEAN)');
      for (const [task, rowCount] of counted.rowCounts.entries()) {
        refuseIfAborted(layout, control.signal);
        await addTask(connection, layout, counted, task, rowCount, tally);
        control.onTask();
      }
      return { ...tally.describe(), textsPerImage: await groupByImage(connection) };
    });
  } catch (error) {
    throw describeDuckdbError(error, layout.root);
  } finally {
    await rm(spill, { recursive: true, force: true });
  }
}

async function addTask(
  connection: DuckDBConnection,
  layout: RunLayout,
  counted: CountResult,
  task: number,
  rowCount: number,
  tally: TextTally,
): Promise<void> {
  if (rowCount === 0) return;
  const partitions = Array.from({ length: counted.partitionCount }, (_, i) => layout.partition(i));
  const duplicates = await readDuplicateRows(partitions, task, rowCount);
  const from = `FROM read_parquet(${sqlPath(layout.matched(task))}) m
    POSITIONAL JOIN read_parquet(${sqlPath(layout.balanced(task))}) b`;
  const keys = TEXT_KEYS.map((key) => sqlString(key)).join(', ');
  const result = await connection.stream(`
    SELECT (length(caption) * ${ROW_FACTOR} + coalesce(list_position([${keys}], text_key) - 1, 0) * 2
      + (keep_prob IS NOT NULL)::INTEGER)::DOUBLE ${from}`);
  let row = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const vector = chunk.getColumnVector(0);
    if (!(vector instanceof DuckDBDoubleVector)) throw new Error('a column of doubles was asked for');
    for (let i = 0; i < chunk.rowCount; i++, row++) {
      if (!isDuplicateRow(duplicates, row)) tally.add(vector.getItem(i) ?? 0);
    }
  }
  // A streamed result of DuckDB ends without an error where a page is damaged.
  if (row !== rowCount) {
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${layout.matched(task)}: ${row} of ${rowCount} rows`, {
      hint: 'remove the file and run the command that started this run again: the task is redone',
      details: { path: layout.matched(task), got: row, limit: rowCount },
    });
  }
  await connection.run(`INSERT INTO images SELECT uuid, uid, keep_prob IS NOT NULL ${from}`);
}

/** Adds up what is read row by row. */
class TextTally {
  readonly #lengths = { before: new Float64Array(BIN_COUNT), after: new Float64Array(BIN_COUNT) };
  readonly #lengthSums = { before: 0, after: 0 };
  readonly #keys = TEXT_KEYS.map(() => ({ before: 0, after: 0 }));

  add(packed: number): void {
    const length = Math.floor(packed / ROW_FACTOR);
    const low = packed - length * ROW_FACTOR;
    this.#count('before', length, low >> 1);
    if ((low & 1) === 1) this.#count('after', length, low >> 1);
  }

  #count(when: 'before' | 'after', length: number, keyIndex: number): void {
    const bins = this.#lengths[when];
    const bin = binOf(length);
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#lengthSums[when] += length;
    const key = this.#keys[keyIndex];
    if (key !== undefined) key[when]++;
  }

  describe(): Pick<TextStats, 'textLengths' | 'textKeys'> {
    const histogram = (when: 'before' | 'after') =>
      describeHistogram(this.#lengths[when], this.#lengthSums[when]);
    const found = TEXT_KEYS.flatMap((key, i) => {
      const count = this.#keys[i];
      return count === undefined || count.before === 0 ? [] : [[key, count] as const];
    });
    return {
      textLengths: { before: histogram('before'), after: histogram('after') },
      textKeys: Object.fromEntries(found),
    };
  }
}

async function groupByImage(connection: DuckDBConnection): Promise<TextStats['textsPerImage']> {
  const reader = await connection.runAndReadAll(`
    SELECT texts, kept_texts, count(*)::DOUBLE
    FROM (
      SELECT count(*)::DOUBLE AS texts, count(*) FILTER (kept)::DOUBLE AS kept_texts
      FROM (SELECT uuid, bool_or(kept) AS kept FROM images GROUP BY uuid, uid)
      GROUP BY uuid
    )
    GROUP BY texts, kept_texts`);
  const bins: BeforeAfter<number[]> = { before: [], after: [] };
  const sums = { before: 0, after: 0 };
  const add = (when: 'before' | 'after', texts: number, images: number): void => {
    if (texts === 0) return; // an image of which no text was kept
    const place = Array.from({ length: binOf(texts) + 1 }, () => 0);
    place[binOf(texts)] = images;
    addByPosition(bins[when], place);
    sums[when] += texts * images;
  };
  for (const row of reader.getRows()) {
    const [texts = 0, keptTexts = 0, images = 0] = row.map(Number);
    add('before', texts, images);
    add('after', keptTexts, images);
  }
  return {
    before: describeHistogram(bins.before, sums.before),
    after: describeHistogram(bins.after, sums.after),
  };
}

function refuseIfAborted(layout: RunLayout, signal: AbortSignal | undefined): void {
  if (signal?.aborted !== true) return;
  throw new MetaclipError('E_INTERRUPTED', `${layout.root}: interrupted; the run is as it was`, {
    hint: 'run the same command again',
    details: { path: layout.root },
  });
}

function describeDuckdbError(error: unknown, root: string): unknown {
  if (error instanceof MetaclipError) return error;
  const message = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
  if (/no space left|disk quota|could not write all bytes/i.test(message)) {
    return new MetaclipError('E_DISK_FULL', `${root}: no space left on the device for temporary files`, {
      hint: 'free some space and run the same command again',
      details: { path: root },
      cause: error,
    });
  }
  if (/^(Invalid Input|IO|Invalid) Error/.test(message)) {
    return new MetaclipError('E_DAMAGED_RUN_FILE', `${root}: ${message}`, {
      hint: 'remove the file and run the command that started this run again: the task is redone',
      details: { path: root },
      cause: error,
    });
  }
  return error;
}
