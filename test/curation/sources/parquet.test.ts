import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { readParquet } from '../../../src/curation/sources/parquet.ts';
import { stripText } from '../../../src/curation/sources/strip-text.ts';
import { readPool, urlTexts } from '../../helpers/read-pool.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const database = await DuckDBInstance.create(':memory:', { threads: '1' });
const connection = await database.connect();

/** Writes the rows of a query. */
async function writeParquet(path: string, query: string, options = 'CODEC snappy'): Promise<string> {
  await connection.run(`COPY (${query}) TO '${path.replaceAll("'", "''")}' (FORMAT parquet, ${options})`);
  return path;
}

// Schemas as the published pools have them, one row each.
const LAYOUTS: [pool: string, query: string, url: string, text: string][] = [
  ['LAION', "SELECT 1.0 AS SAMPLE_ID, 'u' AS URL, 't' AS TEXT, 10 AS HEIGHT, 0.3 AS similarity", 'u', 't'],
  [
    'DataComp',
    "SELECT 'ab' AS uid, 'u' AS url, 't' AS text, [[0.1, 0.2, 0.3, 0.4]] AS face_bboxes, 'x' AS sha256",
    'u',
    't',
  ],
  [
    'img2dataset',
    "SELECT 'u' AS url, 't' AS caption, '000000000' AS key, 'success' AS status, NULL::VARCHAR AS error_message, {'a': 1} AS exif",
    'u',
    't',
  ],
  [
    'COYO',
    "SELECT 5::BIGINT AS id, 'u' AS url, 't' AS text, 1::BIGINT AS width, 'p' AS image_phash",
    'u',
    't',
  ],
  ['binary columns', "SELECT 'u'::BLOB AS url, 'caf\\xC3\\xA9'::BLOB AS text", 'u', 'café'],
];

for (const [pool, query, url, text] of LAYOUTS) {
  test(`columns of ${pool}`, async (context) => {
    const path = await writeParquet(join(makeTempFolder(context), 'a.parquet'), query);
    const got = await readPool(readParquet, path);
    assert.deepEqual(got.pairs, [{ url, text, textKey: 'caption', pageUrl: '' }]);
    assert.deepEqual(got.drops, {});
    assert.equal(got.byteCount, readFileSync(path).length);
  });
}

test('nulls, empty and blank values are counted, pages are taken', async (context) => {
  const path = await writeParquet(
    join(makeTempFolder(context), 'a.parquet'),
    `SELECT * FROM (VALUES (' u ', ' a
b ', ' p '), (NULL, 't', 'p'), ('', 't', 'p'), ('u', NULL, 'p'), ('u', '  ', 'p'), ('v', 'c', NULL)) t(url, text, page_url)`,
  );
  const got = await readPool(readParquet, path);
  assert.deepEqual(got.pairs, [
    { url: 'u', text: 'a\nb', textKey: 'caption', pageUrl: 'p' },
    { url: 'v', text: 'c', textKey: 'caption', pageUrl: '' },
  ]);
  assert.deepEqual(got.drops, { 'missing-url': 2, 'missing-text': 1, 'empty-text': 1 });
});

test('lists of texts, with keys too', async (context) => {
  const folder = makeTempFolder(context);
  const flat = await writeParquet(
    join(folder, 'flat.parquet'),
    "SELECT 'u' AS url, ['a', NULL, ' b'] AS texts UNION ALL SELECT 'v', [] UNION ALL SELECT 'w', NULL",
  );
  const got = await readPool(readParquet, flat);
  assert.deepEqual(urlTexts(got), [
    ['u', 'a'],
    ['u', 'b'],
  ]);
  assert.deepEqual(got.drops, { 'missing-text': 3 });
  const keyed = await writeParquet(
    join(folder, 'keyed.parquet'),
    "SELECT 'u' AS url, [['alt', 'a'], ['title', 'b']] AS texts",
  );
  assert.deepEqual(
    (await readPool(readParquet, keyed)).pairs.map(({ text, textKey }) => [textKey, text]),
    [
      ['alt', 'a'],
      ['title', 'b'],
    ],
  );
});

test('a column that can hold no text, or is not there, is refused', async (context) => {
  const folder = makeTempFolder(context);
  const rows: [query: string, options: object, message: RegExp][] = [
    ["SELECT 'u' AS url, {'en': 'x'} AS text", {}, /the text column "text" is of type STRUCT/],
    ["SELECT 'u' AS url, 5 AS text", {}, /the text column "text" is of type INTEGER/],
    ["SELECT ['u'] AS url, 't' AS text", {}, /the url column "url" is of type VARCHAR\[\]/],
    ["SELECT 'u' AS url, 't' AS words", {}, /for the text; the file has url, words/],
    ["SELECT 'u' AS url, 't' AS text", { urlColumn: 'href' }, /no column "href"/],
  ];
  for (const [query, options, message] of rows) {
    const path = await writeParquet(join(folder, 'a.parquet'), query);
    await assert.rejects(readPool(readParquet, path, options), (error) => {
      assert.ok(error instanceof MetaclipError);
      assert.equal(error.code, 'E_COLUMN_MISSING');
      assert.match(error.message, message);
      assert.match(error.hint ?? '', /--(url|text)-column/);
      return true;
    });
  }
});

test('file names are taken literally', async (context) => {
  const folder = makeTempFolder(context);
  for (const name of [
    'aXb',
    'a*b',
    'a?b',
    'a[X]b',
    'a{X,Y}b',
    "it's",
    'a"b',
    'a\\b',
    'lang=en',
    'a b%20',
    'ü\n',
  ]) {
    const path = await writeParquet(
      join(folder, 'tmp'),
      `SELECT 'u' AS url, '${name.replaceAll("'", "''")}' AS text, 1 AS "file_row_number"`,
    );
    writeFileSync(join(folder, `${name}.parquet`), readFileSync(path));
  }
  for (const name of [
    'aXb',
    'a*b',
    'a?b',
    'a[X]b',
    'a{X,Y}b',
    "it's",
    'a"b',
    'a\\b',
    'lang=en',
    'a b%20',
    'ü\n',
  ]) {
    const got = await readPool(readParquet, join(folder, `${name}.parquet`));
    assert.deepEqual(urlTexts(got), [['u', stripText(name)]]);
  }
});

test('odd column names are quoted', async (context) => {
  const path = await writeParquet(
    join(makeTempFolder(context), 'a.parquet'),
    `SELECT 'u' AS "a""; DROP", 't' AS "select * from"`,
  );
  const got = await readPool(readParquet, path, { urlColumn: 'a"; DROP', textColumn: 'select * from' });
  assert.deepEqual(urlTexts(got), [['u', 't']]);
});

test('files that are no whole Parquet are refused in one line', async (context) => {
  const folder = makeTempFolder(context);
  const whole = readFileSync(
    await writeParquet(join(folder, 'a.parquet'), "SELECT 'u' AS url, 't' AS text FROM range(1000)"),
  );
  const contents = {
    empty: Buffer.alloc(0),
    short: Buffer.from('PAR1'),
    cut: whole.subarray(0, whole.length / 2),
    'no footer': Buffer.from(`PAR1${'x'.repeat(100)}PAR1`),
    html: Buffer.from('<html></html>'),
  };
  for (const [name, content] of Object.entries(contents)) {
    const path = join(folder, `${name}.parquet`);
    writeFileSync(path, content);
    await assert.rejects(readPool(readParquet, path), (error) => {
      assert.ok(error instanceof MetaclipError, name);
      assert.equal(error.code, 'E_INPUT_UNREADABLE');
      assert.ok(
        error.message.startsWith(path) && !error.message.includes('\n') && !error.message.includes('LINE 1'),
        error.message,
      );
      return true;
    });
  }
  await assert.rejects(
    readPool(readParquet, join(folder, 'gone.parquet')),
    (error) => error instanceof MetaclipError && error.code === 'E_INPUT_NOT_FOUND',
  );
});

const NUMBERED = `SELECT 'https://example.com/'||i||'.jpg' AS url, CASE WHEN i IN (SELECT unnest(BAD)) THEN 'Q'||'QQQQQQQQQQQQQQQQQQQ' ELSE 'text number '||hash(i) END AS text FROM range(20000) t(i) ORDER BY i`;

/** Writes 20,000 rows in groups of 6,000, the text of some of them not UTF-8. */
async function writeWithBadRows(path: string, badRows: readonly number[]): Promise<string> {
  const query = NUMBERED.replace('BAD', `[${badRows.join()}]::BIGINT[]`);
  // A dictionary would hold a bad string once for all rows of a group.
  await writeParquet(
    path,
    query,
    'CODEC uncompressed, ROW_GROUP_SIZE 6144, DICTIONARY_SIZE_LIMIT 1, PARQUET_VERSION v1',
  );
  const bytes = readFileSync(path);
  for (let at = bytes.indexOf('Q'.repeat(20)); at >= 0; at = bytes.indexOf('Q'.repeat(20), at + 1))
    bytes[at + 3] = 0xff;
  writeFileSync(path, bytes);
  return path;
}

const BAD_ROWS: [name: string, rows: number[]][] = [
  ['none', []],
  ['the first', [0]],
  ['the last', [19_999]],
  ['one in the middle', [7_001]],
  ['neighbours', [7_001, 7_002, 7_003]],
  ['several far apart', [10, 5_000, 6_143, 6_144, 12_345, 19_998]],
];

for (const [name, rows] of BAD_ROWS) {
  test(`strings that are not UTF-8 cost their row: ${name}`, async (context) => {
    const path = await writeWithBadRows(join(makeTempFolder(context), 'a.parquet'), rows);
    const got = await readPool(readParquet, path);
    const expected = Array.from({ length: 20_000 }, (_, i) => i).filter((i) => !rows.includes(i));
    assert.deepEqual(
      got.pairs.map(({ url }) => url),
      expected.map((i) => `https://example.com/${i}.jpg`),
    );
    assert.deepEqual(got.drops, rows.length === 0 ? {} : { 'bad-row': rows.length });
    if (rows[0] !== undefined) assert.equal(got.log.samples[0]?.record, rows[0]);
    assert.equal(got.byteCount, readFileSync(path).length);
  });
}

test('very many bad strings end too, and every row is a pair or counted', async (context) => {
  const rows = Array.from({ length: 400 }, (_, i) => i * 50 + 7);
  const got = await readPool(
    readParquet,
    await writeWithBadRows(join(makeTempFolder(context), 'a.parquet'), rows),
  );
  assert.equal(got.pairs.length + (got.drops['bad-row'] ?? 0), 20_000);
  assert.ok((got.drops['bad-row'] ?? 0) >= 400);
  // Narrowed to rows at first, given up in windows then.
  assert.ok(got.pairs.length > 3000);
});

test('a damaged page costs its rows, not the row groups after it', async (context) => {
  const path = join(makeTempFolder(context), 'a.parquet');
  await writeParquet(path, NUMBERED.replace('BAD', '[]::BIGINT[]'), 'CODEC zstd, ROW_GROUP_SIZE 6144');
  const bytes = readFileSync(path);
  const middle = bytes.length >> 1;
  bytes.fill(0x55, middle, middle + 200);
  writeFileSync(path, bytes);
  const got = await readPool(readParquet, path);
  const lost = got.drops['bad-row'] ?? 0;
  assert.ok(lost > 0 && lost <= 2 * 6144, `${lost} rows lost`);
  assert.equal(got.pairs.length + lost, 20_000);
  assert.equal(got.pairs.at(-1)?.url, 'https://example.com/19999.jpg');
  assert.match(got.log.samples[0]?.detail ?? '', /rows from here: /);
});

test('a file of which no row can be read is refused', async (context) => {
  const path = join(makeTempFolder(context), 'a.parquet');
  await writeParquet(path, "SELECT 'u'||i AS url, 't'||i AS text FROM range(3000) t(i)", 'CODEC zstd');
  const bytes = readFileSync(path);
  const footerBytes = bytes.readUInt32LE(bytes.length - 8);
  bytes.fill(0x55, 4, bytes.length - 8 - footerBytes);
  writeFileSync(path, bytes);
  await assert.rejects(readPool(readParquet, path), (error) => {
    assert.ok(error instanceof MetaclipError);
    assert.equal(error.code, 'E_INPUT_UNREADABLE');
    assert.match(error.message, /none of its 3000 rows can be read/);
    return true;
  });
});

test('reading can be left in the middle', async (context) => {
  const path = await writeParquet(
    join(makeTempFolder(context), 'a.parquet'),
    "SELECT 'u'||i AS url, 't'||i AS text FROM range(50000) t(i)",
  );
  const { DropLog } = await import('../../../src/curation/sources/source.ts');
  for (let round = 0; round < 3; round++) {
    for await (const batch of readParquet(path, {
      compat: 'metaclip',
      drops: new DropLog(),
      onBytes: () => undefined,
    })) {
      assert.equal(batch.rowCount, 4096);
      break;
    }
  }
});

test('two worker threads read at the same time', async (context) => {
  const path = await writeParquet(
    join(makeTempFolder(context), 'a.parquet'),
    "SELECT 'u'||i AS url, 't'||i AS text FROM range(30000) t(i)",
  );
  const readInWorker = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./start-parquet-worker.mjs', import.meta.url), { workerData: path });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  assert.deepEqual(await Promise.all([readInWorker(), readInWorker()]), [30_000, 30_000]);
});

test('rows survive the round trip', async (context) => {
  const folder = makeTempFolder(context);
  const row = fc.record({
    url: fc.option(fc.string({ unit: 'binary' })),
    text: fc.option(fc.string({ unit: 'binary' })),
  });
  const literal = (text: string | null): string =>
    text === null ? 'NULL::VARCHAR' : `decode(from_base64('${Buffer.from(text).toString('base64')}'))`;
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 20 }), async (rows) => {
      const query = rows
        .map(({ url, text }) => `SELECT ${literal(url)} AS url, ${literal(text)} AS text`)
        .join(' UNION ALL ');
      const got = await readPool(readParquet, await writeParquet(join(folder, 'a.parquet'), query));
      const expected = rows
        .map(({ url, text }): [string, string] => [stripText(url ?? ''), stripText(text ?? '')])
        .filter(([url, text]) => url !== '' && text !== '');
      assert.deepEqual(urlTexts(got), expected);
      const dropped = Object.values(got.drops).reduce((sum, count) => sum + count, 0);
      assert.equal(got.pairs.length + dropped, rows.length);
    }),
    { numRuns: 25 },
  );
});
