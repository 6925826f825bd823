/**
 * How well texts fit their images, in the eyes of a model: for curated shards and, beside them, the raw pool. Both are judged on
 * samples that are drawn by hashes of the pairs, so that they are the same on every machine and in any order.
 */
import { join } from 'node:path';
import { MetaclipError } from '../../../common/errors.ts';
import { checkWritable, writeFileAtomic } from '../../../common/files.ts';
import { checkInterrupted } from '../../encode/image-stream.ts';
import { sortedReasons } from '../../refusals.ts';
import { distributionOf } from '../metrics/distribution.ts';
import { dotOfRows } from '../metrics/dot.ts';
import { retrievalRecalls } from '../metrics/retrieval.ts';
import { pairsPage } from '../page/pairs-page.ts';
import { cachedClassWeights } from '../zeroshot/text-weights.ts';
import { classesOf } from './class-share.ts';
import { embedSampledImages, embedSampledTexts, keyOf, type PairsModel } from './embed-sample.ts';
import { type ImageStore, openImageStore } from './image-store.ts';
import { openPairSource, type PairSource } from './pair-source.ts';
import { type JudgedInput, type PairsProgress, samplePairs } from './sample-pairs.ts';
import { comparePairs, type PairsInputResult, type PairsResult } from './results.ts';

/** Options of {@link evaluatePairs}. */
export interface PairsOptions {
  /** Inputs: runs, shards, or tars with their texts. */
  readonly inputs: readonly string[];
  /** What they are called; default the names of their folders. */
  readonly names?: readonly string[];
  /** Tars or folder with the images of shards; inputs that are tars have their own. */
  readonly images?: string;
  readonly out: string;
  /** Pairs of each input that are judged. Default 5,000. */
  readonly limit?: number;
  /** Another seed is another sample. Default 0. */
  readonly seed?: number;
  /** Classes whose share of the images is shown. */
  readonly classes: readonly string[];
  readonly templates: readonly string[];
  readonly weightCache?: string;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PairsProgress) => void;
}

/**
 * Writes `OUT/pairs.json` and `OUT/report.html`.
 *
 * Memory: the keys of at most 500,000 images (some 300 bytes each), twice `limit` pairs an input, and the embeddings
 * of the samples; never the images or the pool.
 *
 * @param model - both sides
 * @param options - inputs and the rest
 * @returns figures of each input, and the differences to the first
 * @throws {@link MetaclipError} `E_USAGE`, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY` when an input has no pair whose
 *   image is at hand; `E_COLUMN_MISSING`, `E_INTERRUPTED`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`; as the model
 */
export async function evaluatePairs(model: PairsModel, options: PairsOptions): Promise<PairsResult> {
  const { limit = 5000, seed = 0, signal } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > 100_000) {
    throw new MetaclipError('E_USAGE', `the sample must have 1 to 100,000 pairs, got ${limit}`, {
      hint: 'for example --limit 5000',
    });
  }
  if (options.names !== undefined && options.names.length !== options.inputs.length) {
    throw new MetaclipError('E_USAGE', `${options.names.length} names for ${options.inputs.length} inputs`, {
      hint: 'give --name once for each input, or never',
    });
  }
  checkWritable(options.out);
  const sources = await Promise.all(options.inputs.map(openPairSource));
  const stores = await openStores(sources, options.images);
  const judged: JudgedInput[] = [];
  for (const [at, source] of sources.entries()) {
    const store = stores[at];
    if (store === undefined) throw new Error('an input without a store');
    judged.push(
      await samplePairs(source, options.names?.[at] ?? source.name, store, { ...options, limit, seed }),
    );
  }
  const images = await embedSampledImages(model, judged, options);
  const texts = await embedSampledTexts(model, judged, options);
  const classWeights = await cachedClassWeights(
    model,
    options.classes,
    options.templates,
    options.weightCache,
    {
      ...(signal === undefined ? {} : { signal }),
      onProgress: (done) => {
        options.onProgress?.({
          phase: 'classes',
          done,
          total: options.classes.length * options.templates.length,
        });
      },
    },
  );
  const usable = judged.map(({ sample, store }) =>
    sample.filter(({ imageId }) => images.has(keyOf(store, imageId))),
  );
  // Recall falls with the number of candidates, so all inputs get the same.
  const retrievalPairs = Math.min(...usable.map((pairs) => pairs.length));
  const results: PairsInputResult[] = [];
  for (const [at, input] of judged.entries()) {
    const pairs = usable[at] ?? [];
    if (pairs.length === 0) {
      throw new MetaclipError('E_INPUT_EMPTY', `${input.path}: none of the sampled images could be used`, {
        hint: 'look at the images: they may be broken or of a format that cannot be read',
        details: { path: input.path },
      });
    }
    const rows = pairs.map(({ imageId, caption }) => ({
      image: images.get(keyOf(input.store, imageId)) ?? new Float32Array(0),
      text: texts.get(caption) ?? new Float32Array(0),
      imageId,
      caption,
    }));
    results.push({
      name: input.name,
      path: input.path,
      pairs: input.pairs,
      pairsWithImage: input.pairsWithImage,
      sampled: input.sample.length,
      judged: pairs.length,
      refused: sortedReasons(input.drops.counts),
      similarity: distributionOf(Float32Array.from(rows, ({ image, text }) => cosine(image, text))),
      retrieval: await recallsOf(rows.slice(0, retrievalPairs), model.dimension, (done, total) => {
        checkInterrupted(signal);
        options.onProgress?.({ phase: 'retrieval', done, total });
      }),
      classes: classesOf(
        [...new Map(rows.map(({ imageId, image }) => [imageId, image])).values()],
        classWeights.weights,
        options.classes,
      ),
    });
  }
  const result: PairsResult = {
    model: { name: model.manifest.name, fingerprint: model.fingerprint },
    limit,
    seed,
    retrievalPairs,
    templates: options.templates,
    inputs: results,
    comparison: comparePairs(results),
  };
  await writeFileAtomic(join(options.out, 'pairs.json'), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomic(join(options.out, 'report.html'), pairsPage(result));
  return result;
}

/** Of tars their own images, unless others are named; shards need some. Inputs with one place share one store. */
async function openStores(sources: readonly PairSource[], images: string | undefined): Promise<ImageStore[]> {
  const stores = new Map<string, ImageStore>();
  const result: ImageStore[] = [];
  for (const source of sources) {
    const path = source.kind === 'webdataset' ? source.path : images;
    if (path === undefined) {
      throw new MetaclipError(
        'E_USAGE',
        `${source.path}: shards have no images in them, and --images is missing`,
        {
          hint: 'give the tars or the folder that img2dataset wrote: --images DIR',
        },
      );
    }
    const store = stores.get(path) ?? (await openImageStore(path));
    stores.set(path, store);
    result.push(store);
  }
  return result;
}

function cosine(a: Float32Array, b: Float32Array): number {
  return Math.max(-1, Math.min(1, dotOfRows(a, 0, b, 0, a.length)));
}

async function recallsOf(
  rows: readonly {
    readonly image: Float32Array;
    readonly text: Float32Array;
    readonly imageId: string;
    readonly caption: string;
  }[],
  dimension: number,
  onBlock: (doneImages: number, images: number) => void,
): Promise<PairsInputResult['retrieval']> {
  const imageAt = new Map<string, number>();
  const textAt = new Map<string, number>();
  const pairs: [number, number][] = [];
  for (const { imageId, caption } of rows) {
    const image = imageAt.get(imageId) ?? imageAt.size;
    const text = textAt.get(caption) ?? textAt.size;
    imageAt.set(imageId, image);
    textAt.set(caption, text);
    pairs.push([image, text]);
  }
  const images = new Float32Array(imageAt.size * dimension);
  const texts = new Float32Array(textAt.size * dimension);
  for (const { image, text, imageId, caption } of rows) {
    images.set(image, (imageAt.get(imageId) ?? 0) * dimension);
    texts.set(text, (textAt.get(caption) ?? 0) * dimension);
  }
  return retrievalRecalls({ images, texts, dimension, pairs }, (done) => {
    onBlock(done, imageAt.size);
  });
}
