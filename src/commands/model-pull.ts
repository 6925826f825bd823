/** `metaclip model pull`: a model of the Hugging Face hub becomes a model folder. */
import { join } from 'node:path';
import { formatBytes } from '../common/progress.ts';
import { pullModel } from '../model/pull/pull-model.ts';
import type { Command } from './command.ts';
import { IMPORT_OPTIONS, printImport, readImportOptions, withByteProgress } from './import-options.ts';

/** The command. */
export const modelPullCommand: Command = {
  name: 'model pull',
  summary: 'download a model from the Hugging Face hub and import it',
  positionals: 'NAME',
  arity: [1, 1],
  description: [
    'Fetches config, tokenizer and one form of the weights (safetensors before pickles before ONNX) and imports them. A download',
    "that was cut off goes on where it stopped; every file is checked against the hub's checksum. The licence is shown first: the",
    'weights of MetaCLIP are CC BY-NC 4.0 and not part of this package.',
    'HF_ENDPOINT names another hub; HF_TOKEN is sent to it for gated models, and never shown. Proxy settings are not read.',
  ].join('\n'),
  options: {
    out: { type: 'string', value: 'DIR', help: 'model folder (default: models/NAME without the owner)' },
    revision: { type: 'string', value: 'REV', help: 'branch, tag or commit (default: main)' },
    ...IMPORT_OPTIONS,
  },
  examples: [
    { command: 'metaclip model pull facebook/metaclip-b32-400m', what: 'into models/metaclip-b32-400m' },
    {
      command: 'metaclip model pull facebook/metaclip-h14-fullcc2.5b --out h14 --dtype float16',
      what: 'smaller graphs',
    },
  ],
  run: async (args, io) => {
    const name = args.positionals[0] ?? '';
    const revision = args.text('revision');
    const result = await withByteProgress(io, 'download', (onProgress) =>
      pullModel(name, args.text('out') ?? join('models', name.split('/').at(-1) ?? name), {
        ...readImportOptions(args),
        ...(revision === undefined ? {} : { revision }),
        signal: io.signal,
        onProgress,
        onPlan: ({ licence, fileCount, totalBytes, revision: commit }) => {
          io.note(`licence of ${name}: ${licence ?? 'not stated'}\n`);
          io.note(`${fileCount} files, ${formatBytes(totalBytes)}, commit ${commit.slice(0, 12)}\n`);
        },
      }),
    );
    printImport(args, io, result);
    return 0;
  },
};
