/** NumPy's file format, version 1.0, for matrices: what clip-retrieval, faiss and autofaiss read. */
import { toFloat16Array } from '../encode/float16.ts';

/** How embeddings are stored. */
export const EMBEDDING_DTYPES = ['float32', 'float16'] as const;
/** See {@link EMBEDDING_DTYPES}. */
export type EmbeddingDtype = (typeof EMBEDDING_DTYPES)[number];

/**
 * @param data - `count * dimension` values, row by row
 * @param dimension - values in a row
 * @param dtype - stored type; float16 is rounded to nearest, ties to even
 * @returns the bytes of an .npy file; a copy of the data
 */
export function npyOf(data: Float32Array, dimension: number, dtype: EmbeddingDtype): Uint8Array {
  const shape = `(${data.length / dimension}, ${dimension})`;
  const dict = `{'descr': '${dtype === 'float32' ? '<f4' : '<f2'}', 'fortran_order': False, 'shape': ${shape}, }`;
  // Magic, version and length take 10 bytes; spaces and a line feed fill up to a multiple of 64, so that the data is aligned.
  const headerLength = Math.ceil((10 + dict.length + 1) / 64) * 64 - 10;
  const head = Buffer.alloc(10 + headerLength, ' ');
  head.write('\x93NUMPY\x01\x00', 0, 'latin1');
  head.writeUInt16LE(headerLength, 8);
  head.write(dict, 10, 'latin1');
  head.write('\n', head.length - 1);
  const values = dtype === 'float32' ? data : toFloat16Array(data);
  return Buffer.concat([head, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]);
}
