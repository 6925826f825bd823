/**
 * Pages of a MediaWiki export (`pages-articles.xml`): those of the main namespace that are no redirects, as plain text.
 *
 * The export is machine-made and every element that is needed stands alone in its lines, so it is cut at `<page>` and
 * `</page>` and searched, not parsed. That it is whole is known by its last tag.
 */
import { decodeXML } from 'entities';
import { MetaclipError } from '../../common/errors.ts';
import { damaged } from './damaged.ts';
import { COMMON_NAMES, stripWikitext, type WikiNames } from './wikitext.ts';

/** Largest page taken, in characters; larger ones are counted and left out. MediaWiki's own limit is 2 MiB. */
export const MAX_PAGE_LENGTH = 16 << 20;
const MAX_HEAD_LENGTH = 1 << 20;
const NAMESPACES_LEFT_OUT = new Set(['6', '14']);

/** Counts of pages by what became of them. */
export type PageTally = Record<
  'pages' | 'redirects' | 'otherNamespaces' | 'withoutText' | 'tooLarge',
  number
>;

/** What the head of a dump says. */
export interface DumpHead {
  /** `xml:lang`, e.g. `en`; empty when it is missing. */
  readonly language: string;
  /** Name of the data base, e.g. `enwiki`; empty when it is missing. */
  readonly database: string;
  readonly names: WikiNames;
}

/**
 * Reads the pages of an export.
 *
 * Memory: one page and one chunk.
 *
 * @param path - for messages
 * @param texts - the XML, cut anywhere
 * @param tally - gets the counts
 * @param onHead - told what the head says before the first page; throws to refuse the dump
 * @yields plain texts of articles, a chunk's worth at a time
 * @throws {@link MetaclipError} `E_INPUT_UNREADABLE` when the export is cut short
 */
export async function* readMediawikiXml(
  path: string,
  texts: AsyncIterable<string>,
  tally: PageTally,
  onHead: (head: DumpHead) => void,
): AsyncGenerator<string[], void, void> {
  let rest = '';
  let head: DumpHead | undefined;
  let isSkipping = false;
  for await (const text of texts) {
    rest += text;
    if (head === undefined) {
      const end = rest.search(/<page>|<\/mediawiki>/);
      if (end < 0) {
        if (rest.length > MAX_HEAD_LENGTH) throw damaged(path, 'no page in the first megabyte of the export');
        continue;
      }
      head = parseHead(rest.slice(0, end));
      onHead(head);
      rest = rest.slice(end);
    }
    const pages: string[] = [];
    for (;;) {
      const end = rest.indexOf('</page>');
      if (end < 0) break;
      const page = rest.slice(0, end);
      rest = rest.slice(end + '</page>'.length);
      if (isSkipping || page.length > MAX_PAGE_LENGTH) tally.tooLarge++;
      else {
        const plain = readPage(page, head.names, tally);
        if (plain !== undefined) pages.push(plain);
      }
      isSkipping = false;
    }
    if (rest.length > MAX_PAGE_LENGTH) {
      isSkipping = true;
      // A closing tag may lie over the border.
      rest = rest.slice(-'</mediawiki>'.length);
    }
    if (pages.length > 0) yield pages;
  }
  if (!rest.includes('</mediawiki>')) {
    throw damaged(path, `the export is cut short: no </mediawiki> behind ${tally.pages} pages`);
  }
}

function readPage(page: string, names: WikiNames, tally: PageTally): string | undefined {
  tally.pages++;
  if (/<ns>(-?\d+)<\/ns>/.exec(page)?.[1] !== '0') {
    tally.otherNamespaces++;
    return undefined;
  }
  if (page.includes('<redirect ')) {
    tally.redirects++;
    return undefined;
  }
  // The last revision, where an export has several.
  const start = page.lastIndexOf('<text');
  const textStart = page.indexOf('>', start) + 1;
  const textEnd = page.indexOf('</text>', textStart);
  if (start < 0 || textStart === 0 || textEnd < 0) {
    tally.withoutText++;
    return undefined;
  }
  return stripWikitext(decodeXML(page.slice(textStart, textEnd)), names);
}

function parseHead(head: string): DumpHead {
  const dropped = new Set(COMMON_NAMES.dropped);
  for (const [, key = '', name = ''] of head.matchAll(/<namespace key="(-?\d+)"[^>]*>([^<]*)(?=<)/g)) {
    if (NAMESPACES_LEFT_OUT.has(key)) dropped.add(decodeXML(name).toLowerCase());
  }
  return {
    language: /<mediawiki[^>]*\sxml:lang="([^"]*)"/.exec(head)?.[1] ?? '',
    database: /<dbname>([^<]*)</.exec(head)?.[1] ?? '',
    names: { dropped },
  };
}

/**
 * Checks that a dump is of the language that was asked for. `xml:lang` is the language of the content (`zh`, `en`), the data
 * base the wiki (`zh_yuewiki`, `simplewiki`); either may be what was meant.
 *
 * @param path - for messages
 * @param head - what the dump says
 * @param language - what was asked for
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function checkDumpLanguage(path: string, head: DumpHead, language: string): void {
  const wanted = language.toLowerCase().replaceAll('-', '_');
  const wiki = head.database.toLowerCase().replace(/wiki$/, '');
  const content = head.language.toLowerCase().replaceAll('-', '_');
  if (wanted === wiki || (wanted === content && (wiki === '' || wiki === content))) return;
  if (wiki === '' && content === '') return;
  const found = wiki === '' ? content : wiki;
  throw new MetaclipError(
    'E_USAGE',
    `${path}: a dump of ${JSON.stringify(found)}, but --lang is ${JSON.stringify(language)}`,
    {
      hint: `give --lang ${found}, or another dump`,
      details: { path, found, wanted: language },
    },
  );
}
