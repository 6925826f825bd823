/** What the commands that run a model have in common: which model, with how many threads, and the progress of images. */
import { MetaclipError } from '../common/errors.ts';
import { formatCount, ProgressLine } from '../common/progress.ts';
import { openBundledModel } from '../model/bundled-model.ts';
import { MetaCLIP } from '../model/metaclip.ts';
import { createOntology, type Ontology, readOntology } from '../model/score/ontology.ts';
import type { CommandIo, OptionSpec, ParsedArgs } from './command.ts';

/** Options of every command that runs a model. */
export const MODEL_OPTIONS = {
  model: {
    type: 'string',
    value: 'DIR',
    help: 'model folder, from `metaclip model import` or `metaclip model pull`;\ndefault: the bundled emoji model, which knows emoji artwork and no photos',
  },
  threads: { type: 'string', value: 'N', help: "threads of the model (default: the processor's, at most 8)" },
  urls: { type: 'boolean', help: 'allow http and https addresses as images' },
} as const satisfies Record<string, OptionSpec>;

/** Options of the commands that need classes. */
export const CLASS_OPTIONS = {
  class: {
    type: 'string',
    multiple: true,
    value: 'NAME',
    help: 'a class, which is its own prompt; give one for each class',
  },
  ontology: {
    type: 'string',
    value: 'FILE',
    help: 'JSON {"prompt": "class"} in order, or text: one class a line, or prompt TAB class;\nseveral prompts may stand for one class',
  },
  template: {
    type: 'string',
    multiple: true,
    value: 'TEXT',
    help: 'text with {} where a prompt goes; several are averaged (default: "{}")',
  },
} as const satisfies Record<string, OptionSpec>;

/**
 * Opens the model that the arguments name, and closes it when `use` has ended.
 *
 * @param args - arguments
 * @param io - where the note about the bundled model goes
 * @param use - what to do with it
 * @returns what `use` returned
 * @throws {@link MetaclipError} `E_MODEL_MISSING`, `E_MODEL_FORMAT`, `E_USAGE`, and what `use` throws
 */
export async function withModel<T>(
  args: ParsedArgs,
  io: CommandIo,
  use: (model: MetaCLIP) => Promise<T>,
): Promise<T> {
  const threads = args.number('threads');
  const folder = args.text('model');
  if (folder === undefined) {
    io.note(
      'Model: the bundled emoji model. It is no MetaCLIP and knows no photos; --model DIR takes another.\n',
    );
  }
  const model = await MetaCLIP.load(folder ?? (await openBundledModel()), {
    urls: args.flag('urls'),
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    return await use(model);
  } finally {
    await model.close();
  }
}

/**
 * @param args - arguments with {@link CLASS_OPTIONS}
 * @returns the ontology, and the templates where there are any
 * @throws {@link MetaclipError} `E_USAGE` for none, or both forms; as {@link readOntology}
 */
export async function readClasses(
  args: ParsedArgs,
): Promise<{ readonly ontology: Ontology; readonly templates?: readonly string[] }> {
  const classes = args.texts('class');
  const file = args.text('ontology');
  if (classes.length > 0 === (file !== undefined)) {
    throw new MetaclipError('E_USAGE', 'classes are given either with --class or with --ontology', {
      hint: 'for example --class "a cat" --class "a dog"',
    });
  }
  const templates = args.texts('template');
  return {
    ontology: file === undefined ? createOntology(classes) : await readOntology(file),
    ...(templates.length === 0 ? {} : { templates }),
  };
}

/** How far some work is. */
export interface Amount {
  readonly done: number;
  readonly total: number;
}

/**
 * Shows how many images are done.
 *
 * @param io - where notes go
 * @param what - what is counted, e.g. `images`
 * @param use - the work; calls the listener it is given
 * @returns what `use` returned
 */
export async function withProgress<T>(
  io: CommandIo,
  what: string,
  use: (onProgress: (amount: Amount) => void) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let amount: Amount = { done: 0, total: 0 };
  line.begin({
    label: 'embed',
    position: () =>
      amount.total === 0
        ? 'loading the model'
        : `${formatCount(amount.done)} of ${formatCount(amount.total)} ${what}`,
    amount: () => amount,
    details: (seconds) =>
      amount.total === 0 ? `${seconds.toFixed(0)} s` : `${(amount.done / seconds).toFixed(1)} a second`,
  });
  try {
    return await use((now) => (amount = now));
  } finally {
    line.end();
  }
}

/**
 * @param io - where notes go
 * @param refused - images that could not be used, by reason
 */
export function noteRefused(io: CommandIo, refused: Readonly<Record<string, number>>): void {
  const entries = Object.entries(refused);
  if (entries.length === 0) return;
  io.note('not usable:\n');
  for (const [reason, count] of entries) io.note(`  - ${reason.padEnd(20)} ${formatCount(count)}\n`);
}

/**
 * @param args - arguments with an option `out`
 * @param example - command that has it, for the hint
 * @returns its value
 * @throws {@link MetaclipError} `E_USAGE` when it is not given
 */
export function requireOut(args: ParsedArgs, example: string): string {
  const out = args.text('out');
  if (out !== undefined) return out;
  throw new MetaclipError('E_USAGE', '--out is missing: the folder that the result goes to', {
    hint: `for example ${example}`,
  });
}
