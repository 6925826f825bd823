/** `metaclip model info`: what a model folder says, its files checked. */
import { formatBytes } from '../common/progress.ts';
import { readModelFolder } from '../model/model-folder.ts';
import type { Command } from './command.ts';
import { describeModel } from './print-model.ts';

/** The command. */
export const modelInfoCommand: Command = {
  name: 'model info',
  summary: 'what a model is, and whether its files are whole',
  positionals: 'DIR',
  arity: [1, 1],
  description: 'Reads the manifest of a model folder and checks size and a sample of every file of it.',
  options: { json: { type: 'boolean', help: 'print the manifest as JSON' } },
  examples: [{ command: 'metaclip model info models/metaclip-b32-400m', what: 'sizes, activation, licence' }],
  run: async (args, io) => {
    const { manifest } = await readModelFolder(args.positionals[0] ?? '');
    if (args.flag('json')) {
      io.out(`${JSON.stringify(manifest, null, 2)}\n`);
      return 0;
    }
    const width = Math.max(...manifest.files.map(({ name }) => name.length)) + 2;
    const files = manifest.files.map(
      ({ name, sizeBytes }) => `    ${name.padEnd(width)}${formatBytes(sizeBytes)}`,
    );
    io.out([describeModel(manifest), '  files, all as they were imported', ...files, ''].join('\n'));
    return 0;
  },
};
