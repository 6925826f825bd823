/** `metaclip model list`: the model folders below a folder. */
import { listModels } from '../model/list-models.ts';
import type { Command } from './command.ts';

/** The command. */
export const modelListCommand: Command = {
  name: 'model list',
  summary: 'the model folders below a folder',
  positionals: '[DIR]',
  arity: [0, 1],
  description:
    'Looks in DIR (default: models) and two levels below it. Damaged folders are listed with what is wrong.',
  options: { json: { type: 'boolean', help: 'print it as JSON' } },
  examples: [{ command: 'metaclip model list', what: 'what was pulled' }],
  run: async (args, io) => {
    const folder = args.positionals[0] ?? 'models';
    const models = await listModels(folder);
    if (args.flag('json')) {
      const rows = models.map((model) =>
        'manifest' in model ? model : { path: model.path, error: model.error.toPlain() },
      );
      io.out(`${JSON.stringify(rows, null, 2)}\n`);
      return 0;
    }
    if (models.length === 0) {
      io.out(
        `${folder}: no model folder; make one with metaclip model pull NAME or metaclip model import SOURCE --out DIR\n`,
      );
      return 0;
    }
    const rows = models.map((model): [string, string] => {
      if ('error' in model) return [model.path, `${model.error.code}  ${model.error.message}`];
      const { name, embedDim, dtype, vision, licence } = model.manifest;
      const size = vision === null ? 'no images' : `${vision.imageSize} px`;
      return [
        model.path,
        `${name}, ${size}, ${embedDim} values, ${dtype}, licence ${licence ?? 'not stated'}`,
      ];
    });
    const width = Math.max(...rows.map(([path]) => path.length)) + 2;
    io.out(rows.map(([path, text]) => `${path.padEnd(width)}${text}\n`).join(''));
    return 0;
  },
};
