/** `metaclip label`: a folder of images sorted into a data set. */
import { MetaclipError } from '../common/errors.ts';
import { formatCount } from '../common/progress.ts';
import { DEFAULT_SHARES, type SplitShares } from '../model/label/split.ts';
import { label, type LabelSummary } from '../model/label/label.ts';
import type { Command, ParsedArgs } from './command.ts';
import {
  CLASS_OPTIONS,
  MODEL_OPTIONS,
  noteRefused,
  readClasses,
  requireOut,
  withModel,
  withProgress,
} from './model-options.ts';

/** The command. */
export const labelCommand: Command = {
  name: 'label',
  summary: 'sort a folder of images into train/valid/test folders by class',
  positionals: 'FOLDER',
  arity: [1, 1],
  description: [
    'Each image goes to DIR/SPLIT/CLASS/ of its most probable class; those below the confidence are left where they are. The part',
    'is drawn from the content, so equal images are never on two sides, and images added later move none.',
    'DIR/manifest.jsonl and DIR/manifest.csv have a row for every image: labelled, unlabelled, duplicate, or refused and why.',
  ].join('\n'),
  options: {
    ...CLASS_OPTIONS,
    out: {
      type: 'string',
      short: 'o',
      value: 'DIR',
      help: 'output folder: new, empty, or of an interrupted call',
    },
    confidence: {
      type: 'string',
      value: 'P',
      help: 'least probability of a label (default 0.5: more than all other classes together)',
    },
    split: { type: 'string', value: 'A,B,C', help: 'shares of train, valid and test (default 0.8,0.1,0.1)' },
    seed: { type: 'string', value: 'N', help: 'another seed is another split (default 0)' },
    link: { type: 'boolean', help: 'hard links instead of copies' },
    json: { type: 'boolean', help: 'print the counts as JSON' },
    ...MODEL_OPTIONS,
  },
  examples: [
    {
      command:
        'metaclip label photos --class cat --class dog --template "a photo of a {}." --out pets --model b32',
      what: 'two classes',
    },
    {
      command:
        'metaclip label photos --ontology pets.json --confidence 0.8 --split 0.9,0.1,0 --link --out pets --model b32',
      what: 'prompts from a file, sure ones only, no copies',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args, 'metaclip label photos --class cat --class dog --out pets');
    const [folder = ''] = args.positionals;
    const { ontology, templates } = await readClasses(args);
    const confidence = args.number('confidence');
    const seed = args.number('seed');
    const options = {
      out,
      split: readShares(args),
      link: args.flag('link'),
      signal: io.signal,
      ...(templates === undefined ? {} : { templates }),
      ...(confidence === undefined ? {} : { confidence }),
      ...(seed === undefined ? {} : { seed }),
    };
    const summary = await withModel(args, io, (model) =>
      withProgress(io, 'images', (onProgress) => label(model, folder, ontology, { ...options, onProgress })),
    );
    if (args.flag('json')) io.out(`${JSON.stringify(summary)}\n`);
    else {
      io.out(describe(summary));
      noteRefused(io, summary.refused);
    }
    return 0;
  },
};

function readShares(args: ParsedArgs): SplitShares {
  const text = args.text('split');
  if (text === undefined) return DEFAULT_SHARES;
  const shares = text.split(',').map((part) => (part.trim() === '' ? NaN : Number(part)));
  const [train = NaN, valid = NaN, test = NaN] = shares;
  if (shares.length === 3 && shares.every(Number.isFinite)) return { train, valid, test };
  throw new MetaclipError('E_USAGE', `--split ${JSON.stringify(text)} is not three numbers`, {
    hint: 'for example --split 0.8,0.1,0.1',
  });
}

function describe(summary: LabelSummary): string {
  const width = Math.max(5, ...summary.classes.map((one) => one.folder.length));
  const row = (name: string, ...cells: readonly string[]): string =>
    `  ${name.padEnd(width)}${cells.map((cell) => cell.padStart(8)).join('')}`;
  const refused = Object.values(summary.refused).reduce((sum, count) => sum + count, 0);
  const rest = [
    ['below the confidence', summary.unlabelled],
    ['same bytes as another', summary.duplicates],
    ['not usable', refused],
  ] as const;
  return [
    row('class', 'train', 'valid', 'test'),
    ...summary.classes.map((one) =>
      row(one.folder, formatCount(one.train), formatCount(one.valid), formatCount(one.test)),
    ),
    '',
    `${formatCount(summary.labelled)} of ${formatCount(summary.images)} images labelled: ${summary.out}`,
    ...rest
      .filter(([, count]) => count > 0)
      .map(([what, count]) => `  ${what.padEnd(24)}${formatCount(count)}`),
    `Every image stands in ${summary.out}/manifest.csv`,
    '',
  ].join('\n');
}
