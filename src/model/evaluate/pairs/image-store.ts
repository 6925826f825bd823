/**
 * The images that are at hand, as img2dataset leaves them: tars of `KEY.jpg`, `KEY.txt` and `KEY.json`, or folders of such files, or
 * just a folder of image files. They are looked through without reading an image, then read where they are wanted.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { describeSystemError } from '../../../common/errors.ts';
import { listImages, type ListedImage } from '../../list-images.ts';
import { type DropCounts, MAX_IMAGE_BYTES } from '../data/data-set.ts';
import { IMAGE_EXTENSIONS, readTarSamples } from '../data/tar-samples.ts';
import { imageOf, tarsOf } from '../data/webdataset.ts';

/** What is known of an image without reading it. */
export interface StoredImage {
  /** Names it in its store. */
  readonly id: string;
  /** File name without folder and extension. */
  readonly stem: string;
  readonly url: string | null;
  readonly uid: string | null;
  readonly caption: string | null;
}

/** Images at hand. */
export interface ImageStore {
  readonly path: string;
  /**
   * Goes through all images, in their order, reading none.
   *
   * @param drops - counts what is left out
   */
  readonly scan: (drops: DropCounts) => AsyncGenerator<StoredImage, void, void>;
  /**
   * Reads some images, in the order of the store.
   *
   * @param wanted - whether an image is read
   * @param drops - counts what is left out
   */
  readonly read: (
    wanted: (id: string) => boolean,
    drops: DropCounts,
  ) => AsyncGenerator<{ readonly id: string; readonly image: string | Uint8Array }, void, void>;
}

/** Largest text beside an image. */
const MAX_TEXT_BYTES = 1 << 20;
const TEXT_EXTENSIONS = ['txt', 'caption', 'json'];

/**
 * @param path - tar, folder of tars, or folder of images
 * @returns the images in it
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY`
 */
export async function openImageStore(path: string): Promise<ImageStore> {
  const tars = await tarsAt(path);
  if (tars.length > 0) return tarStore(path, tars);
  return folderStore(path, await listImages([path]));
}

/**
 * @param path - file or folder
 * @returns the tar itself, the tars of the folder, or none
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function tarsAt(path: string): Promise<string[]> {
  try {
    if ((await stat(path)).isDirectory()) return await tarsOf(path);
    return /\.(tar|tar\.gz|tgz)$/i.test(path) ? [path] : [];
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/** Ids are `TAR:KEY`. */
function tarStore(path: string, tars: readonly string[]): ImageStore {
  const idOf = (tar: string, key: string): string => `${basename(tar)}:${key}`;
  return {
    path,
    scan: async function* (drops) {
      for (const tar of tars) {
        for await (const sample of readTarSamples(tar, TEXT_EXTENSIONS, MAX_TEXT_BYTES, drops)) {
          if (!IMAGE_EXTENSIONS.some((extension) => sample.extensions.has(extension))) continue;
          const { key, members } = sample;
          const text = (members.get('txt') ?? members.get('caption'))?.toString('utf8') ?? null;
          yield describeImage(
            idOf(tar, key),
            basename(key),
            text,
            members.get('json')?.toString('utf8') ?? null,
          );
        }
      }
    },
    read: async function* (wanted, drops) {
      for (const tar of tars) {
        for await (const sample of readTarSamples(tar, IMAGE_EXTENSIONS, MAX_IMAGE_BYTES, drops)) {
          const id = idOf(tar, sample.key);
          const image = wanted(id) ? imageOf(sample) : undefined;
          if (image !== undefined) yield { id, image };
        }
      }
    },
  };
}

/** Ids are paths below the folder. */
function folderStore(path: string, images: readonly ListedImage[]): ImageStore {
  return {
    path,
    scan: async function* () {
      for (const image of images) {
        const base = image.path.replace(/\.[^./\\]*$/, '');
        const text = await readIfThere(`${base}.txt`);
        const json = await readIfThere(`${base}.json`);
        yield describeImage(image.name, basename(base), text, json);
      }
    },
    read: async function* (wanted) {
      for (const image of images) {
        if (wanted(image.name)) yield await Promise.resolve({ id: image.name, image: image.path });
      }
    },
  };
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    if ((await stat(path)).size > MAX_TEXT_BYTES) return null;
    return await readFile(path, 'utf8');
  } catch {
    return null; // no text beside the image
  }
}

function describeImage(id: string, stem: string, text: string | null, json: string | null): StoredImage {
  const fields = json === null ? {} : parseObject(json);
  const field = (...names: readonly string[]): string | null => {
    const value = names.map((name) => fields[name]).find((one) => typeof one === 'string' && one !== '');
    return typeof value === 'string' ? value : null;
  };
  return {
    id,
    stem,
    url: field('url', 'URL'),
    uid: field('uid'),
    caption: text?.trim() ?? field('caption', 'text', 'TEXT'),
  };
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // an image with a broken .json still has its name
  }
}

/**
 * Ways in which a row of a shard may name an image: its address, its uid, its file name, or its path below the folder.
 *
 * @param image - of a store
 * @param storePath - of the store
 * @returns keys for a table
 */
export function keysOfImage(image: StoredImage, storePath: string): string[] {
  const keys = [`name ${image.stem}`, `path ${image.id}`, `path ${join(storePath, image.id)}`];
  if (image.url !== null) keys.unshift(`url ${image.url}`);
  if (image.uid !== null) keys.unshift(`uid ${image.uid}`);
  return keys;
}
