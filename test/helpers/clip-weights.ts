/** Makes CLIPs with random weights, the same on every machine, under the names of every kind of checkpoint. */

/** Sizes of a model. */
export interface ClipShape {
  readonly vision: TowerShape & { readonly imageSize: number; readonly patchSize: number };
  readonly text: TowerShape & { readonly contextLength: number; readonly vocabSize: number };
  readonly embedDim: number;
}

interface TowerShape {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
}

/** A tensor in memory. */
export interface MadeTensor {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** Tensors by name, in the order of the file. */
export type MadeTensors = Map<string, MadeTensor>;

/** How a checkpoint calls its tensors; `custom_text` is open_clip with the text tower under `text.`. */
export type NamingName = 'transformers' | 'open_clip' | 'custom_text';

/** Nothing is a multiple of anything else that matters, so that mixed-up sizes show. */
export const TINY: ClipShape = {
  vision: { width: 48, layers: 3, heads: 3, mlpWidth: 120, imageSize: 24, patchSize: 8 },
  text: { width: 40, layers: 2, heads: 5, mlpWidth: 100, contextLength: 16, vocabSize: 50 },
  embedDim: 28,
};

/** ViT-B/32, the smallest MetaCLIP. */
export const B32: ClipShape = {
  vision: { width: 768, layers: 12, heads: 12, mlpWidth: 3072, imageSize: 224, patchSize: 32 },
  text: { width: 512, layers: 12, heads: 8, mlpWidth: 2048, contextLength: 77, vocabSize: 49_408 },
  embedDim: 512,
};

/** Uniform in [-1, 1), by mulberry32: only whole-number arithmetic, so equal everywhere. */
export function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/**
 * Biases, norms and positions are random too: a swapped or forgotten one changes the result.
 *
 * @param shape - sizes
 * @param seed - for the numbers
 * @param naming - how the tensors are called
 * @returns all tensors of the model; the same numbers whatever the naming
 */
export function makeClip(shape: ClipShape, seed: number, naming: NamingName): MadeTensors {
  return makeTensors(shape, seed, naming, false);
}

/** Names and shapes alone, without values: for sizes of many gigabytes. */
export function makeHollowClip(shape: ClipShape, naming: NamingName): MadeTensors {
  return makeTensors(shape, 0, naming, true);
}

function makeTensors(shape: ClipShape, seed: number, naming: NamingName, isHollow: boolean): MadeTensors {
  const random = makeRandom(seed);
  const make = (sizes: readonly number[], spread: number, centre = 0): MadeTensor => {
    const values = new Float32Array(isHollow ? 0 : sizes.reduce((product, size) => product * size, 1));
    for (let i = 0; i < values.length; i++) values[i] = centre + spread * random();
    return { shape: sizes, values };
  };
  const tensors: MadeTensors = new Map();
  const add = (name: string, tensor: MadeTensor): void => void tensors.set(name, tensor);
  const isHub = naming === 'transformers';
  const root = naming === 'custom_text' ? 'text.' : '';
  const norm = (name: string, width: number): void => {
    add(`${name}.weight`, make([width], 0.4, 1));
    add(`${name}.bias`, make([width], 0.3));
  };
  const linear = (name: string, outputs: number, inputs: number): void => {
    add(`${name}.weight`, make([outputs, inputs], Math.sqrt(3 / inputs)));
    add(`${name}.bias`, make([outputs], 0.2));
  };
  const projection = (hubName: string, name: string, width: number): void => {
    const matrix = make([width, shape.embedDim], Math.sqrt(3 / width));
    add(isHub ? `${hubName}.weight` : name, isHub ? transpose(matrix) : matrix);
  };
  const block = (prefix: string, { width, mlpWidth }: TowerShape): void => {
    norm(prefix + (isHub ? 'layer_norm1' : 'ln_1'), width);
    const weight = make([3 * width, width], Math.sqrt(6 / width));
    const bias = make([3 * width], 0.3);
    if (isHub) {
      ['q_proj', 'k_proj', 'v_proj'].forEach((part, index) => {
        add(`${prefix}self_attn.${part}.weight`, rows(weight, index * width, width));
        add(`${prefix}self_attn.${part}.bias`, rows(bias, index * width, width));
      });
    } else {
      add(`${prefix}attn.in_proj_weight`, weight);
      add(`${prefix}attn.in_proj_bias`, bias);
    }
    linear(prefix + (isHub ? 'self_attn.out_proj' : 'attn.out_proj'), width, width);
    norm(prefix + (isHub ? 'layer_norm2' : 'ln_2'), width);
    linear(prefix + (isHub ? 'mlp.fc1' : 'mlp.c_fc'), mlpWidth, width);
    linear(prefix + (isHub ? 'mlp.fc2' : 'mlp.c_proj'), width, mlpWidth);
  };
  const { vision, text } = shape;
  const patches = (vision.imageSize / vision.patchSize) ** 2;
  const v = isHub ? 'vision_model.embeddings.' : 'visual.';
  const t = isHub ? 'text_model.embeddings.' : root;
  add('logit_scale', make([], 0.5, 3));
  add(`${v}class_embedding`, make([vision.width], 0.5));
  add(
    v + (isHub ? 'patch_embedding.weight' : 'conv1.weight'),
    make([vision.width, 3, vision.patchSize, vision.patchSize], 1 / vision.patchSize),
  );
  add(
    v + (isHub ? 'position_embedding.weight' : 'positional_embedding'),
    make([patches + 1, vision.width], 0.5),
  );
  // "layrnorm" is the spelling of transformers.
  norm(isHub ? 'vision_model.pre_layrnorm' : 'visual.ln_pre', vision.width);
  for (let i = 0; i < vision.layers; i++) {
    block(isHub ? `vision_model.encoder.layers.${i}.` : `visual.transformer.resblocks.${i}.`, vision);
  }
  norm(isHub ? 'vision_model.post_layernorm' : 'visual.ln_post', vision.width);
  projection('visual_projection', 'visual.proj', vision.width);
  add(`${t}token_embedding.weight`, make([text.vocabSize, text.width], 1));
  add(
    t + (isHub ? 'position_embedding.weight' : 'positional_embedding'),
    make([text.contextLength, text.width], 0.5),
  );
  for (let i = 0; i < text.layers; i++) {
    block(isHub ? `text_model.encoder.layers.${i}.` : `${root}transformer.resblocks.${i}.`, text);
  }
  norm(isHub ? 'text_model.final_layer_norm' : `${root}ln_final`, text.width);
  projection('text_projection', `${root}text_projection`, text.width);
  return tensors;
}

/** A config.json of transformers. */
export function hubConfig(
  shape: ClipShape,
  activation: string,
  other: { readonly modelType?: string; readonly eosTokenId?: number } = {},
): object {
  const tower = (part: TowerShape): object => ({
    hidden_size: part.width,
    intermediate_size: part.mlpWidth,
    num_hidden_layers: part.layers,
    num_attention_heads: part.heads,
    hidden_act: activation,
  });
  const { vision, text, embedDim } = shape;
  return {
    model_type: other.modelType ?? 'clip',
    projection_dim: embedDim,
    vision_config: { ...tower(vision), image_size: vision.imageSize, patch_size: vision.patchSize },
    text_config: {
      ...tower(text),
      max_position_embeddings: text.contextLength,
      vocab_size: text.vocabSize,
      ...(other.eosTokenId === undefined ? {} : { eos_token_id: other.eosTokenId }),
    },
  };
}

/** An open_clip_config.json. */
export function openClipConfig(shape: ClipShape, isQuick: boolean, textOptions: object = {}): object {
  const { vision, text, embedDim } = shape;
  return {
    model_cfg: {
      embed_dim: embedDim,
      ...(isQuick ? { quick_gelu: true } : {}),
      vision_cfg: {
        image_size: vision.imageSize,
        layers: vision.layers,
        width: vision.width,
        head_width: vision.width / vision.heads,
        mlp_ratio: vision.mlpWidth / vision.width,
        patch_size: vision.patchSize,
      },
      text_cfg: {
        context_length: text.contextLength,
        vocab_size: text.vocabSize,
        width: text.width,
        heads: text.heads,
        layers: text.layers,
        mlp_ratio: text.mlpWidth / text.width,
        ...textOptions,
      },
    },
    preprocess_cfg: {
      size: vision.imageSize,
      mean: [0.5, 0.4, 0.3],
      std: [0.2, 0.3, 0.4],
      resize_mode: 'squash',
    },
  };
}

function transpose({ shape: [height = 0, width = 0], values }: MadeTensor): MadeTensor {
  const turned = new Float32Array(values.length);
  if (values.length === 0) return { shape: [width, height], values };
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) turned[x * height + y] = values[y * width + x] ?? 0;
  return { shape: [width, height], values: turned };
}

function rows({ shape, values }: MadeTensor, first: number, count: number): MadeTensor {
  const width = values.length / (shape[0] ?? 1);
  return {
    shape: [count, ...shape.slice(1)],
    values: values.subarray(first * width, (first + count) * width),
  };
}
