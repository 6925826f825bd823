/** What the commands of the group `metadata` have in common: options, progress, and what is printed at the end. */
import { formatBytes, formatCount, ProgressLine } from '../common/progress.ts';
import { listFiles } from '../metadata/dumps/articles.ts';
import { makeReadLog, type ReadLog } from '../metadata/dumps/read-input.ts';
import { type Provenance, provenancePathOf } from '../metadata/write-list.ts';
import { MetaclipError } from '../common/errors.ts';
import type { CommandIo, OptionSpec, ParsedArgs } from './command.ts';

/** Options of every command that writes a list. */
export const OUT_OPTIONS = {
  out: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    help: 'list to write: .txt (one entry a line) or .json (an array); FILE.provenance.json is written beside it',
  },
  json: { type: 'boolean', help: 'print the provenance as JSON' },
} as const satisfies Record<string, OptionSpec>;

/** Options of the commands that count. */
export const COUNTING_OPTIONS = {
  memory: {
    type: 'string',
    value: 'MB',
    help: 'bound of the counting tables, default 512; what does not fit is sorted, written\nbeside FILE and merged at the end',
  },
} as const satisfies Record<string, OptionSpec>;

/** Options of the commands that read texts. */
export const TEXT_OPTIONS = {
  lang: {
    type: 'string',
    value: 'CODE',
    help: 'code of the wiki (en, th, zh_yue), default en; a dump of another one is refused',
  },
  counts: {
    type: 'string',
    value: 'FILE',
    multiple: true,
    help: 'ready word counts in the place of texts: lines COUNT<tab>WORD, plain or compressed',
  },
  'plain-text': { type: 'boolean', help: 'inputs are plain text, one text a line' },
} as const satisfies Record<string, OptionSpec>;

/** What the description says of texts. */
export const TEXT_DESCRIPTION = [
  'INPUT is a Wikipedia dump (pages-articles.xml, .bz2 or .gz; one stream or many), or a file or folder of wikiextractor',
  '(<doc> tags or JSON lines). Pages of other namespaces and redirects are left out. bz2 gives about 11 MB of text a second:',
  '`lbzip2 -d` beforehand uses all cores.',
].join('\n');

/**
 * @param args - parsed arguments
 * @returns `--out`
 * @throws {@link MetaclipError} `E_USAGE` when it is missing
 */
export function requireOut(args: ParsedArgs): string {
  const out = args.text('out');
  if (out !== undefined && out !== '') return out;
  throw new MetaclipError('E_USAGE', 'where to? --out is missing', { hint: 'for example --out entries.txt' });
}

/**
 * @param args - parsed arguments
 * @returns `--memory` in bytes
 */
export function memoryOf(args: ParsedArgs): number | undefined {
  const megabytes = args.number('memory');
  return megabytes === undefined ? undefined : Math.floor(megabytes * 1e6);
}

/**
 * @param args - parsed arguments
 * @param name - option
 * @returns a number of at least 0
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function nonNegative(args: ParsedArgs, name: string): number | undefined {
  const value = args.number(name);
  if (value === undefined || value >= 0) return value;
  throw new MetaclipError('E_USAGE', `--${name} ${value} is less than 0`, {
    hint: `for example --${name} 1`,
  });
}

/**
 * Runs a builder with a progress line over its inputs.
 *
 * @param io - where notes go
 * @param label - what is going on
 * @param inputs - files and folders, for the size of the work
 * @param work - the builder; gets the log that the line is drawn from
 * @returns what the builder returned
 */
export async function withReadProgress<T>(
  io: CommandIo,
  label: string,
  inputs: readonly string[],
  work: (log: ReadLog) => Promise<T>,
): Promise<T> {
  const totalBytes = listFiles(inputs).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const log = makeReadLog();
  const line = new ProgressLine(io.note, io.terminalColumns);
  line.begin({
    label,
    position: () =>
      log.bytesRead < totalBytes
        ? `${formatBytes(log.bytesRead)} of ${formatBytes(totalBytes)}`
        : `${formatBytes(totalBytes)} read, merging and ranking`,
    amount: () => ({ done: Math.min(log.bytesRead, totalBytes), total: totalBytes }),
    details: (seconds) => `${formatBytes(log.bytesRead / seconds)}/s`,
  });
  try {
    return await work(log);
  } finally {
    line.end();
  }
}

/**
 * Prints what was written.
 *
 * @param args - parsed arguments; `--json` decides the form
 * @param io - where it goes
 * @param out - path of the list
 * @param provenance - what was written beside it
 * @param rows - further lines: label and text
 */
export function printList(
  args: ParsedArgs,
  io: CommandIo,
  out: string,
  provenance: Provenance,
  rows: readonly (readonly [label: string, text: string])[],
): void {
  if (args.flag('json')) {
    io.out(`${JSON.stringify(provenance, null, 2)}\n`);
    return;
  }
  const all = [
    ['entries', formatCount(provenance.entryCount)],
    ...(provenance.sources.length > 1
      ? provenance.sources.map(({ name, entryCount }) => [`  ${name}`, formatCount(entryCount)] as const)
      : []),
    ...rows,
    ['fingerprint', provenance.fingerprint],
    ['origin', provenancePathOf(out)],
  ] as const;
  const width = Math.max(...all.map(([label]) => label.length)) + 2;
  io.out(`${out}\n${all.map(([label, text]) => `  ${label.padEnd(width)}${text}\n`).join('')}`);
}

/**
 * @param counts - counts of a provenance file
 * @param names - those to show, with their labels; zeros are left out
 * @returns rows for {@link printList}
 */
export function countRows(
  counts: Provenance['counts'],
  names: Readonly<Record<string, string>>,
): (readonly [string, string])[] {
  return Object.entries(names).flatMap(([name, label]) => {
    const value = counts[name];
    return typeof value === 'number' && value !== 0 ? [[label, formatCount(value)] as const] : [];
  });
}
