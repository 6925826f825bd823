/** `metaclip metadata wiki-bigrams`: the closely bound word pairs of a Wikipedia. */
import { buildBigrams } from '../metadata/wiki-ngrams.ts';
import type { Command } from './command.ts';
import {
  COUNTING_OPTIONS,
  countRows,
  memoryOf,
  nonNegative,
  OUT_OPTIONS,
  printList,
  requireOut,
  TEXT_DESCRIPTION,
  TEXT_OPTIONS,
  withReadProgress,
} from './metadata-output.ts';

/** The command. */
export const metadataWikiBigramsCommand: Command = {
  name: 'metadata wiki-bigrams',
  summary: 'the closely bound word pairs of a Wikipedia',
  positionals: '[INPUT...]',
  arity: [0, Infinity],
  description: [
    'Counts words and pairs of neighbouring words, and writes the pairs whose pointwise mutual information (PMI) is at least',
    '--min-pmi, highest first.',
    TEXT_DESCRIPTION,
    '',
    'PMI(x y) = log2(count(x y) * N) - log2(count(x) * count(y)), N being the number of all words in the corpus.',
    'A threshold depends on the size of the corpus: PMI cannot be higher than log2(N / count(x y)), so the published 30 can',
    'only be reached in a corpus of 2^30 (1.07 billion) words and more, there by pairs that stand once, and in one of 4',
    'billion by pairs that stand up to 3 times. In a smaller corpus no pair passes at all. A quota does not depend on it:',
    'take --top 100646, the published number, and with --min-count leave out pairs that stand there by accident.',
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    'min-pmi': {
      type: 'string',
      value: 'BITS',
      help: 'least PMI, default 30 (none with --top); depends on the size of the corpus',
    },
    top: { type: 'string', value: 'N', help: 'take the N pairs of highest PMI, e.g. 100646' },
    'min-count': { type: 'string', value: 'N', help: 'least count of a pair, default 1 as published' },
    ...TEXT_OPTIONS,
    pairs: {
      type: 'string',
      value: 'FILE',
      multiple: true,
      help: 'ready pair counts, with --counts: lines COUNT<tab>WORD<tab>WORD',
    },
    ...COUNTING_OPTIONS,
  },
  examples: [
    {
      command:
        'metaclip metadata wiki-bigrams enwiki-20240101-pages-articles.xml.bz2 --top 100646 --min-count 5 --out bigrams.txt',
      what: 'a quota from a dump',
    },
    {
      command:
        'metaclip metadata wiki-bigrams --counts 1gram.txt.gz --pairs 2gram.txt.gz --top 20000 --out bigrams.txt',
      what: 'from ready counts',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const inputs = [...args.positionals, ...args.texts('counts'), ...args.texts('pairs')];
    const provenance = await withReadProgress(io, 'word pairs', inputs, (log) =>
      buildBigrams({
        out,
        texts: args.positionals,
        unigramCounts: args.texts('counts'),
        bigramCounts: args.texts('pairs'),
        language: args.text('lang'),
        isPlainText: args.flag('plain-text'),
        minPmi: args.number('min-pmi'),
        minCount: nonNegative(args, 'min-count'),
        top: args.number('top'),
        memoryBytes: memoryOf(args),
        signal: io.signal,
        log,
      }),
    );
    const { highestPmi, lowestPmi } = provenance.counts;
    const range =
      typeof highestPmi === 'number' && typeof lowestPmi === 'number'
        ? [['PMI', `${highestPmi.toFixed(2)} to ${lowestPmi.toFixed(2)}`] as const]
        : [];
    printList(args, io, out, provenance, [
      ...countRows(provenance.counts, {
        articles: 'articles',
        words: 'words',
        distinctWords: 'distinct words',
        distinctBigrams: 'distinct pairs',
        wordNotCounted: 'with a word that has no count',
        belowCount: 'below the count',
        belowPmi: 'below the PMI',
        badLines: 'bad lines',
        tooLarge: 'pages too large',
        longWords: 'words too long',
      }),
      ...range,
    ]);
    return 0;
  },
};
