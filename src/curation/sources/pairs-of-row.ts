/** From the rows of a pool, as they were read, to batches of pairs: the same rule for every pool format. */
import { PairBatch, TEXT_KEYS } from '../pair-batch.ts';
import { DEFAULT_MAX_RECORD_BYTES, type DropLog, type ExtractContext } from './source.ts';
import { stripText } from './strip-text.ts';

/** One row of a pool before any check; `undefined` and null both mean that there is no value. */
export interface PoolRow {
  readonly url: unknown;
  /** A string, a list of strings, or MetaCLIP's list of `[key, text]`. */
  readonly text: unknown;
  readonly page: unknown;
  /** Row, line or sample number in the file. */
  readonly number: number;
  /** Where the row starts in the (decompressed) file; -1 where unknown. */
  readonly startByte: number;
}

/** A pair that passed the checks. */
export interface PoolPair {
  readonly url: string;
  readonly text: string;
  /** Index into TEXT_KEYS. */
  readonly textKey: number;
  readonly page: string;
}

const CAPTION_KEY = TEXT_KEYS.indexOf('caption');

/**
 * Checks rows and packs their pairs. Rows come in groups (the lines of one chunk, say), so that only a group costs an
 * asynchronous step and not a row.
 *
 * @param groups - rows in file order; a group is walked once, before the next is asked for
 * @param context - where drops are counted, and the limit on a url or text
 * @yields one batch, refilled each time; copy what must stay
 */
export async function* batchRows(
  groups: AsyncIterable<Iterable<PoolRow>>,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  const { drops, maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = context;
  const batch = new PairBatch();
  for await (const rows of groups) {
    for (const row of rows) {
      for (const pair of pairsOfRow(row, maxRecordBytes, drops)) {
        batch.add(pair.url, pair.text, pair.textKey, pair.page);
        if (!batch.isFull) continue;
        yield batch;
        batch.clear();
      }
    }
  }
  if (batch.rowCount > 0) yield batch;
}

/**
 * Url and texts are trimmed as Python trims; white space inside a text stays (matching turns it into spaces). Urls are
 * otherwise taken as they are. Each text that does not become a pair is counted once, and so is a row without url.
 *
 * @param row - what was read
 * @param maxRecordBytes - longest url or text taken, in UTF-8 bytes
 * @param drops - where everything left out is counted
 * @returns the pairs, one per text; mostly one
 */
export function pairsOfRow(row: PoolRow, maxRecordBytes: number, drops: DropLog): PoolPair[] {
  const url = urlOfRow(row, maxRecordBytes, drops);
  if (url === undefined) return [];
  const page = typeof row.page === 'string' ? stripText(row.page) : '';
  if (!Array.isArray(row.text)) {
    const text = textOf(row.text, row, maxRecordBytes, drops);
    return text === undefined ? [] : [{ url, text, textKey: CAPTION_KEY, page }];
  }
  const pairs: PoolPair[] = [];
  const values: readonly unknown[] = row.text;
  if (values.length === 0) drops.drop('missing-text', row.number, row.startByte, 'an empty list of texts');
  for (const value of values) {
    const keyed: readonly unknown[] = Array.isArray(value) ? value : ['caption', value];
    const known = TEXT_KEYS.findIndex((name) => name === keyed[0]);
    const text = textOf(keyed[1], row, maxRecordBytes, drops);
    if (text !== undefined) pairs.push({ url, text, textKey: known < 0 ? CAPTION_KEY : known, page });
  }
  return pairs;
}

/** The url of a row, trimmed; undefined where it has none, once that is counted. */
function urlOfRow(row: PoolRow, maxRecordBytes: number, drops: DropLog): string | undefined {
  const { url: value, number, startByte } = row;
  if (typeof value !== 'string') {
    if (value === undefined || value === null) drops.drop('missing-url', number, startByte);
    else drops.drop('bad-row', number, startByte, `the url is a ${kindOf(value)}`);
    return undefined;
  }
  const url = stripText(value);
  if (url === '') drops.drop('missing-url', number, startByte, 'the url is empty');
  else if (isLonger(url, maxRecordBytes)) {
    drops.drop('oversized-record', number, startByte, `the url is longer than ${maxRecordBytes} bytes`);
  } else return url;
  return undefined;
}

/** One text of a row, trimmed; undefined where it is none, once that is counted. */
function textOf(value: unknown, row: PoolRow, maxRecordBytes: number, drops: DropLog): string | undefined {
  const { number, startByte } = row;
  if (typeof value !== 'string') {
    if (value === undefined || value === null) drops.drop('missing-text', number, startByte);
    else drops.drop('bad-row', number, startByte, `the text is a ${kindOf(value)}`);
    return undefined;
  }
  const text = stripText(value);
  if (text === '') drops.drop('empty-text', number, startByte);
  else if (isLonger(text, maxRecordBytes)) {
    drops.drop('oversized-record', number, startByte, `the text is longer than ${maxRecordBytes} bytes`);
  } else return text;
  return undefined;
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

/** Counts bytes only where the number of UTF-16 units leaves it open. */
function isLonger(text: string, maxBytes: number): boolean {
  return text.length * 3 > maxBytes && Buffer.byteLength(text) > maxBytes;
}
