/** Model folders below a folder, for `metaclip model list`. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, MetaclipError } from '../common/errors.ts';
import { MODEL_MANIFEST, type ModelManifest, readModelFolder } from './model-folder.ts';

/** A folder with a manifest, readable or not. */
export type ListedModel =
  | { readonly path: string; readonly manifest: ModelManifest }
  | { readonly path: string; readonly error: MetaclipError };

/** `models/owner/name` is found; deeper trees are data sets and the like. */
const MAX_DEPTH = 2;

/**
 * @param folder - a model folder, or one with model folders in it or one level deeper
 * @returns what was found, by path; a damaged one with its error
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE` for the folder itself
 */
export async function listModels(folder: string): Promise<ListedModel[]> {
  const found: ListedModel[] = [];
  const visit = async (path: string, depth: number): Promise<void> => {
    const entries = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
      if (depth > 0) return []; // a folder that may not be read holds no model that could be used
      throw describeSystemError(error, path, 'read');
    });
    if (entries.some(({ name }) => name === MODEL_MANIFEST)) {
      found.push(await describe(path));
      return;
    }
    if (depth >= MAX_DEPTH) return;
    const folders = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    for (const name of folders.sort()) await visit(join(path, name), depth + 1);
  };
  await visit(folder, 0);
  return found;
}

async function describe(path: string): Promise<ListedModel> {
  try {
    return { path, manifest: (await readModelFolder(path)).manifest };
  } catch (error) {
    if (error instanceof MetaclipError) return { path, error };
    throw error;
  }
}
