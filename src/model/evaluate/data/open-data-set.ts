/** Finds out what a data set is by what lies in its folder, never by its name. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { fileSizeOf } from '../../../common/files.ts';
import { openCifar } from './cifar.ts';
import type { DataSet, DataSetOptions } from './data-set.ts';
import { classFolders, openImageFolder } from './image-folder.ts';
import { openParquet, parquetFilesOf } from './parquet.ts';
import { findBenchmarkTars, openWebdataset, tarsOf } from './webdataset.ts';

/** Parts of a data set, as folders and files are called. */
const SPLIT_NAME = /^(train|training|test|testing|val|valid|validation|dev)(?:[-_.]|$)/;

/**
 * Opens one of: a folder with a folder for each class (with `--split`'s folder between them where there is one); tars, a folder
 * of tars, or clip_benchmark's layout; Parquet files or a folder of them; a folder of CIFAR's binary files.
 *
 * @param inputs - one folder, or files of one kind
 * @param options - split and column names
 * @returns the data set; nothing of its images has been read yet
 * @throws {@link MetaclipError} `E_FORMAT_UNKNOWN`, `E_USAGE` for files of several kinds; `E_INPUT_EMPTY`, `E_INPUT_NOT_FOUND`,
 *   `E_INPUT_UNREADABLE`, `E_COLUMN_MISSING`
 */
export async function openDataSet(inputs: readonly string[], options: DataSetOptions = {}): Promise<DataSet> {
  const [first] = inputs;
  if (first === undefined) {
    throw new MetaclipError('E_USAGE', 'no data set given', { hint: 'for example --data images/' });
  }
  if (inputs.length === 1 && (await isFolder(first))) return openFolder(first, options);
  for (const input of inputs) {
    if (!(await isFolder(input))) continue;
    throw new MetaclipError('E_USAGE', `${input}: a folder among several inputs`, {
      hint: 'give one folder, or files of one kind',
    });
  }
  if (inputs.every((path) => /\.(tar|tar\.gz|tgz)$/i.test(path)))
    return openWebdataset(inputs, dirname(first));
  if (inputs.every((path) => /\.parquet$/i.test(path))) {
    return openParquet(inputs, inputs.length === 1 ? first : dirname(first), options);
  }
  throw unknownFormat(inputs.join(', '));
}

async function openFolder(folder: string, options: DataSetOptions): Promise<DataSet> {
  const split = options.split ?? 'test';
  const benchmark = await findBenchmarkTars(folder, split);
  if (benchmark !== undefined) return openWebdataset(benchmark, folder);
  for (const place of [folder, join(folder, split)]) {
    const tars = (await fileSizeOf(place)) === undefined ? [] : await tarsOf(place);
    if (tars.length > 0) return openWebdataset(tars, folder);
  }
  const cifar = await openCifar(folder, split);
  if (cifar !== undefined) return cifar;
  const parquet = await parquetFilesOf(folder, split);
  if (parquet.length > 0) {
    checkSplit(
      folder,
      parquet.map((path) => basename(path)),
      [],
      split,
    );
    return openParquet(parquet, folder, options);
  }
  const folders = await classFolders(folder);
  if (folders.length === 0) throw unknownFormat(folder);
  // DATA/test/cat/001.png: a folder named after the split, whose content is folders.
  const ofSplit = join(folder, split);
  const isSplit = folders.includes(split) && (await classFolders(ofSplit)).length > 0;
  if (!isSplit) {
    checkSplit(folder, folders, folders, split);
    return openImageFolder(folder);
  }
  return { ...(await openImageFolder(ofSplit)), name: basename(resolve(folder)) };
}

/** Train and validation must not be taken together for a test, nor for two classes. */
function checkSplit(
  folder: string,
  names: readonly string[],
  others: readonly string[],
  split: string,
): void {
  const found = names.flatMap((name) => SPLIT_NAME.exec(name)?.[1] ?? []);
  const splits = [...new Set(found)].filter((name) => name !== split);
  const isAll =
    others.length === 0 ? splits.length > 1 && !found.includes(split) : found.length === others.length;
  if (!isAll || splits.length === 0) return;
  throw new MetaclipError('E_USAGE', `${folder}: holds ${splits.join(' and ')}, and not ${split}`, {
    hint: `choose one: --split ${splits.at(-1) ?? split}`,
    details: { path: folder },
  });
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}

function unknownFormat(what: string): MetaclipError {
  return new MetaclipError('E_FORMAT_UNKNOWN', `${what}: no data set that can be read`, {
    hint: 'it can be a folder with a folder for each class, tars with .jpg and .cls, Parquet with image and label, or the binary CIFAR',
    details: { path: what },
  });
}
