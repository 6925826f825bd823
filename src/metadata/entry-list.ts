/**
 * The entry list: what texts are matched against. An entry's id is its index, so the order is data, and a list is known
 * by its fingerprint, which is stored with every count, shard and automaton; mixing two lists is an error.
 *
 * Fingerprint, exactly: lower-case hex SHA-256 of the ASCII bytes `metaclip-entries-1`, then for each entry in order
 * its length in UTF-8 bytes as an unsigned 32-bit little-endian number, then those bytes. The length prefix makes the
 * stream readable in one way only, so different lists cannot run together (`["ab"]` and `["a", "b"]`).
 */
import { createHash } from 'node:crypto';
import { MetaclipError } from '../common/errors.ts';

/** A checked list of entries. */
export interface EntryList {
  /** Distinct, not empty, well-formed, without NUL; frozen. The id of an entry is its index. */
  readonly entries: readonly string[];
  /** 64 hex digits; see the head of this file. */
  readonly fingerprint: string;
  /** Where it came from, for messages and manifests: a path, or a description. */
  readonly source: string;
}

/** Most entries of a list: what a Map of V8 holds. */
export const MAX_ENTRIES = 1 << 24;

const HASH_CHUNK_BYTES = 1 << 20;

/**
 * Checks entries and makes them a list.
 *
 * Complexity: linear; holds one hash set of the entries while it runs.
 *
 * @param entries - the entries in order; copied
 * @param source - where they came from, for messages
 * @returns the list with its fingerprint
 * @throws {MetaclipError} `E_METADATA_FORMAT` naming the first entry (by index) that is not a string, is empty, holds a
 *   NUL or a lone surrogate (it has no UTF-8 form), or repeats an earlier one; or if there are none or too many
 */
export function createEntryList(entries: readonly unknown[], source: string): EntryList {
  if (entries.length === 0) throw formatError(source, 'the list has no entries', {});
  if (entries.length > MAX_ENTRIES) {
    throw formatError(source, `${entries.length} entries, at most ${MAX_ENTRIES} are possible`, {});
  }
  const checked: string[] = [];
  const idOfEntry = new Map<string, number>();
  for (const [id, entry] of entries.entries()) {
    const fault = findFault(entry);
    if (typeof entry !== 'string' || fault !== undefined) {
      throw formatError(source, `entry ${id} ${fault ?? 'is no string'}`, { entry: id });
    }
    const earlier = idOfEntry.get(entry);
    if (earlier !== undefined) {
      throw formatError(source, `entry ${earlier} and entry ${id} are both ${quote(entry)}`, {
        entry: id,
        firstEntry: earlier,
      });
    }
    idOfEntry.set(entry, id);
    checked.push(entry);
  }
  return Object.freeze({ entries: Object.freeze(checked), fingerprint: fingerprintEntries(checked), source });
}

/**
 * Computes the fingerprint of entries in order; see the head of this file for its definition.
 *
 * Complexity: linear in the bytes; one buffer of about 1 MiB (or of the longest entry) at a time.
 *
 * @param entries - well-formed strings
 * @returns 64 lower-case hex digits
 */
export function fingerprintEntries(entries: readonly string[]): string {
  const hash = createHash('sha256').update('metaclip-entries-1');
  let chunk = Buffer.allocUnsafe(HASH_CHUNK_BYTES);
  let used = 0;
  for (const entry of entries) {
    const roomNeeded = 4 + entry.length * 3;
    if (used + roomNeeded > chunk.length) {
      // The hash takes the bytes at once, so the chunk may be filled anew.
      hash.update(chunk.subarray(0, used));
      used = 0;
      if (roomNeeded > chunk.length) chunk = Buffer.allocUnsafe(roomNeeded);
    }
    const length = chunk.write(entry, used + 4, 'utf8');
    chunk.writeUInt32LE(length, used);
    used += 4 + length;
  }
  return hash.update(chunk.subarray(0, used)).digest('hex');
}

function findFault(entry: unknown): string | undefined {
  if (typeof entry !== 'string') return `is ${describeValue(entry)}, not a string`;
  if (entry === '') return 'is empty';
  if (entry.includes('\0')) return 'holds a NUL character';
  // With the u flag a surrogate that is half of a pair is not matched by \p{Surrogate}.
  if (/\p{Surrogate}/u.test(entry)) return 'holds half of a surrogate pair, which has no UTF-8 form';
  return undefined;
}

function describeValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function quote(entry: string): string {
  return JSON.stringify(entry.length > 80 ? `${entry.slice(0, 80)}...` : entry);
}

/**
 * Makes the error of an unusable list.
 *
 * @param source - path or description of the list
 * @param what - what is wrong, naming entry and value
 * @param details - the same for programs
 * @param cause - underlying failure
 * @returns an `E_METADATA_FORMAT` error with the hint that says which forms are taken
 */
export function formatError(
  source: string,
  what: string,
  details: Readonly<Record<string, string | number>>,
  cause?: unknown,
): MetaclipError {
  return new MetaclipError('E_METADATA_FORMAT', `${source}: ${what}`, {
    hint: 'a list is a JSON array of distinct non-empty strings, or a text file with one entry a line; both may be gzipped',
    details: { source, ...details },
    ...(cause === undefined ? {} : { cause }),
  });
}
