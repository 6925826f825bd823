/** The summary of a run as a table for people. */
import { formatCount } from '../common/progress.ts';
import type { CurateResult } from '../curation/carry-out.ts';
import { PAIR_REASONS } from '../curation/drop-reasons.ts';
import type { RunSummary } from '../curation/summary.ts';

const REASON_LABELS: Readonly<Record<(typeof PAIR_REASONS)[number], string>> = {
  'no-match': 'no entry in the text',
  'drop-list': 'on the drop list',
  language: 'not English',
  duplicate: 'duplicate',
  'not-sampled': 'over the cap',
};

/**
 * @param result - what a call did
 * @returns lines for people; the last says where the result lies
 */
export function describeResult(result: CurateResult): string {
  const { summary } = result;
  const lines = summary === null ? [] : describeSummary(summary);
  const rate =
    summary !== null && !result.resumed && result.seconds > 0 ? summary.pairs.extracted / result.seconds : 0;
  lines.push(
    row('seconds', result.seconds.toFixed(1), rate > 0 ? `${formatCount(rate)} pairs/s` : ''),
    '',
    result.executedPieces === 0 ? 'Everything was done already.' : '',
    describeIgnored(result.ignoredFiles),
  );
  return lines.filter((line, i) => line !== '' || lines[i - 1] !== '').join('\n');
}

/**
 * @param summary - numbers of a run
 * @returns lines for people, the last of them empty
 */
export function describeSummary(summary: RunSummary): string[] {
  const { pairs, entries } = summary;
  const share = (count: number): string =>
    pairs.extracted === 0 ? '' : `${((100 * count) / pairs.extracted).toFixed(1)}%`;
  const dropped = PAIR_REASONS.filter((reason) => pairs.dropped[reason] > 0).map((reason) =>
    row(`- ${REASON_LABELS[reason]}`, formatCount(pairs.dropped[reason]), share(pairs.dropped[reason])),
  );
  const leftOut = Object.entries(summary.leftOut);
  return [
    row(
      'pairs in',
      formatCount(pairs.extracted),
      `${formatCount(summary.tasks)} input file${summary.tasks === 1 ? '' : 's'}`,
    ),
    ...dropped,
    row(
      'kept',
      formatCount(pairs.kept),
      `${share(pairs.kept)}; expected ${formatCount(pairs.expectedKept)} ± ${pairs.expectedSd.toFixed(1)}`,
    ),
    '',
    row('matched pairs', formatCount(pairs.matched), matchesPerPair(summary)),
    row(
      'entries hit',
      formatCount(entries.hit),
      `of ${formatCount(entries.total)}${cannotMatch(entries.unmatchable)}`,
    ),
    row(
      'head, tail',
      `${formatCount(entries.head)}, ${formatCount(entries.tail)}`,
      `t = ${formatCount(summary.t)}, tail share ${(100 * summary.tailShare).toFixed(1)}%`,
    ),
    ...(leftOut.length === 0 ? [] : ['', 'left out while reading (not pairs):']),
    ...leftOut.map(([reason, count]) => row(`- ${reason}`, formatCount(count), '')),
    ...summary.unreadable.slice(0, 5).map(({ message }) => `  could not be read: ${message}`),
    '',
  ];
}

function describeIgnored(paths: readonly string[]): string {
  const [first] = paths;
  if (first === undefined) return '';
  return `Ignored ${formatCount(paths.length)} file${paths.length === 1 ? '' : 's'} of unknown kinds, e.g. ${first}`;
}

function cannotMatch(count: number): string {
  return count === 0 ? '' : `, ${formatCount(count)} of which no text can match`;
}

function matchesPerPair(summary: RunSummary): string {
  if (summary.pairs.matched === 0) return '';
  return `${(summary.matches / summary.pairs.matched).toFixed(2)} entries a pair`;
}

function row(label: string, value: string, note: string): string {
  return `  ${label.padEnd(26)}${value.padStart(14)}${note === '' ? '' : `   ${note}`}`;
}
