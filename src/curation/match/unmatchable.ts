/**
 * Entries that no text whatever can hold. The published rule spaces texts but not entries, so a list that was not
 * made with the rule in mind loses some: 432 of the 500,000 of the reference list, `St. Louis` among them.
 */
import type { Compat } from '../compat.ts';
import { SPACED_BLANKS, SPACED_PUNCTUATION, tokenizeEntry } from './spacing.ts';

/** Why an entry can never match. */
export type UnmatchableReason =
  | 'punctuation-in-token' // a spaced text has punctuation only as a token of its own
  | 'blank-in-token' // tabs, CR and LF are spaces by then
  | 'adjacent-punctuation' // between two punctuation tokens of a text there is always another token, maybe an empty one
  | 'no-token'; // mended only: nothing but blanks

/** One such entry. */
export interface UnmatchableEntry {
  readonly id: number;
  readonly entry: string;
  readonly reason: UnmatchableReason;
}

/**
 * Finds the entries of a list that can never match, and says why. Complete both ways: for every other entry there is
 * a text that holds it (its tokens joined by a space, punctuation without one).
 *
 * Complexity: linear in the characters of the list.
 *
 * @param entries - the list, in order
 * @param compat - which rule; `mended` leaves only entries of nothing but blanks
 * @returns the unmatchable entries by ascending id; their number is its length
 */
export function describeUnmatchable(entries: readonly string[], compat: Compat): UnmatchableEntry[] {
  const found: UnmatchableEntry[] = [];
  for (const [id, entry] of entries.entries()) {
    const reason = findReason(entry, compat);
    if (reason !== undefined) found.push({ id, entry, reason });
  }
  return found;
}

function findReason(entry: string, compat: Compat): UnmatchableReason | undefined {
  if (compat === 'mended') return tokenizeEntry(entry, compat).length === 0 ? 'no-token' : undefined;
  // Most entries are plain words: do not split those.
  if (!/[,.;:?!`\t\r\n]/.test(entry)) return undefined;
  let afterPunctuation = false;
  for (const token of tokenizeEntry(entry, compat)) {
    if (hasAny(token, SPACED_BLANKS)) return 'blank-in-token';
    const isPunctuation = token.length === 1 && SPACED_PUNCTUATION.includes(token);
    if (!isPunctuation && hasAny(token, SPACED_PUNCTUATION)) return 'punctuation-in-token';
    if (isPunctuation && afterPunctuation) return 'adjacent-punctuation';
    afterPunctuation = isPunctuation;
  }
  return undefined;
}

function hasAny(token: string, characters: string): boolean {
  for (const character of characters) if (token.includes(character)) return true;
  return false;
}
