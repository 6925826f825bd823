/**
 * What the JSON beside the weights says about a model and the tensors don't: activation, heads, epsilon, pooling. Two forms:
 * transformers' config.json (`clip`, `metaclip_2`), and open_clip's model config, alone or inside an open_clip_config.json.
 * A field that is absent has the default of its format, which is part of the format; a value that is not known is refused.
 */
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { JsonFields } from '../json-fields.ts';
import type { Activation, TextPooling } from '../model-folder.ts';
import { parseOpenClipConfig } from '../preprocess/preprocessor-config.ts';
import type { PreprocessSpec } from '../preprocess/preprocess-spec.ts';

/** Sizes that a config states, to be held against the tensors'; undefined where it doesn't. */
export interface StatedTower {
  readonly width: number | undefined;
  readonly layers: number | undefined;
  readonly heads: number | undefined;
  readonly mlpWidth: number | undefined;
}

/** A config, read. */
export interface ModelConfig {
  /** Its file, for messages. */
  readonly path: string;
  readonly activation: Activation;
  readonly layerNormEpsilon: number;
  readonly pooling: TextPooling;
  readonly embedDim: number | undefined;
  readonly vision: StatedTower & {
    readonly imageSize: number | undefined;
    readonly patchSize: number | undefined;
  };
  readonly text: StatedTower & {
    readonly contextLength: number | undefined;
    readonly vocabSize: number | undefined;
  };
  /** From the `preprocess_cfg` of an open_clip_config.json. */
  readonly preprocess: PreprocessSpec | undefined;
}

const HINT = 'correct the file, or give another one with --config FILE';
const OPEN_CLIP_EPSILON = 1e-5;

/**
 * @param path - a config.json, open_clip_config.json or open_clip model config
 * @returns what it says
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming the field that is wrong; `E_MODEL_UNSUPPORTED` for another kind of model, an
 *   unknown activation or pooling; `E_PREPROCESS_CONFIG`; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readModelConfig(path: string): Promise<ModelConfig> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  const fields = JsonFields.parse(text, path, 'E_MODEL_FORMAT', HINT);
  if (fields.has('model_cfg'))
    return openClipConfig(fields.object('model_cfg'), path, fields.raw('preprocess_cfg'));
  if (fields.has('vision_cfg')) return openClipConfig(fields, path, undefined);
  return transformersConfig(fields, path);
}

function transformersConfig(fields: JsonFields, path: string): ModelConfig {
  const type = fields.has('model_type') ? fields.text('model_type') : 'none';
  if (type !== 'clip' && type !== 'metaclip_2') {
    throw unsupported(
      path,
      `model_type is ${JSON.stringify(type)}; "clip" and "metaclip_2" can be imported`,
      HINT,
    );
  }
  const vision = partOf(fields, 'vision_config');
  const text = partOf(fields, 'text_config');
  const activations = [activationOf(vision, path), activationOf(text, path)] as const;
  if (activations[0] !== activations[1]) {
    throw unsupported(
      path,
      `hidden_act is ${activations[0]} for images and ${activations[1]} for texts`,
      HINT,
    );
  }
  const epsilons = [epsilonOf(vision), epsilonOf(text)] as const;
  if (epsilons[0] !== epsilons[1]) {
    throw unsupported(path, `layer_norm_eps is ${epsilons[0]} for images and ${epsilons[1]} for texts`, HINT);
  }
  return {
    path,
    activation: activations[0],
    layerNormEpsilon: epsilons[0],
    pooling: transformersPooling(type, text),
    embedDim: optionalInteger(fields, 'projection_dim', 512),
    vision: {
      ...towerOf(vision, { width: 768, heads: 12, mlpWidth: 3072 }),
      imageSize: optionalInteger(vision, 'image_size', 224),
      patchSize: optionalInteger(vision, 'patch_size', 32),
    },
    text: {
      ...towerOf(text, { width: 512, heads: 8, mlpWidth: 2048 }),
      contextLength: optionalInteger(text, 'max_position_embeddings', 77),
      vocabSize: optionalInteger(text, 'vocab_size', 49_408),
    },
    preprocess: undefined,
  };
}

/**
 * Old configs of CLIP state an eos_token_id of 2 that no text ever has; transformers takes the highest id for them, and so
 * does this. In the worldwide family 2 is the real end token, of XLM-V.
 */
function transformersPooling(type: 'clip' | 'metaclip_2', text: JsonFields): TextPooling {
  if (!text.has('eos_token_id')) return type === 'clip' ? { kind: 'argmax' } : { kind: 'eos-id', id: 49_407 };
  const id = text.integer('eos_token_id');
  return type === 'clip' && id === 2 ? { kind: 'argmax' } : { kind: 'eos-id', id };
}

/** Configs of 2022 and 2023 repeat a part under `NAME_dict`, and that one wins. */
function partOf(fields: JsonFields, name: string): JsonFields {
  if (fields.has(`${name}_dict`)) return fields.object(`${name}_dict`);
  return fields.object(name);
}

function towerOf(
  fields: JsonFields,
  defaults: { readonly width: number; readonly heads: number; readonly mlpWidth: number },
): StatedTower {
  return {
    width: optionalInteger(fields, 'hidden_size', defaults.width),
    layers: optionalInteger(fields, 'num_hidden_layers', 12),
    heads: optionalInteger(fields, 'num_attention_heads', defaults.heads),
    mlpWidth: optionalInteger(fields, 'intermediate_size', defaults.mlpWidth),
  };
}

function activationOf(fields: JsonFields, path: string): Activation {
  if (!fields.has('hidden_act')) return 'quick_gelu';
  const name = fields.text('hidden_act');
  if (name === 'quick_gelu' || name === 'gelu') return name;
  throw unsupported(path, `hidden_act is ${JSON.stringify(name)}; "quick_gelu" and "gelu" are known`, HINT);
}

function epsilonOf(fields: JsonFields): number {
  return fields.has('layer_norm_eps') ? fields.number('layer_norm_eps') : 1e-5;
}

function openClipConfig(fields: JsonFields, path: string, preprocess: unknown): ModelConfig {
  const vision = fields.object('vision_cfg');
  const text = fields.object('text_cfg');
  for (const name of [
    'timm_model_name',
    'attentional_pool',
    'global_average_pool',
    'ls_init_value',
    'no_ln_pre',
  ]) {
    if (isSet(vision, name)) throw unsupported(path, `vision_cfg has ${name}, which is not known`, HINT);
  }
  for (const name of ['hf_model_name', 'embed_cls', 'no_causal_mask', 'ls_init_value', 'proj_bias']) {
    if (isSet(text, name)) throw unsupported(path, `text_cfg has ${name}, which is not known`, HINT);
  }
  if (Array.isArray(vision.raw('layers'))) {
    throw unsupported(path, 'vision_cfg describes a ResNet; vision transformers can be imported', HINT);
  }
  const imageSize = optionalInteger(vision, 'image_size', 224);
  const width = optionalInteger(vision, 'width', 768);
  const textWidth = optionalInteger(text, 'width', 512);
  return {
    path,
    activation: fields.has('quick_gelu') && fields.boolean('quick_gelu') ? 'quick_gelu' : 'gelu',
    layerNormEpsilon: OPEN_CLIP_EPSILON,
    pooling: openClipPooling(text, path),
    embedDim: fields.has('embed_dim') ? fields.integer('embed_dim', 1) : undefined,
    vision: {
      width,
      layers: optionalInteger(vision, 'layers', 12),
      heads: width / optionalInteger(vision, 'head_width', 64),
      mlpWidth: Math.trunc(width * ratioOf(vision)),
      imageSize,
      patchSize: optionalInteger(vision, 'patch_size', 16),
    },
    text: {
      width: textWidth,
      layers: optionalInteger(text, 'layers', 12),
      heads: optionalInteger(text, 'heads', 8),
      mlpWidth: Math.trunc(textWidth * ratioOf(text)),
      contextLength: optionalInteger(text, 'context_length', 77),
      vocabSize: optionalInteger(text, 'vocab_size', 49_408),
    },
    preprocess:
      preprocess === undefined
        ? undefined
        : parseOpenClipConfig(preprocess, imageSize, `${path}: preprocess_cfg`),
  };
}

function openClipPooling(text: JsonFields, path: string): TextPooling {
  const kind = text.has('pool_type') ? text.text('pool_type') : 'argmax';
  if (kind === 'argmax') return { kind };
  if (kind === 'eos') return { kind: 'eos-id', id: optionalInteger(text, 'eos_id', 2) };
  throw unsupported(
    path,
    `text_cfg has pool_type ${JSON.stringify(kind)}; "argmax" and "eos" are known`,
    HINT,
  );
}

function isSet(fields: JsonFields, name: string): boolean {
  return fields.has(name) && fields.raw(name) !== false;
}

function ratioOf(fields: JsonFields): number {
  return fields.has('mlp_ratio') ? fields.number('mlp_ratio') : 4;
}

function optionalInteger(fields: JsonFields, name: string, otherwise: number): number {
  return fields.has(name) ? fields.integer(name) : otherwise;
}

function unsupported(path: string, message: string, hint: string): MetaclipError {
  return new MetaclipError('E_MODEL_UNSUPPORTED', `${path}: ${message}`, { hint, details: { path } });
}
