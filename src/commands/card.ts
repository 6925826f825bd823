/** `metaclip card`: the data card of a run, written anew. */
import { MetaclipError } from '../common/errors.ts';
import type { Command, ParsedArgs } from './command.ts';

/** The command. */
export const cardCommand: Command = {
  name: 'card',
  summary: 'write the data card of a run anew, with a name and a licence',
  positionals: 'DIR',
  arity: [1, 1],
  description: [
    'Writes DIR/README.md, a dataset card as the hub reads it, and DIR/datacard.json, for each entry the number of kept pairs',
    'in the form that the original publishes. A run ends with both; this is for a name and a licence, which are remembered in',
    'DIR/card.json. A README.md changed by hand is left alone, and the new text goes to README.new.md.',
  ].join('\n'),
  options: {
    name: { type: 'string', value: 'NAME', help: 'name of the data set' },
    license: { type: 'string', value: 'ID', help: 'licence id of the hub, e.g. cc-by-4.0' },
    force: { type: 'boolean', help: 'overwrite a README.md that was changed by hand' },
    json: { type: 'boolean', help: 'print what was written as JSON' },
  },
  examples: [
    { command: 'metaclip card run', what: 'with a placeholder for the licence' },
    { command: 'metaclip card run --name "Wildlife pairs" --license cc-by-4.0', what: 'ready to publish' },
  ],
  run: async (args, io) => {
    const name = oneLine(args, 'name', /^[^\p{C}]*[^\p{C}\s][^\p{C}]*$/u);
    const license = oneLine(args, 'license', /^[a-z0-9][a-z0-9.-]*$/);
    const choices = {
      ...(name === undefined ? {} : { name }),
      ...(license === undefined ? {} : { license }),
    };
    const { writeCardOfRun } = await import('../curation/stats/card-of-run.ts');
    const written = await writeCardOfRun(args.positionals[0] ?? '', { choices, force: args.flag('force') });
    if (args.flag('json')) {
      io.out(`${JSON.stringify(written, null, 2)}\n`);
      return 0;
    }
    if (written.wasEdited)
      io.note('README.md was changed by hand and is left as it is; --force overwrites it\n');
    io.out(`Card: ${written.cardPath}\nDistribution: ${written.jsonPath}\n`);
    return 0;
  },
};

function oneLine(args: ParsedArgs, name: 'name' | 'license', form: RegExp): string | undefined {
  const value = args.text(name);
  if (value === undefined || form.test(value)) return value;
  throw new MetaclipError('E_USAGE', `--${name} ${JSON.stringify(value)} can't stand in a card`, {
    hint: name === 'license' ? 'an id of the hub, for example --license cc-by-4.0' : 'one line of text',
  });
}
