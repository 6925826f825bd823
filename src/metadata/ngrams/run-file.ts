/**
 * A run: counted keys in byte order, in a temporary file. Record: length of the key in bytes as an unsigned 16-bit
 * little-endian number, the key, its count as a 64-bit little-endian float (exact up to 2^53).
 *
 * Reading and writing are synchronous: a merge takes one record at a time from many files, and a promise a record would
 * cost more than the record.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

const BUFFER_BYTES = 256 * 1024;
const MAX_RECORD_BYTES = 2 + 0xffff + 8;

/** Writes one run; `close` in any case. */
export class RunWriter {
  readonly #path: string;
  readonly #file: number;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  #used = 0;

  /**
   * @param path - file to make
   * @throws {@link MetaclipError} `E_DISK_FULL`, `E_OUTPUT_UNWRITABLE`
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'w');
    } catch (error) {
      throw describeSystemError(error, path, 'write');
    }
  }

  /**
   * @param bytes - holds the key
   * @param start - first byte of the key
   * @param end - behind its last byte
   * @param count - its count
   */
  write(bytes: Uint8Array, start: number, end: number, count: number): void {
    if (this.#used + MAX_RECORD_BYTES > BUFFER_BYTES) this.#flush();
    const length = end - start;
    const buffer = this.#buffer;
    let at = buffer.writeUInt16LE(length, this.#used);
    for (let i = start; i < end; i++) buffer[at++] = bytes[i] ?? 0;
    this.#used = buffer.writeDoubleLE(count, at);
  }

  /** Writes what is left and closes the file. */
  close(): void {
    try {
      this.#flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #flush(): void {
    try {
      for (let at = 0; at < this.#used;) at += writeSync(this.#file, this.#buffer, at, this.#used - at);
    } catch (error) {
      throw describeSystemError(error, this.#path, 'write');
    }
    this.#used = 0;
  }
}

/** Reads one run, record by record; `close` in any case. Memory: one buffer of 256 KiB. */
export class RunReader {
  /** Holds the current key; overwritten by the next call of {@link RunReader.next}. */
  readonly buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  /** First byte of the current key. */
  start = 0;
  /** Behind the last byte of the current key. */
  end = 0;
  /** Count of the current key. */
  count = 0;
  readonly #path: string;
  readonly #file: number;
  #next = 0;
  #filled = 0;
  #isAtEnd = false;

  /**
   * @param path - what a {@link RunWriter} wrote
   * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
   */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#file = openSync(path, 'r');
    } catch (error) {
      throw describeSystemError(error, path, 'read');
    }
  }

  /**
   * @returns false when there are no more records
   * @throws {@link MetaclipError} `E_INPUT_UNREADABLE` when the temporary file has been changed
   */
  next(): boolean {
    if (this.#next + MAX_RECORD_BYTES > this.#filled && !this.#isAtEnd) this.#fill();
    if (this.#next === this.#filled) return false;
    this.start = this.#next + 2;
    this.end = this.start + (this.#filled - this.#next < 2 ? 0 : this.buffer.readUInt16LE(this.#next));
    if (this.end + 8 > this.#filled) {
      throw new MetaclipError(
        'E_INPUT_UNREADABLE',
        `${this.#path}: the temporary file ends inside a record`,
        {
          hint: 'something else changed it; run the command again',
        },
      );
    }
    this.count = this.buffer.readDoubleLE(this.end);
    this.#next = this.end + 8;
    return true;
  }

  /** @returns the current key as a string */
  key(): string {
    return this.buffer.toString('utf8', this.start, this.end);
  }

  /** Closes the file. */
  close(): void {
    closeSync(this.#file);
  }

  #fill(): void {
    this.buffer.copyWithin(0, this.#next, this.#filled);
    this.#filled -= this.#next;
    this.#next = 0;
    while (this.#filled < BUFFER_BYTES) {
      const read = readSync(this.#file, this.buffer, this.#filled, BUFFER_BYTES - this.#filled, null);
      if (read === 0) {
        this.#isAtEnd = true;
        return;
      }
      this.#filled += read;
    }
  }
}
