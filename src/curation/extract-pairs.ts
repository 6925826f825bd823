/** Extraction as an async iterable, for library users. */
import type { Compat } from './compat.ts';
import type { PairBatch } from './pair-batch.ts';
import { listInputs } from './sources/list-inputs.ts';
import { openPairReader } from './sources/open-input.ts';
import { DropLog, type ExtractContext } from './sources/source.ts';

/** Options of {@link extractPairs}. */
export interface ExtractOptions {
  /** Default `metaclip`. */
  readonly compat?: Compat;
  /** Receives what is left out; default: a log of its own that nobody reads. */
  readonly drops?: DropLog;
  /** Called with further bytes read. */
  readonly onBytes?: (byteCount: number) => void;
  readonly urlColumn?: string;
  readonly textColumn?: string;
  /** Longest record, line or cell taken, in bytes; default 64 MiB. */
  readonly maxRecordBytes?: number;
}

/**
 * Reads files, folders and globs of any supported format, one file after the other, in the order of their paths.
 *
 * Memory: one batch and what the reader of the format states; never the file.
 *
 * @param inputs - files, folders or globs
 * @param options - see {@link ExtractOptions}
 * @yields batches of pairs; a batch is refilled after the next one is asked for, so copy what must stay
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_EMPTY`, `E_FORMAT_UNKNOWN`, `E_INPUT_UNREADABLE`,
 *   `E_COLUMN_MISSING`
 * @example
 * for await (const batch of extractPairs(['crawl.warc.wat.gz'])) {
 *   for (const { url, text } of batch) console.log(url, text);
 * }
 */
export async function* extractPairs(
  inputs: readonly string[],
  options: ExtractOptions = {},
): AsyncGenerator<PairBatch, void, void> {
  const { compat = 'metaclip', drops = new DropLog(), onBytes = () => undefined, ...rest } = options;
  const context: ExtractContext = { compat, drops, onBytes, ...rest };
  for (const { path, format } of await listInputs([...inputs])) yield* openPairReader(format)(path, context);
}
