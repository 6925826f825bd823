/** What a run came to: the numbers of `stats.json`, of `--json` and of the printed table. */
import { tailShareOf } from './balance/cap.ts';
import {
  DROP_LIST_REASON,
  DUPLICATE_REASON,
  LANGUAGE_REASON,
  NO_MATCH_REASON,
  NOT_SAMPLED_REASON,
  PAIR_REASONS,
} from './drop-reasons.ts';
import { type Marker, sumOf } from './run/markers.ts';
import type { RunFile } from './run/run-file.ts';
import type { BalanceResult } from './stages/balance-stage.ts';
import type { CountResult } from './stages/count-stage.ts';

/**
 * The numbers of a run. They depend on inputs and options alone: no times, no paths but those of unreadable inputs.
 * Invariant: `pairs.extracted` = `pairs.kept` + the sum of `pairs.dropped`.
 */
export interface RunSummary {
  readonly toolVersion: string;
  readonly tasks: number;
  readonly pairs: {
    /** (image url, text) pairs that the readers found. */
    readonly extracted: number;
    readonly dropped: Readonly<Record<(typeof PAIR_REASONS)[number], number>>;
    /** Distinct pairs with at least one entry: what is counted and sampled. */
    readonly matched: number;
    readonly kept: number;
    /** Expected number of kept pairs, and its standard deviation over seeds. */
    readonly expectedKept: number;
    readonly expectedSd: number;
  };
  /** What the readers left out, by reason: records, images, rows; not pairs. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** Input files that could not be used at all. */
  readonly unreadable: readonly { readonly path: string; readonly code: string; readonly message: string }[];
  readonly matches: number;
  readonly entries: {
    readonly total: number;
    readonly hit: number;
    /** Entries with a count of at least `t`. */
    readonly head: number;
    /** Entries that are hit, below `t`. */
    readonly tail: number;
    /** Entries that can match no text, e.g. for their punctuation. */
    readonly unmatchable: number;
    readonly sha256: string;
  };
  readonly t: number;
  readonly tailShare: number;
  readonly seed: number;
}

/**
 * @param run - run file
 * @param matchMarkers - markers of the match stage
 * @param counted - result of the count stage
 * @param balanced - result of the balance stage
 * @param unmatchable - number of entries that can match no text
 * @returns the numbers of the run
 */
export function summarizeRun(
  run: RunFile,
  matchMarkers: readonly Marker[],
  counted: CountResult,
  balanced: BalanceResult,
  unmatchable: number,
): RunSummary {
  const drops = new Map<string, number>();
  for (const marker of matchMarkers) {
    for (const [reason, count] of Object.entries(marker.drops ?? {})) {
      drops.set(reason, (drops.get(reason) ?? 0) + count);
    }
  }
  drops.set(DUPLICATE_REASON, counted.duplicateCount);
  drops.set(NOT_SAMPLED_REASON, sumOf(balanced.markers, 'notSampled'));
  const pairReasons: readonly string[] = PAIR_REASONS;
  const leftOut = [...drops]
    .filter(([reason]) => !pairReasons.includes(reason))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const countOf = (reason: string): number => drops.get(reason) ?? 0;
  let hit = 0;
  let head = 0;
  let matches = 0;
  for (const count of counted.counts) {
    matches += count;
    if (count > 0) hit++;
    if (count > 0 && count >= balanced.t) head++;
  }
  return {
    toolVersion: run.toolVersion,
    tasks: run.tasks.length,
    pairs: {
      extracted: sumOf(matchMarkers, 'pairs'),
      dropped: {
        [NO_MATCH_REASON]: countOf(NO_MATCH_REASON),
        [DROP_LIST_REASON]: countOf(DROP_LIST_REASON),
        [LANGUAGE_REASON]: countOf(LANGUAGE_REASON),
        [DUPLICATE_REASON]: counted.duplicateCount,
        [NOT_SAMPLED_REASON]: countOf(NOT_SAMPLED_REASON),
      },
      matched: counted.pairCount,
      kept: sumOf(balanced.markers, 'kept'),
      expectedKept: sumOf(balanced.markers, 'expected'),
      expectedSd: Math.sqrt(sumOf(balanced.markers, 'variance')),
    },
    leftOut: Object.fromEntries(leftOut),
    unreadable: matchMarkers.flatMap((marker) =>
      marker.failure === undefined ? [] : [{ path: run.tasks[marker.index]?.path ?? '', ...marker.failure }],
    ),
    matches,
    entries: {
      total: run.metadata.entryCount,
      hit,
      head,
      tail: hit - head,
      unmatchable,
      sha256: run.metadata.fingerprint,
    },
    t: balanced.t,
    tailShare: tailShareOf(counted.counts, balanced.t),
    seed: run.balance.seed,
  };
}
