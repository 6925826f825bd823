/** Sorts the images of a folder into a data set of folders, one a class, with a manifest that accounts for every image. */
import { realpath } from 'node:fs/promises';
import { join, relative, resolve } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { removeStaleTemporaries } from '../../common/files.ts';
import { TOOL_VERSION } from '../../common/version.ts';
import type { ImageSource } from '../encode/image-source.ts';
import { checkInterrupted, type EmbeddedImage } from '../encode/image-stream.ts';
import { listImages, type ListedImage } from '../list-images.ts';
import { claimOutputFolder, finishOutputFolder } from '../output-folder.ts';
import { countReason, refusalReason, sortedReasons } from '../refusals.ts';
import type { Embeddings } from '../score/embeddings.ts';
import type { Ontology } from '../score/ontology.ts';
import { type Prediction, predictClasses } from '../score/predict.ts';
import { nameClassFolders } from './class-folders.ts';
import { type ManifestRow, ManifestWriter } from './manifest.ts';
import { fileNameOf, placeFile } from './place-file.ts';
import { checkShares, DEFAULT_SHARES, hashFile, splitOf, SPLITS, type SplitShares } from './split.ts';

/** What labelling asks of a model. */
export interface LabellingModel {
  readonly fingerprint: string;
  readonly dimension: number;
  readonly logitScale: number;
  promptWeights(ontology: Ontology, templates?: readonly string[]): Promise<Embeddings>;
  embedImages(
    images: AsyncIterable<ImageSource>,
    options: { readonly signal?: AbortSignal },
  ): AsyncIterable<EmbeddedImage>;
}

/** Options of {@link label}. */
export interface LabelOptions {
  /** Output folder: new, empty, or of an interrupted call with the same options. */
  readonly out: string;
  /** Images whose best class is less probable than this are left unlabelled. Default 0.5: more probable than all others together. */
  readonly confidence?: number;
  /** Texts with `{}` where a prompt goes. Default `['{}']`. */
  readonly templates?: readonly string[];
  /** Share of each part. Default 0.8, 0.1 and 0.1. */
  readonly split?: SplitShares;
  /** Another seed is another split. Default 0. */
  readonly seed?: number;
  /** Hard links instead of copies: no second copy of the bytes, but changing one changes both. Default false. */
  readonly link?: boolean;
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onProgress?: (progress: { readonly done: number; readonly total: number }) => void;
}

/** What a call did. */
export interface LabelSummary {
  readonly out: string;
  readonly images: number;
  readonly labelled: number;
  /** Below the confidence. */
  readonly unlabelled: number;
  /** Same bytes as an image earlier in the list. */
  readonly duplicates: number;
  /** Not usable, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Images of each class by part, in the order of the ontology; classes without any are there too. */
  readonly classes: readonly {
    readonly class: string;
    readonly folder: string;
    readonly train: number;
    readonly valid: number;
    readonly test: number;
  }[];
}

const STATE_FILE = 'label.json';

/**
 * Labels each image with its most probable class and puts it to `out/SPLIT/CLASS/`. Beside them: `manifest.jsonl` and
 * `manifest.csv` with a row for every image of the folder, whatever became of it, and `label.json` with options and counts.
 *
 * The part is drawn from the bytes of the image and the seed, so equal images are on one side, and adding images moves none.
 * Of images with equal bytes only the first in the list is put there.
 *
 * Memory: the names of the images, 32 bytes of hash each, some batches.
 *
 * @param model - what embeds
 * @param folder - searched with its sub-folders
 * @param ontology - prompts and classes
 * @param options - see there
 * @returns counts
 * @throws {@link MetaclipError} `E_USAGE`, `E_INPUT_NOT_FOUND`, `E_INPUT_EMPTY`, `E_OUTPUT_NOT_EMPTY`, `E_RUN_MISMATCH`,
 *   `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INTERRUPTED`
 */
export async function label(
  model: LabellingModel,
  folder: string,
  ontology: Ontology,
  options: LabelOptions,
): Promise<LabelSummary> {
  const { out, confidence = 0.5, seed = 0, split = DEFAULT_SHARES, signal } = options;
  checkConfidence(confidence);
  checkShares(split);
  const folders = nameClassFolders(ontology.classes);
  const images = await listImages([folder]);
  await checkApart(folder, out);
  const settings = {
    version: TOOL_VERSION,
    model: model.fingerprint,
    ontology: ontology.prompts.map((prompt, at) => [
      prompt,
      ontology.classes[ontology.classOfPrompt[at] ?? 0] ?? '',
    ]),
    templates: options.templates ?? ['{}'],
    confidence,
    split,
    seed,
  };
  if ((await claimOutputFolder(out, STATE_FILE, settings)) === 'finished') {
    throw new MetaclipError('E_OUTPUT_NOT_EMPTY', `${out}: holds the finished result of an earlier call`, {
      hint: 'choose another --out, or remove this folder',
      details: { path: out },
    });
  }
  removeStaleTemporaries(out);
  for (const part of SPLITS) for (const name of folders) removeStaleTemporaries(join(out, part, name));
  const weights = await model.promptWeights(ontology, options.templates);

  const counter = new LabelCounter(ontology.classes, folders);
  const firstWithHash = new Map<string, string>();
  const hashes = new Map<number, string>();
  const early: { at: number; row: ManifestRow }[] = [];
  const asked: number[] = [];

  /** Images that are to be embedded; what need not be is answered at once. */
  const sources = async function* (): AsyncGenerator<string> {
    for (const [at, image] of images.entries()) {
      try {
        const hash = await hashFile(image.path);
        const first = firstWithHash.get(hash);
        if (first !== undefined) {
          early.push({
            at,
            row: { ...emptyRow(image), status: 'duplicate', sha256: hash, reason: `same bytes as ${first}` },
          });
          continue;
        }
        firstWithHash.set(hash, image.name);
        hashes.set(at, hash);
      } catch (error) {
        if (!(error instanceof MetaclipError)) throw error;
        early.push({ at, row: { ...emptyRow(image), status: 'refused', reason: refusalReason(error) } });
        continue;
      }
      asked.push(at);
      yield image.path;
    }
  };

  const summary = await ManifestWriter.write(out, async (manifest) => {
    let done = 0;
    const add = async (row: ManifestRow): Promise<void> => {
      await manifest.add(row);
      counter.add(row);
      options.onProgress?.({ done: ++done, total: images.length });
    };
    const addEarly = async (before: number): Promise<void> => {
      while (early[0] !== undefined && early[0].at < before)
        await add((early.shift() as (typeof early)[0]).row);
    };
    for await (const result of model.embedImages(sources(), signal === undefined ? {} : { signal })) {
      const at = asked[result.index] ?? 0;
      const image = images[at];
      if (image === undefined) throw new Error('an answer without an image');
      await addEarly(at);
      const row = { ...emptyRow(image), sha256: hashes.get(at) ?? '' };
      hashes.delete(at);
      if (!result.ok) {
        await add({ ...row, status: 'refused', reason: refusalReason(result.error) });
        continue;
      }
      const best = bestClass(model, result.embedding, weights, ontology);
      const scored = {
        ...row,
        class: best.class,
        confidence: best.confidence,
        similarity: best.similarity,
        prompt: best.prompt,
      };
      if (best.confidence < confidence) {
        await add({ ...scored, status: 'unlabelled' });
        continue;
      }
      const part = splitOf(row.sha256, seed, split);
      const file = `${part}/${folders[best.classIndex] ?? ''}/${fileNameOf(image.name, row.sha256)}`;
      if (await placeFile(image.path, join(out, file), options.link === true)) {
        await add({ ...scored, status: 'labelled', split: part, file });
      } else await add({ ...row, status: 'refused', reason: 'not-found' });
    }
    checkInterrupted(signal);
    await addEarly(Infinity);
    return counter.summary(images.length);
  });
  await finishOutputFolder(out, STATE_FILE, settings, summary);
  return { out, ...summary };
}

/**
 * @param confidence - threshold
 * @throws {@link MetaclipError} `E_USAGE` unless it is in [0, 1]
 */
export function checkConfidence(confidence: number): void {
  if (confidence >= 0 && confidence <= 1) return;
  throw new MetaclipError('E_USAGE', `the confidence must lie between 0 and 1, got ${confidence}`, {
    hint: 'for example --confidence 0.5',
  });
}

function bestClass(
  model: LabellingModel,
  embedding: Float32Array,
  weights: Embeddings,
  ontology: Ontology,
): Prediction {
  const { dimension, fingerprint, logitScale } = model;
  const [[best] = []] = predictClasses(
    { data: embedding, count: 1, dimension, fingerprint },
    weights,
    ontology,
    logitScale,
  );
  if (best === undefined) throw new Error('an ontology without classes');
  return best;
}

function emptyRow(image: ListedImage): ManifestRow {
  return {
    image: image.name,
    status: 'refused',
    class: null,
    confidence: null,
    similarity: null,
    prompt: null,
    split: null,
    file: null,
    sha256: '',
    reason: null,
  };
}

/** An output inside the input would be labelled the next time, and the other way round. */
async function checkApart(folder: string, out: string): Promise<void> {
  const [a, b] = [
    await realpath(folder).catch(() => resolve(folder)),
    await realpath(out).catch(() => resolve(out)),
  ];
  const isInside = (inner: string, outer: string): boolean => {
    const way = relative(outer, inner);
    return way === '' || (!way.startsWith('..') && resolve(outer, way) === inner);
  };
  if (!isInside(a, b) && !isInside(b, a)) return;
  throw new MetaclipError('E_USAGE', `${out}: lies in the folder of images, or holds it`, {
    hint: 'choose an --out beside the folder',
  });
}

/** Adds up what the rows of the manifest say. */
class LabelCounter {
  readonly #classes: Map<
    string,
    { class: string; folder: string; train: number; valid: number; test: number }
  >;
  readonly #refused = new Map<string, number>();
  readonly #statuses = new Map<string, number>();

  constructor(classes: readonly string[], folders: readonly string[]) {
    this.#classes = new Map(
      classes.map((name, at) => [
        name,
        { class: name, folder: folders[at] ?? '', train: 0, valid: 0, test: 0 },
      ]),
    );
  }

  add(row: ManifestRow): void {
    countReason(this.#statuses, row.status);
    if (row.status === 'refused') countReason(this.#refused, row.reason ?? 'unreadable');
    const counts = row.class === null ? undefined : this.#classes.get(row.class);
    for (const split of SPLITS) if (counts !== undefined && row.split === split) counts[split]++;
  }

  summary(images: number): Omit<LabelSummary, 'out'> {
    return {
      images,
      labelled: this.#statuses.get('labelled') ?? 0,
      unlabelled: this.#statuses.get('unlabelled') ?? 0,
      duplicates: this.#statuses.get('duplicate') ?? 0,
      refused: sortedReasons(this.#refused),
      classes: [...this.#classes.values()],
    };
  }
}
