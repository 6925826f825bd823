import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { readTarMembers } from '../../../src/common/tar-members.ts';
import {
  readWebdataset,
  readWebdatasetStream,
  splitMemberName,
  standInUrl,
} from '../../../src/curation/sources/webdataset.ts';
import type { ExtractContext } from '../../../src/curation/sources/source.ts';
import { makeTar, sealHeader, type TarFiles } from '../../helpers/make-tar.ts';
import {
  CHUNK_SIZES,
  collectPool,
  cutStream,
  readPool,
  urlTexts,
  writePool,
} from '../../helpers/read-pool.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const jpg = Buffer.alloc(3000, 0xd8);
const long = `${'d'.repeat(80)}/${'e'.repeat(80)}/${'ü'.repeat(60)}`;

interface Row {
  name: string;
  files: TarFiles;
  pairs: [string, string][];
  drops?: Record<string, number>;
  options?: Pick<ExtractContext, 'urlColumn' | 'textColumn' | 'maxRecordBytes'>;
}

const img2dataset =
  '{"caption":"a cat","url":"http://a/1.jpg","key":"000000000","status":"success","sha256":"x"}';

const ROWS: Row[] = [
  { name: 'an empty tar', files: [], pairs: [] },
  {
    name: 'img2dataset',
    files: [
      ['0.jpg', jpg],
      ['0.json', img2dataset],
      ['0.txt', 'a cat'],
      ['1.jpg', jpg],
      ['1.json', '{"url":"u","caption":"b"}'],
    ],
    pairs: [
      ['http://a/1.jpg', 'a cat'],
      ['u', 'b'],
    ],
  },
  {
    name: 'no json: a stand-in url',
    files: [
      ['a/0.jpg', jpg],
      ['a/0.txt', ' hi \n'],
      ['a b/0.caption', 'x'],
    ],
    pairs: [
      ['file:///p.tar/a/0', 'hi'],
      ['file:///p.tar/a%20b/0', 'x'],
    ],
  },
  { name: 'json without url', files: [['0.json', '{"text":"t"}']], pairs: [['file:///p.tar/0', 't']] },
  {
    name: 'json with a null url',
    files: [['0.json', '{"text":"t","url":null}']],
    pairs: [],
    drops: { 'missing-url': 1 },
  },
  {
    name: '.txt wins over .caption and .json',
    files: [
      ['0.json', '{"url":"u","text":"j"}'],
      ['0.caption', 'c'],
      ['0.txt', 't'],
      ['1.caption', 'c'],
      ['1.json', '{"url":"v","text":"j"}'],
    ],
    pairs: [
      ['u', 't'],
      ['v', 'c'],
    ],
  },
  {
    name: 'a text key that is given wins',
    files: [
      ['0.json', '{"url":"u","alt":{"de":"d"}}'],
      ['0.txt', 't'],
    ],
    pairs: [['u', 'd']],
    options: { textColumn: 'alt.de' },
  },
  {
    name: 'the key ends at the first dot',
    files: [
      ['0.seg.png', jpg],
      ['0.txt', 'a'],
      ['v1.0/1.txt', 'b'],
      ['v1.0/1.cls', 'c'],
    ],
    pairs: [
      ['file:///p.tar/0', 'a'],
      ['file:///p.tar/v1.0/1', 'b'],
    ],
  },
  { name: 'extensions in any case', files: [['0.TXT', 'a']], pairs: [['file:///p.tar/0', 'a']] },
  {
    name: 'no text, empty text',
    files: [
      ['0.jpg', jpg],
      ['1.txt', ' \n'],
      ['2.json', '{"url":"u"}'],
    ],
    pairs: [],
    drops: { 'missing-text': 2, 'empty-text': 1 },
  },
  {
    name: 'broken json',
    files: [
      ['0.json', '{'],
      ['0.txt', 'a'],
      ['1.json', '[1]'],
      ['2.txt', 'c'],
    ],
    pairs: [
      ['file:///p.tar/0', 'a'],
      ['file:///p.tar/2', 'c'],
    ],
    drops: { 'bad-json': 2, 'missing-text': 1 },
  },
  {
    name: 'over the limit',
    files: [
      ['0.txt', 'x'.repeat(600)],
      ['1.txt', 'a'],
      ['2.json', `{"url":"u","x":"${'x'.repeat(600)}"}`],
      ['2.txt', 'b'],
    ],
    pairs: [
      ['file:///p.tar/1', 'a'],
      ['file:///p.tar/2', 'b'],
    ],
    drops: { 'oversized-record': 2 },
    options: { maxRecordBytes: 512 },
  },
  {
    name: 'names that are no samples',
    files: [
      ['README', 'x'],
      ['.hidden.txt', 'x'],
      [{ name: 'd/', type: 'directory' }, ''],
      [{ name: '0.txt', type: 'symlink', linkname: '/etc/passwd' }, ''],
      ['1.txt', 'a'],
    ],
    pairs: [['file:///p.tar/1', 'a']],
  },
  {
    name: 'long and Unicode names',
    files: [
      [`${long}.txt`, 'a'],
      [`${long}.json`, '{"url":"u"}'],
      ['1.txt', 'b'],
    ],
    pairs: [
      ['u', 'a'],
      ['file:///p.tar/1', 'b'],
    ],
  },
  {
    name: 'names that would leave the folder',
    files: [
      ['../../escape.txt', 'a'],
      ['/tmp/absolute.txt', 'b'],
    ],
    pairs: [
      ['file:///p.tar/../../escape', 'a'],
      ['file:///p.tar//tmp/absolute', 'b'],
    ],
  },
  {
    name: '__proto__ as name and key',
    files: [
      ['__proto__.json', '{"__proto__":{"url":"x"},"text":"t"}'],
      ['constructor.txt', 'c'],
    ],
    pairs: [
      ['file:///p.tar/__proto__', 't'],
      ['file:///p.tar/constructor', 'c'],
    ],
  },
];

for (const { name, files, pairs, drops = {}, options } of ROWS) {
  for (const chunkBytes of CHUNK_SIZES) {
    test(`${name}, in chunks of ${chunkBytes}`, async () => {
      const stream = cutStream(await makeTar(files), chunkBytes);
      const got = await collectPool((context) => readWebdatasetStream(stream, '/x/p.tar', context), options);
      assert.deepEqual(urlTexts(got), pairs);
      assert.deepEqual(got.drops, drops);
    });
  }
}

const samples: TarFiles = [0, 1, 2].flatMap((i): TarFiles => [
  [`${i}.jpg`, jpg],
  [`${i}.json`, `{"url":"u${i}","caption":"c${i}"}`],
]);

test('nothing is ever written, whatever the names', async (context) => {
  const folder = makeTempFolder(context);
  const path = await writePool(
    folder,
    'p.tar',
    await makeTar([
      ['../evil.txt', 'a'],
      [`${folder}/evil.txt`, 'b'],
      ['evil.txt', 'c'],
    ]),
  );
  assert.equal((await readPool(readWebdataset, path)).pairs.length, 3);
  assert.deepEqual(readdirSync(folder), ['p.tar']);
});

test('a tar cut anywhere gives the whole samples and counts the cut', async () => {
  const tar = await makeTar(samples);
  const sampleBytes = (tar.length - 1024) / 3;
  for (let cut = 0; cut <= tar.length; cut += 128) {
    const stream = cutStream(tar.subarray(0, cut), 1000);
    const got = await collectPool((context) => readWebdatasetStream(stream, 'p.tar', context));
    // A sample is whole with the last byte of its text; the padding after it is not needed.
    const whole = Math.min(3, Math.floor((cut + 512 - 27) / sampleBytes));
    assert.deepEqual(
      got.pairs.map(({ url }) => url),
      ['u0', 'u1', 'u2'].slice(0, whole),
      `cut at ${cut}`,
    );
    const isWholeTar = cut === 0 || cut > 3 * sampleBytes;
    assert.deepEqual(got.drops, isWholeTar ? {} : { 'truncated-record': 1 }, `cut at ${cut}`);
  }
});

test('a damaged header costs its sample, not those after it', async () => {
  const tar = await makeTar(samples);
  tar.fill(0x37, (tar.length - 1024) / 3 + 100, (tar.length - 1024) / 3 + 140);
  const got = await collectPool((context) => readWebdatasetStream(cutStream(tar, 333), 'p.tar', context));
  assert.deepEqual(urlTexts(got), [
    ['u0', 'c0'],
    ['u1', 'c1'],
    ['u2', 'c2'],
  ]);
  assert.deepEqual(got.drops, { 'garbage-bytes': 1 });
});

test('gzipped tars, also cut', async (context) => {
  const folder = makeTempFolder(context);
  const tar = await makeTar(samples);
  const whole = await readPool(readWebdataset, await writePool(folder, 'p.tar.gz', gzipSync(tar)));
  assert.deepEqual(urlTexts(whole), [
    ['u0', 'c0'],
    ['u1', 'c1'],
    ['u2', 'c2'],
  ]);
  const packed = gzipSync(tar, { level: 0 });
  const cut = await readPool(
    readWebdataset,
    await writePool(folder, 'c.tar.gz', packed.subarray(0, packed.length / 2)),
  );
  assert.deepEqual(urlTexts(cut), [['u0', 'c0']]);
  assert.deepEqual(cut.drops, { 'damaged-gzip': 1, 'truncated-record': 1 });
});

test('two tars one after the other are read as one', async () => {
  const both = Buffer.concat([await makeTar(samples.slice(0, 2)), await makeTar(samples.slice(2, 4))]);
  const got = await collectPool((context) => readWebdatasetStream(cutStream(both, 512), 'p.tar', context));
  assert.deepEqual(
    got.pairs.map(({ url }) => url),
    ['u0', 'u1'],
  );
});

test('a member that claims more than there is, is skipped without being kept', async () => {
  for (const size of [2 ** 33, 8 ** 11 - 1, 2 ** 50]) {
    const header = (await makeTar([[{ name: '0.txt', size: 0 }, '']])).subarray(0, 512);
    header.write(size < 8 ** 11 ? size.toString(8).padStart(11, '0') : '', 124, 'latin1');
    if (size >= 8 ** 11) {
      header.fill(0, 124, 136);
      header[124] = 0x80;
      header.writeBigUInt64BE(BigInt(size), 128);
    }
    sealHeader(header, 0, '0');
    const tar = Buffer.concat([header, Buffer.alloc(4096)]);
    const got = await collectPool((context) => readWebdatasetStream(cutStream(tar, 512), 'p.tar', context));
    assert.deepEqual(got.pairs, []);
    assert.deepEqual(got.drops, { 'truncated-record': 1 }, `size ${size}`);
  }
});

test('a pax header of odd records ends, and an endless one is not kept', async () => {
  const odd = ['5 a=\n', '0 path=x\n', '-3 path=x\n', '999999 path=x\n', '11 path=ab\n', 'x', ''];
  for (const content of odd) {
    const tar = await makeTar([
      ['pax', content],
      ['0.txt', 'a'],
    ]);
    sealHeader(tar, 0, 'x');
    const names: string[] = [];
    for await (const item of readTarMembers(cutStream(tar, 100), () => false)) {
      if (item.kind === 'member') names.push(item.name);
    }
    assert.deepEqual(names, [content === '11 path=ab\n' ? 'ab' : '0.txt'], JSON.stringify(content));
  }
});

test('GNU long names, and tars older than ustar', async () => {
  const path = `${'folder/'.repeat(40)}0.txt`;
  const tar = await makeTar([
    ['././@LongLink', `${path}\0`],
    ['cut', 'a'],
    ['1.txt', 'b'],
  ]);
  sealHeader(tar, 0, 'L');
  // Version 7 has no magic, and NUL as the type of a file.
  tar.fill(0, 2048 + 257, 2048 + 512);
  sealHeader(tar, 2048, '\0');
  const got = await collectPool((context) => readWebdatasetStream(cutStream(tar, 100), 'p.tar', context));
  assert.deepEqual(urlTexts(got), [
    [standInUrl('p.tar', path.slice(0, -4)), 'a'],
    ['file:///p.tar/1', 'b'],
  ]);
});

test('members come back as they were put in', async () => {
  const name = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '.', '/'), minLength: 1, maxLength: 150 });
  const files = fc.array(
    fc.tuple(
      name.filter((text) => !text.endsWith('/')),
      fc.uint8Array({ maxLength: 1500 }),
    ),
  );
  await fc.assert(
    fc.asyncProperty(files, fc.integer({ min: 1, max: 2000 }), async (members, chunkBytes) => {
      const tar = await makeTar(members.map(([path, content]) => [path, Buffer.from(content)]));
      const got: [string, Uint8Array][] = [];
      for await (const item of readTarMembers(cutStream(tar, chunkBytes), () => true)) {
        if (item.kind !== 'member') assert.fail(item.kind);
        got.push([item.name, new Uint8Array(item.data ?? [])]);
      }
      assert.deepEqual(
        got,
        members.map(([path, content]) => [path, new Uint8Array(content)]),
      );
    }),
    { numRuns: 50 },
  );
});

test('member names are cut as webdataset cuts them', () => {
  assert.deepEqual(splitMemberName('a/b.c.JPG'), { key: 'a/b', extension: 'c.jpg' });
  assert.deepEqual(splitMemberName('a.b/c.txt'), { key: 'a.b/c', extension: 'txt' });
  for (const none of ['a', 'a/b', '.a.txt', 'a.b/c', 'a/.txt', ''])
    assert.equal(splitMemberName(none), undefined);
  assert.equal(standInUrl('/data/x y.tar', 'ü/1'), 'file:///x%20y.tar/%C3%BC/1');
});
