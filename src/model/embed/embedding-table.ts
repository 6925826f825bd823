/** Parquet files of embeddings and of what belongs to them. */
import {
  Field,
  FixedSizeList,
  Float32,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Table,
  tableToIPC,
  Utf8,
  vectorFromArray,
} from 'apache-arrow';
import type { Data, DataType } from 'apache-arrow';
import * as parquet from 'parquet-wasm/node';
import { canonicalJson } from '../../common/hashing.ts';

/** One column: texts, or vectors of one length. */
export type TableColumn =
  | { readonly name: string; readonly texts: readonly string[] }
  | { readonly name: string; readonly vectors: Float32Array; readonly dimension: number };

/** Rows of a row group: some 130 MB of 1,024 float32. */
const ROW_GROUP_ROWS = 32_768;

/**
 * Writes columns as one Parquet file (zstd). Vectors become a list whose length stands in the Arrow schema of the footer, so that
 * Arrow, Polars, DuckDB and Lance read a fixed-size list.
 *
 * Memory: about three times the columns.
 *
 * @param columns - all of `rowCount` rows
 * @param rowCount - number of rows
 * @param metadata - written to the footer as JSON under the key `metaclip`
 * @returns the bytes of the file, equal for equal input
 */
export function parquetOf(
  columns: readonly TableColumn[],
  rowCount: number,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const children = columns.map(columnData);
  const fields = columns.map(({ name }, at) => new Field(name, typeOf(children[at]), false));
  const schema = new Schema(fields);
  const data = makeData({ type: new Struct(fields), length: rowCount, nullCount: 0, children });
  const table = parquet.Table.fromIPCStream(tableToIPC(new Table([new RecordBatch(schema, data)]), 'stream'));
  const properties = new parquet.WriterPropertiesBuilder()
    .setCompression(parquet.Compression.ZSTD)
    .setDictionaryEnabled(false)
    .setMaxRowGroupSize(ROW_GROUP_ROWS)
    // One key only: the writer keeps keys in a map with a random order.
    .setKeyValueMetadata(new Map([['metaclip', canonicalJson(metadata)]]))
    .setCreatedBy('metaclip')
    .build();
  return parquet.writeParquet(table, properties);
}

function columnData(column: TableColumn): Data {
  if ('texts' in column) {
    const [data] = vectorFromArray(column.texts, new Utf8()).data;
    return data ?? makeData({ type: new Utf8() });
  }
  const { vectors, dimension } = column;
  const child = makeData({ type: new Float32(), length: vectors.length, nullCount: 0, data: vectors });
  const type = new FixedSizeList(dimension, new Field('item', new Float32(), false));
  return makeData({ type, length: vectors.length / dimension, nullCount: 0, child });
}

function typeOf(data: Data | undefined): DataType {
  if (data === undefined) throw new Error('a column without data');
  return data.type;
}
