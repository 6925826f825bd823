/**
 * What the report's page is made from: the JSON in `<script id="payload">`. Types only, shared by the page and by what writes
 * it. Strings that come from the input stand in the other block, as bytes.
 */

/** How many texts have each value; all bins but the last have an end, the start of the next. */
export interface PageHistogram {
  /** Least value of each bin, ascending. */
  readonly starts: readonly number[];
  /** Texts with a match, and the kept ones of them. */
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** First value that is in no bin; null where the last bin is open. */
  readonly end: number | null;
}

/** A figure that shows a histogram. */
export interface HistogramFigure {
  /** Id of its element. */
  readonly id: string;
  readonly histogram: PageHistogram;
  /** What has the value (`texts`), and what the value counts (`entries in a text`). */
  readonly noun: string;
  readonly axisLabel: string;
}

/** Content of the JSON block. */
export interface ReportPayload {
  readonly t: number;
  /** Distinct pairs with a match: what is kept where nothing is capped. */
  readonly matchedPairs: number;
  /** Expected number of kept pairs, exact at each of these caps; both ascend. */
  readonly sweep: { readonly t: readonly number[]; readonly kept: readonly number[] };
  /** Every entry count of the run: distinct counts ascending as differences, and how many entries have each. */
  readonly countRuns: { readonly deltas: readonly number[]; readonly sizes: readonly number[] };
  readonly histograms: readonly HistogramFigure[];
  /** Entries of the table, which may be fewer than those of the list. */
  readonly table: { readonly rows: number; readonly hasAfter: boolean };
}
