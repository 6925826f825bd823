/**
 * The output of the match stage for one task: `matched/NNNNN.parquet` (pairs with at least one match, readable by any
 * Parquet reader) and `matched/NNNNN.keys` (the same rows without strings). Both are written block by block.
 *
 * Parquet columns: uid FIXED(16), uuid FIXED(12), url, caption, text_key, page_url (UTF-8), entry_ids list<uint32>.
 * LZ4, because these files are read once or twice and then replaced by the shards; zstd would take twice the time.
 */
import type { Data } from 'apache-arrow';
import { hash } from 'node:crypto';
import {
  Dictionary,
  Field,
  FixedSizeBinary,
  Int32,
  Int8,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint32,
  Utf8,
  vectorFromArray,
} from '../../common/arrow.ts';
import { PairHasher } from '../hash-pairs.ts';
import { TEXT_KEYS, type TextKey } from '../pair-batch.ts';
import { UID_WORDS, UUID_BYTES } from '../pair-ids.ts';
import { KEYS_BLOCK_ROWS, KeysWriter } from './keys-file.ts';
import type { MatchedColumns, StringColumn } from './matched-block.ts';
import { ParquetSink } from './parquet-sink.ts';

const UID_BYTES = UID_WORDS * 4;

const FIELDS = [
  new Field('uid', new FixedSizeBinary(UID_BYTES), false),
  new Field('uuid', new FixedSizeBinary(UUID_BYTES), false),
  new Field('url', new Utf8(), false),
  new Field('caption', new Utf8(), false),
  // Dictionaries in memory: a page has many images, and each url is passed on once. In the file they are plain strings.
  new Field('text_key', new Dictionary(new Utf8(), new Int8()), false),
  new Field('page_url', new Dictionary(new Utf8(), new Int32()), false),
  new Field('entry_ids', new List(new Field('element', new Uint32(), false)), false),
] as const;
const SCHEMA = new Schema([...FIELDS]);

/** What a finished pair of files holds. */
export interface MatchedTotals {
  readonly rowCount: number;
  /** Sum of the number of matches over all rows. */
  readonly matchCount: number;
}

/** Where the files go, under temporary names. */
export interface MatchedPaths {
  readonly parquetPath: string;
  readonly keysPath: string;
  /** Key-value metadata of the Parquet footer. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes blocks to the two files; `write` as often as needed, then `close`, or `abort`. */
export class MatchedFiles {
  readonly #sink: ParquetSink;
  readonly #keys: KeysWriter;
  readonly #hasher = new PairHasher();
  readonly #uids = new Uint32Array(KEYS_BLOCK_ROWS * UID_WORDS);
  readonly #uidBytes = new Uint8Array(this.#uids.buffer);
  readonly #uuids = new Uint8Array(KEYS_BLOCK_ROWS * UUID_BYTES);
  readonly #ties = new Uint32Array(KEYS_BLOCK_ROWS);
  #rowCount = 0;
  #matchCount = 0;

  private constructor(sink: ParquetSink, keys: KeysWriter) {
    this.#sink = sink;
    this.#keys = keys;
  }

  /**
   * @param paths - where the files go
   * @returns an open sink
   */
  static async create(paths: MatchedPaths): Promise<MatchedFiles> {
    const { metadata, parquetPath, keysPath } = paths;
    const sink = await ParquetSink.create(parquetPath, {
      metadata,
      rowGroupRows: KEYS_BLOCK_ROWS,
      hashColumns: ['uid', 'uuid'],
    });
    try {
      return new MatchedFiles(sink, await KeysWriter.create(keysPath));
    } catch (error) {
      await sink.abort();
      throw error;
    }
  }

  /** @returns rows written so far */
  get rowCount(): number {
    return this.#rowCount;
  }

  /** @param columns - of a block; read before the promise settles */
  async write(columns: MatchedColumns): Promise<void> {
    const { rowCount } = columns;
    this.#identify(columns);
    const fixed = (byteWidth: number, data: Uint8Array): Data =>
      makeData({
        type: new FixedSizeBinary(byteWidth),
        length: rowCount,
        nullCount: 0,
        data: data.subarray(0, rowCount * byteWidth),
      });
    const listOffsets = new Int32Array(rowCount + 1);
    listOffsets.set(columns.idEnds, 1);
    const children: Data[] = [
      fixed(UID_BYTES, this.#uidBytes),
      fixed(UUID_BYTES, this.#uuids),
      stringData(columns.url, rowCount),
      stringData(columns.caption, rowCount),
      makeData({
        type: FIELDS[4].type,
        length: rowCount,
        nullCount: 0,
        data: columns.textKeys,
        dictionary: vectorFromArray(TEXT_KEYS, new Utf8()),
      }),
      makeData({
        type: FIELDS[5].type,
        length: rowCount,
        nullCount: 0,
        data: columns.pageIds,
        dictionary: vectorFromArray(columns.pages, new Utf8()),
      }),
      makeData({
        type: FIELDS[6].type,
        length: rowCount,
        nullCount: 0,
        valueOffsets: listOffsets,
        child: makeData({ type: new Uint32(), length: columns.ids.length, nullCount: 0, data: columns.ids }),
      }),
    ];
    const struct = makeData({ type: new Struct([...FIELDS]), length: rowCount, nullCount: 0, children });
    await this.#sink.write(new RecordBatch(SCHEMA, struct));
    if (rowCount > 0) {
      const { ids, idEnds } = columns;
      await this.#keys.append(rowCount, { uids: this.#uids, ties: this.#ties, idEnds, ids });
    }
    this.#rowCount += rowCount;
    this.#matchCount += columns.ids.length;
  }

  /** @returns totals, once everything is in the files and they are closed */
  async close(): Promise<MatchedTotals> {
    await this.#keys.close();
    await this.#sink.close();
    return { rowCount: this.#rowCount, matchCount: this.#matchCount };
  }

  /** Closes the files unfinished; the caller removes them. */
  async abort(): Promise<void> {
    await this.#sink.abort();
    await this.#keys.close().catch(() => undefined);
  }

  // Fills uids, uuids and ties of the block.
  #identify({ rowCount, url, caption, textKeys, pageIds, pages }: MatchedColumns): void {
    this.#hasher.hash(url, caption, rowCount, this.#uidBytes, this.#uuids);
    let pageId = -1;
    let textKey = -1;
    let tie = 0;
    for (let row = 0; row < rowCount; row++) {
      if (pageIds[row] !== pageId || textKeys[row] !== textKey) {
        pageId = pageIds[row] ?? 0;
        textKey = textKeys[row] ?? 0;
        tie = tieOf(TEXT_KEYS[textKey] ?? 'caption', pages[pageId] ?? '');
      }
      this.#ties[row] = tie;
    }
  }
}

/** Tie of a row. Equal pairs with equal ties are equal rows, so which one survives can't be seen; see dedup/. */
function tieOf(textKey: TextKey, pageUrl: string): number {
  return Number.parseInt(hash('sha256', `${textKey}\n${pageUrl}`, 'hex').slice(0, 8), 16);
}

function stringData({ bytes, offsets }: StringColumn, length: number): Data {
  return makeData({ type: new Utf8(), length, nullCount: 0, valueOffsets: offsets, data: bytes });
}
