import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import type { Compat } from '../../../src/curation/compat.ts';
import { readWarc, readWarcSource } from '../../../src/curation/sources/warc.ts';
import {
  cutSource,
  extract,
  gzipEach,
  makeRecord,
  makeResponse,
  type Extracted,
} from '../../helpers/crawl.ts';
import { flatten, flattenPairs, readExpected } from '../../helpers/expected-pairs.ts';
import { makeRandom } from '../../helpers/noisy-crawl.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

const FILES = [
  'IAH-urls-wget.warc.gz',
  'example-bad-non-chunked.warc.gz',
  'example-trunc.warc',
  'example-wrong-chunks.warc.gz',
  'example.warc.gz',
  'issue-514.warc',
  'link-extraction-test.warc',
  'whirlwind.warc.gz',
];
const warcOf = (name: string): string => referencePath(`warc/${name}`);

describe('WARC files of the reference', { skip: skipWithoutReference }, () => {
  for (const name of FILES) {
    it(name, async () => {
      const { pairs, readBytes } = await extract((context) => readWarc(warcOf(name), context));
      assert.deepEqual(flattenPairs(pairs, true), flatten(readExpected(`${name}.decoded`)));
      // None of these files has a body that its encoding hides from the raw reader.
      assert.deepEqual(flattenPairs(pairs, false), flatten(readExpected(`${name}.raw_nodedup`)));
      assert.equal(readBytes, statSync(warcOf(name)).size);
    });

    it(`${name} in small pieces`, async () => {
      const whole = await extract((context) => readWarc(warcOf(name), context));
      const bytes = readFileSync(warcOf(name));
      for (const chunkBytes of bytes.length > 100_000 ? [7] : [1, 7]) {
        const cut = await extract((context) => readWarcSource(cutSource(bytes, chunkBytes), context));
        assert.deepEqual(cut.pairs, whole.pairs);
        assert.deepEqual(cut.drops, whole.drops);
      }
    });
  }

  // Distinct pairs left of 14: the lost record of crc_error and of content_length_long holds none.
  for (const [name, pairCount] of [
    ['content_length_long.warc', 14],
    ['crc_error.warc.gz', 14],
    ['empty.warc.gz', 0],
    ['garbage_between.warc.gz', 14],
    ['lf_only.warc', 14],
    ['plain_named_gz.warc.gz', 14],
    ['single_member.warc.gz', 14],
    ['trunc_mid_member.warc.gz', 14],
    ['trunc_plain.warc', 14],
  ] as const) {
    it(`${name}: ${pairCount} of 14 pairs`, async () => {
      const { pairs } = await extract((context) => readWarc(warcOf(`malformed/${name}`), context));
      assert.equal(flattenPairs(pairs, true).length, pairCount);
    });
  }
});

const PAGE = 'http://h/p/q.html';
const URL_X = 'http://h/p/x';

function runHttp(
  http: Uint8Array | string,
  compat: Compat = 'metaclip',
  maxRecordBytes = 1 << 20,
): Promise<Extracted> {
  const bytes = gzipEach([makeResponse(PAGE, http)]);
  return extract((context) => readWarcSource(cutSource(bytes), context), { compat, maxRecordBytes });
}

const show = (extracted: Extracted): string[] =>
  extracted.pairs.map((pair) => `${pair.url} ${pair.textKey} ${pair.text}`);
const page = (html: Uint8Array | string, head = ''): Buffer =>
  Buffer.concat([Buffer.from(`HTTP/1.1 200 OK\r\n${head}\r\n`), Buffer.from(html)]);

interface Row {
  name: string;
  html: string;
  pairs: string[];
  counts?: Record<string, number>;
  mended?: string[];
}

const ROWS: readonly Row[] = [
  {
    name: 'texts in the order in which they stand',
    html: '<img title=b data-image-title=c src=x alt=a>',
    pairs: [`${URL_X} title b`, `${URL_X} data-image-title c`, `${URL_X} alt a`],
  },
  {
    name: 'trim, then delete line ends',
    html: '<img src=x alt="\n a\n b\r\nc ">',
    pairs: [`${URL_X} alt a bc`],
    mended: [`${URL_X} alt a  b  c`],
  },
  {
    name: 'any case, odd quoting, XHTML',
    html: "<IMG SRC='x'ALT = a /><Img/src=x/alt=b>",
    pairs: [`${URL_X} alt a`, 'http://h/p/x/alt=b missing'].slice(0, 1),
    counts: { 'missing-text': 1 },
  },
  {
    name: 'entities',
    html: '<img src="x?a&amp;b" alt="&lt;&eacute;&#x1F600;&#10;&amp">',
    pairs: ['http://h/p/x?a&b alt <é😀&'],
    mended: ['http://h/p/x?a&b alt <é😀 &'],
  },
  {
    name: 'of an attribute twice the first counts',
    html: '<img src=x src=y alt=a alt=b>',
    pairs: [`${URL_X} alt a`],
  },
  {
    name: 'no src, empty src',
    html: '<img alt=a><img src alt=a><img src=" \n" alt=a>',
    pairs: [],
    counts: { 'missing-url': 3 },
  },
  {
    name: 'no text, empty text',
    html: '<img src=x><img src=x alt><img src=x alt=" " title=t>',
    pairs: [`${URL_X} title t`],
    counts: { 'missing-text': 1, 'empty-text': 2 },
  },
  {
    name: 'a url that Python refuses',
    html: '<img src="http://[x]/" alt=a>',
    pairs: [],
    counts: { 'bad-url': 1 },
  },
  {
    name: 'comments, scripts, styles, text areas and titles hold no images',
    html: '<!--<img src=x alt=a>--><script>"<img src=x alt=a>"</script><style><img src=x alt=a></style><textarea><img src=x alt=a></textarea><title><img src=x alt=a></title>',
    pairs: [],
  },
  {
    name: 'noscript and tables do',
    html: '<noscript><img src=x alt=a></noscript><table><img src=x alt=b>',
    pairs: [`${URL_X} alt a`, `${URL_X} alt b`],
  },
  {
    name: 'image is img, but not in a drawing',
    html: '<image src=x alt=a><svg><image src=x alt=b><title><img src=x alt=c></title></svg><image src=x alt=d>',
    pairs: [`${URL_X} alt a`, `${URL_X} alt c`, `${URL_X} alt d`],
  },
  {
    name: 'a tag that the page breaks off',
    html: '<img src=x alt=a><img src=x alt="b',
    pairs: [`${URL_X} alt a`],
  },
  {
    name: 'the first base counts, in mended mode',
    html: '<base><base href=" /b/c "><base href=/d/><img src=x alt=a>',
    pairs: [`${URL_X} alt a`],
    mended: ['http://h/b/x alt a'],
  },
  { name: 'NUL', html: '<img src=x alt="a\0b">', pairs: [`${URL_X} alt a\0b`] },
];

describe('images of a page', () => {
  for (const { name, html, pairs, counts = {}, mended = pairs } of ROWS) {
    it(name, async () => {
      const published = await runHttp(page(html));
      assert.deepEqual([show(published), published.counts], [pairs, counts]);
      for (const pair of published.pairs) assert.equal(pair.pageUrl, PAGE);
      assert.deepEqual(show(await runHttp(page(html), 'mended')), mended);
    });
  }
});

const HTML = '<p><img src=x alt="cafés"></p>'.repeat(20);
const FOUND = Array.from({ length: 20 }, () => `${URL_X} alt cafés`);
/** A body in chunks of five bytes. */
function chunk(body: Uint8Array, lineEnd = '\r\n'): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; at += 5) {
    const part = body.subarray(at, at + 5);
    parts.push(
      Buffer.from(`${part.length.toString(16)};ext=1${lineEnd}`),
      Buffer.from(part),
      Buffer.from(lineEnd),
    );
  }
  return Buffer.concat([...parts, Buffer.from(`0${lineEnd}Trailer: x${lineEnd}${lineEnd}`)]);
}
const utf8 = Buffer.from(HTML);
const CHUNKED = 'Transfer-Encoding: Chunked\r\n';

const BODIES: readonly { name: string; http: Buffer; pairs?: string[]; counts?: Record<string, number> }[] = [
  { name: 'plain', http: page(utf8) },
  { name: 'LF in the head', http: Buffer.concat([Buffer.from('HTTP/1.0 404 Not Found\nX: y\n\n'), utf8]) },
  { name: 'no HTTP head', http: utf8 },
  { name: 'chunked', http: page(chunk(utf8), CHUNKED) },
  { name: 'chunked with LF', http: page(chunk(utf8, '\n'), CHUNKED) },
  { name: 'called chunked, but is not', http: page(utf8, CHUNKED) },
  { name: 'chunked, then not', http: page(Buffer.concat([Buffer.from('3\r\n'), utf8]), CHUNKED) },
  {
    name: 'a chunk size out of this world',
    http: page(Buffer.concat([Buffer.from(`${'f'.repeat(400)}\r\n`), utf8]), CHUNKED),
  },
  { name: 'gzip', http: page(gzipSync(utf8), 'content-encoding: gzip\r\n') },
  { name: 'gzip in chunks', http: page(chunk(gzipSync(utf8)), `${CHUNKED}Content-Encoding: x-gzip\r\n`) },
  {
    name: 'gzip as transfer encoding',
    http: page(chunk(gzipSync(utf8)), 'Transfer-Encoding: gzip, chunked\r\n'),
  },
  { name: 'deflate', http: page(deflateSync(utf8), 'Content-Encoding: deflate\r\n') },
  { name: 'raw deflate', http: page(deflateRawSync(utf8), 'Content-Encoding: deflate\r\n') },
  { name: 'br', http: page(brotliCompressSync(utf8), 'Content-Encoding: br\r\n') },
  { name: 'gzip, then br', http: page(brotliCompressSync(gzipSync(utf8)), 'Content-Encoding: gzip, br\r\n') },
  { name: 'stored decoded under the old head', http: page(utf8, 'Content-Encoding: gzip\r\n') },
  { name: 'stored decoded, br', http: page(utf8, 'Content-Encoding: br\r\n') },
  {
    name: 'an unknown encoding',
    http: page(utf8, 'Content-Encoding: zstd\r\n'),
    pairs: [],
    counts: { 'bad-http': 1 },
  },
  {
    name: 'damaged gzip',
    http: page(gzipSync(utf8).fill(255, 12, 30), 'Content-Encoding: gzip\r\n'),
    pairs: [],
    counts: { 'bad-http': 1 },
  },
  {
    name: 'a gzip bomb',
    http: page(gzipSync(Buffer.alloc(50 << 20)), 'Content-Encoding: gzip\r\n'),
    pairs: [],
    counts: { 'oversized-record': 1 },
  },
  {
    name: 'a br bomb',
    http: page(brotliCompressSync(Buffer.alloc(8 << 20)), 'Content-Encoding: br\r\n'),
    pairs: [],
    counts: { 'oversized-record': 1 },
  },
  {
    name: 'a head without end',
    http: Buffer.from('HTTP/1.1 200 OK\r\nX: <img src=x alt=a>'),
    pairs: [],
    counts: { 'bad-http': 1 },
  },
  { name: 'an empty body', http: page(''), pairs: [] },
  { name: 'an empty gzip body', http: page('', `${CHUNKED}Content-Encoding: gzip\r\n`), pairs: [] },
  {
    name: 'a cut gzip body gives what it holds',
    http: page(gzipSync(utf8).subarray(0, -9), 'Content-Encoding: gzip\r\n'),
    pairs: FOUND,
  },
  {
    name: 'charset in the head',
    http: page(Buffer.from(HTML, 'latin1'), 'Content-Type: text/html; Charset="ISO-8859-1"\r\n'),
  },
  {
    name: 'charset in a meta',
    http: page(Buffer.concat([Buffer.from('<meta charset=latin1>'), Buffer.from(HTML, 'latin1')])),
  },
  {
    name: 'an old meta',
    http: page(
      Buffer.concat([
        Buffer.from('<meta http-equiv=x content="text/html; charset=windows-1252">'),
        Buffer.from(HTML, 'latin1'),
      ]),
    ),
  },
  { name: 'an unknown charset', http: page(utf8, 'Content-Type: text/html; charset=klingon\r\n') },
  { name: 'no charset, not UTF-8', http: page(Buffer.from(HTML, 'latin1')) },
  {
    name: 'UTF-8 with a byte order mark wins',
    http: page(Buffer.from(`\ufeff${HTML}`), 'Content-Type: text/html; charset=latin1\r\n'),
  },
  { name: 'UTF-16', http: page(Buffer.from(`\ufeff${HTML}`, 'utf16le')) },
  {
    name: 'UTF-16 by the head',
    http: page(Buffer.from(HTML, 'utf16le'), 'Content-Type: text/html; charset=utf-16\r\n'),
  },
  {
    name: 'broken UTF-8',
    http: page(
      Buffer.from('<img src=x alt="a\xffb">', 'latin1'),
      'Content-Type: text/html; charset=utf-8\r\n',
    ),
    pairs: [`${URL_X} alt a\ufffdb`],
  },
];

describe('HTTP bodies', () => {
  for (const { name, http, pairs = FOUND, counts = {} } of BODIES) {
    it(name, async () => {
      const got = await runHttp(http);
      assert.deepEqual([show(got), got.counts], [pairs, counts]);
    });
  }

  it('shift_jis', async () => {
    const got = await runHttp(
      page(Buffer.from('<meta charset=Shift_JIS><img src=x alt="\x93\xfa\x96{">', 'latin1')),
    );
    assert.deepEqual(show(got), [`${URL_X} alt 日本`]);
  });
});

describe('WARC records with images', () => {
  it('only responses are read, with or without angle brackets around their target', async () => {
    const html = '<img src=x alt=a>';
    const bytes = Buffer.concat([
      makeRecord({ 'WARC-Type': 'resource', 'WARC-Target-URI': PAGE }, html),
      makeRecord({ 'WARC-Type': 'Response', 'WARC-Target-URI': `<${PAGE}>` }, page(html)),
      makeRecord({ 'WARC-Type': 'response' }, page(html)),
      makeRecord({ 'WARC-Type': 'response' }, page('no images')),
    ]);
    const got = await extract((context) => readWarcSource(cutSource(bytes), context));
    assert.deepEqual([show(got), got.counts], [[`${URL_X} alt a`], { 'bad-record': 1 }]);
    assert.equal(got.pairs[0]?.pageUrl, PAGE);
    assert.deepEqual(
      got.drops.samples.map((sample) => sample.record),
      [2],
    );
  });

  it('many images on a page come in order, through full batches', async () => {
    const html = Array.from({ length: 10_000 }, (_, i) => `<img src=${i} alt=a${i} title=b${i}>`).join('');
    const got = await runHttp(page(html));
    assert.deepEqual(
      got.pairs.map((pair) => pair.text),
      Array.from({ length: 20_000 }, (_, i) => `${i % 2 === 0 ? 'a' : 'b'}${i >> 1}`),
    );
  });

  it('records of several megabytes, for which the window moves, stay whole', async () => {
    const random = makeRandom(3);
    for (let round = 0; round < 12; round++) {
      const pages = [
        'a'.repeat(random() * 1_900_000),
        `<img src=1 alt=front>${'b'.repeat(6_000_000 + random() * 1_800_000)}<img src=2 alt=end>`,
      ];
      const bytes = gzipEach(pages.map((html) => makeResponse(PAGE, page(html))));
      const got = await extract((context) => readWarcSource(cutSource(bytes), context));
      assert.deepEqual(
        got.pairs.map(({ text }) => text),
        ['front', 'end'],
      );
    }
  });

  it('pages that grow without end are read in linear time', async () => {
    for (const piece of ['<b>', '<svg><title>', '<img src="', '<!--', '&amp', '<a b=c ', '<']) {
      const got = await runHttp(page(`<img src=x alt=a>${piece.repeat(200_000)}`), 'metaclip', 64 << 20);
      assert.deepEqual(show(got), [`${URL_X} alt a`]);
    }
  });
});
