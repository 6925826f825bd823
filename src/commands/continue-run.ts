/** `metaclip count`, `balance` and `write`: the later stages over a run directory. */
import { type ContinueOptions, continueRun } from '../curation/continue-run.ts';
import type { LaterStage } from '../curation/later-stages.ts';
import { checkOneOf } from '../curation/curate-options.ts';
import { SHARD_SCHEMAS } from '../curation/write/shard-schema.ts';
import type { Command, OptionSpec, ParsedArgs } from './command.ts';
import {
  BALANCE_OPTIONS,
  CONTROL_OPTIONS,
  readBalanceOptions,
  withControl,
  WRITE_OPTIONS,
} from './curation-options.ts';
import { printResult } from './print-result.ts';

const METADATA_OPTION = {
  metadata: { type: 'string', value: 'FILE', help: 'entry list, if it is no longer where the run found it' },
} as const satisfies Record<string, OptionSpec>;

function readContinueOptions(args: ParsedArgs): ContinueOptions {
  const schema = args.text('schema');
  const metadata = args.text('metadata');
  return {
    ...readBalanceOptions(args),
    ...(schema === undefined ? {} : { schema: checkOneOf('--schema', schema, SHARD_SCHEMAS) }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}

function continueCommand(
  lastStage: LaterStage,
  command: Pick<Command, 'summary' | 'description' | 'options' | 'examples'>,
  closing: (out: string) => string,
): Command {
  return {
    ...command,
    name: lastStage,
    positionals: 'DIR',
    arity: [1, 1],
    options: { ...command.options, ...METADATA_OPTION, ...CONTROL_OPTIONS },
    run: async (args, io) => {
      const out = args.positionals[0] ?? '';
      const options = readContinueOptions(args);
      const result = await withControl(args, io, (control) =>
        continueRun(out, lastStage, { ...options, ...control }),
      );
      printResult(args, io, result, closing(out));
      return 0;
    },
  };
}

/** The command. */
export const countCommand = continueCommand(
  'count',
  {
    summary: 'second stage: de-duplicate the run and count every entry',
    description:
      'Drops pairs that occur twice in the whole run, exactly, and writes DIR/entry_counts.parquet.',
    options: {},
    examples: [{ command: 'metaclip count run', what: 'after metaclip match' }],
  },
  (out) => `Counts: ${out}/entry_counts.parquet   next: metaclip balance ${out}`,
);

/** The command. */
export const balanceCommand = continueCommand(
  'balance',
  {
    summary: 'third stage: fix the cap and draw the pairs; again for another cap',
    description: [
      'Decides for each matched pair whether it is kept. Give another cap or seed to sample the matched pairs anew: nothing',
      'is extracted or matched again. For one seed a smaller cap keeps a subset. What is not given stays as it was.',
    ].join('\n'),
    options: BALANCE_OPTIONS,
    examples: [
      { command: 'metaclip balance run --t 170000', what: 'the published cap of the larger pool' },
      {
        command: 'metaclip balance run --target 1000000 --seed 7',
        what: 'about a million pairs, other draws',
      },
    ],
  },
  (out) => `Decisions: ${out}/balanced   next: metaclip write ${out}`,
);

/** The command. */
export const writeCommand = continueCommand(
  'write',
  {
    summary: 'last stage: write the shards',
    description: [
      'Writes DIR/curated, one zstd Parquet file for each input file, and DIR/stats.json. Given another cap or seed, it balances',
      'first, as metaclip balance does.',
    ].join('\n'),
    options: { ...BALANCE_OPTIONS, ...WRITE_OPTIONS },
    examples: [
      { command: 'metaclip write run', what: 'after metaclip balance' },
      { command: 'metaclip write run --t 170000', what: 'the matched pairs sampled anew, in one call' },
      { command: 'metaclip write run --schema laion', what: 'columns URL and TEXT' },
    ],
  },
  (out) => `Shards: ${out}/curated   look at them: metaclip report ${out}`,
);
