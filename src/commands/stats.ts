/** `metaclip stats`: the numbers of a run, of a file of counts, or of two of them side by side. */
import { MetaclipError } from '../common/errors.ts';
import type { Command, CommandIo, ParsedArgs } from './command.ts';
import { showStatsProgress } from './stats-progress.ts';

const DEFAULT_ROWS = 20;

/** The command. */
export const statsCommand: Command = {
  name: 'stats',
  summary: 'the numbers of a run, or how two runs differ',
  positionals: 'DIR|COUNTS [DIR|COUNTS]',
  arity: [1, 2],
  description: [
    'DIR is a run that is balanced: matches, entries hit and never hit, head and tail, texts per image, lengths, parts of the',
    'list, and what other caps would give, exact over the matched pairs. The passes over all pairs that this takes are done',
    'once and remembered in DIR/stats-detail.json; --quick leaves them out. COUNTS is an entry_counts.parquet or a',
    "datacard.json, ours or the original's: counts only. Two of them are compared over one entry list.",
  ].join('\n'),
  options: {
    top: { type: 'string', value: 'N', help: `rows of the tables of entries (default ${DEFAULT_ROWS})` },
    quick: {
      type: 'boolean',
      help: 'only what is recorded: no sweep of caps, no lengths, no texts per image',
    },
    sweep: {
      type: 'string',
      value: 'T,T,...',
      help: 'caps to evaluate (default 1, 2, 5, 10, ...); the own one is added',
    },
    explain: { type: 'boolean', help: 'why fewer pairs are kept than the capped counts add up to' },
    classes: {
      type: 'string',
      value: 'FILE',
      help: 'class names, one a line, or imagenet, cifar10, cifar100:\nwhich are entries, how often hit, how evenly',
    },
    languages: { type: 'boolean', help: 'languages of the texts with an entry, by lid.176' },
    workers: { type: 'string', value: 'N', help: 'worker threads (default: one a core)' },
    json: { type: 'boolean', help: 'print it as JSON' },
  },
  examples: [
    { command: 'metaclip stats run', what: 'a run' },
    { command: 'metaclip stats run --explain --quick', what: 'why so many pairs and not more' },
    { command: 'metaclip stats run --sweep 1000,20000,170000', what: 'what other caps would give' },
    {
      command: 'metaclip stats run --classes imagenet',
      what: 'how the classes of a task lie in the data',
    },
    { command: 'metaclip stats run other-run', what: 'how two runs differ' },
    { command: 'metaclip stats run/entry_counts.parquet', what: 'counts that have lost their run' },
  ],
  run: async (args, io) => {
    const rows = args.number('top') ?? DEFAULT_ROWS;
    if (!Number.isSafeInteger(rows) || rows < 0) {
      throw new MetaclipError('E_USAGE', `--top ${rows} is not a whole number of at least 0`, {
        hint: 'for example --top 50',
      });
    }
    const [path = '', other] = args.positionals;
    const { isFolder } = await import('../curation/stats/load-counts.ts');
    if (other !== undefined) {
      refuseRunOptions(args, 'two of them are compared by their counts');
      await printComparison(path, other, rows, args, io);
    } else if (await isFolder(path)) await printRun(path, rows, args, io);
    else {
      refuseRunOptions(args, `${path} has counts only`);
      await printCounts(path, rows, args, io);
    }
    return 0;
  },
};

/** An option that would have no effect is refused: its user expects one. */
function refuseRunOptions(args: ParsedArgs, why: string): void {
  const given = ['quick', 'explain', 'languages'].filter((name) => args.flag(name));
  given.push(...['sweep', 'classes', 'workers'].filter((name) => args.text(name) !== undefined));
  if (given.length === 0) return;
  throw new MetaclipError('E_USAGE', `--${given[0] ?? ''}: ${why}`, {
    hint: 'give one run directory: metaclip stats DIR',
  });
}

async function printRun(dir: string, topCount: number, args: ParsedArgs, io: CommandIo): Promise<void> {
  const { collectRunStats } = await import('../curation/stats/collect-run-stats.ts');
  const { statsJson } = await import('../curation/stats/assemble-stats.ts');
  const { describeRunStats } = await import('./print-stats.ts');
  const workers = args.number('workers');
  const classes = await findClasses(args.text('classes'));
  if (args.flag('quick') && (args.flag('languages') || args.text('sweep') !== undefined)) {
    throw new MetaclipError('E_USAGE', '--quick leaves out what --sweep and --languages ask for', {
      hint: 'leave --quick out',
    });
  }
  const sweepCaps = args.text('sweep')?.split(',').map(readCap);
  const progress = showStatsProgress(io);
  try {
    const stats = await collectRunStats(dir, {
      topCount,
      detail: !args.flag('quick'),
      languages: args.flag('languages'),
      signal: io.signal,
      onProgress: progress.onProgress,
      ...(workers === undefined ? {} : { workers }),
      ...(classes === undefined ? {} : { classes }),
      ...(sweepCaps === undefined ? {} : { sweepCaps }),
    });
    progress.end();
    if (args.flag('json')) io.out(`${JSON.stringify(statsJson(stats), null, 2)}\n`);
    else io.out(describeRunStats(stats, args.flag('explain')).join('\n'));
  } finally {
    progress.end();
  }
}

/** A built-in list by its name; anything else is a file. */
async function findClasses(
  given: string | undefined,
): Promise<string | { source: string; names: readonly string[] } | undefined> {
  if (given === undefined) return undefined;
  const { CLASS_LISTS } = await import('../model/evaluate/names/read-names.ts');
  const names = CLASS_LISTS.get(given);
  return names === undefined ? given : { source: given, names };
}

function readCap(text: string): number {
  const cap = Number(text.trim().replaceAll('_', '') || NaN);
  if (Number.isFinite(cap)) return cap;
  throw new MetaclipError('E_USAGE', `--sweep ${JSON.stringify(text)} is not a number`, {
    hint: 'for example --sweep 1000,20000,170000',
  });
}

async function printCounts(path: string, topCount: number, args: ParsedArgs, io: CommandIo): Promise<void> {
  const { loadCounts } = await import('../curation/stats/load-counts.ts');
  const { describeCounts } = await import('../curation/stats/count-stats.ts');
  const { describeCountStats } = await import('./print-stats.ts');
  const loaded = await loadCounts(path);
  const counts = loaded.before ?? loaded.after ?? new Float64Array(0);
  const stats = describeCounts(
    { entries: loaded.entries, before: counts, after: null },
    { t: loaded.t, topCount, sources: null },
  );
  const over = loaded.before === null ? 'kept pairs' : 'matched pairs';
  if (args.flag('json')) io.out(`${JSON.stringify({ path, over, counts: stats }, null, 2)}\n`);
  else io.out(describeCountStats(stats, `${path}: counts of ${over}`).join('\n'));
}

async function printComparison(
  pathA: string,
  pathB: string,
  rows: number,
  args: ParsedArgs,
  io: CommandIo,
): Promise<void> {
  const { loadCounts } = await import('../curation/stats/load-counts.ts');
  const { compareCounts } = await import('../curation/stats/compare-counts.ts');
  const { describeComparison } = await import('./print-stats.ts');
  const comparison = compareCounts(await loadCounts(pathA), await loadCounts(pathB), rows);
  if (args.flag('json')) io.out(`${JSON.stringify(comparison, null, 2)}\n`);
  else io.out(describeComparison(comparison).join('\n'));
}
