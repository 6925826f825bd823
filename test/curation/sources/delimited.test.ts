import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { MAX_MULTILINE_BYTES } from '../../../src/curation/sources/csv-rows.ts';
import { readDelimited, readDelimitedStream } from '../../../src/curation/sources/delimited.ts';
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
import { makeTempFolder } from '../../helpers/temp-folder.ts';

interface Row {
  name: string;
  input: string | Buffer;
  pairs: [string, string][];
  drops?: Record<string, number>;
  path?: string;
  options?: Pick<ExtractContext, 'urlColumn' | 'textColumn' | 'maxRecordBytes'>;
}

const ROWS: Row[] = [
  { name: 'nothing', input: '', pairs: [] },
  { name: 'only blank lines', input: '\n\r\n', pairs: [] },
  { name: 'only a header', input: 'url,caption\n', pairs: [] },
  {
    name: 'two rows',
    input: 'url,caption\na,b\nc,d\n',
    pairs: [
      ['a', 'b'],
      ['c', 'd'],
    ],
  },
  { name: 'no newline at the end', input: 'url,caption\na,b', pairs: [['a', 'b']] },
  {
    name: 'CRLF, blank lines, byte order mark',
    input: '\ufeffurl,caption\r\n\r\na,b\r\n',
    pairs: [['a', 'b']],
  },
  { name: 'quoted header', input: '"url","caption"\na,b', pairs: [['a', 'b']] },
  { name: 'delimiters and quotes in quotes', input: 'url,caption\na,"b, ""c"""\n', pairs: [['a', 'b, "c"']] },
  {
    name: 'line ends in quotes',
    input: 'url,caption\na,"b\nc\r\n\nd"\r\ne,f\n',
    pairs: [
      ['a', 'b\nc\r\n\nd'],
      ['e', 'f'],
    ],
  },
  {
    name: 'empty cells',
    input: 'url,caption,x\na,,\n,b,\n"",c,\n',
    pairs: [],
    drops: { 'empty-text': 1, 'missing-url': 2 },
  },
  {
    name: 'too few and too many cells',
    input: 'url,caption\na\nb,c,d\ne,f\n',
    pairs: [['e', 'f']],
    drops: { 'bad-row': 2 },
  },
  {
    name: 'a quote inside a cell is ordinary',
    input: 'url,caption\na,5" pipe\nb,x "y" z\n',
    pairs: [
      ['a', '5" pipe'],
      ['b', 'x "y" z'],
    ],
  },
  {
    name: 'text after a closing quote: all of it is ordinary',
    input: 'url,caption\na,"Best of" album\n',
    pairs: [['a', '"Best of" album']],
  },
  {
    name: 'a quote that never closes does not swallow the file',
    input: 'caption,url\n"open,a\nb,c\nd,e\n',
    pairs: [
      ['a', '"open'],
      ['c', 'b'],
      ['e', 'd'],
    ],
  },
  {
    name: 'a stray quote before a quoted row',
    input: 'caption,url\n"open,a\n"b, c",d\n',
    pairs: [
      ['a', '"open'],
      ['d', 'b, c'],
    ],
  },
  {
    name: 'a stray quote before rows of several lines',
    input: 'caption,url\n"open,a\nx,y\n"b\nc",d\n',
    pairs: [
      ['a', '"open'],
      ['y', 'x'],
      ['d', 'b\nc'],
    ],
  },
  { name: 'tabs', input: 'url\tcaption\na\tb, c\n', pairs: [['a', 'b, c']], path: 'f.tsv' },
  {
    name: 'tabs under a name of CSV',
    input: 'url\tcaption\na\tb, c\n',
    pairs: [['a', 'b, c']],
    path: 'f.csv.gz',
  },
  { name: 'semicolons', input: 'url;caption\na;b, c\n', pairs: [['a', 'b, c']] },
  { name: 'commas under a name of TSV', input: 'url,caption\na,b\n', pairs: [['a', 'b']], path: 'f.tsv' },
  {
    name: 'latin-1 bytes',
    input: Buffer.from('url,caption\na,caf\xe9\n', 'latin1'),
    pairs: [['a', 'caf\ufffd']],
  },
  {
    name: 'columns by name',
    input: 'x,y,url\n1,2,3\n',
    pairs: [['1', '2']],
    options: { urlColumn: 'x', textColumn: 'Y' },
  },
  { name: 'headers of an object', input: '__proto__,url,constructor,text\n1,a,2,b\n', pairs: [['a', 'b']] },
  {
    name: 'a line over the limit',
    input: `url,caption\na,b\nc,${'x'.repeat(99)}\n"c,${'x'.repeat(99)}\nd,e\n`,
    pairs: [
      ['a', 'b'],
      ['d', 'e'],
    ],
    drops: { 'oversized-record': 2 },
    options: { maxRecordBytes: 50 },
  },
  {
    name: 'a line over the limit inside quotes',
    input: `caption,url\n"a\n${'x'.repeat(99)}\nd,e\n`,
    pairs: [['e', 'd']],
    drops: { 'oversized-record': 1, 'bad-row': 1 },
    options: { maxRecordBytes: 50 },
  },
  { name: 'NUL bytes', input: 'url,caption\na,b\0c\n', pairs: [['a', 'b\0c']] },
];

for (const { name, input, pairs, drops = {}, path = 'f', options } of ROWS) {
  for (const chunkBytes of CHUNK_SIZES) {
    test(`${name}, in chunks of ${chunkBytes}`, async () => {
      const stream = cutStream(Buffer.from(input), chunkBytes);
      const got = await collectPool((context) => readDelimitedStream(stream, path, context), options);
      assert.deepEqual(urlTexts(got), pairs);
      assert.deepEqual(got.drops, drops);
    });
  }
}

test('a header without a url or text is refused with what it has', async () => {
  const refused = (input: string, pattern: RegExp, options = {}) =>
    assert.rejects(
      collectPool(
        (context) => readDelimitedStream(cutStream(Buffer.from(input), 7), 'f.csv', context),
        options,
      ),
      (error) =>
        error instanceof MetaclipError && error.code === 'E_COLUMN_MISSING' && pattern.test(error.message),
    );
  await refused('a,b,caption\n1,2,3\n', /f\.csv: .*the file has a, b, caption$/);
  await refused('a\tb\tcaption\n1\t2\t3\n', /the file has a, b, caption$/);
  await refused('http://x/1.jpg,a cat\n', /the file has/);
  await refused('url,caption\n', /no column "alt"/, { textColumn: 'alt' });
});

test('a header over the limit is refused', async () => {
  const input = Buffer.from(`${'url,'.repeat(100)}caption\n`);
  await assert.rejects(
    collectPool((context) => readDelimitedStream(cutStream(input, 64), 'f', context), {
      maxRecordBytes: 100,
    }),
    (error) => error instanceof MetaclipError && error.code === 'E_INPUT_UNREADABLE',
  );
});

test('cut gzip gives the whole rows and does not guess at the last', async (context) => {
  const bytes = gzipSync('url,caption\na,b\nc,d', { level: 0 });
  const path = await writePool(makeTempFolder(context), 'cut.csv.gz', bytes.subarray(0, -8));
  const got = await readPool(readDelimited, path);
  assert.deepEqual(urlTexts(got), [['a', 'b']]);
  assert.deepEqual(got.drops, { 'damaged-gzip': 1, 'truncated-record': 1 });
});

test('quotes made to be read again and again are read at most three times', async () => {
  // Each line closes the quoted cell of the line before and opens one: taken back one by one, this is quadratic.
  const line = 'a","b\n';
  const count = Math.ceil((3 * MAX_MULTILINE_BYTES) / line.length);
  for (const end of ['', '"z\n', '"\n']) {
    const input = Buffer.from(`url,caption\n"x\n${line.repeat(count)}${end}`);
    const got = await collectPool((context) => readDelimitedStream(cutStream(input, 1 << 16), 'f', context));
    const dropped = Object.values(got.drops).reduce((sum, more) => sum + more, 0);
    assert.ok(got.pairs.length + dropped >= count, `${got.pairs.length} + ${dropped}`);
  }
});

test('well-formed CSV is read as csv-parse reads it', async () => {
  const cell = fc.string({ unit: fc.constantFrom('a', 'é', ',', '"', '\n', '\r\n', ' ', '\t', ';') });
  const rows = fc.array(fc.tuple(cell, cell, cell));
  const quote = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const check = async (records: string[][], chunkBytes: number): Promise<void> => {
    const input = [['url', 'x', 'caption'], ...records]
      .map((cells) => `${cells.map(quote).join(',')}\n`)
      .join('');
    const expected = parse(input, { from_line: 2, record_delimiter: '\n' })
      .map(([url = '', , text = '']): [string, string] => [stripText(url), stripText(text)])
      .filter(([url, text]) => url !== '' && text !== '');
    const stream = cutStream(Buffer.from(input), chunkBytes);
    const got = await collectPool((context) => readDelimitedStream(stream, 'f', context));
    assert.deepEqual(urlTexts(got), expected);
    assert.equal(got.drops['bad-row'], undefined);
  };
  await fc.assert(fc.asyncProperty(rows, fc.integer({ min: 1, max: 40 }), check));
});

test('rows do not depend on the chunks, however odd the quotes', async () => {
  const piece = fc.constantFrom('"', ',', '\n', '\r', 'a', '""', '"\n', ',"');
  await fc.assert(
    fc.asyncProperty(fc.array(piece), fc.integer({ min: 1, max: 9 }), async (pieces, chunkBytes) => {
      const input = Buffer.from(`url,caption\n${pieces.join('')}\nlast,row`);
      const read = (size: number) =>
        collectPool((context) => readDelimitedStream(cutStream(input, size), 'f', context));
      const got = await read(chunkBytes);
      const whole = await read(Infinity);
      assert.deepEqual([got.pairs, got.drops], [whole.pairs, whole.drops]);
    }),
  );
});
