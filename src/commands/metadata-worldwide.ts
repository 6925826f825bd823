/** `metaclip metadata worldwide`: the list of one language by the rules of Meta CLIP 2. */
import { MetaclipError } from '../common/errors.ts';
import { buildWorldwide } from '../metadata/worldwide.ts';
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
export const metadataWorldwideCommand: Command = {
  name: 'metadata worldwide',
  summary: 'the list of one language by the rules of Meta CLIP 2',
  positionals: '[INPUT...]',
  arity: [0, Infinity],
  description: [
    'Numbers 0-99, names (--names), words, word pairs and titles of the Wikipedia of --lang, with the published caps: the most',
    'frequent 10% of the words, at most 251,465; pairs by PMI, 40% of the words kept, at most 100,646; the most viewed 76% of',
    'the titles, at most 61,235. Nothing of punctuation only, nothing over 256 characters. In languages written without spaces',
    '(bo dz ja km lo my ryu th zh zh_classical zh_yue) words are split by ICU (Intl.Segmenter, whose version is recorded;',
    'for bo and dz it splits syllables), and the words of a pair are joined without a space.',
    TEXT_DESCRIPTION,
    '',
    'Matching needs a list of its own for each language. A PMI threshold depends on the size of the corpus (see',
    '`metaclip metadata wiki-bigrams --help`), so there is none unless --min-pmi is given; the published code has 30.',
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    ...TEXT_OPTIONS,
    pairs: { type: 'string', value: 'FILE', multiple: true, help: 'ready pair counts, with --counts' },
    names: { type: 'string', value: 'FILE', help: 'list of WordNet names in this language' },
    titles: {
      type: 'string',
      value: 'PATH',
      multiple: true,
      help: 'pageview file or folder; again for more',
    },
    'min-pmi': { type: 'string', value: 'BITS', help: 'least PMI of a pair, default: none' },
    'min-pair-count': { type: 'string', value: 'N', help: 'least count of a pair, default 1' },
    ...COUNTING_OPTIONS,
  },
  examples: [
    {
      command:
        'metaclip metadata worldwide thwiki-20240101-pages-articles.xml.bz2 --lang th --titles pageviews --out th.txt',
      what: 'Thai',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const language = args.text('lang');
    if (language === undefined) {
      throw new MetaclipError('E_USAGE', 'which language? --lang is missing', {
        hint: 'for example --lang th',
      });
    }
    const inputs = [
      ...args.positionals,
      ...args.texts('counts'),
      ...args.texts('pairs'),
      ...args.texts('titles'),
    ];
    const provenance = await withReadProgress(io, `list of ${language}`, inputs, (log) =>
      buildWorldwide({
        out,
        language,
        texts: args.positionals,
        unigramCounts: args.texts('counts'),
        bigramCounts: args.texts('pairs'),
        isPlainText: args.flag('plain-text'),
        names: args.text('names'),
        pageviews: args.texts('titles'),
        minPmi: args.number('min-pmi'),
        minBigramCount: nonNegative(args, 'min-pair-count'),
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
        distinctBigrams: 'distinct pairs',
        distinctTitles: 'distinct titles',
        badLines: 'bad lines',
        longWords: 'words too long',
      }),
    );
    return 0;
  },
};
