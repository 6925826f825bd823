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
import { readDecoded } from './decoded-bytes.ts';
import { mayHoldImages, scanPage, type ImageText } from './html-images.ts';
import { decodeBody, parseHttpResponse } from './http-payload.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';
import { stripText } from './strip-text.ts';
import { UrlJoiner } from './url-join.ts';
import { readWarcRecords, type WarcRecord } from './warc-records.ts';
import { stripAngleBrackets } from './wat.ts';

/**
 * Reads the pairs of a WARC file, gzip or plain, in file order. Duplicates are not dropped here.
 *
 * Memory: one record, its decoded body and its text, each up to `maxRecordBytes`; the images of one page; one batch.
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
  const records = readWarcRecords(readDecoded(source, context.onBytes), context.drops, maxBytes);
  const batch = new PairBatch();
  for await (const record of records) {
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
function findImages(record: WarcRecord, context: ExtractContext, maxBytes: number): PageImage[] {
  const { drops } = context;
  const drop = (reason: string, detail: string): void => {
    drops.drop(reason, record.number, record.startByte, detail);
  };
  const pageUrl = stripAngleBrackets(record.head.targetUri ?? '');
  const response = parseHttpResponse(record.block);
  if (response === undefined) {
    drop('bad-http', `the HTTP head of ${pageUrl} does not end`);
    return [];
  }
  const decoded = decodeBody(response, maxBytes);
  if ('reason' in decoded) {
    drop(decoded.reason, `${pageUrl}: ${decoded.detail}`);
    return [];
  }
  const { body } = decoded;
  const decoder = chooseDecoder(body, response.contentType);
  if (!decoder.encoding.startsWith('utf-16') && !mayHoldImages(body)) return [];
  if (record.head.targetUri === undefined) {
    drop('bad-record', 'a response without WARC-Target-URI');
    return [];
  }
  const isMended = context.compat === 'mended';
  const found: PageImage[] = [];
  let joiner = new UrlJoiner(pageUrl);
  let hasBase = false;
  scanPage(decoder.decode(body), {
    onBase(href) {
      if (!isMended || hasBase) return;
      hasBase = true;
      const base = joiner.join(stripText(href));
      if (base !== undefined) joiner = new UrlJoiner(base);
    },
    onImage(src, texts) {
      const href = src === undefined ? '' : cleanValue(src, '');
      if (href === '') {
        drop('missing-url', `an image without src on ${pageUrl}`);
        return;
      }
      const kept: ImageText[] = [];
      for (const { textKey, value } of texts) {
        const text = cleanValue(value, isMended ? ' ' : '');
        if (text === '') drop('empty-text', href);
        else kept.push({ textKey, value: text });
      }
      if (kept.length === 0) {
        if (texts.length === 0) drop('missing-text', href);
        return;
      }
      const url = joiner.join(href);
      if (url === undefined) drop('bad-url', `${href} on ${pageUrl}`);
      else found.push({ url, texts: kept, pageUrl });
    },
  });
  return found;
}

/** Trims a value as Python does, then replaces its line ends. */
function cleanValue(value: string, lineEnd: '' | ' '): string {
  const text = stripText(value);
  return /[\r\n]/.test(text) ? text.replace(/[\r\n]/g, lineEnd) : text;
}
