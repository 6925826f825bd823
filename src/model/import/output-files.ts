/** Puts files into a model folder: copied, or linked so that no byte of a checkpoint is written twice. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { constants, copyFile, link, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { ensureFolder, fingerprintFile, produceFile, temporaryPathFor } from '../../common/files.ts';
import { MODEL_MANIFEST, type ModelFile } from '../model-folder.ts';

/** Names that the importer gives. */
export const OWN_FILES = ['vision.onnx', 'text.onnx', 'vision.weights', 'text.weights'] as const;

/**
 * Makes the folder, or checks that what is in it may be replaced.
 *
 * @param out - folder
 * @param sourceFolder - folder that is imported; importing into itself is fine
 * @throws {@link MetaclipError} `E_OUTPUT_NOT_EMPTY`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function claimModelFolder(out: string, sourceFolder: string): Promise<void> {
  await ensureFolder(out);
  const names = await readdir(out);
  if (names.length === 0 || names.includes(MODEL_MANIFEST) || (await isSame(out, sourceFolder))) {
    // Without its manifest the folder is no model: what follows may be interrupted.
    await rm(join(out, MODEL_MANIFEST), { force: true });
    return;
  }
  throw new MetaclipError('E_OUTPUT_NOT_EMPTY', `${out}: not empty, and no model folder`, {
    hint: 'choose another --out, or empty this one',
    details: { path: out },
  });
}

/**
 * Removes graphs and weights of an earlier import that this one did not write.
 *
 * @param out - folder
 * @param kept - names of the files of this import
 */
export async function removeOldFiles(out: string, kept: ReadonlySet<string>): Promise<void> {
  for (const name of OWN_FILES) if (!kept.has(name)) await rm(join(out, name), { force: true });
}

/** What became of a file that was to be linked. */
export interface PlacedFile {
  readonly name: string;
  /** `in-place`: it was there already. `copied`: another file system, which no hard link reaches. */
  readonly how: 'in-place' | 'linked' | 'copied';
}

/**
 * Hard-links a file into the folder. ONNX Runtime refuses weights behind a symbolic link or outside of the graph's folder, and
 * the hub's cache is made of symbolic links: so the link goes to the file itself.
 *
 * @param path - file; may be a symbolic link
 * @param out - folder
 * @returns its name there, and how it came there
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INPUT_UNREADABLE`
 */
export async function placeLinked(path: string, out: string): Promise<PlacedFile> {
  const name = basename(path);
  const target = join(out, name);
  const source = await realpath(path);
  if (source === join(await realpath(out), name)) return { name, how: 'in-place' };
  const temporaryPath = temporaryPathFor(target);
  try {
    const isLinked = await link(source, temporaryPath).then(
      () => true,
      () => false,
    );
    if (!isLinked) await copyFile(source, temporaryPath, constants.COPYFILE_FICLONE);
    await rename(temporaryPath, target);
    return { name, how: isLinked ? 'linked' : 'copied' };
  } catch (error) {
    throw describeSystemError(error, target, 'write');
  } finally {
    // Renaming one hard link over another of the same file does nothing, and leaves it.
    await rm(temporaryPath, { force: true });
  }
}

/**
 * Copies a small file into the folder, unless it is there already.
 *
 * @param path - file
 * @param out - folder
 * @returns its name there
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INPUT_UNREADABLE`
 */
export async function placeCopy(path: string, out: string): Promise<string> {
  const name = basename(path);
  if (await isSame(path, join(out, name))) return name;
  await produceFile(join(out, name), (temporaryPath) => copyFile(path, temporaryPath));
  return name;
}

/**
 * @param out - folder
 * @param name - file in it
 * @param sha256 - of the whole file: a digest that is known, or `true` to read the file for it
 * @returns its row of the manifest
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function describeFile(out: string, name: string, sha256?: string | true): Promise<ModelFile> {
  const path = join(out, name);
  const { sizeBytes, fingerprint } = await fingerprintFile(path);
  const digest = sha256 === true ? await hashFile(path) : sha256;
  return { name, sizeBytes, sample: fingerprint, ...(digest === undefined ? {} : { sha256: digest }) };
}

/**
 * @param path - file
 * @returns its sha256, 64 hex digits
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  return hash.digest('hex');
}

async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one), stat(other)].map((promise) => promise.catch(() => undefined)));
  return a !== undefined && b !== undefined && a.dev === b.dev && a.ino === b.ino;
}
