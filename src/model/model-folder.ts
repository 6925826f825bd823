/**
 * The model folder: what `metaclip model import` writes and everything else reads.
 *
 *   metaclip-model.json   this manifest; written last, so a folder that has it is whole
 *   vision.onnx           image graph: pixel_values [batch, 3, size, size] -> image_embeds [batch, embedDim]
 *   text.onnx             text graph: input_ids [batch, length] -> text_embeds [batch, embedDim]
 *   (weights)             what the graphs' external data point at; a hard link to the source in link mode
 *   tokenizer.json ...    the tokenizer's file, copied
 *
 * Embeddings leave the graphs as they are; whoever hands them out normalises them.
 *
 * Fingerprint: sha256 over architecture, activation, pooling, stored dtype, preprocessing, the tokenizer file's sha256, and
 * for every tensor its canonical name, dtype, shape and the sha256 of its head, middle and tail (4 KiB each). Small tensors
 * enter whole, so two checkpoints of one architecture differ in hundreds of places, and a file of 5 GB takes some 5 MB of
 * reading. Link mode and embed mode give the same one; another dtype gives another one. It tells models apart; it is no proof
 * against somebody who wants to forge one: `files[].sha256` is, where it is recorded.
 */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { fingerprintFile } from '../common/files.ts';
import { type MODEL_FORMAT_VERSION, parseModelManifest } from './model-manifest.ts';
import type { PreprocessSpec } from './preprocess/preprocess-spec.ts';

/** Name of the manifest in a model folder. */
export const MODEL_MANIFEST = 'metaclip-model.json';

/** Activation of the towers' MLPs. `quick_gelu` is x * sigmoid(1.702 x), `gelu` the exact one with erf. */
export type Activation = 'quick_gelu' | 'gelu';
/** How weights are stored; arithmetic is float32 in every case. Ready graphs don't say. */
export type WeightDtype = 'float32' | 'float16' | 'bfloat16' | 'int8' | 'mixed' | 'unknown';
/** Element type of a graph's input. */
export type InputDtype = 'float32' | 'float16' | 'int64' | 'int32';

/** One input of a graph. */
export interface GraphInputInfo {
  readonly name: string;
  readonly dtype: InputDtype;
}

/** Which token's state is the text's: the one with the highest id (CLIP's end token), or the first with this id. */
export type TextPooling = { readonly kind: 'argmax' } | { readonly kind: 'eos-id'; readonly id: number };

/** The image half. */
export interface VisionSide {
  /** Name of the graph in the folder. */
  readonly file: string;
  /** float [batch, 3, imageSize, imageSize], preprocessed. */
  readonly input: GraphInputInfo;
  /** Name of the output, float32 [batch, embedDim], not normalised. */
  readonly output: string;
  /** Side of the square input in pixels. */
  readonly imageSize: number;
  /** Side of a patch in pixels; null where a ready graph does not say. */
  readonly patchSize: number | null;
}

/** The text half. */
export interface TextSide {
  /** Name of the graph in the folder. */
  readonly file: string;
  readonly inputs: {
    /** Token ids [batch, length]. */
    readonly ids: GraphInputInfo;
    /** 1 for tokens, 0 for padding, [batch, length]; null where the graph takes none (the towers are causal: padding after
     * the end token changes nothing). */
    readonly attentionMask: GraphInputInfo | null;
  };
  /** Name of the output, float32 [batch, embedDim], not normalised. */
  readonly output: string;
  /** Most tokens of a text, start and end token included. */
  readonly contextLength: number;
  /** Whether the graph takes texts shorter than `contextLength`, down to the batch's longest; exact, and much faster. */
  readonly acceptsShorter: boolean;
  readonly vocabSize: number;
  /** Inside the graph already; told because padding must not disturb it. */
  readonly pooling: TextPooling;
  /** What to pad with: never the end token's id nor a higher one. */
  readonly padId: number;
}

/** Sizes of a tower. */
export interface TowerShape {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly mlpWidth: number;
}

/** A file that the model needs, as it was at import. */
export interface ModelFile {
  readonly name: string;
  readonly sizeBytes: number;
  /** sha256 over size, head, middle and tail: {@link fingerprintFile}. Checked whenever the folder is read. */
  readonly sample: string;
  /** Of the whole file, where it was read or written as a whole anyway. */
  readonly sha256?: string;
}

/** Content of the manifest. */
export interface ModelManifest {
  readonly formatVersion: typeof MODEL_FORMAT_VERSION;
  /** For people. */
  readonly name: string;
  /** What the model states about itself, e.g. `cc-by-nc-4.0`; null where it says nothing. */
  readonly licence: string | null;
  /** See the head of this file; 64 hex digits. */
  readonly fingerprint: string;
  /** Version of the tool that imported it. */
  readonly toolVersion: string;
  /** `weights`: graphs written by the importer; `onnx`: ready graphs. */
  readonly origin: 'weights' | 'onnx';
  readonly architecture: {
    readonly vision: TowerShape | null;
    readonly text: TowerShape | null;
    /** null for ready graphs, which don't say. */
    readonly activation: Activation | null;
    readonly layerNormEpsilon: number | null;
  };
  readonly vision: VisionSide | null;
  readonly text: TextSide | null;
  /** Values of an embedding. */
  readonly embedDim: number;
  /** Factor of the cosine, already exponentiated; 100 where the model does not say. */
  readonly logitScale: number;
  readonly dtype: WeightDtype;
  /** How images become tensors; plain JSON. */
  readonly preprocess: PreprocessSpec;
  /** null: texts can be given as token ids only. */
  readonly tokenizer: { readonly kind: 'clip-bpe' | 'tokenizer-json'; readonly file: string } | null;
  readonly files: readonly ModelFile[];
}

/** A model folder whose files are there, in the size they had. */
export interface ModelFolder {
  /** Path of the folder, as given. */
  readonly path: string;
  readonly manifest: ModelManifest;
  /** Path of the image graph; null without one. */
  readonly visionPath: string | null;
  readonly textPath: string | null;
  readonly tokenizerPath: string | null;
}

/**
 * Reads a model folder, and checks that its files are those of the import: size and a sample of each, some 200 KiB of reading a
 * file. A weights file that was changed under a linked graph would give garbage without any error of ONNX Runtime.
 *
 * @param path - folder
 * @returns manifest and paths
 * @throws {@link MetaclipError} `E_MODEL_MISSING` where there is no such folder, manifest or file; `E_MODEL_FORMAT` where the
 *   manifest is damaged or of another version, or a file is not the one that was imported
 */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const manifest = parseModelManifest(await readManifestText(path), join(path, MODEL_MANIFEST));
  for (const file of manifest.files) await checkFile(path, file);
  return {
    path,
    manifest,
    visionPath: manifest.vision === null ? null : join(path, manifest.vision.file),
    textPath: manifest.text === null ? null : join(path, manifest.text.file),
    tokenizerPath: manifest.tokenizer === null ? null : join(path, manifest.tokenizer.file),
  };
}

async function readManifestText(path: string): Promise<string> {
  const file = join(path, MODEL_MANIFEST);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const kind = (await stat(path).catch(() => undefined))?.isDirectory() === true ? 'folder' : 'none';
    throw new MetaclipError(
      'E_MODEL_MISSING',
      kind === 'folder' ? `${path}: no model folder, it has no ${MODEL_MANIFEST}` : `${path}: no such folder`,
      {
        hint:
          kind === 'folder'
            ? `import it first: metaclip model import ${path} --out DIR`
            : 'make one with `metaclip model import SOURCE --out DIR` or `metaclip model pull NAME`',
        details: { path },
        cause: error,
      },
    );
  }
}

async function checkFile(folder: string, file: ModelFile): Promise<void> {
  const path = join(folder, file.name);
  const hint = 'import the model again: metaclip model import SOURCE --out DIR';
  const found = await fingerprintFile(path).catch((error: unknown) => {
    throw new MetaclipError('E_MODEL_MISSING', `${path}: the model needs this file, and it cannot be read`, {
      hint,
      details: { path },
      cause: error,
    });
  });
  if (found.sizeBytes === file.sizeBytes && found.fingerprint === file.sample) return;
  const difference =
    found.sizeBytes === file.sizeBytes
      ? 'its content is another'
      : `${found.sizeBytes} bytes instead of ${file.sizeBytes}`;
  throw new MetaclipError('E_MODEL_FORMAT', `${path}: not the file that was imported, ${difference}`, {
    hint,
    details: { path, got: found.sizeBytes, expected: file.sizeBytes },
  });
}
