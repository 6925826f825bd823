/**
 * Reads webdataset tars: consecutive members whose names agree up to the first dot of the file name are one sample
 * (`00012/000120003.jpg`, `.json`, `.txt`). Images stream by unread.
 *
 *   what   from, in order of precedence
 *   text   the key given with --text-column in the .json; the .txt; the .caption; a known key of the .json
 *   url    the key given with --url-column or a known key of the .json; else `file:///TAR/KEY`
 *   page   a known key of the .json
 *
 * The stand-in url is made of the tar's base name and the sample's key, each part percent-encoded: the same on every
 * machine, and never opened by anything here.
 */
import { basename } from 'node:path';
import type { PairBatch } from '../pair-batch.ts';
import { PAGE_COLUMN_NAMES, TEXT_COLUMN_NAMES, URL_COLUMN_NAMES, valueByName } from './columns.ts';
import { skipByteOrderMark } from './line-splitter.ts';
import { type ByteStream, openTextStream } from './open-text-stream.ts';
import { batchRows, type PoolRow } from './pairs-of-row.ts';
import { parseJsonLine } from './parse-json-line.ts';
import { DEFAULT_MAX_RECORD_BYTES, type ExtractContext } from './source.ts';
import { readTarMembers, type TarMember } from '../../common/tar-members.ts';

/** Members that are read; every other extension only counts as part of its sample. */
const TEXT_EXTENSIONS = ['txt', 'caption', 'json'];

/**
 * A {@link PairReader} of webdataset tars, gzipped or not.
 *
 * Counted: `truncated-record` (the sample in which a cut tar ends), `garbage-bytes` (blocks that are no tar header;
 * reading goes on with the next header), `oversized-record` (a text member over the limit, skipped without being kept),
 * `bad-json`, `missing-text` (a sample without any), `missing-url` (a null or empty url in the .json), `empty-text`,
 * `bad-row`. Memory: the text members of one sample, and one batch.
 *
 * @param path - the tar
 * @param context - drops, progress, key names and the limit on a member
 * @returns batches that are refilled; copy what must stay
 */
export function readWebdataset(path: string, context: ExtractContext): AsyncGenerator<PairBatch, void, void> {
  return readWebdatasetStream(openTextStream(path, context), path, context);
}

/**
 * The same for bytes that come from elsewhere, in chunks of any size.
 *
 * @param stream - the file's bytes, inflated
 * @param path - its name, for messages and stand-in urls
 * @param context - as for {@link readWebdataset}
 * @returns batches that are refilled; copy what must stay
 */
export function readWebdatasetStream(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<PairBatch, void, void> {
  return batchRows(readRowGroups(stream, path, context), context);
}

/** The members of one sample that are read. */
interface Sample {
  readonly key: string;
  readonly number: number;
  readonly startByte: number;
  readonly contents: Map<string, Buffer>;
  hasOversized: boolean;
}

async function* readRowGroups(
  stream: ByteStream,
  path: string,
  context: ExtractContext,
): AsyncGenerator<PoolRow[], void, void> {
  const { drops, maxRecordBytes = DEFAULT_MAX_RECORD_BYTES } = context;
  let sample: Sample | undefined;
  let sampleCount = 0;
  const wants = (name: string, sizeBytes: number): boolean => {
    const extension = splitMemberName(name)?.extension;
    return extension !== undefined && TEXT_EXTENSIONS.includes(extension) && sizeBytes <= maxRecordBytes;
  };
  for await (const item of readTarMembers(stream, wants)) {
    const parts = item.kind === 'bad-header' ? undefined : splitMemberName(item.name);
    if (item.kind === 'bad-header') {
      drops.drop('garbage-bytes', -1, item.startByte, `${item.skippedBytes} bytes that are no tar header`);
      continue;
    }
    if (item.kind === 'truncated') {
      // Whole is a sample before the cut member's, and one with a text where the cut lies between members.
      const isWhole = item.name === '' ? (sample?.contents.size ?? 0) > 0 : parts?.key !== sample?.key;
      if (sample !== undefined && isWhole) yield rowsOfSample(sample, path, context);
      drops.drop('truncated-record', isWhole ? sampleCount : sampleCount - 1, item.startByte, item.name);
      return;
    }
    if (parts === undefined) continue;
    if (sample?.key !== parts.key) {
      if (sample !== undefined) yield rowsOfSample(sample, path, context);
      sample = {
        key: parts.key,
        number: sampleCount++,
        startByte: item.startByte,
        contents: new Map(),
        hasOversized: false,
      };
    }
    keep(sample, parts.extension, item, context);
  }
  if (sample !== undefined) yield rowsOfSample(sample, path, context);
}

function keep(sample: Sample, extension: string, member: TarMember, context: ExtractContext): void {
  if (!TEXT_EXTENSIONS.includes(extension)) return;
  if (member.data !== undefined) {
    sample.contents.set(extension, member.data);
    return;
  }
  sample.hasOversized = true;
  context.drops.drop(
    'oversized-record',
    sample.number,
    member.startByte,
    `${member.name} has ${member.sizeBytes} bytes`,
  );
}

/**
 * @param name - name of a tar member
 * @returns folder and file name up to its first dot, and the rest in lower case; undefined where there is no dot, or
 *   nothing before it
 */
export function splitMemberName(name: string): { key: string; extension: string } | undefined {
  const dot = name.indexOf('.', name.lastIndexOf('/') + 1);
  if (dot <= name.lastIndexOf('/') + 1) return undefined;
  return { key: name.slice(0, dot), extension: name.slice(dot + 1).toLowerCase() };
}

function rowsOfSample(sample: Sample, path: string, context: ExtractContext): PoolRow[] {
  const { drops, urlColumn, textColumn } = context;
  const { number, startByte } = sample;
  let record: object = {};
  const json = sample.contents.get('json');
  if (json !== undefined) {
    const value = parseJsonLine(skipByteOrderMark(json).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) record = value;
    else drops.drop('bad-json', number, startByte, `${sample.key}.json`);
  }
  const plain = sample.contents.get('txt') ?? sample.contents.get('caption');
  const text =
    plain !== undefined && textColumn === undefined
      ? skipByteOrderMark(plain).toString('utf8')
      : valueByName(record, textColumn, TEXT_COLUMN_NAMES);
  if (text === undefined && sample.hasOversized) return []; // Counted already, as oversized.
  const url = valueByName(record, urlColumn, URL_COLUMN_NAMES);
  const page = valueByName(record, undefined, PAGE_COLUMN_NAMES);
  return [{ url: url === undefined ? standInUrl(path, sample.key) : url, text, page, number, startByte }];
}

/**
 * @param path - the tar
 * @param key - the sample's key
 * @returns the url that stands for a sample without one
 */
export function standInUrl(path: string, key: string): string {
  const parts = [basename(path), ...key.split('/')];
  return `file:///${parts.map((part) => encodeURIComponent(part)).join('/')}`;
}
