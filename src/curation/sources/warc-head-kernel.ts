/** Finds ordinary records of a WARC stream by the WebAssembly kernel `warc-heads`; what it refuses is read by {@link parseHead}. */
import { type CrawlMemory, HEAD_FIELDS_START } from './crawl-memory.ts';
import type { WarcHead } from './warc-head.ts';
import type { PlacedRecord } from './warc-record.ts';

// Places of the fields, in words; see kernels/warc-heads.ts.
const RECORD_START = 0;
const HEAD_END = 1;
const BLOCK_END = 2;
const TYPE = 3;
const TARGET_URI = 5;
const CONTENT_TYPE = 7;
const FIELD_COUNT = 9;

/** A record as the kernel found it. Its head becomes strings only when it is asked for. */
export class FoundRecord implements PlacedRecord {
  number = 0;
  startByte = 0;
  readonly bytes: Buffer;
  /** Where its head starts. */
  readonly recordStart: number;
  readonly blockStart: number;
  readonly blockEnd: number;
  readonly #fields: Int32Array;
  #head: WarcHead | undefined;

  /**
   * @param bytes - that hold it
   * @param fields - places of its fields, valid until the next record is looked for
   */
  constructor(bytes: Buffer, fields: Int32Array) {
    this.bytes = bytes;
    this.recordStart = fields[RECORD_START] ?? 0;
    this.blockStart = fields[HEAD_END] ?? 0;
    this.blockEnd = fields[BLOCK_END] ?? 0;
    this.#fields = fields;
  }

  get head(): WarcHead {
    this.#head ??= {
      type: this.#read(TYPE)?.toLowerCase() ?? '',
      targetUri: this.#read(TARGET_URI),
      contentType: this.#read(CONTENT_TYPE)?.toLowerCase() ?? '',
      contentLength: this.blockEnd - this.blockStart,
    };
    return this.#head;
  }

  #read(field: number): string | undefined {
    const start = this.#fields[field] ?? -1;
    return start < 0 ? undefined : this.bytes.toString('latin1', start, this.#fields[field + 1]);
  }
}

/** One a reader. */
export class HeadKernel {
  /** The memory that it looks at. */
  readonly bytes: Buffer;
  readonly #fields: Int32Array;
  readonly #findRecord: (start: number, end: number, maxRecordBytes: number) => number;

  /** @param memory - of the reader */
  constructor(memory: CrawlMemory) {
    this.bytes = memory.bytes;
    this.#fields = new Int32Array(memory.bytes.buffer, HEAD_FIELDS_START, FIELD_COUNT);
    this.#findRecord = memory.loadKernel('warc-heads').getFunction('findRecord');
  }

  /**
   * @param start - where a record, or line ends in front of it, should be
   * @param end - where the bytes at hand end
   * @param maxRecordBytes - longest block that counts
   * @returns the record, to be looked at before the next one is looked for; undefined where it is not ordinary, or not whole with the
   *   start of the next one behind it
   */
  findRecord(start: number, end: number, maxRecordBytes: number): FoundRecord | undefined {
    const limit = Math.min(maxRecordBytes, 0x7fffffff);
    return this.#findRecord(start, end, limit) === 1 ? new FoundRecord(this.bytes, this.#fields) : undefined;
  }
}
