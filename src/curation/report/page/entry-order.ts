/** Which rows of the entry table are shown, in which order: search and sorting over columns of any length. */
import type { EntryColumns } from './entry-block.ts';

/** Columns that can be sorted by. `q` falls as the count grows, so it is the count's order reversed. */
export const SORT_KEYS = ['id', 'entry', 'count', 'q', 'after'] as const;

/** Name of a column. */
export type SortKey = (typeof SORT_KEYS)[number];

/** Rows of a table by search text and order; the orders are made once and kept. */
export class EntryOrder {
  readonly #columns: EntryColumns;
  readonly #orders = new Map<SortKey, Uint32Array>();
  #folded: readonly string[] | undefined;

  /**
   * @param columns - of the table
   */
  constructor(columns: EntryColumns) {
    this.#columns = columns;
  }

  /**
   * Time: linear in the rows, O(n log n) for the first use of an order. Ties stand in list order, either way round.
   *
   * @param search - part of an entry, without case; a number in `#` finds an id; empty for all rows
   * @param key - column to sort by
   * @param isDescending - which way round
   * @returns row numbers
   */
  rows(search: string, key: SortKey, isDescending: boolean): Uint32Array {
    const order = this.#ordered(key, isDescending);
    const wanted = search.trim().toLowerCase();
    if (wanted === '') return order;
    const { ids, names } = this.#columns;
    if (/^#\d+$/.test(wanted)) {
      const id = Number(wanted.slice(1));
      return order.filter((row) => ids[row] === id);
    }
    this.#folded ??= names.map((name) => name.toLowerCase());
    const folded = this.#folded;
    return order.filter((row) => folded[row]?.includes(wanted) === true);
  }

  #ordered(key: SortKey, isDescending: boolean): Uint32Array {
    // One order serves both directions of the numbers but for ties, which are turned back run by run.
    const ascending = this.#ascending(key);
    return isDescending ? reverseRuns(ascending, (a, b) => this.#compare(key, a, b) === 0) : ascending;
  }

  #ascending(key: SortKey): Uint32Array {
    let order = this.#orders.get(key);
    if (order === undefined) {
      order = Uint32Array.from(this.#columns.names, (_, row) => row);
      if (key !== 'id') order.sort((a, b) => this.#compare(key, a, b) || a - b);
      this.#orders.set(key, order);
    }
    return order;
  }

  #compare(key: SortKey, a: number, b: number): number {
    const { ids, names, counts, after } = this.#columns;
    switch (key) {
      case 'id':
        return (ids[a] ?? 0) - (ids[b] ?? 0);
      case 'entry': {
        const [one = '', other = ''] = [names[a], names[b]];
        return one < other ? -1 : one > other ? 1 : 0;
      }
      case 'count':
        return (counts[a] ?? 0) - (counts[b] ?? 0);
      case 'q':
        return (counts[b] ?? 0) - (counts[a] ?? 0);
      case 'after':
        return (after?.[a] ?? 0) - (after?.[b] ?? 0);
    }
  }
}

/** The order reversed, with what is equal left in its own order. */
function reverseRuns(order: Uint32Array, isEqual: (a: number, b: number) => boolean): Uint32Array {
  const reversed = new Uint32Array(order.length);
  let end = order.length;
  let at = 0;
  while (end > 0) {
    let start = end - 1;
    while (start > 0 && isEqual(order[start - 1] ?? 0, order[end - 1] ?? 0)) start--;
    for (let i = start; i < end; i++) reversed[at++] = order[i] ?? 0;
    end = start;
  }
  return reversed;
}
