/** `entry_counts.parquet`: one row an entry, in list order: entry_id, entry, count, q (null until balanced). */
import { Field, Float64, makeData, RecordBatch, Schema, Struct, Uint32, Uint64, Utf8 } from 'apache-arrow';
import { sqlPath, sqlString, withDuckdb } from '../../common/duckdb.ts';
import { fileSizeOf, produceFile } from '../../common/files.ts';
import { canonicalJson } from '../../common/hashing.ts';
import { FOOTER_KEY, ParquetSink } from '../matched/parquet-sink.ts';

const ROW_GROUP_ROWS = 65_536;
const FIELDS = [
  new Field('entry_id', new Uint32(), false),
  new Field('entry', new Utf8(), false),
  new Field('count', new Uint64(), false),
  new Field('q', new Float64(), true),
];
const SCHEMA = new Schema(FIELDS);

/**
 * Memory: one row group.
 *
 * @param path - file to make
 * @param entries - the list
 * @param counts - count by entry id
 * @param q - entry probability by entry id; null before balancing
 * @param metadata - key-value metadata of the footer
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeEntryCounts(
  path: string,
  entries: readonly string[],
  counts: Float64Array,
  q: Float64Array | null,
  metadata: Readonly<Record<string, string>>,
): Promise<number> {
  const { sizeBytes } = await produceFile(path, async (temporaryPath) => {
    const sink = await ParquetSink.create(temporaryPath, {
      metadata,
      rowGroupRows: ROW_GROUP_ROWS,
      compression: 'zstd',
    });
    try {
      for (let start = 0; start === 0 || start < entries.length; start += ROW_GROUP_ROWS) {
        const end = Math.min(entries.length, start + ROW_GROUP_ROWS);
        await sink.write(rowsOf(entries, counts, q, start, end));
      }
      await sink.close();
    } catch (error) {
      await sink.abort();
      throw error;
    }
  });
  return sizeBytes;
}

/**
 * Whether a file says of itself that it was made of the same things. So a file that another stage has written since, or that
 * was left behind by an interrupted call, is known for what it is.
 *
 * @param path - file that {@link writeEntryCounts} made; may be absent
 * @param metadata - what is wanted in its footer
 * @param ignored - keys of the footer that do not matter
 * @returns true when the footer is equal; false too when there is no readable file
 */
export async function hasFooter(
  path: string,
  metadata: Readonly<Record<string, string>>,
  ignored: readonly string[] = [],
): Promise<boolean> {
  if ((await fileSizeOf(path)) === undefined) return false;
  try {
    const found = await withDuckdb(async (connection) => {
      const reader = await connection.runAndReadAll(
        `SELECT decode(value) FROM parquet_kv_metadata(${sqlPath(path)}) WHERE decode(key) = ${sqlString(FOOTER_KEY)}`,
      );
      return reader.getRows()[0]?.[0];
    });
    const footer: unknown = JSON.parse(typeof found === 'string' ? found : '{}');
    if (typeof footer !== 'object' || footer === null) return false;
    const kept = Object.entries(footer).filter(([key]) => !ignored.includes(key));
    return canonicalJson(Object.fromEntries(kept)) === canonicalJson(metadata);
  } catch {
    return false; // cut short, or no Parquet file: it is written anew
  }
}

function rowsOf(
  entries: readonly string[],
  counts: Float64Array,
  q: Float64Array | null,
  start: number,
  end: number,
): RecordBatch {
  const length = end - start;
  const slice = entries.slice(start, end);
  const offsets = new Int32Array(length + 1);
  slice.forEach((entry, i) => {
    offsets[i + 1] = (offsets[i] ?? 0) + Buffer.byteLength(entry);
  });
  const children = [
    makeData({
      type: new Uint32(),
      length,
      nullCount: 0,
      data: Uint32Array.from(slice, (_, i) => start + i),
    }),
    makeData({
      type: new Utf8(),
      length,
      nullCount: 0,
      valueOffsets: offsets,
      data: Buffer.from(slice.join('')),
    }),
    makeData({
      type: new Uint64(),
      length,
      nullCount: 0,
      data: BigUint64Array.from(slice, (_, i) => BigInt(counts[start + i] ?? 0)),
    }),
    makeData({
      type: new Float64(),
      length,
      nullCount: q === null ? length : 0,
      nullBitmap: new Uint8Array((length + 7) >> 3).fill(q === null ? 0 : 255),
      data: q === null ? new Float64Array(length) : q.slice(start, end),
    }),
  ];
  return new RecordBatch(SCHEMA, makeData({ type: new Struct(FIELDS), length, nullCount: 0, children }));
}
