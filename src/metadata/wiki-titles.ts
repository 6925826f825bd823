/**
 * List of the titles that people look up: from the hourly pageview files of Wikimedia, by the published rules.
 *
 * Line: `domain title views bytes`, e.g. `en Red_fox 53 0`. The title has underscores for spaces; `en` is the desktop site
 * of the English Wikipedia, `en.m` the mobile one.
 */
import { basename } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { type BuildControl, type Workplace, withWorkplace } from './build-control.ts';
import { listFiles } from './dumps/articles.ts';
import { makeReadLog, readInput, type ReadLog } from './dumps/read-input.ts';
import { decodeText, splitLines } from './dumps/text-blocks.ts';
import { KeyCounter } from './ngrams/key-counter.ts';
import type { SortedCounts } from './ngrams/sorted-counts.ts';
import { rankByCount } from './wiki-ngrams.ts';
import { checkListPath, type Provenance, writeList } from './write-list.ts';

/** Published: hours in which a title has fewer views are left out. */
export const PUBLISHED_MIN_HOURLY_VIEWS = 50;
/** Published: least sum of views over all hours. */
export const PUBLISHED_MIN_VIEWS = 70;
/** Longest title taken: MediaWiki's own limit is 255 bytes. */
const MAX_TITLE_LENGTH = 1024;

/** Which lines of a pageview file count. */
export interface PageviewRules {
  /** First fields taken, e.g. `en`. */
  readonly domains: readonly string[];
  /** Least views of a line. */
  readonly minHourlyViews: number;
}

/** What became of the lines. */
export interface PageviewTally {
  files: number;
  lines: number;
  /** Not four fields, or the views are no whole number. */
  badLines: number;
  otherDomains: number;
  belowHourlyViews: number;
  withColon: number;
  emptyTitles: number;
}

/** Options of {@link buildTitles}. */
export interface TitleListOptions extends BuildControl {
  /** List to write, `.txt` or `.json`. */
  readonly out: string;
  /** Pageview files and folders of them. */
  readonly inputs: readonly string[];
  /** Default: `en`. */
  readonly domains?: readonly string[] | undefined;
  /** Default {@link PUBLISHED_MIN_HOURLY_VIEWS}. */
  readonly minHourlyViews?: number | undefined;
  /** Default {@link PUBLISHED_MIN_VIEWS}. */
  readonly minViews?: number | undefined;
  /** Take so many of the most viewed at most. */
  readonly top?: number | undefined;
}

/**
 * Builds the list of titles by views, most viewed first, and by code point among equals.
 *
 * Memory: `memoryBytes` for counting, then the list.
 *
 * @param options - see {@link TitleListOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} for wrong options, unreadable inputs and outputs
 */
export async function buildTitles(options: TitleListOptions): Promise<Provenance> {
  checkListPath(options.out);
  const rules: PageviewRules = {
    domains: options.domains ?? ['en'],
    minHourlyViews: options.minHourlyViews ?? PUBLISHED_MIN_HOURLY_VIEWS,
  };
  const minViews = options.minViews ?? PUBLISHED_MIN_VIEWS;
  const log = options.log ?? makeReadLog();
  return withWorkplace(options.out, options, async (place) => {
    const { views, tally } = await countViews(options.inputs, rules, place, log);
    const ranked = await rankByCount(views, minViews, options.top, place.breathe);
    if (ranked.length === 0) {
      throw new MetaclipError(
        'E_INPUT_EMPTY',
        `no title is left: ${views.size} titles of ${rules.domains.join(', ')}, none has ${minViews} views`,
        { hint: 'give another --domain, or lower --min-hourly-views and --min-views' },
      );
    }
    return writeList(
      options.out,
      ranked.map(({ key }) => key),
      {
        kind: 'wiki-titles',
        sources: [{ name: 'titles', firstEntry: 0, entryCount: ranked.length }],
        inputs: log.inputs.map((input) => ({ ...input })),
        options: {
          domains: rules.domains,
          minHourlyViews: rules.minHourlyViews,
          minViews,
          top: options.top ?? null,
        },
        counts: { ...tally, distinctTitles: views.size, views: views.total },
      },
    );
  });
}

/**
 * Adds up the views of titles.
 *
 * @param inputs - pageview files and folders of them
 * @param rules - see {@link PageviewRules}
 * @param place - temporary folder and memory
 * @param log - gets the records of the inputs
 * @returns views by title, and what became of the lines
 * @throws {@link MetaclipError} `E_USAGE` when an hour is given twice, `E_FORMAT_UNKNOWN` when a file holds none of it
 */
export async function countViews(
  inputs: readonly string[],
  rules: PageviewRules,
  place: Workplace,
  log: ReadLog,
): Promise<{ views: SortedCounts; tally: PageviewTally }> {
  const { folder, memoryBytes, breathe } = place;
  const files = listFiles(inputs);
  refuseSameHour(files.map(({ path }) => path));
  const counter = new KeyCounter({ folder, name: 'titles', memoryBytes });
  const domains = new Set(rules.domains);
  const tally: PageviewTally = {
    files: files.length,
    lines: 0,
    badLines: 0,
    otherDomains: 0,
    belowHourlyViews: 0,
    withColon: 0,
    emptyTitles: 0,
  };
  for (const { path } of files) {
    const [linesBefore, badBefore] = [tally.lines, tally.badLines];
    for await (const lines of splitLines(path, decodeText(readInput(path, log)))) {
      for (const line of lines) addLine(line, domains, rules.minHourlyViews, counter, tally);
      await breathe();
    }
    const [lineCount, badCount] = [tally.lines - linesBefore, tally.badLines - badBefore];
    if (lineCount === 0 || badCount * 2 > lineCount) {
      throw new MetaclipError(
        'E_FORMAT_UNKNOWN',
        `${path}: ${badCount} of ${lineCount} lines are not "domain title views bytes"`,
        {
          hint: 'files are named pageviews-YYYYMMDD-HHMMSS.gz; others have other columns',
          details: { path },
        },
      );
    }
  }
  return { views: await counter.finish(breathe), tally };
}

function addLine(
  line: string,
  domains: ReadonlySet<string>,
  minHourlyViews: number,
  counter: KeyCounter,
  tally: PageviewTally,
): void {
  tally.lines++;
  const fields = line.split(' ');
  const [domain = '', rawTitle = '', rawViews = ''] = fields;
  const views = Number(rawViews);
  if (fields.length !== 4 || domain === '' || !/^\d+$/.test(rawViews) || !Number.isSafeInteger(views)) {
    tally.badLines++;
    return;
  }
  if (!domains.has(domain)) tally.otherDomains++;
  else if (views < minHourlyViews) tally.belowHourlyViews++;
  else if (rawTitle.includes(':')) tally.withColon++;
  else {
    const title = rawTitle.replaceAll('_', ' ').trim();
    if (title === '' || title.length > MAX_TITLE_LENGTH || /[\p{Cc}\p{Surrogate}]/u.test(title))
      tally.emptyTitles++;
    else counter.addText(title, views);
  }
}

/** The same hour twice, from two folders or as .gz and plain, would double its views. */
function refuseSameHour(paths: readonly string[]): void {
  const pathOfHour = new Map<string, string>();
  for (const path of paths) {
    const hour = /^pageviews-(\d{8}-\d{6})/.exec(basename(path))?.[1] ?? path;
    const earlier = pathOfHour.get(hour);
    if (earlier !== undefined) {
      throw new MetaclipError('E_USAGE', `${earlier} and ${path} are of the same hour`, {
        hint: 'give each hour once',
        details: { hour },
      });
    }
    pathOfHour.set(hour, path);
  }
}
