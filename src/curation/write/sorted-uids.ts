/**
 * DataComp's list of a subset: the uids of all kept pairs, each as two unsigned 64-bit numbers (its first and last 16 hex
 * digits), sorted, as a NumPy array of dtype `u8,u8`. Format: numpy.lib.format, version 1.0.
 *
 * DuckDB sorts, and spills to a temporary folder beside the file, so memory stays within its limit.
 */
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sqlPath, sqlString, withDuckdb } from '../../common/duckdb.ts';
import { MetaclipError } from '../../common/errors.ts';
import { produceFile, temporaryPathFor } from '../../common/files.ts';

const CHUNK_UIDS = 1 << 16;

/**
 * @param shardPaths - shards with a column `uid` of 32 hex digits
 * @param path - file to make
 * @returns size of the file in bytes
 * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
 */
export async function writeSortedUids(shardPaths: readonly string[], path: string): Promise<number> {
  const { sizeBytes } = await produceFile(path, (temporaryPath) =>
    withDuckdb(async (connection) => {
      await connection.run(`SET temp_directory = ${sqlString(temporaryPathFor(`${dirname(path)}/sort`))}`);
      const files = `[${shardPaths.map(sqlPath).join(', ')}]`;
      const counted = await connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM read_parquet(${files})`);
      const uidCount = Number(counted.getRows()[0]?.[0] ?? 0);
      const handle = await open(temporaryPath, 'wx');
      try {
        await handle.writeFile(npyHeader(uidCount));
        const result = await connection.stream(`SELECT uid FROM read_parquet(${files}) ORDER BY uid`);
        let chunk = Buffer.alloc(CHUNK_UIDS * 16);
        let filled = 0;
        let written = 0;
        for await (const rows of result.yieldRows()) {
          for (const [uid] of rows) {
            if (typeof uid !== 'string') continue;
            written++;
            chunk.writeBigUInt64LE(BigInt(`0x${uid.slice(0, 16)}`), filled * 16);
            chunk.writeBigUInt64LE(BigInt(`0x${uid.slice(16)}`), filled * 16 + 8);
            if (++filled === CHUNK_UIDS) {
              await handle.writeFile(chunk);
              chunk = Buffer.alloc(CHUNK_UIDS * 16);
              filled = 0;
            }
          }
        }
        await handle.writeFile(chunk.subarray(0, filled * 16));
        // A streamed result of DuckDB ends without an error where a page is damaged.
        if (written !== uidCount) {
          throw new MetaclipError(
            'E_DAMAGED_RUN_FILE',
            `${dirname(path)}: ${written} of ${uidCount} uids could be read`,
            {
              hint: 'remove the folder done/write and run the same command again',
              details: { got: written, limit: uidCount },
            },
          );
        }
      } finally {
        await handle.close();
      }
    }),
  );
  return sizeBytes;
}

function npyHeader(length: number): Buffer {
  const text = `{'descr': [('f0', '<u8'), ('f1', '<u8')], 'fortran_order': False, 'shape': (${length},), }`;
  const prefixBytes = 10;
  // The header ends with a newline, and the data begin at a multiple of 64.
  const padded = text.padEnd(Math.ceil((prefixBytes + text.length + 1) / 64) * 64 - prefixBytes - 1) + '\n';
  const head = Buffer.alloc(prefixBytes);
  head.write('\x93NUMPY\x01\x00', 'latin1');
  head.writeUInt16LE(padded.length, 8);
  return Buffer.concat([head, Buffer.from(padded, 'latin1')]);
}
