/**
 * Cuts a stream of bytes into lines at `\n` only: U+2028, U+0085 and a lone CR are ordinary characters of a text. A line
 * over the limit is skipped without being kept, so an endless line costs no memory.
 */

/** One line of a file. */
export interface Line {
  /**
   * The line without its `\n` and without one CR before it; `undefined` when it is over the limit. A view that is valid
   * until the next line is asked for.
   */
  readonly bytes: Buffer | undefined;
  /** Number of the line in the file, from 0. */
  readonly number: number;
  /** Where the line starts in the stream. */
  readonly startByte: number;
  /** Its length in the stream, CR included and `\n` not. */
  readonly lengthBytes: number;
  /** True when a CR stood before the `\n`. */
  readonly hadCarriageReturn: boolean;
}

/** Push parser: give it chunks of any size, then {@link LineSplitter.finish}. Holds at most one line below the limit. */
export class LineSplitter {
  readonly #maxLineBytes: number;
  #parts: Buffer[] = [];
  /** Bytes of the unfinished line, those no longer kept included. */
  #pendingBytes = 0;
  #lineNumber = 0;
  #lineStart = 0;

  /** @param maxLineBytes - longest line delivered */
  constructor(maxLineBytes: number) {
    this.#maxLineBytes = maxLineBytes;
  }

  /**
   * @param chunk - the next bytes; not kept after the last line of it has been taken
   * @yields every line that ends in this chunk; take them all before the next call
   */
  *push(chunk: Buffer): Generator<Line, void, void> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(10, start);
      if (end < 0) break;
      yield this.#complete(chunk.subarray(start, end), 1);
      start = end + 1;
    }
    if (start < chunk.length) {
      this.#pendingBytes += chunk.length - start;
      // One byte beyond the limit may be the CR of a line end.
      if (this.#pendingBytes > this.#maxLineBytes + 1) this.#parts = [];
      else this.#parts.push(Buffer.from(chunk.subarray(start)));
    }
  }

  /** @returns the last line where it has no `\n`, else undefined */
  finish(): Line | undefined {
    return this.#pendingBytes === 0 ? undefined : this.#complete(Buffer.alloc(0), 0);
  }

  #complete(tail: Buffer, newlineBytes: number): Line {
    const lengthBytes = this.#pendingBytes + tail.length;
    let bytes: Buffer | undefined;
    if (lengthBytes <= this.#maxLineBytes + 1) {
      bytes = this.#parts.length === 0 ? tail : Buffer.concat([...this.#parts, tail]);
    }
    const hadCarriageReturn = bytes !== undefined && bytes.length > 0 && bytes[bytes.length - 1] === 13;
    if (bytes !== undefined && hadCarriageReturn) bytes = bytes.subarray(0, -1);
    if (bytes !== undefined && bytes.length > this.#maxLineBytes) bytes = undefined;
    const line = {
      bytes,
      number: this.#lineNumber,
      startByte: this.#lineStart,
      lengthBytes,
      hadCarriageReturn,
    };
    this.#parts = [];
    this.#pendingBytes = 0;
    this.#lineNumber++;
    this.#lineStart += lengthBytes + newlineBytes;
    return line;
  }
}

/** Cuts a UTF-8 byte order mark off the first line of a file. */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * @param bytes - the start of a file or its first line
 * @returns the same without a UTF-8 byte order mark
 */
export function skipByteOrderMark(bytes: Buffer): Buffer {
  return bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes;
}
