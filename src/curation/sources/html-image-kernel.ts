/**
 * Finds the images of pages by the WebAssembly kernel `html-images`, and adds the pairs of ordinary ones to the batch, whose
 * columns lie in the kernel's memory. The tags are those that {@link scanPage} finds, because the kernel takes the steps of
 * htmlparser2; where a page asks for more, such as HTML inside an `<svg>`, the caller reads it whole. A tag that asks for
 * more (an odd url, a rare entity, a text in windows-1252) goes to the caller alone.
 *
 * One difference is known: htmlparser2 takes the control character 0x1c for `<` where it looks for the end of a script.
 */
import { loadKernel } from '../../common/kernels.ts';
import type { Compat } from '../compat.ts';
import { BATCH_ROWS, PairBatch } from '../pair-batch.ts';
import type { UrlJoiner } from './url-join.ts';

// Layout of the kernel's memory; see kernels/lib/html-layout.ts.
const COUNTS = 2048;
const RANGES = 4096;
const MAX_TAGS = 8192;
const ROOT = 69632;
const FOLDER = 73728;
const PREFIX_BYTES = 4096 - 16;
const URL_OFFSETS = 77824;
const TEXT_OFFSETS = 94224;
const TEXT_KEYS = 110624;
const PAGE_IDS = 114720;
const URL_BYTES = 196672;
const TEXT_BYTES = 1769536;
const COLUMN_BYTES = 1507328;
const INPUT = 3342400;
const MAX_PAGE_BYTES = 4 << 20;

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

/** Finds images page after page, and fills one batch. Memory: 7.3 MiB, whatever the pages. */
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
  readonly #ranges: Int32Array;
  readonly #counts: Int32Array;
  readonly #findTags: (length: number) => number;
  readonly #emit: (...values: number[]) => number;
  #rootLength = -1;
  #folderLength = 0;

  constructor() {
    const kernel = loadKernel('html-images');
    const { buffer } = kernel;
    this.#memory = Buffer.from(buffer);
    this.#ranges = new Int32Array(buffer, RANGES, MAX_TAGS * 2);
    this.#counts = new Int32Array(buffer, COUNTS, 5);
    this.#findTags = kernel.getFunction('findTags');
    this.#emit = kernel.getFunction('emit');
    this.batch = new PairBatch({
      urlOffsets: new Int32Array(buffer, URL_OFFSETS, BATCH_ROWS + 1),
      textOffsets: new Int32Array(buffer, TEXT_OFFSETS, BATCH_ROWS + 1),
      textKeys: new Uint8Array(buffer, TEXT_KEYS, BATCH_ROWS),
      pageIds: new Uint32Array(buffer, PAGE_IDS, BATCH_ROWS),
      urlBytes: new Uint8Array(buffer, URL_BYTES, COLUMN_BYTES),
      textBytes: new Uint8Array(buffer, TEXT_BYTES, COLUMN_BYTES),
    });
  }

  /**
   * Finds the `<img>`, `<image>` and `<base>` tags of a page. Time: linear, some 2 GB/s; it is copied once.
   *
   * @param page - bytes in an encoding that {@link isAsciiCompatible}; need not stay
   * @returns false when the page has to be read whole
   */
  findTags(page: Uint8Array): boolean {
    this.tagCount = 0;
    if (page.length > MAX_PAGE_BYTES) return false;
    this.#memory.set(page, INPUT);
    const count = this.#findTags(page.length);
    if (count === LEFT_OUT) return false;
    this.tagCount = count;
    return true;
  }

  /**
   * @param tag - number of a tag of the page at hand
   * @returns its bytes, from `<` to `>`; a view that is valid until the next page
   */
  getTag(tag: number): Buffer {
    const ranges = this.#ranges;
    return this.#memory.subarray(INPUT + (ranges[tag * 2] ?? 0), INPUT + (ranges[tag * 2 + 1] ?? 0));
  }

  /**
   * Tells where the links of the page lie, before {@link HtmlImageKernel.emit}.
   *
   * @param joiner - of the page
   */
  setPage(joiner: UrlJoiner): void {
    const { root, folder } = joiner;
    this.#rootLength = Buffer.byteLength(root);
    this.#folderLength = Buffer.byteLength(folder);
    if (root === '' || this.#rootLength > PREFIX_BYTES || this.#folderLength > PREFIX_BYTES) {
      this.#rootLength = -1;
      return;
    }
    this.#memory.write(root, ROOT);
    this.#memory.write(folder, FOLDER);
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
      this.#rootLength,
      this.#folderLength,
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
