/** Reading entry lists: both forms, gzipped or not, and every way in which a file is no list. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { defaultEntries, loadEntries, loadKnownEntries } from '../../src/metadata/entries.ts';
import { createEntryList, fingerprintEntries } from '../../src/metadata/entry-list.ts';

describe('loadEntries', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'metaclip-entries-'));
  });
  after(async () => {
    await rm(folder, { recursive: true });
  });
  function write(name: string, content: string | Uint8Array): string {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  }

  const rows: { name: string; file: string; content: string; entries: string[] }[] = [
    {
      name: 'a JSON array',
      file: 'a.json',
      content: '["a", "b c", ""]'.replace(', ""', ''),
      entries: ['a', 'b c'],
    },
    { name: 'one entry a line', file: 'a.txt', content: 'a\nb c\n', entries: ['a', 'b c'] },
    { name: 'no final newline', file: 'a.txt', content: 'a\nb c', entries: ['a', 'b c'] },
    {
      name: 'only newlines end an entry',
      file: 'a.txt',
      content: 'a\u2028b\vc\u0085d\n',
      entries: ['a\u2028b\vc\u0085d'],
    },
    { name: 'nothing is trimmed', file: 'a.txt', content: ' a \n\tb\n', entries: [' a ', '\tb'] },
    { name: 'JSON under another name', file: 'a.dat', content: ' \n[\n"a"]', entries: ['a'] },
    { name: 'lines under another name', file: 'a.dat', content: '[sic]\nb\n', entries: ['[sic]', 'b'] },
    { name: 'lines that look like JSON, by name', file: 'b.txt', content: '["a"]\n', entries: ['["a"]'] },
    { name: 'a byte order mark', file: 'a.txt', content: '\ufeffa\nb\n', entries: ['a', 'b'] },
    {
      name: 'names of prototype properties',
      file: 'a.json',
      content: '["__proto__", "constructor", "toString"]',
      entries: ['__proto__', 'constructor', 'toString'],
    },
    { name: 'escapes', file: 'a.json', content: '["\\ud83d\\ude00", "\\u00e9"]', entries: ['😀', 'é'] },
  ];
  for (const { name, file, content, entries } of rows) {
    it(`reads ${name}`, async () => {
      const path = write(file, content);
      const list = await loadEntries(path);
      assert.deepEqual(list.entries, entries);
      assert.equal(list.source, path);
      assert.equal(list.fingerprint, fingerprintEntries(entries));
      const zipped = await loadEntries(write(`${file}.gz`, gzipSync(content)));
      assert.deepEqual(zipped.entries, entries);
    });
  }

  it('reads a list that was checked before as it did then, and checks it again where its length differs', async () => {
    const path = write('known.txt', 'a\nb c\n');
    const list = await loadEntries(path);
    assert.deepEqual(await loadKnownEntries(path, { fingerprint: list.fingerprint, entryCount: 2 }), list);
    assert.deepEqual(await loadKnownEntries(path, { fingerprint: 'stale', entryCount: 3 }), list);
    const twice = write('twice.txt', 'a\na\n');
    const stale = { fingerprint: 'stale', entryCount: 3 };
    await assert.rejects(loadKnownEntries(twice, stale), { code: 'E_METADATA_FORMAT' });
    const numbers = write('numbers.json', '["a", 1]');
    const known = { fingerprint: 'stale', entryCount: 2 };
    await assert.rejects(loadKnownEntries(numbers, known), { code: 'E_METADATA_FORMAT', message: /entry 1/ });
  });

  it('knows gzip by its magic, not by its name', async () => {
    assert.deepEqual((await loadEntries(write('zipped.json', gzipSync('["a"]')))).entries, ['a']);
    assert.deepEqual((await loadEntries(write('plain.json.gz', '["a"]'))).entries, ['a']);
  });

  const faults: { name: string; file: string; content: string | Uint8Array; message: RegExp }[] = [
    {
      name: 'an object',
      file: 'a.json',
      content: '{"a": 1}',
      message: /JSON value is an object, not an array/,
    },
    { name: 'null', file: 'a.json', content: 'null', message: /is null, not an array/ },
    {
      name: 'a number among strings',
      file: 'a.json',
      content: '["a", 2]',
      message: /entry 1 is a number, not a string/,
    },
    { name: 'null among strings', file: 'a.json', content: '["a", "b", null]', message: /entry 2 is null/ },
    { name: 'an array among strings', file: 'a.json', content: '[["a"]]', message: /entry 0 is an array/ },
    { name: 'an object among strings', file: 'a.json', content: '[{}]', message: /entry 0 is an object/ },
    {
      name: 'a repeat',
      file: 'a.json',
      content: '["a", "b", "a"]',
      message: /entry 0 and entry 2 are both "a"/,
    },
    {
      name: 'a repeat in lines',
      file: 'a.txt',
      content: 'x\ny\nz\ny\n',
      message: /entry 1 and entry 3 are both "y"/,
    },
    { name: 'an empty entry', file: 'a.json', content: '["a", ""]', message: /entry 1 is empty/ },
    { name: 'an empty line', file: 'a.txt', content: 'a\n\nb\n', message: /entry 1 is empty/ },
    { name: 'a NUL', file: 'a.json', content: '["a\\u0000"]', message: /entry 0 holds a NUL/ },
    {
      name: 'a lone surrogate',
      file: 'a.json',
      content: '["b", "\\ud83d"]',
      message: /entry 1 holds half of a surrogate/,
    },
    { name: 'no entries', file: 'a.json', content: '[]', message: /no entries/ },
    { name: 'an empty file', file: 'a.txt', content: '', message: /no entries/ },
    { name: 'broken JSON', file: 'a.json', content: '["a", "b]', message: /not valid JSON: .*position \d+/ },
    { name: 'cut JSON', file: 'a.json', content: '["a", ', message: /not valid JSON/ },
    { name: 'CR LF', file: 'a.txt', content: 'a\nb\r\n', message: /line 1 \(from 0\) ends with CR LF/ },
    {
      name: 'bytes that are not UTF-8',
      file: 'a.txt',
      content: Buffer.concat([Buffer.from('é\n\ufffd\nab'), Buffer.of(0xe9, 0x0a)]),
      message: /not UTF-8 at byte 9 \(line 2/,
    },
    {
      name: 'a character cut at the end',
      file: 'a.txt',
      content: Buffer.of(0x61, 0xf0, 0x9f, 0x98),
      message: /not UTF-8 at byte 1 \(line 0/,
    },
    {
      name: 'damaged gzip',
      file: 'a.json',
      content: gzipSync('["a", "b"]').subarray(0, 15),
      message: /damaged or cut short/,
    },
    {
      name: 'a gzip bomb',
      file: 'a.json',
      content: gzipSync(Buffer.alloc(300 << 20)),
      message: /inflates to more than 268435456/,
    },
  ];
  for (const { name, file, content, message } of faults) {
    it(`refuses ${name}`, async () => {
      const path = write(file, content);
      await assert.rejects(loadEntries(path), (error: Error & { code?: string; hint?: string }) => {
        assert.equal(error.code, 'E_METADATA_FORMAT');
        assert.match(error.message, message);
        assert.ok(error.message.startsWith(path));
        assert.match(error.hint ?? '', /JSON array|one entry a line/);
        return true;
      });
    });
  }

  it('says when there is no such file, or a folder', async () => {
    await assert.rejects(loadEntries(join(folder, 'absent.json')), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(loadEntries(folder), { code: 'E_INPUT_UNREADABLE' });
  });
});

describe('fingerprint', () => {
  /** The definition, literally. */
  function define(entries: readonly string[]): string {
    const parts = entries.flatMap((entry) => {
      const bytes = Buffer.from(entry, 'utf8');
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    });
    return createHash('sha256')
      .update(Buffer.concat([Buffer.from('metaclip-entries-1'), ...parts]))
      .digest('hex');
  }

  it('is as defined, over chunks and past them', () => {
    for (const entries of [
      ['a'],
      ['ab', 'é', '😀'],
      Array.from({ length: 200_000 }, (_, id) => `entry ${id}`),
      ['x'.repeat(3 << 20), 'y'],
    ]) {
      assert.equal(fingerprintEntries(entries), define(entries));
    }
  });

  it('is pinned: stored counts and caches rest on it', () => {
    assert.equal(
      fingerprintEntries(['a', 'b c']),
      '69841f3ba3a258711d07d78340457cb32302d217852c3b3dc73ea8b056d5cd2d',
    );
  });

  it('differs for lists that differ in order, cut or content', () => {
    const lists = [['a', 'b'], ['b', 'a'], ['ab'], ['a', 'b', 'c'], ['a'], ['a b'], ['a\nb']];
    assert.equal(new Set(lists.map(fingerprintEntries)).size, lists.length);
    fc.assert(
      fc.property(fc.array(fc.string()), fc.array(fc.string()), (one, two) => {
        const isSame = JSON.stringify(one) === JSON.stringify(two);
        assert.equal(fingerprintEntries(one) === fingerprintEntries(two), isSame);
      }),
    );
  });
});

describe('createEntryList', () => {
  it('keeps a copy of its own', () => {
    const entries = ['a', 'b'];
    const list = createEntryList(entries, 'mine');
    entries[0] = 'x';
    assert.deepEqual(list.entries, ['a', 'b']);
    assert.ok(Object.isFrozen(list.entries));
  });

  it('shortens what it quotes', () => {
    const entry = 'x'.repeat(1000);
    assert.throws(
      () => createEntryList([entry, entry], 'mine'),
      (error: Error) => error.message.length < 200,
    );
  });
});

describe('defaultEntries', () => {
  it('is WordNet and the numbers', async () => {
    const list = await defaultEntries();
    assert.equal(list.entries.length, 86_654);
    assert.deepEqual(list.entries.slice(98, 102), ['98', '99', "'hood", '15 may organization']);
    assert.equal(list.entries.at(-1), 'zymosis zymotic'.split(' ')[1]);
    assert.match(list.source, /WordNet 3\.0/);
  });
});
