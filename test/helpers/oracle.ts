/**
 * The rules of matching, capping and sampling in the slowest and most obvious form, kept for ever: whatever is fast is
 * compared with this. It shares no code with `src/`. Rules: DESIGN.md, "Matching", "Cap", "Sampling".
 */

/** Puts a text between spaces, gives punctuation a space on both sides, and turns tab, CR and LF into spaces. */
export function oracleSpacing(text: string): string {
  let spaced = ` ${text} `;
  for (const char of [',', '.', ';', ':', '?', '!', '`']) spaced = spaced.split(char).join(` ${char} `);
  for (const char of ['\t', '\r', '\n']) spaced = spaced.split(char).join(' ');
  return spaced;
}

/** What is searched for, between spaces; null where there is nothing to search for (mended, only blanks). */
function oraclePattern(entry: string, compat: 'metaclip' | 'mended'): string | null {
  if (compat === 'metaclip') return ` ${entry} `;
  let bare = oracleSpacing(entry);
  while (bare.startsWith(' ')) bare = bare.slice(1);
  while (bare.endsWith(' ')) bare = bare.slice(0, -1);
  return bare === '' ? null : ` ${bare} `;
}

/**
 * @param text - one text
 * @param entries - the list in order
 * @param compat - the rule: entries as they stand, or spaced like texts
 * @returns ids of the entries in the text, ascending, each once
 */
export function oracleMatch(
  text: string,
  entries: readonly string[],
  compat: 'metaclip' | 'mended' = 'metaclip',
): number[] {
  const spaced = oracleSpacing(text);
  const ids: number[] = [];
  for (const [id, entry] of entries.entries()) {
    const pattern = oraclePattern(entry, compat);
    if (pattern !== null && spaced.includes(pattern)) ids.push(id);
  }
  return ids;
}

/**
 * @param matches - entry ids of each pair
 * @param entryCount - entries of the list
 * @returns for each entry the number of pairs that have it
 */
export function oracleCount(matches: readonly (readonly number[])[], entryCount: number): number[] {
  const counts = Array.from({ length: entryCount }, () => 0);
  for (const ids of matches) for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  return counts;
}

/**
 * @param counts - entry counts, zeros included
 * @param p - wanted share of all matches that fall on tail entries
 * @returns the cap: the count at which the cumulative share of the ascending counts is nearest to p, the first on a tie
 */
export function oraclePToT(counts: readonly number[], p: number): number {
  const ascending = counts.toSorted((a, b) => a - b);
  let total = 0;
  for (const count of ascending) total += count;
  let best = { count: 0, distance: Infinity };
  let sum = 0;
  for (const count of ascending) {
    sum += count;
    const distance = Math.abs(sum / total - p);
    if (distance < best.distance) best = { count, distance };
  }
  return best.count;
}

/**
 * @param counts - entry counts
 * @param t - the cap
 * @returns share of all matches that fall on entries with a count below t
 */
export function oracleTailShare(counts: readonly number[], t: number): number {
  let tail = 0;
  let total = 0;
  for (const count of counts) {
    total += count;
    if (count < t) tail += count;
  }
  return tail / total;
}

/**
 * @param count - matches of one entry
 * @param t - the cap
 * @returns probability that the entry accepts a pair that has it
 */
export function oracleEntryProbability(count: number, t: number): number {
  return t / Math.max(count, t);
}

/**
 * @param ids - distinct entry ids of one pair
 * @param counts - entry counts
 * @param t - the cap
 * @returns probability that at least one of its entries accepts the pair
 */
export function oracleKeepProbability(ids: readonly number[], counts: readonly number[], t: number): number {
  let noneAccepts = 1;
  for (const id of ids) noneAccepts *= 1 - oracleEntryProbability(counts[id] ?? 0, t);
  return 1 - noneAccepts;
}

/**
 * @param matches - entry ids of each pair
 * @param counts - entry counts
 * @param t - the cap
 * @returns expected number of pairs kept, its standard deviation, and the number of pairs that are kept for certain
 */
export function oracleCuratedSize(
  matches: readonly (readonly number[])[],
  counts: readonly number[],
  t: number,
): { expected: number; sd: number; certain: number } {
  let expected = 0;
  let variance = 0;
  let certain = 0;
  for (const ids of matches) {
    const keep = oracleKeepProbability(ids, counts, t);
    expected += keep;
    variance += keep * (1 - keep);
    if (keep === 1) certain++;
  }
  return { expected, sd: Math.sqrt(variance), certain };
}

/**
 * The original's way of sampling: every entry of a pair draws for itself, and one acceptance keeps the pair, once.
 *
 * @param matches - entry ids of each pair
 * @param counts - entry counts
 * @param t - the cap
 * @param random - a fresh number in [0, 1) at each call
 * @returns numbers of the pairs kept, ascending
 */
export function oracleBalance(
  matches: readonly (readonly number[])[],
  counts: readonly number[],
  t: number,
  random: () => number,
): number[] {
  const kept: number[] = [];
  for (const [pair, ids] of matches.entries()) {
    for (const id of ids) {
      if (random() < oracleEntryProbability(counts[id] ?? 0, t)) {
        kept.push(pair);
        break;
      }
    }
  }
  return kept;
}

/** Characters at which the worldwide rule asks for no space, and those that the mended rule adds, as regular expressions. */
const OPEN =
  /^(?:[\u4e00-\u9fff\u3400-\u4dbf\u{20000}-\u{2a6df}\u{2a700}-\u{2b73f}\u{2b740}-\u{2b81f}\u{2b820}-\u{2ceaf}\u{2ceb0}-\u{2ebef}\uf900-\ufaff\u2e80-\u2eff\u2f00-\u2fdf\u2ff0-\u2fff\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff\u0f00-\u0fff!-/:-@[-`{-~]|[，。、；：？！“”‘’（）【】《》〈〉「」『』～—])$/u;
const OPEN_MENDED = /^[\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f\uac00-\ud7af\u1100-\u11ff\u3130-\u318f]$/u;

/**
 * @param text - one text
 * @param entries - the list of one language in order
 * @param compat - the rule
 * @returns ids of the entries in the text by the worldwide rule, ascending, each once
 */
export function oracleMatchWorldwide(
  text: string,
  entries: readonly string[],
  compat: 'metaclip' | 'mended',
): number[] {
  const isOpen = (character = ''): boolean =>
    OPEN.test(character) || (compat === 'mended' && OPEN_MENDED.test(character));
  const spaced = oracleSpacing(text);
  const ids: number[] = [];
  for (const [id, entry] of entries.entries()) {
    let bare = entry;
    if (compat === 'mended') {
      bare = oracleSpacing(entry);
      while (bare.startsWith(' ')) bare = bare.slice(1);
      while (bare.endsWith(' ')) bare = bare.slice(0, -1);
    }
    if (bare === '') continue;
    const characters = Array.from(bare);
    const pattern = `${isOpen(characters[0]) ? '' : ' '}${bare}${isOpen(characters.at(-1)) ? '' : ' '}`;
    if (spaced.includes(pattern)) ids.push(id);
  }
  return ids;
}
