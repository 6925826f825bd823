/** Writes the weights of a graph into one file, converted on the way. */
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { MetaclipError } from '../../common/errors.ts';
import { checkFinite, encodeFloat16, toFloat32 } from './floating.ts';
import { BYTES_OF, countOf, type RangeReader, type StoredTensor } from './tensors.ts';
import type { PlannedTensor } from './weight-plan.ts';

/** Read at a time; a matrix is converted row by row, so the vocabulary of XLM-V (3.7 GB) needs no more. */
const CHUNK_BYTES = 8 << 20;
/** The largest number that float16 holds; above it rounding gives infinity. */
const MAX_FLOAT16 = 65_519;

/** How far the writing is. */
export type WeightProgress = (doneBytes: number) => void;

/**
 * Memory: some 8 MiB of a tensor in two or three forms, or one row of it where a row is larger.
 *
 * @param path - temporary name of the new file
 * @param planned - its tensors, by their place
 * @param reader - reads the checkpoint
 * @param onBytes - called with the bytes read so far
 * @param signal - ends the writing
 * @returns sha256 of the file
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming a tensor with a value that is not finite or too large for float16;
 *   `E_INTERRUPTED`
 */
export async function writeWeights(
  path: string,
  planned: readonly PlannedTensor[],
  reader: RangeReader,
  onBytes: WeightProgress,
  signal: AbortSignal | undefined,
): Promise<string> {
  const hash = createHash('sha256');
  const handle = await open(path, 'wx');
  let endByte = 0;
  let readBytes = 0;
  const write = async (bytes: Uint8Array): Promise<void> => {
    hash.update(bytes);
    await handle.writeFile(bytes);
    endByte += bytes.byteLength;
  };
  const padTo = async (startByte: number): Promise<void> => {
    if (startByte > endByte) await write(new Uint8Array(startByte - endByte));
  };
  try {
    for (const { tensor, encoding, startByte, scalesStartByte } of planned) {
      await padTo(startByte);
      const scales = new Float32Array(encoding === 'int8' ? (tensor.shape[0] ?? 1) : 0);
      for await (const { values, firstRow, rowCount } of readRows(tensor, reader)) {
        if (signal?.aborted === true) throw interrupted();
        await write(encode(values, tensor, encoding, scales.subarray(firstRow, firstRow + rowCount)));
        readBytes += values.byteLength;
        onBytes(readBytes);
      }
      if (encoding === 'int8') {
        await padTo(scalesStartByte);
        await write(new Uint8Array(scales.buffer));
      }
    }
  } finally {
    await handle.close();
  }
  return hash.digest('hex');
}

interface RowChunk {
  readonly values: Buffer;
  readonly firstRow: number;
  readonly rowCount: number;
}

async function* readRows(tensor: StoredTensor, reader: RangeReader): AsyncGenerator<RowChunk> {
  const rows = tensor.shape[0] ?? 1;
  const rowBytes = tensor.byteLength / rows;
  const rowsAtATime = Math.max(1, Math.floor(CHUNK_BYTES / rowBytes));
  for (let firstRow = 0; firstRow < rows; firstRow += rowsAtATime) {
    const rowCount = Math.min(rowsAtATime, rows - firstRow);
    const values = await reader.read(
      tensor.file,
      tensor.startByte + firstRow * rowBytes,
      rowCount * rowBytes,
    );
    yield { values, firstRow, rowCount };
  }
}

/** `scales` gets one value a row, for int8. */
function encode(
  values: Buffer,
  tensor: StoredTensor,
  encoding: PlannedTensor['encoding'],
  scales: Float32Array,
): Uint8Array {
  const floats = toFloat32(values, tensor.dtype);
  checkFinite(floats, tensor);
  switch (encoding) {
    case 'copy':
      return values;
    case 'float32':
      return new Uint8Array(floats.buffer, floats.byteOffset, floats.byteLength);
    case 'float16':
      checkFloat16(floats, tensor);
      return new Uint8Array(encodeFloat16(floats).buffer);
    case 'int8':
      return quantizeRows(floats, scales);
  }
}

/**
 * Symmetric, per row: the largest magnitude becomes 127. A row of zeros gets the scale 1.
 *
 * @param values - `scales.length` rows
 * @param scales - gets the factor of each row
 * @returns the values as int8
 */
export function quantizeRows(values: Float32Array, scales: Float32Array): Uint8Array {
  const bytes = new Int8Array(values.length);
  const width = values.length / scales.length;
  for (let row = 0; row < scales.length; row++) {
    let largest = 0;
    for (let i = row * width; i < (row + 1) * width; i++)
      largest = Math.max(largest, Math.abs(values[i] ?? 0));
    // As float32, since that is what the graph multiplies with.
    const scale = Math.fround(largest / 127) || 1;
    scales[row] = scale;
    for (let i = row * width; i < (row + 1) * width; i++) {
      bytes[i] = Math.max(-127, Math.min(127, Math.round((values[i] ?? 0) / scale)));
    }
  }
  return new Uint8Array(bytes.buffer);
}

function checkFloat16(values: Float32Array, tensor: StoredTensor): void {
  const at = values.findIndex((value) => Math.abs(value) > MAX_FLOAT16);
  if (at < 0) return;
  throw new MetaclipError(
    'E_MODEL_FORMAT',
    `${tensor.file}: tensor ${tensor.name} has the value ${values[at] ?? 0}, float16 ends at 65504`,
    { hint: 'import without --dtype float16', details: { path: tensor.file, tensor: tensor.name } },
  );
}

/**
 * @param planned - tensors of new files
 * @returns bytes that writing them reads
 */
export function bytesToRead(planned: readonly PlannedTensor[]): number {
  return planned.reduce((sum, { tensor }) => sum + countOf(tensor.shape) * BYTES_OF[tensor.dtype], 0);
}

function interrupted(): MetaclipError {
  return new MetaclipError('E_INTERRUPTED', 'interrupted while weights were written', {
    hint: 'run the same command again; what was written is removed',
  });
}
