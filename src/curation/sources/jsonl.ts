/**
 * Reads pools of JSON objects, one a line: `{"url": ..., "caption": ...}` under any of the known names, and MetaCLIP's
 * own `{"url": ..., "texts": [["alt", "..."], ...]}`. Keys are looked up in each object by itself, so the lines of a
 * file need not agree.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { PairBatch } from '../pair-batch.ts';
import {
  missingColumn,
  PAGE_COLUMN_NAMES,
  TEXT_COLUMN_NAMES,
  URL_COLUMN_NAMES,
  valueByName,
} from './columns.ts';
import { skipByteOrderMark, type Line } from './line-splitter.ts';
import { type ByteStream, openTextStream } from './open-text-stream.ts';
import { batchRows, type PoolRow } from './pairs-of-row.ts';
import { parseJsonLine } from './parse-json-line.ts';
import { DEFAULT_MAX_RECORD_BYTES, type DropLog, type ExtractContext } from './source.ts';
import { readLineGroups } from './stream-lines.ts';

/**
 * A {@link PairReader} of JSON lines, gzipped or not. Lines end at `\n` only, one CR before it is cut, blank lines are
 * skipped, a last line without `\n` is read, and a UTF-8 byte order mark is skipped. `NaN` and `Infinity`, which
 * Python's json module writes, are read as null.
 *
 * Counted: `bad-json` (a line that is no JSON object), `oversized-record` (a line over the limit, skipped without being
 * kept), `truncated-record` (the part of a line at which cut gzip data ends), `missing-url`, `missing-text`,
 * `empty-text`, `bad-row`. Memory: one line below the limit, and one batch.
 *
 * @param path - the file
 * @param context - drops, progress, column names and the limit on a line
 * @returns batches that are refilled; copy what must stay
 * @throws MetaclipError E_INPUT_UNREADABLE when the file is one JSON array; E_COLUMN_MISSING when no object in the whole
 *   file has a url, or none has a text
 */
export function readJsonl(path: string, context: ExtractContext): AsyncGenerator<PairBatch, void, void> {
  return readJsonlStream(openTextStream(path, context), path, context);
}

/**
 * The same for bytes that come from elsewhere, in chunks of any size.
 *
 * @param stream - the file's bytes, inflated
 * @param path - its name, for messages
 * @param context - as for {@link readJsonl}
 * @returns batches that are refilled; copy what must stay
 */
export function readJsonlStream(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  return batchRows(readRowGroups(stream, path, context), context);
}

async function* readRowGroups(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<Iterable<PoolRow>, void, void> {
  const rows = new JsonlRows(path, context);
  for await (const lines of readLineGroups(stream, context)) yield rows.readAll(lines);
  rows.check();
}

/** Turns lines into rows and remembers whether the file ever had a url and a text. */
class JsonlRows {
  readonly #path: string;
  readonly #urlKey: string | undefined;
  readonly #textKey: string | undefined;
  readonly #drops: DropLog;
  readonly #maxRecordBytes: number;
  #isFirst = true;
  #objectCount = 0;
  #hasUrl = false;
  #hasText = false;
  #firstKeys: string[] = [];

  constructor(path: string, context: ExtractContext) {
    this.#path = path;
    this.#urlKey = context.urlColumn;
    this.#textKey = context.textColumn;
    this.#drops = context.drops;
    this.#maxRecordBytes = context.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
  }

  *readAll(lines: Iterable<Line>): Generator<PoolRow, void, void> {
    for (const line of lines) {
      const row = this.#read(line);
      if (row !== undefined) yield row;
    }
  }

  #read(line: Line): PoolRow | undefined {
    const { number, startByte } = line;
    if (line.bytes === undefined) {
      const detail = `a line of ${line.lengthBytes} bytes; the limit is ${this.#maxRecordBytes}`;
      this.#drops.drop('oversized-record', number, startByte, detail);
      return undefined;
    }
    const text = (number === 0 ? skipByteOrderMark(line.bytes) : line.bytes).toString('utf8');
    if (isBlank(text)) return undefined;
    if (this.#isFirst && /^\s*\[\s*(?:\{|$)/.test(text)) throw refuseArray(this.#path);
    this.#isFirst = false;
    const value = parseJsonLine(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.#drops.drop('bad-json', number, startByte, text);
      return undefined;
    }
    const url = valueByName(value, this.#urlKey, URL_COLUMN_NAMES);
    const pairText = valueByName(value, this.#textKey, TEXT_COLUMN_NAMES);
    if (this.#objectCount++ === 0) this.#firstKeys = Object.keys(value);
    this.#hasUrl ||= url !== undefined;
    this.#hasText ||= pairText !== undefined;
    return { url, text: pairText, page: valueByName(value, undefined, PAGE_COLUMN_NAMES), number, startByte };
  }

  /** A file without any url or text at all is the wrong file or lacks an option: that is worth stopping for. */
  check(): void {
    if (this.#objectCount === 0) return;
    if (!this.#hasUrl) throw missingColumn('url', this.#firstKeys, this.#urlKey, this.#path);
    if (!this.#hasText) throw missingColumn('text', this.#firstKeys, this.#textKey, this.#path);
  }
}

/** One array over the whole file, on one line or many, cannot be read line by line. */
function refuseArray(path: string): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: one JSON array, not one JSON object a line`, {
    hint: `convert it first, for example: jq -c '.[]' ${path} > pool.jsonl`,
    details: { path },
  });
}

function isBlank(text: string): boolean {
  return text.length < 1024 && text.trim() === '';
}
