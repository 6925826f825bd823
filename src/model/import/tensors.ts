/** Tensors as they lie in checkpoint files: described, not read. */
import { type FileHandle, open } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/** Element types of checkpoints, by their names in safetensors. */
export type StoredDtype = 'F64' | 'F32' | 'F16' | 'BF16' | 'I64' | 'I32' | 'I16' | 'I8' | 'U8' | 'BOOL';

/** Bytes of one value. */
export const BYTES_OF: Readonly<Record<StoredDtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** A tensor in a file: row-major, little-endian, without gaps. */
export interface StoredTensor {
  /** Name in the checkpoint, for messages. */
  readonly name: string;
  readonly dtype: StoredDtype;
  readonly shape: readonly number[];
  /** Path of the file. */
  readonly file: string;
  readonly startByte: number;
  readonly byteLength: number;
}

/** All tensors of a model. */
export interface Checkpoint {
  /** Its file, or its index file when it is cut into several. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}

/**
 * @param shape - sizes
 * @returns number of values; 1 for a scalar
 */
export function countOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/**
 * @param tensor - with at least one dimension
 * @param from - first row kept
 * @param to - row after the last one kept
 * @returns those rows, as a tensor over the same bytes
 */
export function sliceRows(tensor: StoredTensor, from: number, to: number): StoredTensor {
  const rowBytes = tensor.byteLength / (tensor.shape[0] ?? 1);
  return {
    ...tensor,
    shape: [to - from, ...tensor.shape.slice(1)],
    startByte: tensor.startByte + from * rowBytes,
    byteLength: (to - from) * rowBytes,
  };
}

/** Reads ranges of files, each opened once; close it. */
export class RangeReader {
  readonly #handles = new Map<string, Promise<FileHandle>>();

  /**
   * @param path - file
   * @returns its size in bytes
   * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
   */
  async sizeOf(path: string): Promise<number> {
    return (await (await this.#open(path)).stat()).size;
  }

  /**
   * @param path - file
   * @param startByte - first byte
   * @param byteLength - number of bytes; that much memory is taken
   * @returns the bytes, owned by the caller, aligned for every element type
   * @throws {@link MetaclipError} `E_MODEL_FORMAT` when the file ends before; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
   */
  async read(path: string, startByte: number, byteLength: number): Promise<Buffer> {
    const handle = await this.#open(path);
    const bytes = Buffer.from(new ArrayBuffer(byteLength));
    let at = 0;
    try {
      while (at < byteLength) {
        // One read takes at most 2 GiB on Linux.
        const { bytesRead } = await handle.read(
          bytes,
          at,
          Math.min(byteLength - at, 1 << 30),
          startByte + at,
        );
        if (bytesRead === 0) break;
        at += bytesRead;
      }
    } catch (error) {
      throw describeSystemError(error, path, 'read');
    }
    if (at < byteLength) {
      throw new MetaclipError(
        'E_MODEL_FORMAT',
        `${path}: ends at byte ${startByte + at}, where ${byteLength} bytes from ${startByte} are needed`,
        { hint: 'the file is cut off: download it again', details: { path, byte: startByte + at } },
      );
    }
    return bytes;
  }

  /** Closes all files. */
  async close(): Promise<void> {
    const handles = await Promise.allSettled(this.#handles.values());
    this.#handles.clear();
    for (const one of handles) if (one.status === 'fulfilled') await one.value.close();
  }

  async #open(path: string): Promise<FileHandle> {
    let handle = this.#handles.get(path);
    if (handle === undefined) {
      handle = open(path, 'r');
      this.#handles.set(path, handle);
    }
    try {
      return await handle;
    } catch (error) {
      throw describeSystemError(error, path, 'read');
    }
  }
}
