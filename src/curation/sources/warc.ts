/**
 * Reads WARC files, the crawl itself: of each `response` record every `<img>` with a `src` gives its non-empty `alt`,
 * `title` and `data-image-title` as pairs, in the order in which the attributes stand. A value is trimmed, then its line
 * ends are deleted (`metaclip`) or turned into spaces (`mended`). See DESIGN.md, "Extraction".
 *
 * As in the published extraction every response is read as HTML, whatever its type says; a search for `<img` spares the
 * parser those that are none.
 */
import { isUtf8 } from 'node:buffer';
import type { TextDecoder } from 'node:util';
import type { PairBatch } from '../pair-batch.ts';
import { openFileSource, type ByteSource } from './byte-source.ts';
import { chooseDecoder } from './charset.ts';
import { CrawlMemory } from './crawl-memory.ts';
import { isBatchFull, type PairFinder, readCrawl, type RecordPairs } from './crawl-pairs.ts';
import { COUNTED_REASONS, HtmlImageKernel, isAsciiCompatible } from './html-image-kernel.ts';
import { mayHoldImages, scanPage, type ImageText, type PageTag } from './html-images.ts';
import { decodeBody, parseHttpResponse } from './http-payload.ts';
import {
  DEFAULT_MAX_RECORD_BYTES,
  SAMPLES_PER_REASON,
  type ExtractContext,
  type ExtractReason,
} from './source.ts';
import { stripText } from './strip-text.ts';
import { isRelativeLink, UrlJoiner } from './url-join.ts';
import { stripAngleBrackets } from './warc-head.ts';
import { blockOf, type WarcRecord } from './warc-record.ts';

/**
 * Reads the pairs of a WARC file, gzip or plain, in file order. Duplicates are not dropped here.
 *
 * Memory: one record, its decoded body and its text, each up to `maxRecordBytes`; one batch.
 *
 * @param path - the file
 * @param context - compat mode, drops, progress and limit
 * @returns the reader's one batch, refilled each time
 * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE, while iterating, when the file cannot be read
 */
export function readWarc(path: string, context: ExtractContext): AsyncGenerator<PairBatch, void, void> {
  return readWarcSource(openFileSource(path), context);
}

/**
 * {@link readWarc} for bytes that are not a file.
 *
 * @param source - the bytes of a WARC file
 * @param context - compat mode, drops, progress and limit
 * @returns the reader's one batch, refilled each time
 */
export function readWarcSource(
  source: ByteSource,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  const memory = new CrawlMemory();
  return readCrawl(source, context, memory, findWarcPairs(memory, context));
}

/**
 * @param memory - in which most records lie
 * @param context - compat mode, drops and limit
 * @returns finds the pairs of WARC records
 */
export function findWarcPairs(memory: CrawlMemory, context: ExtractContext): PairFinder {
  const kernel = new HtmlImageKernel(memory);
  return { batch: kernel.batch, open: (record) => openResponse(record, kernel, context) };
}

/** The images of a response; undefined where it has none, and, counted, where it cannot be decoded. */
function openResponse(
  record: WarcRecord,
  kernel: HtmlImageKernel,
  context: ExtractContext,
): RecordPairs | undefined {
  if (record.head.type !== 'response') return undefined;
  const drop = (reason: ExtractReason, detail: string): void => {
    context.drops.drop(reason, record.number, record.startByte, detail);
  };
  const { targetUri } = record.head;
  const pageUrl = stripAngleBrackets(targetUri ?? '');
  const response = parseHttpResponse(blockOf(record));
  if (response === undefined) {
    drop('bad-http', `the HTTP head of ${pageUrl} does not end`);
    return undefined;
  }
  const decoded = decodeBody(response, context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES);
  if ('reason' in decoded) {
    drop(decoded.reason, `${pageUrl}: ${decoded.detail}`);
    return undefined;
  }
  const { body } = decoded;
  const decoder = chooseDecoder(body, response.contentType);
  const isFollowed = isAsciiCompatible(decoder.encoding) && kernel.findTags(body);
  const mayHaveTags = isFollowed
    ? kernel.tagCount > 0
    : decoder.encoding.startsWith('utf-16') || mayHoldImages(body);
  if (!mayHaveTags) return undefined;
  if (targetUri === undefined) {
    drop('bad-record', 'a response without WARC-Target-URI');
    return undefined;
  }
  const page = new Page(record, pageUrl, kernel.batch, context);
  return isFollowed
    ? new FollowedPage(page, kernel, decoder, decoder.encoding === 'utf-8' && isUtf8(body))
    : new WholePage(page, decoder.decode(body));
}

/** A page that is read whole. */
class WholePage implements RecordPairs {
  readonly #page: Page;
  readonly #tags: Iterator<PageTag, void, void>;

  constructor(page: Page, html: string) {
    this.#page = page;
    this.#tags = scanPage(html);
  }

  fill(): boolean {
    while (!isBatchFull(this.#page.batch)) {
      const next = this.#tags.next();
      if (next.done === true) return true;
      this.#page.addTag(next.value);
    }
    return false;
  }
}

/** A page whose tags the kernel has found. */
class FollowedPage implements RecordPairs {
  readonly #page: Page;
  readonly #kernel: HtmlImageKernel;
  readonly #decoder: TextDecoder;
  readonly #isUtf8: boolean;
  /** The next tag. */
  #tag = 0;

  constructor(page: Page, kernel: HtmlImageKernel, decoder: TextDecoder, isValidUtf8: boolean) {
    this.#page = page;
    this.#kernel = kernel;
    this.#decoder = decoder;
    this.#isUtf8 = isValidUtf8;
    kernel.setPage(page.joiner);
  }

  fill(): boolean {
    const kernel = this.#kernel;
    for (;;) {
      this.#tag = this.#page.emitTags(kernel, this.#tag, this.#isUtf8);
      if (this.#tag === kernel.tagCount) return true;
      if (isBatchFull(kernel.batch)) return false;
      for (const tag of scanPage(this.#decoder.decode(kernel.getTag(this.#tag++)))) {
        if (this.#page.addTag(tag)) kernel.setPage(this.#page.joiner);
      }
    }
  }
}

/** Turns the tags of one page into pairs. */
class Page {
  readonly batch: PairBatch;
  joiner: UrlJoiner;
  readonly #record: WarcRecord;
  readonly #pageUrl: string;
  readonly #context: ExtractContext;
  readonly #isMended: boolean;
  #hasBase = false;

  constructor(record: WarcRecord, pageUrl: string, batch: PairBatch, context: ExtractContext) {
    this.#record = record;
    this.#pageUrl = pageUrl;
    this.batch = batch;
    this.joiner = new UrlJoiner(pageUrl);
    this.#context = context;
    this.#isMended = context.compat === 'mended';
  }

  /** Adds ordinary images, from `tag` on, the quick way; returns the first tag that takes {@link Page.addTag}. */
  emitTags(kernel: HtmlImageKernel, tag: number, isValidUtf8: boolean): number {
    const { drops, compat } = this.#context;
    const rowsBefore = kernel.batch.rowCount;
    let countable = 0;
    // The first few are noted one by one, as samples.
    for (const [bit, reason] of COUNTED_REASONS.entries()) {
      if ((drops.counts.get(reason) ?? 0) >= SAMPLES_PER_REASON) countable |= 1 << bit;
    }
    const next = kernel.emit(tag, { pageUrl: this.#pageUrl, compat, countable, isUtf8: isValidUtf8 });
    for (const [i, reason] of COUNTED_REASONS.entries()) drops.add(reason, kernel.counted[i] ?? 0);
    this.#addOrigins(kernel.batch.rowCount - rowsBefore, kernel.relativeCount);
    return next;
  }

  /** Adds up to three pairs; the caller makes sure that they fit. Returns true when the tag gave the page another base. */
  addTag({ name, link, texts }: PageTag): boolean {
    if (name === 'base') {
      const base = this.#isMended && !this.#hasBase ? this.joiner.join(stripText(link ?? '')) : undefined;
      this.#hasBase = true;
      if (base !== undefined) this.joiner = new UrlJoiner(base);
      return base !== undefined;
    }
    const href = cleanValue(link ?? '', '');
    if (href === '') {
      this.#drop('missing-url', `an image without src on ${this.#pageUrl}`);
      return false;
    }
    const kept: ImageText[] = [];
    for (const { textKey, value } of texts) {
      const text = cleanValue(value, this.#isMended ? ' ' : '');
      if (text === '') this.#drop('empty-text', href);
      else kept.push({ textKey, value: text });
    }
    if (texts.length === 0) this.#drop('missing-text', href);
    if (kept.length === 0) return false;
    const url = this.joiner.join(href);
    if (url === undefined) {
      this.#drop('bad-url', `${href} on ${this.#pageUrl}`);
      return false;
    }
    for (const { textKey, value } of kept) this.batch.add(url, value, textKey, this.#pageUrl);
    this.#addOrigins(kept.length, isRelativeLink(href) ? kept.length : 0);
    return false;
  }

  #addOrigins(linkedCount: number, relativeCount: number): void {
    const { origins } = this.#context;
    if (origins === undefined) return;
    origins.linked += linkedCount;
    origins.relative += relativeCount;
  }

  #drop(reason: ExtractReason, detail: string): void {
    this.#context.drops.drop(reason, this.#record.number, this.#record.startByte, detail);
  }
}

/** Trims a value as Python does, then replaces its line ends. */
function cleanValue(value: string, lineEnd: '' | ' '): string {
  const text = stripText(value);
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, lineEnd) : text;
}
