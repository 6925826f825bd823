/**
 * Reads a list as it lies there, faults included, for whoever wants to know what is wrong with it; `loadEntries` refuses a
 * list at its first fault.
 */
import { MetaclipError } from '../common/errors.ts';
import { makeReadLog, readInput } from './dumps/read-input.ts';
import { MAX_METADATA_BYTES } from './entries.ts';
import { formatError } from './entry-list.ts';

/** A list as it lies there. */
export interface RawList {
  readonly path: string;
  readonly entries: readonly string[];
  readonly form: 'lines' | 'json';
  /** Values of a JSON array that are no strings. */
  readonly notStrings: number;
  readonly sha256: string;
}

/**
 * Reads a list, plain or compressed. Bytes that are no UTF-8 become U+FFFD.
 *
 * Memory: the file and its entries.
 *
 * @param path - a JSON array, or one entry a line
 * @returns its entries in order
 * @throws {@link MetaclipError} `E_METADATA_FORMAT` when it is over the size limit, or no JSON array, and what reading throws
 */
export async function readRawList(path: string): Promise<RawList> {
  const log = makeReadLog();
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of readInput(path, log)) {
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_METADATA_BYTES) {
      throw formatError(path, `more than ${MAX_METADATA_BYTES} bytes`, { limitBytes: MAX_METADATA_BYTES });
    }
    chunks.push(chunk);
  }
  const text = new TextDecoder('utf-8').decode(Buffer.concat(chunks));
  const sha256 = log.inputs[0]?.sha256 ?? '';
  if (!/^\s*\[\s*["\]]/.test(text.slice(0, 1000)) && !/\.json(\.gz)?$/i.test(path)) {
    const lines = text.split('\n');
    if (lines.at(-1) === '') lines.pop();
    return { path, entries: lines, form: 'lines', notStrings: 0, sha256 };
  }
  const values = parseArray(path, text);
  const entries = values.filter((value) => typeof value === 'string');
  return { path, entries, form: 'json', notStrings: values.length - entries.length, sha256 };
}

function parseArray(path: string, text: string): unknown[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw formatError(
      path,
      `not valid JSON: ${error instanceof Error ? error.message : String(error)}`,
      {},
      error,
    );
  }
  if (Array.isArray(value)) return value;
  throw new MetaclipError('E_METADATA_FORMAT', `${path}: the JSON value is not an array`, {
    hint: 'a list is an array of strings; an object with counts is none',
  });
}
