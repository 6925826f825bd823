/**
 * Parquet as the Hugging Face hub has it: an image column (a struct of `bytes` and `path`, or plain bytes) and a label column
 * (a number, whose names may stand in the file's `huggingface` metadata, or a text).
 */
import { DuckDBBlobValue, type DuckDBConnection, type Json } from '@duckdb/node-api';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { sqlPath, streamRows, withDuckdb } from '../../../common/duckdb.ts';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { fingerprintFile } from '../../../common/files.ts';
import {
  type DataSet,
  type DataSetOptions,
  type DataShard,
  type DropCounts,
  type LabelledImage,
  MAX_IMAGE_BYTES,
  nameOfLabel,
} from './data-set.ts';

const IMAGE_COLUMNS = ['image', 'img', 'picture', 'jpg', 'png', 'webp'];
const LABEL_COLUMNS = ['label', 'labels', 'fine_label', 'cls', 'class'];

/** What one file's footer says. */
interface Schema {
  /** SQL for the bytes. */
  readonly image: string;
  /** SQL for the label. */
  readonly label: string;
  readonly isText: boolean;
  readonly rows: number;
  readonly names: readonly string[] | null;
}

/**
 * @param folder - folder, or its `data` folder, with Parquet files
 * @param split - files whose name starts with it are taken where there are any, else all
 * @returns paths in order
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function parquetFilesOf(folder: string, split: string): Promise<string[]> {
  for (const place of [folder, join(folder, 'data')]) {
    const names = await readdir(place).catch((error: unknown) => {
      if (place !== folder) return [];
      throw describeSystemError(error, place, 'read');
    });
    const files = names.filter((name) => /\.parquet$/i.test(name)).sort((a, b) => (a < b ? -1 : 1));
    const ofSplit = files.filter((name) => name.startsWith(split));
    const taken = ofSplit.length > 0 ? ofSplit : files;
    if (taken.length > 0) return taken.map((name) => join(place, name));
  }
  return [];
}

/**
 * @param files - each is a shard; all with the same columns
 * @param root - what was asked for; gives the name
 * @param options - column names
 * @returns the data set. Text labels are numbered in the order of their sorted distinct values over all files
 * @throws {@link MetaclipError} `E_COLUMN_MISSING`, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function openParquet(
  files: readonly string[],
  root: string,
  options: DataSetOptions,
): Promise<DataSet> {
  const shards: DataShard[] = [];
  const texts = new Set<string>();
  const labelOfText = new Map<string, number>();
  let names: readonly string[] | null = null;
  for (const path of files) {
    const { fingerprint } = await fingerprintFile(path);
    const schema = await withDuckdb(async (connection) => {
      const found = await readSchema(connection, path, options);
      if (found.isText) {
        const sql = `SELECT DISTINCT ${found.label} FROM read_parquet(${sqlPath(path)}) WHERE ${found.label} IS NOT NULL`;
        for (const [text] of await allRows(connection, sql, path))
          if (typeof text === 'string') texts.add(text);
      }
      return found;
    });
    names ??= schema.names;
    shards.push({
      name: basename(path),
      fingerprint,
      imageCount: schema.rows,
      read: (drops) => readRows(path, schema, labelOfText, drops),
    });
  }
  const sorted = [...texts].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  for (const [label, text] of sorted.entries()) labelOfText.set(text, label);
  const labels = sorted.length > 0 ? sorted : names;
  return {
    format: 'parquet',
    name: basename(resolve(root)).replace(/\.parquet$/i, ''),
    labels,
    classNames: labels?.map(nameOfLabel) ?? null,
    templates: null,
    preset: null,
    shards,
  };
}

async function readSchema(
  connection: DuckDBConnection,
  path: string,
  options: DataSetOptions,
): Promise<Schema> {
  const file = sqlPath(path);
  const columns = (await allRows(connection, `DESCRIBE SELECT * FROM read_parquet(${file})`, path)).map(
    ([name, type]) => ({ name: textOf(name), type: textOf(type) }),
  );
  const isImage = (type: string): boolean => type === 'BLOB' || /^STRUCT\(.*\bbytes"? BLOB/i.test(type);
  const isLabel = (type: string): boolean =>
    type === 'VARCHAR' || /^U?(TINY|SMALL|BIG|)INT(EGER)?$/.test(type);
  const pick = (
    role: string,
    asked: string | undefined,
    known: readonly string[],
    fits: (type: string) => boolean,
  ) => {
    const fitting = columns.filter(({ type }) => fits(type));
    const byName = (asked === undefined ? known : [asked])
      .map((name) => fitting.find((column) => column.name === name))
      .find((column) => column !== undefined);
    const found = byName ?? (asked === undefined && fitting.length === 1 ? fitting[0] : undefined);
    if (found !== undefined) return found;
    throw new MetaclipError(
      'E_COLUMN_MISSING',
      `${path}: no ${role} column; its columns are ${columns.map(({ name, type }) => `${name} ${type.slice(0, 40)}`).join(', ')}`,
      {
        hint: `name it with --${role}-column NAME`,
        details: { path, role, wanted: asked ?? known.join(', ') },
      },
    );
  };
  const image = pick('image', options.imageColumn, IMAGE_COLUMNS, isImage);
  const label = pick('label', options.labelColumn, LABEL_COLUMNS, isLabel);
  const [[rows] = []] = await allRows(
    connection,
    `SELECT count(*)::INTEGER FROM read_parquet(${file})`,
    path,
  );
  const metadata = await allRows(
    connection,
    `SELECT decode(value) FROM parquet_kv_metadata(${file}) WHERE decode(key) = 'huggingface'`,
    path,
  );
  const quoted = quote(image.name);
  return {
    image: image.type === 'BLOB' ? quoted : `struct_extract(${quoted}, 'bytes')`,
    label: quote(label.name),
    isText: label.type === 'VARCHAR',
    rows: typeof rows === 'number' ? rows : 0,
    names: namesIn(metadata[0]?.[0], label.name),
  };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const quote = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Names of a ClassLabel feature in the hub's metadata; null for anything else. */
function namesIn(json: unknown, column: string): string[] | null {
  if (typeof json !== 'string') return null;
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null; // metadata of somebody else
  }
  for (const key of ['info', 'features', column, 'names']) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  const isNames = Array.isArray(value) && value.every((name) => typeof name === 'string');
  return isNames ? (value as string[]) : null;
}

async function allRows(connection: DuckDBConnection, sql: string, path: string): Promise<Json[][]> {
  try {
    return (await connection.runAndReadAll(sql)).getRowsJson();
  } catch (error) {
    throw new MetaclipError('E_INPUT_UNREADABLE', `${path}: no readable Parquet file (${firstLine(error)})`, {
      hint: 'download or write the file again',
      details: { path },
      cause: error,
    });
  }
}

/** DuckDB's limit for a chunk of rows with their images. */
const READ_MEMORY_MIB = 1024;

/** Memory: {@link READ_MEMORY_MIB} and a chunk of rows with their images (at most 2,048, and at most a row group). */
async function* readRows(
  path: string,
  schema: Schema,
  labelOfText: ReadonlyMap<string, number>,
  drops: DropCounts,
): AsyncGenerator<LabelledImage, void, void> {
  const sql = `SELECT ${schema.image}, ${schema.label} FROM read_parquet(${sqlPath(path)})`;
  let row = 0;
  try {
    for await (const rows of streamRows(sql, READ_MEMORY_MIB)) {
      for (const [image, label] of rows) {
        const one = labelledImage(`${basename(path)} ${row++}`, image, label, labelOfText, drops);
        if (one !== undefined) yield one;
      }
    }
  } catch (error) {
    drops.drop(
      'damaged-file',
      `${basename(path)} ${row}`,
      `${path}: rows from ${row} on: ${firstLine(error)}`,
    );
  }
}

function labelledImage(
  name: string,
  image: unknown,
  value: unknown,
  labelOfText: ReadonlyMap<string, number>,
  drops: DropCounts,
): LabelledImage | undefined {
  if (!(image instanceof DuckDBBlobValue) || image.bytes.length === 0) {
    drops.drop('missing-image', name, 'no bytes; images that lie beside the file are not opened');
    return undefined;
  }
  if (image.bytes.length > MAX_IMAGE_BYTES) {
    drops.drop('oversized', name, `${image.bytes.length} bytes, the limit is ${MAX_IMAGE_BYTES}`);
    return undefined;
  }
  const label =
    typeof value === 'string' ? labelOfText.get(value) : value === null ? undefined : Number(value);
  if (label === undefined || !Number.isSafeInteger(label)) {
    drops.drop('missing-label', name, 'null');
    return undefined;
  }
  return { name, image: Uint8Array.from(image.bytes), label };
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}
