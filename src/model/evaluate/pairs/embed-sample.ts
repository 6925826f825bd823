/** Embeddings of the sampled images and texts, each made once. */
import { checkInterrupted } from '../../encode/image-stream.ts';
import { refusalReason } from '../../refusals.ts';
import type { Embeddings } from '../../score/embeddings.ts';
import { DropCounts } from '../data/data-set.ts';
import type { EvaluationModel } from '../zeroshot/evaluate-zeroshot.ts';
import type { ImageStore } from './image-store.ts';
import type { JudgedInput, PairsProgress } from './sample-pairs.ts';

const TEXTS_A_CALL = 1024;

/** A model that embeds texts too. */
export interface PairsModel extends EvaluationModel {
  readonly embedText: (
    texts: readonly string[],
    options: { readonly signal?: AbortSignal },
  ) => Promise<Embeddings>;
}

/** Interruption and progress. */
interface EmbedControl {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: PairsProgress) => void;
}

/**
 * @param store - where an image lies
 * @param imageId - its name there
 * @returns key of its embedding
 */
export function keyOf(store: ImageStore, imageId: string): string {
  return `${store.path}\n${imageId}`;
}

/**
 * Each image once, whatever the number of inputs and pairs that have it. Those that cannot be used are counted with every input
 * that has them.
 *
 * @param model - image side
 * @param judged - inputs with their samples
 * @param options - interruption, progress
 * @returns rows of length 1 by {@link keyOf}
 * @throws {@link MetaclipError} `E_INTERRUPTED`; as the model
 */
export async function embedSampledImages(
  model: PairsModel,
  judged: readonly JudgedInput[],
  options: EmbedControl,
): Promise<ReadonlyMap<string, Float32Array>> {
  const rows = new Map<string, Float32Array>();
  const { signal } = options;
  const total = new Set(
    judged.flatMap(({ store, sample }) => sample.map(({ imageId }) => keyOf(store, imageId))),
  ).size;
  let done = 0;
  for (const store of new Set(judged.map((input) => input.store))) {
    const users = judged
      .filter((input) => input.store === store)
      .map(({ drops, sample }) => ({ drops, ids: new Set(sample.map(({ imageId }) => imageId)) }));
    const isWanted = (id: string): boolean => users.some((user) => user.ids.has(id));
    const ids: string[] = [];
    const sources = async function* (): AsyncGenerator<string | Uint8Array, void, void> {
      // What is wrong with the store was counted when it was looked through.
      for await (const { id, image } of store.read(isWanted, new DropCounts())) {
        ids.push(id);
        yield image;
      }
    };
    for await (const answer of model.embedImages(sources(), signal === undefined ? {} : { signal })) {
      const id = ids[answer.index] ?? '';
      done++;
      options.onProgress?.({ phase: 'images', done, total });
      if (answer.ok) rows.set(keyOf(store, id), answer.embedding);
      else {
        for (const { drops, ids: own } of users) {
          if (own.has(id)) drops.drop(refusalReason(answer.error), id, answer.error.message);
        }
      }
    }
    checkInterrupted(signal);
  }
  return rows;
}

/**
 * @param model - text side
 * @param judged - inputs with their samples
 * @param options - interruption, progress
 * @returns rows of length 1 by text
 * @throws {@link MetaclipError} `E_INTERRUPTED`; as the model
 */
export async function embedSampledTexts(
  model: PairsModel,
  judged: readonly JudgedInput[],
  options: EmbedControl,
): Promise<ReadonlyMap<string, Float32Array>> {
  const captions = [...new Set(judged.flatMap(({ sample }) => sample.map(({ caption }) => caption)))];
  const rows = new Map<string, Float32Array>();
  for (let start = 0; start < captions.length; start += TEXTS_A_CALL) {
    const part = captions.slice(start, start + TEXTS_A_CALL);
    options.onProgress?.({ phase: 'texts', done: start, total: captions.length });
    const { data } = await model.embedText(
      part,
      options.signal === undefined ? {} : { signal: options.signal },
    );
    for (const [at, caption] of part.entries()) {
      rows.set(caption, data.slice(at * model.dimension, (at + 1) * model.dimension));
    }
  }
  return rows;
}
