/**
 * Reads a quantized fastText classifier (`.ftz`) from its bytes, all of it bounds-checked: the file comes from a package,
 * but a cut download or another model must give a plain message and never a wrong language.
 *
 * Layout, little-endian, as `FastText::saveModel` of fastText 0.9 writes it:
 *
 *   magic 793712314, version 12                                                        2 x int32
 *   dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate   12 x int32
 *   t                                                                                  float64
 *   entries, words, labels                                                             3 x int32
 *   tokens, pruned ids (-1: not pruned)                                                2 x int64
 *   per entry: zero-terminated bytes, count int64, type int8 (0 word, 1 label); words stand before labels
 *   per pruned id: bucket int32, row after the words int32
 *   quantized input: flag, norm flag, rows int64, dim int64, code bytes int32, codes, quantizer, [norm codes, quantizer]
 *   a quantizer: dim, parts, part size, last part size int32, then 256 centroids a part, float32
 *   quantized output flag, rows int64, dim int64, float32 values
 *
 * Only the kind that lid.176.ftz is of is taken: supervised, hierarchical softmax, word n-grams off, pruned and quantized
 * input, plain output, with the dimensions, n-gram lengths and buckets of {@link LID_SHAPE}.
 */
import { MetaclipError } from '../../common/errors.ts';

/** Dimensions of a vector of lid.176. */
export const LID_DIMENSION = 16;
/** Hash buckets of n-grams of lid.176, and fastText's default. */
export const LID_BUCKETS = 2_000_000;
/**
 * Shape of lid.176. The evaluator's inner loops are written out for these numbers (a constant divisor alone made it 1.5
 * times as fast), so a model of another shape is refused and not read wrongly.
 */
export const LID_SHAPE = Object.freeze({ dim: LID_DIMENSION, bucket: LID_BUCKETS, minn: 2, maxn: 4 });

/** What every label of a fastText classifier begins with. */
export const LABEL_PREFIX = '__label__';

/** Most rows of the input matrix: a row number must fit 16 bits, with 0 left for "pruned". */
const MAX_ROWS = 0xffff;
/** Most labels taken; lid.176 has 176. */
const MAX_LABELS = 4096;

/** Largest training count taken; the sum over all labels must stay below fastText's "no such node" count of 1e15. */
const MAX_COUNT = 1e11;

/** A classifier as it stands in the file, with the input matrix decoded. */
export interface FastTextFile {
  /** The words, in the order of their rows; row 0 is the end-of-line word `</s>`. */
  readonly words: readonly Uint8Array[];
  /** The labels without their prefix, most frequent first. */
  readonly labels: readonly string[];
  /** Training count of each label; decides the shape of the tree. */
  readonly labelCounts: readonly number[];
  /** Row of each bucket, 0 where its n-grams were pruned. */
  readonly bucketRows: Uint16Array;
  /** Decoded input matrix, rows x {@link LID_DIMENSION}. */
  readonly rows: Float32Array;
  /** Output matrix, labels x {@link LID_DIMENSION}; row i belongs to inner node i of the tree. */
  readonly output: Float32Array;
}

/**
 * Parses a `.ftz` file and decodes its feature rows with fastText's own float32 arithmetic.
 *
 * Complexity: O(file + rows x dim); allocates about 9 MB for lid.176.
 *
 * @param bytes - the whole file; not kept
 * @param path - name of the file for messages
 * @returns the classifier; the caller owns its arrays
 * @throws {MetaclipError} `E_FORMAT_UNKNOWN` when the file is not a model of this kind, `E_INPUT_UNREADABLE` when it is
 * one but is cut or contradicts itself
 */
export function parseFastTextFile(bytes: Uint8Array, path: string): FastTextFile {
  const reader = new ModelReader(bytes, path);
  if (bytes.length < 8 || reader.int32('magic number') !== 793712314) {
    throw reader.unknown('not a fastText model: the magic number is missing');
  }
  const version = reader.int32('version');
  if (version !== 12) throw reader.unknown(`fastText model of version ${version}, only 12 is known`);

  const { dim, wordNgrams, loss, model, bucket, minn, maxn } = readArguments(reader);
  const isOfKind = model === 3 && loss === 1 && wordNgrams <= 1;
  const hasShape = dim === LID_SHAPE.dim && bucket === LID_SHAPE.bucket;
  if (!isOfKind || !hasShape || minn !== LID_SHAPE.minn || maxn !== LID_SHAPE.maxn) {
    throw reader.unknown(
      `a fastText model of another kind: model ${model}, loss ${loss}, wordNgrams ${wordNgrams}, dim ${dim}, ` +
        `bucket ${bucket}, minn ${minn}, maxn ${maxn}; lid.176 has 3, 1, 1, 16, 2000000, 2, 4`,
    );
  }

  const entryCount = reader.int32('number of entries');
  const wordCount = reader.int32('number of words');
  const labelCount = reader.int32('number of labels');
  reader.int64('number of tokens');
  const prunedCount = reader.int64('number of pruned ids');
  if (wordCount < 1 || labelCount < 2 || labelCount > MAX_LABELS || entryCount !== wordCount + labelCount) {
    throw reader.damaged(`${entryCount} entries, ${wordCount} words, ${labelCount} labels`);
  }
  if (prunedCount < 0) throw reader.unknown('a fastText model whose n-grams are not pruned');
  const { words, labels, labelCounts } = readDictionary(reader, wordCount, labelCount);

  const rowCount = wordCount + prunedCount;
  if (rowCount > MAX_ROWS) throw reader.unknown(`${rowCount} feature rows, the limit is ${MAX_ROWS}`);
  const bucketRows = new Uint16Array(bucket);
  for (let i = 0; i < prunedCount; i++) {
    const from = reader.int32('pruned bucket');
    const to = reader.int32('pruned row');
    if (from < 0 || from >= bucket || to < 0 || to >= prunedCount) {
      throw reader.damaged(`pruned id ${i} maps bucket ${from} to row ${to}`);
    }
    bucketRows[from] = wordCount + to;
  }

  const rows = readQuantizedRows(reader, rowCount);
  if (reader.flag('output quantization flag')) {
    throw reader.unknown('a fastText model with a quantized output matrix');
  }
  const outputRows = reader.int64('output rows');
  const outputDim = reader.int64('output dimensions');
  if (outputRows !== labelCount || outputDim !== LID_DIMENSION) {
    throw reader.damaged(`output matrix of ${outputRows} x ${outputDim} for ${labelCount} labels`);
  }
  const output = reader.float32s(outputRows * outputDim, 'output matrix');
  if (!reader.isAtEnd) throw reader.damaged('bytes after the output matrix');
  return { words, labels, labelCounts, bucketRows, rows, output };
}

interface ModelArguments {
  readonly dim: number;
  readonly wordNgrams: number;
  readonly loss: number;
  readonly model: number;
  readonly bucket: number;
  readonly minn: number;
  readonly maxn: number;
}

function readArguments(reader: ModelReader): ModelArguments {
  const dim = reader.int32('dim');
  reader.skip(4 * 4, 'ws, epoch, minCount, neg');
  const wordNgrams = reader.int32('wordNgrams');
  const loss = reader.int32('loss');
  const model = reader.int32('model');
  const bucket = reader.int32('bucket');
  const minn = reader.int32('minn');
  const maxn = reader.int32('maxn');
  reader.skip(4 + 8, 'lrUpdateRate, t');
  return { dim, wordNgrams, loss, model, bucket, minn, maxn };
}

function readDictionary(
  reader: ModelReader,
  wordCount: number,
  labelCount: number,
): Pick<FastTextFile, 'words' | 'labels' | 'labelCounts'> {
  const decoder = new TextDecoder();
  const words: Uint8Array[] = [];
  const labels: string[] = [];
  const labelCounts: number[] = [];
  for (let i = 0; i < wordCount + labelCount; i++) {
    const name = reader.zeroTerminated('dictionary entry');
    const count = reader.int64('count');
    const isLabel = reader.byte('entry type') === 1;
    const text = decoder.decode(name);
    // The evaluator tells a label by its prefix alone, so no word may have it and every label must.
    if (
      isLabel !== i >= wordCount ||
      isLabel !== text.startsWith(LABEL_PREFIX) ||
      count < 0 ||
      count > MAX_COUNT
    ) {
      throw reader.damaged(`dictionary entry ${i} "${text.slice(0, 40)}" of the wrong type`);
    }
    if (isLabel) {
      labels.push(text.slice(LABEL_PREFIX.length));
      labelCounts.push(count);
    } else {
      words.push(name);
    }
  }
  if (decoder.decode(words[0]) !== '</s>') throw reader.damaged('the first word is not the end of line');
  return { words, labels, labelCounts };
}

/** Decodes row = norm x centroids, each product rounded to float32 as fastText does when it adds the row. */
function readQuantizedRows(reader: ModelReader, rowCount: number): Float32Array {
  if (!reader.flag('input quantization flag')) throw reader.unknown('a fastText model that is not quantized');
  const hasNorms = reader.flag('norm flag');
  const fileRows = reader.int64('input rows');
  const fileDim = reader.int64('input dimensions');
  const codeBytes = reader.int32('code bytes');
  if (fileRows !== rowCount || fileDim !== LID_DIMENSION) {
    throw reader.damaged(`input matrix of ${fileRows} x ${fileDim} for ${rowCount} words and n-grams`);
  }
  const codes = reader.bytes(codeBytes, 'codes');
  const { partCount, partSize, lastPartSize, centroids } = readQuantizer(reader, LID_DIMENSION);
  if (codeBytes !== rowCount * partCount) throw reader.damaged(`${codeBytes} codes for ${rowCount} rows`);
  const normCodes = hasNorms ? reader.bytes(rowCount, 'norm codes') : undefined;
  const norms = hasNorms ? readQuantizer(reader, 1).centroids : undefined;

  const rows = new Float32Array(rowCount * LID_DIMENSION);
  for (let row = 0; row < rowCount; row++) {
    const norm = norms?.[normCodes?.[row] ?? 0] ?? 1;
    for (let part = 0; part < partCount; part++) {
      const isLast = part === partCount - 1;
      const size = isLast ? lastPartSize : partSize;
      const from = part * 256 * partSize + (codes[row * partCount + part] ?? 0) * size;
      const to = row * LID_DIMENSION + part * partSize;
      for (let i = 0; i < size; i++) rows[to + i] = norm * (centroids[from + i] ?? 0);
    }
  }
  return rows;
}

interface Quantizer {
  readonly partCount: number;
  readonly partSize: number;
  readonly lastPartSize: number;
  readonly centroids: Float32Array;
}

function readQuantizer(reader: ModelReader, expectedDim: number): Quantizer {
  const dim = reader.int32('quantizer dimensions');
  const partCount = reader.int32('quantizer parts');
  const partSize = reader.int32('quantizer part size');
  const lastPartSize = reader.int32('quantizer last part size');
  const isSound = partCount > 0 && partSize > 0 && lastPartSize > 0 && lastPartSize <= partSize;
  if (dim !== expectedDim || !isSound || (partCount - 1) * partSize + lastPartSize !== dim) {
    throw reader.damaged(`quantizer of ${dim} dimensions in ${partCount} parts of ${partSize}`);
  }
  return { partCount, partSize, lastPartSize, centroids: reader.float32s(dim * 256, 'centroids') };
}

/** A position in the file; every read is checked against its end. */
class ModelReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #path: string;
  #at = 0;

  constructor(bytes: Uint8Array, path: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#path = path;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  skip(byteCount: number, what: string): number {
    const start = this.#at;
    if (byteCount < 0 || byteCount > this.#bytes.length - start) {
      throw this.damaged(`${what} needs ${byteCount} bytes, ${this.#bytes.length - start} are left`);
    }
    this.#at = start + byteCount;
    return start;
  }

  int32(what: string): number {
    return this.#view.getInt32(this.skip(4, what), true);
  }

  int64(what: string): number {
    const value = Number(this.#view.getBigInt64(this.skip(8, what), true));
    if (!Number.isSafeInteger(value)) throw this.damaged(`${what} is ${value}`);
    return value;
  }

  byte(what: string): number {
    return this.#view.getUint8(this.skip(1, what));
  }

  flag(what: string): boolean {
    const value = this.byte(what);
    if (value > 1) throw this.damaged(`${what} is ${value}, not 0 or 1`);
    return value === 1;
  }

  bytes(byteCount: number, what: string): Uint8Array {
    const start = this.skip(byteCount, what);
    return this.#bytes.subarray(start, start + byteCount);
  }

  zeroTerminated(what: string): Uint8Array {
    const start = this.#at;
    const end = this.#bytes.indexOf(0, start);
    if (end < 0) throw this.damaged(`${what} has no end`);
    this.#at = end + 1;
    return this.#bytes.slice(start, end);
  }

  float32s(count: number, what: string): Float32Array {
    const start = this.skip(count * 4, what);
    const values = new Float32Array(count);
    for (let i = 0; i < count; i++) {
      const value = this.#view.getFloat32(start + i * 4, true);
      if (!Number.isFinite(value)) throw this.damaged(`${what} holds ${value}`);
      values[i] = value;
    }
    return values;
  }

  damaged(found: string): MetaclipError {
    return new MetaclipError(
      'E_INPUT_UNREADABLE',
      `${this.#path}: damaged language model at byte ${this.#at} of ${this.#bytes.length}: ${found}`,
      {
        hint: 'install the package again: npm install fasttext.wasm.js',
        details: { path: this.#path, byte: this.#at, sizeBytes: this.#bytes.length },
      },
    );
  }

  unknown(found: string): MetaclipError {
    return new MetaclipError('E_FORMAT_UNKNOWN', `${this.#path}: ${found}`, {
      hint: 'use lid.176.ftz, which comes with the package fasttext.wasm.js',
      details: { path: this.#path, sizeBytes: this.#bytes.length },
    });
  }
}
