/**
 * Texts of articles from whatever there is: a MediaWiki export, the output of wikiextractor (documents in `<doc>` tags or
 * JSON lines), or plain text. Told apart by content. Folders are read whole, their files by path.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { checkDumpLanguage, type PageTally, readMediawikiXml } from './mediawiki-xml.ts';
import { readInput, type ReadLog } from './read-input.ts';
import { decodeText, splitLines } from './text-blocks.ts';

/** Forms of text; `text` is never guessed, because everything is text. */
export type TextForm = 'mediawiki' | 'doc' | 'jsonl' | 'text';

/** Counts over all inputs. */
export interface ArticleTally extends PageTally {
  articles: number;
  /** Lines of JSON that are no object with a `text`. */
  badLines: number;
}

/** @returns all zero */
export function makeArticleTally(): ArticleTally {
  return {
    articles: 0,
    pages: 0,
    redirects: 0,
    otherNamespaces: 0,
    withoutText: 0,
    tooLarge: 0,
    badLines: 0,
  };
}

/** Options of {@link readArticles}. */
export interface ReadArticlesOptions {
  /** Code of the wiki that is expected. */
  readonly language: string;
  /** Take the inputs for plain text. */
  readonly isPlainText: boolean;
}

/**
 * Lists the files of inputs: a file is itself, a folder all files below it, by path.
 *
 * @param inputs - files and folders
 * @returns files; those with a leading dot are left out
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_EMPTY`, `E_INPUT_UNREADABLE`
 */
export function listFiles(inputs: readonly string[]): { path: string; sizeBytes: number }[] {
  const files: { path: string; sizeBytes: number }[] = [];
  const visit = (path: string): void => {
    try {
      const stats = statSync(path);
      if (!stats.isDirectory()) files.push({ path, sizeBytes: stats.size });
      else for (const name of readdirSync(path).sort()) if (!name.startsWith('.')) visit(join(path, name));
    } catch (error) {
      throw describeSystemError(error, path, 'read');
    }
  };
  for (const input of inputs) {
    const before = files.length;
    visit(input);
    if (files.length === before) {
      throw new MetaclipError('E_INPUT_EMPTY', `${input}: no files in this folder`, {
        details: { path: input },
      });
    }
  }
  return files;
}

/**
 * Reads the articles of one file.
 *
 * @param path - file
 * @param options - see {@link ReadArticlesOptions}
 * @param tally - gets the counts
 * @param log - gets the record of the file
 * @yields plain texts, some at a time
 * @throws {@link MetaclipError} `E_FORMAT_UNKNOWN`, `E_USAGE` for another language, `E_INPUT_UNREADABLE` for damage
 */
export async function* readArticles(
  path: string,
  options: ReadArticlesOptions,
  tally: ArticleTally,
  log: ReadLog,
): AsyncGenerator<string[], void, void> {
  const texts = decodeText(readInput(path, log));
  const first = await texts.next();
  const start = first.done === true ? '' : first.value;
  const whole = prepend(start, texts);
  const form = options.isPlainText ? 'text' : detectForm(path, start);
  const checkUrl = makeUrlCheck(path, options.language);
  try {
    switch (form) {
      case 'mediawiki': {
        const pages = readMediawikiXml(path, whole, tally, (head) => {
          checkDumpLanguage(path, head, options.language);
        });
        for await (const articles of pages) {
          tally.articles += articles.length;
          yield articles;
        }
        return;
      }
      case 'doc':
        yield* readDocs(splitLines(path, whole), tally, checkUrl);
        return;
      case 'jsonl':
        yield* readJsonLines(splitLines(path, whole), tally, checkUrl);
        return;
      case 'text':
        for await (const lines of splitLines(path, whole)) {
          tally.articles += lines.length;
          yield lines;
        }
        return;
    }
  } finally {
    await texts.return();
  }
}

async function* prepend(first: string, rest: AsyncIterable<string>): AsyncGenerator<string, void, void> {
  yield first;
  yield* rest;
}

function detectForm(path: string, start: string): TextForm {
  const head = start.trimStart();
  if (head.startsWith('<mediawiki') || head.startsWith('<?xml')) return 'mediawiki';
  if (head.startsWith('<doc ')) return 'doc';
  if (head.startsWith('{')) return 'jsonl';
  throw new MetaclipError(
    'E_FORMAT_UNKNOWN',
    `${path}: neither a MediaWiki export nor the output of wikiextractor; it starts with ${JSON.stringify(start.slice(0, 40))}`,
    { hint: 'give --plain-text if its lines are texts', details: { path } },
  );
}

/** Refuses documents whose address is that of another wiki; asks only the first that has one. */
function makeUrlCheck(path: string, language: string): (url: string) => void {
  let isChecked = false;
  return (url) => {
    const found = isChecked ? undefined : /^https?:\/\/([a-z-]+)\.(?:m\.)?wikipedia\.org\//i.exec(url)?.[1];
    if (found === undefined) return;
    isChecked = true;
    checkDumpLanguage(
      path,
      { language: '', database: `${found.replaceAll('-', '_')}wiki`, names: { dropped: new Set() } },
      language,
    );
  };
}

async function* readDocs(
  blocks: AsyncIterable<string[]>,
  tally: ArticleTally,
  checkUrl: (url: string) => void,
): AsyncGenerator<string[], void, void> {
  let lines: string[] = [];
  for await (const block of blocks) {
    const articles: string[] = [];
    for (const line of block) {
      if (line.startsWith('<doc ')) {
        lines = [];
        checkUrl(/\surl="([^"]*)"/.exec(line)?.[1] ?? '');
      } else if (line.startsWith('</doc>')) {
        articles.push(dropTags(lines.join('\n')));
        lines = [];
      } else lines.push(line);
    }
    tally.articles += articles.length;
    if (articles.length > 0) yield articles;
  }
}

async function* readJsonLines(
  blocks: AsyncIterable<string[]>,
  tally: ArticleTally,
  checkUrl: (url: string) => void,
): AsyncGenerator<string[], void, void> {
  for await (const block of blocks) {
    const articles: string[] = [];
    for (const line of block) {
      if (line === '') continue;
      const value = parseObject(line);
      if (value !== undefined && 'url' in value && typeof value.url === 'string') checkUrl(value.url);
      if (value !== undefined && 'text' in value && typeof value.text === 'string')
        articles.push(dropTags(value.text));
      else tally.badLines++;
    }
    tally.articles += articles.length;
    if (articles.length > 0) yield articles;
  }
}

function parseObject(line: string): object | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What wikiextractor leaves of tags, plain or escaped. */
function dropTags(text: string): string {
  return text.replaceAll(/<[^<>\n]*>|&lt;(?:(?!&lt;|&gt;)[^\n])*&gt;/g, '');
}
