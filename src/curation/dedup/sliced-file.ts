/**
 * Files of little-endian 32-bit words in slices that are read one at a time:
 *
 *   0                 magic
 *   1                 number of slices S
 *   2 .. S + 2        starts: items of slice s are [starts[s], starts[s + 1])
 *   then              items, each of as many words as the format says
 */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { describeRunFileError, MetaclipError } from '../../common/errors.ts';
import { writeArraysSync } from '../../common/files.ts';

const HEAD_WORDS = 2;

/** What a file is. */
export interface SlicedFormat {
  readonly magic: number;
  /** Words of an item. */
  readonly itemWords: number;
  /** For messages: `group file`. */
  readonly name: string;
  /** The stage that writes such files, and writes them anew where its markers are gone. */
  readonly stage: string;
}

/** Where the items of one slice lie. */
export interface Slice {
  readonly wordCount: number;
  /**
   * @param target - receives the items at its start; wordCount words at least
   * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
   */
  readonly read: (target: Uint32Array) => void;
}

/**
 * Writes a file whole or not at all.
 *
 * @param format - what it is
 * @param path - file to make
 * @param starts - first item of each slice, and their number
 * @param items - the items, slice by slice
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`
 */
export function writeSlices(
  format: SlicedFormat,
  path: string,
  starts: Uint32Array,
  items: Uint32Array,
): number {
  return writeArraysSync(path, [Uint32Array.of(format.magic, starts.length - 1), starts, items]);
}

/**
 * Opens a file to look at one slice. Synchronous, as all that worker threads do with files of the run: a promise a file and
 * partition took longer than what is read.
 *
 * @param format - what it is
 * @param path - the file
 * @param slice - number of the slice
 * @param use - called with the slice while the file is open
 * @param expectedSlices - how many slices the file must have, where that is known
 * @returns what `use` gave
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE` when the file is another one, or too short
 */
export function withSlice<T>(
  format: SlicedFormat,
  path: string,
  slice: number,
  use: (slice: Slice) => T,
  expectedSlices?: number,
): T {
  try {
    const file = openSync(path, 'r');
    try {
      return use(findSlice(format, path, file, slice, expectedSlices));
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw describeRunFileError(error, path);
  }
}

function findSlice(
  format: SlicedFormat,
  path: string,
  file: number,
  slice: number,
  expectedSlices: number | undefined,
): Slice {
  const head = new Uint32Array(HEAD_WORDS);
  readSync(file, head, 0, head.byteLength, 0);
  const range = new Uint32Array(2);
  readSync(file, range, 0, range.byteLength, (HEAD_WORDS + slice) * 4);
  const [magic, sliceCount = 0] = head;
  const [start = 0, end = 0] = range;
  const position = (HEAD_WORDS + sliceCount + 1 + start * format.itemWords) * 4;
  const wordCount = (end - start) * format.itemWords;
  const { size } = fstatSync(file);
  const isWhole = slice < sliceCount && end >= start && position + wordCount * 4 <= size;
  if (magic !== format.magic || (expectedSlices ?? sliceCount) !== sliceCount || !isWhole) {
    throw damaged(format, path);
  }
  return {
    wordCount,
    read: (target) => {
      const bytesRead = readSync(file, target, 0, wordCount * 4, position);
      if (bytesRead !== wordCount * 4) throw damaged(format, path);
    },
  };
}

function damaged({ name, stage }: SlicedFormat, path: string): MetaclipError {
  return new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: not the ${name} that was written`, {
    hint: `remove the folder done/${stage} and run the same command again`,
    details: { path },
  });
}
