/**
 * The tensors of a CLIP by their part in the model, whatever a checkpoint calls them. Two namings are known:
 *
 *   transformers  `vision_model.encoder.layers.0.self_attn.q_proj.weight`, projections as [embedding, width]
 *   open_clip     `visual.transformer.resblocks.0.attn.in_proj_weight` with query, key and value in one tensor, projections
 *                 as [width, embedding]; OpenAI's and MetaCLIP's own checkpoints too. The text tower may stand under `text.`
 *
 * Every tensor is checked against the sizes of the tower; a missing, misshapen or unknown one is refused by name, since a graph
 * without it would give wrong embeddings and no error.
 */
import { MetaclipError } from '../../common/errors.ts';
import { BLOCK_NAMES, NAMINGS, type Naming } from './tensor-names.ts';
import { type Checkpoint, sliceRows, type StoredTensor } from './tensors.ts';

/** Weight [out, in] and bias [out]. */
export interface Affine {
  readonly weight: StoredTensor;
  readonly bias: StoredTensor;
}

/** One layer of a tower. */
export interface BlockTensors {
  readonly norm1: Affine;
  readonly query: Affine;
  readonly key: Affine;
  readonly value: Affine;
  readonly out: Affine;
  readonly norm2: Affine;
  readonly expand: Affine;
  readonly contract: Affine;
}

/** Last matrix of a tower. */
export interface Projection {
  readonly weight: StoredTensor;
  /** Whether it is stored as [embedding, width]. */
  readonly isTransposed: boolean;
}

/** The image half. */
export interface VisionTensors {
  readonly patches: StoredTensor;
  readonly classToken: StoredTensor;
  readonly positions: StoredTensor;
  readonly normBefore: Affine;
  readonly blocks: readonly BlockTensors[];
  readonly normAfter: Affine;
  readonly projection: Projection;
}

/** The text half. */
export interface TextTensors {
  readonly tokens: StoredTensor;
  readonly positions: StoredTensor;
  readonly blocks: readonly BlockTensors[];
  readonly normAfter: Affine;
  readonly projection: Projection;
}

/** Sizes of a tower as its tensors state them. */
export interface TowerSizes {
  readonly width: number;
  readonly layers: number;
  readonly mlpWidth: number;
}

/** A model's tensors and the sizes that they state. */
export interface ClipTensors {
  readonly naming: Naming['name'];
  readonly vision: VisionTensors;
  readonly text: TextTensors;
  readonly logitScale: StoredTensor;
  readonly sizes: {
    readonly vision: TowerSizes & { readonly imageSize: number; readonly patchSize: number };
    readonly text: TowerSizes & { readonly contextLength: number; readonly vocabSize: number };
    readonly embedDim: number;
  };
}

/** Buffers and numbers that old versions save and that have no part in the model. */
const IGNORED =
  /(?:^|\.)(?:position_ids|attn_mask|causal_mask)$|^(?:input_resolution|context_length|vocab_size)$/;
const FLOATING: readonly string[] = ['F64', 'F32', 'F16', 'BF16'];

/**
 * @param checkpoint - all tensors
 * @returns the same by their part
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming the tensor that is missing or misshapen; `E_MODEL_UNSUPPORTED` for another
 *   naming, or tensors that have no place in a CLIP
 */
export function findClipTensors(checkpoint: Checkpoint): ClipTensors {
  const naming = namingOf(checkpoint);
  const picker = new TensorPicker(checkpoint);
  const patches = picker.take(naming.vision.patches, [null, 3, null, null]);
  const [width = 0, , patchSize = 0, patchHeight = 0] = patches.shape;
  if (patchSize !== patchHeight || patchSize === 0 || width === 0)
    throw picker.misshapen(patches, '[width, 3, size, size]');
  const positions = picker.take(naming.vision.positions, [null, width]);
  const side = Math.round(Math.sqrt((positions.shape[0] ?? 0) - 1));
  if (side < 1 || side * side + 1 !== positions.shape[0])
    throw picker.misshapen(positions, '[square number + 1, width]');
  const visionProjection = picker.takeProjection(naming, naming.vision.projection, width, null);
  const embedDim = visionProjection.weight.shape[visionProjection.isTransposed ? 0 : 1] ?? 0;
  const tokens = picker.take(naming.text.tokens, [null, null]);
  const [vocabSize = 0, textWidth = 0] = tokens.shape;
  const textPositions = picker.take(naming.text.positions, [null, textWidth]);
  const vision: VisionTensors = {
    patches,
    classToken: picker.take(naming.vision.classToken, [width]),
    positions,
    normBefore: picker.takeAffine(naming.vision.normBefore, [width]),
    blocks: picker.takeBlocks(naming, naming.vision.blocks, width),
    normAfter: picker.takeAffine(naming.vision.normAfter, [width]),
    projection: visionProjection,
  };
  const text: TextTensors = {
    tokens,
    positions: textPositions,
    blocks: picker.takeBlocks(naming, naming.text.blocks, textWidth),
    normAfter: picker.takeAffine(naming.text.normAfter, [textWidth]),
    projection: picker.takeProjection(naming, naming.text.projection, textWidth, embedDim),
  };
  const logitScale = picker.take('logit_scale', null);
  if (logitScale.byteLength === 0 || logitScale.shape.some((size) => size !== 1))
    throw picker.misshapen(logitScale, '[]');
  picker.checkNothingLeft();
  return {
    naming: naming.name,
    vision,
    text,
    logitScale,
    sizes: {
      vision: { ...towerSizes(vision.blocks, width), imageSize: side * patchSize, patchSize },
      text: {
        ...towerSizes(text.blocks, textWidth),
        contextLength: textPositions.shape[0] ?? 0,
        vocabSize,
      },
      embedDim,
    },
  };
}

/**
 * @param tensors - a model
 * @returns every tensor with its canonical name, in the order of the graphs
 */
export function* listTensors(tensors: ClipTensors): Generator<readonly [string, StoredTensor]> {
  yield ['logit_scale', tensors.logitScale];
  for (const [tower, part] of [
    ['vision', tensors.vision],
    ['text', tensors.text],
  ] as const) {
    for (const [name, value] of Object.entries(part) as readonly (readonly [string, unknown])[]) {
      yield* listPart(`${tower}.${name}`, value);
    }
  }
}

function* listPart(name: string, value: unknown): Generator<readonly [string, StoredTensor]> {
  if (typeof value !== 'object' || value === null) return;
  if (isStoredTensor(value)) yield [name, value];
  else for (const [key, inner] of Object.entries(value)) yield* listPart(`${name}.${key}`, inner);
}

function isStoredTensor(value: object): value is StoredTensor {
  return 'dtype' in value && 'startByte' in value;
}

function towerSizes(blocks: readonly BlockTensors[], width: number): TowerSizes {
  return { width, layers: blocks.length, mlpWidth: blocks[0]?.expand.weight.shape[0] ?? 0 };
}

function namingOf({ tensors, path }: Checkpoint): Naming {
  const found = NAMINGS.find(({ marks }) => marks.every((mark) => tensors.has(mark)));
  if (found !== undefined) return found;
  // A marker that is there while others are not: a damaged checkpoint of that naming, whose missing tensor gets named.
  const partial = NAMINGS.find(({ marks }) => marks.some((mark) => tensors.has(mark)));
  if (partial !== undefined) return partial;
  const isResNet = tensors.has('visual.layer1.0.conv1.weight');
  const some = [...tensors.keys()].slice(0, 3).join(', ');
  throw new MetaclipError(
    'E_MODEL_UNSUPPORTED',
    isResNet
      ? `${path}: a CLIP with a ResNet; vision transformers can be imported`
      : `${path}: its ${tensors.size} tensors have neither the names of transformers' CLIPModel nor those of open_clip${some === '' ? '' : ` (they are called ${some}, ...)`}`,
    {
      hint: 'a CLIP with both towers is needed, as transformers, open_clip or MetaCLIP save it',
      details: { path },
    },
  );
}

/** Takes tensors by name, and knows at the end which nobody took. */
class TensorPicker {
  readonly #checkpoint: Checkpoint;
  readonly #taken = new Set<string>();

  constructor(checkpoint: Checkpoint) {
    this.#checkpoint = checkpoint;
  }

  /** `shape` null: any; null in it: any size. */
  take(name: string, shape: readonly (number | null)[] | null): StoredTensor {
    const tensor = this.#checkpoint.tensors.get(name);
    if (tensor === undefined) {
      throw this.#wrong('E_MODEL_FORMAT', `tensor ${name} is missing`, name);
    }
    this.#taken.add(name);
    if (!FLOATING.includes(tensor.dtype)) {
      throw this.#wrong(
        'E_MODEL_UNSUPPORTED',
        `tensor ${name} is of type ${tensor.dtype}, not a floating one`,
        name,
      );
    }
    const fits =
      shape === null ||
      (tensor.shape.length === shape.length &&
        shape.every((size, at) => size === null || size === tensor.shape[at]));
    if (!fits) throw this.misshapen(tensor, `[${shape.map((size) => size ?? 'any').join(', ')}]`);
    return tensor;
  }

  takeAffine(name: string, shape: readonly [number | null, ...(number | null)[]]): Affine {
    const weight = this.take(`${name}.weight`, shape);
    return { weight, bias: this.take(`${name}.bias`, [weight.shape[0] ?? null]) };
  }

  takeProjection(naming: Naming, name: string, width: number, embedDim: number | null): Projection {
    // Newer open_clip keeps a linear layer where older ones have a bare matrix.
    const linear = `${name}.weight`;
    if (naming.name === 'open_clip' && !this.#checkpoint.tensors.has(linear)) {
      return { weight: this.take(name, [width, embedDim]), isTransposed: false };
    }
    const full = naming.name === 'open_clip' ? linear : name;
    return { weight: this.take(full, [embedDim, width]), isTransposed: true };
  }

  takeBlocks(naming: Naming, prefix: string, width: number): BlockTensors[] {
    const layers = this.#countLayers(prefix);
    const mlpWidth =
      this.take(`${prefix}0.${BLOCK_NAMES[naming.name].expand}.weight`, [null, width]).shape[0] ?? 0;
    return Array.from({ length: layers }, (_, index) =>
      this.#takeBlock(naming, `${prefix}${index}.`, width, mlpWidth),
    );
  }

  #takeBlock(naming: Naming, prefix: string, width: number, mlpWidth: number): BlockTensors {
    const names = BLOCK_NAMES[naming.name];
    return {
      norm1: this.takeAffine(prefix + names.norm1, [width]),
      ...this.#takeAttention(naming, prefix, width),
      out: this.takeAffine(prefix + names.out, [width, width]),
      norm2: this.takeAffine(prefix + names.norm2, [width]),
      expand: this.takeAffine(prefix + names.expand, [mlpWidth, width]),
      contract: this.takeAffine(prefix + names.contract, [width, mlpWidth]),
    };
  }

  #takeAttention(
    naming: Naming,
    prefix: string,
    width: number,
  ): Pick<BlockTensors, 'query' | 'key' | 'value'> {
    if (naming.name === 'transformers') {
      return {
        query: this.takeAffine(`${prefix}self_attn.q_proj`, [width, width]),
        key: this.takeAffine(`${prefix}self_attn.k_proj`, [width, width]),
        value: this.takeAffine(`${prefix}self_attn.v_proj`, [width, width]),
      };
    }
    const weight = this.take(`${prefix}attn.in_proj_weight`, [3 * width, width]);
    const bias = this.take(`${prefix}attn.in_proj_bias`, [3 * width]);
    const part = (index: number): Affine => ({
      weight: sliceRows(weight, index * width, (index + 1) * width),
      bias: sliceRows(bias, index * width, (index + 1) * width),
    });
    return { query: part(0), key: part(1), value: part(2) };
  }

  #countLayers(prefix: string): number {
    let highest = 0;
    for (const name of this.#checkpoint.tensors.keys()) {
      const digits = name.startsWith(prefix)
        ? /^(\d{1,4})\./.exec(name.slice(prefix.length))?.[1]
        : undefined;
      if (digits !== undefined) highest = Math.max(highest, Number(digits));
    }
    return highest + 1;
  }

  checkNothingLeft(): void {
    const left = [...this.#checkpoint.tensors.keys()].filter(
      (name) => !this.#taken.has(name) && !IGNORED.test(name),
    );
    const [first] = left;
    if (first === undefined) return;
    const others = left.length === 1 ? '' : ` and ${left.length - 1} other${left.length === 2 ? '' : 's'}`;
    throw this.#wrong(
      'E_MODEL_UNSUPPORTED',
      `tensor ${first}${others} has no place in a CLIP that is known`,
      first,
    );
  }

  misshapen(tensor: StoredTensor, wanted: string): MetaclipError {
    return this.#wrong(
      'E_MODEL_FORMAT',
      `tensor ${tensor.name} has the shape [${tensor.shape.join(', ')}], ${wanted} is needed`,
      tensor.name,
    );
  }

  #wrong(code: 'E_MODEL_FORMAT' | 'E_MODEL_UNSUPPORTED', message: string, tensor: string): MetaclipError {
    return new MetaclipError(code, `${this.#checkpoint.path}: ${message}`, {
      hint: 'a whole checkpoint of a CLIP with two transformers is needed: check what was downloaded or saved',
      details: { path: this.#checkpoint.path, tensor },
    });
  }
}
