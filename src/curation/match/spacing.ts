/**
 * The spacing rule: what becomes of a text before it is matched (DESIGN.md, "Matching").
 *
 * One space is put before and after the text, one on both sides of each of `, . ; : ? !` and the backtick, and every
 * tab, CR and LF turns into a space. Nothing is collapsed, lower-cased or trimmed; every other character, quotes,
 * hyphens, NBSP and all of Unicode included, is ordinary.
 *
 * An entry `e` is in a text when `" " + e + " "` is a substring of the spaced text. Every space of that pattern is a
 * boundary, so this is the same as: the tokens of `e` stand in a row among the tokens of the spaced text, both split at
 * single spaces (two spaces in a row hold an empty token). The matcher works on tokens; the substring form is the oracle.
 *
 * All bytes the rule looks at are ASCII, so it holds on UTF-8 bytes as on characters, damaged UTF-8 included.
 */
import type { Compat } from '../compat.ts';

/** Characters that get a space on both sides. */
export const SPACED_PUNCTUATION = ',.;:?!`';

/** Characters that turn into a space. */
export const SPACED_BLANKS = '\t\r\n';

/** Set in the class of a byte that ends a token: blanks and punctuation. */
export const BYTE_ENDS_TOKEN = 1;
/** Set in the class of a byte that is a token itself: punctuation. */
export const BYTE_IS_TOKEN = 2;
/** Set in the class of NUL: ordinary to the rule, but no entry holds one, so a token with it is known to be in none. */
export const BYTE_IS_NUL = 4;

/** @returns for each byte value the BYTE_ bits, 0 for the ordinary ones; fresh, so that a caller may keep it as its own */
export function makeByteClasses(): Uint8Array {
  const classes = new Uint8Array(256);
  for (const char of ` ${SPACED_BLANKS}`) classes[char.charCodeAt(0)] = BYTE_ENDS_TOKEN;
  for (const char of SPACED_PUNCTUATION) classes[char.charCodeAt(0)] = BYTE_ENDS_TOKEN | BYTE_IS_TOKEN;
  classes[0] = BYTE_IS_NUL;
  return classes;
}

/**
 * Applies the spacing rule without the two outer spaces, which only bound the first and the last token.
 *
 * @param text - any string
 * @returns the spaced text; its tokens are what `split(' ')` gives
 */
export function spaceText(text: string): string {
  return text.replace(/[,.;:?!`]/g, ' $& ').replace(/[\t\r\n]/g, ' ');
}

/**
 * Splits an entry into the tokens that a text must hold in a row.
 *
 * `metaclip`: the entry is split as it stands, so `St. Louis` asks for a token `St.` that no text can have.
 * `mended`: the entry is spaced like a text and loses the empty tokens at both ends, so `St. Louis` is found wherever it
 * stands in a text. Different entries can then ask for the same tokens (`.22` and ` .22`): all of them match.
 *
 * @param entry - one entry of the list
 * @param compat - which rule
 * @returns its tokens; empty only for a `mended` entry of nothing but blanks, which matches nothing
 */
export function tokenizeEntry(entry: string, compat: Compat): string[] {
  if (compat === 'metaclip') return entry.split(' ');
  const tokens = spaceText(entry).split(' ');
  let start = 0;
  let end = tokens.length;
  while (start < end && tokens[start] === '') start++;
  while (end > start && tokens[end - 1] === '') end--;
  return tokens.slice(start, end);
}
