/** The small emoji model that comes with the package, so that every command runs without a download. */
import { readdir, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../common/cache-folder.ts';
import { MetaclipError } from '../common/errors.ts';
import { ensureFolder, fingerprintFile, temporaryPathFor } from '../common/files.ts';
import { fingerprintOf } from '../common/hashing.ts';
import { packageRoot } from '../common/package-root.ts';
import { TOOL_VERSION } from '../common/version.ts';
import { importModel } from './import/import-model.ts';
import { readModelFolder } from './model-folder.ts';

/** @returns folder of the package with the emoji model's weights, as `importModel` takes it */
export function bundledModelSource(): string {
  return fileURLToPath(new URL('models/emoji/', packageRoot()));
}

/**
 * Finds the bundled model, ready to load. The first call imports it (5 MB, a tenth of a second) into a cache folder, where later
 * ones find it; a folder there that is damaged, or of another version, is made anew.
 *
 * @param cache - folder for imported models; default: that of the user, or the one for temporary files where that cannot be written
 * @returns model folder
 * @throws {@link MetaclipError} `E_MODEL_MISSING` when the package has lost it, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function openBundledModel(cache?: string): Promise<string> {
  const source = bundledModelSource();
  const key = await keyOf(source);
  const candidates =
    cache === undefined ? [cacheFolder('models'), join(tmpdir(), 'metaclip-models')] : [cache];
  let failure: unknown;
  for (const parent of candidates) {
    const folder = join(parent, `emoji-${key}`);
    if (await isWhole(folder)) return folder;
    try {
      return await importInto(source, parent, folder);
    } catch (error) {
      failure = error;
      if (!(error instanceof MetaclipError) || error.code !== 'E_OUTPUT_UNWRITABLE') throw error;
    }
  }
  throw failure;
}

async function keyOf(source: string): Promise<string> {
  let names: string[];
  try {
    names = (await readdir(source)).sort();
  } catch (error) {
    throw new MetaclipError('E_MODEL_MISSING', `${source}: the package has lost its model`, {
      hint: 'install metaclip again, or give a model with --model DIR',
      details: { path: source },
      cause: error,
    });
  }
  const files = await Promise.all(
    names.map(async (name) => (await fingerprintFile(join(source, name))).fingerprint),
  );
  return fingerprintOf({ version: TOOL_VERSION, names, files }).slice(0, 16);
}

async function isWhole(folder: string): Promise<boolean> {
  try {
    await readModelFolder(folder);
    return true;
  } catch (error) {
    if (error instanceof MetaclipError) return false;
    throw error;
  }
}

async function importInto(source: string, parent: string, folder: string): Promise<string> {
  await ensureFolder(parent);
  const temporary = temporaryPathFor(folder);
  try {
    // Embedded and not linked: a package manager may replace the package's files under a cache that outlives them.
    await importModel(source, temporary, { weights: 'embed', name: 'emoji' });
    try {
      await rename(temporary, folder);
    } catch {
      // Another process was first, or what stands there is damaged.
      if (await isWhole(folder)) return folder;
      await rm(folder, { recursive: true, force: true });
      await rename(temporary, folder);
    }
    return folder;
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}
