/** The pairs that the kernel adds to a batch are those of the slow way: htmlparser2 over the whole page, clean, join. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Compat, COMPAT_MODES } from '../../../src/curation/compat.ts';
import type { Pair } from '../../../src/curation/pair-batch.ts';
import { DropLog, type UrlOrigins } from '../../../src/curation/sources/source.ts';
import { readWarcSource } from '../../../src/curation/sources/warc.ts';
import { cutSource, makeResponse } from '../../helpers/crawl.ts';
import { readPageSlowly } from '../../helpers/html-oracle.ts';
import { listRealPages } from '../../helpers/real-pages.ts';

interface Read {
  readonly pairs: readonly Pair[];
  readonly counts: readonly (readonly [string, number])[];
  readonly origins: UrlOrigins;
}

interface TestPage {
  readonly url: string;
  readonly bytes: Uint8Array;
  readonly charset?: string;
}

async function readQuickly(pages: readonly TestPage[], compat: Compat): Promise<Read> {
  const drops = new DropLog();
  const origins: UrlOrigins = { linked: 0, relative: 0 };
  const records = pages.map(({ url, bytes, charset = 'utf-8' }) => {
    const head = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=${charset}\r\n\r\n`;
    return makeResponse(url, Buffer.concat([Buffer.from(head), bytes]));
  });
  const pairs: Pair[] = [];
  const context = { compat, drops, origins, onBytes: () => undefined };
  for await (const batch of readWarcSource(cutSource(Buffer.concat(records)), context)) pairs.push(...batch);
  return { pairs, counts: [...drops.counts].sort(), origins };
}

function readSlowly(pages: readonly TestPage[], compat: Compat): Read {
  const drops = new DropLog();
  const pairs: Pair[] = [];
  const origins: UrlOrigins = { linked: 0, relative: 0 };
  for (const { url, bytes, charset = 'utf-8' } of pages) {
    const slow = readPageSlowly(url, new TextDecoder(charset).decode(bytes), compat, drops);
    for (const pair of slow.pairs) pairs.push(pair);
    origins.linked += slow.pairs.length;
    origins.relative += slow.relative;
  }
  return { pairs, counts: [...drops.counts].sort(), origins };
}

const join = (pieces: readonly string[]): string => pieces.join('');
const some = (pieces: readonly string[], maxLength: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength }).map(join);

const ENTITIES = [
  '&amp;',
  '&AMP;',
  '&quot;',
  '&quot',
  '&apos;',
  '&lt;',
  '&gt',
  '&nbsp;',
  '&eacute;',
  '&Eacute;',
  '&eacute',
  '&rsquo;',
  '&hellip;',
  '&hearts;',
  '&notit;',
  '&notin;',
  '&NotEqualTilde;',
  '&copy=1',
  '&copy;',
  '&reg',
  '&#39;',
  '&#039;',
  '&#39',
  '&#x27;',
  '&#X2019;',
  '&#xZ;',
  '&#0;',
  '&#10;',
  '&#x85;',
  '&#128;',
  '&#160;',
  '&#x3000;',
  '&#8217;',
  '&#128512;',
  '&#xD800;',
  '&#x110000;',
  '&#99999999999;',
  '&#',
  '&;',
  '&',
  '&&',
  '&a=1',
  '&amp=2',
  '&b',
  '&longest_name;',
];
const TEXT_PIECES = [
  ...'a b é 猫 ß 😀 \u00a0 \u0085 \u2003 \u3000 \u1680 \u200b \ufeff \u2028 < > /'.split(' '),
  ...['word', ' ', ' ', '\n', '\r\n', '\t', '\f', '\v', '\x1c', '\0', '=', 'x'.repeat(15), 'y'.repeat(40)],
  ...ENTITIES,
];
const HREF_PIECES = [
  ...'a b.jpg / // .. . ? # ?# ; : [ ] é http:// https:// h.example HTTP:// data: ftp://'.split(' '),
  ...[' ', '\n', '\t', 'x'.repeat(17), '&amp;', '&', '&b=', '&#47;', '&quot;', '%20', '&copy='],
];
const value = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom('', 'photo', 'A photo of a cat') },
  { weight: 4, arbitrary: some(TEXT_PIECES, 6) },
);
const href = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.constantFrom('/i/photo.jpg', 'photo.jpg', 'https://img.example/a.jpg?b=1&c=2', ''),
  },
  { weight: 3, arbitrary: some(HREF_PIECES, 6) },
);
/** Written in one of the ways in which an attribute may stand; what does not fit its quotes breaks the tag in other ways. */
const written = (name: string, content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom('"', '"', '"', "'", '', ' '), content, fc.constantFrom('', '', '', ' ', '\n'))
    .map(([quote, text, blank]) => {
      if (quote === ' ') return name;
      const kept = quote === '' ? text.replace(/[\s>]/g, '_') : text.replaceAll(quote, '_');
      return `${name}${blank}=${blank}${quote}${kept}${quote}`;
    });
const attribute = fc.oneof(
  { weight: 5, arbitrary: written('src', href) },
  { weight: 5, arbitrary: written('alt', value) },
  { weight: 2, arbitrary: written('title', value) },
  { weight: 1, arbitrary: written('data-image-title', value) },
  { weight: 1, arbitrary: written('SRC', href) },
  { weight: 1, arbitrary: written('Alt', value) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      'width=5',
      'srcset="a 2x"',
      'data-src=x',
      'alts=x',
      '=',
      '/',
      '"',
      'é=é',
      'lazy',
    ),
  },
);
const image = fc
  .tuple(
    fc.constantFrom('img', 'img', 'img', 'IMG', 'image'),
    fc.array(attribute, { minLength: 1, maxLength: 5 }),
    fc.constantFrom(' ', ' ', ' ', '\n', ''),
    fc.constantFrom('>', '>', ' />', '/>', ''),
  )
  .map(([name, attributes, blank, close]) => `<${name} ${attributes.join(blank)}${close}`);
const html = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: image },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          '<p>text</p>',
          '<base href="/b/">',
          '<base href="http://other.example/c/d">',
          '<a href="x>y" title=\'<img src=q alt=q>\'>',
          '<!-- <img src=x alt=a> -->',
          '<svg><title>t</title></svg>',
          '<svg><p>',
          '<![CDATA[',
        ),
      },
    ),
    { maxLength: 12 },
  )
  .map(join);
const url = fc.constantFrom(
  'https://page.example/folder/a.html',
  'http://h',
  'https://h.example/a/b/../c?d#e',
  'ftp://h/x',
  'http://é.example/f/',
);
const page = fc.oneof(
  { weight: 4, arbitrary: fc.record({ url, bytes: html.map((text) => Buffer.from(text)) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      url,
      bytes: html.map((text) => Buffer.from(text, 'latin1')),
      charset: fc.constantFrom('utf-8', 'windows-1252', 'iso-8859-2', 'koi8-r', 'shift_jis', 'gb18030'),
    }),
  },
);

describe('pairs of a page, added by the kernel', () => {
  for (const compat of COMPAT_MODES) {
    it(`equal the slow way, ${compat}`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(page, { maxLength: 8 }), async (pages) => {
          assert.deepEqual(await readQuickly(pages, compat), readSlowly(pages, compat));
        }),
        { numRuns: 1000 },
      );
    });

    it(`of real pages equal the slow way, ${compat}`, async () => {
      const pages = listRealPages().map((bytes) => ({ url: 'https://page.example/folder/a.html', bytes }));
      const quick = await readQuickly(pages, compat);
      assert.deepEqual(quick, readSlowly(pages, compat));
      assert.ok(quick.pairs.length > 100);
    });
  }

  it('more rows than a batch, long urls and long texts', async () => {
    const images = Array.from({ length: 8000 }, (_, i) => {
      const src = i % 1000 === 7 ? `/${'u'.repeat(300_000)}${i}` : `/img/${i}.jpg`;
      const alt =
        i % 1500 === 9 ? 't'.repeat(300_000) : i % 100 === 3 ? ` &amp; ${'z'.repeat(17_000)}` : `text ${i}`;
      return `<img src="${src}" alt="${alt}" title="title ${i}">`;
    });
    const pages = [images.slice(0, 3000), images.slice(3000, 6000), images.slice(6000)].map((part) => ({
      url: 'https://page.example/a/b.html',
      bytes: Buffer.from(part.join('')),
    }));
    for (const compat of COMPAT_MODES)
      assert.deepEqual(await readQuickly(pages, compat), readSlowly(pages, compat));
  });
});
