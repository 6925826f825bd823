/**
 * Ready ONNX graphs, e.g. those that transformers.js uses (`onnx/vision_model.onnx`, `onnx/text_model.onnx`): names, types and
 * sizes are asked from the graphs themselves, and each is run once. A graph whose output lies before the projection is refused: its
 * values look like embeddings, but text and image can't be compared by them.
 */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { fingerprintOf } from '../../common/hashing.ts';
import type { ModelFile, TextSide, VisionSide } from '../model-folder.ts';
import type { ImportOptions } from './import-options.ts';
import type { ImportedParts } from './import-weights.ts';
import { type ModelConfig, readModelConfig } from './model-config.ts';
import type { GraphSource, ModelSource } from './model-source.ts';
import { describeFile, placeLinked } from './output-files.ts';
import { probeText, probeVision } from './probe-graph.ts';
import { resolvePreprocess } from './resolve-preprocess.ts';

/** Where the model does not say: what MetaCLIP's evaluation takes. */
const DEFAULT_LOGIT_SCALE = 100;
const CLIP_CONTEXT = 77;
const CLIP_VOCABULARY = 49_408;

/**
 * Links the graphs into the folder and asks them there, since ONNX Runtime refuses weights behind the symbolic links of the hub's
 * cache. On failure the links are removed.
 *
 * @param source - graphs, and what lies beside them
 * @param out - folder, claimed
 * @param options - the user's word
 * @returns the model's part of the manifest
 * @throws {@link MetaclipError} `E_USAGE` for options that only weights have; `E_MODEL_FORMAT`, `E_MODEL_UNSUPPORTED`,
 *   `E_PREPROCESS_CONFIG`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function importReadyGraphs(
  source: GraphSource & Pick<ModelSource, 'preprocessor'>,
  out: string,
  options: ImportOptions,
): Promise<ImportedParts> {
  checkReadyOptions(options);
  const path = options.config ?? source.config;
  const config = path === undefined ? undefined : await readModelConfig(path);
  const placed: string[] = [];
  try {
    const files: ModelFile[] = [];
    for (const graph of [source.vision, source.text]) {
      for (const file of graph === undefined ? [] : await withItsData(graph)) {
        const { name, how } = await placeLinked(file, out);
        if (how !== 'in-place') placed.push(join(out, name));
        files.push(await describeFile(out, name));
      }
    }
    return await describeGraphs(source, config, source.preprocessor, out, files, options);
  } catch (error) {
    for (const name of placed) await rm(name, { force: true });
    throw error;
  }
}

async function describeGraphs(
  source: GraphSource,
  config: ModelConfig | undefined,
  preprocessor: string | undefined,
  out: string,
  files: readonly ModelFile[],
  options: ImportOptions,
): Promise<ImportedParts> {
  const notes: string[] = ['a ready graph does not tell its logit scale: 100 is taken'];
  // The size may be free in the graph; then the preprocessing or the config has it.
  const vision =
    source.vision === undefined
      ? undefined
      : await probeVision(join(out, basename(source.vision)), config?.vision.imageSize);
  const text =
    source.text === undefined
      ? undefined
      : await probeText(join(out, basename(source.text)), config?.text.contextLength ?? CLIP_CONTEXT);
  if (vision !== undefined && text !== undefined && vision.embedDim !== text.embedDim) {
    throw new MetaclipError(
      'E_MODEL_FORMAT',
      `${out}: image embeddings have ${vision.embedDim} values, text embeddings ${text.embedDim}`,
      { hint: 'take both graphs from one model', details: { vision: vision.embedDim, text: text.embedDim } },
    );
  }
  if (text !== undefined && config === undefined) {
    notes.push("no config.json: CLIP's vocabulary and end token are taken");
  }
  const preprocess = await resolvePreprocess(
    preprocessor,
    undefined,
    vision?.imageSize ?? config?.vision.imageSize ?? 224,
  );
  const pooling = options.pooling ?? config?.pooling ?? { kind: 'argmax' };
  const visionSide: VisionSide | null =
    vision === undefined
      ? null
      : {
          file: basename(source.vision ?? ''),
          input: vision.input,
          output: vision.output,
          imageSize: vision.imageSize,
          patchSize: config?.vision.patchSize ?? null,
        };
  const textSide: TextSide | null =
    text === undefined
      ? null
      : {
          file: basename(source.text ?? ''),
          inputs: { ids: text.ids, attentionMask: text.attentionMask },
          output: text.output,
          contextLength: text.contextLength,
          acceptsShorter: text.acceptsShorter,
          vocabSize: config?.text.vocabSize ?? CLIP_VOCABULARY,
          pooling,
          padId: pooling.kind === 'eos-id' && pooling.id === 0 ? 1 : 0,
        };
  return {
    manifest: {
      origin: 'onnx',
      architecture: { vision: null, text: null, activation: null, layerNormEpsilon: null },
      vision: visionSide,
      text: textSide,
      embedDim: vision?.embedDim ?? text?.embedDim ?? 0,
      logitScale: DEFAULT_LOGIT_SCALE,
      dtype: 'unknown',
      preprocess,
    },
    identity: fingerprintOf({
      files: files.map(({ sizeBytes, sample }) => [sizeBytes, sample]),
      preprocess,
      pooling,
    }),
    files,
    writtenBytes: 0,
    linkedBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    notes,
  };
}

/** A graph and its external data: by convention they begin with the graph's name, or with it up to `.onnx`. */
async function withItsData(graph: string): Promise<string[]> {
  const name = basename(graph);
  const stem = name.slice(0, -'.onnx'.length);
  const names = (await readdir(dirname(graph))).sort();
  const data = names.filter(
    (other) =>
      (other.startsWith(name) && other !== name) || other === `${stem}.data` || other === `${stem}.weights`,
  );
  return [name, ...data].map((each) => join(dirname(graph), each));
}

function checkReadyOptions(options: ImportOptions): void {
  const { weights, activation, visionHeads, textHeads } = options;
  const given = Object.entries({ activation, visionHeads, textHeads }).find(
    ([, value]) => value !== undefined,
  )?.[0];
  const wrong = weights !== undefined && weights !== 'link' ? `weights "${weights}"` : given;
  if (wrong === undefined) return;
  throw new MetaclipError(
    'E_USAGE',
    `${wrong} cannot be chosen for ready ONNX graphs: they are taken as they are`,
    {
      hint: 'leave the option away, or import the weights of the model instead',
      details: { option: wrong },
    },
  );
}
