/**
 * Embedding images: from files to vectors, against PyTorch and against bare `session.run` on ready tensors.
 *
 *   npx tsx scripts/bench/embed.ts [IMAGES [THREADS]]      speed of a ViT-B/32 with random weights (default 64 images)
 *   npx tsx scripts/bench/embed.ts flat [IMAGES]           memory over 10,000 images, with the bundled model
 *
 * Speed: a JPEG of 640 x 480 is read, decoded, resized and embedded; the others get tensors that are ready in memory, in
 * batches of the same size and with the same number of threads. First proves that the embeddings agree to 1e-4, and ends with
 * exit code 1 if not. The ways run in turn; medians of five rounds. PyTorch is Debian's python3-torch with OpenBLAS
 * (libopenblas0-pthread, without which it is 18 times slower), and is left out, with a word, where it is missing.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import sharp from 'sharp';
import { openBundledModel } from '../../src/model/bundled-model.ts';
import { importModel } from '../../src/model/import/import-model.ts';
import { MetaCLIP } from '../../src/model/metaclip.ts';
import { decodeImage } from '../../src/model/preprocess/decode-image.ts';
import { createPreprocessor } from '../../src/model/preprocess/preprocess-image.ts';
import { appendRecord, median } from './bench-record.ts';

const ROUNDS = 5;
const BATCH = 16;
const TOLERANCE = 1e-4;
const python = fileURLToPath(new URL('embed_torch.py', import.meta.url));

/** Noise over a gradient, so that a JPEG of it has the size of a photo's. */
async function makeImages(folder: string, count: number, width: number, height: number): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const paths: string[] = [];
  let state = 1;
  for (let index = 0; index < count; index++) {
    const data = Buffer.alloc(width * height * 3);
    for (let at = 0; at < data.length; at++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const x = Math.floor(at / 3) % width;
      data[at] = ((x * (1 + (index % 7)) * 255) / width + index * 31 + (at % 3) * 60 + (state >>> 27)) & 255;
    }
    const path = join(folder, `${String(index).padStart(6, '0')}.jpg`);
    await sharp(data, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 85 })
      .toFile(path);
    paths.push(path);
  }
  return paths;
}

/** PyTorch in a process of its own; each call is one pass over all tensors. */
class Torch {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(args: readonly string[], threads: number) {
    const env = { ...process.env, OPENBLAS_NUM_THREADS: String(threads), OMP_NUM_THREADS: String(threads) };
    this.#process = spawn('/usr/bin/python3', [python, 'serve', ...args], { env });
    this.#process.stderr.pipe(process.stderr);
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async pass(): Promise<number> {
    this.#process.stdin.write('\n');
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('PyTorch ended');
    return Number(line.value);
  }

  close(): void {
    this.#process.stdin.end();
  }
}

function differenceOf(a: Float32Array, b: Float32Array): number {
  return a.reduce(
    (most, value, at) => Math.max(most, Math.abs(value - (b[at] ?? NaN))),
    a.length === b.length ? 0 : NaN,
  );
}

function normalise(rows: Float32Array, dimension: number): Float32Array {
  return rows.map((value, at) => {
    const start = at - (at % dimension);
    return value / Math.hypot(...rows.subarray(start, start + dimension));
  });
}

async function measureSpeed(count: number, threads: number, folder: string): Promise<void> {
  const hasTorch = spawnSync('/usr/bin/python3', ['-c', 'import torch']).status === 0;
  if (!hasTorch) {
    console.log(
      'no python3-torch here: nothing to compare with (apt-get install python3-torch libopenblas0-pthread)',
    );
    return;
  }
  const checkpoint = join(folder, 'b32.pt');
  spawnSync('/usr/bin/python3', [python, 'make', checkpoint], { stdio: 'inherit' });
  const { manifest } = await importModel(checkpoint, join(folder, 'b32'), { activation: 'quick_gelu' });
  if (manifest.vision === null) throw new Error('no image side');
  const paths = await makeImages(join(folder, 'images'), count, 640, 480);

  const preprocessor = createPreprocessor(manifest.preprocess);
  const tensors = new Float32Array(count * preprocessor.length);
  for (const [at, path] of paths.entries())
    preprocessor.run(await decodeImage(path), tensors, at * preprocessor.length);
  writeFileSync(join(folder, 'tensors'), tensors);

  const model = await MetaCLIP.load(join(folder, 'b32'), { threads, batchSize: BATCH });
  const session = await InferenceSession.create(join(folder, 'b32', manifest.vision.file), {
    intraOpNumThreads: threads,
  });
  const torch = new Torch(
    [checkpoint, join(folder, 'tensors'), String(count), String(threads), String(BATCH)],
    threads,
  );
  const { dimension } = model;
  const { input, output, imageSize } = manifest.vision;

  const runBare = async (): Promise<Float32Array> => {
    const rows = new Float32Array(count * dimension);
    for (let start = 0; start < count; start += BATCH) {
      const size = Math.min(BATCH, count - start);
      const data = tensors.subarray(start * preprocessor.length, (start + size) * preprocessor.length);
      const feeds = { [input.name]: new Tensor('float32', data, [size, 3, imageSize, imageSize]) };
      const results = await session.run(feeds, [output]);
      rows.set(results[output]?.data as Float32Array, start * dimension);
    }
    return rows;
  };

  try {
    await torch.pass();
    const bytes = readFileSync(join(folder, 'tensors.out'));
    const expected = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    const toTorch = differenceOf((await model.embedImage(paths)).data, expected);
    const toBare = differenceOf(normalise(await runBare(), dimension), expected);
    console.log(
      `largest difference to PyTorch: ${toTorch.toExponential(1)} from files, ${toBare.toExponential(1)} from tensors`,
    );
    if (!(toTorch < TOLERANCE && toBare < TOLERANCE)) {
      process.exitCode = 1;
      return;
    }
    const seconds = { files: [] as number[], bare: [] as number[], torch: [] as number[] };
    const timed = async (work: () => Promise<unknown>): Promise<number> => {
      const start = performance.now();
      await work();
      return (performance.now() - start) / 1000;
    };
    for (let round = 0; round < ROUNDS; round++) {
      seconds.files.push(await timed(() => model.embedImage(paths)));
      seconds.bare.push(await timed(runBare));
      seconds.torch.push(await torch.pass());
    }
    const rate = (values: readonly number[]): number => count / median(values);
    const figures = {
      images: count,
      threads,
      files: rate(seconds.files).toFixed(2),
      bare: rate(seconds.bare).toFixed(2),
      torch: rate(seconds.torch).toFixed(2),
      bare_to_files: (median(seconds.files) / median(seconds.bare)).toFixed(2),
      files_to_torch: (median(seconds.torch) / median(seconds.files)).toFixed(2),
    };
    console.log(`ViT-B/32, ${threads} threads, batches of ${BATCH}, images a second (medians of ${ROUNDS}):`);
    console.log(`  from JPEG files, decoded and resized here    ${figures.files}`);
    console.log(
      `  session.run alone on ready tensors           ${figures.bare}   files take ${figures.bare_to_files} times as long`,
    );
    console.log(
      `  PyTorch alone on ready tensors               ${figures.torch}   files are ${figures.files_to_torch} times as fast`,
    );
    console.log(`record: ${appendRecord('embed', figures)}`);
  } finally {
    torch.close();
    await model.close();
    await session.release();
  }
}

async function measureMemory(count: number, folder: string): Promise<void> {
  const paths = await makeImages(join(folder, 'images'), Math.min(count, 2000), 96, 72);
  const model = await MetaCLIP.load(await openBundledModel());
  const mib = (): number => process.memoryUsage.rss() / 2 ** 20;
  let [embedded, most, afterFirst] = [0, 0, 0];
  function* source(): Generator<string> {
    for (let at = 0; at < count; at++) yield paths[at % paths.length] ?? '';
  }
  const start = performance.now();
  for await (const result of model.embedImages(source())) {
    if (!result.ok) throw result.error;
    embedded++;
    if (embedded % 100 === 0) most = Math.max(most, mib());
    if (embedded === Math.floor(count / 10)) afterFirst = most;
  }
  const seconds = (performance.now() - start) / 1000;
  await model.close();
  if (embedded !== count) throw new Error(`${embedded} of ${count}`);
  const figures = {
    images: count,
    per_second: (count / seconds).toFixed(0),
    mib_after_tenth: afterFirst.toFixed(0),
    mib_most: most.toFixed(0),
  };
  console.log(`${count} images of 96 x 72 with the bundled model: ${figures.per_second} a second`);
  console.log(
    `memory of the process: ${figures.mib_after_tenth} MiB at most over the first tenth, ${figures.mib_most} MiB over all`,
  );
  console.log(`record: ${appendRecord('embed-memory', figures)}`);
}

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
try {
  const [first, second] = process.argv.slice(2);
  if (first === 'flat') await measureMemory(Number(second ?? 10_000), folder);
  else await measureSpeed(Number(first ?? 64), Number(second ?? availableParallelism()), folder);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
