/** A model at work: threads that decode images, a thread that runs the graphs, and the batches between them. */
import { availableParallelism } from 'node:os';
import { MetaclipError } from '../../common/errors.ts';
import type { Embeddings } from '../score/embeddings.ts';
import {
  EncodeThread,
  type EncodeRequest,
  type Feed,
  type GraphInfo,
  type ModelSide,
} from './encode-thread.ts';
import type { ImageSource } from './image-source.ts';
import { checkInterrupted, type EmbeddedImage, streamEmbeddings } from './image-stream.ts';
import { EncoderModel } from './encoder-model.ts';
import { makeTextRuns } from './text-runs.ts';

/** Options of {@link Encoder.open}. */
export interface EncoderOptions {
  /** Threads of one run of the model. Default: the processor's, at most 8. */
  readonly threads?: number;
  /** Threads that decode and resize images; each holds two decoded ones, of 400 MB at the very most. Default: the processor's, at most 4. */
  readonly decodeThreads?: number;
  /** Images in a run. Default 16. */
  readonly batchSize?: number;
  /** Whether images may be given as http and https addresses. Default false. */
  readonly urls?: boolean;
}

/** Texts that are tokenized at a time, and kept as ids. */
const TEXTS_AT_A_TIME = 1024;
/** Texts in a run of the model. */
const TEXTS_A_RUN = 64;

/** Loads each half of the model when it is first needed; close it. */
export class Encoder {
  readonly model: EncoderModel;
  readonly #threads: number;
  readonly #batchSize: number;
  readonly #urls: boolean;
  readonly #decodeThreadLimit: number;
  readonly #decodeThreads: EncodeThread[] = [];
  readonly #graphs = new Map<ModelSide, Promise<GraphInfo>>();
  #modelThread: EncodeThread | undefined;
  #isClosed = false;

  private constructor(model: EncoderModel, options: EncoderOptions) {
    const processors = availableParallelism();
    this.model = model;
    this.#threads = checkCount('threads', options.threads ?? Math.min(8, processors));
    this.#decodeThreadLimit = checkCount('decodeThreads', options.decodeThreads ?? Math.min(4, processors));
    this.#batchSize = checkCount('batchSize', options.batchSize ?? 16);
    this.#urls = options.urls ?? false;
  }

  /**
   * Reads what the folder says; weights are loaded with the first image or text.
   *
   * @param folder - model folder
   * @param options - threads and batch size
   * @returns an encoder; close it
   * @throws {@link MetaclipError} `E_MODEL_MISSING`, `E_MODEL_FORMAT`, `E_USAGE` for counts that make no sense
   */
  static async open(folder: string, options: EncoderOptions = {}): Promise<Encoder> {
    return new Encoder(await EncoderModel.open(folder), options);
  }

  /**
   * Memory: the result, the ids of 1,024 texts, one run of 64.
   *
   * @param texts - texts; longer ones than the model reads are cut so that the end token stays
   * @param signal - ends the call between runs
   * @returns one row of length 1 for each text, in their order
   * @throws {@link MetaclipError} `E_MODEL_MISSING` without tokenizer or text graph; `E_INTERRUPTED`
   */
  async embedTexts(texts: readonly string[], signal?: AbortSignal): Promise<Embeddings> {
    const { dimension, fingerprint } = this.model;
    const data = new Float32Array(texts.length * dimension);
    if (texts.length === 0) return { data, count: 0, dimension, fingerprint };
    const side = this.model.requireText();
    const tokenizer = await this.model.tokenizer();
    const graph = await this.#open('text', side.path);
    const { ids: idsInput, attentionMask } = side.inputs;
    const runSize = batchLimit(graph, idsInput.name, TEXTS_A_RUN);
    for (let start = 0; start < texts.length; start += TEXTS_AT_A_TIME) {
      const tokens = tokenizer.encode(texts.slice(start, start + TEXTS_AT_A_TIME));
      const runs = makeTextRuns(tokens, {
        runSize,
        padId: side.padId,
        ...(side.acceptsShorter ? {} : { fixedLength: side.contextLength }),
      });
      for (const { ids, mask, length, texts: rows } of runs) {
        checkInterrupted(signal);
        const dims = [rows.length, length] as const;
        const feeds: Feed[] = [{ name: idsInput.name, data: ids, dims }];
        if (attentionMask !== null) feeds.push({ name: attentionMask.name, data: mask, dims });
        const result = await this.#run(
          { kind: 'run-text', feeds, output: side.output },
          feeds.map((feed) => feed.data.buffer),
        );
        rows.forEach((row, at) => {
          data.set(result.subarray(at * dimension, (at + 1) * dimension), (start + row) * dimension);
        });
      }
    }
    return { data, count: texts.length, dimension, fingerprint };
  }

  /**
   * See {@link streamEmbeddings}.
   *
   * @param images - input
   * @param signal - ends the stream
   * @yields one result for each image
   * @returns nothing
   * @throws {@link MetaclipError} `E_MODEL_MISSING` without an image side; `E_INTERRUPTED`
   */
  async *embedImages(
    images: Iterable<ImageSource> | AsyncIterable<ImageSource>,
    signal?: AbortSignal,
  ): AsyncGenerator<EmbeddedImage, void, void> {
    const side = this.model.requireVision();
    const graph = await this.#open('vision', side.path);
    const batchSize = batchLimit(graph, side.input.name, this.#batchSize);
    const spec = this.model.folder.manifest.preprocess;
    yield* streamEmbeddings(
      images,
      batchSize,
      {
        prepare: async (source) => {
          // The caller's bytes stay the caller's; a copy, since a view would take its whole buffer along.
          const sent =
            source instanceof URL
              ? source.href
              : typeof source === 'string'
                ? source
                : Uint8Array.from(source);
          const answer = await this.#decodeThread().ask(
            { kind: 'prepare', source: sent, urls: this.#urls, spec },
            typeof sent === 'string' ? [] : [sent.buffer],
          );
          return expect('pixels' in answer ? answer.pixels : undefined);
        },
        run: async (pixels) =>
          this.#run(
            { kind: 'run-vision', pixels, spec, input: side.input.name, output: side.output },
            pixels.map(({ buffer }) => buffer),
          ),
      },
      signal,
    );
  }

  /** Ends all threads; calls still running fail. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const threads = [...this.#decodeThreads, ...(this.#modelThread === undefined ? [] : [this.#modelThread])];
    await Promise.all(threads.map((thread) => thread.close()));
  }

  #open(side: ModelSide, path: string): Promise<GraphInfo> {
    const known = this.#graphs.get(side);
    if (known !== undefined) return known;
    const graph = (async () => {
      const answer = await this.#thread().ask({ kind: 'open', side, path, threads: this.#threads });
      return expect('graph' in answer ? answer.graph : undefined);
    })();
    this.#graphs.set(side, graph);
    graph.catch(() => this.#graphs.delete(side));
    return graph;
  }

  async #run(
    request: EncodeRequest & { readonly kind: 'run-text' | 'run-vision' },
    transfer: readonly ArrayBuffer[],
  ): Promise<Float32Array> {
    const answer = await this.#thread().ask(request, transfer);
    if (!('rows' in answer)) throw new Error('the model thread answered something else');
    const { dimension, folder } = this.model;
    if (answer.dimension === dimension) return answer.rows;
    throw new MetaclipError(
      'E_MODEL_FORMAT',
      `${folder.path}: ${request.kind === 'run-text' ? 'the text' : 'the vision'} graph gives ${answer.dimension} values a row, the folder says ${dimension}`,
      { hint: 'import the model again: metaclip model import SOURCE --out DIR' },
    );
  }

  #thread(): EncodeThread {
    this.#checkOpen();
    return (this.#modelThread ??= new EncodeThread());
  }

  // The one with the least to do; a new one while all have something and there may be more.
  #decodeThread(): EncodeThread {
    this.#checkOpen();
    let best: EncodeThread | undefined;
    for (const thread of this.#decodeThreads) {
      if (best === undefined || thread.pending < best.pending) best = thread;
    }
    if (best !== undefined && (best.pending === 0 || this.#decodeThreads.length >= this.#decodeThreadLimit)) {
      return best;
    }
    const thread = new EncodeThread();
    this.#decodeThreads.push(thread);
    return thread;
  }

  #checkOpen(): void {
    if (this.#isClosed) throw new Error('the model is closed');
  }
}

function checkCount(name: string, value: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= 1024) return value;
  throw new MetaclipError('E_USAGE', `${name} must be a whole number from 1 to 1024, got ${value}`, {
    hint: `leave ${name} away for the default`,
  });
}

/** Rows of a run: those of a graph that takes only so many, else what is asked. */
function batchLimit(graph: GraphInfo, input: string, asked: number): number {
  const rows = graph.inputs.find(({ name }) => name === input)?.shape[0];
  return typeof rows === 'number' ? rows : asked;
}

function expect<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a thread answered something else');
  return value;
}
