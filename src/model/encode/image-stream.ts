/** Images to embeddings, batch by batch, with the work of three batches overlapped. */
import { MetaclipError } from '../../common/errors.ts';
import type { ImageSource } from './image-source.ts';

/** The outcome of one image. */
export type EmbeddedImage =
  | {
      readonly ok: true;
      /** Position in the input, from 0. */
      readonly index: number;
      /** As it was given. */
      readonly source: ImageSource;
      /** Length 1; belongs to the caller. */
      readonly embedding: Float32Array;
    }
  | {
      readonly ok: false;
      readonly index: number;
      readonly source: ImageSource;
      /** Why this image cannot be used; the stream goes on. */
      readonly error: MetaclipError;
    };

/** The two steps, each done in threads. */
export interface ImageSteps {
  /** Reads, decodes and resizes one image. */
  readonly prepare: (source: ImageSource) => Promise<Uint8Array<ArrayBuffer>>;
  /** Embeds some prepared images; rows of length 1 in their order. */
  readonly run: (pixels: readonly Uint8Array<ArrayBuffer>[]) => Promise<Float32Array>;
}

/** Batches taken ahead of the one that is handed out: one in the model, one that waits for it, one that is prepared. */
export const BATCHES_AHEAD = 3;

/**
 * Embeds images in order. No more than {@link BATCHES_AHEAD} batches are taken from the input beyond the one whose results are
 * being taken from here, so memory does not grow with the input. The results of a batch come together: an input that waits for
 * a result before it gives the next image must be cut into calls.
 *
 * @param images - from an array, a generator or a stream; closed when this ends early
 * @param batchSize - images that the model takes at a time
 * @param steps - what is done in threads
 * @param signal - ends the stream
 * @yields one result for each image in their order
 * @returns nothing
 * @throws {@link MetaclipError} `E_INTERRUPTED`; what the input or `run` throws
 */
export async function* streamEmbeddings(
  images: Iterable<ImageSource> | AsyncIterable<ImageSource>,
  batchSize: number,
  steps: ImageSteps,
  signal?: AbortSignal,
): AsyncGenerator<EmbeddedImage, void, void> {
  const iterator =
    Symbol.asyncIterator in images ? images[Symbol.asyncIterator]() : images[Symbol.iterator]();
  const input = { count: 0, ended: false };

  /** Takes a batch from the input; an image is prepared from the moment it is there. */
  const take = async (): Promise<Promise<PreparedImage>[]> => {
    const batch: Promise<PreparedImage>[] = [];
    while (!input.ended && batch.length < batchSize) {
      const next = await iterator.next();
      if (next.done === true) input.ended = true;
      else {
        const prepared = prepareImage(input.count++, next.value, steps);
        prepared.catch(ignore); // seen when the batch is awaited
        batch.push(prepared);
      }
    }
    return batch;
  };
  const inFlight: Promise<EmbeddedImage[]>[] = [];
  let taken = Promise.resolve<Promise<PreparedImage>[]>([]);
  const startBatch = (): void => {
    taken = taken.then(take);
    const results = taken.then(async (batch) => embedBatch(await Promise.all(batch), steps));
    results.catch(ignore); // seen when its turn comes
    inFlight.push(results);
  };

  try {
    while (inFlight.length < BATCHES_AHEAD) startBatch();
    for (;;) {
      const results = await orInterrupted(inFlight.shift() ?? Promise.resolve([]), signal);
      if (results.length === 0) return;
      startBatch();
      yield* results;
    }
  } finally {
    if (!input.ended) {
      input.ended = true;
      // Not awaited: an input that hangs must not hold up an interruption.
      Promise.resolve(iterator.return?.()).catch(ignore);
    }
  }
}

const ignore = (): undefined => undefined;

interface PreparedImage {
  readonly index: number;
  readonly source: ImageSource;
  readonly outcome: Uint8Array<ArrayBuffer> | MetaclipError;
}

async function prepareImage(index: number, source: ImageSource, steps: ImageSteps): Promise<PreparedImage> {
  try {
    return { index, source, outcome: await steps.prepare(source) };
  } catch (error) {
    if (error instanceof MetaclipError) return { index, source, outcome: error };
    throw error;
  }
}

async function embedBatch(batch: readonly PreparedImage[], steps: ImageSteps): Promise<EmbeddedImage[]> {
  const pixels = batch.flatMap(({ outcome }) => (outcome instanceof MetaclipError ? [] : [outcome]));
  const rows = pixels.length === 0 ? new Float32Array(0) : await steps.run(pixels);
  const dimension = rows.length / Math.max(1, pixels.length);
  let row = 0;
  return batch.map(({ index, source, outcome }) => {
    if (outcome instanceof MetaclipError) return { ok: false, index, source, error: outcome };
    const start = dimension * row++;
    return { ok: true, index, source, embedding: rows.slice(start, start + dimension) };
  });
}

/** The promise, or `E_INTERRUPTED` as soon as the signal fires. */
async function orInterrupted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  checkInterrupted(signal);
  let listener: (() => void) | undefined;
  const interrupted = new Promise<never>((_resolve, reject) => {
    listener = (): void => {
      reject(interruption());
    };
    signal.addEventListener('abort', listener, { once: true });
  });
  try {
    return await Promise.race([promise, interrupted]);
  } finally {
    if (listener !== undefined) signal.removeEventListener('abort', listener);
  }
}

/**
 * @param signal - may have fired
 * @throws {@link MetaclipError} `E_INTERRUPTED` if it has
 */
export function checkInterrupted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw interruption();
}

function interruption(): MetaclipError {
  return new MetaclipError('E_INTERRUPTED', 'interrupted before all was embedded', {
    hint: 'run the same command again; finished parts are kept',
  });
}
