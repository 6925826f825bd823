import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createWriteStream, readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { readJsonl, readJsonlStream } from '../../../src/curation/sources/jsonl.ts';
import type { ExtractContext } from '../../../src/curation/sources/source.ts';
import { stripText } from '../../../src/curation/sources/strip-text.ts';
import {
  CHUNK_SIZES,
  collectPool,
  cutStream,
  readPool,
  urlTexts,
  writePool,
} from '../../helpers/read-pool.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

const folder = await mkdtemp(join(tmpdir(), 'metaclip-jsonl-'));
after(() => {
  rmSync(folder, { recursive: true });
});

const good = '{"url":"http://a/1.jpg","caption":"cat"}\n';
const pair: [string, string] = ['http://a/1.jpg', 'cat'];
const nested = (depth: number): string =>
  `{"url":"u","text":"t","x":${'['.repeat(depth)}${']'.repeat(depth)}}\n`;

interface Row {
  name: string;
  input: string | Buffer;
  pairs: [string, string][];
  drops?: Record<string, number>;
  options?: Pick<ExtractContext, 'urlColumn' | 'textColumn' | 'maxRecordBytes'>;
}

const ROWS: Row[] = [
  { name: 'nothing', input: '', pairs: [] },
  { name: 'one line', input: good, pairs: [pair] },
  { name: 'last line without newline', input: good + good.trim(), pairs: [pair, pair] },
  { name: 'CRLF and blank lines', input: `\r\n${good.trim()}\r\n \n\n`, pairs: [pair] },
  { name: 'byte order mark', input: `\ufeff${good}`, pairs: [pair] },
  {
    name: 'text is trimmed, kept inside',
    input: '{"url":" u\\n","text":"\\u00a0a\\n b\\t\\u001f"}',
    pairs: [['u', 'a\n b']],
  },
  {
    name: 'line separators inside a text',
    input: '{"url":"u","text":"a\u2028b\u0085c"}',
    pairs: [['u', 'a\u2028b\u0085c']],
  },
  {
    name: 'no JSON',
    input: `${good}{"url":\nnull\n7\n"x"\n["a"]\n${good}`,
    pairs: [pair, pair],
    drops: { 'bad-json': 5 },
  },
  {
    name: 'numbers as Python writes them',
    input: '{"url":"NaN","text":"NaN \\" Infinity","s":NaN,"t":[-Infinity,Infinity]}',
    pairs: [['NaN', 'NaN " Infinity']],
  },
  {
    name: 'no or null or empty url',
    input: `${good}{"text":"t"}\n{"url":null,"text":"t"}\n{"url":" ","text":"t"}`,
    pairs: [pair],
    drops: { 'missing-url': 3 },
  },
  {
    name: 'no or null or empty text',
    input: `${good}{"url":"u"}\n{"url":"u","text":null}\n{"url":"u","text":" "}\n{"url":"u","text":[]}`,
    pairs: [pair],
    drops: { 'missing-text': 3, 'empty-text': 1 },
  },
  {
    name: 'values of a wrong type',
    input: `${good}{"url":5,"text":"t"}\n{"url":"u","text":{"a":1}}\n{"url":"u","text":["a",1,null]}`,
    pairs: [pair, ['u', 'a']],
    drops: { 'bad-row': 3, 'missing-text': 1 },
  },
  {
    name: 'several texts',
    input: '{"url":"u","text":["a"," b ",""]}',
    pairs: [
      ['u', 'a'],
      ['u', 'b'],
    ],
    drops: { 'empty-text': 1 },
  },
  {
    name: '__proto__ keys',
    input: `{"__proto__":{"url":"x","text":"y"},"url":"u","text":"t"}\n{"__proto__":{"url":"x"},"text":"t"}`,
    pairs: [['u', 't']],
    drops: { 'missing-url': 1 },
  },
  { name: 'nested 10,000 deep', input: nested(10_000), pairs: [['u', 't']] },
  {
    name: 'key paths',
    input: '{"meta":{"url":"u","alt":{"en":"t"}}}',
    pairs: [['u', 't']],
    options: { urlColumn: 'meta.url', textColumn: 'meta.alt.en' },
  },
  {
    name: 'over the limit',
    input: `${good}{"url":"u","text":"${'x'.repeat(100)}"}\n${good}`,
    pairs: [pair, pair],
    drops: { 'oversized-record': 1 },
    options: { maxRecordBytes: 60 },
  },
  {
    name: 'invalid UTF-8',
    input: Buffer.from('{"url":"u","text":"caf\xe9"}', 'latin1'),
    pairs: [['u', 'caf\ufffd']],
  },
  { name: 'lone surrogate', input: '{"url":"u","text":"a\\ud800b"}', pairs: [['u', 'a\ufffdb']] },
];

for (const { name, input, pairs, drops = {}, options } of ROWS) {
  for (const chunkBytes of CHUNK_SIZES) {
    test(`${name}, in chunks of ${chunkBytes}`, async () => {
      const stream = cutStream(Buffer.from(input), chunkBytes);
      const got = await collectPool((context) => readJsonlStream(stream, 'f', context), options);
      assert.deepEqual(urlTexts(got), pairs);
      assert.deepEqual(got.drops, drops);
    });
  }
}

test("MetaCLIP's own form keeps the keys, and a page is taken where there is one", async () => {
  const line =
    '{"url":"u","texts":[["alt","a"],["title","b","en"],["data-image-title","c"],["other","d"]],"page_url":"p"}';
  const got = await collectPool((context) => readJsonlStream(cutStream(Buffer.from(line), 7), 'f', context));
  assert.deepEqual(got.pairs, [
    { url: 'u', text: 'a', textKey: 'alt', pageUrl: 'p' },
    { url: 'u', text: 'b', textKey: 'title', pageUrl: 'p' },
    { url: 'u', text: 'c', textKey: 'data-image-title', pageUrl: 'p' },
    { url: 'u', text: 'd', textKey: 'caption', pageUrl: 'p' },
  ]);
});

test('a sample says line and byte', async () => {
  const got = await readPool(readJsonl, await writePool(folder, 'bad.jsonl', `${good}\n{broken\n`));
  assert.deepEqual(got.log.samples, [
    { reason: 'bad-json', record: 2, byte: good.length + 1, detail: '{broken' },
  ]);
});

test('a row of many texts fills several batches', async () => {
  const texts = Array.from({ length: 10_000 }, (_, i) => `t${i}`);
  const line = JSON.stringify({ url: 'u', texts });
  const got = await collectPool((context) =>
    readJsonlStream(cutStream(Buffer.from(line), Infinity), 'f', context),
  );
  assert.deepEqual(
    got.pairs.map(({ text }) => text),
    texts,
  );
});

test('whole gzip reads like plain, and onBytes counts bytes on disk', async () => {
  const bytes = gzipSync(good.repeat(10_000));
  const got = await readPool(readJsonl, await writePool(folder, 'pool.jsonl.gz', bytes));
  assert.equal(got.pairs.length, 10_000);
  assert.equal(got.byteCount, bytes.length);
});

test('of cut gzip the partial last line is not guessed at', async () => {
  // The cut line would be valid JSON without its tail: `{"url":"u","text":"t"}` + ` trailing`.
  const bytes = gzipSync(`${good}{"url":"u","text":"t"}`, { level: 0 });
  const got = await readPool(readJsonl, await writePool(folder, 'cut.jsonl.gz', bytes.subarray(0, -8)));
  assert.deepEqual(urlTexts(got), [pair]);
  assert.deepEqual(got.drops, { 'damaged-gzip': 1, 'truncated-record': 1 });
});

test('one array over the file, or no url or text anywhere, is said and not counted', async () => {
  const rows: [string, string, RegExp][] = [
    [`[${good.trim()},\n${good.trim()}]`, 'E_INPUT_UNREADABLE', /jq -c/],
    [`[\n${good.trim()},\n${good.trim()}\n]`, 'E_INPUT_UNREADABLE', /jq -c/],
    ['{"a":1,"text":"t"}\n{"b":1}', 'E_COLUMN_MISSING', /--url-column/],
    ['{"url":"u","z":1}\n{"url":"v"}', 'E_COLUMN_MISSING', /--text-column/],
  ];
  for (const [input, code, hint] of rows) {
    const reading = collectPool((context) => readJsonlStream(cutStream(Buffer.from(input), 7), 'f', context));
    await assert.rejects(reading, (error) => {
      assert.ok(error instanceof MetaclipError);
      assert.equal(error.code, code);
      assert.match(error.hint ?? '', hint);
      return true;
    });
  }
});

test('objects survive the round trip', async () => {
  const rows = fc.array(
    fc.record({ url: fc.string({ unit: 'binary' }), caption: fc.string({ unit: 'binary' }) }),
  );
  const check = async (records: { url: string; caption: string }[], chunkBytes: number): Promise<void> => {
    const input = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    const got = await collectPool((context) => readJsonlStream(cutStream(input, chunkBytes), 'f', context));
    const expected = records
      .map(({ url, caption }): [string, string] => [stripText(url), stripText(caption)])
      .filter(([url, text]) => url !== '' && text !== '');
    assert.deepEqual(urlTexts(got), expected);
    const dropped = Object.values(got.drops).reduce((sum, count) => sum + count, 0);
    assert.equal(got.pairs.length + dropped, records.length);
  };
  await fc.assert(fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), check));
});

test('a line of 100 MB is skipped in flat memory', async () => {
  const path = join(folder, 'long.jsonl');
  const file = createWriteStream(path);
  const chunk = Buffer.alloc(1 << 20, 'x');
  file.write('{"url":"u","text":"');
  for (let i = 0; i < 100; i++) if (!file.write(chunk)) await once(file, 'drain');
  await new Promise<void>((resolve) => {
    file.end(`"}\n${good}`, () => {
      resolve();
    });
  });
  const before = process.memoryUsage().arrayBuffers;
  let peak = 0;
  const got = await collectPool(
    (context) =>
      readJsonl(path, {
        ...context,
        onBytes: () => {
          peak = Math.max(peak, process.memoryUsage().arrayBuffers);
        },
      }),
    { maxRecordBytes: 1 << 20 },
  );
  assert.deepEqual(urlTexts(got), [pair]);
  assert.deepEqual(got.drops, { 'oversized-record': 1 });
  assert.ok(peak - before < 48 << 20, `${peak - before} bytes more`);
});

test('a real pool: every line is a pair or counted', { skip: skipWithoutReference }, async () => {
  const got = await readPool(readJsonl, referencePath('captions/captions.jsonl.gz'));
  const lines = gunzipSync(readFileSync(referencePath('captions/captions.jsonl.gz')))
    .toString()
    .split('\n')
    .slice(0, -1);
  const records = lines.map(
    (line): { url?: string; text: string } => JSON.parse(line) as { url?: string; text: string },
  );
  const withUrl = records.filter(({ url }) => url !== undefined);
  assert.equal(lines.length, 29_824);
  assert.deepEqual(
    urlTexts(got),
    withUrl.map(({ url = '', text }) => [url, stripText(text)]),
  );
  assert.equal(got.drops['missing-url'] ?? 0, lines.length - withUrl.length);
});
