/** `metaclip metadata wiki-unigrams`: the frequent words of a Wikipedia. */
import { buildUnigrams } from '../metadata/wiki-ngrams.ts';
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
export const metadataWikiUnigramsCommand: Command = {
  name: 'metadata wiki-unigrams',
  summary: 'the frequent words of a Wikipedia',
  positionals: '[INPUT...]',
  arity: [0, Infinity],
  description: [
    'Counts words and writes those that stand at least --min-count times, most frequent first.',
    TEXT_DESCRIPTION,
    '',
    'The published threshold, 100, gives 251,465 words in the whole English Wikipedia and few in a small corpus: take --top',
    'there. Words are split at spaces and punctuation, and their case is kept, because matching distinguishes it.',
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    'min-count': { type: 'string', value: 'N', help: 'least count, default 100 (1 with --top)' },
    top: { type: 'string', value: 'N', help: 'take the N most frequent, e.g. 251465' },
    ...TEXT_OPTIONS,
    ...COUNTING_OPTIONS,
  },
  examples: [
    {
      command: 'metaclip metadata wiki-unigrams enwiki-20240101-pages-articles.xml.bz2 --out unigrams.txt',
      what: 'from a dump',
    },
    {
      command: 'metaclip metadata wiki-unigrams --counts 1gram.txt.gz --top 251465 --out unigrams.txt',
      what: 'from ready counts',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const counts = args.texts('counts');
    const provenance = await withReadProgress(io, 'words', [...args.positionals, ...counts], (log) =>
      buildUnigrams({
        out,
        texts: args.positionals,
        unigramCounts: counts,
        language: args.text('lang'),
        isPlainText: args.flag('plain-text'),
        minCount: nonNegative(args, 'min-count'),
        top: args.number('top'),
        memoryBytes: memoryOf(args),
        signal: io.signal,
        log,
      }),
    );
    printList(
      args,
      io,
      out,
      provenance,
      countRows(provenance.counts, {
        articles: 'articles',
        words: 'words',
        distinctWords: 'distinct words',
        badLines: 'bad lines',
        tooLarge: 'pages too large',
        longWords: 'words too long',
      }),
    );
    return 0;
  },
};
