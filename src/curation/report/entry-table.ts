/** The entry table of the report: which entries it has, and their bytes. The layout is described in `page/entry-block.ts`. */
import { deflateRawSync } from 'node:zlib';
import { visibleText } from './html-text.ts';

/** Entries that the table holds at most; of a longer list the most frequent ones. */
export const MAX_TABLE_ENTRIES = 500_000;

/** Characters of all shown entries at most: bounds the page for lists of long entries. */
export const MAX_TABLE_CHARACTERS = 12_000_000;

/** Columns of a list, by entry id. */
export interface EntryList {
  readonly entries: readonly string[];
  readonly counts: Float64Array;
  /** Kept pairs with the entry, at most its count; null where it is not known. */
  readonly after: Float64Array | null;
}

/**
 * Packs the table. Memory: the shown entries as one text and its UTF-8. Time: linear, and O(n log n) for lists over the limit.
 *
 * @param list - columns
 * @param maxEntries - rows at most; for tests
 * @returns a raw deflate stream in base64, and its rows
 */
export function packEntryTable(
  list: EntryList,
  maxEntries = MAX_TABLE_ENTRIES,
): { base64: string; rows: number } {
  const { ids, names } = chooseEntries(list, maxEntries);
  const columns = new VarintWriter(ids.length * (list.after === null ? 4 : 5) + 32);
  columns.write(ids.length);
  columns.write(list.after === null ? 0 : 1);
  let before = -1;
  for (const id of ids) {
    columns.write(id - before);
    before = id;
  }
  for (const id of ids) columns.write(list.counts[id] ?? 0);
  const { after } = list;
  if (after !== null) {
    for (const id of ids) columns.write(Math.max(0, (list.counts[id] ?? 0) - (after[id] ?? 0)));
  }
  const text = Buffer.from(names.join('\n'), 'utf8');
  const packed = deflateRawSync(Buffer.concat([columns.bytes, text]), { level: 6, memLevel: 9 });
  return { base64: packed.toString('base64'), rows: ids.length };
}

/** Ids in list order: all of them, or the most frequent ones that keep to both limits. */
function chooseEntries(
  { entries, counts }: EntryList,
  maxEntries: number,
): { ids: Uint32Array; names: string[] } {
  let ids = Uint32Array.from(entries, (_, id) => id);
  const isLong = entries.length > maxEntries || lengthOf(entries) > MAX_TABLE_CHARACTERS;
  if (isLong) {
    ids.sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
    ids = ids.subarray(0, maxEntries);
    let room = MAX_TABLE_CHARACTERS;
    const end = ids.findIndex((id) => (room -= visibleText(entries[id] ?? '').length + 1) < 0);
    if (end >= 0) ids = ids.subarray(0, end);
    ids.sort();
  }
  return { ids, names: Array.from(ids, (id) => visibleText(entries[id] ?? '')) };
}

function lengthOf(entries: readonly string[]): number {
  let length = 0;
  for (const entry of entries) length += entry.length;
  return length;
}

/** Grows as needed; `bytes` is a view of what was written. */
class VarintWriter {
  #buffer: Uint8Array;
  #length = 0;

  constructor(sizeHint: number) {
    this.#buffer = new Uint8Array(sizeHint);
  }

  /** @param value - whole, from 0 to 2^53 */
  write(value: number): void {
    if (this.#length + 8 > this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2 + 8);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    let rest = value;
    while (rest >= 128) {
      this.#buffer[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#buffer[this.#length++] = rest;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }
}
