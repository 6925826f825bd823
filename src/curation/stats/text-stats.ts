/**
 * What needs the strings of the matched pairs: lengths of texts, where they stood, texts per image. One pass over
 * `matched/` and `balanced/` side by side, by DuckDB, which gives plain numbers.
 */
import { type DuckDBConnection, DuckDBDoubleVector } from '@duckdb/node-api';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sqlPath, sqlString, withDuckdb } from '../../common/duckdb.ts';
import { MetaclipError } from '../../common/errors.ts';
import { temporaryPathFor } from '../../common/files.ts';
import { BIN_COUNT, binOf, describeHistogram } from '../../common/histogram.ts';
import { isDuplicateRow, readDuplicateRows } from '../dedup/resolve-partition.ts';
import type { LanguageIdentifier } from '../language/identify-language.ts';
import { TEXT_KEYS } from '../pair-batch.ts';
import type { RunLayout } from '../run/layout.ts';
import type { CountResult } from '../stages/count-stage.ts';
import { ImageGroups } from './image-groups.ts';
import type { TextStats } from './run-stats.ts';

/** One double a row: the length, times this; plus twice the position of the text key; plus one when kept. */
const ROW_FACTOR = 16;

/**
 * Memory: DuckDB's limit of 256 MiB, of which it takes one row group, a bit a row of one task, and what
 * {@link ImageGroups} takes.
 *
 * @param layout - run directory, balanced
 * @param counted - result of the count stage
 * @param control - interruption and progress
 * @param control.signal - stops between two tasks
 * @param control.onTask - told after each task
 * @param control.identifier - asked for the language of each text; null: of none
 * @returns the distributions
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_INTERRUPTED`, `E_DISK_FULL`
 */
export async function collectTextStats(
  layout: RunLayout,
  counted: CountResult,
  control: {
    readonly signal: AbortSignal | undefined;
    readonly onTask: () => void;
    readonly identifier: LanguageIdentifier | null;
  },
): Promise<TextStats> {
  const tally = new TextTally(control.identifier);
  const folder = temporaryPathFor(join(layout.root, 'stats'));
  try {
    const images = await ImageGroups.create(folder, counted.pairCount);
    try {
      await withDuckdb(async (connection) => {
        for (const [task, rowCount] of counted.rowCounts.entries()) {
          refuseIfAborted(layout, control.signal);
          await addTask(connection, layout, counted, task, rowCount, tally, images);
          control.onTask();
        }
      });
      return { ...tally.describe(), textsPerImage: await images.count() };
    } finally {
      await images.close();
    }
  } catch (error) {
    throw describeDuckdbError(error, layout.root);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function addTask(
  connection: DuckDBConnection,
  layout: RunLayout,
  counted: CountResult,
  task: number,
  rowCount: number,
  tally: TextTally,
  images: ImageGroups,
): Promise<void> {
  if (rowCount === 0) return;
  const partitions = Array.from({ length: counted.partitionCount }, (_, i) => layout.partition(i));
  const duplicates = readDuplicateRows(partitions, task, rowCount);
  const keys = TEXT_KEYS.map((key) => sqlString(key)).join(', ');
  const result = await connection.stream(`
    SELECT
      (length(caption) * ${ROW_FACTOR} + coalesce(list_position([${keys}], text_key) - 1, 0) * 2
        + (keep_prob IS NOT NULL)::INTEGER)::DOUBLE,
      ('0x' || hex(uuid)[1:12])::BIGINT::DOUBLE,
      ('0x' || hex(uuid)[13:24])::BIGINT::DOUBLE
      ${tally.isAboutLanguages ? ', caption' : ''}
    FROM read_parquet(${sqlPath(layout.matched(task))})
    POSITIONAL JOIN read_parquet(${sqlPath(layout.balanced(task))})`);
  let row = 0;
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) break;
    const [packed, high, low] = [0, 1, 2].map((column) => chunk.getColumnVector(column));
    if (!isDoubles(packed) || !isDoubles(high) || !isDoubles(low)) throw new Error('not doubles');
    const captions = tally.isAboutLanguages ? chunk.getColumnVector(3) : undefined;
    for (let i = 0; i < chunk.rowCount; i++, row++) {
      if (isDuplicateRow(duplicates, row)) continue;
      const isKept = tally.add(packed.getItem(i) ?? 0);
      if (captions !== undefined) tally.addLanguage(String(captions.getItem(i)), isKept);
      if (images.add(high.getItem(i) ?? 0, low.getItem(i) ?? 0, isKept)) await images.flush();
    }
  }
  // A streamed result of DuckDB ends without an error where a page is damaged.
  if (row === rowCount) return;
  const path = layout.matched(task);
  throw new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: only ${row} of ${rowCount} rows can be read`, {
    hint: 'remove the file and run the command that started this run again: the task is redone',
    details: { path, got: row, limit: rowCount },
  });
}

function isDoubles(vector: unknown): vector is DuckDBDoubleVector {
  return vector instanceof DuckDBDoubleVector;
}

/** Adds up what is read row by row. */
class TextTally {
  readonly #lengths = { before: new Float64Array(BIN_COUNT), after: new Float64Array(BIN_COUNT) };
  readonly #lengthSums = { before: 0, after: 0 };
  readonly #keys = TEXT_KEYS.map(() => ({ before: 0, after: 0 }));
  readonly #languages = new Map<string, { before: number; after: number }>();
  readonly #identifier: LanguageIdentifier | null;

  constructor(identifier: LanguageIdentifier | null) {
    this.#identifier = identifier;
  }

  get isAboutLanguages(): boolean {
    return this.#identifier !== null;
  }

  addLanguage(text: string, isKept: boolean): void {
    if (this.#identifier === null) return;
    const bytes = Buffer.from(text);
    const label = this.#identifier.labels[this.#identifier.identify(bytes, 0, bytes.length)] ?? '';
    const counts = this.#languages.get(label) ?? { before: 0, after: 0 };
    this.#languages.set(label, counts);
    counts.before++;
    if (isKept) counts.after++;
  }

  /** Takes apart what one row was packed into; true for a kept pair. */
  add(packed: number): boolean {
    const length = Math.floor(packed / ROW_FACTOR);
    const low = packed - length * ROW_FACTOR;
    const isKept = (low & 1) === 1;
    this.#count('before', length, low >> 1);
    if (isKept) this.#count('after', length, low >> 1);
    return isKept;
  }

  #count(when: 'before' | 'after', length: number, keyIndex: number): void {
    const bins = this.#lengths[when];
    const bin = binOf(length);
    bins[bin] = (bins[bin] ?? 0) + 1;
    this.#lengthSums[when] += length;
    const key = this.#keys[keyIndex];
    if (key !== undefined) key[when]++;
  }

  describe(): Omit<TextStats, 'textsPerImage'> {
    const histogram = (when: 'before' | 'after') =>
      describeHistogram(this.#lengths[when], this.#lengthSums[when]);
    const found = TEXT_KEYS.flatMap((key, i) => {
      const count = this.#keys[i];
      return count === undefined || count.before === 0 ? [] : [[key, count] as const];
    });
    const languages = [...this.#languages].sort(
      ([a, { before: x }], [b, { before: y }]) => y - x || (a < b ? -1 : 1),
    );
    return {
      textLengths: { before: histogram('before'), after: histogram('after') },
      textKeys: Object.fromEntries(found),
      ...(this.isAboutLanguages ? { languages: Object.fromEntries(languages) } : {}),
    };
  }
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
