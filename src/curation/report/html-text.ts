/** Putting text into HTML, whatever it holds. */

const REPLACEMENTS: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * @param text - any string
 * @returns it as content of an element or of a quoted attribute
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => REPLACEMENTS[letter] ?? '');
}

/**
 * JSON for a `<script type="application/json">`: nothing in it can end the element or begin a comment.
 *
 * @param value - anything that JSON can hold
 * @returns JSON without `<`
 */
export function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** Controls, direction marks and overrides, separators of lines, and halves of surrogate pairs. */
const INVISIBLE = /[\p{Cc}\p{Cs}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/** Characters of an entry that are shown. */
export const SHOWN_LENGTH = 200;

/**
 * What of an entry is shown: characters that cannot be seen, or that would turn the text around them, stand as `\u{202e}`;
 * what is longer than {@link SHOWN_LENGTH} is cut.
 *
 * @param entry - any string
 * @returns one line of visible text
 */
export function visibleText(entry: string): string {
  const isLong = entry.length > SHOWN_LENGTH;
  const start = isLong ? entry.slice(0, SHOWN_LENGTH).replace(/[\ud800-\udbff]$/, '') : entry;
  const cut = isLong ? `${start}… (${entry.length} characters)` : entry;
  return cut.replace(INVISIBLE, (letter) => `\\u{${letter.charCodeAt(0).toString(16)}}`);
}
