/** Statistics of a made-up run, worked out from its pairs by the definitions: what the report is tested on. */
import { createRandom } from '../../scripts/fixtures/seeded-random.ts';
import type { Histogram, RunStats, SweepPoint } from '../../src/curation/stats/run-stats.ts';

/** A made-up run: the entry ids of each pair, and the lengths of their texts. */
export interface MadeRun {
  readonly entries: readonly string[];
  readonly pairs: readonly (readonly number[])[];
  readonly t: number;
  /** Caps of the sweep beside the run's own. */
  readonly sweepCaps?: readonly number[];
}

/** Expected number of kept pairs: the sum of 1 - prod(1 - q_j). */
export function expectedKept(pairs: MadeRun['pairs'], counts: Float64Array, t: number): number {
  let sum = 0;
  for (const ids of pairs) sum += keepProbability(ids, counts, t);
  return sum;
}

function keepProbability(ids: readonly number[], counts: Float64Array, t: number): number {
  return 1 - ids.reduce((missed, id) => missed * (1 - t / Math.max(counts[id] ?? 0, t)), 1);
}

/** Share of the matches on entries counted less than `t`. */
export function tailShare(counts: Float64Array, t: number): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  return total === 0 ? 0 : counts.reduce((sum, count) => sum + (count < t ? count : 0), 0) / total;
}

function histogramOf(values: readonly number[]): Histogram {
  const tally = new Map<number, number>();
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1);
  const bins = [...tally].sort(([a], [b]) => a - b).map(([from, count]) => ({ from, to: from + 1, count }));
  const sum = values.reduce((total, value) => total + value, 0);
  const mean = values.length === 0 ? 0 : sum / values.length;
  return {
    count: values.length,
    sum,
    mean,
    median: values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0,
    bins,
  };
}

/**
 * @param run - made-up run
 * @param seed - of the draws that decide which pairs are kept
 * @returns its statistics
 */
export function makeStats(
  { entries, pairs, t, sweepCaps = [1, 2, 5, 10, 20, 50] }: MadeRun,
  seed = 1,
): RunStats {
  const before = new Float64Array(entries.length);
  for (const ids of pairs) for (const id of ids) before[id] = (before[id] ?? 0) + 1;
  const random = createRandom(seed);
  const kept = pairs.filter((ids) => random.next() < keepProbability(ids, before, t));
  const after = new Float64Array(entries.length);
  for (const ids of kept) for (const id of ids) after[id] = (after[id] ?? 0) + 1;
  const matches = before.reduce((sum, count) => sum + count, 0);
  const hit = before.filter((count) => count > 0).length;
  const head = before.filter((count) => count >= t).length;
  const capped = (cap: number): number => before.reduce((sum, count) => sum + Math.min(count, cap), 0);
  const expected = expectedKept(pairs, before, t);
  const lengthsOf = (some: MadeRun['pairs']): number[] =>
    some.map((ids) => ids.length * 17 + ((ids[0] ?? 0) % 23));
  const caps = [...new Set([...sweepCaps, t])].sort((a, b) => a - b);
  const duplicates = Math.round(pairs.length / 9);
  const counts = {
    total: entries.length,
    hit,
    zeroHit: entries.length - hit,
    matches,
    maxCount: before.reduce((max, count) => Math.max(max, count), 0),
    t,
    head,
    tail: hit - head,
    headMatchShare: 1 - tailShare(before, t),
    tailShare: tailShare(before, t),
    cappedMatches: capped(t),
    matchesAfter: after.reduce((sum, count) => sum + count, 0),
    hitAfter: after.filter((count) => count > 0).length,
    top: [],
    sources: null,
  };
  const sweep = caps.map((cap): SweepPoint => ({
    t: cap,
    expectedKept: expectedKept(pairs, before, cap),
    expectedSd: 1,
    certain: pairs.filter((ids) => ids.some((id) => (before[id] ?? 0) <= cap)).length,
    tailShare: tailShare(before, cap),
    headEntries: before.filter((count) => count >= cap).length,
    tailEntries: before.filter((count) => count > 0 && count < cap).length,
    cappedMatches: capped(cap),
  }));
  return {
    toolVersion: '0.1.0',
    tasks: 2,
    pairs: {
      extracted: pairs.length * 2 + duplicates,
      dropped: {
        'no-match': pairs.length,
        'drop-list': 0,
        language: 0,
        duplicate: duplicates,
        'not-sampled': pairs.length - kept.length,
      },
      matched: pairs.length,
      kept: kept.length,
      expectedKept: expected,
      expectedSd: 3.25,
    },
    leftOut: { 'bad-json': 1, 'missing-text': 12 },
    unreadable: [],
    matches,
    entries: { total: entries.length, hit, head, tail: hit - head, unmatchable: 3, sha256: 'ab'.repeat(32) },
    t,
    tailShare: tailShare(before, t),
    seed: 0,
    run: {
      formatVersion: 1,
      list: { source: 'made-up list', fingerprint: 'ab'.repeat(32), entryCount: entries.length },
      match: {
        compat: 'metaclip',
        lang: 'off',
        langThreshold: 0,
        langModel: null,
        dropList: null,
        urlColumn: null,
        textColumn: null,
      },
      cap: { kind: 't', t },
      write: { schema: 'default' },
      formats: { jsonl: 2 },
      inputBytes: 123_456,
    },
    counts,
    matchesPerText: {
      before: histogramOf(pairs.map((ids) => ids.length)),
      after: histogramOf(kept.map((ids) => ids.length)),
    },
    explain: {
      cappedMatches: capped(t),
      expectedKept: expected,
      kept: kept.length,
      repeats: capped(t) - expected,
      rows: [],
    },
    languages: { mode: 'off', model: null, threshold: 0, dropped: 0, englishShare: null },
    relativeUrlShare: null,
    sweep,
    texts: {
      textLengths: { before: histogramOf(lengthsOf(pairs)), after: histogramOf(lengthsOf(kept)) },
      textsPerImage: { before: histogramOf(pairs.map(() => 1)), after: histogramOf(kept.map(() => 1)) },
      textKeys: { alt: { before: pairs.length, after: kept.length } },
    },
    classes: null,
    perEntry: { entries, before, after },
  };
}

/**
 * @param entryCount - entries of the list
 * @param pairCount - pairs
 * @param seed - of the draws
 * @returns entry ids of pairs, 1 to 8 each, by a Zipf law over the entries
 */
export function makePairs(entryCount: number, pairCount: number, seed = 7): number[][] {
  const random = createRandom(seed);
  return Array.from({ length: pairCount }, () => {
    const ids = new Set<number>();
    const wanted = 1 + Math.floor(random.next() ** 2 * 8);
    for (let k = 0; k < wanted; k++) ids.add(random.zipf(entryCount));
    return [...ids].sort((a, b) => a - b);
  });
}

/** Entries that would do harm in a page that trusts them. */
export const HOSTILE: readonly string[] = [
  '</script><script>window.pwned = 1</script>',
  '<img src=x onerror="window.pwned = 2">',
  '__proto__',
  'constructor',
  'turned \u202eround\u2066',
  'x'.repeat(10_000),
  "' onmouseover='window.pwned = 3",
  '<!-- <script>',
  'line\nfeed',
  '',
];
