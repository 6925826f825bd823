/**
 * The statistics of a run: the types of what is known of it. `stats.json` has what costs nothing once the run is balanced;
 * the fields that need another pass over the matched shards are null there and filled by `collectRunStats`.
 *
 * All numbers are exact, duplicates are excluded as counting does, and "after" is the pairs that were really kept.
 */
import type { Histogram } from '../../common/histogram.ts';
import type { MatchOptions, WriteOptions } from '../run/run-file.ts';
import type { CapOption } from '../balance/cap.ts';
import type { RunSummary } from '../summary.ts';

export type { Histogram, HistogramBin } from '../../common/histogram.ts';

/** One number over the matched pairs and the same over the kept ones. */
export interface BeforeAfter<T> {
  readonly before: T;
  readonly after: T;
}

/** One entry of a table. */
export interface RankedEntry {
  readonly id: number;
  readonly entry: string;
  /** Pairs with the entry among the matched ones. */
  readonly before: number;
  /** The same among the kept ones; null where only counts are known. */
  readonly after: number | null;
}

/** Entries of one origin in the list's provenance (WordNet, unigrams, ...). */
export interface SourceStats {
  readonly name: string;
  readonly entries: number;
  readonly hit: number;
  /** Matches that fall on these entries, before and after balancing. */
  readonly before: number;
  readonly after: number | null;
}

/** What the entry counts alone tell. */
export interface CountStats {
  readonly total: number;
  readonly hit: number;
  readonly zeroHit: number;
  /** Sum of all counts. */
  readonly matches: number;
  readonly maxCount: number;
  /** The cap that the next fields are for; null where none is known. */
  readonly t: number | null;
  /** Entries with a count of at least `t`, and those hit below it. */
  readonly head: number | null;
  readonly tail: number | null;
  /** Share of the matches that fall on head entries; with `tailShare` it sums to 1. */
  readonly headMatchShare: number | null;
  readonly tailShare: number | null;
  /** Sum over the entries of `min(count, t)`. */
  readonly cappedMatches: number | null;
  /** Matches of the kept pairs; null where only counts are known. */
  readonly matchesAfter: number | null;
  /** Entries hit by a kept pair. */
  readonly hitAfter: number | null;
  /** Most frequent first; equal counts by id. */
  readonly top: readonly RankedEntry[];
  /** By origin, in list order; null where the list has no provenance. */
  readonly sources: readonly SourceStats[] | null;
}

/** What another cap would give: exact expectations over the matched pairs of this run. */
export interface SweepPoint {
  readonly t: number;
  /** Expected number of kept pairs, and its standard deviation over seeds. */
  readonly expectedKept: number;
  readonly expectedSd: number;
  /** Pairs that are kept for certain: those with an entry whose count is at most `t`. */
  readonly certain: number;
  readonly tailShare: number;
  /** Entries with a count of at least `t`, and those hit below it. */
  readonly headEntries: number;
  readonly tailEntries: number;
  /** Sum over the entries of `min(count, t)`. */
  readonly cappedMatches: number;
}

/** Pairs by their number of matches, and what they add to the two sums that {@link Explanation} compares. */
export interface ExplainRow {
  /** Number of matches of the pairs in this row: from (inclusive) to (exclusive). */
  readonly from: number;
  readonly to: number;
  readonly pairs: number;
  /** Sum over these pairs of the sum of `q_j`: their share of the capped counts. */
  readonly acceptances: number;
  /** Sum over these pairs of `P`: their share of the expected kept pairs. */
  readonly expectedKept: number;
}

/** Why fewer pairs are kept than the capped counts add up to. */
export interface Explanation {
  /** `sum_j min(c_j, t)`, which is the sum over all pairs and their entries of `q_j`. */
  readonly cappedMatches: number;
  readonly expectedKept: number;
  readonly kept: number;
  /** `cappedMatches - expectedKept`: acceptances by a second, third, ... entry of a pair that is kept once. */
  readonly repeats: number;
  readonly rows: readonly ExplainRow[];
}

/** What needs the strings of the matched pairs. */
export interface TextStats {
  /** Characters (code points) of a text. */
  readonly textLengths: BeforeAfter<Histogram>;
  /** Distinct texts with a match of one image url. */
  readonly textsPerImage: BeforeAfter<Histogram>;
  /** Where the texts stood (`alt`, `title`, ...): pairs by key. */
  readonly textKeys: Readonly<Record<string, BeforeAfter<number>>>;
  /** Pairs by what lid.176 takes their text for, most frequent first; absent where it was not asked for. */
  readonly languages?: Readonly<Record<string, BeforeAfter<number>>>;
}

/** What is known of the language of the pairs. */
export interface LanguageStats {
  readonly mode: MatchOptions['lang'];
  /** Name and sha256 of the model; null when no model was asked. */
  readonly model: string | null;
  readonly threshold: number;
  /** Texts with a match that were dropped for their language. */
  readonly dropped: number;
  /** Share of the texts asked that were English; null when no model was asked or nothing reached it. */
  readonly englishShare: number | null;
}

/** A class of a class list and its entry. */
export interface ClassHit {
  readonly name: string;
  /** Entry id; null when the name is no entry. */
  readonly id: number | null;
  readonly before: number;
  readonly after: number | null;
}

/** How evenly counts lie over the classes that are entries. */
export interface ClassSpread {
  readonly hit: number;
  readonly matches: number;
  /**
   * Kullback-Leibler divergence from the uniform distribution in nats, `sum_i p_i ln(p_i K)` over the K classes that are
   * entries, `p_i = c_i / sum c`. No smoothing is needed: a class that is never hit adds `0 ln 0 = 0`. 0 is perfectly even,
   * `ln K` is all on one class; null when nothing was hit.
   */
  readonly klFromUniform: number | null;
  /** `K exp(-klFromUniform)`: as many equally frequent classes would be as even. */
  readonly effectiveClasses: number | null;
}

/** How a class list lies in the data. */
export interface ClassAlignment {
  /** File name of the list. */
  readonly source: string;
  /** Distinct names. */
  readonly classCount: number;
  readonly entryCount: number;
  readonly before: ClassSpread;
  readonly after: ClassSpread | null;
  /** In the order of the list. */
  readonly classes: readonly ClassHit[];
}

/** Which run it is. No absolute paths: the statistics are the same wherever the run lies. */
export interface RunIdentity {
  readonly formatVersion: number;
  readonly list: { readonly source: string; readonly fingerprint: string; readonly entryCount: number };
  readonly match: MatchOptions;
  readonly cap: CapOption;
  readonly write: WriteOptions;
  /** Input files by format. */
  readonly formats: Readonly<Record<string, number>>;
  readonly inputBytes: number;
}

/** Counts of every entry, by entry id. */
export interface EntryCounts {
  readonly entries: readonly string[];
  readonly before: Float64Array;
  /** null where only counts are known. */
  readonly after: Float64Array | null;
}

/** The statistics of a run. The fields of {@link RunSummary} stand at the top; all but `perEntry` goes into JSON. */
export interface RunStats extends RunSummary {
  readonly run: RunIdentity;
  readonly counts: CountStats;
  readonly matchesPerText: BeforeAfter<Histogram>;
  readonly explain: Explanation;
  readonly languages: LanguageStats;
  /** Share of the pairs read from pages whose url was relative there, before any matching; null where all inputs are pools. */
  readonly relativeUrlShare: number | null;
  /** Ascending `t`; the run's own is one of them. null when it was not asked for. */
  readonly sweep: readonly SweepPoint[] | null;
  readonly texts: TextStats | null;
  /** null without a class list. */
  readonly classes: ClassAlignment | null;
  /** Not part of the JSON form; see `statsJson`. */
  readonly perEntry: EntryCounts;
}

/** Told to whoever shows progress. */
export interface StatsProgress {
  readonly pass: 'sweep' | 'texts';
  readonly doneTasks: number;
  readonly totalTasks: number;
}

/** Choices of `collectRunStats`. */
export interface StatsOptions {
  /** Rows of `counts.top`; default 20. */
  readonly topCount?: number;
  /** Whether to make `sweep` and `texts`, which read all matched pairs once each; default true. */
  readonly detail?: boolean;
  /** Caps of the sweep; default 1, 2, 5, 10, ... up to the largest count. The run's own is added. */
  readonly sweepCaps?: readonly number[];
  /** File with one class name a line, or the names themselves with what they are called. */
  readonly classes?: string | { readonly source: string; readonly names: readonly string[] };
  /** Whether `texts.languages` is made too, at 7 us a text; default false. */
  readonly languages?: boolean;
  /** Worker threads of the sweep; default: one for each core. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called when a pass over the matched pairs begins and after each task of it. */
  readonly onProgress?: (progress: StatsProgress) => void;
}
