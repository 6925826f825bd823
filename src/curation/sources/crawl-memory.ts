/**
 * The memory in which a crawl file is read: compressed bytes are put into it, inflated inside it, and looked at where they lie, by
 * the WebAssembly kernels `inflate`, `warc-heads`, `wat-links` and `html-images`, which all import it.
 *
 *   from       bytes    what
 *   0          8126464  of `wat-links` or `html-images`: statics, image fields, the columns of a batch, records that lie elsewhere
 *   8126464      65536  of `inflate` and `warc-heads`: tables, fields of a head
 *   8192000    1114112  compressed bytes: {@link INPUT_BYTES}, and room to read too much
 *   9306112    8454144  window of decompressed bytes: {@link WINDOW_BYTES}, and room to write too much
 *
 * Only what is used is touched, and so takes memory: about 4 MiB for an ordinary file.
 */
import { type Kernel, loadKernel } from '../../common/kernels.ts';

const PAGE_BYTES = 65536;
const PAGES = 271;

/** Where whole members are listed, two words each; see kernels/inflate.ts. */
export const MEMBERS_START = 8126464 + 32768;
export const MAX_MEMBERS = 3072;
/** Where the fields of a head lie; see kernels/warc-heads.ts. */
export const HEAD_FIELDS_START = 8126464 + 60 * 1024;
export const INPUT_START = 8192000;
export const INPUT_BYTES = 1 << 20;
export const WINDOW_START = 9306112;
export const WINDOW_BYTES = 8 << 20;

/** One reader's memory. */
export class CrawlMemory {
  /** All of it. */
  readonly bytes: Buffer<ArrayBuffer>;
  readonly #memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
  readonly #kernels = new Map<string, Kernel>();

  constructor() {
    const { buffer } = this.#memory;
    if (!(buffer instanceof ArrayBuffer) || buffer.byteLength !== PAGES * PAGE_BYTES) {
      throw new Error('a memory that is not shared has an ArrayBuffer');
    }
    this.bytes = Buffer.from(buffer);
  }

  /**
   * @param name - of a kernel that imports this memory
   * @returns the kernel, at work in it; always the same one
   */
  loadKernel(name: 'inflate' | 'warc-heads' | 'wat-links' | 'html-images'): Kernel {
    const kernel = this.#kernels.get(name) ?? loadKernel(name, this.#memory);
    this.#kernels.set(name, kernel);
    return kernel;
  }
}
