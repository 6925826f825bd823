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
  #firstLetters: Float64Array | undefined;

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
    const compare = this.#comparer(key);
    let order = this.#orders.get(key);
    if (order === undefined) {
      order = Uint32Array.from(this.#columns.names, (_, row) => row);
      if (key !== 'id') order.sort((a, b) => compare(a, b) || a - b);
      this.#orders.set(key, order);
    }
    // One order serves both directions but for ties, which are turned back run by run.
    return isDescending ? reverseRuns(order, (a, b) => compare(a, b) === 0) : order;
  }

  // Rows are compared by a number each; of entries it is their first letters, and only equal ones are compared as texts.
  #comparer(key: SortKey): (a: number, b: number) => number {
    const { names } = this.#columns;
    const values = this.#valuesOf(key);
    const byValue = (a: number, b: number): number => (values[a] ?? 0) - (values[b] ?? 0);
    if (key !== 'entry') return byValue;
    return (a, b) => {
      const difference = byValue(a, b);
      if (difference !== 0) return difference;
      const [one = '', other = ''] = [names[a], names[b]];
      return one < other ? -1 : one > other ? 1 : 0;
    };
  }

  #valuesOf(key: SortKey): Float64Array {
    const { ids, names, counts, after } = this.#columns;
    switch (key) {
      case 'id':
        return ids;
      case 'entry':
        return (this.#firstLetters ??= Float64Array.from(names, firstLettersOf));
      case 'count':
        return counts;
      case 'q':
        return counts.map((count) => -count);
      case 'after':
        return after ?? counts;
    }
  }
}

/** The first three UTF-16 units as one number below 2^51: its order is that of the texts, as far as it goes. */
function firstLettersOf(name: string): number {
  let value = 0;
  for (let i = 0; i < 3; i++) value = value * 65_537 + (i < name.length ? name.charCodeAt(i) + 1 : 0);
  return value;
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
