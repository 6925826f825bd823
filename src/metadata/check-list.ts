/** What is to be known of a list before it is used: faults, lengths, scripts, and what it has in common with another. */
import { MAX_ENTRIES } from './entry-list.ts';
import type { RawList } from './read-raw-list.ts';
import { codePointLength } from './words/character-classes.ts';

/** Why an entry makes a list unusable, or is doubtful. */
export type EntryFault =
  | 'duplicate' // stands earlier in the list
  | 'empty'
  | 'nul' // holds a NUL, which no text that is matched holds
  | 'half-surrogate' // has no UTF-8 form
  | 'carriage-return' // the file was written with CR LF
  | 'control-character' // other than tab, CR, LF: stands in hardly any text
  | 'outer-space' // asks for two spaces in a row
  | 'replacement-character' // U+FFFD: the file was once read in the wrong encoding
  | 'too-long'; // over the published limit of 256 characters

/** Faults that a run refuses the list for; the others are doubtful entries. */
export const FATAL_FAULTS: ReadonlySet<EntryFault> = new Set<EntryFault>([
  'duplicate',
  'empty',
  'nul',
  'half-surrogate',
  'carriage-return',
]);

/** One kind of fault: how often, and the first few. */
export interface FaultReport {
  readonly fault: EntryFault;
  readonly isFatal: boolean;
  readonly count: number;
  /** Ids and entries of the first few. */
  readonly examples: readonly { readonly id: number; readonly entry: string }[];
}

/** What is known of a list. */
export interface ListReport {
  readonly entryCount: number;
  readonly isUsable: boolean;
  readonly faults: readonly FaultReport[];
  /** Characters of entries. */
  readonly length: { readonly shortest: number; readonly median: number; readonly longest: number };
  /** Number of entries by number of words, split at spaces; the last stands for more. */
  readonly words: Readonly<Record<string, number>>;
  /** Entries by the script of their first letter, most first. */
  readonly scripts: Readonly<Record<string, number>>;
}

const EXAMPLES = 5;
const MAX_LENGTH = 256;
const SCRIPTS = [
  'Latin',
  'Han',
  'Cyrillic',
  'Arabic',
  'Hiragana',
  'Katakana',
  'Hangul',
  'Devanagari',
  'Bengali',
  'Thai',
  'Greek',
  'Hebrew',
  'Tamil',
  'Telugu',
  'Kannada',
  'Malayalam',
  'Gujarati',
  'Gurmukhi',
  'Oriya',
  'Sinhala',
  'Myanmar',
  'Khmer',
  'Lao',
  'Tibetan',
  'Georgian',
  'Armenian',
  'Ethiopic',
  'Mongolian',
  'Thaana',
  'Cherokee',
  'Tifinagh',
  'Nko',
] as const;
const SCRIPT_TESTS = SCRIPTS.map((name) => [name, new RegExp(`\\p{Script=${name}}`, 'u')] as const);

/**
 * Looks at every entry of a list.
 *
 * Complexity: linear; holds one set of the entries.
 *
 * @param list - as it lies there
 * @returns faults and figures; entries that can never match are another matter (see `describeUnmatchable`)
 */
export function checkList(list: RawList): ListReport {
  const seen = new Set<string>();
  const found = new Map<EntryFault, { count: number; examples: { id: number; entry: string }[] }>();
  const scripts = new Map<string, number>();
  const words = new Map<string, number>();
  const lengths = new Map<number, number>();
  for (const [id, entry] of list.entries.entries()) {
    for (const fault of faultsOf(entry, seen)) {
      const report = found.get(fault) ?? { count: 0, examples: [] };
      report.count++;
      if (report.examples.length < EXAMPLES) report.examples.push({ id, entry: entry.slice(0, 100) });
      found.set(fault, report);
    }
    addTo(scripts, scriptOf(entry));
    const wordCount = entry.split(' ').length;
    addTo(words, wordCount > 5 ? '6+' : String(wordCount));
    addTo(lengths, codePointLength(entry));
  }
  const faults = [...found]
    .map(([fault, report]) => ({ fault, isFatal: FATAL_FAULTS.has(fault), ...report }))
    .sort(
      (a, b) => Number(b.isFatal) - Number(a.isFatal) || b.count - a.count || (a.fault < b.fault ? -1 : 1),
    );
  const entryCount = list.entries.length;
  return {
    entryCount,
    isUsable:
      entryCount > 0 &&
      entryCount <= MAX_ENTRIES &&
      list.notStrings === 0 &&
      !faults.some(({ isFatal }) => isFatal),
    faults,
    length: summarize(lengths, entryCount),
    words: Object.fromEntries([...words].sort(([a], [b]) => (a < b ? -1 : 1))),
    scripts: Object.fromEntries([...scripts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))),
  };
}

function* faultsOf(entry: string, seen: Set<string>): Generator<EntryFault, void, void> {
  // A set of V8 takes at most 2^24 values; a list of more is unusable for that alone.
  if (seen.has(entry)) yield 'duplicate';
  else if (seen.size < MAX_ENTRIES) seen.add(entry);
  if (entry === '') yield 'empty';
  else if (entry.startsWith(' ') || entry.endsWith(' ')) yield 'outer-space';
  if (entry.includes('\0')) yield 'nul';
  if (/\p{Surrogate}/u.test(entry)) yield 'half-surrogate';
  if (entry.endsWith('\r')) yield 'carriage-return';
  if (/(?![\0\t\r\n])\p{Cc}/u.test(entry)) yield 'control-character';
  if (entry.includes('\uFFFD')) yield 'replacement-character';
  if (entry.length > MAX_LENGTH && codePointLength(entry) > MAX_LENGTH) yield 'too-long';
}

/** Script of the first letter; `none` where there is no letter, `other` for scripts that are not told apart. */
function scriptOf(entry: string): string {
  if (/^[A-Za-z]/.test(entry)) return 'Latin';
  const letter = /\p{L}/u.exec(entry)?.[0];
  if (letter === undefined) return 'none';
  return SCRIPT_TESTS.find(([, test]) => test.test(letter))?.[0] ?? 'other';
}

function summarize(lengths: ReadonlyMap<number, number>, entryCount: number): ListReport['length'] {
  const sorted = [...lengths].sort(([a], [b]) => a - b);
  let before = 0;
  const median = sorted.find(([, count]) => (before += count) * 2 >= entryCount);
  return { shortest: sorted[0]?.[0] ?? 0, median: median?.[0] ?? 0, longest: sorted.at(-1)?.[0] ?? 0 };
}

/** How two lists lie to each other. */
export interface OverlapReport {
  readonly common: number;
  readonly onlyFirst: number;
  readonly onlySecond: number;
  /** Share of the first list's entries that the second has. */
  readonly shareOfFirst: number;
  readonly shareOfSecond: number;
  /** Entries that both have, at the same id in both. */
  readonly sameId: number;
  /** The same entries in the same order: counts of one can be read with the other. */
  readonly isSameList: boolean;
  readonly examplesOnlyFirst: readonly string[];
  readonly examplesOnlySecond: readonly string[];
}

/**
 * Compares two lists; repeated entries count once.
 *
 * @param first - list
 * @param second - list
 * @returns what they have in common
 */
export function compareLists(first: readonly string[], second: readonly string[]): OverlapReport {
  const [firstSet, secondSet] = [new Set(first), new Set(second)];
  const onlyFirst = [...firstSet].filter((entry) => !secondSet.has(entry));
  const onlySecond = [...secondSet].filter((entry) => !firstSet.has(entry));
  const common = firstSet.size - onlyFirst.length;
  let sameId = 0;
  for (const [id, entry] of first.entries()) if (second[id] === entry) sameId++;
  return {
    common,
    onlyFirst: onlyFirst.length,
    onlySecond: onlySecond.length,
    shareOfFirst: common / Math.max(1, firstSet.size),
    shareOfSecond: common / Math.max(1, secondSet.size),
    sameId,
    isSameList: sameId === first.length && first.length === second.length,
    examplesOnlyFirst: onlyFirst.slice(0, EXAMPLES),
    examplesOnlySecond: onlySecond.slice(0, EXAMPLES),
  };
}

function addTo<K>(map: Map<K, number>, key: K): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
