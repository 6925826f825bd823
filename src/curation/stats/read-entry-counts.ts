/**
 * Reads counts of entries from a file: `entry_counts.parquet` of a run, or a `datacard.json`, ours or the original's (one
 * JSON object from entry to count, in list order).
 */
import { readFile } from 'node:fs/promises';
import { readParquet } from 'parquet-wasm/node';
import { tableFromIPC } from '../../common/arrow.ts';
import { describeRunFileError, describeSystemError, MetaclipError } from '../../common/errors.ts';
import { fingerprintEntries } from '../../metadata/entry-list.ts';

/** Counts as a file has them. */
export interface CountsFile {
  readonly entries: readonly string[];
  readonly counts: Float64Array;
  /** The cap that the file was made with: a head entry has `q = t / count`. null where the file does not say. */
  readonly t: number | null;
}

/**
 * Memory: the file, and its columns as Arrow and as JavaScript values: about 100 bytes an entry.
 *
 * @param path - `entry_counts.parquet`
 * @returns entries in list order with their counts
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export async function readEntryCounts(path: string): Promise<CountsFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    throw describeRunFileError(error, path);
  }
  try {
    const table = tableFromIPC(readParquet(bytes).intoIPCStream());
    const entries: string[] = [];
    const counts = new Float64Array(table.numRows);
    let t: number | null = null;
    for (const batch of table.batches) {
      const columns = ['entry_id', 'entry', 'count', 'q'].map((name) => batch.getChild(name));
      if (columns.includes(null)) throw new Error('it lacks one of entry_id, entry, count, q');
      for (let row = 0; row < batch.numRows; row++) {
        const [id, name, count, q] = columns.map((column): unknown => column?.get(row));
        if (id !== entries.length || typeof name !== 'string' || typeof count !== 'bigint') {
          throw new Error(`row ${entries.length} is not the entry of that number`);
        }
        counts[entries.length] = Number(count);
        if (typeof q === 'number' && q < 1) t ??= Math.round(q * Number(count));
        entries.push(name);
      }
    }
    return { entries, counts, t };
  } catch (error) {
    const what = error instanceof Error ? error.message : String(error);
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: not a file of entry counts: ${what}`, {
      hint: 'metaclip count DIR writes it anew',
      details: { path },
      cause: error,
    });
  }
}

/**
 * Reads the pairs in the order in which they stand: a parsed object would put `"7"` before `"dog"`, and the order of the
 * entries is what a list is known by. Memory: the text of the file (a million entries: 20 MB) and the entries.
 *
 * @param path - `datacard.json`
 * @returns entries in the order of the file with their counts
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE` when it is no such file
 */
export async function readDataCard(path: string): Promise<CountsFile> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  const pair = /\s*("(?:[^"\\]|\\.)*")\s*:\s*(\d+)\s*(,|\})/y;
  pair.lastIndex = /^\s*\{/.exec(text)?.[0].length ?? -1;
  const entries: string[] = [];
  const counts: number[] = [];
  for (;;) {
    const at = pair.lastIndex;
    const found = at < 0 ? null : pair.exec(text);
    const entry = found === null ? undefined : parseString(found[1] ?? '');
    if (found === null || entry === undefined)
      throw notADataCard(path, `no "entry": count at character ${Math.max(0, at)}`);
    entries.push(entry);
    counts.push(Number(found[2]));
    if (found[3] === '}') break;
  }
  if (text.slice(pair.lastIndex).trim() !== '') throw notADataCard(path, 'text after its end');
  return { entries, counts: Float64Array.from(counts), t: null };
}

function parseString(json: string): string | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined; // a wrong escape
  }
}

function notADataCard(path: string, what: string): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: not a data card: ${what}`, {
    hint: 'a data card is one JSON object from entry to count, as in the datacard.json of a run',
    details: { path },
  });
}

/**
 * @param file - counts
 * @returns fingerprint of its entries; see metadata/entry-list.ts
 */
export function fingerprintOfCounts(file: CountsFile): string {
  return fingerprintEntries(file.entries);
}
