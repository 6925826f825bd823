/**
 * What every reader of a pool has in common: it turns one input file into batches of pairs and keeps count of
 * everything that it leaves out. A reader never ends a file for one bad record and never drops anything silently.
 */
import type { Compat } from '../compat.ts';
import type { PairBatch } from '../pair-batch.ts';
import type { MemberRelay } from './member-relay.ts';

/** Why a record, image or text did not become a pair. Stable names: they stand in markers, statistics and reports. */
export const EXTRACT_REASONS = [
  'damaged-gzip', // a gzip member that cannot be inflated, or whose checksum is wrong
  'garbage-bytes', // bytes between records or members that belong to none
  'truncated-record', // the file ends inside a record
  'bad-record', // a record whose own header contradicts its content
  'oversized-record', // a record, line or cell over the limit
  'bad-json',
  'bad-http', // an HTTP payload that cannot be de-chunked or decompressed
  'bad-row', // a CSV row with the wrong number of cells, a value of the wrong type
  'missing-url',
  'bad-url', // a url that Python's urljoin refuses
  'missing-text', // no text at all: null, absent column value, no caption file
  'empty-text', // a text that is empty once trimmed
] as const;

/** Name of a reason; see {@link EXTRACT_REASONS}. */
export type ExtractReason = (typeof EXTRACT_REASONS)[number];

/** One example of something left out, for the report. */
export interface DropSample {
  readonly reason: string;
  /** Record, line or row number in the file, from 0; -1 where there is none. */
  readonly record: number;
  /** Offset in the (decompressed) file; -1 where unknown. */
  readonly byte: number;
  /** What was found, at most 200 characters. */
  readonly detail: string;
}

/** Samples kept per reason and file. */
export const SAMPLES_PER_REASON = 3;

/** Counts what is left out, by reason, and keeps the first few of each as samples. */
export class DropLog {
  readonly counts = new Map<string, number>();
  readonly samples: DropSample[] = [];

  /**
   * @param reason - why
   * @param record - record number in the file, or -1
   * @param byte - offset, or -1
   * @param detail - what was found; cut to 200 characters
   */
  drop(reason: string, record = -1, byte = -1, detail = ''): void {
    const seen = this.counts.get(reason) ?? 0;
    this.counts.set(reason, seen + 1);
    if (seen < SAMPLES_PER_REASON) this.samples.push({ reason, record, byte, detail: detail.slice(0, 200) });
  }

  /**
   * Adds to a count without a sample: for hot loops that count in a local variable.
   *
   * @param reason - why
   * @param count - how many more
   */
  add(reason: string, count: number): void {
    if (count > 0) this.counts.set(reason, (this.counts.get(reason) ?? 0) + count);
  }
}

/** Where the urls of a crawl came from; counted by the readers that join urls, and by pair. */
export interface UrlOrigins {
  /** Pairs whose url was a link of a page. */
  linked: number;
  /** Those of them whose link was relative: without a scheme. */
  relative: number;
}

/** What a reader is told. */
export interface ExtractContext {
  readonly compat: Compat;
  readonly drops: DropLog;
  /** Called with the number of further bytes read from the file as it lies on disk; drives the progress line. */
  readonly onBytes: (byteCount: number) => void;
  /** Counted into, where given. */
  readonly origins?: UrlOrigins;
  /** Takes gzip members off the reader's hands, where given: their pairs are not among the reader's. Crawl files only. */
  readonly relay?: MemberRelay;
  /** Name of the url column or key; found by itself when absent. Pools only. */
  readonly urlColumn?: string;
  /** Name of the text column or key; found by itself when absent. Pools only. */
  readonly textColumn?: string;
  /** Longest record, line or cell taken, in bytes; default {@link DEFAULT_MAX_RECORD_BYTES}. */
  readonly maxRecordBytes?: number;
}

/** 64 MiB: far above any honest page (Common Crawl cuts at 1 MiB), far below what would hurt. */
export const DEFAULT_MAX_RECORD_BYTES = 64 << 20;

/**
 * Reads one file. The yielded batch belongs to the reader and is refilled after the consumer asks for the next one:
 * copy what must stay.
 */
export type PairReader = (path: string, context: ExtractContext) => AsyncGenerator<PairBatch, void, void>;
