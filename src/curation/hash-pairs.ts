/**
 * The ids of many pairs at once, by the WebAssembly kernel `sha256`: what {@link writeUid} and {@link writeUuid} give, at
 * 0.55 us a pair instead of 1.1 (messages of 80 and 130 bytes), because four messages go through at a time.
 */
import { loadKernel } from '../common/kernels.ts';
import { UID_WORDS, UUID_BYTES, writeUid, writeUuid } from './pair-ids.ts';

// Layout of the kernel's memory; see kernels/sha256.ts.
const URL_OFFSETS = 65536;
const TEXT_OFFSETS = 73728;
const UIDS = 81920;
const UUIDS = 98304;
const URL_BYTES = 114688;
const TEXT_BYTES = 262144;
const MAX_ROWS = 1024;
/** Bytes of strings for one call, less than there is room for: the kernel reads and writes up to 16 too many. */
const MAX_URL_BYTES = 128 << 10;
const MAX_TEXT_BYTES = 240 << 10;

const UID_BYTES = UID_WORDS * 4;

/** Strings in the Arrow Utf8 layout. */
interface Strings {
  readonly bytes: Uint8Array;
  readonly offsets: Int32Array;
}

/** Hashes blocks of pairs. Memory: 1.5 MiB. */
export class PairHasher {
  readonly #memory: Uint8Array;
  readonly #urlOffsets: Int32Array;
  readonly #textOffsets: Int32Array;
  readonly #hashRows: (rowCount: number) => number;

  constructor() {
    const kernel = loadKernel('sha256');
    this.#memory = new Uint8Array(kernel.buffer);
    this.#urlOffsets = new Int32Array(kernel.buffer, URL_OFFSETS, MAX_ROWS + 1);
    this.#textOffsets = new Int32Array(kernel.buffer, TEXT_OFFSETS, MAX_ROWS + 1);
    this.#hashRows = kernel.getFunction('hashRows');
  }

  /**
   * @param url - the urls, as UTF-8
   * @param text - the texts
   * @param rowCount - rows of both
   * @param uids - receives 16 bytes a row
   * @param uuids - receives {@link UUID_BYTES} bytes a row
   */
  hash(url: Strings, text: Strings, rowCount: number, uids: Uint8Array, uuids: Uint8Array): void {
    for (let start = 0; start < rowCount;) {
      const end = findEnd(url, text, start, rowCount);
      if (end > start) this.#hashSome(url, text, start, end, uids, uuids);
      else hashLongRow(url, text, start, uids, uuids);
      start = Math.max(end, start + 1);
    }
  }

  #hashSome(
    url: Strings,
    text: Strings,
    start: number,
    end: number,
    uids: Uint8Array,
    uuids: Uint8Array,
  ): void {
    const memory = this.#memory;
    memory.set(url.bytes.subarray(url.offsets[start], url.offsets[end]), URL_BYTES);
    memory.set(text.bytes.subarray(text.offsets[start], text.offsets[end]), TEXT_BYTES);
    this.#urlOffsets.set(url.offsets.subarray(start, end + 1));
    this.#textOffsets.set(text.offsets.subarray(start, end + 1));
    this.#hashRows(end - start);
    uids.set(memory.subarray(UIDS, UIDS + (end - start) * UID_BYTES), start * UID_BYTES);
    uuids.set(memory.subarray(UUIDS, UUIDS + (end - start) * UUID_BYTES), start * UUID_BYTES);
  }
}

/** The row behind the last one that fits into one call; `start` when not even the first does. */
function findEnd(url: Strings, text: Strings, start: number, rowCount: number): number {
  const urlLimit = (url.offsets[start] ?? 0) + MAX_URL_BYTES;
  const textLimit = (text.offsets[start] ?? 0) + MAX_TEXT_BYTES;
  const last = Math.min(rowCount, start + MAX_ROWS);
  let end = start;
  while (end < last && (url.offsets[end + 1] ?? 0) <= urlLimit && (text.offsets[end + 1] ?? 0) <= textLimit)
    end++;
  return end;
}

function hashLongRow(url: Strings, text: Strings, row: number, uids: Uint8Array, uuids: Uint8Array): void {
  const [urlStart = 0, urlEnd = 0] = [url.offsets[row], url.offsets[row + 1]];
  const [textStart = 0, textEnd = 0] = [text.offsets[row], text.offsets[row + 1]];
  writeUid(url.bytes, urlStart, urlEnd, text.bytes, textStart, textEnd, uids, row * UID_BYTES);
  writeUuid(url.bytes, urlStart, urlEnd, uuids, row * UUID_BYTES);
}
