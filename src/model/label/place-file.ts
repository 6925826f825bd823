/** Puts an image into the data set, as a copy or as a hard link. */
import { constants } from 'node:fs';
import { access, copyFile, link, realpath } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { ensureFolder, produceFile } from '../../common/files.ts';
import { folderNameOf } from './class-folders.ts';

/** Characters of the image's own name that are kept. */
const MAX_STEM = 80;

/**
 * @param name - path of the image below its folder, with `/`
 * @param contentHash - of its bytes, hex
 * @returns its name with part of the hash, so that images of one name from several folders don't collide, in any order
 */
export function fileNameOf(name: string, contentHash: string): string {
  const base = name.slice(name.lastIndexOf('/') + 1);
  const extension = extname(base);
  const stem = folderNameOf(base.slice(0, base.length - extension.length));
  return `${Array.from(stem).slice(0, MAX_STEM).join('')}-${contentHash.slice(0, 12)}${extension.toLowerCase()}`;
}

/**
 * @param from - image
 * @param to - path in the data set, which holds the content's hash; its folder is made
 * @param asLink - a hard link instead of a copy
 * @returns false when the image has gone meanwhile
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, also where no hard link is possible; `E_DISK_FULL`
 */
export async function placeFile(from: string, to: string, asLink: boolean): Promise<boolean> {
  try {
    if (asLink) await linkFile(from, to);
    else await produceFile(to, (temporaryPath) => copyFile(from, temporaryPath, constants.COPYFILE_FICLONE));
    return true;
  } catch (error) {
    const isGone = await access(from).then(
      () => false,
      () => true,
    );
    if (isGone) return false;
    throw error;
  }
}

async function linkFile(from: string, to: string): Promise<void> {
  await ensureFolder(dirname(to));
  try {
    // Of the file itself where the name is a symbolic link: that might be relative.
    await link(await realpath(from), to);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'EEXIST') return; // left by an interrupted call: the name holds the hash
    if (code !== 'EXDEV' && code !== 'EPERM') throw describeSystemError(error, to, 'write');
    throw new MetaclipError('E_OUTPUT_UNWRITABLE', `${to}: no hard link is possible from ${from} to there`, {
      hint: 'images and --out must be on one file system; without --link they are copied',
      details: { path: to },
      cause: error,
    });
  }
}
