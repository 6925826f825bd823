/**
 * Webdataset tars of labelled images (`KEY.jpg` and `KEY.cls`), alone, in a folder, or in clip_benchmark's layout:
 *
 *   classnames.txt                           one name a line, label 0 first
 *   zeroshot_classification_templates.txt    one template a line, `{c}` is the name
 *   test/nshards.txt                         number of tars
 *   test/0.tar, test/1.tar ...
 */
import { readdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { fileSizeOf, fingerprintFile } from '../../../common/files.ts';
import { readLines } from '../names/read-names.ts';
import {
  type DataSet,
  type DataShard,
  type DropCounts,
  type LabelledImage,
  MAX_IMAGE_BYTES,
} from './data-set.ts';
import { IMAGE_EXTENSIONS, readTarSamples, type TarSample } from './tar-samples.ts';

const CLASS_FILE = 'classnames.txt';
const TEMPLATE_FILE = 'zeroshot_classification_templates.txt';
const LABEL_EXTENSION = 'cls';

/**
 * @param folder - may be the root of a data set in clip_benchmark's layout
 * @param split - `test`
 * @returns its tars by their number, or undefined when it is no such root
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND` when nshards.txt counts a tar that is not there
 */
export async function findBenchmarkTars(folder: string, split: string): Promise<string[] | undefined> {
  const countFile = join(folder, split, 'nshards.txt');
  if ((await fileSizeOf(countFile)) === undefined) return undefined;
  const [line = ''] = await readLines(countFile);
  const count = /^\s*\d{1,6}\s*$/.test(line) ? Number(line) : 0;
  if (count === 0) {
    throw new MetaclipError(
      'E_INPUT_UNREADABLE',
      `${countFile}: ${JSON.stringify(line)} is no number of tars`,
      {
        hint: 'write the number of tars into it, or give the tars themselves',
        details: { path: countFile },
      },
    );
  }
  const tars = Array.from({ length: count }, (_, number) => join(folder, split, `${number}.tar`));
  for (const tar of tars) {
    if ((await fileSizeOf(tar)) !== undefined) continue;
    throw new MetaclipError('E_INPUT_NOT_FOUND', `${tar}: missing, ${countFile} counts ${count} tars`, {
      hint: 'download the rest of the data set, or give the tars that are there',
      details: { path: tar },
    });
  }
  return tars;
}

/**
 * @param folder - folder
 * @returns tars in it, sorted with numbers as numbers
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function tarsOf(folder: string): Promise<string[]> {
  try {
    const names = (await readdir(folder)).filter((name) => /\.(tar|tar\.gz|tgz)$/i.test(name));
    return names.sort(byNumber).map((name) => join(folder, name));
  } catch (error) {
    throw describeSystemError(error, folder, 'read');
  }
}

const collator = new Intl.Collator('en', { numeric: true });
const byNumber = (a: string, b: string): number => collator.compare(a, b) || (a < b ? -1 : 1);

/**
 * @param tars - in order; each is a shard
 * @param root - folder in which class names and templates may lie
 * @returns the data set. Labels that are no number are taken for names of `classnames.txt`
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function openWebdataset(tars: readonly string[], root: string): Promise<DataSet> {
  const classNames = await readIfThere(join(root, CLASS_FILE));
  const templates = await readIfThere(join(root, TEMPLATE_FILE));
  const labelOfName = new Map((classNames ?? []).map((name, label) => [name.trim(), label]));
  const shards: DataShard[] = [];
  for (const tar of tars) {
    shards.push({
      name: basename(tar),
      fingerprint: (await fingerprintFile(tar)).fingerprint,
      imageCount: undefined,
      read: (drops) => readShard(tar, labelOfName, drops),
    });
  }
  const name = basename(resolve(root)) || basename(dirname(resolve(tars[0] ?? '.')));
  return { format: 'webdataset', name, labels: null, classNames, templates, preset: null, shards };
}

async function readIfThere(path: string): Promise<string[] | null> {
  return (await fileSizeOf(path)) === undefined ? null : readLines(path);
}

async function* readShard(
  tar: string,
  labelOfName: ReadonlyMap<string, number>,
  drops: DropCounts,
): AsyncGenerator<LabelledImage, void, void> {
  const wanted = [...IMAGE_EXTENSIONS, LABEL_EXTENSION];
  for await (const sample of readTarSamples(tar, wanted, MAX_IMAGE_BYTES, drops)) {
    const image = imageOf(sample);
    const text = sample.members.get(LABEL_EXTENSION)?.toString('utf8').trim();
    if (image === undefined && text === undefined) continue; // neither was in the sample
    if (image === undefined) {
      drops.drop('missing-image', sample.key, `${tar}: a label without an image`);
      continue;
    }
    const label =
      text === undefined ? undefined : /^\d{1,9}$/.test(text) ? Number(text) : labelOfName.get(text);
    if (label === undefined) {
      const what = text === undefined ? 'no .cls' : `label ${JSON.stringify(text.slice(0, 40))}`;
      drops.drop(text === undefined ? 'missing-label' : 'unknown-label', sample.key, `${tar}: ${what}`);
      continue;
    }
    yield { name: sample.key, image, label };
  }
}

/**
 * @param sample - of a tar
 * @returns its first image, in the order of {@link IMAGE_EXTENSIONS}
 */
export function imageOf(sample: TarSample): Buffer | undefined {
  for (const extension of IMAGE_EXTENSIONS) {
    const image = sample.members.get(extension);
    if (image !== undefined) return image;
  }
  return undefined;
}
