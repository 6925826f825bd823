/** The other side of {@link EncodeThread}: loads graphs and runs them, or turns image files into tensors. */
import { parentPort } from 'node:worker_threads';
import type * as Ort from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { MetaclipError } from '../../common/errors.ts';
import { normaliseRows } from '../score/embeddings.ts';
import type { EncodeAnswer, EncodeRequest, Feed, ModelSide, NumberedRequest } from './encode-thread.ts';
import { fromFloat16Array, toFloat16Array } from './float16.ts';
import { nameOfSource, resolveImageSource } from './image-source.ts';
import { createPreprocessor, type Preprocessor } from '../preprocess/preprocess-image.ts';
import type { PreprocessSpec } from '../preprocess/preprocess-spec.ts';

type Answered = EncodeAnswer extends infer A ? (A extends { ok: true } ? Omit<A, 'id'> : never) : never;

const sessions = new Map<ModelSide, InferenceSession>();

// Loaded when first asked for: threads that decode images need no ONNX Runtime, and the other way round.
const loadRuntime = async (): Promise<typeof Ort> => import('onnxruntime-node');

async function open(side: ModelSide, path: string, threads: number): Promise<Answered> {
  const { InferenceSession } = await loadRuntime();
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(path, {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      // Compute threads that wait must not spin: the processors are wanted by the threads that decode. Half the processor time
      // of a small model was spinning, and with other work on the machine it was slower too.
      extra: { session: { intra_op: { allow_spinning: '0' } } },
      // Warnings of the runtime would go to the terminal, past the caller.
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new MetaclipError('E_MODEL_FORMAT', `${path}: ONNX Runtime cannot load it: ${firstLine(error)}`, {
      hint: 'import the model again: metaclip model import SOURCE --out DIR',
      details: { path },
    });
  }
  sessions.set(side, session);
  const inputs = session.inputMetadata.map((input) => ({
    name: input.name,
    type: input.isTensor ? input.type : 'none',
    shape: input.isTensor ? input.shape : [],
  }));
  return { ok: true, graph: { inputs, outputs: session.outputNames } };
}

/** Rows of a graph's output, each scaled to length 1. */
async function run(
  side: ModelSide,
  feeds: Readonly<Record<string, Tensor>>,
  output: string,
  count: number,
): Promise<Answered> {
  const session = sessionOf(side);
  let results: InferenceSession.OnnxValueMapType;
  try {
    results = await session.run(feeds, [output]);
  } catch (error) {
    throw new MetaclipError('E_MODEL_FORMAT', `the ${side} graph cannot be run: ${firstLine(error)}`, {
      hint: 'import the model again: metaclip model import SOURCE --out DIR',
    });
  }
  const tensor = results[output];
  const dimension = tensor?.dims.at(-1);
  if (tensor === undefined || dimension === undefined) throw new Error(`no output ${output}`);
  const rows = floatsOf(tensor).slice(0, count * dimension);
  normaliseRows(rows, dimension);
  return { ok: true, rows, dimension };
}

async function runText(feeds: readonly Feed[], output: string): Promise<Answered> {
  const { Tensor } = await loadRuntime();
  const inputs: Record<string, Tensor> = {};
  let count = 0;
  for (const { name, data, dims } of feeds) {
    const graphInput = inputOf('text', name);
    // Only what the graph takes: exports differ in whether they have a mask.
    if (graphInput === undefined) continue;
    count = dims[0];
    const wanted = [fixedBatch(graphInput) ?? count, dims[1]] as const;
    const padded = new BigInt64Array(wanted[0] * wanted[1]);
    padded.set(data);
    inputs[name] =
      graphInput.type === 'int32'
        ? new Tensor('int32', Int32Array.from(padded, Number), wanted)
        : new Tensor('int64', padded, wanted);
  }
  return run('text', inputs, output, count);
}

async function runVision(
  pixels: readonly Uint8Array[],
  spec: PreprocessSpec,
  input: string,
  output: string,
): Promise<Answered> {
  const { Tensor } = await loadRuntime();
  const { width, height, length } = preprocessor(spec);
  const graphInput = inputOf('vision', input);
  const count = (graphInput === undefined ? undefined : fixedBatch(graphInput)) ?? pixels.length;
  const data = new Float32Array(count * length);
  pixels.forEach((image, at) => preprocessor(spec).toTensor(image, data, at * length));
  const dims = [count, 3, height, width];
  const tensor =
    graphInput?.type === 'float16'
      ? new Tensor('float16', toFloat16Array(data), dims)
      : new Tensor('float32', data, dims);
  return run('vision', { [input]: tensor }, output, pixels.length);
}

/** Images that one thread decodes at a time: one is resized while the next is decoded; more would only take memory. */
const DECODES_AT_A_TIME = 2;
let decoding = 0;
const waiting: (() => void)[] = [];

async function prepare(source: string | Uint8Array, urls: boolean, spec: PreprocessSpec): Promise<Answered> {
  while (decoding >= DECODES_AT_A_TIME) await new Promise<void>((resolve) => waiting.push(resolve));
  decoding++;
  try {
    const { decodeImage } = await import('../preprocess/decode-image.ts');
    const name = nameOfSource(source);
    const image = await decodeImage(await resolveImageSource(source, urls), { name });
    // A copy of its own buffer, which then moves to the other side.
    return { ok: true, pixels: Uint8Array.from(preprocessor(spec).toPixels(image)) };
  } finally {
    decoding--;
    waiting.shift()?.();
  }
}

let known: { readonly key: string; readonly preprocessor: Preprocessor } | undefined;

/** One per thread: a thread serves one model. */
function preprocessor(spec: PreprocessSpec): Preprocessor {
  const key = JSON.stringify(spec);
  if (known?.key !== key) known = { key, preprocessor: createPreprocessor(spec) };
  return known.preprocessor;
}

function sessionOf(side: ModelSide): InferenceSession {
  const session = sessions.get(side);
  if (session === undefined) throw new Error(`no ${side} graph is open`);
  return session;
}

function inputOf(side: ModelSide, name: string): InferenceSession.TensorValueMetadata | undefined {
  const input = sessionOf(side).inputMetadata.find((one) => one.name === name);
  return input?.isTensor === true ? input : undefined;
}

/** Rows that the graph takes where it takes only that many. */
function fixedBatch(input: InferenceSession.TensorValueMetadata): number | undefined {
  const [rows] = input.shape;
  return typeof rows === 'number' ? rows : undefined;
}

/** Newer Nodes have an array for halves, and the runtime gives that where there is one. */
function floatsOf({ data, type }: Tensor): Float32Array<ArrayBuffer> {
  if (data instanceof Float32Array) return Float32Array.from(data);
  if (type === 'float16' && ArrayBuffer.isView(data)) {
    return fromFloat16Array(new Uint16Array(data.buffer, data.byteOffset, data.byteLength / 2));
  }
  throw new MetaclipError('E_MODEL_FORMAT', `the graph gives ${type} where float32 or float16 is needed`, {
    hint: 'export the model again with float outputs',
  });
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0] ?? '';
}

async function handle(request: EncodeRequest): Promise<Answered> {
  switch (request.kind) {
    case 'open':
      return open(request.side, request.path, request.threads);
    case 'run-text':
      return runText(request.feeds, request.output);
    case 'run-vision':
      return runVision(request.pixels, request.spec, request.input, request.output);
    case 'prepare':
      return prepare(request.source, request.urls, request.spec);
    case 'close':
      for (const session of sessions.values()) await session.release();
      sessions.clear();
      return { ok: true };
  }
}

async function answer({ id, request }: NumberedRequest): Promise<void> {
  try {
    const answered = await handle(request);
    const transfer =
      'rows' in answered ? [answered.rows.buffer] : 'pixels' in answered ? [answered.pixels.buffer] : [];
    parentPort?.postMessage({ id, ...answered } satisfies EncodeAnswer, transfer);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    const plain = error instanceof MetaclipError ? error.toPlain() : null;
    parentPort?.postMessage({ id, ok: false, error: plain, message } satisfies EncodeAnswer);
  }
}

let modelWork = Promise.resolve();

parentPort?.on('message', (request: NumberedRequest) => {
  // One after the other, so that no session is freed under a run; images are decoded by sharp's own threads meanwhile.
  if (request.request.kind === 'prepare') void answer(request);
  else modelWork = modelWork.then(() => answer(request));
});
