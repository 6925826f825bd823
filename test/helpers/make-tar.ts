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
