/**
 * The record type of the pipeline, in columns. Extraction fills batches, matching reads them.
 *
 * Strings lie as UTF-8 bytes with offsets (the Arrow `Utf8` layout), because the matcher, the hashes and the Parquet
 * writer all want bytes: a pair is encoded once and never decoded again on the hot path.
 *
 *   column        type         length        meaning
 *   urlOffsets    Int32Array   capacity + 1  url of row i is urlBytes[urlOffsets[i], urlOffsets[i + 1])
 *   textOffsets   Int32Array   capacity + 1  text of row i, likewise in textBytes
 *   textKeys      Uint8Array   capacity      index into {@link TEXT_KEYS}
 *   pageIds       Uint32Array  capacity      index into pages
 *   pages         string[]                   page urls of this batch; '' where a pool has none
 */

/** Where a text came from; the first three are attributes of an image in a page, in the order they are tried. */
export const TEXT_KEYS = ['alt', 'title', 'data-image-title', 'caption'] as const;

/** Name of the place a text was found in. */
export type TextKey = (typeof TEXT_KEYS)[number];

/** One (image url, text): the unit that is matched, counted, sampled and written. */
export interface Pair {
  /** Absolute image url as `urljoin` makes it, or as the pool gives it. */
  readonly url: string;
  /** The text, trimmed, never empty. */
  readonly text: string;
  readonly textKey: TextKey;
  /** Url of the page that holds the image; '' where the pool does not say. */
  readonly pageUrl: string;
}

const encoder = new TextEncoder();
// A byte order mark inside the data is a character like others; without this option a leading one would vanish.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Rows after which a batch counts as full. */
export const BATCH_ROWS = 4096;
/** Bytes of text or url after which a batch counts as full, however few its rows. */
export const BATCH_BYTES = 1 << 20;

/** The columns of a batch, to read. */
export interface PairColumns {
  readonly rowCount: number;
  readonly urlOffsets: Int32Array<ArrayBuffer>;
  readonly urlBytes: Uint8Array<ArrayBuffer>;
  readonly textOffsets: Int32Array<ArrayBuffer>;
  readonly textBytes: Uint8Array<ArrayBuffer>;
  readonly textKeys: Uint8Array<ArrayBuffer>;
  readonly pageIds: Uint32Array<ArrayBuffer>;
  readonly pages: readonly string[];
}

/**
 * @param columns - a batch
 * @param row - row number in [0, rowCount)
 * @returns the pair as strings; slow, for tests, reports and library users
 */
export function pairAt(columns: PairColumns, row: number): Pair {
  const { urlBytes, urlOffsets, textBytes, textOffsets, textKeys, pages, pageIds } = columns;
  return {
    url: decoder.decode(urlBytes.subarray(urlOffsets[row], urlOffsets[row + 1])),
    text: decoder.decode(textBytes.subarray(textOffsets[row], textOffsets[row + 1])),
    textKey: TEXT_KEYS[textKeys[row] ?? 0] ?? 'caption',
    pageUrl: pages[pageIds[row] ?? 0] ?? '',
  };
}

/** Bytes that a text must lie before the end of its buffer, so that the matcher need not copy it. */
const SPARE_TEXT_BYTES = 8;

/**
 * @param batch - a batch that its owner will refill
 * @returns a copy of just its rows, in buffers of their own that can be transferred to another thread
 */
export function copyColumns(batch: PairColumns): PairColumns {
  const { rowCount } = batch;
  return {
    rowCount,
    urlOffsets: batch.urlOffsets.slice(0, rowCount + 1),
    urlBytes: batch.urlBytes.slice(0, batch.urlOffsets[rowCount]),
    textOffsets: batch.textOffsets.slice(0, rowCount + 1),
    textBytes: batch.textBytes.slice(0, (batch.textOffsets[rowCount] ?? 0) + SPARE_TEXT_BYTES),
    textKeys: batch.textKeys.slice(0, rowCount),
    pageIds: batch.pageIds.slice(0, rowCount),
    pages: [...batch.pages],
  };
}

/**
 * @param batch - a batch that its owner will refill
 * @returns its rows as they are now, in the same buffers: valid until it is refilled, and not to be transferred
 */
export function viewColumns(batch: PairColumns): PairColumns {
  const { urlOffsets, urlBytes, textOffsets, textBytes, textKeys, pageIds, pages, rowCount } = batch;
  const textEnd = (textOffsets[rowCount] ?? 0) + SPARE_TEXT_BYTES;
  return {
    rowCount,
    urlOffsets,
    urlBytes,
    textOffsets,
    textBytes: textBytes.subarray(0, textEnd),
    textKeys,
    pageIds,
    pages,
  };
}

/** Where the columns of a batch lie: {@link BATCH_ROWS} rows, and bytes for at least {@link BATCH_BYTES} of each string column. */
export type PairBuffers = Omit<PairColumns, 'rowCount' | 'pages'>;

/** Columns of up to {@link BATCH_ROWS} pairs. The owner fills it, hands it on, and may clear and refill it afterwards. */
export class PairBatch implements PairColumns, Iterable<Pair> {
  rowCount = 0;
  readonly urlOffsets: Int32Array<ArrayBuffer>;
  readonly textOffsets: Int32Array<ArrayBuffer>;
  readonly textKeys: Uint8Array<ArrayBuffer>;
  readonly pageIds: Uint32Array<ArrayBuffer>;
  pages: string[] = [];
  urlBytes: Uint8Array<ArrayBuffer>;
  textBytes: Uint8Array<ArrayBuffer>;
  readonly #given: PairBuffers | undefined;

  /** @param buffers - where the columns shall lie; by default the batch makes its own. Offsets must start with 0. */
  constructor(buffers?: PairBuffers) {
    this.#given = buffers;
    this.urlOffsets = buffers?.urlOffsets ?? new Int32Array(BATCH_ROWS + 1);
    this.textOffsets = buffers?.textOffsets ?? new Int32Array(BATCH_ROWS + 1);
    this.textKeys = buffers?.textKeys ?? new Uint8Array(BATCH_ROWS);
    this.pageIds = buffers?.pageIds ?? new Uint32Array(BATCH_ROWS);
    this.urlBytes = buffers?.urlBytes ?? new Uint8Array(BATCH_BYTES / 4);
    this.textBytes = buffers?.textBytes ?? new Uint8Array(BATCH_BYTES / 4);
  }

  /** @returns true when a string did not fit in the buffers given, so that others are used until the batch is cleared */
  get hasGrown(): boolean {
    const given = this.#given;
    return given !== undefined && (this.urlBytes !== given.urlBytes || this.textBytes !== given.textBytes);
  }

  /** @returns true when the batch must be handed on before another pair is added */
  get isFull(): boolean {
    return (
      this.rowCount >= BATCH_ROWS ||
      this.endOf(this.urlOffsets) >= BATCH_BYTES ||
      this.endOf(this.textOffsets) >= BATCH_BYTES
    );
  }

  /** Empties the batch; buffers are kept, or those given are taken again. */
  clear(): void {
    this.rowCount = 0;
    this.pages = [];
    if (this.#given === undefined) return;
    this.urlBytes = this.#given.urlBytes;
    this.textBytes = this.#given.textBytes;
  }

  /**
   * Adds one pair. The caller checks {@link PairBatch.isFull} after it and hands the batch on when it is.
   *
   * @param url - absolute image url
   * @param text - trimmed, non-empty text
   * @param textKey - index into {@link TEXT_KEYS}
   * @param pageUrl - page that holds the image, or ''
   */
  add(url: string, text: string, textKey: number, pageUrl: string): void {
    this.putUrl(url);
    this.putText(text);
    this.commit(textKey, pageUrl);
  }

  /**
   * Sets the url of the pair that {@link PairBatch.commit} will add; may be called again before that.
   *
   * @param url - absolute image url
   */
  putUrl(url: string): void {
    const start = this.endOf(this.urlOffsets);
    // A UTF-16 unit takes at most 3 bytes in UTF-8.
    this.urlBytes = ensureRoom(this.urlBytes, start, url.length * 3);
    this.urlOffsets[this.rowCount + 1] =
      start + encoder.encodeInto(url, this.urlBytes.subarray(start)).written;
  }

  /**
   * {@link PairBatch.putUrl} for a url that lies in a buffer already: no string is made of it.
   *
   * @param prefix - bytes to put in front
   * @param source - buffer that holds the rest as UTF-8
   * @param sourceStart - its first byte
   * @param sourceEnd - byte after it
   */
  putUrlBytes(prefix: Uint8Array, source: Uint8Array, sourceStart: number, sourceEnd: number): void {
    const start = this.endOf(this.urlOffsets);
    const length = prefix.length + sourceEnd - sourceStart;
    this.urlBytes = ensureRoom(this.urlBytes, start, length);
    copyBytes(prefix, 0, prefix.length, this.urlBytes, start);
    copyBytes(source, sourceStart, sourceEnd, this.urlBytes, start + prefix.length);
    this.urlOffsets[this.rowCount + 1] = start + length;
  }

  /**
   * Sets the text of the pair that {@link PairBatch.commit} will add.
   *
   * @param text - trimmed, non-empty text
   */
  putText(text: string): void {
    const start = this.endOf(this.textOffsets);
    this.textBytes = ensureRoom(this.textBytes, start, text.length * 3);
    const { written } = encoder.encodeInto(text, this.textBytes.subarray(start));
    this.textOffsets[this.rowCount + 1] = start + written;
  }

  /**
   * {@link PairBatch.putText} for a text that lies in a buffer already.
   *
   * @param source - buffer that holds the text as UTF-8
   * @param sourceStart - its first byte
   * @param sourceEnd - byte after it
   */
  putTextBytes(source: Uint8Array, sourceStart: number, sourceEnd: number): void {
    const start = this.endOf(this.textOffsets);
    this.textBytes = ensureRoom(this.textBytes, start, sourceEnd - sourceStart);
    copyBytes(source, sourceStart, sourceEnd, this.textBytes, start);
    this.textOffsets[this.rowCount + 1] = start + sourceEnd - sourceStart;
  }

  /**
   * Adds the pair whose url and text were put.
   *
   * @param textKey - index into {@link TEXT_KEYS}
   * @param pageUrl - page that holds the image, or ''
   */
  commit(textKey: number, pageUrl: string): void {
    const row = this.rowCount;
    this.textKeys[row] = textKey;
    this.pageIds[row] = this.nextPageId(pageUrl);
    this.commitRows(row + 1, pageUrl);
  }

  /**
   * @param pageUrl - page that holds the next image, or ''
   * @returns the id that the page has or will have in this batch
   */
  nextPageId(pageUrl: string): number {
    const { length } = this.pages;
    return length > 0 && this.pages[length - 1] === pageUrl ? length - 1 : length;
  }

  /**
   * Counts rows whose columns are written already.
   *
   * @param rowCount - number of rows, those included
   * @param pageUrl - page of the new rows, with the id that {@link PairBatch.nextPageId} gave
   */
  commitRows(rowCount: number, pageUrl: string): void {
    if (rowCount > this.rowCount && this.nextPageId(pageUrl) === this.pages.length) this.pages.push(pageUrl);
    this.rowCount = rowCount;
  }

  /**
   * @param row - row number in [0, rowCount)
   * @returns the pair as strings; slow, for tests, reports and library users
   */
  at(row: number): Pair {
    return pairAt(this, row);
  }

  *[Symbol.iterator](): Iterator<Pair> {
    for (let row = 0; row < this.rowCount; row++) yield this.at(row);
  }

  private endOf(offsets: Int32Array): number {
    return offsets[this.rowCount] ?? 0;
  }
}

/** Copies bytes. Byte by byte beats `set(subarray)` below some 48 bytes, as most texts and relative urls are. */
function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  targetStart: number,
): void {
  if (end - start > 48) target.set(source.subarray(start, end), targetStart);
  else for (let i = start, to = targetStart; i < end; i++, to++) target[to] = source[i] ?? 0;
}

/** Grows a buffer to hold `additionalBytes` more after `used`; doubles, so that filling stays linear. */
function ensureRoom(
  buffer: Uint8Array<ArrayBuffer>,
  used: number,
  additionalBytes: number,
): Uint8Array<ArrayBuffer> {
  if (used + additionalBytes <= buffer.length) return buffer;
  const grown = new Uint8Array(Math.max(buffer.length * 2, used + additionalBytes));
  grown.set(buffer.subarray(0, used));
  return grown;
}
