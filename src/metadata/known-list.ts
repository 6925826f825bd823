/**
 * What is known of an entry list without reading it: its fingerprint and length, remembered in the cache folder by the sha256
 * of its file. Checking 500,000 entries takes half a second; a run that only matches needs nothing but the fingerprint, and
 * the automaton of that fingerprint is in the same cache.
 *
 * A cache is never needed: where it has no record, or a damaged one, the list is read and checked.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError } from '../common/errors.ts';
import { readJsonFile, writeFileAtomic } from '../common/files.ts';
import { DEFAULT_LIST_SOURCE, findDefaultEntries, loadEntries, loadKnownEntries } from './entries.ts';
import type { EntryList } from './entry-list.ts';

/** An entry list by its file: what is known of it, and the entries when they are asked for. */
export interface KnownList {
  /** See entry-list.ts. */
  readonly fingerprint: string;
  readonly entryCount: number;
  /** Path, or {@link DEFAULT_LIST_SOURCE}. */
  readonly source: string;
  /** @returns the entries; read once */
  readonly load: () => Promise<EntryList>;
}

/**
 * @param path - list file; null for the embedded list
 * @param cacheFolder - where records are kept; null: nowhere
 * @returns what is known
 * @throws {@link MetaclipError} as `loadEntries`
 */
export async function openKnownList(path: string | null, cacheFolder: string | null): Promise<KnownList> {
  const file = path ?? findDefaultEntries();
  let loaded: Promise<EntryList> | undefined;
  const source = path ?? DEFAULT_LIST_SOURCE;
  const load = (): Promise<EntryList> => (loaded ??= loadEntries(file));
  if (cacheFolder === null) return describe(await load(), source, load);

  const record = join(cacheFolder, `${await hashFile(file)}.list.json`);
  const known = await readJsonFile(record).catch(() => undefined);
  if (isRecord(known)) return { ...known, source, load: () => (loaded ??= loadKnownEntries(file, known)) };
  const list = describe(await load(), source, load);
  const { fingerprint, entryCount } = list;
  await writeFileAtomic(record, `${JSON.stringify({ fingerprint, entryCount })}\n`).catch(() => undefined);
  return list;
}

function describe(list: EntryList, source: string, load: () => Promise<EntryList>): KnownList {
  return { fingerprint: list.fingerprint, entryCount: list.entries.length, source, load };
}

/** Over the name's ending too, because it decides how the file is read. */
async function hashFile(path: string): Promise<string> {
  const ending = /(\.[a-z0-9]+)?(\.gz)?$/i.exec(path)?.[0] ?? '';
  try {
    return createHash('sha256')
      .update(`${ending.toLowerCase()}\n`)
      .update(await readFile(path))
      .digest('hex');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') return 'folder';
    throw describeSystemError(error, path, 'read');
  }
}

function isRecord(value: unknown): value is { fingerprint: string; entryCount: number } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'fingerprint' in value &&
    typeof value.fingerprint === 'string' &&
    'entryCount' in value &&
    typeof value.entryCount === 'number'
  );
}
