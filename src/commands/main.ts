/** The command line as a function of its arguments and outputs; returns the exit code and never exits. */
import { MetaclipError } from '../common/errors.ts';
import { TOOL_VERSION } from '../common/version.ts';
import { type Command, type CommandIo, helpOf, parseCommand } from './command.ts';

/**
 * Loaded when asked for, so that `--help` does not wait for DuckDB or ONNX Runtime. A name of two words belongs to the
 * group of its first word; a group needs a row in GROUPS.
 */
const COMMANDS: readonly {
  readonly name: string;
  readonly summary: string;
  readonly load: () => Promise<Command>;
}[] = [
  {
    name: 'curate',
    summary: 'raw crawl files or pools in, balanced Parquet shards out',
    load: async () => (await import('./curate.ts')).curateCommand,
  },
  {
    name: 'status',
    summary: 'how far a run is, and what to do next',
    load: async () => (await import('./status.ts')).statusCommand,
  },
  {
    name: 'extract',
    summary: 'the pairs of crawl files or pools as JSON lines',
    load: async () => (await import('./extract.ts')).extractCommand,
  },
  {
    name: 'match',
    summary: 'first stage alone: extract and match every input file',
    load: async () => (await import('./match.ts')).matchCommand,
  },
  {
    name: 'count',
    summary: 'second stage: de-duplicate the run and count every entry',
    load: async () => (await import('./continue-run.ts')).countCommand,
  },
  {
    name: 'balance',
    summary: 'third stage: fix the cap and draw the pairs; again for another cap',
    load: async () => (await import('./continue-run.ts')).balanceCommand,
  },
  {
    name: 'write',
    summary: 'last stage: write the shards',
    load: async () => (await import('./continue-run.ts')).writeCommand,
  },
  {
    name: 'stats',
    summary: 'the numbers of a run, or how two runs differ',
    load: async () => (await import('./stats.ts')).statsCommand,
  },
  {
    name: 'report',
    summary: 'the page of a run: figures, a slider for t, all entries; one file',
    load: async () => (await import('./report.ts')).reportCommand,
  },
  {
    name: 'card',
    summary: 'write the data card of a run anew, with a name and a licence',
    load: async () => (await import('./card.ts')).cardCommand,
  },
  {
    name: 'classify',
    summary: 'which of some classes an image shows, with probabilities',
    load: async () => (await import('./classify.ts')).classifyCommand,
  },
  {
    name: 'compare',
    summary: 'cosine of two images, two texts, or an image and a text',
    load: async () => (await import('./compare.ts')).compareCommand,
  },
  {
    name: 'embed',
    summary: 'embeddings of images or texts as .npy or Parquet files',
    load: async () => (await import('./embed.ts')).embedCommand,
  },
  {
    name: 'label',
    summary: 'sort a folder of images into train/valid/test folders by class',
    load: async () => (await import('./label.ts')).labelCommand,
  },
  {
    name: 'metadata wordnet',
    summary: 'the numbers 0-99 and the names of WordNet',
    load: async () => (await import('./metadata-wordnet.ts')).metadataWordnetCommand,
  },
  {
    name: 'metadata wiki-unigrams',
    summary: 'the frequent words of a Wikipedia',
    load: async () => (await import('./metadata-wiki-unigrams.ts')).metadataWikiUnigramsCommand,
  },
  {
    name: 'metadata wiki-bigrams',
    summary: 'the closely bound word pairs of a Wikipedia',
    load: async () => (await import('./metadata-wiki-bigrams.ts')).metadataWikiBigramsCommand,
  },
  {
    name: 'metadata wiki-titles',
    summary: 'the Wikipedia titles that people look up',
    load: async () => (await import('./metadata-wiki-titles.ts')).metadataWikiTitlesCommand,
  },
  {
    name: 'metadata merge',
    summary: 'lists put together, first come first kept',
    load: async () => (await import('./metadata-merge.ts')).metadataMergeCommand,
  },
  {
    name: 'metadata check',
    summary: 'faults of a list, entries that never match, overlap with another',
    load: async () => (await import('./metadata-check.ts')).metadataCheckCommand,
  },
  {
    name: 'metadata pull',
    summary: "download MetaCLIP's own list",
    load: async () => (await import('./metadata-pull.ts')).metadataPullCommand,
  },
  {
    name: 'metadata worldwide',
    summary: 'the list of one language by the rules of Meta CLIP 2',
    load: async () => (await import('./metadata-worldwide.ts')).metadataWorldwideCommand,
  },
  {
    name: 'eval zeroshot',
    summary: 'accuracy of a model on a labelled data set, without training',
    load: async () => (await import('./eval-zeroshot.ts')).evalZeroshotCommand,
  },
  {
    name: 'eval pairs',
    summary: 'whether texts fit their images: curated shards against the raw pool',
    load: async () => (await import('./eval-pairs.ts')).evalPairsCommand,
  },
  {
    name: 'model import',
    summary: 'make a model folder of a checkpoint, without Python',
    load: async () => (await import('./model-import.ts')).modelImportCommand,
  },
  {
    name: 'model pull',
    summary: 'download a model from the Hugging Face hub and import it',
    load: async () => (await import('./model-pull.ts')).modelPullCommand,
  },
  {
    name: 'model list',
    summary: 'the model folders below a folder',
    load: async () => (await import('./model-list.ts')).modelListCommand,
  },
  {
    name: 'model info',
    summary: 'what a model is, and whether its files are whole',
    load: async () => (await import('./model-info.ts')).modelInfoCommand,
  },
];

/** What the commands of a group have in common, for the overview. */
const GROUPS: Readonly<Record<string, string>> = {
  model: 'models: imported, downloaded, listed',
  metadata: 'entry lists: built, merged, checked, downloaded',
  eval: 'how good a model is, and how good pairs are in its eyes',
};

/**
 * @param argv - arguments without node and script
 * @param io - outputs and interruption
 * @returns exit code: 0 done, 2 usage, 3 data, 4 environment, 130 interrupted, 1 a fault of the tool itself
 */
export async function main(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    return await dispatch(argv, io);
  } catch (error) {
    if (error instanceof MetaclipError) {
      io.note(`${error.code}  ${error.message}\n`);
      if (error.hint !== undefined) io.note(`hint: ${error.hint}\n`);
      return error.exitCode;
    }
    const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
    io.note(`A fault of metaclip itself; please report it with the command and this text:\n${shown}\n`);
    return 1;
  }
}

async function dispatch(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || (name === 'help' && rest.length === 0)) {
    io.out(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-V') {
    io.out(`${TOOL_VERSION}\n`);
    return 0;
  }
  const words = name === 'help' ? rest : argv;
  const found =
    COMMANDS.find((command) => command.name === words.slice(0, 2).join(' ')) ??
    COMMANDS.find((command) => command.name === words[0]);
  if (found === undefined) return overviewOfGroup(words, io);
  const args = name === 'help' ? ['--help'] : argv.slice(found.name.split(' ').length);
  const command = await found.load();
  const parsed = parseCommand(command, args);
  if (parsed.flag('help')) {
    io.out(helpOf(command));
    return 0;
  }
  return command.run(parsed, io);
}

/** `metaclip GROUP` and `metaclip GROUP --help`; every other name is unknown. */
function overviewOfGroup(words: readonly string[], io: CommandIo): number {
  const [group = '', second] = words;
  const members = COMMANDS.filter(({ name }) => name.startsWith(`${group} `));
  if (members.length === 0 || (second !== undefined && second !== '--help' && second !== '-h')) {
    const known = members.length > 0 ? members : COMMANDS;
    throw new MetaclipError(
      'E_USAGE',
      `metaclip ${words.slice(0, members.length > 0 ? 2 : 1).join(' ')}: no such command`,
      {
        hint: `it can be ${known.map(({ name }) => name).join(', ')}; see \`metaclip ${members.length > 0 ? `${group} ` : ''}--help\``,
      },
    );
  }
  io.out(
    [
      `metaclip ${group}: ${GROUPS[group] ?? ''}`,
      '',
      'Commands:',
      ...rowsOf(members),
      '',
      `Each has its own help with examples: metaclip ${group} COMMAND --help`,
      '',
    ].join('\n'),
  );
  return second === undefined ? 2 : 0;
}

function rowsOf(commands: readonly { readonly name: string; readonly summary: string }[]): string[] {
  const width = Math.max(...commands.map(({ name }) => name.length)) + 2;
  return commands.map(({ name, summary }) => `  ${name.padEnd(width)}${summary}`);
}

function overview(): string {
  return [
    `metaclip ${TOOL_VERSION}: MetaCLIP data curation, from raw crawl files to balanced image-text pairs`,
    '',
    'Usage: metaclip COMMAND ...',
    '',
    'Commands:',
    ...rowsOf(COMMANDS),
    '',
    'Each has its own help with examples: metaclip COMMAND --help',
    '',
    'Start here:',
    '  metaclip curate INPUT... --out DIR',
    '',
  ].join('\n');
}
