/** Model folders whose results can be worked out by hand: an image's mean colour, a text's second token. */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprintFile } from '../../src/common/files.ts';
import { OnnxGraph } from '../../src/model/import/onnx-writer.ts';
import { MODEL_MANIFEST } from '../../src/model/model-folder.ts';
import { clipPreprocessSpec } from '../../src/model/preprocess/preprocess-spec.ts';

/** Side of the images that the model takes. */
export const TINY_SIZE = 8;
/** Values of an embedding. */
export const TINY_DIMENSION = 4;
const VOCABULARY = 4096;

/** From the mean of red, green and blue, as they leave the preprocessing, to an embedding. */
export const TINY_IMAGE_WEIGHTS = Float32Array.from([3, 0, 0, 1, 0, 3, 0, 1, 0, 0, 3, 1]);

/** How the graphs differ from the usual. */
export interface TinyModelOptions {
  /** Element type of pixels and outputs. Default F32. */
  readonly floats?: 'F32' | 'F16';
  /** Element type of token ids. Default I64. */
  readonly ids?: 'I64' | 'I32';
  /** A fixed number of rows in each run. Default any. */
  readonly batch?: number;
  /** A fixed number of tokens in each row. Default any. */
  readonly length?: number;
  /** Whether the text graph takes a mask and sums all tokens, instead of taking the second. Default false. */
  readonly mask?: boolean;
  readonly tokenizer?: boolean;
  readonly vision?: boolean;
  readonly logitScale?: number;
  readonly fingerprint?: string;
}

/**
 * @param id - token
 * @returns the row of the text graph's table
 */
export function tinyTextRow(id: number): number[] {
  return Array.from({ length: TINY_DIMENSION }, (_, k) => Math.fround(Math.sin(id * (k + 1) * 0.37) + 0.05));
}

/**
 * @param folder - made
 * @param options - see there
 * @returns the folder
 */
export async function makeTinyModel(folder: string, options: TinyModelOptions = {}): Promise<string> {
  const { floats = 'F32', ids = 'I64', batch, length, mask = false } = options;
  mkdirSync(folder, { recursive: true });
  const rows = batch ?? 'batch';
  const [floatType, idType] = [floats === 'F32' ? 'float32' : 'float16', ids === 'I64' ? 'int64' : 'int32'];

  const vision = new OnnxGraph('vision');
  const pixels = vision.input('pixel_values', floats, [rows, 3, TINY_SIZE, TINY_SIZE]);
  const weights = vision.initializer('weights', 'F32', [3, TINY_DIMENSION], TINY_IMAGE_WEIGHTS);
  const mean = vision.node('ReduceMean', [vision.node('Cast', [pixels], { to: 1 })], {
    axes: [2, 3],
    keepdims: 0,
  });
  const image = vision.node('MatMul', [mean, weights]);
  vision.output(vision.node('Cast', [image], { to: floats === 'F32' ? 1 : 10 }), 'image_embeds', floats, [
    rows,
    TINY_DIMENSION,
  ]);

  const text = new OnnxGraph('text');
  const table = Float32Array.from(Array.from({ length: VOCABULARY }, (_, id) => tinyTextRow(id)).flat());
  const tokens = text.input('input_ids', ids, [rows, length ?? 'length']);
  const vectors = text.node('Gather', [
    text.initializer('table', 'F32', [VOCABULARY, TINY_DIMENSION], table),
    tokens,
  ]);
  let pooled: string;
  if (mask) {
    const given = text.node('Cast', [text.input('attention_mask', ids, [rows, length ?? 'length'])], {
      to: 1,
    });
    const product = text.node('Mul', [vectors, text.node('Unsqueeze', [given, text.integers(2)])]);
    pooled = text.node('ReduceSum', [product, text.integers(1)], { keepdims: 0 });
  } else pooled = text.node('Gather', [vectors, text.integer(1)], { axis: 1 });
  text.output(text.node('Cast', [pooled], { to: floats === 'F32' ? 1 : 10 }), 'text_embeds', floats, [
    rows,
    TINY_DIMENSION,
  ]);

  const names = ['text.onnx'];
  const producer = 'test';
  writeFileSync(join(folder, 'text.onnx'), text.toBytes(producer));
  if (options.vision !== false) {
    writeFileSync(join(folder, 'vision.onnx'), vision.toBytes(producer));
    names.push('vision.onnx');
  }
  if (options.tokenizer !== false) {
    copyFileSync(
      fileURLToPath(new URL('../../models/emoji/tokenizer.json', import.meta.url)),
      join(folder, 'tokenizer.json'),
    );
    names.push('tokenizer.json');
  }
  const files: object[] = [];
  for (const name of names) {
    const { sizeBytes, fingerprint } = await fingerprintFile(join(folder, name));
    files.push({ name, sizeBytes, sample: fingerprint });
  }
  const manifest = {
    formatVersion: 1,
    name: 'tiny',
    fingerprint: options.fingerprint ?? '0123456789abcdef'.repeat(4),
    toolVersion: '1',
    origin: 'onnx',
    architecture: {},
    vision:
      options.vision === false
        ? null
        : {
            file: 'vision.onnx',
            input: { name: 'pixel_values', dtype: floatType },
            output: 'image_embeds',
            imageSize: TINY_SIZE,
          },
    text: {
      file: 'text.onnx',
      inputs: {
        ids: { name: 'input_ids', dtype: idType },
        attentionMask: mask ? { name: 'attention_mask', dtype: idType } : null,
      },
      output: 'text_embeds',
      contextLength: length ?? 77,
      acceptsShorter: length === undefined,
      vocabSize: VOCABULARY,
      pooling: { kind: 'argmax' },
      padId: 0,
    },
    embedDim: TINY_DIMENSION,
    logitScale: options.logitScale ?? 10,
    dtype: 'float32',
    preprocess: clipPreprocessSpec(TINY_SIZE),
    tokenizer: options.tokenizer === false ? null : { kind: 'tokenizer-json', file: 'tokenizer.json' },
    files,
  };
  writeFileSync(join(folder, MODEL_MANIFEST), JSON.stringify(manifest));
  return folder;
}
