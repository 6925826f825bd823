/**
 * Drives one of Node's inflaters a write at a time. Piping would do for a healthy file; here every write has to tell
 * whether the data went on, ended or broke, which output belongs to it, and how many bytes were taken.
 */
import type { Gunzip, InflateRaw } from 'node:zlib';

/** How a write went: more input is wanted, the compressed data ended inside it, or it is damaged. */
export type InflateState = 'more' | 'end' | 'damaged' | 'cut';

/** What one write made of its input. */
export interface InflateStep {
  readonly state: InflateState;
  /** Output of this write; empty when it was damaged, as Node throws that away. Each chunk is the caller's. */
  readonly output: readonly Buffer[];
  /** What zlib said; '' where it did not complain. */
  readonly complaint: string;
}

/** One inflater in use. Memory: the output of one write, at most about 1,032 times its input. */
export class InflateDriver {
  readonly #engine: Gunzip | InflateRaw;
  #output: Buffer[] = [];
  #state: InflateState = 'more';
  #complaint = '';
  #wake: (() => void) | undefined;

  /** @param engine - a fresh inflater; owned by the driver from here on */
  constructor(engine: Gunzip | InflateRaw) {
    this.#engine = engine;
    engine.on('data', (chunk: Buffer) => this.#output.push(chunk));
    engine.on('end', () => {
      this.#stop('end', '');
    });
    engine.on('error', (error: Error & { code?: string }) => {
      this.#stop(error.code === 'Z_BUF_ERROR' ? 'cut' : 'damaged', error.message);
    });
  }

  /** @returns input bytes that belonged to the compressed data so far */
  get bytesTaken(): number {
    return this.#engine.bytesWritten;
  }

  /**
   * @param input - the next bytes; must stay untouched until the promise resolves
   * @returns what they came to; after `end`, `damaged` or `cut` only {@link InflateDriver.close} may follow
   */
  write(input: Uint8Array): Promise<InflateStep> {
    return this.#settle((done) => this.#engine.write(input, done));
  }

  /** @returns the last output; `end` when the data was complete, `cut` when it was not */
  finish(): Promise<InflateStep> {
    return this.#settle(() => this.#engine.end());
  }

  /** Frees the inflater's memory. */
  close(): void {
    this.#engine.destroy();
  }

  #stop(state: InflateState, complaint: string): void {
    this.#state = state;
    this.#complaint = complaint;
    this.#wake?.();
  }

  // Waits for whichever comes first: the callback of the write, the end, or an error.
  async #settle(step: (done: () => void) => void): Promise<InflateStep> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      step(resolve);
    });
    this.#wake = undefined;
    const output = this.#output;
    this.#output = [];
    return { state: this.#state, output, complaint: this.#complaint };
  }
}
