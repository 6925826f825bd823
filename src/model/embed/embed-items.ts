/** What is to be embedded: images, texts, or images with the texts beside them. */
import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { listImages, type ListedImage } from '../list-images.ts';

/** Options that say what is embedded. */
export interface EmbedInput {
  /** Files and folders of images. */
  readonly images?: readonly string[];
  /** Whether the text in `NAME.txt` beside an image is embedded too; images without one are refused. Default false. */
  readonly captions?: boolean;
  /** Files with one text a line. Not together with images. */
  readonly textFiles?: readonly string[];
}

/** The items, all known before the first is embedded. */
export interface EmbedItems {
  readonly images: readonly ListedImage[];
  readonly captions: boolean;
  readonly texts: readonly string[];
  readonly count: number;
  /** sha256 of names or texts in their order. */
  readonly fingerprint: string;
}

/** Largest text file; its lines are held in memory. */
const MAX_TEXT_FILE_BYTES = 2 ** 29;

/**
 * @param input - what is asked for
 * @returns the items; memory is their names or texts
 * @throws {@link MetaclipError} `E_USAGE` for both or neither, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY`
 */
export async function listEmbedItems(input: EmbedInput): Promise<EmbedItems> {
  const { images: imageInputs = [], textFiles = [], captions = false } = input;
  if (imageInputs.length > 0 === textFiles.length > 0 || (captions && textFiles.length > 0)) {
    throw new MetaclipError('E_USAGE', 'either images (with or without captions) or texts are embedded', {
      hint: 'for example `metaclip embed photos --out DIR`, or `metaclip embed --texts captions.txt --out DIR`',
    });
  }
  const images = imageInputs.length > 0 ? await listImages(imageInputs) : [];
  const texts: string[] = [];
  for (const path of textFiles) {
    // One by one: spreading the lines of a large file would overflow the stack.
    for (const line of await readLines(path)) texts.push(line);
  }
  if (images.length + texts.length === 0) {
    throw new MetaclipError('E_INPUT_EMPTY', `${textFiles.join(', ')}: no text in there`, {
      hint: 'one text a line is wanted, in UTF-8',
    });
  }
  const hash = createHash('sha256');
  for (const { name } of images) hash.update(`${name}\0`);
  for (const text of texts) hash.update(`${text}\0`);
  return { images, captions, texts, count: images.length + texts.length, fingerprint: hash.digest('hex') };
}

/**
 * @param path - text file in UTF-8
 * @returns its lines without line ends; empty ones are left out
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readLines(path: string): Promise<string[]> {
  try {
    const { size } = await stat(path);
    if (size > MAX_TEXT_FILE_BYTES) {
      throw new MetaclipError(
        'E_INPUT_UNREADABLE',
        `${path}: ${size} bytes, the limit is ${MAX_TEXT_FILE_BYTES}`,
        {
          hint: 'split the file (for example with `split -l 1000000`) and give the parts',
          details: { path, got: size, limit: MAX_TEXT_FILE_BYTES },
        },
      );
    }
    const text = await readFile(path, 'utf8');
    return text
      .replace(/^\uFEFF/, '')
      .split(/\r?\n/)
      .filter((line) => line.trim() !== '');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

/**
 * @param image - an image
 * @returns the text beside it without surrounding space, or undefined when there is none
 * @throws {@link MetaclipError} `E_INPUT_UNREADABLE`
 */
export async function readCaption(image: ListedImage): Promise<string | undefined> {
  const path = image.path.replace(/\.[^./\\]+$/, '.txt');
  try {
    const caption = (await readFile(path, 'utf8')).trim();
    return caption === '' ? undefined : caption;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw describeSystemError(error, path, 'read');
  }
}

/**
 * @param items - all items
 * @param start - first of the part
 * @param end - one behind the last
 * @returns sha256 of what the part depends on: texts, or name, size and date of each image (and its caption)
 */
export async function partKey(items: EmbedItems, start: number, end: number): Promise<string> {
  const hash = createHash('sha256');
  for (const text of items.texts.slice(start, end)) hash.update(`${text}\0`);
  for (const image of items.images.slice(start, end)) {
    const info = await stat(image.path).catch(() => undefined);
    hash.update(`${image.name}\0${info?.size ?? -1}\0${info?.mtimeMs ?? 0}\0`);
    if (items.captions) hash.update(`${(await readCaption(image)) ?? ''}\0`);
  }
  return hash.digest('hex');
}
