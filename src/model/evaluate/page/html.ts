/** Pieces of the evaluation pages. They stand alone: no script, no font, nothing from elsewhere, and say so to the browser. */
import { PAGE_STYLE } from './style.ts';

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Controls, direction marks and overrides: they would turn or hide the text around them. */
const INVISIBLE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;
/** Longest text in a cell of a table. */
const CELL_LENGTH = 160;

/**
 * @param text - any string
 * @param limit - what is longer is cut; default 1,000 characters
 * @returns one line of visible text as content of an element or of a quoted attribute
 */
export function escapeHtml(text: string, limit = 1000): string {
  const cut = text.length > limit ? `${text.slice(0, limit)}…` : text;
  // Through UTF-8, so that halves of surrogate pairs become replacement characters.
  return Buffer.from(cut, 'utf8')
    .toString('utf8')
    .replace(INVISIBLE, (letter) => `\\u{${letter.charCodeAt(0).toString(16)}}`)
    .replace(/[&<>"']/g, (letter) => REPLACEMENTS[letter] ?? '');
}

/**
 * @param value - share, or null
 * @returns e.g. `41.7%`, or a dash
 */
export function percent(value: number | null): string {
  return value === null ? '–' : `${(value * 100).toFixed(1)}%`;
}

/**
 * @param value - number, or null
 * @param digits - after the point
 * @returns e.g. `0.873`, or a dash
 */
export function decimal(value: number | null, digits = 3): string {
  return value === null ? '–' : value.toFixed(digits);
}

/**
 * @param value - whole number
 * @returns with commas
 */
export function whole(value: number): string {
  return value.toLocaleString('en-US');
}

/** One figure of the row at the top of a page. */
export interface Tile {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

/**
 * @param tiles - figures
 * @returns a list of them
 */
export function tilesHtml(tiles: readonly Tile[]): string {
  const rows = tiles.map(
    ({ label, value, note }) =>
      `<div><dt>${escapeHtml(label)}</dt><dd class="value">${escapeHtml(value)}</dd><dd class="note">${escapeHtml(note)}</dd></div>`,
  );
  return `<dl class="tiles">${rows.join('')}</dl>`;
}

/** A cell: text, which is escaped, or HTML that already is. */
export type Cell = string | { readonly html: string };

/**
 * @param head - column names
 * @param rows - cells; the first of each row is its header
 * @param options - which columns are numbers, what the table is called for screen readers
 * @param options.numbers - positions of columns of numbers
 * @param options.caption - name of the table
 * @returns a table that scrolls sideways where it is too wide
 */
export function tableHtml(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: { readonly numbers: readonly number[]; readonly caption: string },
): string {
  const classOf = (column: number): string => (options.numbers.includes(column) ? ' class="number"' : '');
  const htmlOf = (cell: Cell): string =>
    typeof cell === 'string' ? escapeHtml(cell, CELL_LENGTH) : cell.html;
  const headCells = head.map((name, column) => `<th scope="col"${classOf(column)}>${escapeHtml(name)}</th>`);
  const bodyRows = rows.map((cells) => {
    const inner = cells.map((cell, column) =>
      column === 0
        ? `<th scope="row"${classOf(column)}>${htmlOf(cell)}</th>`
        : `<td${classOf(column)}>${htmlOf(cell)}</td>`,
    );
    return `<tr>${inner.join('')}</tr>`;
  });
  return `<div class="scroll" tabindex="0" role="region" aria-label="${escapeHtml(options.caption)}"><table><thead><tr>${headCells.join('')}</tr></thead><tbody>${bodyRows.join('\n')}</tbody></table></div>`;
}

/**
 * @param share - in [0, 1], or null
 * @returns a bar of that length
 */
export function barHtml(share: number | null): Cell {
  const width = share === null ? 0 : Math.max(0, Math.min(100, share * 100));
  return { html: `<span class="bar"><i style="width:${width.toFixed(1)}%"></i></span>` };
}

/**
 * @param title - of the page
 * @param body - HTML
 * @returns a whole page
 */
export function pageHtml(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
${body}
</body>
</html>
`;
}
