/** Runs imported graphs, and the PyTorch implementation beside them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { readModelFolder } from '../../src/model/model-folder.ts';
import { type ClipShape, makeRandom } from './clip-weights.ts';

const PYTHON = '/usr/bin/python3';
const SCRIPT = fileURLToPath(new URL('clip_reference.py', import.meta.url));

/** Reason to give to `skip` where PyTorch is missing. */
export function skipWithoutTorch(): string | false {
  const probe = spawnSync(PYTHON, ['-c', 'import torch, numpy']);
  return probe.status === 0 ? false : 'skipped: no /usr/bin/python3 with torch and numpy here';
}

/** Images and texts for a model. */
export interface ClipInputs {
  readonly pixels: Float32Array;
  readonly imageCount: number;
  /** One row of token ids a text, of equal length. */
  readonly ids: readonly (readonly number[])[];
}

/** Embeddings of both, a row each, not normalised. */
export interface ClipOutputs {
  readonly images: Float32Array;
  readonly texts: Float32Array;
}

/** Texts of all lengths, with `end` after them and then padding, or an end token twice. */
export function makeInputs(shape: ClipShape, imageCount: number, textCount: number, end: number): ClipInputs {
  const random = makeRandom(7);
  const size = shape.vision.imageSize;
  const { contextLength, vocabSize } = shape.text;
  const ids = Array.from({ length: textCount }, (_, row) => {
    // Ids above the end token would win an argmax; those of an ordinary text lie below, and above 2 for the other kind.
    const word = (): number => 3 + Math.floor(((random() + 1) / 2) * (vocabSize - 4));
    const words = 1 + ((row * 5) % (contextLength - 2));
    const text = [1, ...Array.from({ length: words }, word), end, end];
    return [...text, ...Array<number>(contextLength).fill(0)].slice(0, contextLength);
  });
  return { pixels: Float32Array.from({ length: imageCount * 3 * size * size }, random), imageCount, ids };
}

/** The embeddings of an imported folder; checks its manifest and the shapes on the way. */
export async function runFolder(
  folder: string,
  { pixels, imageCount, ids }: ClipInputs,
): Promise<ClipOutputs> {
  const { manifest, visionPath, textPath } = await readModelFolder(folder);
  const { vision, text, embedDim } = manifest;
  assert.ok(vision !== null && text !== null && visionPath !== null && textPath !== null);
  const run = async (path: string, input: string, tensor: Tensor, output: string): Promise<Float32Array> => {
    const session = await InferenceSession.create(path, { intraOpNumThreads: 1, logSeverityLevel: 3 });
    try {
      const result = (await session.run({ [input]: tensor }))[output];
      assert.ok(result?.data instanceof Float32Array);
      assert.deepEqual(result.dims, [tensor.dims[0], embedDim]);
      return result.data;
    } finally {
      await session.release();
    }
  };
  const side = vision.imageSize;
  const flat = BigInt64Array.from(ids.flat(), BigInt);
  return {
    images: await run(
      visionPath,
      vision.input.name,
      new Tensor('float32', pixels, [imageCount, 3, side, side]),
      vision.output,
    ),
    texts: await run(
      textPath,
      text.inputs.ids.name,
      new Tensor('int64', flat, [ids.length, ids[0]?.length ?? 0]),
      text.output,
    ),
  };
}

/** What the PyTorch implementation is to compute. */
export interface TorchJob {
  readonly weights: string;
  readonly shape: ClipShape;
  readonly activation: string;
  /** null: the token with the highest id. */
  readonly eosId: number | null;
  readonly inputs: ClipInputs;
}

/** Runs all jobs in one process, since loading PyTorch takes seconds. */
export function runTorch(folder: string, jobs: readonly TorchJob[]): ClipOutputs[] {
  const paths = (index: number, name: string): string => join(folder, `torch-${index}-${name}`);
  const described = jobs.map(({ weights, shape, activation, eosId, inputs }, index) => {
    writeFileSync(paths(index, 'pixels'), Buffer.from(inputs.pixels.buffer));
    writeFileSync(paths(index, 'ids'), Buffer.from(BigInt64Array.from(inputs.ids.flat(), BigInt).buffer));
    const side = shape.vision.imageSize;
    return {
      weights,
      activation,
      eosId,
      visionHeads: shape.vision.heads,
      textHeads: shape.text.heads,
      pixels: paths(index, 'pixels'),
      pixelShape: [inputs.imageCount, 3, side, side],
      ids: paths(index, 'ids'),
      idShape: [inputs.ids.length, inputs.ids[0]?.length ?? 0],
      imagesOut: paths(index, 'images'),
      textsOut: paths(index, 'texts'),
    };
  });
  writeFileSync(join(folder, 'jobs.json'), JSON.stringify(described));
  const result = spawnSync(PYTHON, [SCRIPT, join(folder, 'jobs.json')], {
    env: { ...process.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1' },
  });
  assert.equal(result.status, 0, result.stderr.toString());
  const read = (path: string): Float32Array => new Float32Array(Uint8Array.from(readFileSync(path)).buffer);
  return described.map(({ imagesOut, textsOut }) => ({ images: read(imagesOut), texts: read(textsOut) }));
}

/** Largest difference of two sets of rows, each row scaled to length 1 first. */
export function largestDifference(a: Float32Array, b: Float32Array, rowLength: number): number {
  assert.equal(a.length, b.length);
  assert.ok(a.length > 0);
  let largest = 0;
  for (let start = 0; start < a.length; start += rowLength) {
    const lengthOf = (rows: Float32Array): number => Math.hypot(...rows.subarray(start, start + rowLength));
    const [left, right] = [lengthOf(a), lengthOf(b)];
    assert.ok(left > 0 && right > 0, 'a row of zeros');
    for (let i = start; i < start + rowLength; i++) {
      const difference = Math.abs((a[i] ?? NaN) / left - (b[i] ?? NaN) / right);
      assert.ok(Number.isFinite(difference));
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}
