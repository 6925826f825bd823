/** The statistics that cost nothing more once a run is balanced; the rest is null. */
import { basename } from 'node:path';
import { describeHistogram } from '../../common/histogram.ts';
import { DEFAULT_LIST_SOURCE } from '../../metadata/entries.ts';
import { sumOf } from '../run/markers.ts';
import type { RunFile } from '../run/run-file.ts';
import { summarizeRun } from '../summary.ts';
import { type BalancedRun, sumBins } from './balanced-run.ts';
import { describeCounts } from './count-stats.ts';
import { explainKept } from './explain-kept.ts';
import type { EntryCounts, LanguageStats, RunIdentity, RunStats } from './run-stats.ts';

/** Rows of `counts.top` unless another number is asked for. */
export const DEFAULT_TOP_COUNT = 20;

/**
 * Time O(entries + tasks).
 *
 * @param balancedRun - results of the stages
 * @param perEntry - counts of every entry, before and after
 * @param unmatchable - number of entries that can match no text
 * @param topCount - rows of `counts.top`
 * @returns statistics without sweep, texts and classes
 */
export function assembleStats(
  balancedRun: BalancedRun,
  perEntry: EntryCounts,
  unmatchable: number,
  topCount: number = DEFAULT_TOP_COUNT,
): RunStats {
  const { run, matchMarkers, counted, balanced } = balancedRun;
  const summary = summarizeRun(run, matchMarkers, counted, balanced, unmatchable);
  const sources = run.metadata.sources ?? null;
  const counts = describeCounts(perEntry, { t: balanced.t, topCount, sources });
  const bins = sumBins(balanced.markers);
  const { expectedKept, kept } = summary.pairs;
  return {
    ...summary,
    run: identify(run),
    counts,
    matchesPerText: {
      before: describeHistogram(bins.pairs, counts.matches),
      after: describeHistogram(bins.kept, sumOf(balanced.markers, 'keptMatches')),
    },
    explain: explainKept(bins, counts.cappedMatches ?? 0, expectedKept, kept),
    languages: describeLanguage(run, summary.pairs),
    relativeUrlShare: shareOfRelative(sumOf(matchMarkers, 'relative'), sumOf(matchMarkers, 'linked')),
    sweep: null,
    texts: null,
    classes: null,
    perEntry,
  };
}

/** Null where no url came from a page. */
function shareOfRelative(relative: number, linked: number): number | null {
  return linked === 0 ? null : relative / linked;
}

/**
 * @param stats - statistics
 * @returns them without the counts of every entry: what goes into a JSON file
 */
export function statsJson(stats: RunStats): Omit<RunStats, 'perEntry'> {
  const { perEntry: _, ...rest } = stats;
  return rest;
}

function identify(run: RunFile): RunIdentity {
  const { source, path, fingerprint, entryCount } = run.metadata;
  const formats: Record<string, number> = {};
  for (const { format } of run.tasks) formats[format] = (formats[format] ?? 0) + 1;
  return {
    formatVersion: run.formatVersion,
    list: { source: path === null ? DEFAULT_LIST_SOURCE : basename(source), fingerprint, entryCount },
    match: run.match,
    cap: run.balance.cap,
    write: run.write,
    formats: Object.fromEntries(Object.entries(formats).sort(([a], [b]) => (a < b ? -1 : 1))),
    inputBytes: run.tasks.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

function describeLanguage({ match }: RunFile, pairs: RunStats['pairs']): LanguageStats {
  const dropped = pairs.dropped.language;
  // Duplicates were asked too: they are only found when all pairs are there.
  const english = pairs.matched + pairs.dropped.duplicate;
  const asked = match.lang === 'off' ? 0 : english + dropped;
  return {
    mode: match.lang,
    model: match.langModel,
    threshold: match.langThreshold,
    dropped,
    englishShare: asked === 0 ? null : english / asked,
  };
}
