/**
 * What is done to a text before it is tokenized: HTML references resolved twice, white space collapsed, all as Python's
 * `html.unescape`, `str.strip`, `regex` and `str.lower` do it.
 *
 * Not done: the repair of mojibake by the library ftfy, which the original runs first. It also composes accents (NFC),
 * straightens curly quotes and widens ligatures, so ids of texts with such characters differ from those of a MetaCLIP with
 * ftfy; NFC alone can be asked for (see TokenizerOptions).
 */
import { decodeHTML } from 'entities';

/** White space of Python's `regex` module: neither U+001C..U+001F nor, unlike JavaScript's, U+FEFF; but U+0085. */
export const SPACE = '\\t-\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';

const SPACES = new RegExp(`[${SPACE}]+`, 'gu');
/** What `str.strip` takes away: the above and the four separators of ASCII. */
const STRIPPED = `${SPACE}\\x1c-\\x1f`;
const LEADING = new RegExp(`^[${STRIPPED}]+`, 'u');
/** Looks back from the end: `[...]+$` takes quadratic time on a text with many long gaps. */
const LAST_KEPT = new RegExp(`[^${STRIPPED}]`, 'u');

/**
 * Cleans a text: references resolved, runs of white space made one space, ends trimmed. Letters stay as they are.
 *
 * Complexity: O(characters).
 *
 * @param text - any string
 * @returns the cleaned text
 */
export function cleanText(text: string): string {
  const plain = strip(unescapeHtml(unescapeHtml(text)));
  return strip(plain.replace(SPACES, ' '));
}

function strip(text: string): string {
  const start = LEADING.exec(text)?.[0].length ?? 0;
  let end = text.length;
  while (end > start && !LAST_KEPT.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** A reference: decimal, hexadecimal, or up to 32 characters of a name. */
const REFERENCE = /&(?:#([0-9]+);?|#[xX]([0-9a-fA-F]+);?|[^\t\n\f <&#;]{1,32};?)/gu;

/**
 * Replaces HTML character references by what they stand for, as Python's `html.unescape`: names by HTML's longest match (also
 * without a semicolon where HTML allows it), numbers with HTML's repairs, forbidden code points dropped.
 *
 * Complexity: O(characters).
 *
 * @param text - any string
 * @returns the text with all references replaced once
 */
export function unescapeHtml(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(REFERENCE, (whole: string, decimal?: string, hexadecimal?: string) => {
    if (decimal !== undefined) return characterOf(Number(decimal));
    if (hexadecimal !== undefined) return characterOf(Number(`0x${hexadecimal}`));
    return decodeHTML(whole);
  });
}

/** What the numbers of Windows-1252's controls mean in HTML, from 0x80; a space keeps the code point. */
const WINDOWS_1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

function characterOf(code: number): string {
  if (code === 0 || (code >= 0xd800 && code <= 0xdfff) || code > 0x10ffff) return '\ufffd';
  if (code >= 0x80 && code <= 0x9f) {
    const meant = WINDOWS_1252.charAt(code - 0x80);
    return meant === ' ' ? String.fromCharCode(code) : meant;
  }
  return isForbidden(code) ? '' : String.fromCodePoint(code);
}

/** Control characters other than tab, line feed, form feed and carriage return, and code points that are no characters. */
function isForbidden(code: number): boolean {
  if (code < 0x20) return code !== 0x09 && code !== 0x0a && code !== 0x0c && code !== 0x0d;
  if (code === 0x7f) return true;
  return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) === 0xfffe;
}
