/** The batch of a reader of crawl files, whose columns lie in the reader's memory, where a kernel fills them. */
import { BATCH_ROWS, PairBatch } from '../pair-batch.ts';
import type { CrawlMemory } from './crawl-memory.ts';
import type { UrlJoiner } from './url-join.ts';

// Layout; see kernels/lib/batch-layout.ts.
const ROOT = 655360;
const FOLDER = 659456;
const PREFIX_BYTES = 4096 - 16;
const URL_OFFSETS = 663552;
const TEXT_OFFSETS = 679952;
const TEXT_KEYS = 696352;
const PAGE_IDS = 700448;
const URL_BYTES = 720896;
const TEXT_BYTES = 2293760;
const COLUMN_BYTES = 1507328;

/** One batch, and what goes in front of the links of the page at hand. */
export class CrawlBatch {
  /** Its columns lie in the memory while they fit. */
  readonly batch: PairBatch;
  /** Bytes in front of a link from the root; -1 where no link of the page may take a fast path. */
  rootLength = -1;
  /** Bytes in front of a link below the page's folder. */
  folderLength = 0;
  readonly #bytes: Buffer;

  /** @param memory - of the reader */
  constructor(memory: CrawlMemory) {
    this.#bytes = memory.bytes;
    const { buffer } = memory.bytes;
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
   * Tells where the links of a page lie.
   *
   * @param joiner - of the page
   */
  setPage(joiner: UrlJoiner): void {
    const { root, folder } = joiner;
    this.rootLength = -1;
    if (root === '' || Buffer.byteLength(root) > PREFIX_BYTES || Buffer.byteLength(folder) > PREFIX_BYTES)
      return;
    this.rootLength = this.#bytes.write(root, ROOT);
    this.folderLength = this.#bytes.write(folder, FOLDER);
  }
}
