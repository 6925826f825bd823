/** What the counts of the entries alone tell: of a run, or of a file of counts that has lost its run. */
import type { ListSource } from '../../metadata/write-list.ts';
import type { CountStats, EntryCounts, RankedEntry, SourceStats } from './run-stats.ts';

/** What {@link describeCounts} is told beside the counts. */
export interface CountContext {
  /** The cap; null where none is known. */
  readonly t: number | null;
  /** Rows of `top`. */
  readonly topCount: number;
  /** Origins of the entries; null where they are not known. */
  readonly sources: readonly ListSource[] | null;
}

/**
 * Time O(entries + top log top); memory O(top).
 *
 * @param counts - counts of every entry
 * @param context - cap, size of the table, origins
 * @returns the numbers
 */
export function describeCounts(counts: EntryCounts, context: CountContext): CountStats {
  const { before, after } = counts;
  const { t } = context;
  let hit = 0;
  let matches = 0;
  let maxCount = 0;
  let head = 0;
  let headMatches = 0;
  let cappedMatches = 0;
  for (const count of before) {
    if (count === 0) continue;
    hit++;
    matches += count;
    if (count > maxCount) maxCount = count;
    if (t === null) continue;
    cappedMatches += Math.min(count, t);
    if (count >= t) {
      head++;
      headMatches += count;
    }
  }
  const known = t !== null;
  return {
    total: before.length,
    hit,
    zeroHit: before.length - hit,
    matches,
    maxCount,
    t,
    head: known ? head : null,
    tail: known ? hit - head : null,
    headMatchShare: known ? ratio(headMatches, matches) : null,
    tailShare: known ? ratio(matches - headMatches, matches) : null,
    cappedMatches: known ? cappedMatches : null,
    matchesAfter: after === null ? null : sumOfRange(after, 0, after.length),
    hitAfter: after === null ? null : after.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0),
    top: topEntries(counts, context.topCount),
    sources: context.sources?.map((source) => describeSource(source, counts)) ?? null,
  };
}

function ratio(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}

function describeSource({ name, firstEntry, entryCount }: ListSource, counts: EntryCounts): SourceStats {
  const end = firstEntry + entryCount;
  let hit = 0;
  for (let id = firstEntry; id < end; id++) if ((counts.before[id] ?? 0) > 0) hit++;
  return {
    name,
    entries: entryCount,
    hit,
    before: sumOfRange(counts.before, firstEntry, end),
    after: counts.after === null ? null : sumOfRange(counts.after, firstEntry, end),
  };
}

function sumOfRange(values: Float64Array, start: number, end: number): number {
  let sum = 0;
  for (let i = start; i < end; i++) sum += values[i] ?? 0;
  return sum;
}

/** Most frequent first, equal counts by id; entries never hit are left out. */
function topEntries({ entries, before, after }: EntryCounts, size: number): RankedEntry[] {
  if (size === 0) return [];
  // A sorted list of at most twice the size, cut when full: no array of all ids.
  let ids: number[] = [];
  let least = 0; // a count at or below it can't come in any more
  const cut = (): void => {
    ids.sort((a, b) => (before[b] ?? 0) - (before[a] ?? 0) || a - b);
    ids = ids.slice(0, size);
    if (ids.length === size) least = before[ids.at(-1) ?? 0] ?? 0;
  };
  before.forEach((count, id) => {
    if (count <= least) return;
    ids.push(id);
    if (ids.length >= size * 2) cut();
  });
  cut();
  return ids.map((id) => ({
    id,
    entry: entries[id] ?? '',
    before: before[id] ?? 0,
    after: after?.[id] ?? null,
  }));
}
