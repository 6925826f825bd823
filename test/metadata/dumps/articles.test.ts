/** Articles from exports and from the output of wikiextractor. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  type ArticleTally,
  listFiles,
  makeArticleTally,
  readArticles,
} from '../../../src/metadata/dumps/articles.ts';
import { MAX_PAGE_LENGTH, readMediawikiXml } from '../../../src/metadata/dumps/mediawiki-xml.ts';
import { makeReadLog } from '../../../src/metadata/dumps/read-input.ts';
import { exportOf, pageOf } from '../../helpers/wiki-export.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const EXPORT = exportOf([
  pageOf('Fox', "'''Red''' [[fox]] & co"),
  pageOf('Talk:Fox', 'no', { namespace: 1 }),
  pageOf('Red fox', '#REDIRECT [[Fox]]', { redirect: 'Fox' }),
  pageOf('Bild', 'a [[Datei:x.jpg]] b'),
]);

async function* inPieces(text: string, size: number): AsyncGenerator<string, void, void> {
  for (let from = 0; from < text.length; from += size)
    yield await Promise.resolve(text.slice(from, from + size));
}

async function readExport(
  texts: AsyncIterable<string>,
): Promise<{ articles: string[]; tally: ArticleTally }> {
  const articles: string[] = [];
  const tally = makeArticleTally();
  for await (const some of readMediawikiXml('x.xml', texts, tally, () => undefined)) articles.push(...some);
  return { articles, tally };
}

async function readFile(
  path: string,
  language = 'en',
  isPlainText = false,
): Promise<{ articles: string[]; tally: ArticleTally }> {
  const articles: string[] = [];
  const tally = makeArticleTally();
  const options = { language, isPlainText };
  for await (const some of readArticles(path, options, tally, makeReadLog())) articles.push(...some);
  return { articles, tally };
}

describe('a MediaWiki export', () => {
  for (const size of [1, 7, 100_000]) {
    it(`is read in pieces of ${size}`, async () => {
      const { articles, tally } = await readExport(inPieces(EXPORT, size));
      assert.deepEqual(articles, ['Red fox & co', 'a   b']);
      assert.deepEqual(
        [tally.pages, tally.redirects, tally.otherNamespaces, tally.withoutText, tally.tooLarge],
        [4, 1, 1, 0, 0],
      );
    });
  }

  it('is refused when it is cut short, wherever', async () => {
    for (let length = 1; length < EXPORT.length - '</mediawiki>\n'.length; length += 13) {
      await assert.rejects(readExport(inPieces(EXPORT.slice(0, length), 64)), {
        code: 'E_INPUT_UNREADABLE',
        message: /cut short: no <\/mediawiki> behind \d pages/,
      });
    }
  });

  it('counts pages without a text, and goes on behind a page that is too large', async () => {
    const huge = pageOf('Huge', 'x'.repeat(MAX_PAGE_LENGTH + 10));
    const text = exportOf(['<page><ns>0</ns></page>', huge, pageOf('Fox', 'fox')]);
    const { articles, tally } = await readExport(inPieces(text, 1 << 22));
    assert.deepEqual(articles, ['fox']);
    assert.deepEqual([tally.withoutText, tally.tooLarge], [1, 1]);
  });

  it('takes the last revision', async () => {
    const two =
      pageOf('Fox', 'old').replace('</page>', '') +
      pageOf('Fox', 'new').replace(/^.*?<revision>/s, '<revision>');
    assert.deepEqual((await readExport(inPieces(exportOf([two]), 50))).articles, ['new']);
  });
});

describe('the language of an input', () => {
  const rows: [attribute: string, database: string, asked: string, isTaken: boolean][] = [
    ['en', 'enwiki', 'en', true],
    ['en', 'enwiki', 'de', false],
    ['en', 'simplewiki', 'simple', true],
    ['en', 'simplewiki', 'en', false],
    ['yue', 'zh_yuewiki', 'zh-yue', true],
    ['zh', '', 'zh', true],
    ['zh', '', 'ja', false],
    ['', '', 'ja', true],
  ];
  for (const [attribute, database, asked, isTaken] of rows) {
    it(`${attribute} ${database} asked as ${asked}: ${isTaken ? 'taken' : 'refused'}`, async (test) => {
      const path = join(makeTempFolder(test), 'dump.xml');
      writeFileSync(path, exportOf([pageOf('A', 'text')], attribute, database));
      if (isTaken) assert.deepEqual((await readFile(path, asked)).articles, ['text']);
      else await assert.rejects(readFile(path, asked), { code: 'E_USAGE', message: /but --lang is/ });
    });
  }
});

describe('the output of wikiextractor', () => {
  const DOCS =
    '<doc id="1" url="https://en.wikipedia.org/wiki?curid=1" title="Fox">\nFox\n\nA <b>red</b> &lt;br&gt; fox.\n</doc>\n<doc id="2" url="" title="Dog">\nDog\n</doc>\n';

  it('is read as documents', async (test) => {
    const path = join(makeTempFolder(test), 'wiki_00');
    writeFileSync(path, DOCS);
    assert.deepEqual((await readFile(path)).articles, ['Fox\n\nA red  fox.', 'Dog']);
    await assert.rejects(readFile(path, 'de'), { code: 'E_USAGE', message: /a dump of "en"/ });
  });

  it('is read as JSON lines, bad ones counted', async (test) => {
    const path = join(makeTempFolder(test), 'wiki_00');
    writeFileSync(
      path,
      '{"id":"1","url":"https://en.wikipedia.org/wiki?curid=1","text":"A fox"}\n{"text": \n[]\n{"text":3}\n\n{"text":"B"}',
    );
    const { articles, tally } = await readFile(path);
    assert.deepEqual(articles, ['A fox', 'B']);
    assert.equal(tally.badLines, 3);
  });

  it('may lie in folders, read by path', (test) => {
    const folder = makeTempFolder(test);
    for (const name of ['AB', 'AA']) {
      mkdirSync(join(folder, name));
      for (const file of ['wiki_01', 'wiki_00', '.hidden']) writeFileSync(join(folder, name, file), 'x');
    }
    assert.deepEqual(
      listFiles([folder]).map(({ path }) => path.slice(folder.length + 1)),
      ['AA/wiki_00', 'AA/wiki_01', 'AB/wiki_00', 'AB/wiki_01'],
    );
    mkdirSync(join(folder, 'none'));
    assert.throws(() => listFiles([join(folder, 'none')]), { code: 'E_INPUT_EMPTY' });
    assert.throws(() => listFiles([join(folder, 'absent')]), { code: 'E_INPUT_NOT_FOUND' });
  });
});

describe('other text', () => {
  it('is taken only when it is called text', async (test) => {
    const path = join(makeTempFolder(test), 'notes.txt');
    writeFileSync(path, 'a fox\nb\n');
    await assert.rejects(readFile(path), { code: 'E_FORMAT_UNKNOWN', message: /it starts with "a fox/ });
    assert.deepEqual((await readFile(path, 'en', true)).articles, ['a fox', 'b']);
  });
});
