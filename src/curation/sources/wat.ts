/**
 * Reads WAT files, Common Crawl's metadata extracts: one JSON record per crawled page, which lists the page's links. Of
 * each image link (`path` starts with `IMG@/src`) every non-empty `alt`, `title` and `data-image-title` makes a pair, in
 * this order; line ends in a text become spaces, then it is trimmed. See DESIGN.md, "Extraction".
 *
 * Links are joined to the WARC-Target-URI of the record's head, as the published extraction does. In `metaclip` mode an
 * empty url joins to the page itself, and angle brackets around the target, which some crawlers write, stay.
 */
import type { PairBatch } from '../pair-batch.ts';
import { openFileSource, type ByteSource } from './byte-source.ts';
import { CrawlMemory } from './crawl-memory.ts';
import { isBatchFull, MAX_TEXTS, type PairFinder, readCrawl, type RecordPairs } from './crawl-pairs.ts';
import { skipBlank } from './json-skimmer.ts';
import { SAMPLES_PER_REASON, type ExtractContext, type ExtractReason } from './source.ts';
import { stripText } from './strip-text.ts';
import { isRelativeLink, UrlJoiner } from './url-join.ts';
import { stripAngleBrackets } from './warc-head.ts';
import type { WarcRecord } from './warc-record.ts';
import {
  FIELD_ABSENT,
  FIELD_ESCAPED,
  FIELD_NO_STRING,
  FIELD_NULL,
  FIELD_PLAIN,
  LINK_FIELDS,
  type ImageLinks,
} from './wat-links.ts';
import { WatLinkKernel } from './wat-link-kernel.ts';

const URL_FIELD = 0;
/**
 * Reads the pairs of a WAT file, gzip or plain, in file order. Duplicates are not dropped here.
 *
 * Memory: one record up to `maxRecordBytes`, one batch, and the reader's memory; see crawl-memory.ts.
 *
 * @param path - the file
 * @param context - compat mode, drops, progress and limit
 * @returns the reader's one batch, refilled each time
 * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE, while iterating, when the file cannot be read
 */
export function readWat(path: string, context: ExtractContext): AsyncGenerator<PairBatch, void, void> {
  return readWatSource(openFileSource(path), context);
}

/**
 * {@link readWat} for bytes that are not a file.
 *
 * @param source - the bytes of a WAT file
 * @param context - compat mode, drops, progress and limit
 * @returns the reader's one batch, refilled each time
 */
export function readWatSource(
  source: ByteSource,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  const memory = new CrawlMemory();
  return readCrawl(source, context, memory, findWatPairs(memory, context));
}

/**
 * @param memory - in which most records lie
 * @param context - compat mode and drops
 * @returns finds the pairs of WAT records
 */
export function findWatPairs(memory: CrawlMemory, context: ExtractContext): PairFinder {
  const kernel = new WatLinkKernel(memory);
  return { batch: kernel.batch, open: (record) => openRecord(record, kernel, context) };
}

/** The images of a record; undefined where it has none, and, counted, where it cannot be read. */
function openRecord(
  record: WarcRecord,
  kernel: WatLinkKernel,
  context: ExtractContext,
): RecordPairs | undefined {
  const { drops } = context;
  if (!startsLikeObject(record)) {
    if (record.head.contentType.startsWith('application/json')) {
      drops.drop('bad-json', record.number, record.startByte, 'a JSON record that is no object');
    }
    return undefined;
  }
  const links = kernel.skim(record.bytes, record.blockStart, record.blockEnd);
  if (links === undefined) {
    const detail = `${record.blockEnd - record.blockStart} bytes are no JSON text`;
    drops.drop('bad-json', record.number, record.startByte, detail);
    return undefined;
  }
  if (links.imageCount === 0) return undefined;
  const { targetUri } = record.head;
  if (targetUri === undefined) {
    const detail = `${links.imageCount} images, but the record has no WARC-Target-URI`;
    drops.drop('bad-record', record.number, record.startByte, detail);
    return undefined;
  }
  return new WatPage(targetUri, record, links, kernel, context);
}

/** True when the first byte behind white space opens an object; what else a WAT file holds is no JSON at all. */
function startsLikeObject({ bytes, blockStart, blockEnd }: WarcRecord): boolean {
  const first = skipBlank(bytes, blockStart, blockEnd);
  return first < blockEnd && bytes[first] === 0x7b;
}

/** Turns the image links of one record into pairs. */
class WatPage implements RecordPairs {
  readonly #pageUrl: string;
  readonly #joiner: UrlJoiner;
  readonly #record: WarcRecord;
  readonly #links: ImageLinks;
  readonly #kernel: WatLinkKernel;
  readonly #context: ExtractContext;
  /** The next image. */
  #image = 0;

  constructor(
    targetUri: string,
    record: WarcRecord,
    links: ImageLinks,
    kernel: WatLinkKernel,
    context: ExtractContext,
  ) {
    this.#pageUrl = stripAngleBrackets(targetUri);
    this.#joiner = new UrlJoiner(context.compat === 'mended' ? this.#pageUrl : targetUri);
    this.#record = record;
    this.#links = links;
    this.#kernel = kernel;
    this.#context = context;
    if (links === kernel) kernel.setPage(this.#joiner);
  }

  fill(): boolean {
    const links = this.#links;
    const { batch } = this.#kernel;
    for (;;) {
      if (links === this.#kernel) this.#image = this.#emitImages(this.#image);
      if (this.#image === links.imageCount) return true;
      if (isBatchFull(batch)) return false;
      this.#addImage(batch, this.#image++);
    }
  }

  /** Adds ordinary images, from `image` on, the quick way; returns the first that takes one by one. */
  #emitImages(image: number): number {
    const kernel = this.#kernel;
    const { drops } = this.#context;
    const rowsBefore = kernel.batch.rowCount;
    // The first few are noted one by one, as samples.
    const mayCount =
      (drops.counts.get('empty-text') ?? 0) >= SAMPLES_PER_REASON &&
      (drops.counts.get('missing-text') ?? 0) >= SAMPLES_PER_REASON;
    const next = kernel.emit(image, this.#pageUrl, mayCount);
    drops.add('empty-text', kernel.emptyTextCount);
    drops.add('missing-text', kernel.missingTextCount);
    this.#addOrigins(kernel.batch.rowCount - rowsBefore, kernel.relativeCount);
    return next;
  }

  /** Adds up to three pairs; the caller makes sure that they fit. */
  #addImage(batch: PairBatch, image: number): void {
    const links = this.#links;
    let isTextAbsent = true;
    for (let key = 0; key < MAX_TEXTS; key++) {
      const kind = links.getKind(image, key + 1);
      if (kind === FIELD_ABSENT || kind === FIELD_NULL) continue;
      isTextAbsent = false;
      if (kind === FIELD_NO_STRING) {
        this.#drop('bad-row', image, `${LINK_FIELDS[key + 1] ?? ''} is no string`);
        continue;
      }
      if (!this.#putText(batch, image, key + 1)) {
        this.#drop('empty-text', image);
        continue;
      }
      if (!this.#putUrl(batch, image)) return;
      batch.commit(key, this.#pageUrl);
    }
    if (isTextAbsent) this.#drop('missing-text', image);
  }

  /** Puts a text; false when nothing is left of it. Most have nothing to clean and stay bytes. */
  #putText(batch: PairBatch, image: number, field: number): boolean {
    const links = this.#links;
    if (links.getKind(image, field) === FIELD_PLAIN) {
      const start = links.getStart(image, field);
      const end = links.getEnd(image, field);
      if (start === end) return false;
      if (isAsciiMark(links.bytes[start]) && isAsciiMark(links.bytes[end - 1])) {
        batch.putTextBytes(links.bytes, start, end);
        return true;
      }
    }
    const text = cleanText(links.getField(image, field));
    if (text === '') return false;
    batch.putText(text);
    return true;
  }

  #addOrigins(linkedCount: number, relativeCount: number): void {
    const { origins } = this.#context;
    if (origins === undefined) return;
    origins.linked += linkedCount;
    origins.relative += relativeCount;
  }

  /** Puts the joined url; false, and counted, when there is none that can be used. */
  #putUrl(batch: PairBatch, image: number): boolean {
    const links = this.#links;
    if (links.getKind(image, URL_FIELD) === FIELD_PLAIN) {
      const start = links.getStart(image, URL_FIELD);
      const end = links.getEnd(image, URL_FIELD);
      const prefix = this.#joiner.findPrefix(links.bytes, start, end);
      if (prefix !== undefined) {
        batch.putUrlBytes(prefix, links.bytes, start, end);
        this.#addOrigins(1, prefix.length > 0 ? 1 : 0);
        return true;
      }
    }
    const url = this.#joinUrl(image);
    if (url === undefined) return false;
    batch.putUrl(url);
    const href = links.getKind(image, URL_FIELD) > FIELD_NO_STRING ? links.getField(image, URL_FIELD) : '';
    this.#addOrigins(1, isRelativeLink(href) ? 1 : 0);
    return true;
  }

  /** The joined url of an image; undefined, and counted, when it has none that can be used. */
  #joinUrl(image: number): string | undefined {
    const kind = this.#links.getKind(image, URL_FIELD);
    if (kind === FIELD_NO_STRING) {
      this.#drop('bad-row', image, 'url is no string');
      return undefined;
    }
    // An empty and a null url both stand for the page in Python.
    const href = kind > FIELD_NO_STRING ? this.#links.getField(image, URL_FIELD) : '';
    if (kind === FIELD_ABSENT || (this.#context.compat === 'mended' && stripText(href) === '')) {
      this.#drop('missing-url', image);
      return undefined;
    }
    const url = this.#joiner.join(href);
    // An unpaired surrogate, which only an escape can bring, has no UTF-8 form and so no id.
    if (url === undefined || (kind === FIELD_ESCAPED && /\p{Surrogate}/u.test(url))) {
      this.#drop('bad-url', image);
      return undefined;
    }
    return url;
  }

  /** Counts; the first few with the url as a sample, which is not decoded otherwise. */
  #drop(reason: ExtractReason, image: number, what = ''): void {
    const { drops } = this.#context;
    if ((drops.counts.get(reason) ?? 0) >= SAMPLES_PER_REASON) {
      drops.add(reason, 1);
      return;
    }
    const kind = this.#links.getKind(image, URL_FIELD);
    const hasUrl = kind > FIELD_NO_STRING;
    const url = hasUrl ? this.#links.getField(image, URL_FIELD) : '';
    const detail = [what, url, `on ${this.#pageUrl}`].filter((part) => part !== '').join(' ');
    drops.drop(reason, this.#record.number, this.#record.startByte, detail);
  }
}

/** A printable character of ASCII: with one at both ends there is nothing to trim, and a plain text has no line ends. */
function isAsciiMark(byte: number | undefined): boolean {
  return byte !== undefined && byte > 0x20 && byte < 0x7f;
}

/**
 * @param text - a text of a WAT link
 * @returns it with each CR and LF turned into a space, then trimmed as Python does
 */
function cleanText(text: string): string {
  return stripText(/[\r\n]/.test(text) ? text.replace(/[\r\n]/g, ' ') : text);
}
