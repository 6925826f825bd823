/**
 * The entry table as bytes: how the page reads what `entry-table.ts` writes. Inside one raw deflate stream:
 *
 *   varint  rows
 *   varint  1 where a column `after` follows, else 0
 *   rows x varint   entry id, as the difference from the row before (the first from -1)
 *   rows x varint   count
 *   rows x varint   count - after; only with that column: nearly all zeros, as entries in the tail are kept whole
 *   rest            entries, UTF-8, one a line
 *
 * varint: 7 bits a byte, least first, the high bit set on all but the last; up to 2^53. In list order the ids are ones.
 */

/** Columns of the table; all of one length, in list order. */
export interface EntryColumns {
  readonly ids: Float64Array;
  readonly counts: Float64Array;
  /** Kept pairs with the entry; null where it is not known. */
  readonly after: Float64Array | null;
  readonly names: readonly string[];
}

/**
 * @param bytes - the inflated block
 * @returns its columns
 */
export function decodeEntryBlock(bytes: Uint8Array): EntryColumns {
  let at = 0;
  const varint = (): number => {
    let value = 0;
    let factor = 1;
    for (;;) {
      const byte = bytes[at++];
      if (byte === undefined) throw new RangeError('the entry block is cut');
      value += (byte & 127) * factor;
      if (byte < 128) return value;
      factor *= 128;
    }
  };
  const rows = varint();
  const hasAfter = varint() === 1;
  const column = (): Float64Array => Float64Array.from({ length: rows }, varint);
  const ids = column();
  let id = -1;
  ids.forEach((step, row) => {
    id += step;
    ids[row] = id;
  });
  const counts = column();
  const after = hasAfter ? column().map((missing, row) => (counts[row] ?? 0) - missing) : null;
  const text = new TextDecoder().decode(bytes.subarray(at));
  const names = rows === 0 ? [] : text.split('\n');
  if (names.length !== rows) throw new RangeError(`${names.length} entries for ${rows} rows`);
  return { ids, counts, after, names };
}

/** Thrown by {@link inflateBlock} where the browser cannot inflate. */
export class NoInflateError extends Error {}

/**
 * @param base64 - raw deflate stream
 * @returns the inflated bytes
 * @throws {@link NoInflateError} in browsers without DecompressionStream of raw deflate (Chrome before 103, Firefox before
 *   113, Safari before 16.4)
 */
export async function inflateBlock(base64: string): Promise<Uint8Array> {
  let stream: DecompressionStream;
  try {
    stream = new DecompressionStream('deflate-raw');
  } catch (error) {
    throw new NoInflateError('this browser cannot inflate', { cause: error });
  }
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const inflated = new Blob([packed]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(inflated).arrayBuffer());
}
