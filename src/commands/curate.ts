/** `metaclip curate`: from inputs to shards. */
import { curate } from '../curation/curate.ts';
import type { Command } from './command.ts';
import {
  BALANCE_OPTIONS,
  CONTROL_OPTIONS,
  MATCH_OPTIONS,
  readCurateOptions,
  withControl,
  WRITE_OPTIONS,
} from './curation-options.ts';
import { printResult } from './print-result.ts';

/** The command. */
export const curateCommand: Command = {
  name: 'curate',
  summary: 'raw crawl files or pools in, balanced Parquet shards out',
  positionals: 'INPUT...',
  arity: [1, Infinity],
  description: [
    'INPUT is a file, a folder or a quoted glob, as many as you like: WAT and WARC (Common Crawl), Parquet, JSONL,',
    'CSV and TSV (each also gzipped), webdataset tar. The result lies in DIR/curated, one shard for each input file.',
    'Run the same command again after any interruption: finished files are not read again.',
  ].join('\n'),
  options: { ...MATCH_OPTIONS, ...BALANCE_OPTIONS, ...WRITE_OPTIONS, ...CONTROL_OPTIONS },
  examples: [
    {
      command: 'metaclip curate crawl/*.warc.wat.gz --out run --t 20000',
      what: 'one snapshot of Common Crawl',
    },
    {
      command: 'metaclip curate pool.parquet --out run --tail-share 0.06',
      what: 'the published tail share instead of t',
    },
    {
      command: 'metaclip curate pool/ --out run --metadata entries.json --target 1000000',
      what: 'own entries, a million pairs',
    },
    {
      command: 'metaclip curate a.csv --out run --url-column src --text-column alt --lang off',
      what: 'name the columns',
    },
  ],
  run: async (args, io) => {
    const options = readCurateOptions(args);
    const result = await withControl(args, io, (control) => curate({ ...options, ...control }));
    printResult(
      args,
      io,
      result,
      `Shards: ${result.out}/curated   look at them: metaclip report ${result.out}`,
    );
    return 0;
  },
};
