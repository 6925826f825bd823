/**
 * The output of the match stage for one task: `matched/NNNNN.parquet` (pairs with at least one match, readable by any
 * Parquet reader) and `matched/NNNNN.keys` (the same rows without strings). Both are written block by block.
 *
 * Parquet columns: uid FIXED(16), uuid FIXED(12), url, caption, text_key, page_url (UTF-8), entry_ids list<uint32>.
 * LZ4, because these files are read once or twice and then replaced by the shards; zstd would take twice the time.
 */
import {
  Field,
  FixedSizeBinary,
  List,
  RecordBatch,
  Schema,
  Struct,
  Uint32,
  Utf8,
  makeData,
  type Data,
} from 'apache-arrow';
import { hash } from 'node:crypto';
import { KEYS_BLOCK_ROWS, KeysWriter } from './keys-file.ts';
import { ParquetSink } from './parquet-sink.ts';
import { type PairBatch, TEXT_KEYS } from '../pair-batch.ts';
import { UID_WORDS, UUID_BYTES, writeUid, writeUuid } from '../pair-ids.ts';

const UID_BYTES = UID_WORDS * 4;
/** Bytes of strings after which a block is written even if it has few rows. */
const BLOCK_STRING_BYTES = 4 << 20;

const FIELDS = [
  new Field('uid', new FixedSizeBinary(UID_BYTES), false),
  new Field('uuid', new FixedSizeBinary(UUID_BYTES), false),
  new Field('url', new Utf8(), false),
  new Field('caption', new Utf8(), false),
  new Field('text_key', new Utf8(), false),
  new Field('page_url', new Utf8(), false),
  new Field('entry_ids', new List(new Field('element', new Uint32(), false)), false),
];
const SCHEMA = new Schema(FIELDS);

/** Strings of a block: the Arrow Utf8 layout, growing. */
class StringColumn {
  offsets = new Int32Array(KEYS_BLOCK_ROWS + 1);
  bytes = new Uint8Array(1 << 18);
  used = 0;

  append(row: number, source: Uint8Array, start: number, end: number): void {
    const needed = this.used + end - start;
    if (needed > this.bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
      grown.set(this.bytes.subarray(0, this.used));
      this.bytes = grown;
    }
    // Byte by byte beats `set(subarray)` below some 30 bytes, and keys and most texts are that short.
    if (end - start < 32)
      for (let i = start, to = this.used; i < end; i++, to++) this.bytes[to] = source[i] ?? 0;
    else this.bytes.set(source.subarray(start, end), this.used);
    this.used = needed;
    this.offsets[row + 1] = needed;
  }

  data(rowCount: number): Data<Utf8> {
    return makeData({
      type: new Utf8(),
      length: rowCount,
      nullCount: 0,
      valueOffsets: this.offsets.subarray(0, rowCount + 1),
      data: this.bytes.subarray(0, this.used),
    });
  }
}

/** What a finished pair of files holds. */
export interface MatchedTotals {
  readonly rowCount: number;
  /** Sum of the number of matches over all rows. */
  readonly matchCount: number;
}

/** Collects matched rows and writes them; `append` and `flushIfFull` as rows come, then `close`, or `abort`. */
export class MatchedWriter {
  readonly #sink: ParquetSink;
  readonly #keys: KeysWriter;
  readonly #uids = new Uint32Array(KEYS_BLOCK_ROWS * UID_WORDS);
  readonly #uidBytes = new Uint8Array(this.#uids.buffer);
  readonly #uuids = new Uint8Array(KEYS_BLOCK_ROWS * UUID_BYTES);
  readonly #ties = new Uint32Array(KEYS_BLOCK_ROWS);
  readonly #idEnds = new Uint32Array(KEYS_BLOCK_ROWS);
  readonly #listOffsets = new Int32Array(KEYS_BLOCK_ROWS + 1);
  readonly #url = new StringColumn();
  readonly #caption = new StringColumn();
  readonly #textKey = new StringColumn();
  readonly #pageUrl = new StringColumn();
  readonly #keyBytes = TEXT_KEYS.map((key) => new TextEncoder().encode(key));
  #ids = new Uint32Array(KEYS_BLOCK_ROWS * 8);
  #blockRows = 0;
  #blockIds = 0;
  #rowCount = 0;
  #matchCount = 0;
  #page = { url: '', bytes: new Uint8Array(0), ties: TEXT_KEYS.map((key) => tieOf(key, '')) };

  private constructor(sink: ParquetSink, keys: KeysWriter) {
    this.#sink = sink;
    this.#keys = keys;
  }

  /**
   * @param parquetPath - temporary path of the Parquet file
   * @param keysPath - temporary path of the keys file
   * @param metadata - key-value metadata of the Parquet footer
   * @returns an open writer
   */
  static async create(
    parquetPath: string,
    keysPath: string,
    metadata: Readonly<Record<string, string>>,
  ): Promise<MatchedWriter> {
    const sink = await ParquetSink.create(parquetPath, { metadata, rowGroupRows: KEYS_BLOCK_ROWS });
    try {
      return new MatchedWriter(sink, await KeysWriter.create(keysPath));
    } catch (error) {
      await sink.abort();
      throw error;
    }
  }

  /**
   * Appends one matched pair. Call {@link MatchedWriter.flushIfFull} before the next one.
   *
   * @param batch - batch that holds the pair
   * @param row - its row there
   * @param ids - entry ids, ascending; the first `idCount` are copied
   * @param idCount - number of matches, at least 1
   */
  append(batch: PairBatch, row: number, ids: Uint32Array, idCount: number): void {
    const at = this.#blockRows;
    const urlStart = batch.urlOffsets[row] ?? 0;
    const urlEnd = batch.urlOffsets[row + 1] ?? 0;
    const textStart = batch.textOffsets[row] ?? 0;
    const textEnd = batch.textOffsets[row + 1] ?? 0;
    const key = batch.textKeys[row] ?? 0;
    this.#usePage(batch.pages[batch.pageIds[row] ?? 0] ?? '');

    writeUid(
      batch.urlBytes.subarray(urlStart, urlEnd),
      batch.textBytes.subarray(textStart, textEnd),
      this.#uidBytes,
      at * UID_BYTES,
    );
    writeUuid(batch.urlBytes, urlStart, urlEnd, this.#uuids, at * UUID_BYTES);
    this.#ties[at] = this.#page.ties[key] ?? 0;
    this.#url.append(at, batch.urlBytes, urlStart, urlEnd);
    this.#caption.append(at, batch.textBytes, textStart, textEnd);
    const keyBytes = this.#keyBytes[key] ?? new Uint8Array(0);
    this.#textKey.append(at, keyBytes, 0, keyBytes.length);
    this.#pageUrl.append(at, this.#page.bytes, 0, this.#page.bytes.length);

    if (this.#blockIds + idCount > this.#ids.length) {
      const grown = new Uint32Array(Math.max(this.#ids.length * 2, this.#blockIds + idCount));
      grown.set(this.#ids.subarray(0, this.#blockIds));
      this.#ids = grown;
    }
    for (let i = 0; i < idCount; i++) this.#ids[this.#blockIds + i] = ids[i] ?? 0;
    this.#blockIds += idCount;
    this.#idEnds[at] = this.#blockIds;
    this.#listOffsets[at + 1] = this.#blockIds;
    this.#blockRows = at + 1;
  }

  /** @returns a promise when a block was full and is being written, to be awaited before the next append */
  flushIfFull(): Promise<void> | undefined {
    const isFull =
      this.#blockRows >= KEYS_BLOCK_ROWS ||
      this.#url.used + this.#caption.used + this.#pageUrl.used >= BLOCK_STRING_BYTES;
    return isFull ? this.#flush() : undefined;
  }

  /**
   * Writes what is left and closes both files.
   *
   * @returns totals of the task
   */
  async close(): Promise<MatchedTotals> {
    // An empty task still gets a file with the schema: readers of the folder need no special case.
    if (this.#blockRows > 0 || this.#rowCount === 0) await this.#flush();
    await this.#keys.close();
    await this.#sink.close();
    return { rowCount: this.#rowCount, matchCount: this.#matchCount };
  }

  /** Closes both files unfinished; the caller removes them. */
  async abort(): Promise<void> {
    await this.#sink.abort();
    await this.#keys.close().catch(() => undefined);
  }

  #usePage(url: string): void {
    if (url === this.#page.url) return;
    this.#page = { url, bytes: new TextEncoder().encode(url), ties: TEXT_KEYS.map((key) => tieOf(key, url)) };
  }

  async #flush(): Promise<void> {
    const rows = this.#blockRows;
    const ids = this.#ids.subarray(0, this.#blockIds);
    const fixed = (byteWidth: number, data: Uint8Array): Data<FixedSizeBinary> =>
      makeData({
        type: new FixedSizeBinary(byteWidth),
        length: rows,
        nullCount: 0,
        data: data.subarray(0, rows * byteWidth),
      });
    const children: Data[] = [
      fixed(UID_BYTES, this.#uidBytes),
      fixed(UUID_BYTES, this.#uuids),
      this.#url.data(rows),
      this.#caption.data(rows),
      this.#textKey.data(rows),
      this.#pageUrl.data(rows),
      makeData({
        type: new List(new Field('element', new Uint32(), false)),
        length: rows,
        nullCount: 0,
        valueOffsets: this.#listOffsets.subarray(0, rows + 1),
        child: makeData({ type: new Uint32(), length: ids.length, nullCount: 0, data: ids }),
      }),
    ];
    const struct = makeData({ type: new Struct(FIELDS), length: rows, nullCount: 0, children });
    await this.#sink.write(new RecordBatch(SCHEMA, struct));
    if (rows > 0) {
      await this.#keys.append(rows, {
        uids: this.#uids,
        ties: this.#ties,
        idEnds: this.#idEnds,
        ids: this.#ids,
      });
    }
    this.#rowCount += rows;
    this.#matchCount += ids.length;
    this.#blockRows = 0;
    this.#blockIds = 0;
    this.#url.used = this.#caption.used = this.#textKey.used = this.#pageUrl.used = 0;
  }
}

/** See dedup/: equal pairs with equal ties are equal rows, so which one survives can't be seen in the result. */
function tieOf(textKey: string, pageUrl: string): number {
  return Number.parseInt(hash('sha256', `${textKey}\n${pageUrl}`, 'hex').slice(0, 8), 16);
}
