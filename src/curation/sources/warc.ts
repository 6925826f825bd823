/**
 * Reads WARC files, the crawl itself: of each `response` record every `<img>` with a `src` gives its non-empty `alt`,
 * `title` and `data-image-title` as pairs, in the order in which the attributes stand. A value is trimmed, then its line
 * ends are deleted (`metaclip`) or turned into spaces (`mended`). See DESIGN.md, "Extraction".
 *
 * As in the published extraction every response is read as HTML, whatever its type says; a search for `<img` spares the
 * parser those that are none.
 */
import { BATCH_ROWS, PairBatch } from '../pair-batch.ts';
import { openFileSource, type ByteSource } from './byte-source.ts';
import { chooseDecoder } from './charset.ts';
import { CrawlMemory } from './crawl-memory.ts';
import { openDecoded } from './decoded-bytes.ts';
import { isAsciiCompatible, TagKernel } from './html-tag-kernel.ts';
import { mayHoldImages, scanPage, type ImageText } from './html-images.ts';
import { decodeBody, parseHttpResponse } from './http-payload.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext, type ExtractReason } from './source.ts';
import { stripText } from './strip-text.ts';
import { isRelativeLink, UrlJoiner } from './url-join.ts';
import { HeadKernel } from './warc-head-kernel.ts';
import { blockOf, openWarcRecords, type WarcRecord } from './warc-records.ts';
import { stripAngleBrackets } from './warc-head.ts';

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
 * @yields the reader's one batch, refilled each time
 */
export async function* readWarcSource(
  source: ByteSource,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  const maxBytes = context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  const memory = new CrawlMemory();
  const decoded = openDecoded(source, context.onBytes, memory);
  const records = openWarcRecords(decoded, context.drops, maxBytes, new HeadKernel(memory));
  const batch = new PairBatch();
  try {
    for (;;) {
      const record = records.nextInWindow() ?? (await records.next());
      if (record === undefined) break;
      if (record.head.type !== 'response') continue;
      for (const image of findImages(record, context, maxBytes)) {
        for (const { textKey, value } of image.texts) batch.add(image.url, value, textKey, image.pageUrl);
        if (batch.isFull || batch.rowCount > BATCH_ROWS - MAX_TEXTS) {
          yield batch;
          batch.clear();
        }
      }
    }
    if (batch.rowCount > 0) yield batch;
  } finally {
    await records.close();
  }
}

/** Texts an image can have. */
const MAX_TEXTS = 3;

/** An image whose url and texts are ready for the batch. */
interface PageImage {
  readonly url: string;
  readonly texts: readonly ImageText[];
  readonly pageUrl: string;
}

/** The images of one response that have a usable url and a text; what is left out is counted. */
function* findImages(
  record: WarcRecord,
  context: ExtractContext,
  maxBytes: number,
): Generator<PageImage, void, void> {
  const drop = (reason: ExtractReason, detail: string): void => {
    context.drops.drop(reason, record.number, record.startByte, detail);
  };
  const isMended = context.compat === 'mended';
  const { targetUri } = record.head;
  const pageUrl = stripAngleBrackets(targetUri ?? '');
  const html = decodeResponse(blockOf(record), pageUrl, maxBytes, drop);
  if (html === undefined) return;
  if (targetUri === undefined) {
    drop('bad-record', 'a response without WARC-Target-URI');
    return;
  }
  let joiner = new UrlJoiner(pageUrl);
  let hasBase = false;
  for (const { name, link, texts } of scanPage(html)) {
    if (name === 'base') {
      const base = isMended && !hasBase ? joiner.join(stripText(link ?? '')) : undefined;
      if (base !== undefined) joiner = new UrlJoiner(base);
      hasBase = true;
      continue;
    }
    const href = cleanValue(link ?? '', '');
    if (href === '') {
      drop('missing-url', `an image without src on ${pageUrl}`);
      continue;
    }
    const kept: ImageText[] = [];
    for (const { textKey, value } of texts) {
      const text = cleanValue(value, isMended ? ' ' : '');
      if (text === '') drop('empty-text', href);
      else kept.push({ textKey, value: text });
    }
    if (texts.length === 0) drop('missing-text', href);
    if (kept.length === 0) continue;
    const url = joiner.join(href);
    if (url === undefined) {
      drop('bad-url', `${href} on ${pageUrl}`);
      continue;
    }
    if (context.origins !== undefined) {
      context.origins.linked += kept.length;
      if (isRelativeLink(href)) context.origins.relative += kept.length;
    }
    yield { url, texts: kept, pageUrl };
  }
}

/** Text of a response, or just of its tags that matter; undefined for others, and, counted, for one that cannot be decoded. */
function decodeResponse(
  block: Buffer,
  pageUrl: string,
  maxBytes: number,
  drop: (reason: ExtractReason, detail: string) => void,
): string | undefined {
  const response = parseHttpResponse(block);
  if (response === undefined) {
    drop('bad-http', `the HTTP head of ${pageUrl} does not end`);
    return undefined;
  }
  const decoded = decodeBody(response, maxBytes);
  if ('reason' in decoded) {
    drop(decoded.reason, `${pageUrl}: ${decoded.detail}`);
    return undefined;
  }
  const { body } = decoded;
  const decoder = chooseDecoder(body, response.contentType);
  if (isAsciiCompatible(decoder.encoding)) {
    tagKernel ??= new TagKernel();
    const tags = tagKernel.reduce(body);
    if (tags !== undefined) return tags.length === 0 ? undefined : decoder.decode(tags);
  }
  if (!decoder.encoding.startsWith('utf-16') && !mayHoldImages(body)) return undefined;
  return decoder.decode(body);
}

/** One a thread; it keeps nothing from page to page. */
let tagKernel: TagKernel | undefined;

/** Trims a value as Python does, then replaces its line ends. */
function cleanValue(value: string, lineEnd: '' | ' '): string {
  const text = stripText(value);
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, lineEnd) : text;
}
