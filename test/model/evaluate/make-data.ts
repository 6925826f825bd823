/** Small labelled data sets of plain colours, in every format that is read. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { sqlString, withDuckdb } from '../../../src/common/duckdb.ts';
import type { DataSet, LabelledImage } from '../../../src/model/evaluate/data/data-set.ts';
import { DropCounts } from '../../../src/model/evaluate/data/data-set.ts';
import { makeTar } from '../../helpers/make-tar.ts';

/** An image of one colour, and its label. */
export interface Swatch {
  readonly png: Buffer;
  readonly label: number;
}

/**
 * @param count - images
 * @param classCount - labels are spread over them
 * @param seed - another seed, other colours
 * @returns images of 8 x 8 pixels
 */
export async function makeSwatches(count: number, classCount: number, seed = 1): Promise<Swatch[]> {
  let state = seed;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const swatches: Swatch[] = [];
  for (let at = 0; at < count; at++) {
    const background = { r: next(256), g: next(256), b: next(256) };
    const png = await sharp({ create: { width: 8, height: 8, channels: 3, background } })
      .png()
      .toBuffer();
    swatches.push({ png, label: next(classCount) });
  }
  return swatches;
}

/** A folder for each class, whose names sort in the order of the labels. */
export function writeImageFolder(
  folder: string,
  swatches: readonly Swatch[],
  names: readonly string[],
): string {
  for (const name of names) mkdirSync(join(folder, name), { recursive: true });
  for (const [at, { png, label }] of swatches.entries()) {
    writeFileSync(join(folder, names[label] ?? '', `${String(at).padStart(4, '0')}.png`), png);
  }
  return folder;
}

/** clip_benchmark's layout, in tars of so many images. */
export async function writeBenchmark(
  folder: string,
  swatches: readonly Swatch[],
  names: readonly string[],
  imagesATar: number,
): Promise<string> {
  mkdirSync(join(folder, 'test'), { recursive: true });
  writeFileSync(join(folder, 'classnames.txt'), `${names.join('\n')}\n`);
  writeFileSync(join(folder, 'zeroshot_classification_templates.txt'), 'a photo of {c}.\n{c}\n');
  let tars = 0;
  for (let start = 0; start < swatches.length; start += imagesATar, tars++) {
    const files = swatches.slice(start, start + imagesATar).flatMap(({ png, label }, at) => {
      const key = `s${String(start + at).padStart(7, '0')}`;
      return [
        [`${key}.cls`, String(label)],
        [`${key}.png`, png],
      ] as const;
    });
    writeFileSync(join(folder, 'test', `${tars}.tar`), await makeTar(files));
  }
  writeFileSync(join(folder, 'test', 'nshards.txt'), `${tars}\n`);
  return folder;
}

/** Parquet as the hub has it; `names` go to its metadata, or become the labels. */
export async function writeHubParquet(
  path: string,
  swatches: readonly Swatch[],
  names: readonly string[],
  labels: 'number' | 'text',
): Promise<string> {
  const rows = swatches.map(({ png, label }, at) => {
    const value = labels === 'number' ? String(label) : sqlString(names[label] ?? '');
    return `({'bytes': from_hex('${png.toString('hex')}'), 'path': 'i${at}.png'}, ${value})`;
  });
  const metadata = {
    info: { features: { image: { _type: 'Image' }, label: { names, _type: 'ClassLabel' } } },
  };
  const hub =
    labels === 'number' ? `, KV_METADATA {huggingface: ${sqlString(JSON.stringify(metadata))}}` : '';
  const sql = `COPY (SELECT * FROM (VALUES ${rows.join(', ')}) t(image, label)) TO ${sqlString(path)} (FORMAT parquet${hub})`;
  await withDuckdb((connection) => connection.run(sql));
  return path;
}

/** All images of a data set and what was left out. */
export async function readAll(data: DataSet): Promise<{
  readonly images: LabelledImage[];
  readonly counts: Record<string, number>;
  readonly drops: DropCounts;
}> {
  const drops = new DropCounts();
  const images: LabelledImage[] = [];
  for (const shard of data.shards) for await (const image of shard.read(drops)) images.push(image);
  return { images, counts: Object.fromEntries(drops.counts), drops };
}
