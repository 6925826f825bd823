/** `metaclip match`: the first stage alone. */
import { matchInputs } from '../curation/curate.ts';
import type { Command } from './command.ts';
import { CONTROL_OPTIONS, MATCH_OPTIONS, readCurateOptions, withControl } from './curation-options.ts';
import { printResult } from './print-result.ts';

/** The command. */
export const matchCommand: Command = {
  name: 'match',
  summary: 'first stage: extract and match every input file',
  positionals: 'INPUT...',
  arity: [1, Infinity],
  description: [
    'Writes DIR/matched: for each input file its pairs with at least one entry, before de-duplication. Pairs are matched',
    'as they are extracted, because most have no match and need never reach the disk. Next: metaclip count DIR.',
  ].join('\n'),
  options: { ...MATCH_OPTIONS, ...CONTROL_OPTIONS },
  examples: [{ command: 'metaclip match crawl/*.warc.wat.gz --out run', what: 'match one snapshot' }],
  run: async (args, io) => {
    const options = readCurateOptions(args);
    const result = await withControl(args, io, (control) => matchInputs({ ...options, ...control }));
    printResult(
      args,
      io,
      result,
      `Matched pairs: ${result.out}/matched   next: metaclip count ${options.out}`,
    );
    return 0;
  },
};
