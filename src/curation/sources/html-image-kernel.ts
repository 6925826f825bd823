/**
 * Finds the images of pages by the WebAssembly kernel `html-images`, and adds the pairs of ordinary ones to the batch, whose
 * columns lie in the kernel's memory. The tags are those that {@link scanPage} finds, because the kernel takes the steps of
 * htmlparser2; where a page asks for more, such as HTML inside an `<svg>`, the caller reads it whole. A tag that asks for
 * more (an odd url, a rare entity, a text in windows-1252) goes to the caller alone.
 *
 * One difference is known: htmlparser2 takes the control character 0x1c for `<` where it looks for the end of a script.
 */
import type { Compat } from '../compat.ts';
import type { PairBatch } from '../pair-batch.ts';
import { CrawlBatch } from './crawl-batch.ts';
import { CrawlMemory } from './crawl-memory.ts';
import type { UrlJoiner } from './url-join.ts';

// Layout of the kernel's part of the memory; see kernels/lib/html-layout.ts.
const COUNTS = 2048;
const RANGES = 131072;
const MAX_TAGS = 65536;
const INPUT = 3866624;
/** Longest page copied in; one that lies in the memory may have any length. */
const MAX_INPUT_BYTES = 4 << 20;

const LEFT_OUT = -1;

/** Encodings in which a byte below 0x80 is that character of ASCII, also behind a damaged one. */
const ASCII_COMPATIBLE = /^(utf-8|windows-\d+|iso-8859-\d+(-i)?|koi8-[ru]|ibm866|macintosh|x-mac-cyrillic)$/;

/**
 * @param encoding - name of an encoding, as `TextDecoder` gives it
 * @returns whether {@link HtmlImageKernel.findTags} understands its bytes
 */
export function isAsciiCompatible(encoding: string): boolean {
  return ASCII_COMPATIBLE.test(encoding);
}

/** Why a tag may bring no pair that the kernel would add. */
export const COUNTED_REASONS = ['empty-text', 'missing-text', 'missing-url'] as const;

/** How {@link HtmlImageKernel.emit} shall add pairs. */
export interface EmitOptions {
  readonly pageUrl: string;
  readonly compat: Compat;
  /** Bits of {@link COUNTED_REASONS}, the first lowest: of these reasons tags need only be counted. */
  readonly countable: number;
  /** True when the page is valid UTF-8; else texts outside ASCII are left to the caller. */
  readonly isUtf8: boolean;
}

/** Finds images page after page, and fills one batch. Memory: that of the reader, whatever the pages. */
export class HtmlImageKernel {
  /** Its columns lie in the kernel's memory while they fit. */
  readonly batch: PairBatch;
  /** Tags of the page at hand. */
  tagCount = 0;
  /** What {@link HtmlImageKernel.emit} counted, in the order of {@link COUNTED_REASONS}. */
  readonly counted = [0, 0, 0];
  /** Rows it added whose link was relative. */
  relativeCount = 0;
  readonly #memory: Buffer;
  readonly #output: CrawlBatch;
  readonly #ranges: Int32Array;
  readonly #counts: Int32Array;
  readonly #findTags: (start: number, end: number) => number;
  readonly #emit: (...values: number[]) => number;

  /** @param memory - of the reader, in which most pages lie */
  constructor(memory = new CrawlMemory()) {
    const kernel = memory.loadKernel('html-images');
    const { buffer } = memory.bytes;
    this.#memory = memory.bytes;
    this.#ranges = new Int32Array(buffer, RANGES, MAX_TAGS * 2);
    this.#counts = new Int32Array(buffer, COUNTS, 5);
    this.#findTags = kernel.getFunction('findTags');
    this.#emit = kernel.getFunction('emit');
    this.#output = new CrawlBatch(memory);
    this.batch = this.#output.batch;
  }

  /**
   * Finds the `<img>`, `<image>` and `<base>` tags of a page. Time: linear, some 2 GB/s. One that does not lie in the memory
   * is copied there.
   *
   * @param page - bytes in an encoding that {@link isAsciiCompatible}; need not stay unless they lie in the memory
   * @returns false when the page has to be read whole
   */
  findTags(page: Uint8Array): boolean {
    this.tagCount = 0;
    const isHere = page.buffer === this.#memory.buffer;
    if (!isHere) {
      if (page.length > MAX_INPUT_BYTES) return false;
      this.#memory.set(page, INPUT);
    }
    const start = isHere ? page.byteOffset : INPUT;
    const count = this.#findTags(start, start + page.length);
    if (count === LEFT_OUT) return false;
    this.tagCount = count;
    return true;
  }

  /**
   * @param tag - number of a tag of the page at hand
   * @returns its bytes, from `<` to `>`; a view that is valid until the next page
   */
  getTag(tag: number): Buffer {
    return this.#memory.subarray(this.#ranges[tag * 2], this.#ranges[tag * 2 + 1]);
  }

  /**
   * Tells where the links of the page lie, before {@link HtmlImageKernel.emit}.
   *
   * @param joiner - of the page
   */
  setPage(joiner: UrlJoiner): void {
    this.#output.setPage(joiner);
  }

  /**
   * Adds the pairs of ordinary images to the batch, from one tag on.
   *
   * @param tag - the first
   * @param options - see {@link EmitOptions}
   * @returns the first tag that the caller has to add or count, or {@link HtmlImageKernel.tagCount}; it is an ordinary one
   *   when the batch is full
   */
  emit(tag: number, options: EmitOptions): number {
    const { batch } = this;
    this.counted.fill(0);
    this.relativeCount = 0;
    if (batch.hasGrown) return tag;
    const { pageUrl } = options;
    const next = this.#emit(
      tag,
      this.tagCount,
      batch.rowCount,
      batch.nextPageId(pageUrl),
      this.#output.rootLength,
      this.#output.folderLength,
      options.countable,
      options.isUtf8 ? 1 : 0,
      options.compat === 'mended' ? 1 : 0,
    );
    const counts = this.#counts;
    batch.commitRows(counts[0] ?? 0, pageUrl);
    for (let i = 0; i < this.counted.length; i++) this.counted[i] = counts[i + 1] ?? 0;
    this.relativeCount = counts[4] ?? 0;
    return next;
  }
}
