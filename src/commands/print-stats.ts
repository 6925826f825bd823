/** Statistics as tables for people. */
import { formatBytes, formatCount } from '../common/progress.ts';
import type { Comparison } from '../curation/stats/compare-counts.ts';
import type {
  ClassAlignment,
  ClassSpread,
  CountStats,
  Explanation,
  Histogram,
  RunStats,
  SweepPoint,
  TextStats,
} from '../curation/stats/run-stats.ts';
import { describeSummary } from './print-summary.ts';

/** Languages that are shown by name. */
const LANGUAGE_ROWS = 10;

/**
 * @param stats - of a run
 * @param withExplanation - whether the sums of kept pairs and capped counts are explained
 * @returns lines for people
 */
export function describeRunStats(stats: RunStats, withExplanation: boolean): string[] {
  const { counts, run, languages, texts, sweep, classes, matchesPerText } = stats;
  return [
    `Entry list: ${run.list.source}, ${formatCount(run.list.entryCount)} entries; inputs ${formatBytes(run.inputBytes)}`,
    '',
    ...describeSummary(stats),
    ...describeHits(counts),
    ...beforeAfter('matches per text', matchesPerText.before, matchesPerText.after),
    ...(texts === null
      ? []
      : beforeAfter('texts per image', texts.textsPerImage.before, texts.textsPerImage.after)),
    ...(texts === null
      ? []
      : beforeAfter('characters per text', texts.textLengths.before, texts.textLengths.after)),
    ...(texts === null
      ? []
      : Object.entries(texts.textKeys).map(([key, { before, after }]) =>
          line(`texts from ${key}`, formatCount(before), `${formatCount(after)} kept`),
        )),
    stats.relativeUrlShare === null
      ? ''
      : line('relative urls', percent(stats.relativeUrlShare), 'of the pairs read from pages'),
    languages.englishShare === null
      ? line('language', 'not asked', 'by the run')
      : line('English', percent(languages.englishShare), 'of the texts with an entry'),
    ...describeLanguages(texts),
    '',
    ...describeTop(counts),
    ...describeSources(counts),
    ...(sweep === null ? [] : describeSweep(sweep, stats.t)),
    ...(classes === null ? [] : describeClasses(classes)),
    ...(withExplanation ? describeExplanation(stats.explain) : []),
  ];
}

/**
 * @param counts - of a file of counts
 * @param label - what they are over
 * @returns lines for people
 */
export function describeCountStats(counts: CountStats, label: string): string[] {
  return [
    label,
    '',
    line('entries', formatCount(counts.total), ''),
    line('entries hit', formatCount(counts.hit), ''),
    line('matches', formatCount(counts.matches), ''),
    ...(counts.t === null
      ? []
      : [
          line(
            'head, tail',
            `${formatCount(counts.head ?? 0)}, ${formatCount(counts.tail ?? 0)}`,
            `t = ${formatCount(counts.t)}`,
          ),
        ]),
    ...describeHits(counts),
    '',
    ...describeTop(counts),
  ];
}

function describeHits(counts: CountStats): string[] {
  const lines = [
    line(
      'entries never hit',
      formatCount(counts.zeroHit),
      percent(counts.zeroHit / Math.max(1, counts.total)),
    ),
  ];
  if (counts.headMatchShare !== null) {
    lines.push(
      line('matches on head entries', percent(counts.headMatchShare), `of ${formatCount(counts.matches)}`),
    );
  }
  if (counts.hitAfter !== null) {
    lines.push(
      line(
        'entries hit, kept pairs',
        formatCount(counts.hitAfter),
        `${formatCount(counts.matchesAfter ?? 0)} matches`,
      ),
    );
  }
  return lines;
}

function beforeAfter(label: string, before: Histogram, after: Histogram): string[] {
  const side = ({ mean, median }: Histogram): string =>
    `mean ${mean.toFixed(2)}, median ${formatCount(median)}`;
  return [line(label, '', `${side(before)}; kept: ${side(after)}`)];
}

function describeLanguages(texts: TextStats | null): string[] {
  const languages = Object.entries(texts?.languages ?? {});
  const rows = languages
    .slice(0, LANGUAGE_ROWS)
    .map(([label, { before, after }]) =>
      line(`  ${label}`, formatCount(before), `${formatCount(after)} kept`),
    );
  const rest = languages.slice(LANGUAGE_ROWS).reduce((sum, [, { before }]) => sum + before, 0);
  return rest === 0 ? rows : [...rows, line('  others', formatCount(rest), '')];
}

function describeTop({ top, matchesAfter }: CountStats): string[] {
  if (top.length === 0) return [];
  // A file of counts has one column, whichever pairs it is over.
  if (matchesAfter === null) {
    return table(
      ['most frequent', 'pairs'],
      top.map(({ entry, before }) => [shown(entry), formatCount(before)]),
    );
  }
  return table(
    ['most frequent', 'before', 'after'],
    top.map(({ entry, before, after }) => [shown(entry), formatCount(before), formatCount(after ?? 0)]),
  );
}

function describeSources({ sources }: CountStats): string[] {
  if (sources === null) return [];
  return table(
    ['part of the list', 'entries', 'hit', 'before', 'after'],
    sources.map(({ name, entries, hit, before, after }) => [
      shown(name),
      formatCount(entries),
      formatCount(hit),
      formatCount(before),
      after === null ? '-' : formatCount(after),
    ]),
  );
}

function describeSweep(sweep: readonly SweepPoint[], own: number): string[] {
  return table(
    ['t', 'expected pairs', 'for certain', 'head entries', 'tail share'],
    sweep.map(({ t, expectedKept, certain, headEntries, tailShare }) => [
      `${formatCount(t)}${t === own ? ' *' : ''}`,
      formatCount(expectedKept),
      formatCount(certain),
      formatCount(headEntries),
      percent(tailShare),
    ]),
  );
}

function describeClasses(classes: ClassAlignment): string[] {
  const spread = (
    label: string,
    { hit, matches, klFromUniform, effectiveClasses }: ClassSpread,
  ): string[] => [
    label,
    formatCount(hit),
    formatCount(matches),
    klFromUniform === null ? '-' : klFromUniform.toFixed(4),
    effectiveClasses === null ? '-' : effectiveClasses.toFixed(1),
  ];
  return [
    `${classes.source}: ${formatCount(classes.entryCount)} of ${formatCount(classes.classCount)} classes are entries`,
    '',
    ...table(
      ['classes that are entries', 'hit', 'matches', 'KL from uniform', 'as even as'],
      [
        spread('before balancing', classes.before),
        ...(classes.after === null ? [] : [spread('kept pairs', classes.after)]),
      ],
    ),
    '  KL = sum p ln(p K) in nats over the K classes that are entries, no smoothing; "as even as": K exp(-KL) equal classes.',
    '',
  ];
}

function describeExplanation(explain: Explanation): string[] {
  const range = (from: number, to: number): string =>
    to - from === 1 ? String(from) : `${from} to ${to - 1}`;
  return [
    `Why ${formatCount(explain.kept)} pairs and not ${formatCount(explain.cappedMatches)}:`,
    '',
    `  Each entry takes min(count, t) pairs, ${formatCount(explain.cappedMatches)} in all. A pair with several entries may be taken by`,
    `  each of them but is kept once, so ${formatCount(explain.repeats)} of these are second and further takings of a pair that is`,
    `  kept anyway, and ${formatCount(explain.expectedKept)} pairs are left to expect; this seed kept ${formatCount(explain.kept)}.`,
    '',
    ...table(
      ['entries of the pair', 'pairs', 'takings', 'expected pairs', 'repeats'],
      explain.rows.map(({ from, to, pairs, acceptances, expectedKept }) => [
        range(from, to),
        formatCount(pairs),
        formatCount(acceptances),
        formatCount(expectedKept),
        formatCount(acceptances - expectedKept),
      ]),
    ),
  ];
}

/**
 * @param comparison - of two sides
 * @returns lines for people
 */
export function describeComparison(comparison: Comparison): string[] {
  const cap = ({ t }: Comparison['a']): string => (t === null ? '' : `, t = ${formatCount(t)}`);
  const lines = [
    `A: ${comparison.a.path} (${comparison.a.kind}${cap(comparison.a)})`,
    `B: ${comparison.b.path} (${comparison.b.kind}${cap(comparison.b)})`,
    `${formatCount(comparison.entryCount)} entries`,
    '',
  ];
  for (const { a, b, jsDivergence, movers } of comparison.counts) {
    const of = (kind: string): string => (kind === 'before' ? 'matched pairs' : 'kept pairs');
    lines.push(
      ...table(
        [a.kind === b.kind ? of(a.kind) : `A ${of(a.kind)}, B ${of(b.kind)}`, 'A', 'B'],
        [
          ['matches', formatCount(a.matches), formatCount(b.matches)],
          ['entries hit', formatCount(a.hit), formatCount(b.hit)],
          ['entries hit only here', formatCount(a.hitHereOnly), formatCount(b.hitHereOnly)],
        ],
      ),
      `  Jensen-Shannon divergence ${jsDivergence === null ? '-' : jsDivergence.toFixed(6)} bit (0 equal, 1 nothing in common)`,
      '',
      ...(movers.length === 0
        ? []
        : table(
            ['greatest change of share', 'A', 'B', 'share A', 'share B'],
            movers.map((mover) => [
              shown(mover.entry),
              formatCount(mover.a),
              formatCount(mover.b),
              percent(mover.shareA, 3),
              percent(mover.shareB, 3),
            ]),
          )),
    );
  }
  return lines;
}

/** First column to the left, the others to the right; a blank line after it. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const lines = all.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [...lines.map((text) => `  ${text}`), ''];
}

/** An entry as it can stand in one line of a terminal. */
function shown(text: string): string {
  const clean = text.replace(/\p{C}/gu, '?');
  return clean.length > 40 ? `${clean.slice(0, 39)}…` : clean;
}

function percent(share: number, digits = 1): string {
  return `${(100 * share).toFixed(digits)}%`;
}

function line(label: string, value: string, note: string): string {
  return `  ${label.padEnd(26)}${value.padStart(14)}${note === '' ? '' : `   ${note}`}`.trimEnd();
}
