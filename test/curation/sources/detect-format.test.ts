import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { MetaclipError } from '../../../src/common/errors.ts';
import { detectFormat, formatOfName } from '../../../src/curation/sources/detect-format.ts';
import { makeTar } from '../../helpers/make-tar.ts';
import { writePool } from '../../helpers/read-pool.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

function record(type: string, contentType: string, body: string, more = ''): string {
  return `WARC/1.0\r\nWARC-Type: ${type}\r\n${more}Content-Type: ${contentType}\r\nContent-Length: ${body.length}\r\n\r\n${body}\r\n\r\n`;
}

const info = record('warcinfo', 'application/warc-fields', 'software: x\r\n\r\nWARC-Type: metadata\r\n');
const wat = info + record('metadata', 'application/json', '{"Envelope":{}}');
const warc = info + record('response', 'application/http', 'HTTP/1.1 200 OK\r\n\r\n');
const tar = await makeTar([['0.txt', 'a']]);
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 0x10, 0x4a, 0x46, 0x49, 0x46, 0, 1]);
const page = '<!DOCTYPE html><html><body>Not found</body></html>';

const KNOWN: [name: string, content: string | Buffer, format: string][] = [
  ['a.parquet', 'PAR1....PAR1', 'parquet'],
  ['a.bin', 'PAR1....PAR1', 'parquet'],
  ['a.parquet', '', 'parquet'],
  ['a.jsonl', '{"url":"u"}\n', 'jsonl'],
  ['a.txt', '\ufeff \n{"url":"u"}\n', 'jsonl'],
  ['a', gzipSync('{"url":"u"}\n'), 'jsonl'],
  ['a.parquet', '{"url":"u"}\n', 'jsonl'],
  ['a.json', '[{"url":"u"}]', 'jsonl'],
  ['a.ndjson', 'no json in the first line\n', 'jsonl'],
  ['a.csv', 'url,caption\n', 'delimited'],
  ['a.csv.gz', gzipSync('x,y\n'), 'delimited'],
  ['a.txt', 'URL\tTEXT\nu\tt\n', 'delimited'],
  ['part-00000', 'id;url;caption\n1;u;t\n', 'delimited'],
  ['a.TSV', 'x\ty\n', 'delimited'],
  ['a.tar', tar, 'webdataset'],
  ['a.dat', tar, 'webdataset'],
  ['a.tar.gz', gzipSync(tar), 'webdataset'],
  ['a.tar', tar.subarray(0, 300), 'webdataset'],
  ['a.tar', '', 'webdataset'],
  ['a.warc.wat.gz', gzipSync(wat), 'wat'],
  ['a.warc', wat, 'wat'],
  ['a.wat', warc, 'warc'],
  ['a.warc.gz', gzipSync(warc), 'warc'],
  ['a.warc.gz', gzipSync(wat).subarray(0, 40), 'warc'],
  ['a', record('warcinfo', 'application/warc-fields', '', 'WARC-Filename: x.warc.wat.gz\r\n'), 'wat'],
  ['a.wat', info, 'wat'],
  ['a', info, 'warc'],
  ['a', wat.slice(info.length).replaceAll('\r\n', '\n'), 'wat'],
  ['a.warc', record('metadata', 'application/warc-fields', 'x: y'), 'warc'],
  ['a.warc.gz', gzipSync(''), 'warc'],
  ['a.warc.wat.gz', '', 'wat'],
  ['a.jsonl.gz', gzipSync(''), 'jsonl'],
  ['a.jsonl.gz', Buffer.from([0x1f, 0x8b, 9]), 'jsonl'],
];

for (const [name, content, format] of KNOWN) {
  test(`${name} with ${JSON.stringify(content.toString('latin1').slice(0, 24))} is ${format}`, async (context) => {
    assert.equal(await detectFormat(await writePool(makeTempFolder(context), name, content)), format);
  });
}

const REFUSED: [name: string, content: string | Buffer, code: string, message: RegExp][] = [
  [
    'a.parquet',
    page,
    'E_INPUT_UNREADABLE',
    /an HTML page .*"<!DOCTYPE html><".*although it is named like parquet/,
  ],
  ['a.parquet', jpeg, 'E_INPUT_UNREADABLE', /a JPEG image .*ff d8 ff e0/],
  ['a.jsonl', page, 'E_INPUT_UNREADABLE', /an HTML page/],
  ['a.csv.gz', gzipSync(page), 'E_INPUT_UNREADABLE', /an HTML page .*named like CSV or TSV/],
  ['a.warc.gz', '<?xml version="1.0"?><Error>', 'E_INPUT_UNREADABLE', /an XML document/],
  ['a.tar', 'x'.repeat(600), 'E_INPUT_UNREADABLE', /something else/],
  ['a.parquet', 'url,caption\n', 'E_INPUT_UNREADABLE', /something else/],
  ['a.parquet.gz', gzipSync('PAR1....PAR1'), 'E_INPUT_UNREADABLE', /a Parquet file inside gzip/],
  ['a.jsonl.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0]), 'E_FORMAT_UNKNOWN', /it is zstd-compressed data/],
  ['a.csv', Buffer.from('\ufeffurl,caption\n', 'utf16le'), 'E_INPUT_UNREADABLE', /UTF-16 text/],
  ['a.txt', 'just some words\n', 'E_FORMAT_UNKNOWN', /starts with "just some words/],
  ['a.bin', Buffer.from([0, 1, 2, 3]), 'E_FORMAT_UNKNOWN', /bytes 00 01 02 03/],
  ['a', '', 'E_FORMAT_UNKNOWN', /the file is empty/],
  ['jsonl', 'x', 'E_FORMAT_UNKNOWN', /neither its name nor its content/],
];

for (const [name, content, code, message] of REFUSED) {
  test(`${name} with ${JSON.stringify(content.toString('latin1').slice(0, 24))} is refused`, async (context) => {
    const path = await writePool(makeTempFolder(context), name, content);
    await assert.rejects(detectFormat(path), (error) => {
      assert.ok(error instanceof MetaclipError);
      assert.equal(error.code, code);
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(path));
      assert.match(error.hint ?? '', /\.jsonl|gunzip/);
      return true;
    });
  });
}

test('a missing file has its code', async () => {
  await assert.rejects(
    detectFormat('/nowhere/a.jsonl'),
    (error) => error instanceof MetaclipError && error.code === 'E_INPUT_NOT_FOUND',
  );
});

test('names', () => {
  const rows: [string, string | undefined][] = [
    ['/x/A.PARQUET', 'parquet'],
    ['a.b.warc.wat.gz', 'wat'],
    ['a.warc.gz', 'warc'],
    ['jsonl', undefined],
    ['.gz', undefined],
    ['a.gz', undefined],
    ['a.jsonl.gz.gz', undefined],
    ['a.__proto__', undefined],
    ['folder.csv/a', undefined],
  ];
  for (const [name, format] of rows) assert.equal(formatOfName(name), format, name);
});

test(
  'real WARC and WAT files are told apart whatever their name',
  { skip: skipWithoutReference },
  async () => {
    const names = readdirSync(referencePath('warc/')).filter((name) => name.includes('.warc'));
    assert.ok(names.length >= 16);
    for (const name of names) {
      assert.equal(
        await detectFormat(referencePath(`warc/${name}`)),
        name.includes('.wat') ? 'wat' : 'warc',
        name,
      );
    }
  },
);
