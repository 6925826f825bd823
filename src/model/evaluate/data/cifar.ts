/**
 * CIFAR-10 and CIFAR-100 in their binary version: records of one label byte (CIFAR-100: a coarse one, then the fine one that
 * counts) and 3,072 bytes of 32 x 32 pixels, all red, then all green, then all blue, row by row.
 */
import { open } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { fileSizeOf, fingerprintFile } from '../../../common/files.ts';
import { DATA_SETS } from '../names/data-sets.ts';
import type { DataSet, DataShard, DropCounts, LabelledImage } from './data-set.ts';

const SIDE = 32;
const PIXELS = SIDE * SIDE;
const IMAGE_BYTES = 3 * PIXELS;
const RECORDS_A_READ = 256;

/** Files of a split; the label byte that counts is the last before the pixels. */
const LAYOUTS = [
  {
    preset: 'cifar10',
    labelBytes: 1,
    files: { test: ['test_batch.bin'], train: [1, 2, 3, 4, 5].map((n) => `data_batch_${n}.bin`) },
  },
  { preset: 'cifar100', labelBytes: 2, files: { test: ['test.bin'], train: ['train.bin'] } },
] as const;

/**
 * @param path - folder of the binary version
 * @param split - `test` or `train`
 * @returns the data set, a shard each file, or undefined when the folder has none of its files
 * @throws {@link MetaclipError} `E_USAGE` for another split; `E_INPUT_NOT_FOUND` when a file of the split is missing
 */
export async function openCifar(path: string, split: string): Promise<DataSet | undefined> {
  for (const { preset, labelBytes, files } of LAYOUTS) {
    const all = [...files.test, ...files.train];
    const sizes = await Promise.all(all.map((file) => fileSizeOf(join(path, file))));
    if (sizes.every((size) => size === undefined)) continue;
    if (split !== 'test' && split !== 'train') {
      throw new MetaclipError('E_USAGE', `--split ${split}: CIFAR has test and train`, {
        hint: 'for example --split test',
      });
    }
    const shards: DataShard[] = [];
    for (const file of files[split]) {
      const { sizeBytes, fingerprint } = await fingerprintFile(join(path, file));
      shards.push({
        name: file,
        fingerprint,
        imageCount: Math.floor(sizeBytes / (labelBytes + IMAGE_BYTES)),
        read: (drops) => readRecords(join(path, file), labelBytes, drops),
      });
    }
    const classes = DATA_SETS.get(preset)?.classes ?? null;
    return {
      format: 'cifar',
      name: basename(resolve(path)),
      labels: classes,
      classNames: classes,
      templates: null,
      preset,
      shards,
    };
  }
  return undefined;
}

/** Memory: 256 records. */
async function* readRecords(
  path: string,
  labelBytes: number,
  drops: DropCounts,
): AsyncGenerator<LabelledImage, void, void> {
  const { default: sharp } = await import('sharp');
  const recordBytes = labelBytes + IMAGE_BYTES;
  const buffer = Buffer.alloc(recordBytes * RECORDS_A_READ);
  const file = await open(path, 'r').catch((error: unknown) => {
    throw describeSystemError(error, path, 'read');
  });
  try {
    for (let record = 0; ;) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, record * recordBytes);
      for (let at = 0; at + recordBytes <= bytesRead; at += recordBytes, record++) {
        const pixels = interleave(buffer.subarray(at + labelBytes, at + recordBytes));
        const image = await sharp(pixels, { raw: { width: SIDE, height: SIDE, channels: 3 } })
          .png({ compressionLevel: 1 })
          .toBuffer();
        yield { name: `${basename(path)} ${record}`, image, label: buffer[at + labelBytes - 1] ?? 0 };
      }
      if (bytesRead % recordBytes !== 0) {
        drops.drop('truncated', `${basename(path)} ${record}`, `${path}: the last record is cut`);
      }
      if (bytesRead < buffer.length) return;
    }
  } finally {
    await file.close();
  }
}

function interleave(planes: Uint8Array): Uint8Array {
  const pixels = new Uint8Array(IMAGE_BYTES);
  for (let at = 0; at < PIXELS; at++) {
    for (let channel = 0; channel < 3; channel++)
      pixels[at * 3 + channel] = planes[channel * PIXELS + at] ?? 0;
  }
  return pixels;
}
