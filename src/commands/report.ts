/** `metaclip report`: the page of a run, and its figures as files. */
import { formatBytes } from '../common/progress.ts';
import type { Command } from './command.ts';
import { showStatsProgress } from './stats-progress.ts';

/** The command. */
export const reportCommand: Command = {
  name: 'report',
  summary: 'the page of a run: figures, a slider for t, all entries; one file',
  positionals: 'DIR',
  arity: [1, 1],
  description: [
    'Writes DIR/report.html for a run that is balanced. The page is one file that needs no network: open it in a browser,',
    'send it, print it. A slider shows what another cap would have kept: exact where the run was evaluated (the passes over',
    'all pairs that this takes are done once and remembered in DIR/stats-detail.json), interpolated between. Browsers that',
    'cannot unpack the table of entries (before Chrome 103, Firefox 113, Safari 16.4) show everything else. After another',
    'cap, seed or list make it anew: the page is of the run as it was.',
  ].join('\n'),
  options: {
    out: { type: 'string', value: 'FILE', help: 'file to write (default DIR/report.html)' },
    plots: {
      type: 'string',
      value: 'DIR',
      help: 'also write every figure as SVG and PNG into this folder',
    },
    workers: { type: 'string', value: 'N', help: 'worker threads (default: one a core)' },
    json: { type: 'boolean', help: 'print what was written as JSON' },
  },
  examples: [
    { command: 'metaclip report run', what: 'run/report.html' },
    { command: 'metaclip report run --plots figures', what: 'figures for a paper, too' },
    { command: 'metaclip report run --out /srv/www/run-7.html', what: 'elsewhere' },
  ],
  run: async (args, io) => {
    const { writeReport } = await import('../curation/report/write-report.ts');
    const file = args.text('out');
    const plots = args.text('plots');
    const workers = args.number('workers');
    const progress = showStatsProgress(io);
    try {
      const result = await writeReport(args.positionals[0] ?? '', {
        signal: io.signal,
        onProgress: progress.onProgress,
        ...(file === undefined ? {} : { file }),
        ...(plots === undefined ? {} : { plots }),
        ...(workers === undefined ? {} : { workers }),
      });
      progress.end();
      if (args.flag('json')) io.out(`${JSON.stringify(result, null, 2)}\n`);
      else {
        io.out(`Report: ${result.file} (${formatBytes(result.sizeBytes)})\n`);
        if (plots !== undefined) io.out(`Plots: ${plots} (${result.plots.length} files)\n`);
      }
      return 0;
    } finally {
      progress.end();
    }
  },
};
