/** Asks a ready ONNX graph for its inputs and outputs, and runs it once. */
import type * as Runtime from 'onnxruntime-node';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { MetaclipError } from '../../common/errors.ts';
import type { GraphInputInfo, InputDtype } from '../model-folder.ts';
import { countOf } from './tensors.ts';

/** What an image graph turned out to be. */
export interface VisionProbe {
  readonly input: GraphInputInfo;
  readonly output: string;
  readonly imageSize: number;
  readonly embedDim: number;
}

/** What a text graph turned out to be. */
export interface TextProbe {
  readonly ids: GraphInputInfo;
  readonly attentionMask: GraphInputInfo | null;
  readonly output: string;
  readonly contextLength: number;
  readonly acceptsShorter: boolean;
  readonly embedDim: number;
}

type Metadata = InferenceSession.TensorValueMetadata;

/** Outputs that lie before the projection into the shared space. */
const UNPROJECTED = /^(?:pooler_output|last_hidden_state|hidden_states.*|pooled_output)$/;

/**
 * @param path - graph
 * @param statedSize - image size that a config states, for graphs that take any
 * @returns its names and sizes
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` when it can't be loaded or run; `E_MODEL_UNSUPPORTED` when it is no image graph with an
 *   output in the shared space
 */
export async function probeVision(path: string, statedSize: number | undefined): Promise<VisionProbe> {
  return withSession(path, async (session, runtime) => {
    const inputs = tensorsOf(session.inputMetadata);
    const [input] = inputs;
    if (input === undefined || inputs.length !== 1 || !input.type.startsWith('float')) {
      throw unsupported(path, `takes ${listNames(session.inputNames)}; an image graph takes pixels only`);
    }
    const sides = input.shape.slice(2).filter((size) => typeof size === 'number' && size > 0);
    const [side] = sides;
    const imageSize = typeof side === 'number' ? side : (statedSize ?? 224);
    if (sides.some((size) => size !== imageSize)) throw unsupported(path, 'takes images that are not square');
    const info: GraphInputInfo = { name: input.name, dtype: dtypeOf(path, input) };
    const dims = [batchOf(input), 3, imageSize, imageSize];
    const output = chooseOutput(path, session, 'image_embeds');
    const embedDim = await run(path, session, { [input.name]: zeros(runtime, info.dtype, dims) }, output);
    return { input: info, output, imageSize, embedDim };
  });
}

/**
 * @param path - graph
 * @param statedLength - context length, for graphs that take any
 * @returns its names and sizes
 * @throws {@link MetaclipError} as {@link probeVision}
 */
export async function probeText(path: string, statedLength: number): Promise<TextProbe> {
  return withSession(path, async (session, runtime) => {
    const inputs = tensorsOf(session.inputMetadata);
    const mask = inputs.find(({ name }) => name === 'attention_mask');
    const others = inputs.filter((input) => input !== mask);
    const [ids] = others;
    if (ids === undefined || others.length !== 1 || !ids.type.startsWith('int')) {
      throw unsupported(
        path,
        `takes ${listNames(session.inputNames)}; a text graph takes token ids and an attention_mask at most`,
      );
    }
    const length = ids.shape[1];
    const isFixed = typeof length === 'number' && length > 0;
    const contextLength = isFixed ? length : statedLength;
    const idsInfo: GraphInputInfo = { name: ids.name, dtype: dtypeOf(path, ids) };
    const maskInfo = mask === undefined ? null : { name: mask.name, dtype: dtypeOf(path, mask) };
    const dims = [batchOf(ids), contextLength];
    const feeds: Record<string, Tensor> = { [ids.name]: zeros(runtime, idsInfo.dtype, dims) };
    if (maskInfo !== null) feeds[maskInfo.name] = zeros(runtime, maskInfo.dtype, dims, 1);
    const output = chooseOutput(path, session, 'text_embeds');
    const embedDim = await run(path, session, feeds, output);
    return {
      ids: idsInfo,
      attentionMask: maskInfo,
      output,
      contextLength,
      acceptsShorter: !isFixed,
      embedDim,
    };
  });
}

async function withSession<T>(
  path: string,
  use: (session: InferenceSession, runtime: typeof Runtime) => Promise<T>,
): Promise<T> {
  // Loaded only here: other sources need no runtime.
  const runtime = await import('onnxruntime-node');
  let session: InferenceSession;
  try {
    session = await runtime.InferenceSession.create(path, { logSeverityLevel: 4 });
  } catch (error) {
    throw damaged(path, 'ONNX Runtime cannot load it', error);
  }
  try {
    return await use(session, runtime);
  } finally {
    await session.release();
  }
}

function chooseOutput(path: string, session: InferenceSession, preferred: string): string {
  if (session.outputNames.includes(preferred)) return preferred;
  const candidates = tensorsOf(session.outputMetadata).filter(
    ({ name, shape }) => !UNPROJECTED.test(name) && (shape.length === 2 || shape.length === 0),
  );
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only.name;
  const names = listNames(session.outputNames);
  throw unsupported(
    path,
    session.outputNames.some((name) => UNPROJECTED.test(name))
      ? `gives ${names}: the state before the projection, which is not in the space that images and texts share`
      : `gives ${names}; ${preferred} is needed`,
  );
}

async function run(
  path: string,
  session: InferenceSession,
  feeds: Record<string, Tensor>,
  output: string,
): Promise<number> {
  let result: InferenceSession.ReturnType;
  try {
    result = await session.run(feeds, [output]);
  } catch (error) {
    throw damaged(path, 'ONNX Runtime cannot run it', error);
  }
  const dims = result[output]?.dims ?? [];
  const [, embedDim] = dims;
  if (dims.length !== 2 || embedDim === undefined) {
    throw unsupported(
      path,
      `output ${output} has the shape [${dims.join(', ')}]; [batch, embedding] is needed`,
    );
  }
  return embedDim;
}

function zeros(runtime: typeof Runtime, dtype: InputDtype, dims: readonly number[], value = 0): Tensor {
  const count = countOf(dims);
  switch (dtype) {
    case 'float32':
      return new runtime.Tensor('float32', new Float32Array(count).fill(value), dims);
    case 'float16':
      return new runtime.Tensor('float16', new Uint16Array(count), dims);
    case 'int64':
      return new runtime.Tensor('int64', new BigInt64Array(count).fill(BigInt(value)), dims);
    case 'int32':
      return new runtime.Tensor('int32', new Int32Array(count).fill(value), dims);
  }
}

function dtypeOf(path: string, { name, type }: Metadata): InputDtype {
  if (type === 'float32' || type === 'float16' || type === 'int64' || type === 'int32') return type;
  throw unsupported(path, `input ${name} is of type ${type}`);
}

function batchOf({ shape }: Metadata): number {
  const [batch] = shape;
  return typeof batch === 'number' && batch > 0 ? batch : 1;
}

function tensorsOf(metadata: readonly InferenceSession.ValueMetadata[]): Metadata[] {
  return metadata.filter((one): one is Metadata => one.isTensor);
}

function listNames(names: readonly string[]): string {
  return names.slice(0, 6).join(', ') + (names.length > 6 ? ', ...' : '');
}

function unsupported(path: string, message: string): MetaclipError {
  return new MetaclipError('E_MODEL_UNSUPPORTED', `${path}: ${message}`, {
    hint: 'export the model with its projection (CLIPVisionModelWithProjection, CLIPTextModelWithProjection), or import its weights',
    details: { path },
  });
}

function damaged(path: string, message: string, cause: unknown): MetaclipError {
  const said = cause instanceof Error ? cause.message.split('\n')[0] : String(cause);
  return new MetaclipError('E_MODEL_FORMAT', `${path}: ${message}: ${said ?? ''}`, {
    hint: 'download the graph again, with its data files',
    details: { path },
    cause,
  });
}
