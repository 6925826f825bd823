/**
 * Scores of a shard's images, kept for the ROC curves, which need all of them at once:
 *
 *   for each image   int32 class, then for each class float32 log-probability; little-endian
 *
 * 4 bytes an image and class: 200 MB for ImageNet's 50,000 images of 1,000 classes.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { describeRunFileError, MetaclipError } from '../../../common/errors.ts';
import { rocAuc } from '../metrics/roc-auc.ts';

const BUFFER_BYTES = 1 << 20;
/** Scores that are in memory at a time while curves are made: 64 MiB. */
const SCORES_AT_A_TIME = 1 << 24;

/** Appends images; `end` after the last. Memory: 1 MiB, or one image's scores. */
export class ScoreWriter {
  readonly #file: FileHandle;
  readonly #buffer: Buffer;
  readonly #recordBytes: number;
  #used = 0;

  /**
   * @param file - empty, open for writing; stays the caller's
   * @param classCount - scores an image
   */
  constructor(file: FileHandle, classCount: number) {
    this.#file = file;
    this.#recordBytes = 4 + 4 * classCount;
    this.#buffer = Buffer.alloc(Math.max(this.#recordBytes, BUFFER_BYTES));
  }

  /**
   * @param truth - class
   * @param scores - one a class
   */
  async add(truth: number, scores: Float32Array): Promise<void> {
    if (this.#used + this.#recordBytes > this.#buffer.length) await this.end();
    this.#used = this.#buffer.writeInt32LE(truth, this.#used);
    for (const score of scores) this.#used = this.#buffer.writeFloatLE(score, this.#used);
  }

  /** Writes what is still in memory. */
  async end(): Promise<void> {
    await this.#file.writeFile(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}

/** A file and how many images are in it. */
export interface ScoreFile {
  readonly path: string;
  readonly images: number;
}

/**
 * Area under the curve of each class against all others. The files are read once for every 2^24 / images classes; memory: 64 MiB of
 * scores, or those of one class where there are more images than that.
 *
 * @param files - of all shards
 * @param classCount - number of classes
 * @returns for each class its area, or null without images of it or of others
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE` when a file is gone or not as long as it must be
 */
export async function aucOfClasses(
  files: readonly ScoreFile[],
  classCount: number,
): Promise<(number | null)[]> {
  const images = files.reduce((total, file) => total + file.images, 0);
  const classesAtATime = Math.max(1, Math.floor(SCORES_AT_A_TIME / Math.max(1, images)));
  const truths = new Int32Array(images);
  const aucs: (number | null)[] = [];
  for (let first = 0; first < classCount; first += classesAtATime) {
    const count = Math.min(classesAtATime, classCount - first);
    const columns = Array.from({ length: count }, () => new Float32Array(images));
    let row = 0;
    for (const file of files) {
      await readRecords(file, classCount, (record) => {
        truths[row] = record.readInt32LE(0);
        for (const [at, column] of columns.entries()) column[row] = record.readFloatLE(4 + 4 * (first + at));
        row++;
      });
    }
    for (const [at, column] of columns.entries()) {
      aucs.push(rocAuc(column, (index) => truths[index] === first + at));
    }
  }
  return aucs;
}

async function readRecords(
  file: ScoreFile,
  classCount: number,
  see: (record: Buffer) => void,
): Promise<void> {
  const recordBytes = 4 + 4 * classCount;
  const buffer = Buffer.alloc(recordBytes * Math.max(1, Math.floor(BUFFER_BYTES / recordBytes)));
  let handle: FileHandle;
  try {
    handle = await open(file.path, 'r');
  } catch (error) {
    throw describeRunFileError(error, file.path);
  }
  try {
    const { size } = await handle.stat();
    if (size !== recordBytes * file.images) {
      throw new MetaclipError(
        'E_DAMAGED_RUN_FILE',
        `${file.path}: ${size} bytes, ${recordBytes * file.images} are needed`,
        { hint: 'remove the folder of shards and run the same command again', details: { path: file.path } },
      );
    }
    for (let at = 0; at < size;) {
      const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.length, size - at), at);
      for (let start = 0; start + recordBytes <= bytesRead; start += recordBytes) {
        see(buffer.subarray(start, start + recordBytes));
      }
      at += bytesRead;
    }
  } finally {
    await handle.close();
  }
}
