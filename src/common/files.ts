/**
 * Writing files so that nothing half-written is ever left under a final name: a temporary name in the same folder,
 * flushed to the disk, then renamed. Temporary names carry host and process, so that a later start can remove what a
 * killed process left without touching the files of one that is still at work.
 */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { type FileHandle, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { describeSystemError, MetaclipError } from './errors.ts';

const TEMP_MARK = '.tmp-';
const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
/** A temporary file of another host is taken for abandoned after this long. */
const FOREIGN_TEMP_AGE_MS = 24 * 3600 * 1000;
let tempCounter = 0;

/**
 * @param path - final path
 * @returns a temporary path in the same folder (so that the rename is atomic), unique to this process and thread
 */
export function temporaryPathFor(path: string): string {
  const random = Math.floor(Math.random() * 2 ** 32).toString(36);
  return `${path}${TEMP_MARK}${HOST}-${process.pid}-${tempCounter++}${random}`;
}

/**
 * Flushes a finished temporary file to the disk and gives it its final name.
 *
 * @param temporaryPath - what {@link temporaryPathFor} gave; closed by its writer
 * @param path - final path; replaced if it exists
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function commitFile(temporaryPath: string, path: string): Promise<number> {
  try {
    const handle = await open(temporaryPath, 'r+');
    let sizeBytes: number;
    try {
      await handle.sync();
      sizeBytes = (await handle.stat()).size;
    } finally {
      await handle.close();
    }
    await rename(temporaryPath, path);
    return sizeBytes;
  } catch (error) {
    throw describeSystemError(error, path, 'write');
  }
}

/**
 * Writes a whole small file atomically.
 *
 * @param path - final path; its folder is made if needed
 * @param content - text or bytes
 * @returns size in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeFileAtomic(path: string, content: string | Uint8Array): Promise<number> {
  const temporaryPath = temporaryPathFor(path);
  const handle = await openNew(temporaryPath, path);
  try {
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporaryPath, path);
    return Buffer.byteLength(content);
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw describeSystemError(error, path, 'write');
  }
}

/** Opens a new file, which will be `path`; its folder is only made where it turns out to be missing. */
async function openNew(temporaryPath: string, path: string): Promise<FileHandle> {
  try {
    return await open(temporaryPath, 'wx').catch(async (error: unknown) => {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
      await ensureFolder(dirname(path));
      return open(temporaryPath, 'wx');
    });
  } catch (error) {
    throw describeSystemError(error, path, 'write');
  }
}

/**
 * Runs a writer on a temporary name and commits what it wrote; on failure the temporary file is removed.
 *
 * @param path - final path; its folder is made if needed
 * @param write - writes and closes the file at the temporary path that it is given
 * @returns what the writer returned, and the size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`, and whatever the writer throws
 */
export async function produceFile<T>(
  path: string,
  write: (temporaryPath: string) => Promise<T>,
): Promise<{ result: T; sizeBytes: number }> {
  await ensureFolder(dirname(path));
  const temporaryPath = temporaryPathFor(path);
  try {
    const result = await write(temporaryPath);
    return { result, sizeBytes: await commitFile(temporaryPath, path) };
  } catch (error) {
    await rm(temporaryPath, { force: true });
    throw describeSystemError(error, path, 'write');
  }
}

/**
 * As {@link produceFile}, for worker threads: they have nothing else to do meanwhile, and where all cores are busy each promise
 * waits for its turn.
 *
 * @param path - final path; its folder is made if needed
 * @param write - writes and closes the file at the temporary path that it is given
 * @returns what the writer returned, and the size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`, and whatever the writer throws
 */
export function produceFileSync<T>(
  path: string,
  write: (temporaryPath: string) => T,
): { result: T; sizeBytes: number } {
  const temporaryPath = temporaryPathFor(path);
  try {
    mkdirSync(dirname(path), { recursive: true });
    const result = write(temporaryPath);
    return { result, sizeBytes: commitFileSync(temporaryPath, path) };
  } catch (error) {
    rmSync(temporaryPath, { force: true });
    throw describeSystemError(error, path, 'write');
  }
}

function commitFileSync(temporaryPath: string, path: string): number {
  try {
    const file = openSync(temporaryPath, 'r+');
    let sizeBytes: number;
    try {
      fsyncSync(file);
      sizeBytes = fstatSync(file).size;
    } finally {
      closeSync(file);
    }
    renameSync(temporaryPath, path);
    return sizeBytes;
  } catch (error) {
    throw describeSystemError(error, path, 'write');
  }
}

/**
 * Writes typed arrays one after the other, atomically; for worker threads.
 *
 * @param path - final path; its folder is made if needed
 * @param parts - written as they lie in memory (little-endian on every platform that Node runs on)
 * @returns size in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export function writeArraysSync(path: string, parts: readonly Uint32Array[]): number {
  const { sizeBytes } = produceFileSync(path, (temporaryPath) => {
    for (const part of parts) {
      appendFileSync(temporaryPath, new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    }
  });
  return sizeBytes;
}

/**
 * @param path - folder to make, with its parents
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function ensureFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw describeSystemError(error, path, 'create');
  }
}

/**
 * Checks that files can be made in a folder, before any work is done; makes the folder.
 *
 * @param path - folder
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export function checkWritable(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    const probe = temporaryPathFor(join(path, 'probe'));
    mkdirSync(probe);
    rmSync(probe, { recursive: true });
  } catch (error) {
    throw describeSystemError(error, path, 'write');
  }
}

/**
 * Removes temporary files of dead processes of this host (and very old ones of others) from a folder.
 *
 * @param folder - not searched recursively; may be absent
 * @returns number of files removed
 */
export function removeStaleTemporaries(folder: string): number {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return 0; // an absent folder holds nothing
  }
  let removed = 0;
  for (const name of names) {
    const at = name.lastIndexOf(TEMP_MARK);
    if (at < 0) continue;
    const [host, pid] = name.slice(at + TEMP_MARK.length).split('-');
    const path = join(folder, name);
    if (host === HOST ? isAlive(Number(pid)) : !isOlderThan(path, FOREIGN_TEMP_AGE_MS)) continue;
    rmSync(path, { force: true, recursive: true });
    removed++;
  }
  return removed;
}

/**
 * Removes the temporary files that this very process left in a folder: for an interrupted run.
 *
 * @param folder - not searched recursively; may be absent
 */
export function removeOwnTemporaries(folder: string): void {
  const mark = `${TEMP_MARK}${HOST}-${process.pid}-`;
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return;
  }
  for (const name of names)
    if (name.includes(mark)) rmSync(join(folder, name), { force: true, recursive: true });
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function isOlderThan(path: string, ageMs: number): boolean {
  try {
    return Date.now() - statSync(path).mtimeMs > ageMs;
  } catch {
    return false;
  }
}

const SAMPLE_BYTES = 64 * 1024;

/**
 * Fingerprint of a file that is cheap for files of any size: sha256 over its size and three samples of 64 KiB (head,
 * middle, tail), so exact for files up to 192 KiB. Name and dates don't enter, so a moved or re-downloaded file keeps
 * its fingerprint. A full hash of 90,000 files of 400 MB would cost a day of reading at every restart.
 *
 * @param path - file
 * @returns size in bytes and 64 hex digits
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function fingerprintFile(path: string): Promise<{ sizeBytes: number; fingerprint: string }> {
  try {
    const handle = await open(path, 'r');
    try {
      const { size } = await handle.stat();
      const hash = createHash('sha256').update(`${size}\n`);
      const buffer = Buffer.alloc(SAMPLE_BYTES);
      for (const start of sampleStarts(size)) {
        const { bytesRead } = await handle.read(buffer, 0, SAMPLE_BYTES, start);
        hash.update(buffer.subarray(0, bytesRead));
      }
      return { sizeBytes: size, fingerprint: hash.digest('hex') };
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

function sampleStarts(sizeBytes: number): number[] {
  if (sizeBytes <= 3 * SAMPLE_BYTES)
    return [0, SAMPLE_BYTES, 2 * SAMPLE_BYTES].filter((start) => start < sizeBytes);
  return [0, Math.floor(sizeBytes / 2), sizeBytes - SAMPLE_BYTES];
}

/**
 * @param path - file
 * @returns its size in bytes, or undefined when there is no such file
 */
export async function fileSizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch {
    return undefined;
  }
}

/**
 * @param path - JSON file that this tool wrote
 * @returns the parsed value, or undefined when there is no such file
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE` when it is not JSON
 */
export async function readJsonFile(path: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw describeSystemError(error, path, 'read');
  }
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: not valid JSON`, {
      hint: 'remove the file and run the command again; what it describes is made anew',
      details: { path },
      cause: error,
    });
  }
}
