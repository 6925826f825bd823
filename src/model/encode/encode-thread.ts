/**
 * The threads of an encoder. ONNX Runtime's `run()` blocks the thread that calls it for as long as it computes, so sessions
 * live in a thread of their own; others decode and resize images meanwhile. Both are the same program, asked for other things.
 */
import { Worker } from 'node:worker_threads';
import { MetaclipError, type PlainError } from '../../common/errors.ts';
import type { PreprocessSpec } from '../preprocess/preprocess-spec.ts';

/** Which half of the model. */
export type ModelSide = 'vision' | 'text';

/** An input of a graph, as its session states it. */
export interface GraphInput {
  readonly name: string;
  /** Element type, e.g. `float32`. */
  readonly type: string;
  /** Fixed sizes as numbers, free ones as names. */
  readonly shape: readonly (number | string)[];
}

/** What is known of a graph once it is loaded. */
export interface GraphInfo {
  readonly inputs: readonly GraphInput[];
  readonly outputs: readonly string[];
}

/** One tensor of integers on its way to a session; its buffer moves to the thread. */
export interface Feed {
  readonly name: string;
  /** Turned into int32 where the graph takes that. */
  readonly data: BigInt64Array<ArrayBuffer>;
  readonly dims: readonly [number, number];
}

/** What is asked of a thread. */
export type EncodeRequest =
  | { readonly kind: 'open'; readonly side: ModelSide; readonly path: string; readonly threads: number }
  | { readonly kind: 'run-text'; readonly feeds: readonly Feed[]; readonly output: string }
  | {
      readonly kind: 'run-vision';
      /** Bytes of each image as `Preprocessor.toPixels` gives them. */
      readonly pixels: readonly Uint8Array<ArrayBuffer>[];
      readonly spec: PreprocessSpec;
      readonly input: string;
      readonly output: string;
    }
  | {
      readonly kind: 'prepare';
      readonly source: string | Uint8Array;
      readonly urls: boolean;
      readonly spec: PreprocessSpec;
    }
  | { readonly kind: 'close' };

/** What it answers: a graph's description, rows of length 1, or the bytes of a prepared image. */
export type EncodeAnswer =
  | { readonly id: number; readonly ok: true; readonly graph: GraphInfo }
  | {
      readonly id: number;
      readonly ok: true;
      readonly rows: Float32Array<ArrayBuffer>;
      readonly dimension: number;
    }
  | { readonly id: number; readonly ok: true; readonly pixels: Uint8Array<ArrayBuffer> }
  | { readonly id: number; readonly ok: true }
  | { readonly id: number; readonly ok: false; readonly error: PlainError | null; readonly message: string };

/** The request as it crosses, with the number that its answer carries. */
export interface NumberedRequest {
  readonly id: number;
  readonly request: EncodeRequest;
}

const YOUNG_GENERATION_MIB = 16;

/** A thread, and the answers that are still to come; close it. An idle one does not keep the process alive. */
export class EncodeThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<
    number,
    {
      readonly resolve: (answer: EncodeAnswer & { ok: true }) => void;
      readonly reject: (error: unknown) => void;
    }
  >();
  #nextId = 0;
  #ended: Error | undefined;

  /** Starts the thread at once. */
  constructor() {
    const file = import.meta.url.endsWith('.ts') ? 'encode-thread-from-source.mjs' : 'encode-thread-entry.js';
    const resourceLimits = { maxYoungGenerationSizeMb: YOUNG_GENERATION_MIB };
    this.#worker = new Worker(new URL(`./${file}`, import.meta.url), { resourceLimits });
    this.#worker.on('message', (answer: EncodeAnswer) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if (this.#waiting.size === 0) this.#worker.unref();
      if (answer.ok) waiting?.resolve(answer);
      else
        waiting?.reject(
          answer.error === null ? new Error(answer.message) : MetaclipError.fromPlain(answer.error),
        );
    });
    this.#worker.on('error', (error: Error) => {
      this.#failAll(error);
    });
    this.#worker.on('exit', () => {
      this.#failAll(new Error('the thread has ended'));
    });
    this.#worker.unref();
  }

  /** @returns number of requests without an answer yet */
  get pending(): number {
    return this.#waiting.size;
  }

  /**
   * @param request - what to do; answered in any order
   * @param transfer - buffers that move to the thread and are empty here afterwards
   * @returns the answer
   * @throws {@link MetaclipError} what the thread throws
   */
  ask(request: EncodeRequest, transfer: readonly ArrayBuffer[] = []): Promise<EncodeAnswer & { ok: true }> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    this.#worker.ref();
    return new Promise((resolve, reject) => {
      const id = this.#nextId++;
      this.#waiting.set(id, { resolve, reject });
      const message: NumberedRequest = { id, request };
      this.#worker.postMessage(message, transfer);
    });
  }

  /** Lets the thread finish what it does, frees its sessions and ends it; requests that wait fail. */
  async close(): Promise<void> {
    if (this.#ended !== undefined) return;
    await this.ask({ kind: 'close' }).catch(() => undefined);
    await this.#worker.terminate();
  }

  #failAll(error: Error): void {
    this.#ended ??= error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
  }
}
