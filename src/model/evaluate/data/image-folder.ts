/** Image folders: one folder a class, images in it or below it (`DIR/cat/001.png`), as torchvision's ImageFolder reads them. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { listImages } from '../../list-images.ts';
import { type DataSet, type DataShard, nameOfLabel } from './data-set.ts';

/** Images that are noted as done together. */
export const FOLDER_SHARD_IMAGES = 1024;

/**
 * Labels are the positions of the class folders sorted by name, code unit by code unit, which for WordNet ids is ImageNet's
 * order. Folders without images are classes too. Memory: the paths of all images.
 *
 * @param path - folder with a folder for each class
 * @returns the data set, in shards of {@link FOLDER_SHARD_IMAGES} images
 * @throws {@link MetaclipError} `E_INPUT_EMPTY` without class folders or images; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function openImageFolder(path: string): Promise<DataSet> {
  const labels = await classFolders(path);
  if (labels.length === 0) {
    throw new MetaclipError('E_INPUT_EMPTY', `${path}: no folders in it, so no classes`, {
      hint: 'images must lie in one folder a class: DATA/cat/001.png, DATA/dog/001.png',
      details: { path },
    });
  }
  const images: { path: string; name: string; label: number }[] = [];
  for (const [label, folder] of labels.entries()) {
    const found = await listImages([join(path, folder)]).catch((error: unknown) => {
      if (error instanceof MetaclipError && error.code === 'E_INPUT_EMPTY') return [];
      throw error;
    });
    for (const image of found) images.push({ path: image.path, name: `${folder}/${image.name}`, label });
  }
  if (images.length === 0) {
    throw new MetaclipError('E_INPUT_EMPTY', `${path}: no image in its ${labels.length} folders`, {
      hint: 'files with these extensions are taken: jpg, jpeg, png, webp, gif, tiff, avif',
      details: { path },
    });
  }
  const shards: DataShard[] = [];
  for (let start = 0; start < images.length; start += FOLDER_SHARD_IMAGES) {
    const part = images.slice(start, start + FOLDER_SHARD_IMAGES);
    shards.push({
      name: `images ${start} to ${start + part.length - 1}`,
      fingerprint: await fingerprintOf(part),
      imageCount: part.length,
      read: async function* () {
        for (const image of part) {
          yield await Promise.resolve({ name: image.name, image: image.path, label: image.label });
        }
      },
    });
  }
  return {
    format: 'folder',
    name: basename(resolve(path)),
    labels,
    classNames: labels.map(nameOfLabel),
    templates: null,
    preset: null,
    shards,
  };
}

/**
 * @param path - folder
 * @returns names of its folders and of links to folders, hidden ones left out, sorted code unit by code unit
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function classFolders(path: string): Promise<string[]> {
  try {
    const names: string[] = [];
    for (const entry of await readdir(path, { withFileTypes: true })) {
      if (entry.name.startsWith('.')) continue;
      // Subsets of a data set are often folders of links.
      const isLinked = async (): Promise<boolean> =>
        entry.isSymbolicLink() &&
        (await stat(join(path, entry.name)).then(
          (target) => target.isDirectory(),
          () => false,
        ));
      if (entry.isDirectory() || (await isLinked())) names.push(entry.name);
    }
    return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/** Names, sizes and dates: reading every image to know that it is the same would cost as much as evaluating it. */
async function fingerprintOf(
  images: readonly { path: string; name: string; label: number }[],
): Promise<string> {
  const hash = createHash('sha256');
  for (const { path, name, label } of images) {
    const { size, mtimeMs } = await stat(path).catch(() => ({ size: -1, mtimeMs: 0 }));
    hash.update(JSON.stringify([name, label, size, mtimeMs]));
  }
  return hash.digest('hex');
}
