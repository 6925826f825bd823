/** The footer of a Parquet file, read without a Parquet reader: loading one for a look at a footer takes longer than a stage. */
import { open } from 'node:fs/promises';
import { canonicalJson } from '../hashing.ts';
import { readStruct, type ThriftStruct } from './compact-protocol.ts';
import { FOOTER_KEY, MAGIC } from './flat-parquet.ts';

/** Length of the footer and the magic bytes. */
const TAIL_BYTES = 8;

/**
 * @param end - last bytes of a file; all of the footer must be among them
 * @returns FileMetaData of parquet.thrift
 * @throws RangeError where it is cut short, and Error where it is no Parquet file
 */
export function parseFooter(end: Uint8Array): ThriftStruct {
  return readStruct(end, end.length - TAIL_BYTES - footerBytes(end)).struct;
}

function footerBytes(end: Uint8Array): number {
  const tail = Buffer.from(end.buffer, end.byteOffset, end.byteLength).subarray(-TAIL_BYTES);
  if (tail.length < TAIL_BYTES || !tail.subarray(4).equals(MAGIC))
    throw new Error('no end of a Parquet file');
  return tail.readUInt32LE();
}

/**
 * Whether a file says of itself that it was made of the same things. So a file that another stage has written since, or that
 * was left behind by an interrupted call, is known for what it is.
 *
 * @param path - a file of ours; may be absent
 * @param metadata - what is wanted in its footer
 * @param ignored - keys of the footer that do not matter
 * @returns true when the footer is equal; false too when there is no readable file: it is then written anew
 */
export async function hasFooter(
  path: string,
  metadata: Readonly<Record<string, string>>,
  ignored: readonly string[] = [],
): Promise<boolean> {
  try {
    const pairs = parseFooter(await readEnd(path)).structs(5);
    const json = pairs.find((pair) => pair.text(1) === FOOTER_KEY)?.text(2);
    const found: unknown = JSON.parse(json ?? 'null');
    if (typeof found !== 'object' || found === null) return false;
    const kept = Object.entries(found).filter(([key]) => !ignored.includes(key));
    return canonicalJson(Object.fromEntries(kept)) === canonicalJson(metadata);
  } catch {
    return false; // absent, cut short, or none of ours
  }
}

/** The footer with its tail. */
async function readEnd(path: string): Promise<Buffer> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    const tail = Buffer.alloc(TAIL_BYTES);
    await handle.read(tail, 0, TAIL_BYTES, Math.max(0, size - TAIL_BYTES));
    const end = Buffer.alloc(Math.min(size, footerBytes(tail) + TAIL_BYTES));
    await handle.read(end, 0, end.length, size - end.length);
    return end;
  } finally {
    await handle.close();
  }
}
