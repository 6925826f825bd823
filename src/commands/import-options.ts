/** Options that `model import` and `model pull` share, and what both print. */
import { MetaclipError } from '../common/errors.ts';
import { formatBytes, ProgressLine } from '../common/progress.ts';
import { parsePooling, type ImportOptions, type ImportResult } from '../model/import/import-options.ts';
import type { WeightMode } from '../model/import/weight-plan.ts';
import type { CommandIo, OptionSpec, ParsedArgs } from './command.ts';
import { describeModel } from './print-model.ts';

/** How weights are stored, and what a source may not say. */
export const IMPORT_OPTIONS = {
  embed: { type: 'boolean', help: 'copy the weights instead of pointing into the checkpoint' },
  dtype: {
    type: 'string',
    value: 'float16',
    help: 'store matrices as float16: half the file, differences of 1e-4',
  },
  quantize: {
    type: 'string',
    value: 'int8',
    help: 'store matrices as int8 with a scale a row: a quarter of the file.\nNeither saves memory or time: arithmetic is float32',
  },
  activation: {
    type: 'string',
    value: 'NAME',
    help: 'quick_gelu or gelu, over what the config says',
  },
  pooling: {
    type: 'string',
    value: 'RULE',
    help: 'argmax or eos:ID: which token is the text, over what the config says',
  },
  'vision-heads': {
    type: 'string',
    value: 'N',
    help: 'attention heads of the image tower, for bare weights of odd sizes',
  },
  'text-heads': { type: 'string', value: 'N', help: 'attention heads of the text tower' },
  tokenizer: {
    type: 'string',
    value: 'FILE',
    help: 'tokenizer.json, vocab.json or bpe_simple_vocab_16e6.txt.gz',
  },
  name: { type: 'string', value: 'NAME', help: "the model's name, for people" },
  json: { type: 'boolean', help: 'print what was made as JSON' },
} as const satisfies Record<string, OptionSpec>;

/**
 * @param args - parsed arguments
 * @returns options of the import
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function readImportOptions(args: ParsedArgs): Omit<ImportOptions, 'onProgress'> {
  const pooling = args.text('pooling');
  const activation = args.text('activation');
  if (activation !== undefined && activation !== 'quick_gelu' && activation !== 'gelu') {
    throw usage(`--activation ${JSON.stringify(activation)}`, 'quick_gelu or gelu');
  }
  const [visionHeads, textHeads] = [args.number('vision-heads'), args.number('text-heads')];
  const [tokenizer, name] = [args.text('tokenizer'), args.text('name')];
  return {
    weights: readMode(args),
    ...(activation === undefined ? {} : { activation }),
    ...(pooling === undefined ? {} : { pooling: parsePooling(pooling) }),
    ...(visionHeads === undefined ? {} : { visionHeads }),
    ...(textHeads === undefined ? {} : { textHeads }),
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(name === undefined ? {} : { name }),
  };
}

function readMode(args: ParsedArgs): WeightMode {
  const [dtype, quantize] = [args.text('dtype'), args.text('quantize')];
  if (dtype !== undefined && dtype !== 'float16' && dtype !== 'fp16') {
    throw usage(`--dtype ${JSON.stringify(dtype)}`, 'float16 (or fp16)');
  }
  if (quantize !== undefined && quantize !== 'int8')
    throw usage(`--quantize ${JSON.stringify(quantize)}`, 'int8');
  if (dtype !== undefined && quantize !== undefined) {
    throw new MetaclipError('E_USAGE', '--dtype and --quantize exclude each other', {
      hint: 'int8 is the smaller, float16 the more exact',
    });
  }
  if (quantize !== undefined) return 'int8';
  if (dtype !== undefined) return 'float16';
  return args.flag('embed') ? 'embed' : 'link';
}

/**
 * Shows bytes of some work.
 *
 * @param io - where notes go
 * @param label - what is going on
 * @param use - the work; calls the listener it is given
 * @returns what `use` returned
 */
export async function withByteProgress<T>(
  io: CommandIo,
  label: string,
  use: (onProgress: (doneBytes: number, totalBytes: number) => void) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let [done, total] = [0, 0];
  line.begin({
    label,
    position: () => `${formatBytes(done)} of ${formatBytes(total)}`,
    amount: () => ({ done, total }),
    details: (seconds) => `${formatBytes(done / seconds)}/s`,
  });
  try {
    return await use((doneBytes, totalBytes) => {
      [done, total] = [doneBytes, totalBytes];
    });
  } finally {
    line.end();
  }
}

/**
 * @param args - `--json` decides
 * @param io - where it goes
 * @param result - what was made
 */
export function printImport(args: ParsedArgs, io: CommandIo, result: ImportResult): void {
  const { out, manifest, writtenBytes, linkedBytes, notes } = result;
  if (args.flag('json')) {
    io.out(`${JSON.stringify({ out, writtenBytes, linkedBytes, notes, manifest }, null, 2)}\n`);
    return;
  }
  const linked = linkedBytes > 0 ? `, ${formatBytes(linkedBytes)} of weights linked` : '';
  io.out(
    [
      describeModel(manifest),
      ...notes.map((note) => `  note: ${note}`),
      `Model folder: ${out}   ${formatBytes(writtenBytes)} written${linked}`,
      '',
    ].join('\n'),
  );
}

function usage(got: string, wanted: string): MetaclipError {
  return new MetaclipError('E_USAGE', `${got}: it can be ${wanted}`, {
    hint: 'see `metaclip model import --help`',
  });
}
