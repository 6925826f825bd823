/** Which pairs of an input are judged: those whose image is at hand, or a sample of them. */
import { MetaclipError } from '../../../common/errors.ts';
import { checkInterrupted } from '../../encode/image-stream.ts';
import { DropCounts } from '../data/data-set.ts';
import { BoundedSample, drawOf } from './bounded-sample.ts';
import { type ImageStore, keysOfImage } from './image-store.ts';
import type { PairSource } from './pair-source.ts';

/** Images whose keys are kept at a time; of a store with more a sample is. */
export const MAX_INDEXED_IMAGES = 500_000;
/** How far it is. */
export interface PairsProgress {
  readonly phase: 'look' | 'match' | 'images' | 'texts' | 'classes' | 'retrieval';
  readonly done: number;
  /** 0 when unknown. */
  readonly total: number;
}

/** How samples are drawn. */
export interface SampleOptions {
  /** Pairs that are kept. */
  readonly limit: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PairsProgress) => void;
}

/** A pair whose image is at hand. */
export interface SampledPair {
  readonly imageId: string;
  readonly caption: string;
}

/** An input and its sample. */
export interface JudgedInput {
  readonly name: string;
  readonly path: string;
  readonly store: ImageStore;
  readonly pairs: number;
  readonly pairsWithImage: number;
  readonly sample: readonly SampledPair[];
  readonly drops: DropCounts;
}

/**
 * Memory: twice `limit` pairs, and for shards the keys of at most {@link MAX_INDEXED_IMAGES} images.
 *
 * @param source - pairs
 * @param name - what the input is called
 * @param store - where its images lie
 * @param options - size and seed of the sample
 * @returns the input with its sample, in an order that is random
 * @throws {@link MetaclipError} `E_INPUT_EMPTY` when no pair has its image at hand; `E_INTERRUPTED`; as the readers
 */
export async function samplePairs(
  source: PairSource,
  name: string,
  store: ImageStore,
  options: SampleOptions,
): Promise<JudgedInput> {
  const { limit, seed } = options;
  const drops = new DropCounts();
  const sample = new BoundedSample<SampledPair>(limit);
  let pairs = 0;
  let pairsWithImage = 0;
  const take = (imageId: string, caption: string): void => {
    pairsWithImage++;
    const draw = drawOf(seed, imageId, caption);
    if (sample.takes(draw)) sample.add(draw, { imageId, caption });
  };
  if (source.kind === 'webdataset') {
    for await (const { id, caption } of store.scan(drops)) {
      checkInterrupted(options.signal);
      pairs++;
      options.onProgress?.({ phase: 'match', done: pairs, total: 0 });
      if (caption === null || caption.trim() === '')
        drops.drop('missing-text', id, 'an image without a text');
      else take(id, caption);
    }
  } else {
    const idOfKey = await indexImages(store, seed, drops, options);
    for await (const { caption, imageKeys } of source.read(drops)) {
      if (++pairs % 1000 === 0) checkInterrupted(options.signal);
      options.onProgress?.({ phase: 'match', done: pairs, total: 0 });
      const key = imageKeys.find((one) => idOfKey.has(one));
      if (key !== undefined) take(idOfKey.get(key) ?? '', caption);
    }
  }
  if (pairsWithImage === 0) {
    throw new MetaclipError(
      'E_INPUT_EMPTY',
      `${source.path}: of ${pairs} pairs none has its image in ${store.path}`,
      {
        hint: 'images are found by url or uid in KEY.json, by a file named after the uid, or by a path as url',
        details: { path: source.path, pairs },
      },
    );
  }
  return { name, path: source.path, store, pairs, pairsWithImage, sample: sample.sorted(), drops };
}

async function indexImages(
  store: ImageStore,
  seed: number,
  drops: DropCounts,
  options: SampleOptions,
): Promise<ReadonlyMap<string, string>> {
  const images = new BoundedSample<{ readonly id: string; readonly keys: readonly string[] }>(
    MAX_INDEXED_IMAGES,
  );
  let done = 0;
  for await (const image of store.scan(drops)) {
    if (++done % 1000 === 0) checkInterrupted(options.signal);
    options.onProgress?.({ phase: 'look', done, total: 0 });
    const draw = drawOf(seed, image.id);
    if (images.takes(draw)) images.add(draw, { id: image.id, keys: keysOfImage(image, store.path) });
  }
  const idOfKey = new Map<string, string>();
  for (const { id, keys } of images.sorted())
    for (const key of keys) if (!idOfKey.has(key)) idOfKey.set(key, id);
  return idOfKey;
}
