/**
 * The WebAssembly twin of {@link WatLinkSkimmer}: the same answers, three times as fast, and it also adds the pairs of
 * ordinary images to the batch, whose columns lie in its memory. A record for which it has no room, or with escapes where
 * they matter, is left to the TypeScript twin; an image that takes more than copying bytes is left to the caller.
 *
 * Memory: that of the reader, whatever the records.
 */
import { isUtf8 } from 'node:buffer';
import type { PairBatch } from '../pair-batch.ts';
import { CrawlBatch } from './crawl-batch.ts';
import { CrawlMemory } from './crawl-memory.ts';
import type { UrlJoiner } from './url-join.ts';
import { FIELD_ESCAPED, type ImageLinks, LINK_FIELDS, WatLinkSkimmer } from './wat-links.ts';

// Layout of the kernel's part of the memory; see kernels/wat-links.ts.
const COUNTS = 2048;
const KINDS = 65536;
const MAX_IMAGES = 16384;
const RANGES = 131072;
const INPUT = 3866624;
/** Longest record copied in; one that lies in the memory may have any length. */
const MAX_INPUT_BYTES = 4 << 20;

const NO_JSON = -1;
const FIELD_COUNT = LINK_FIELDS.length;

/** Finds image links record after record, and fills one batch. */
export class WatLinkKernel implements ImageLinks {
  /** Its columns lie in the kernel's memory while they fit. */
  readonly batch: PairBatch;
  /** What {@link WatLinkKernel.emit} counted. */
  emptyTextCount = 0;
  missingTextCount = 0;
  relativeCount = 0;
  imageCount = 0;
  readonly bytes: Buffer;
  readonly #kinds: Uint8Array;
  readonly #ranges: Int32Array;
  readonly #counts: Int32Array;
  readonly #skim: (start: number, end: number) => number;
  readonly #emit: (...values: number[]) => number;
  readonly #twin = new WatLinkSkimmer();
  readonly #target: CrawlBatch;

  /** @param memory - of the reader, in which its records lie */
  constructor(memory = new CrawlMemory()) {
    const kernel = memory.loadKernel('wat-links');
    this.bytes = memory.bytes;
    const { buffer } = memory.bytes;
    this.#kinds = new Uint8Array(buffer, KINDS, MAX_IMAGES * FIELD_COUNT);
    this.#ranges = new Int32Array(buffer, RANGES, MAX_IMAGES * FIELD_COUNT * 2);
    this.#counts = new Int32Array(buffer, COUNTS, 4);
    this.#skim = kernel.getFunction('skim');
    this.#emit = kernel.getFunction('emit');
    this.#target = new CrawlBatch(memory);
    this.batch = this.#target.batch;
  }

  /**
   * Skims one record. Time: linear. One that does not lie in the memory is copied there.
   *
   * @param bytes - that hold the JSON of the record, white space around it allowed; need not stay unless they are the memory
   * @param start - its first byte
   * @param end - byte after it
   * @returns its image links, valid until the next call: this object, or its twin, which {@link WatLinkKernel.emit} can't
   *   be used with; undefined when the record is no JSON text in UTF-8
   */
  skim(bytes: Buffer, start = 0, end = bytes.length): ImageLinks | undefined {
    const isHere = bytes === this.bytes;
    if (isHere || end - start <= MAX_INPUT_BYTES) {
      if (!isHere) bytes.copy(this.bytes, INPUT, start, end);
      const count = isHere ? this.#skim(start, end) : this.#skim(INPUT, INPUT + end - start);
      if (count === NO_JSON) return undefined;
      if (count >= 0) {
        this.imageCount = count;
        return isUtf8(bytes.subarray(start, end)) ? this : undefined;
      }
    }
    return this.#twin.skim(bytes.subarray(start, end)) ? this.#twin : undefined;
  }

  /**
   * Tells where the links of the record lie, before {@link WatLinkKernel.emit}.
   *
   * @param joiner - of the page
   */
  setPage(joiner: UrlJoiner): void {
    this.#target.setPage(joiner);
  }

  /**
   * Adds the pairs of ordinary images to the batch, from one image on.
   *
   * @param image - the first
   * @param pageUrl - url of the page
   * @param mayCount - true when empty and absent texts need only be counted
   * @returns the first image that the caller has to add or count, or {@link WatLinkKernel.imageCount}; it is an ordinary
   *   one when the batch is full
   */
  emit(image: number, pageUrl: string, mayCount: boolean): number {
    const { batch } = this;
    this.emptyTextCount = 0;
    this.missingTextCount = 0;
    this.relativeCount = 0;
    if (batch.hasGrown) return image;
    const next = this.#emit(
      image,
      this.imageCount,
      batch.rowCount,
      batch.nextPageId(pageUrl),
      this.#target.rootLength,
      this.#target.folderLength,
      mayCount ? 1 : 0,
    );
    batch.commitRows(this.#counts[0] ?? 0, pageUrl);
    this.emptyTextCount = this.#counts[1] ?? 0;
    this.missingTextCount = this.#counts[2] ?? 0;
    this.relativeCount = this.#counts[3] ?? 0;
    return next;
  }

  getKind(image: number, field: number): number {
    return this.#kinds[image * FIELD_COUNT + field] ?? 0;
  }

  getStart(image: number, field: number): number {
    return this.#ranges[(image * FIELD_COUNT + field) * 2] ?? 0;
  }

  getEnd(image: number, field: number): number {
    return this.#ranges[(image * FIELD_COUNT + field) * 2 + 1] ?? 0;
  }

  getField(image: number, field: number): string {
    const start = this.getStart(image, field);
    const end = this.getEnd(image, field);
    if (this.getKind(image, field) !== FIELD_ESCAPED) return this.bytes.toString('utf8', start, end);
    const text: unknown = JSON.parse(this.bytes.toString('utf8', start - 1, end + 1));
    return String(text);
  }
}
