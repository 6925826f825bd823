/** `metaclip metadata merge`: lists put together in the published order. */
import { basename } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { formatCount } from '../common/progress.ts';
import { type MergeInput, mergeLists } from '../metadata/merge-lists.ts';
import type { Command, ParsedArgs } from './command.ts';
import { OUT_OPTIONS, printList, requireOut } from './metadata-output.ts';

/** The command. */
export const metadataMergeCommand: Command = {
  name: 'metadata merge',
  summary: 'lists put together: WordNet, words, word pairs, titles; first come, first kept',
  positionals: '[LIST...]',
  arity: [0, Infinity],
  description: [
    'The order is the published one, however the options stand: WordNet, unigrams, bigrams, titles, then further lists as',
    'given. An entry that an earlier list has is not taken again; single punctuation marks and empty entries are dropped;',
    'after --budget entries the rest is left out. The result depends on the lists and the budget only. (The order of the',
    "published list is that of a Python set: ids of its counts can't be used with another order of the same entries.)",
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    wordnet: {
      type: 'string',
      value: 'FILE',
      help: 'list of numbers and WordNet names, default: the embedded one',
    },
    'no-wordnet': { type: 'boolean', help: 'without it' },
    unigrams: { type: 'string', value: 'FILE', help: 'list of words' },
    bigrams: { type: 'string', value: 'FILE', help: 'list of word pairs' },
    titles: { type: 'string', value: 'FILE', help: 'list of titles' },
    budget: { type: 'string', value: 'N', help: 'most entries, default 500000' },
  },
  examples: [
    {
      command:
        'metaclip metadata merge --unigrams unigrams.txt --bigrams bigrams.txt --titles titles.txt --out entries.txt',
      what: 'the recipe of the paper',
    },
    {
      command: 'metaclip metadata merge own-terms.txt --out entries.txt',
      what: 'WordNet and terms of your own',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const { provenance, tallies } = await mergeLists({
      out,
      inputs: inputsOf(args),
      budget: args.number('budget'),
    });
    const rows = tallies.flatMap(({ name, given, repeated, dropped, overBudget }) => {
      const left = [
        repeated > 0 ? `${formatCount(repeated)} repeated` : '',
        dropped > 0 ? `${formatCount(dropped)} dropped` : '',
        overBudget > 0 ? `${formatCount(overBudget)} over the budget` : '',
      ].filter((text) => text !== '');
      return left.length === 0
        ? []
        : [[`not from ${name}`, `${left.join(', ')} (of ${formatCount(given)})`] as const];
    });
    printList(args, io, out, provenance, rows);
    return 0;
  },
};

function inputsOf(args: ParsedArgs): MergeInput[] {
  const inputs: MergeInput[] = [];
  if (!args.flag('no-wordnet')) inputs.push({ name: 'wordnet', path: args.text('wordnet') ?? null });
  for (const name of ['unigrams', 'bigrams', 'titles']) {
    const path = args.text(name);
    if (path !== undefined) inputs.push({ name, path });
  }
  for (const path of args.positionals) inputs.push({ name: basename(path), path });
  if (inputs.length > 0) return inputs;
  throw new MetaclipError('E_USAGE', 'nothing to merge', { hint: 'give lists, or leave out --no-wordnet' });
}
