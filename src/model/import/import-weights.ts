/** Graphs from weights: both towers are described as ONNX, their weights linked or written. */
import { join } from 'node:path';
import { produceFile, writeFileAtomic } from '../../common/files.ts';
import { fingerprintOf } from '../../common/hashing.ts';
import { TOOL_VERSION } from '../../common/version.ts';
import type { ModelFile, ModelManifest, TextPooling, WeightDtype } from '../model-folder.ts';
import { type Architecture, resolveArchitecture } from './architecture.ts';
import { type ClipTensors, findClipTensors, listTensors } from './clip-tensors.ts';
import { sampleTensors } from './fingerprint.ts';
import { toFloat32 } from './floating.ts';
import type { ImportOptions } from './import-options.ts';
import { readModelConfig } from './model-config.ts';
import type { WeightsSource } from './model-source.ts';
import { OnnxGraph } from './onnx-writer.ts';
import { openCheckpoint } from './open-checkpoint.ts';
import { describeFile, placeLinked } from './output-files.ts';
import { resolvePreprocess } from './resolve-preprocess.ts';
import type { RangeReader } from './tensors.ts';
import { buildTextGraph, TEXT_NAMES } from './text-graph.ts';
import { buildVisionGraph, VISION_NAMES } from './vision-graph.ts';
import { WeightPlan } from './weight-plan.ts';
import { bytesToRead, writeWeights } from './weight-writer.ts';

/** What an import of either kind gives to the manifest. */
export interface ImportedParts {
  readonly manifest: Pick<
    ModelManifest,
    'origin' | 'architecture' | 'vision' | 'text' | 'embedDim' | 'logitScale' | 'dtype' | 'preprocess'
  >;
  /** What the fingerprint rests on beside the tokenizer. */
  readonly identity: string;
  readonly files: readonly ModelFile[];
  readonly writtenBytes: number;
  readonly linkedBytes: number;
  readonly notes: readonly string[];
}

/** Of the first MetaCLIP family, as of CLIP. */
const CLIP_VOCABULARY = 49_408;
const SIDES = ['vision', 'text'] as const;
type Side = (typeof SIDES)[number];

/** What is known before anything is written. */
export interface PreparedWeights {
  readonly tensors: ClipTensors;
  readonly architecture: Architecture;
  readonly preprocess: ModelManifest['preprocess'];
  readonly logitScale: number;
  /** See {@link sampleTensors}. */
  readonly sample: string;
}

/**
 * Reads all that can be wrong with a source, so that a bad one leaves the output folder alone.
 *
 * @param source - weights and config
 * @param preprocessor - preprocessor_config.json, where there is one
 * @param options - the user's word
 * @param reader - reads the checkpoint
 * @returns what the graphs will be made of
 * @throws {@link MetaclipError} `E_MODEL_FORMAT`, `E_MODEL_UNSUPPORTED`, `E_PREPROCESS_CONFIG`, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function prepareWeights(
  source: WeightsSource,
  preprocessor: string | undefined,
  options: ImportOptions,
  reader: RangeReader,
): Promise<PreparedWeights> {
  const configPath = options.config ?? source.config;
  const config = configPath === undefined ? undefined : await readModelConfig(configPath);
  const tensors = findClipTensors(await openCheckpoint(source.weights, reader));
  const architecture = resolveArchitecture(tensors, config, options, source.weights);
  return {
    tensors,
    architecture,
    preprocess: await resolvePreprocess(preprocessor, config?.preprocess, architecture.vision.imageSize),
    logitScale: await readLogitScale(tensors, reader),
    sample: await sampleTensors(tensors, reader),
  };
}

/**
 * Writes the graphs, and the weights where they are not linked. Memory: some 100 MiB beside the process itself, whatever the size of the model.
 *
 * @param prepared - what {@link prepareWeights} found
 * @param out - folder, claimed
 * @param options - how weights are stored
 * @param reader - reads the checkpoint
 * @returns the model's part of the manifest
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` for values that are not finite or too large; `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`,
 *   `E_INTERRUPTED`
 */
export async function writeGraphs(
  prepared: PreparedWeights,
  out: string,
  options: ImportOptions,
  reader: RangeReader,
): Promise<ImportedParts> {
  const { tensors, architecture, preprocess, logitScale, sample } = prepared;
  const mode = options.weights ?? 'link';
  const notes = noteActivation(architecture, options);
  const linked = mode === 'link' ? await linkSources(tensors, out, notes) : new Map<string, string>();
  const built = SIDES.map((side) => {
    const graph = new OnnxGraph(side);
    const plan = new WeightPlan(graph, mode, (path) => linked.get(path) ?? `${side}.weights`);
    if (side === 'vision') buildVisionGraph(graph, plan, tensors.vision, architecture);
    else buildTextGraph(graph, plan, tensors.text, architecture);
    return { side, graph, plan };
  });
  const totalBytes = built.reduce((sum, { plan }) => sum + bytesToRead(plan.planned), 0);
  let doneBytes = 0;
  const files: ModelFile[] = [];
  let writtenBytes = 0;
  for (const { side, graph, plan } of built) {
    if (plan.planned.length > 0) {
      const file = `${side}.weights`;
      const { result: sha256, sizeBytes } = await produceFile(join(out, file), (path) =>
        writeWeights(
          path,
          plan.planned,
          reader,
          (bytes) => options.onProgress?.(doneBytes + bytes, totalBytes),
          options.signal,
        ),
      );
      doneBytes += bytesToRead(plan.planned);
      writtenBytes += sizeBytes;
      files.push(await describeFile(out, file, sha256));
    }
    const file = graphFile(side);
    writtenBytes += await writeFileAtomic(join(out, file), graph.toBytes(TOOL_VERSION));
    files.push(await describeFile(out, file, true));
  }
  const linkedFiles = await Promise.all([...new Set(linked.values())].map((name) => describeFile(out, name)));
  const identity = {
    sample,
    mode: mode === 'link' || mode === 'embed' ? 'stored' : mode,
    architecture,
    logitScale,
  };
  return {
    manifest: describeModel(prepared, storedDtype(tensors, mode)),
    identity: fingerprintOf({ ...identity, preprocess }),
    files: [...files, ...linkedFiles],
    writtenBytes,
    linkedBytes: linkedFiles.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    notes,
  };
}

function describeModel(
  { architecture, preprocess, logitScale }: PreparedWeights,
  dtype: WeightDtype,
): ImportedParts['manifest'] {
  const { vision, text, embedDim, activation, layerNormEpsilon, pooling } = architecture;
  const { imageSize, patchSize, ...visionTower } = vision;
  const { contextLength, vocabSize, ...textTower } = text;
  return {
    origin: 'weights',
    architecture: { vision: visionTower, text: textTower, activation, layerNormEpsilon },
    vision: {
      file: graphFile('vision'),
      input: { name: VISION_NAMES.input, dtype: 'float32' },
      output: VISION_NAMES.output,
      imageSize,
      patchSize,
    },
    text: {
      file: graphFile('text'),
      inputs: { ids: { name: TEXT_NAMES.input, dtype: 'int64' }, attentionMask: null },
      output: TEXT_NAMES.output,
      contextLength,
      acceptsShorter: true,
      vocabSize,
      pooling,
      padId: padIdOf(pooling),
    },
    embedDim,
    logitScale,
    dtype,
    preprocess,
  };
}

/** Pads stand behind the end token, which is the first of its kind; only with argmax an id matters, and 0 is the lowest. */
function padIdOf(pooling: TextPooling): number {
  return pooling.kind === 'eos-id' && pooling.id === 0 ? 1 : 0;
}

function graphFile(side: Side): string {
  return `${side}.onnx`;
}

/** Name in the folder, by path of the checkpoint's file. */
async function linkSources(tensors: ClipTensors, out: string, notes: string[]): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  for (const [, { file }] of listTensors(tensors)) {
    if (names.has(file)) continue;
    const { name, how } = await placeLinked(file, out);
    names.set(file, name);
    if (how === 'copied')
      notes.push(`${name} was copied: it lies on another file system, or on one without hard links`);
  }
  return names;
}

/** The weights can't tell, and the config may be wrong: the one case that is known to have been published. */
function noteActivation({ activation, text }: Architecture, options: ImportOptions): string[] {
  const isOfFirstFamily = text.vocabSize === CLIP_VOCABULARY;
  if (activation !== 'gelu' || options.activation !== undefined || !isOfFirstFamily) return [];
  return [
    'the config says gelu: early conversions of MetaCLIP 1 said so by mistake. If this is one, fetch its config anew or give --activation quick_gelu',
  ];
}

async function readLogitScale({ logitScale }: ClipTensors, reader: RangeReader): Promise<number> {
  const bytes = await reader.read(logitScale.file, logitScale.startByte, logitScale.byteLength);
  return Math.exp(toFloat32(bytes, logitScale.dtype)[0] ?? 0);
}

/** Type of the matrices, which are nearly all of the weights. */
function storedDtype(tensors: ClipTensors, mode: WeightPlanMode): WeightDtype {
  if (mode === 'float16' || mode === 'int8') return mode;
  const found = new Set<string>();
  for (const [, tensor] of listTensors(tensors)) if (tensor.shape.length >= 2) found.add(tensor.dtype);
  const [only] = found;
  if (found.size !== 1) return 'mixed';
  return only === 'F32' ? 'float32' : only === 'F16' ? 'float16' : only === 'BF16' ? 'bfloat16' : 'mixed';
}

type WeightPlanMode = NonNullable<ImportOptions['weights']>;
