/** How often the right text is among the nearest of an image, and the other way round. */
import { setImmediate } from 'node:timers/promises';
import { dotOfRows } from './dot.ts';

/** Rows of unit vectors that belong together by `pairs`. */
export interface RetrievalTask {
  /** `imageCount * dimension` values. */
  readonly images: Float32Array;
  /** `textCount * dimension` values. */
  readonly texts: Float32Array;
  readonly dimension: number;
  /** [image, text]; an image may have several texts and a text several images, all of which are right answers. */
  readonly pairs: readonly (readonly [number, number])[];
}

/** Recalls of one direction. */
export interface RetrievalRecall {
  readonly queries: number;
  /** Shares of queries with a right answer among the first 1, 5 and 10. */
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
  /** 1 when most queries have a right answer in the first place. */
  readonly medianRank: number;
}

/** Images that are compared with all texts at a time. */
const BLOCK = 64;

/**
 * Every image with every text, in blocks. Ties go to the lower index. The event loop is let in after each block, so that an
 * interruption is seen.
 *
 * Complexity: images * texts * dimension (5,000 pairs of 512 values: 13 G products, some 15 s). Memory: a few
 * numbers for each image and text.
 *
 * @param task - embeddings and what belongs together
 * @param onBlock - called with the number of images done; what it throws ends the call
 * @returns recalls both ways; queries without a right answer don't count
 */
export async function retrievalRecalls(
  task: RetrievalTask,
  onBlock?: (doneImages: number) => void,
): Promise<{
  readonly imageToText: RetrievalRecall;
  readonly textToImage: RetrievalRecall;
}> {
  const { images, texts, dimension, pairs } = task;
  const imageCount = images.length / dimension;
  const textCount = texts.length / dimension;
  const ofImage = new BestAnswers(imageCount);
  const ofText = new BestAnswers(textCount);
  const similarityOf = (image: number, text: number): number =>
    dotOfRows(images, image * dimension, texts, text * dimension, dimension);
  for (const [image, text] of pairs) {
    const similarity = similarityOf(image, text);
    ofImage.offer(image, text, similarity);
    ofText.offer(text, image, similarity);
  }
  for (let start = 0; start < imageCount; start += BLOCK) {
    const end = Math.min(imageCount, start + BLOCK);
    // Texts outside: the block of images stays in the processor's cache.
    for (let text = 0; text < textCount; text++) {
      for (let image = start; image < end; image++) {
        const similarity = similarityOf(image, text);
        ofImage.see(image, text, similarity);
        ofText.see(text, image, similarity);
      }
    }
    onBlock?.(end);
    await setImmediate();
  }
  return { imageToText: ofImage.recalls(), textToImage: ofText.recalls() };
}

/** For each query its best right answer, and how many answers come before it. */
class BestAnswers {
  readonly #similarity: Float32Array;
  readonly #answer: Int32Array;
  readonly #before: Uint32Array;

  constructor(count: number) {
    this.#similarity = new Float32Array(count).fill(-Infinity);
    this.#answer = new Int32Array(count).fill(-1);
    this.#before = new Uint32Array(count);
  }

  offer(query: number, answer: number, similarity: number): void {
    const best = this.#similarity[query] ?? -Infinity;
    if (similarity < best || (similarity === best && answer > (this.#answer[query] ?? -1))) return;
    this.#similarity[query] = similarity;
    this.#answer[query] = answer;
  }

  see(query: number, answer: number, similarity: number): void {
    const best = this.#similarity[query] ?? 0;
    if (similarity > best || (similarity === best && answer < (this.#answer[query] ?? -1))) {
      this.#before[query] = (this.#before[query] ?? 0) + 1;
    }
  }

  recalls(): RetrievalRecall {
    const ranks = [...this.#before.keys()]
      .filter((query) => (this.#answer[query] ?? -1) >= 0)
      .map((query) => this.#before[query] ?? 0)
      .sort((a, b) => a - b);
    const within = (k: number): number =>
      ranks.length === 0 ? 0 : ranks.filter((rank) => rank < k).length / ranks.length;
    return {
      queries: ranks.length,
      r1: within(1),
      r5: within(5),
      r10: within(10),
      medianRank: (ranks[Math.floor((ranks.length - 1) / 2)] ?? 0) + 1,
    };
  }
}
