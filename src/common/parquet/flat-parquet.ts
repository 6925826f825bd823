/**
 * Parquet files of a few flat columns, written block by block without a library: one page a column and block, plain values, not
 * compressed. For the files of a run beside its pairs: numbers by the thousand, for which loading parquet-wasm and Arrow takes
 * longer than all else (150 ms and 45 MB in each thread).
 *
 * Source: https://parquet.apache.org/docs/file-format/ and parquet.thrift of format 2.
 */
import { closeSync, openSync, writevSync } from 'node:fs';
import { canonicalJson } from '../hashing.ts';
import { describeSystemError } from '../errors.ts';
import { CompactWriter, THRIFT } from './compact-protocol.ts';

/**
 * The one key of the footer's key-value metadata, with all of it as JSON. One key in all our files, because the writer of the
 * matched pairs keeps keys in a hash map with a random seed: two would come out in either order.
 */
export const FOOTER_KEY = 'metaclip';

/** Begins and ends every Parquet file. */
export const MAGIC = Buffer.from('PAR1');

/** Physical type, and the number of the converted type, if any. */
const TYPES = Object.freeze({
  uint32: { physical: 1, converted: 13 },
  uint64: { physical: 2, converted: 14 },
  float: { physical: 4, converted: undefined },
  double: { physical: 5, converted: undefined },
  utf8: { physical: 6, converted: 0 },
});
const ENCODING = Object.freeze({ plain: 0, rle: 3 });
const REPETITION = Object.freeze({ required: 0, optional: 1 });
const UNCOMPRESSED = 0;
const DATA_PAGE = 0;

/** A column of the file. */
export interface FlatColumn {
  readonly name: string;
  readonly type: keyof typeof TYPES;
  readonly isNullable?: boolean;
}

/** Values of a column in a block. */
export interface ColumnValues {
  /** Those that are not null, as Parquet has them plain: typed arrays as they lie in memory; see also {@link plainStrings}. */
  readonly plain: NodeJS.ArrayBufferView;
  /** Of a nullable column: bit i & 7 of byte i >> 3 is 1 where value i is not null. */
  readonly validity?: Uint8Array;
}

interface Chunk {
  readonly offset: number;
  readonly sizeBytes: number;
}

interface Block {
  readonly rowCount: number;
  readonly chunks: readonly Chunk[];
}

/** Writes blocks; `write` as often as needed, then `close`, or `abort`. Synchronous: what it writes is small. */
export class FlatParquetWriter {
  readonly #path: string;
  readonly #columns: readonly FlatColumn[];
  readonly #metadata: Readonly<Record<string, string>>;
  readonly #blocks: Block[] = [];
  readonly #file: number;
  #position = 0;
  #isOpen = true;

  /**
   * @param path - temporary path of a new file
   * @param columns - all of the file
   * @param metadata - written to the footer as JSON under {@link FOOTER_KEY}
   * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
   */
  constructor(path: string, columns: readonly FlatColumn[], metadata: Readonly<Record<string, string>>) {
    this.#path = path;
    this.#columns = columns;
    this.#metadata = metadata;
    try {
      this.#file = openSync(path, 'wx');
    } catch (error) {
      throw describeSystemError(error, path, 'write');
    }
    this.#append([MAGIC]);
  }

  /**
   * Appends rows as one row group.
   *
   * @param rowCount - number of rows
   * @param values - of each column, in order
   * @throws {@link MetaclipError} `E_DISK_FULL`
   */
  write(rowCount: number, values: readonly ColumnValues[]): void {
    const chunks = values.map(({ plain, validity }): Chunk => {
      const levels = validity === undefined ? [] : levelsOf(validity, rowCount);
      const pageBytes = levels.reduce((sum, part) => sum + part.byteLength, plain.byteLength);
      const parts = [pageHeader(rowCount, pageBytes), ...levels, plain];
      const offset = this.#position;
      this.#append(parts);
      return { offset, sizeBytes: this.#position - offset };
    });
    this.#blocks.push({ rowCount, chunks });
  }

  /** Writes the footer and closes the file. */
  close(): void {
    const footer = this.#footer();
    const tail = Buffer.alloc(4);
    tail.writeUInt32LE(footer.length);
    this.#append([footer, tail, MAGIC]);
    this.abort();
  }

  /** Closes the file without finishing it; the caller removes it. Safe to call after a close. */
  abort(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    closeSync(this.#file);
  }

  #append(parts: readonly NodeJS.ArrayBufferView[]): void {
    const wanted = parts.reduce((sum, part) => sum + part.byteLength, 0);
    try {
      const written = writevSync(this.#file, parts);
      if (written !== wanted) throw Object.assign(new Error('short write'), { code: 'ENOSPC' });
    } catch (error) {
      throw describeSystemError(error, this.#path, 'write');
    }
    this.#position += wanted;
  }

  #footer(): Uint8Array {
    const out = new CompactWriter();
    out.i32(1, 1); // version of the format
    out.list(2, THRIFT.struct, [undefined, ...this.#columns], (column) => {
      out.structElement(() => {
        if (column === undefined) {
          out.text(4, 'schema');
          out.i32(5, this.#columns.length);
          return;
        }
        const { physical, converted } = TYPES[column.type];
        out.i32(1, physical);
        out.i32(3, column.isNullable === true ? REPETITION.optional : REPETITION.required);
        out.text(4, column.name);
        if (converted !== undefined) out.i32(6, converted);
      });
    });
    out.i64(
      3,
      this.#blocks.reduce((sum, { rowCount }) => sum + rowCount, 0),
    );
    out.list(4, THRIFT.struct, this.#blocks, (block) => {
      out.structElement(() => {
        this.#writeRowGroup(out, block);
      });
    });
    out.list(5, THRIFT.struct, [canonicalJson(this.#metadata)], (json) => {
      out.structElement(() => {
        out.text(1, FOOTER_KEY);
        out.text(2, json);
      });
    });
    out.text(6, 'metaclip');
    return out.finish();
  }

  #writeRowGroup(out: CompactWriter, { rowCount, chunks }: Block): void {
    const columns = this.#columns.map((column, at) => ({
      column,
      chunk: chunks[at] ?? { offset: 0, sizeBytes: 0 },
    }));
    out.list(1, THRIFT.struct, columns, ({ column, chunk }) => {
      out.structElement(() => {
        out.i64(2, chunk.offset);
        out.struct(3, () => {
          out.i32(1, TYPES[column.type].physical);
          out.list(2, THRIFT.i32, [ENCODING.plain, ENCODING.rle], (encoding) => {
            out.numberElement(encoding);
          });
          out.list(3, THRIFT.binary, [column.name], (name) => {
            out.textElement(name);
          });
          out.i32(4, UNCOMPRESSED);
          out.i64(5, rowCount);
          out.i64(6, chunk.sizeBytes);
          out.i64(7, chunk.sizeBytes);
          out.i64(9, chunk.offset);
        });
      });
    });
    out.i64(
      2,
      chunks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    );
    out.i64(3, rowCount);
  }
}

function pageHeader(rowCount: number, pageBytes: number): Uint8Array {
  const out = new CompactWriter();
  out.i32(1, DATA_PAGE);
  out.i32(2, pageBytes);
  out.i32(3, pageBytes);
  out.struct(5, () => {
    out.i32(1, rowCount);
    out.i32(2, ENCODING.plain);
    out.i32(3, ENCODING.rle);
    out.i32(4, ENCODING.rle);
  });
  return out.finish();
}

/** Definition levels 0 and 1 as one bit-packed run, which is what a validity bitmap is. */
function levelsOf(validity: Uint8Array, rowCount: number): Uint8Array[] {
  const groupCount = (rowCount + 7) >> 3;
  const head = [];
  let rest = groupCount * 2 + 1;
  for (; rest >= 0x80; rest >>>= 7) head.push((rest & 0x7f) | 0x80);
  head.push(rest);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(head.length + groupCount);
  return [length, Uint8Array.from(head), validity.subarray(0, groupCount)];
}

/**
 * @param values - whole numbers in [0, 2^53)
 * @returns them as 64-bit numbers, low word first: without a BigInt for each, which takes longer than writing them
 */
export function plainUint64(values: ArrayLike<number>): Uint32Array {
  const words = new Uint32Array(values.length * 2);
  for (let i = 0; i < values.length; i++) putUint64(words, i, values[i] ?? 0);
  return words;
}

const WORD = 2 ** 32;

/**
 * @param words - column of 64-bit numbers as their words, low word first; changed in place
 * @param at - which number
 * @param value - whole number in [0, 2^53)
 */
export function putUint64(words: Uint32Array, at: number, value: number): void {
  words[at * 2] = value;
  words[at * 2 + 1] = value / WORD;
}

/**
 * @param words - column of 64-bit numbers as their words, low word first
 * @param at - which number
 * @returns it; exact below 2^53
 */
export function getUint64(words: Uint32Array, at: number): number {
  return (words[at * 2] ?? 0) + (words[at * 2 + 1] ?? 0) * WORD;
}

/**
 * @param texts - strings
 * @returns each as its length in UTF-8 bytes, 32 bits, and these bytes
 */
export function plainStrings(texts: readonly string[]): Uint8Array {
  const room = texts.reduce((sum, text) => sum + 4 + text.length * 3, 0);
  const bytes = Buffer.allocUnsafe(room);
  let at = 0;
  for (const text of texts) {
    const length = bytes.write(text, at + 4);
    bytes.writeUInt32LE(length, at);
    at += 4 + length;
  }
  return bytes.subarray(0, at);
}
