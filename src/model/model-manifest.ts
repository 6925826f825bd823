/** The manifest's JSON, checked field by field: a folder may come from anywhere. */
import { MetaclipError } from '../common/errors.ts';
import { JsonFields } from './json-fields.ts';
import type {
  GraphInputInfo,
  ModelFile,
  ModelManifest,
  TextSide,
  TowerShape,
  VisionSide,
} from './model-folder.ts';
import type { PreprocessSpec, ResizeRule, Size } from './preprocess/preprocess-spec.ts';

/** Layout of the manifest; a folder of another one is refused with the way to make it anew. */
export const MODEL_FORMAT_VERSION = 1;
const HINT = 'import the model again: metaclip model import SOURCE --out DIR';

/**
 * @param text - content of the manifest
 * @param where - its path, for messages
 * @returns the manifest
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming the field that is wrong
 */
export function parseModelManifest(text: string, where: string): ModelManifest {
  const fields = JsonFields.parse(text, where, 'E_MODEL_FORMAT', HINT);
  const version = fields.raw('formatVersion');
  if (version !== MODEL_FORMAT_VERSION) {
    throw new MetaclipError(
      'E_MODEL_FORMAT',
      `${where}: format version ${version === undefined ? 'missing' : JSON.stringify(version)}, this program reads ${MODEL_FORMAT_VERSION}`,
      { hint: HINT, details: { path: where } },
    );
  }
  const architecture = fields.object('architecture');
  const tokenizer = fields.has('tokenizer') ? fields.object('tokenizer') : null;
  return {
    formatVersion: version,
    name: fields.text('name'),
    licence: fields.has('licence') ? fields.text('licence') : null,
    fingerprint: fields.text('fingerprint'),
    toolVersion: fields.text('toolVersion'),
    origin: fields.choice('origin', ['weights', 'onnx']),
    architecture: {
      vision: architecture.has('vision') ? towerOf(architecture.object('vision')) : null,
      text: architecture.has('text') ? towerOf(architecture.object('text')) : null,
      activation: architecture.has('activation')
        ? architecture.choice('activation', ['quick_gelu', 'gelu'])
        : null,
      layerNormEpsilon: architecture.has('layerNormEpsilon') ? architecture.number('layerNormEpsilon') : null,
    },
    vision: fields.has('vision') ? visionOf(fields.object('vision')) : null,
    text: fields.has('text') ? textOf(fields.object('text')) : null,
    embedDim: fields.integer('embedDim', 1),
    logitScale: fields.number('logitScale'),
    dtype: fields.choice('dtype', ['float32', 'float16', 'bfloat16', 'int8', 'mixed', 'unknown']),
    preprocess: preprocessOf(fields.object('preprocess')),
    tokenizer:
      tokenizer === null
        ? null
        : {
            kind: tokenizer.choice('kind', ['clip-bpe', 'tokenizer-json']),
            file: plainName(tokenizer, 'file'),
          },
    files: fields.objects('files').map(fileOf),
  };
}

function towerOf(fields: JsonFields): TowerShape {
  return {
    width: fields.integer('width', 1),
    layers: fields.integer('layers', 1),
    heads: fields.integer('heads', 1),
    mlpWidth: fields.integer('mlpWidth', 1),
  };
}

function visionOf(fields: JsonFields): VisionSide {
  return {
    file: plainName(fields, 'file'),
    input: inputOf(fields.object('input')),
    output: fields.text('output'),
    imageSize: fields.integer('imageSize', 1),
    patchSize: fields.has('patchSize') ? fields.integer('patchSize', 1) : null,
  };
}

function textOf(fields: JsonFields): TextSide {
  const inputs = fields.object('inputs');
  const pooling = fields.object('pooling');
  return {
    file: plainName(fields, 'file'),
    inputs: {
      ids: inputOf(inputs.object('ids')),
      attentionMask: inputs.has('attentionMask') ? inputOf(inputs.object('attentionMask')) : null,
    },
    output: fields.text('output'),
    contextLength: fields.integer('contextLength', 1),
    acceptsShorter: fields.boolean('acceptsShorter'),
    vocabSize: fields.integer('vocabSize', 1),
    pooling:
      pooling.choice('kind', ['argmax', 'eos-id']) === 'argmax'
        ? { kind: 'argmax' }
        : { kind: 'eos-id', id: pooling.integer('id') },
    padId: fields.integer('padId'),
  };
}

function inputOf(fields: JsonFields): GraphInputInfo {
  return {
    name: fields.text('name'),
    dtype: fields.choice('dtype', ['float32', 'float16', 'int64', 'int32']),
  };
}

function preprocessOf(fields: JsonFields): PreprocessSpec {
  const resize = fields.object('resize');
  return {
    pipeline: fields.choice('pipeline', ['open_clip', 'transformers']),
    convertRgb: fields.choice('convertRgb', ['before-resize', 'after-resize']),
    resize: resizeOf(resize),
    filter: fields.choice('filter', ['bicubic', 'bilinear', 'lanczos', 'box', 'hamming', 'nearest']),
    crop: fields.has('crop') ? sizeOf(fields.object('crop')) : null,
    scale: fields.number('scale'),
    mean: fields.triple('mean'),
    std: fields.triple('std'),
  };
}

function resizeOf(fields: JsonFields): ResizeRule {
  const mode = fields.choice('mode', ['shortest', 'squash', 'none']);
  if (mode === 'shortest') return { mode, size: fields.integer('size', 1) };
  return mode === 'squash' ? { mode, ...sizeOf(fields) } : { mode };
}

function sizeOf(fields: JsonFields): Size {
  return { width: fields.integer('width', 1), height: fields.integer('height', 1) };
}

function fileOf(fields: JsonFields): ModelFile {
  return {
    name: plainName(fields, 'name'),
    sizeBytes: fields.integer('sizeBytes'),
    sample: fields.text('sample'),
    ...(fields.has('sha256') ? { sha256: fields.text('sha256') } : {}),
  };
}

/** A manifest must not lead out of its folder. */
function plainName(fields: JsonFields, name: string): string {
  const file = fields.text(name);
  if (file === '' || file === '.' || file === '..' || /[/\\\0]/.test(file))
    throw fields.wrong(name, 'the name of a file in the folder');
  return file;
}
