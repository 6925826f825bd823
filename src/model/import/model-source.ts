/**
 * Finds what there is to import: a hub-style folder, one checkpoint file, or ready ONNX graphs. By the content of the folder
 * and the configs in it; what a folder or a model is called decides nothing.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/** Weights of which graphs are to be written. */
export interface WeightsSource {
  readonly kind: 'weights';
  /** Checkpoint, or index of a cut one. */
  readonly weights: string;
  readonly config: string | undefined;
}

/** Graphs that are there already. */
export interface GraphSource {
  readonly kind: 'onnx';
  readonly vision: string | undefined;
  readonly text: string | undefined;
  /** Has what graphs don't tell: patch size, vocabulary, pooling. */
  readonly config: string | undefined;
}

/** Something to import, and what lies beside it. */
export type ModelSource = (WeightsSource | GraphSource) & {
  /** For people, from the folder or file. */
  readonly name: string;
  readonly licence: string | null;
  /** preprocessor_config.json. */
  readonly preprocessor: string | undefined;
  /** The tokenizer's main file first, then what belongs to it. */
  readonly tokenizer: readonly string[];
};

/** Weights by their config, in the order in which they are taken. */
export const WEIGHTS_OF: readonly (readonly [string, readonly string[]])[] = [
  [
    'open_clip_config.json',
    [
      'open_clip_model.safetensors',
      'open_clip_pytorch_model.safetensors',
      'open_clip_pytorch_model.bin',
      'model.safetensors',
    ],
  ],
  [
    'config.json',
    [
      'model.safetensors',
      'model.safetensors.index.json',
      'pytorch_model.bin',
      'pytorch_model.bin.index.json',
    ],
  ],
];
/** Names of ready graphs on the hub, and those of this importer. */
export const GRAPH_NAMES = {
  vision: ['vision_model.onnx', 'vision.onnx', 'visual.onnx'],
  text: ['text_model.onnx', 'text.onnx', 'textual.onnx'],
} as const;
const CHECKPOINT = /\.(?:safetensors|safetensors\.index\.json|pt|pth|bin|bin\.index\.json|ckpt)$/;
/** The tokenizer's main file, and what it needs beside it. */
export const TOKENIZERS: readonly (readonly [string, readonly string[]])[] = [
  ['tokenizer.json', ['tokenizer_config.json']],
  ['vocab.json', ['merges.txt', 'tokenizer_config.json']],
  ['bpe_simple_vocab_16e6.txt.gz', []],
  ['bpe_simple_vocab_16e6.txt', []],
];

/**
 * @param path - folder or file
 * @returns what can be imported
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_FORMAT_UNKNOWN` saying what was looked for
 */
export async function findModelSource(path: string): Promise<ModelSource> {
  const info = await stat(path).catch((error: unknown) => {
    throw describeSystemError(error, path, 'read');
  });
  return info.isDirectory() ? inFolder(path) : ofFile(path);
}

/**
 * @param path - the tokenizer's main file, or a folder with one
 * @returns it and what belongs to it; empty when the folder has none
 */
export async function findTokenizer(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: unknown) => {
    throw describeSystemError(error, path, 'read');
  });
  const folder = info.isDirectory() ? path : dirname(path);
  const names = new Set(await namesIn(folder));
  const rows = info.isDirectory() ? TOKENIZERS : TOKENIZERS.filter(([main]) => main === basename(path));
  if (!info.isDirectory() && rows.length === 0) return [path];
  const row = rows.find(([main]) => names.has(main));
  if (row === undefined) return [];
  return [row[0], ...row[1].filter((name) => names.has(name))].map((name) => join(folder, name));
}

async function inFolder(folder: string): Promise<ModelSource> {
  const names = new Set(await namesIn(folder));
  const at = (name: string): string => join(folder, name);
  const beside = {
    name: basename(resolve(folder)),
    licence: names.has('README.md') ? await licenceOf(at('README.md')) : null,
    preprocessor: names.has('preprocessor_config.json') ? at('preprocessor_config.json') : undefined,
    tokenizer: await findTokenizer(folder),
  };
  for (const [config, candidates] of WEIGHTS_OF) {
    const weights = candidates.find((name) => names.has(name));
    if (names.has(config) && weights !== undefined) {
      return { kind: 'weights', weights: at(weights), config: at(config), ...beside };
    }
  }
  const graphs =
    (await findGraphs(folder, names)) ?? (names.has('onnx') ? await findGraphs(at('onnx')) : undefined);
  if (graphs !== undefined) {
    return { ...graphs, config: names.has('config.json') ? at('config.json') : undefined, ...beside };
  }
  const checkpoints = [...names].filter((name) => CHECKPOINT.test(name));
  throw new MetaclipError(
    'E_FORMAT_UNKNOWN',
    `${folder}: no model: it needs config.json or open_clip_config.json with weights (model.safetensors, pytorch_model.bin), or vision_model.onnx and text_model.onnx`,
    {
      hint:
        checkpoints.length > 0
          ? `give the checkpoint itself, with its config: metaclip model import ${at(checkpoints[0] ?? '')} --config FILE --out DIR`
          : 'give the folder that has the weights, or download one: metaclip model pull NAME',
      details: { path: folder },
    },
  );
}

async function findGraphs(
  folder: string,
  known?: ReadonlySet<string>,
): Promise<Omit<GraphSource, 'config'> | undefined> {
  const names = known ?? new Set(await namesIn(folder));
  const find = (candidates: readonly string[]): string | undefined => {
    const name = candidates.find((candidate) => names.has(candidate));
    return name === undefined ? undefined : join(folder, name);
  };
  const vision = find(GRAPH_NAMES.vision);
  const text = find(GRAPH_NAMES.text);
  return vision === undefined && text === undefined ? undefined : { kind: 'onnx', vision, text };
}

function ofFile(path: string): ModelSource {
  const name = basename(path);
  const beside = {
    name: name.replace(/\.[^.]*$/, ''),
    licence: null,
    preprocessor: undefined,
    tokenizer: [],
  };
  if (CHECKPOINT.test(name)) return { kind: 'weights', weights: path, config: undefined, ...beside };
  throw new MetaclipError(
    'E_FORMAT_UNKNOWN',
    `${path}: neither a folder nor a checkpoint (.safetensors, .pt, .pth, .bin)`,
    {
      hint: name.endsWith('.onnx')
        ? 'for ready graphs give the folder that has them'
        : 'give a folder or a checkpoint',
      details: { path },
    },
  );
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (error) {
    throw describeSystemError(error, folder, 'read');
  }
}

/**
 * The licence that a model card states in the YAML at its head.
 *
 * @param path - README.md
 * @returns e.g. `cc-by-nc-4.0`, or null where it states none
 */
export async function licenceOf(path: string): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const head = /^---\r?\n([^]*?)\r?\n---/.exec(text.slice(0, 65_536))?.[1] ?? '';
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*["']?([\\w.+ -]{1,80}?)["']?[ \\t]*$`, 'm').exec(head)?.[1];
  const licence = field('license');
  return licence === 'other' ? (field('license_name') ?? licence) : (licence ?? null);
}
