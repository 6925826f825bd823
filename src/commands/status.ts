/** `metaclip status`: what a run directory holds, without touching it. */
import { resolve } from 'node:path';
import { fileSizeOf } from '../common/files.ts';
import { formatCount } from '../common/progress.ts';
import { describeStatus, type RunStatus } from '../curation/run/run-status.ts';
import type { Command } from './command.ts';

/** The command. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'how far a run is, and what to do next',
  positionals: 'DIR',
  arity: [1, 1],
  description: 'Reads run.json and the markers of DIR; safe while the run is at work.',
  options: { json: { type: 'boolean', help: 'print it as JSON' } },
  examples: [{ command: 'metaclip status run', what: 'a run at work, interrupted or finished' }],
  run: async (args, io) => {
    const status = await describeStatus(resolve(args.positionals[0] ?? ''));
    if (args.flag('json')) io.out(`${JSON.stringify(status, null, 2)}\n`);
    else io.out(await describe(status));
    return 0;
  },
};

async function describe(status: RunStatus): Promise<string> {
  const lines = [
    `${status.out} (metaclip ${status.toolVersion})`,
    `  entries   ${formatCount(status.entryCount)} from ${status.metadataSource}`,
    `  options   ${status.options}`,
    '',
    ...status.stages.map(
      ({ stage, done, total }) =>
        `  ${stage.padEnd(10)}${formatCount(done).padStart(8)} of ${total === null ? '?' : formatCount(total)}`,
    ),
    '',
    `  pairs read ${formatCount(status.pairsRead)}, matched rows ${formatCount(status.matchedRows)}`,
  ];
  for (const { path, message } of status.unreadable.slice(0, 5))
    lines.push(`  could not be read: ${path}: ${message}`);
  const missing: string[] = [];
  for (const path of status.inputs) if ((await fileSizeOf(path)) === undefined) missing.push(path);
  if (missing.length > 0) lines.push(`  inputs no longer there: ${missing.length}, e.g. ${missing[0] ?? ''}`);
  lines.push(`  ${status.next}`, '');
  return lines.join('\n');
}
