/**
 * Writes a list and, beside it, where it came from: `LIST.provenance.json`. Both depend on nothing but the inputs and
 * options: no time, no path, no machine.
 */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { readJsonFile, writeFileAtomic } from '../common/files.ts';
import { TOOL_VERSION } from '../common/version.ts';
import type { InputRecord } from './dumps/read-input.ts';
import { createEntryList } from './entry-list.ts';

/** A part of a list that came from one source. */
export interface ListSource {
  /** `numbers`, `wordnet`, `unigrams`, `bigrams`, `titles`, or the name of a list file. */
  readonly name: string;
  /** Id of its first entry. */
  readonly firstEntry: number;
  readonly entryCount: number;
}

/** A plain value of JSON. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What is recorded of a list, beside what is known of every list. */
export interface Origin {
  /** What made it: the command's second word. */
  readonly kind: string;
  /** In the order of the entries; together they cover the list. */
  readonly sources: readonly ListSource[];
  readonly inputs: readonly (InputRecord & { readonly [key: string]: JsonValue })[];
  /** Thresholds, language, tokenizer. */
  readonly options: { readonly [key: string]: JsonValue };
  /** What was counted, kept and left out. */
  readonly counts: { readonly [key: string]: JsonValue };
}

/** The file beside a list. */
export interface Provenance extends Origin {
  readonly formatVersion: 1;
  readonly tool: string;
  /** File name of the list. */
  readonly list: string;
  readonly entryCount: number;
  /** See entry-list.ts. */
  readonly fingerprint: string;
  /** Of the bytes of the list file. */
  readonly sha256: string;
}

/**
 * @param path - a list file
 * @returns the file that says where it came from
 */
export function provenancePathOf(path: string): string {
  return `${path}.provenance.json`;
}

/**
 * Checks the name of a list before any work.
 *
 * @param path - file to be written
 * @throws {@link MetaclipError} `E_USAGE` unless it ends in `.txt` or `.json`
 */
export function checkListPath(path: string): void {
  if (/\.(txt|json)$/i.test(path) && !/\.provenance\.json$/i.test(path)) return;
  throw new MetaclipError(
    'E_USAGE',
    `--out ${path}: a list is a .txt file (one entry a line) or a .json file (an array)`,
    {
      hint: 'for example --out entries.txt',
    },
  );
}

/**
 * Writes a list and its provenance, both under a temporary name first.
 *
 * @param path - `*.txt`: one entry a line; `*.json`: an array of strings
 * @param entries - distinct and not empty
 * @param origin - where they came from
 * @returns what was written beside the list
 * @throws {@link MetaclipError} `E_METADATA_FORMAT` when they are no list, `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeList(
  path: string,
  entries: readonly string[],
  origin: Origin,
): Promise<Provenance> {
  checkListPath(path);
  const { fingerprint } = createEntryList(entries, path);
  const text = /\.json$/i.test(path)
    ? `[\n${entries.map((entry) => JSON.stringify(entry)).join(',\n')}\n]\n`
    : entries.map((entry) => `${entry}\n`).join('');
  await writeFileAtomic(path, text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  return writeProvenance(path, { entryCount: entries.length, fingerprint, sha256 }, origin);
}

/**
 * Writes what is known of a list that lies there already.
 *
 * @param path - the list
 * @param known - its length and checksums
 * @param known.entryCount - number of entries
 * @param known.fingerprint - see entry-list.ts
 * @param known.sha256 - of its bytes
 * @param origin - where it came from
 * @returns what was written
 */
export async function writeProvenance(
  path: string,
  known: { readonly entryCount: number; readonly fingerprint: string; readonly sha256: string },
  origin: Origin,
): Promise<Provenance> {
  const provenance: Provenance = {
    formatVersion: 1,
    tool: `metaclip ${TOOL_VERSION}`,
    list: basename(path),
    ...known,
    ...origin,
  };
  await writeFileAtomic(provenancePathOf(path), `${JSON.stringify(provenance, null, 2)}\n`);
  return provenance;
}

/**
 * Reads what lies beside a list.
 *
 * @param path - the list
 * @param fingerprint - of the list as it is now
 * @returns the sources of its entries; undefined when there is no such file, or it is of another list
 */
export async function readListSources(path: string, fingerprint: string): Promise<ListSource[] | undefined> {
  const value = await readJsonFile(provenancePathOf(path)).catch(() => undefined);
  if (typeof value !== 'object' || value === null) return undefined;
  if (!('fingerprint' in value) || value.fingerprint !== fingerprint) return undefined;
  if (!('sources' in value) || !Array.isArray(value.sources)) return undefined;
  const sources = value.sources.filter(isSource);
  return sources.length === value.sources.length ? sources : undefined;
}

function isSource(value: unknown): value is ListSource {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'firstEntry' in value &&
    typeof value.firstEntry === 'number' &&
    'entryCount' in value &&
    typeof value.entryCount === 'number'
  );
}
