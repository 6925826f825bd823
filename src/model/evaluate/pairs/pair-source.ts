/** Pairs to judge: curated shards as Parquet, or the webdataset of a raw pool. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sqlPath, streamRows } from '../../../common/duckdb.ts';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import type { DropCounts } from '../data/data-set.ts';
import { tarsAt } from './image-store.ts';

/** A pair as a shard has it. */
export interface ShardPair {
  readonly caption: string;
  /** Keys of its image, the surest first; see `keysOfImage`. */
  readonly imageKeys: readonly string[];
}

/** Pairs of one input. */
export type PairSource =
  | { readonly kind: 'webdataset'; readonly path: string; readonly name: string }
  | {
      readonly kind: 'shards';
      readonly path: string;
      readonly name: string;
      readonly read: (drops: DropCounts) => AsyncGenerator<ShardPair, void, void>;
    };

const URL_COLUMNS = ['url', 'URL'];
const TEXT_COLUMNS = ['caption', 'text', 'TEXT', 'alt'];

/**
 * @param path - folder of a curation run (its `curated` shards are taken), folder of Parquet files, one such file, or tars
 * @returns the pairs in it
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY`
 */
export async function openPairSource(path: string): Promise<PairSource> {
  const name = basename(resolve(path)).replace(/\.(parquet|tar|tar\.gz|tgz)$/i, '');
  if ((await tarsAt(path)).length > 0) return { kind: 'webdataset', path, name };
  const files = await shardsAt(path);
  if (files.length === 0) {
    throw new MetaclipError('E_INPUT_EMPTY', `${path}: neither Parquet shards nor tars in it`, {
      hint: 'give the folder of a run, a folder of Parquet files, or tars of img2dataset',
      details: { path },
    });
  }
  return {
    kind: 'shards',
    path,
    name,
    read: async function* (drops) {
      for (const file of files) yield* readShard(file, drops);
    },
  };
}

async function shardsAt(path: string): Promise<string[]> {
  try {
    if (!(await stat(path)).isDirectory()) return /\.parquet$/i.test(path) ? [path] : [];
    for (const folder of [join(path, 'curated'), path]) {
      const names = await readdir(folder).catch(() => []);
      const files = names.filter((name) => /\.parquet$/i.test(name)).sort((a, b) => (a < b ? -1 : 1));
      if (files.length > 0) return files.map((name) => join(folder, name));
    }
    return [];
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/** Memory: DuckDB's limit and a chunk of 2,048 rows. */
async function* readShard(path: string, drops: DropCounts): AsyncGenerator<ShardPair, void, void> {
  try {
    const columns = await columnsOf(path);
    const pick = (known: readonly string[]): string | undefined =>
      known.find((column) => columns.includes(column));
    const [url, text, uid] = [pick(URL_COLUMNS), pick(TEXT_COLUMNS), pick(['uid'])];
    if (url === undefined || text === undefined) {
      throw new MetaclipError(
        'E_COLUMN_MISSING',
        `${path}: no ${url === undefined ? 'url' : 'text'} column; its columns are ${columns.join(', ')}`,
        { hint: 'shards need a url (or URL) and a caption (or text, TEXT, alt)', details: { path } },
      );
    }
    const sql = `SELECT "${url}"::VARCHAR, "${text}"::VARCHAR, ${uid === undefined ? 'NULL' : '"uid"::VARCHAR'} FROM read_parquet(${sqlPath(path)})`;
    for await (const rows of streamRows(sql)) {
      for (const [address, caption, id] of rows) {
        if (typeof address !== 'string' || typeof caption !== 'string' || caption.trim() === '') {
          drops.drop('missing-text', path, 'a row without url or text');
          continue;
        }
        yield { caption, imageKeys: keysOfRow(address, typeof id === 'string' ? id : null) };
      }
    }
  } catch (error) {
    if (error instanceof MetaclipError) throw error;
    const said = (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
    throw new MetaclipError('E_INPUT_UNREADABLE', `${path}: no readable Parquet file (${said})`, {
      hint: 'write the shard again',
      details: { path },
      cause: error,
    });
  }
}

async function columnsOf(path: string): Promise<string[]> {
  const names: string[] = [];
  for await (const rows of streamRows(`DESCRIBE SELECT * FROM read_parquet(${sqlPath(path)})`)) {
    for (const [name] of rows) if (typeof name === 'string') names.push(name);
  }
  return names;
}

function keysOfRow(url: string, uid: string | null): string[] {
  const keys = uid === null ? [`url ${url}`] : [`uid ${uid}`, `url ${url}`, `name ${uid}`];
  if (url.startsWith('file://')) {
    try {
      keys.push(`path ${fileURLToPath(url)}`);
    } catch {
      // an address that is no path of this machine
    }
  } else keys.push(`path ${url}`);
  return keys;
}
