/** Makes tars in memory with tar-stream, which the readers under test do not use. */
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';

type HeaderFields = Parameters<ReturnType<typeof pack>['entry']>[0];

/** Name and content of the members, in order. */
export type TarFiles = readonly (readonly [name: string | HeaderFields, content: string | Buffer])[];

/**
 * @param files - the members
 * @returns the archive with its two zero blocks at the end
 */
export async function makeTar(files: TarFiles): Promise<Buffer> {
  const archive = pack();
  for (const [header, content] of files) {
    archive.entry(typeof header === 'string' ? { name: header } : header, content);
  }
  archive.finalize();
  return buffer(archive);
}

/**
 * Changes the type of a header block in place, and makes its checksum right for all that was changed in it.
 *
 * @param tar - the archive
 * @param startByte - where the block starts
 * @param type - its type character
 */
export function sealHeader(tar: Buffer, startByte: number, type: string): void {
  const block = tar.subarray(startByte, startByte + 512);
  block.write(type, 156, 'latin1');
  block.fill(0x20, 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
