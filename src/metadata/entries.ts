/**
 * Reads entry lists from files: MetaCLIP's `metadata.json` (a JSON array of strings) or plain text with one entry a
 * line, either of them gzipped; and the list that comes with the package.
 */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { MetaclipError, describeSystemError } from '../common/errors.ts';
import { createEntryList, formatError } from './entry-list.ts';
import type { EntryList } from './entry-list.ts';

/** Largest list file taken, in bytes once inflated: 50 times the published list, and below the longest string of V8. */
export const MAX_METADATA_BYTES = 256 << 20;

/** Name of the embedded list, for messages and run files. */
export const DEFAULT_LIST_SOURCE = 'WordNet 3.0 names and the numbers 0-99 (embedded)';

/** File name of the embedded list, below `metadata/` of the package. */
export const DEFAULT_ENTRIES_FILE = 'wordnet-3.0.txt';

/**
 * Reads an entry list.
 *
 * Gzip is told by its magic bytes, whatever the name. `*.json` is read as JSON and `*.txt` as lines (a further `.gz` is
 * ignored); under any other name the content decides: JSON if it starts with `[` and then `"` or `]`. In the line form
 * `\n` ends an entry, and the last one may lack it. A byte order mark at the start is not part of the list.
 *
 * Complexity: linear; holds the file and its entries in memory, at most {@link MAX_METADATA_BYTES} of text.
 *
 * @param path - file to read
 * @returns the checked list
 * @throws {MetaclipError} `E_METADATA_FORMAT` if it is no list (see {@link createEntryList}), is not UTF-8, is not valid
 *   JSON, ends its lines with CR LF, or is over the size limit; `E_INPUT_NOT_FOUND` or `E_INPUT_UNREADABLE` if it cannot
 *   be read
 */
export async function loadEntries(path: string): Promise<EntryList> {
  return createEntryList(await parseEntries(path), path);
}

/**
 * Reads a file that was checked before, by {@link loadEntries}: half a second less for 500,000 entries, and no set of them.
 *
 * @param path - file to read
 * @param known - fingerprint and length of its list, remembered by the sha256 of the file
 * @param known.fingerprint - 64 hex digits
 * @param known.entryCount - number of entries
 * @returns the list; checked once more where it is not as long as it was
 * @throws {MetaclipError} as {@link loadEntries}
 */
export async function loadKnownEntries(
  path: string,
  known: { readonly fingerprint: string; readonly entryCount: number },
): Promise<EntryList> {
  const entries = await parseEntries(path);
  const isText = (entry: unknown): entry is string => typeof entry === 'string';
  if (entries.length !== known.entryCount || !entries.every(isText)) return createEntryList(entries, path);
  return { entries, fingerprint: known.fingerprint, source: path };
}

async function parseEntries(path: string): Promise<unknown[]> {
  const text = decodeText(path, inflate(path, await readBytes(path)));
  return isJson(path, text) ? parseJson(path, text) : splitLines(path, text);
}

/**
 * Reads the list that comes with the package: the numbers 0-99 and the 86,554 names of WordNet 3.0 (metadata/README.md).
 *
 * @returns the list of 86,654 entries
 * @throws {MetaclipError} `E_INPUT_NOT_FOUND` if the package has lost the file
 */
export async function defaultEntries(): Promise<EntryList> {
  const list = await loadEntries(findDefaultEntries());
  return { ...list, source: DEFAULT_LIST_SOURCE };
}

/**
 * Looks upwards from this file, because it lies at another depth in `src/` than in `dist/src/`.
 *
 * @returns path of the embedded list
 * @throws {MetaclipError} `E_INPUT_NOT_FOUND`
 */
export function findDefaultEntries(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const path = join(folder, 'metadata', DEFAULT_ENTRIES_FILE);
    if (existsSync(path)) return path;
    const parent = dirname(folder);
    if (parent === folder) break;
    folder = parent;
  }
  throw new MetaclipError(
    'E_INPUT_NOT_FOUND',
    `the embedded list metadata/${DEFAULT_ENTRIES_FILE} is missing`,
    {
      hint: 'install the package again, or name a list of your own',
    },
  );
}

async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EISDIR') {
      throw new MetaclipError('E_INPUT_UNREADABLE', `${path}: a folder, not an entry list`, { cause: error });
    }
    throw describeSystemError(error, path, 'read');
  }
}

function inflate(path: string, bytes: Uint8Array): Uint8Array {
  let inflated = bytes;
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    try {
      inflated = gunzipSync(bytes, { maxOutputLength: MAX_METADATA_BYTES });
    } catch (error) {
      const what =
        error instanceof RangeError
          ? `inflates to more than ${MAX_METADATA_BYTES} bytes`
          : 'is gzipped but damaged or cut short';
      throw formatError(path, what, { limitBytes: MAX_METADATA_BYTES }, error);
    }
  }
  if (inflated.length > MAX_METADATA_BYTES) {
    throw formatError(path, `${inflated.length} bytes, at most ${MAX_METADATA_BYTES} are taken`, {
      sizeBytes: inflated.length,
      limitBytes: MAX_METADATA_BYTES,
    });
  }
  return inflated;
}

function decodeText(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    const byte = findInvalidByte(bytes);
    const line = bytes.subarray(0, byte).filter((value) => value === 0x0a).length;
    throw formatError(
      path,
      `not UTF-8 at byte ${byte} (line ${line}, both counted from 0)`,
      { byte, line },
      error,
    );
  }
}

/** Offset of the first byte that is not UTF-8, in bytes that are known to hold one. */
function findInvalidByte(bytes: Uint8Array): number {
  // Up to the first fault every character, a genuine U+FFFD included, takes as many bytes decoded as it did before.
  const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
  let byte = 0;
  let from = 0;
  for (;;) {
    const at = text.indexOf('\uFFFD', from);
    if (at < 0) return bytes.length;
    byte += Buffer.byteLength(text.slice(from, at));
    if (bytes[byte] !== 0xef || bytes[byte + 1] !== 0xbf || bytes[byte + 2] !== 0xbd) return byte;
    byte += 3;
    from = at + 1;
  }
}

function isJson(path: string, text: string): boolean {
  const name = path.toLowerCase().replace(/\.gz$/, '');
  if (name.endsWith('.json')) return true;
  if (name.endsWith('.txt')) return false;
  return /^\s*\[\s*["\]]/.test(text);
}

function parseJson(path: string, text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // V8 says where, in words that differ between versions ("... at position 12").
    const reason = error instanceof Error ? error.message : String(error);
    throw formatError(path, `not valid JSON: ${reason}`, {}, error);
  }
  if (!Array.isArray(value)) {
    const got = value === null ? 'null' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
    throw formatError(path, `the JSON value is ${got}, not an array`, {});
  }
  return value;
}

function splitLines(path: string, text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const crLine = lines.findIndex((line) => line.endsWith('\r'));
  if (crLine >= 0) {
    // Such an entry could never match, and nobody means it.
    throw formatError(path, `line ${crLine} (from 0) ends with CR LF`, { entry: crLine });
  }
  return lines;
}
