/** Reads the results of a run with an independent Parquet reader. */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

function fingerprint(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function arrayBufferOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path);
  return Uint8Array.from(bytes).buffer;
}

/**
 * @param path - Parquet file
 * @returns its rows
 */
export function readParquetRows(path: string): Promise<Record<string, unknown>[]> {
  return parquetReadObjects({ file: arrayBufferOf(path), compressors });
}

/**
 * @param path - Parquet file
 * @returns its key-value metadata and the rows of its row groups
 */
export function readFooter(path: string): {
  metadata: Map<string, string>;
  rowGroups: number[];
  codecs: Set<string>;
} {
  const footer = parquetMetadata(arrayBufferOf(path));
  return {
    metadata: new Map((footer.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    rowGroups: footer.row_groups.map((group) => Number(group.num_rows)),
    codecs: new Set(
      footer.row_groups.flatMap((group) => group.columns.map((column) => column.meta_data?.codec ?? 'none')),
    ),
  };
}

/**
 * @param out - run directory
 * @returns rows of all shards, in the order of their names
 */
export async function readCuratedRows(out: string): Promise<Record<string, unknown>[]> {
  const folder = join(out, 'curated');
  const names = readdirSync(folder)
    .filter((name) => name.endsWith('.parquet'))
    .sort();
  const rows = [];
  for (const name of names) rows.push(...(await readParquetRows(join(folder, name))));
  return rows;
}

/**
 * Bytes of everything that must not depend on how a run was carried out: shards, counts, decisions, statistics.
 *
 * @param out - run directory
 * @returns file name to sha256 of its content
 */
export function readResultBytes(out: string): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of ['.', 'matched', 'counts', 'balanced', 'kept', 'curated']) {
    for (const entry of readdirSync(join(out, folder), { withFileTypes: true })) {
      if (entry.isFile() && entry.name !== 'run.json') {
        files.set(join(folder, entry.name), fingerprint(readFileSync(join(out, folder, entry.name))));
      }
    }
  }
  return files;
}
