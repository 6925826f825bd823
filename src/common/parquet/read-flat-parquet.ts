/** Reads back what `FlatParquetWriter` wrote; no other Parquet files. */
import { readStruct } from './compact-protocol.ts';
import { MAGIC } from './flat-parquet.ts';
import { parseFooter } from './parquet-footer.ts';

/** One row group. */
export interface FlatBlock {
  readonly rowCount: number;
  /** Plain values of each column, in order, after the levels of a nullable one; views of the file. */
  readonly columns: readonly Uint8Array[];
}

/**
 * @param file - all bytes of the file
 * @returns its row groups
 * @throws Error where it is damaged, or none that `FlatParquetWriter` wrote
 */
export function readFlatParquet(file: Uint8Array): FlatBlock[] {
  if (!MAGIC.equals(file.subarray(0, MAGIC.length))) throw new Error('no start of a Parquet file');
  const footer = parseFooter(file);
  if (footer.text(6) !== 'metaclip') throw new Error('not written by metaclip');
  return footer.structs(4).map((group) => {
    const rowCount = group.number(3);
    const columns = group.structs(1).map((chunk) => {
      const meta = chunk.struct(3);
      const offset = meta.number(9);
      const chunkEnd = offset + meta.number(7);
      const { struct: header, end: start } = readStruct(file, offset);
      const end = start + header.number(3);
      if (
        meta.number(4) !== 0 ||
        end !== chunkEnd ||
        end > file.length ||
        header.struct(5).number(1) !== rowCount
      )
        throw new Error(`a column at byte ${offset} is not as it was written`);
      return file.subarray(start, end);
    });
    return { rowCount, columns };
  });
}
