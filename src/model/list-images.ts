/** The image files of folders, in an order that does not depend on the machine. */
import { type Dirent } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, MetaclipError } from '../common/errors.ts';

/** Extensions that are taken for images, whatever is inside: a text named .jpg is listed and then refused by name. */
const IMAGE_EXTENSIONS = /\.(?:jpe?g|jfif|png|webp|gif|tiff?|avif|bmp|svg)$/i;

/** An image file. */
export interface ListedImage {
  /** Path that opens it. */
  readonly path: string;
  /** Path below the folder that was asked for, with `/`; for a file that was named itself, as it was given. */
  readonly name: string;
}

/**
 * Lists files as given, and the images in folders and their sub-folders. Hidden files and folders are left out, links to files
 * are followed, links to folders are not.
 *
 * Memory: the names of one input.
 *
 * @param inputs - files and folders
 * @returns images in the order of the inputs, those of a folder sorted by name, code unit by code unit
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY` when there is no image at all
 */
export async function listImages(inputs: readonly string[]): Promise<ListedImage[]> {
  const images: ListedImage[] = [];
  for (const input of inputs) {
    let isFolder: boolean;
    try {
      isFolder = (await stat(input)).isDirectory();
    } catch (error) {
      throw describeSystemError(error, input, 'read');
    }
    if (!isFolder) images.push({ path: input, name: input });
    else for (const name of await listFolder(input)) images.push({ path: join(input, name), name });
  }
  if (images.length > 0) return images;
  throw new MetaclipError('E_INPUT_EMPTY', `${inputs.join(', ')}: no image in there`, {
    hint: 'files with these extensions are taken: jpg, jpeg, jfif, png, webp, gif, tif, tiff, avif',
  });
}

async function listFolder(root: string): Promise<string[]> {
  const names: string[] = [];
  const folders = [''];
  for (let below = folders.pop(); below !== undefined; below = folders.pop()) {
    let entries: Dirent[];
    try {
      entries = await readdir(join(root, below), { withFileTypes: true });
    } catch (error) {
      throw describeSystemError(error, join(root, below), 'read');
    }
    for (const entry of entries) {
      if (entry.name.startsWith('.')) continue;
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) folders.push(name);
      else if (IMAGE_EXTENSIONS.test(name) && (entry.isFile() || (await leadsToFile(root, entry, name)))) {
        names.push(name);
      }
    }
  }
  return names.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** Whether a link leads to a file or to nothing, which is then named as missing; pipes and devices could be read for ever. */
async function leadsToFile(root: string, entry: Dirent, name: string): Promise<boolean> {
  if (!entry.isSymbolicLink()) return false;
  const target = await stat(join(root, name)).catch(() => undefined);
  return target === undefined || target.isFile();
}
