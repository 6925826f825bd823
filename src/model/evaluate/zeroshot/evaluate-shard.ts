/** Evaluates one shard: embeds its images, compares them with the weights of all classes, and counts. */
import { open } from 'node:fs/promises';
import { produceFile } from '../../../common/files.ts';
import type { ImageSource } from '../../encode/image-source.ts';
import type { EmbeddedImage } from '../../encode/image-stream.ts';
import { refusalReason } from '../../refusals.ts';
import { cosines, type Embeddings } from '../../score/embeddings.ts';
import { indexOfMost } from '../../score/softmax.ts';
import { type DataShard, DropCounts } from '../data/data-set.ts';
import { ClassCounts } from '../metrics/metrics.ts';
import { ScoreWriter } from './score-file.ts';
import { type Mistake, MISTAKES_KEPT, type ShardResult } from './shard-result.ts';
import { makeThumbnail } from './thumbnail.ts';

/** The image side of a model. */
export interface ImageModel {
  readonly fingerprint: string;
  readonly dimension: number;
  /** Factor of cosines before the softmax. */
  readonly logitScale: number;
  readonly embedImages: (
    images: AsyncIterable<ImageSource>,
    options: { readonly signal?: AbortSignal },
  ) => AsyncIterable<EmbeddedImage>;
}

/** What a shard is evaluated with. */
export interface ShardPlan {
  readonly weights: Embeddings;
  /** For each label its class, -1 for none; null when labels are classes. */
  readonly classOfLabel: readonly number[] | null;
  /** File for the scores of all images; undefined when no ROC curves are asked for. */
  readonly scorePath: string | undefined;
  readonly signal?: AbortSignal;
  /** Called after each image. */
  readonly onImage?: () => void;
}

/**
 * One bad image is counted and ends nothing. Memory: some batches of images, the counts, and the pictures of the worst mistakes.
 *
 * @param model - image side
 * @param shard - images
 * @param plan - weights and classes
 * @returns counts, also in `scorePath` the scores
 * @throws {@link MetaclipError} `E_INTERRUPTED`, `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`; as the model
 */
export async function evaluateShard(
  model: ImageModel,
  shard: DataShard,
  plan: ShardPlan,
): Promise<ShardResult> {
  if (plan.scorePath === undefined) return countShard(model, shard, plan, undefined);
  const { result } = await produceFile(plan.scorePath, async (temporaryPath) => {
    const file = await open(temporaryPath, 'wx');
    try {
      const writer = new ScoreWriter(file, plan.weights.count);
      const counted = await countShard(model, shard, plan, writer);
      await writer.end();
      return counted;
    } finally {
      await file.close();
    }
  });
  return result;
}

async function countShard(
  model: ImageModel,
  shard: DataShard,
  plan: ShardPlan,
  scores: ScoreWriter | undefined,
): Promise<ShardResult> {
  const { weights, classOfLabel } = plan;
  const drops = new DropCounts();
  const counts = new ClassCounts(weights.count);
  const mistakes = new WorstMistakes();
  /** Images that were handed to the model and not yet answered, in order. */
  const waiting: { readonly name: string; readonly truth: number }[] = [];
  const sources = async function* (): AsyncGenerator<ImageSource, void, void> {
    for await (const { name, image, label } of shard.read(drops)) {
      const truth = classOfLabel === null ? label : (classOfLabel[label] ?? -1);
      if (truth < 0 || truth >= weights.count) {
        drops.drop('unknown-label', name, `label ${label} of ${weights.count} classes`);
        continue;
      }
      waiting.push({ name, truth });
      yield image;
    }
  };
  let images = 0;
  const { signal } = plan;
  for await (const answer of model.embedImages(sources(), signal === undefined ? {} : { signal })) {
    const image = waiting.shift();
    if (image === undefined) throw new Error('an answer without an image');
    plan.onImage?.();
    if (!answer.ok) {
      drops.drop(refusalReason(answer.error), image.name, answer.error.message);
      continue;
    }
    images++;
    const { dimension, fingerprint } = model;
    const row = cosines({ data: answer.embedding, count: 1, dimension, fingerprint }, weights);
    const predicted = indexOfMost(row);
    const rank = rankOf(row, image.truth);
    counts.note(image.truth, predicted, rank);
    const logs = logProbabilities(row, model.logitScale);
    await scores?.add(image.truth, logs);
    if (predicted === image.truth) continue;
    const confidence = Math.exp(logs[predicted] ?? 0);
    if (!mistakes.takes(confidence) || answer.source instanceof URL) continue;
    mistakes.add({
      image: image.name,
      truth: image.truth,
      predicted,
      confidence,
      truthConfidence: Math.exp(logs[image.truth] ?? 0),
      rank: rank + 1,
      thumbnail: await makeThumbnail(answer.source),
    });
  }
  return {
    images,
    counts,
    refused: drops.counts,
    refusedExamples: drops.examples,
    mistakes: mistakes.sorted(),
  };
}

/**
 * @param values - scores
 * @param index - one of them
 * @returns how many come before it: the greater ones, and equal ones that stand in front
 */
export function rankOf(values: ArrayLike<number>, index: number): number {
  const own = values[index] ?? 0;
  let rank = 0;
  for (let at = 0; at < values.length; at++) {
    const value = values[at] ?? 0;
    if (value > own || (value === own && at < index)) rank++;
  }
  return rank;
}

/** Logarithms of the softmax: they order images as probabilities do, and small ones don't become 0 in float32. */
function logProbabilities(row: Float32Array, scale: number): Float32Array {
  let most = -Infinity;
  for (const cosine of row) most = Math.max(most, scale * cosine);
  let sum = 0;
  for (const cosine of row) sum += Math.exp(scale * cosine - most);
  const shift = most + Math.log(sum);
  return row.map((cosine) => scale * cosine - shift);
}

/** The most confident mistakes; of equal ones those that came first. */
export class WorstMistakes {
  readonly #kept: Mistake[] = [];

  /**
   * @param confidence - of a mistake
   * @returns whether it would be kept
   */
  takes(confidence: number): boolean {
    return this.#kept.length < MISTAKES_KEPT || confidence > (this.#kept.at(-1)?.confidence ?? 0);
  }

  /**
   * @param mistake - one more
   */
  add(mistake: Mistake): void {
    if (!this.takes(mistake.confidence)) return;
    const place = this.#kept.findIndex(({ confidence }) => confidence < mistake.confidence);
    this.#kept.splice(place < 0 ? this.#kept.length : place, 0, mistake);
    this.#kept.length = Math.min(this.#kept.length, MISTAKES_KEPT);
  }

  /** @returns most confident first */
  sorted(): readonly Mistake[] {
    return [...this.#kept];
  }
}
