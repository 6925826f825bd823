/** What a model is, from its tensors, its config and what the user says; contradictions are refused with both values. */
import { MetaclipError } from '../../common/errors.ts';
import type { Activation, TextPooling, TowerShape } from '../model-folder.ts';
import type { ClipTensors } from './clip-tensors.ts';
import type { ModelConfig, StatedTower } from './model-config.ts';

/** All that a graph needs beside the tensors. */
export interface Architecture {
  readonly vision: TowerShape & { readonly imageSize: number; readonly patchSize: number };
  readonly text: TowerShape & { readonly contextLength: number; readonly vocabSize: number };
  readonly embedDim: number;
  readonly activation: Activation;
  readonly layerNormEpsilon: number;
  readonly pooling: TextPooling;
}

/** What the user may say, over anything that a config says. */
export interface ArchitectureOverrides {
  /** Activation of the MLPs. */
  readonly activation?: Activation;
  /** Which token's state is the text's. */
  readonly pooling?: TextPooling;
  /** Attention heads of the image tower. */
  readonly visionHeads?: number;
  /** Attention heads of the text tower. */
  readonly textHeads?: number;
}

/** Vocabulary of CLIP's byte-pair encoding, whose end token has the highest id. */
const CLIP_VOCABULARY = 49_408;
/** Widths of a head in the image towers that don't have 64 (H, g and bigG), by the width of the tower. */
const HEAD_WIDTHS: ReadonlyMap<number, number> = new Map([
  [1280, 80],
  [1408, 88],
  [1664, 104],
]);
const HEAD_WIDTH = 64;

/**
 * @param tensors - the model's
 * @param config - its config; undefined for bare weights
 * @param overrides - the user's word
 * @param path - the weights, for messages
 * @returns the architecture
 * @throws {@link MetaclipError} `E_MODEL_UNSUPPORTED` when something can't be known; `E_MODEL_FORMAT` when config and tensors differ
 */
export function resolveArchitecture(
  tensors: ClipTensors,
  config: ModelConfig | undefined,
  overrides: ArchitectureOverrides,
  path: string,
): Architecture {
  const { vision, text, embedDim } = tensors.sizes;
  if (config !== undefined) {
    compareTower(config.path, 'image', config.vision, vision);
    compareTower(config.path, 'text', config.text, text);
    compare(config.path, 'image size', config.vision.imageSize, vision.imageSize);
    compare(config.path, 'patch size', config.vision.patchSize, vision.patchSize);
    compare(config.path, 'context length', config.text.contextLength, text.contextLength);
    compare(config.path, 'vocabulary', config.text.vocabSize, text.vocabSize);
    compare(config.path, 'embedding', config.embedDim, embedDim);
  }
  return {
    vision: {
      ...vision,
      heads: headsOf('vision', vision.width, overrides.visionHeads, config?.vision.heads, path),
    },
    text: { ...text, heads: headsOf('text', text.width, overrides.textHeads, config?.text.heads, path) },
    embedDim,
    activation: overrides.activation ?? config?.activation ?? unknownActivation(path),
    layerNormEpsilon: config?.layerNormEpsilon ?? 1e-5,
    pooling: checkPooling(
      overrides.pooling ?? config?.pooling ?? guessPooling(text.vocabSize, path),
      text.vocabSize,
      path,
    ),
  };
}

function compareTower(
  path: string,
  which: string,
  stated: StatedTower,
  sizes: Omit<TowerShape, 'heads'>,
): void {
  compare(path, `width of the ${which} tower`, stated.width, sizes.width);
  compare(path, `layers of the ${which} tower`, stated.layers, sizes.layers);
  compare(path, `MLP width of the ${which} tower`, stated.mlpWidth, sizes.mlpWidth);
}

function compare(path: string, what: string, stated: number | undefined, found: number): void {
  if (stated === undefined || stated === found) return;
  throw new MetaclipError('E_MODEL_FORMAT', `${path}: ${what} is ${stated}, but the tensors have ${found}`, {
    hint: 'config and weights are of two models: take both from the same place, or give --config FILE',
    details: { path, stated, found },
  });
}

function headsOf(
  side: 'vision' | 'text',
  width: number,
  given: number | undefined,
  stated: number | undefined,
  path: string,
): number {
  const headWidth = (side === 'vision' ? HEAD_WIDTHS.get(width) : undefined) ?? HEAD_WIDTH;
  const heads = given ?? stated ?? width / headWidth;
  if (Number.isInteger(heads) && heads > 0 && width % heads === 0) return heads;
  throw new MetaclipError(
    given === undefined && stated === undefined ? 'E_MODEL_UNSUPPORTED' : 'E_MODEL_FORMAT',
    given === undefined && stated === undefined
      ? `${path}: the number of heads of the ${side} tower is not in the weights, and its width ${width} is not of a known size`
      : `${path}: ${heads} heads of the ${side} tower do not divide its width ${width}`,
    { hint: `give --config FILE or --${side}-heads N`, details: { path, width } },
  );
}

function unknownActivation(path: string): never {
  throw new MetaclipError(
    'E_MODEL_UNSUPPORTED',
    `${path}: which activation it was trained with is not in the weights`,
    {
      hint: 'give --config FILE, or --activation quick_gelu (MetaCLIP 1 but for h14 v1.2, OpenAI) or --activation gelu; the wrong one gives wrong embeddings and no error',
      details: { path },
    },
  );
}

function guessPooling(vocabSize: number, path: string): TextPooling {
  if (vocabSize === CLIP_VOCABULARY) return { kind: 'argmax' };
  throw new MetaclipError(
    'E_MODEL_UNSUPPORTED',
    `${path}: which token ends a text is not in the weights, and a vocabulary of ${vocabSize} is not CLIP's`,
    {
      hint: 'give --config FILE, or --pooling eos:ID (2 for XLM-V) or --pooling argmax',
      details: { path, vocabSize },
    },
  );
}

function checkPooling(pooling: TextPooling, vocabSize: number, path: string): TextPooling {
  if (pooling.kind === 'argmax' || pooling.id < vocabSize) return pooling;
  throw new MetaclipError(
    'E_MODEL_FORMAT',
    `${path}: texts end with token ${pooling.id}, but the vocabulary has only ${vocabSize}`,
    { hint: 'give the right one: --pooling eos:ID or --pooling argmax', details: { path, id: pooling.id } },
  );
}
