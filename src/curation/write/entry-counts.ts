/** `entry_counts.parquet`: one row an entry, in list order: entry_id, entry, count, q (null until balanced). */
import { readFileSync } from 'node:fs';
import { produceFileSync } from '../../common/files.ts';
import {
  type FlatColumn,
  FlatParquetWriter,
  getUint64,
  plainStrings,
  plainUint64,
} from '../../common/parquet/flat-parquet.ts';
import { readFlatParquet } from '../../common/parquet/read-flat-parquet.ts';

const ROW_GROUP_ROWS = 65_536;
const COLUMNS: readonly FlatColumn[] = [
  { name: 'entry_id', type: 'uint32' },
  { name: 'entry', type: 'utf8' },
  { name: 'count', type: 'uint64' },
  { name: 'q', type: 'double', isNullable: true },
];
const COUNT_COLUMN = COLUMNS.findIndex(({ name }) => name === 'count');

/**
 * Memory: one row group, and 4 bytes an entry.
 *
 * @param path - file to make
 * @param entries - the list
 * @param counts - count by entry id
 * @param q - entry probability by entry id; null before balancing
 * @param metadata - key-value metadata of the footer
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export function writeEntryCounts(
  path: string,
  entries: readonly string[],
  counts: Float64Array,
  q: Float64Array | null,
  metadata: Readonly<Record<string, string>>,
): number {
  const { sizeBytes } = produceFileSync(path, (temporaryPath) => {
    const ids = new Uint32Array(entries.length);
    for (let id = 0; id < ids.length; id++) ids[id] = id;
    const writer = new FlatParquetWriter(temporaryPath, COLUMNS, metadata);
    try {
      for (let start = 0; start === 0 || start < entries.length; start += ROW_GROUP_ROWS) {
        const end = Math.min(entries.length, start + ROW_GROUP_ROWS);
        const rowCount = end - start;
        writer.write(rowCount, [
          { plain: ids.subarray(start, end) },
          { plain: plainStrings(entries.slice(start, end)) },
          { plain: plainUint64(counts.subarray(start, end)) },
          {
            plain: q?.subarray(start, end) ?? new Float64Array(0),
            validity: new Uint8Array((rowCount + 7) >> 3).fill(q === null ? 0 : 255),
          },
        ]);
      }
      writer.close();
    } finally {
      writer.abort();
    }
  });
  return sizeBytes;
}

/**
 * @param path - file that {@link writeEntryCounts} made
 * @param counts - receives the count of each entry, by entry id
 * @throws Error where it is damaged, or of another number of entries
 */
export function readTotalCounts(path: string, counts: Float64Array): void {
  let entry = 0;
  for (const { rowCount, columns } of readFlatParquet(readFileSync(path))) {
    const column = columns[COUNT_COLUMN];
    if (column?.length !== rowCount * 8 || entry + rowCount > counts.length)
      throw new Error('unexpected columns');
    const words = new Uint32Array(new Uint8Array(column).buffer);
    for (let i = 0; i < rowCount; i++) counts[entry++] = getUint64(words, i);
  }
  if (entry !== counts.length) throw new Error(`${entry} entries of ${counts.length}`);
}
