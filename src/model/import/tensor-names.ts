/** Names of a CLIP's tensors in the namings that are known. */

/** Where the parts of a model stand; blocks are prefixes that a layer's number follows. */
export interface Naming {
  readonly name: 'transformers' | 'open_clip';
  /** Tensors that tell this naming from others. */
  readonly marks: readonly string[];
  readonly vision: {
    readonly patches: string;
    readonly classToken: string;
    readonly positions: string;
    readonly normBefore: string;
    readonly blocks: string;
    readonly normAfter: string;
    readonly projection: string;
  };
  readonly text: {
    readonly tokens: string;
    readonly positions: string;
    readonly blocks: string;
    readonly normAfter: string;
    readonly projection: string;
  };
}

const OPEN_CLIP_VISION = {
  patches: 'visual.conv1.weight',
  classToken: 'visual.class_embedding',
  positions: 'visual.positional_embedding',
  normBefore: 'visual.ln_pre',
  blocks: 'visual.transformer.resblocks.',
  normAfter: 'visual.ln_post',
  projection: 'visual.proj',
} as const;

/** Text tower at the root, or under a prefix as open_clip's CustomTextCLIP has it. */
function openClip(prefix: '' | 'text.'): Naming {
  return {
    name: 'open_clip',
    marks: [OPEN_CLIP_VISION.patches, `${prefix}token_embedding.weight`],
    vision: OPEN_CLIP_VISION,
    text: {
      tokens: `${prefix}token_embedding.weight`,
      positions: `${prefix}positional_embedding`,
      blocks: `${prefix}transformer.resblocks.`,
      normAfter: `${prefix}ln_final`,
      projection: `${prefix}text_projection`,
    },
  };
}

/** In the order in which they are tried. */
export const NAMINGS: readonly Naming[] = [
  {
    name: 'transformers',
    marks: ['vision_model.embeddings.patch_embedding.weight', 'text_model.embeddings.token_embedding.weight'],
    vision: {
      patches: 'vision_model.embeddings.patch_embedding.weight',
      classToken: 'vision_model.embeddings.class_embedding',
      positions: 'vision_model.embeddings.position_embedding.weight',
      // The spelling of transformers.
      normBefore: 'vision_model.pre_layrnorm',
      blocks: 'vision_model.encoder.layers.',
      normAfter: 'vision_model.post_layernorm',
      projection: 'visual_projection.weight',
    },
    text: {
      tokens: 'text_model.embeddings.token_embedding.weight',
      positions: 'text_model.embeddings.position_embedding.weight',
      blocks: 'text_model.encoder.layers.',
      normAfter: 'text_model.final_layer_norm',
      projection: 'text_projection.weight',
    },
  },
  openClip(''),
  openClip('text.'),
];

/** Names inside a layer; query, key and value differ in more than names. */
export const BLOCK_NAMES = {
  transformers: {
    norm1: 'layer_norm1',
    out: 'self_attn.out_proj',
    norm2: 'layer_norm2',
    expand: 'mlp.fc1',
    contract: 'mlp.fc2',
  },
  open_clip: {
    norm1: 'ln_1',
    out: 'attn.out_proj',
    norm2: 'ln_2',
    expand: 'mlp.c_fc',
    contract: 'mlp.c_proj',
  },
} as const;
