/** `metaclip metadata check`: what is wrong with a list, what it holds, and how it lies to another. */
import { MetaclipError } from '../common/errors.ts';
import { formatCount } from '../common/progress.ts';
import { checkOneOf } from '../curation/curate-options.ts';
import { COMPAT_MODES } from '../curation/compat.ts';
import { describeUnmatchable, type UnmatchableReason } from '../curation/match/unmatchable.ts';
import { checkList, compareLists, type ListReport, type OverlapReport } from '../metadata/check-list.ts';
import { fingerprintEntries } from '../metadata/entry-list.ts';
import { readRawList } from '../metadata/read-raw-list.ts';
import type { Command } from './command.ts';

const REASONS: Readonly<Record<UnmatchableReason, string>> = {
  'punctuation-in-token': 'punctuation inside a word: texts are spaced at , . ; : ? ! `, entries are not',
  'blank-in-token': 'a tab or line end: in texts these are spaces',
  'adjacent-punctuation': 'two punctuation marks in a row: in texts a space stands between them',
  'no-token': 'nothing but blanks',
};

interface UnmatchableReport {
  readonly reason: UnmatchableReason;
  readonly count: number;
  readonly examples: readonly string[];
}

/** The command. */
export const metadataCheckCommand: Command = {
  name: 'metadata check',
  summary: 'faults of a list, entries that can never match, lengths, scripts, overlap with another',
  positionals: 'LIST [OTHER]',
  arity: [1, 2],
  description: [
    'Reads the list as it lies there. Duplicates, empty entries, NUL characters and the like make a run refuse it: the exit',
    'code is 3 then. Other findings are notes: entries that can never match (St. Louis, U.S.), control characters, outer',
    'spaces, more than 256 characters. With OTHER it says what the two have in common.',
  ].join('\n'),
  options: {
    compat: { type: 'string', value: 'RULE', help: 'metaclip (default) or mended: which entries can match' },
    json: { type: 'boolean', help: 'print it as JSON' },
  },
  examples: [
    { command: 'metaclip metadata check entries.txt', what: 'one list' },
    { command: 'metaclip metadata check metadata.json entries.txt --json', what: 'two lists, for a program' },
  ],
  run: async (args, io) => {
    const compat = checkOneOf('--compat', args.text('compat') ?? 'metaclip', COMPAT_MODES);
    const [path = '', otherPath] = args.positionals;
    const list = await readRawList(path);
    const report = checkList(list);
    const unmatchable = summarize(describeUnmatchable(list.entries, compat));
    const overlap =
      otherPath === undefined
        ? undefined
        : compareLists(list.entries, (await readRawList(otherPath)).entries);
    const fingerprint = report.isUsable ? fingerprintEntries(list.entries) : null;
    if (args.flag('json')) {
      const { form, notStrings, sha256 } = list;
      const value = { list: path, form, sha256, fingerprint, notStrings, ...report, compat, unmatchable };
      io.out(
        `${JSON.stringify(overlap === undefined ? value : { ...value, other: otherPath, overlap }, null, 2)}\n`,
      );
    } else {
      io.out(describe(path, list.notStrings, fingerprint, report, unmatchable));
      if (overlap !== undefined) io.out(describeOverlap(path, otherPath ?? '', overlap));
    }
    if (io.signal.aborted) throw new MetaclipError('E_INTERRUPTED', 'interrupted', { hint: 'run it again' });
    return report.isUsable ? 0 : 3;
  },
};

function summarize(
  found: readonly { readonly entry: string; readonly reason: UnmatchableReason }[],
): UnmatchableReport[] {
  const reports = new Map<UnmatchableReason, { count: number; examples: string[] }>();
  for (const { entry, reason } of found) {
    const report = reports.get(reason) ?? { count: 0, examples: [] };
    report.count++;
    if (report.examples.length < 5) report.examples.push(entry.slice(0, 100));
    reports.set(reason, report);
  }
  return [...reports].map(([reason, report]) => ({ reason, ...report })).sort((a, b) => b.count - a.count);
}

function describe(
  path: string,
  notStrings: number,
  fingerprint: string | null,
  report: ListReport,
  unmatchable: readonly UnmatchableReport[],
): string {
  const quoteAll = (entries: readonly string[]): string =>
    entries.map((entry) => JSON.stringify(entry)).join(', ');
  const share = (count: number): string => `${((100 * count) / Math.max(1, report.entryCount)).toFixed(1)}%`;
  const lines = [
    `${path}: ${report.isUsable ? 'usable' : 'NOT usable'}`,
    `  entries      ${formatCount(report.entryCount)}`,
    ...(fingerprint === null ? [] : [`  fingerprint  ${fingerprint}`]),
    `  characters   ${report.length.shortest} to ${formatCount(report.length.longest)}, median ${report.length.median}`,
    `  words        ${Object.entries(report.words)
      .map(([words, count]) => `${words}: ${formatCount(count)}`)
      .join(', ')}`,
    `  scripts      ${Object.entries(report.scripts)
      .slice(0, 8)
      .map(([script, count]) => `${script} ${formatCount(count)} (${share(count)})`)
      .join(', ')}`,
  ];
  if (notStrings > 0) lines.push(`  fault: ${formatCount(notStrings)} values that are no strings`);
  for (const { fault, isFatal, count, examples } of report.faults) {
    const shown = examples.map(({ id, entry }) => `${id} ${JSON.stringify(entry)}`).join(', ');
    lines.push(`  ${isFatal ? 'fault' : 'note'}: ${fault}, ${formatCount(count)}: ${shown}`);
  }
  const total = unmatchable.reduce((sum, { count }) => sum + count, 0);
  lines.push(`  can never match: ${formatCount(total)} (${share(total)})`);
  for (const { reason, count, examples } of unmatchable) {
    lines.push(`    ${formatCount(count)} ${REASONS[reason]}; e.g. ${quoteAll(examples)}`);
  }
  return `${lines.join('\n')}\n`;
}

function describeOverlap(first: string, second: string, overlap: OverlapReport): string {
  const percent = (share: number): string => `${(share * 100).toFixed(1)}%`;
  return [
    `in both: ${formatCount(overlap.common)}, ${percent(overlap.shareOfFirst)} of ${first}, ${percent(overlap.shareOfSecond)} of ${second}`,
    `  only in ${first}: ${formatCount(overlap.onlyFirst)}${overlap.onlyFirst > 0 ? `, e.g. ${overlap.examplesOnlyFirst.map((entry) => JSON.stringify(entry)).join(', ')}` : ''}`,
    `  only in ${second}: ${formatCount(overlap.onlySecond)}${overlap.onlySecond > 0 ? `, e.g. ${overlap.examplesOnlySecond.map((entry) => JSON.stringify(entry)).join(', ')}` : ''}`,
    overlap.isSameList
      ? '  the same entries in the same order'
      : `  at the same id: ${formatCount(overlap.sameId)}; counts and shards of one cannot be read with the other`,
    '',
  ].join('\n');
}
