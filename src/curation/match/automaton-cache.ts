/**
 * Automatons on disk: building one takes about a second for 500,000 entries, loading it a few hundredths, so a cache
 * folder keeps them by the fingerprint of their list. A cache is never needed and never trusted: what it holds is checked
 * by checksum, and whatever is wrong with it means building anew.
 */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, LIST_CACHE } from '../../common/cache-folder.ts';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { produceFile } from '../../common/files.ts';
import type { EntryList } from '../../metadata/entry-list.ts';
import type { Compat } from '../compat.ts';
import { attachAutomaton, HEADER, HEADER_BYTES, LAYOUT_VERSION, MAX_AUTOMATON_BYTES } from './automaton.ts';
import type { PackedAutomaton } from './automaton.ts';
import { buildAutomaton } from './build-automaton.ts';

const CHECKSUM_START_BYTE = HEADER.checksum * 4;
const CHECKSUM_BYTES = 32;
const REBUILD_HINT = 'delete the cache file; it is built again from the list in about a second';

/** What an automaton is expected to be made from. */
export interface ExpectedAutomaton {
  readonly fingerprint: string;
  readonly compat: Compat;
}

/** Options of {@link openAutomaton}. */
export interface OpenAutomatonOptions {
  /** Cache folder, made if needed; default {@link defaultCacheFolder}; `null`: no cache, build in memory. */
  readonly cacheDir?: string | null;
}

/**
 * Writes an automaton to a file, under a temporary name first.
 *
 * Complexity: linear in its size; copies only the header.
 *
 * @param path - final path; its folder is made if needed
 * @param automaton - what to write; not changed
 * @throws {MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function saveAutomaton(path: string, automaton: PackedAutomaton): Promise<void> {
  // The checksum goes into a copy: other threads may be reading the block.
  const header = new Uint8Array(automaton.shared.slice(0, HEADER_BYTES));
  header.set(computeChecksum(automaton.shared), CHECKSUM_START_BYTE);
  await produceFile(path, async (temporaryPath) => {
    const handle = await open(temporaryPath, 'wx');
    try {
      await handle.writeFile(header);
      await handle.writeFile(new Uint8Array(automaton.shared, HEADER_BYTES));
    } finally {
      await handle.close();
    }
  });
}

/**
 * Reads an automaton from a file into memory that threads can share, and verifies it.
 *
 * Complexity: linear in its size: 0.02 s for 500,000 entries, checksum included.
 *
 * @param path - what {@link saveAutomaton} wrote
 * @param expected - if given, the list and rule it must be made from
 * @returns the automaton; the caller owns its memory
 * @throws {MetaclipError} `E_AUTOMATON_VERSION` if it is no automaton, of another layout version, or not of the expected
 *   list and rule; `E_INPUT_UNREADABLE` if it is damaged, cut short or not readable; `E_INPUT_NOT_FOUND`
 */
export async function loadAutomaton(path: string, expected?: ExpectedAutomaton): Promise<PackedAutomaton> {
  const shared = await readShared(path);
  const automaton = attachNamed(path, shared);
  if (expected !== undefined) {
    const wanted = `${expected.compat} list ${expected.fingerprint}`;
    const got = `${automaton.compat} list ${automaton.fingerprint}`;
    if (got !== wanted) {
      throw new MetaclipError('E_AUTOMATON_VERSION', `${path}: made from ${got}, wanted ${wanted}`, {
        hint: REBUILD_HINT,
        details: { path, fingerprint: automaton.fingerprint, compat: automaton.compat },
      });
    }
  }
  const stored = Buffer.from(shared, CHECKSUM_START_BYTE, CHECKSUM_BYTES);
  if (!computeChecksum(shared).equals(stored)) throw unreadable(path, 'its checksum is wrong');
  // Equal to a freshly built one, byte for byte.
  stored.fill(0);
  return automaton;
}

/**
 * Gives the automaton of a list: from the cache if it has it, else built, and then cached if that is possible.
 * A cache that cannot be read or written costs time and nothing else.
 *
 * @param list - checked entries
 * @param compat - the matching rule
 * @param options - where the cache is
 * @returns the automaton; the caller owns its memory
 * @throws {MetaclipError} as {@link buildAutomaton}
 */
export async function openAutomaton(
  list: EntryList,
  compat: Compat,
  options: OpenAutomatonOptions = {},
): Promise<PackedAutomaton> {
  const folder = options.cacheDir === undefined ? defaultCacheFolder() : options.cacheDir;
  if (folder === null) return buildAutomaton(list, compat);
  const path = join(folder, automatonFileName(list.fingerprint, compat));
  try {
    return await loadAutomaton(path, { fingerprint: list.fingerprint, compat });
  } catch {
    // Absent, damaged, of another version, unreadable: all the same, it is built anew and replaced.
  }
  const automaton = buildAutomaton(list, compat);
  try {
    await saveAutomaton(path, automaton);
  } catch {
    // A full or read-only cache folder: the next start builds again.
  }
  return automaton;
}

/**
 * Names the cache file of a list.
 *
 * @param fingerprint - of the list
 * @param compat - the matching rule
 * @returns file name without folder; other layout versions get other names, so tool versions can share a cache
 */
export function automatonFileName(fingerprint: string, compat: Compat): string {
  return `${fingerprint.slice(0, 32)}-${compat}-v${LAYOUT_VERSION}.automaton`;
}

/**
 * Finds the cache folder: `$METACLIP_CACHE/automata` if that is set, else `metaclip/automata` in the cache folder of the
 * platform: `$XDG_CACHE_HOME` or `~/.cache`, `~/Library/Caches` on macOS, `%LOCALAPPDATA%` on Windows.
 *
 * @param env - environment variables; default those of the process
 * @param platform - as in `process.platform`
 * @returns absolute path if the variables are; not made
 */
export function defaultCacheFolder(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
): string {
  return cacheFolder(LIST_CACHE, env, platform);
}

async function readShared(path: string): Promise<SharedArrayBuffer> {
  try {
    const handle = await open(path, 'r');
    try {
      const stats = await handle.stat();
      if (!stats.isFile()) throw unreadable(path, 'it is no file');
      const { size } = stats;
      if (size > MAX_AUTOMATON_BYTES) throw unreadable(path, `${size} bytes, more than any automaton has`);
      const shared = new SharedArrayBuffer(size);
      const bytes = new Uint8Array(shared);
      for (let done = 0; done < size;) {
        const { bytesRead } = await handle.read(bytes, done, size - done, done);
        if (bytesRead === 0) throw unreadable(path, `it ends at byte ${done} of ${size}`);
        done += bytesRead;
      }
      return shared;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/** Attaches, with the path in front of whatever is wrong. */
function attachNamed(path: string, shared: SharedArrayBuffer): PackedAutomaton {
  try {
    const automaton = attachAutomaton(shared);
    if (automaton.sizeBytes === shared.byteLength) return automaton;
    throw unreadable(path, `${shared.byteLength} bytes, its header says ${automaton.sizeBytes}`);
  } catch (error) {
    if (!(error instanceof MetaclipError) || error.message.startsWith(path)) throw error;
    throw new MetaclipError(error.code, `${path}: ${error.message}`, {
      hint: error.hint ?? REBUILD_HINT,
      details: { ...error.details, path },
      cause: error,
    });
  }
}

/** SHA-256 of the block with its checksum field taken as zeros. */
function computeChecksum(shared: SharedArrayBuffer): Buffer {
  return createHash('sha256')
    .update(new Uint8Array(shared, 0, CHECKSUM_START_BYTE))
    .update(new Uint8Array(CHECKSUM_BYTES))
    .update(new Uint8Array(shared, CHECKSUM_START_BYTE + CHECKSUM_BYTES))
    .digest();
}

function unreadable(path: string, what: string): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: damaged automaton: ${what}`, {
    hint: REBUILD_HINT,
    details: { path },
  });
}
