/** `metaclip metadata wiki-titles`: the titles that people look up. */
import { buildTitles } from '../metadata/wiki-titles.ts';
import type { Command } from './command.ts';
import {
  COUNTING_OPTIONS,
  countRows,
  memoryOf,
  nonNegative,
  OUT_OPTIONS,
  printList,
  requireOut,
  withReadProgress,
} from './metadata-output.ts';

/** The command. */
export const metadataWikiTitlesCommand: Command = {
  name: 'metadata wiki-titles',
  summary: 'the Wikipedia titles that people look up, from pageview files',
  positionals: 'INPUT...',
  arity: [1, Infinity],
  description: [
    'INPUT is an hourly pageview file of Wikimedia (pageviews-YYYYMMDD-HHMMSS.gz, https://dumps.wikimedia.org/other/pageviews)',
    'or a folder of them. The published list took all hours of 26 days between 2018 and 2022. The rules are the published',
    'ones: lines of the domain `en`, at least 50 views in the hour, no colon in the title; the views of a title are added up',
    'and must be at least 70 in all; underscores become spaces. Most viewed first.',
  ].join('\n'),
  options: {
    ...OUT_OPTIONS,
    domain: {
      type: 'string',
      value: 'NAME',
      multiple: true,
      help: 'first field of the lines taken, default en; again for more (en.m is the mobile site)',
    },
    'min-hourly-views': { type: 'string', value: 'N', help: 'least views in an hour, default 50' },
    'min-views': { type: 'string', value: 'N', help: 'least views in all, default 70' },
    top: { type: 'string', value: 'N', help: 'take the N most viewed at most, e.g. 61235' },
    ...COUNTING_OPTIONS,
  },
  examples: [
    { command: 'metaclip metadata wiki-titles pageviews --out titles.txt', what: 'all hours in a folder' },
    {
      command:
        'metaclip metadata wiki-titles pageviews --domain de --domain de.m --top 61235 --out titles-de.txt',
      what: 'another wiki, with its mobile site',
    },
  ],
  run: async (args, io) => {
    const out = requireOut(args);
    const domains = args.texts('domain');
    const provenance = await withReadProgress(io, 'titles', args.positionals, (log) =>
      buildTitles({
        out,
        inputs: args.positionals,
        domains: domains.length === 0 ? undefined : domains,
        minHourlyViews: nonNegative(args, 'min-hourly-views'),
        minViews: nonNegative(args, 'min-views'),
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
        files: 'hours',
        lines: 'lines',
        otherDomains: 'of other domains',
        belowHourlyViews: 'below the hourly views',
        withColon: 'with a colon',
        badLines: 'bad lines',
        emptyTitles: 'without a usable title',
        distinctTitles: 'distinct titles',
        views: 'views',
      }),
    );
    return 0;
  },
};
