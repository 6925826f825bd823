/** The table of entries: search, order, pages. Entries are written as text and never as markup. */
import type { EntryColumns } from './entry-block.ts';
import { EntryOrder, SORT_KEYS, type SortKey } from './entry-order.ts';
import { probability, tenths, whole } from './format.ts';
import { elementById, setText } from './page-elements.ts';

/** Milliseconds without a key press before the search starts. */
const SEARCH_PAUSE_MS = 120;

/** The table at work. */
export interface EntryView {
  /** Shows the probabilities of another cap. */
  readonly showCap: (t: number) => void;
}

/**
 * Brings the table to life.
 *
 * @param columns - of the table
 * @param t - cap of the run
 * @returns what the slider tells
 */
export function startEntryView(columns: EntryColumns, t: number): EntryView {
  const search = elementById('entry-search', HTMLInputElement);
  const size = elementById('entry-size', HTMLSelectElement);
  const page = elementById('entry-page', HTMLInputElement);
  const body = elementById('entry-rows', HTMLTableSectionElement);
  const order = new EntryOrder(columns);
  let [key, isDescending]: [SortKey, boolean] = ['count', true];
  let cap = t;
  let first = 0;
  let rows = order.rows('', key, isDescending);

  const pageSize = (): number => Number(size.value);
  const pageCount = (): number => Math.max(1, Math.ceil(rows.length / pageSize()));
  const show = (): void => {
    first = Math.min(first, (pageCount() - 1) * pageSize());
    const visible = rows.subarray(first, first + pageSize());
    body.replaceChildren(...Array.from(visible, (row) => rowElement(columns, row, cap)));
    const pageNumber = Math.floor(first / pageSize()) + 1;
    page.value = String(pageNumber);
    page.max = String(pageCount());
    setText('entry-pages', `of ${whole(pageCount())}`);
    setText('entry-found', describeFound(rows.length, first, visible.length, search.value));
    for (const id of ['entry-first', 'entry-previous'])
      elementById(id, HTMLButtonElement).disabled = pageNumber === 1;
    for (const id of ['entry-next', 'entry-last'])
      elementById(id, HTMLButtonElement).disabled = pageNumber === pageCount();
  };
  const find = (): void => {
    rows = order.rows(search.value, key, isDescending);
    first = 0;
    show();
  };
  const turnTo = (pageNumber: number): void => {
    first = (Math.min(pageCount(), Math.max(1, Math.floor(pageNumber) || 1)) - 1) * pageSize();
    show();
  };

  let pause: ReturnType<typeof setTimeout> | undefined;
  search.addEventListener('input', () => {
    clearTimeout(pause);
    pause = setTimeout(find, SEARCH_PAUSE_MS);
  });
  size.addEventListener('change', show);
  page.addEventListener('change', () => {
    turnTo(page.valueAsNumber);
  });
  const current = (): number => Math.floor(first / pageSize()) + 1;
  const turns: readonly (readonly [string, () => number])[] = [
    ['entry-first', () => 1],
    ['entry-previous', () => current() - 1],
    ['entry-next', () => current() + 1],
    ['entry-last', pageCount],
  ];
  for (const [id, target] of turns) {
    elementById(id, HTMLButtonElement).addEventListener('click', () => {
      turnTo(target());
    });
  }
  for (const header of document.querySelectorAll<HTMLElement>('#entries th[data-key]')) {
    const wanted = SORT_KEYS.find((name) => name === header.dataset['key']);
    if (wanted === undefined) continue;
    header.querySelector('button')?.addEventListener('click', () => {
      // Numbers are first shown greatest first, names and ids as in a list.
      isDescending = wanted === key ? !isDescending : wanted === 'count' || wanted === 'after';
      key = wanted;
      markOrder(key, isDescending);
      find();
    });
  }
  markOrder(key, isDescending);
  show();
  return {
    showCap: (next) => {
      cap = next;
      for (const cell of body.querySelectorAll<HTMLElement>('td[data-count]'))
        cell.textContent = probability(cap / Math.max(cap, Number(cell.dataset['count'])));
      setText('entry-q-cap', `t = ${tenths(cap)}`);
    },
  };
}

function rowElement(
  { ids, names, counts, after }: EntryColumns,
  row: number,
  t: number,
): HTMLTableRowElement {
  const element = document.createElement('tr');
  const cell = (text: string, className: string): HTMLTableCellElement => {
    const td = document.createElement('td');
    td.className = className;
    td.textContent = text;
    element.append(td);
    return td;
  };
  const count = counts[row] ?? 0;
  cell(String(ids[row] ?? ''), 'number faint');
  const name = document.createElement('th');
  name.scope = 'row';
  // Its own direction, so that an entry in Arabic does not turn its neighbours round.
  const isolated = document.createElement('bdi');
  isolated.textContent = names[row] ?? '';
  name.append(isolated);
  element.append(name);
  cell(whole(count), 'number');
  cell(probability(t / Math.max(t, count)), 'number').dataset['count'] = String(count);
  if (after !== null) cell(whole(after[row] ?? 0), 'number');
  return element;
}

function markOrder(key: SortKey, isDescending: boolean): void {
  for (const header of document.querySelectorAll<HTMLElement>('#entries th[data-key]')) {
    if (header.dataset['key'] === key)
      header.setAttribute('aria-sort', isDescending ? 'descending' : 'ascending');
    else header.removeAttribute('aria-sort');
  }
}

function describeFound(found: number, first: number, shown: number, search: string): string {
  if (found === 0) return `No entry has “${search.trim()}” in it.`;
  const range = `${whole(first + 1)} to ${whole(first + shown)} of ${whole(found)}`;
  return search.trim() === '' ? `Entries ${range}` : `Found: ${range}`;
}
