/** What a check finds in a list, and how two lists lie to each other. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { checkList, compareLists } from '../../src/metadata/check-list.ts';
import { createEntryList } from '../../src/metadata/entry-list.ts';
import { MAX_METADATA_BYTES } from '../../src/metadata/entries.ts';
import { type RawList, readRawList } from '../../src/metadata/read-raw-list.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const listOf = (entries: readonly string[]): RawList => ({
  path: 'x',
  entries,
  form: 'lines',
  notStrings: 0,
  sha256: '',
});

describe('checkList', () => {
  const rows: [entry: string, faults: string[], isUsable: boolean][] = [
    ['fox', [], true],
    ['b\0c', ['nul'], false],
    ['', ['empty'], false],
    ['first', ['duplicate'], false],
    ['\ud800', ['half-surrogate'], false],
    ['fox\r', ['carriage-return'], false],
    ['a\u0007b', ['control-character'], true],
    ['a\u0085b', ['control-character'], true],
    ['a\tb', [], true],
    [' fox', ['outer-space'], true],
    ['caf\ufffd', ['replacement-character'], true],
    ['😀'.repeat(257), ['too-long'], true],
    ['😀'.repeat(256), [], true],
    ['constructor', [], true],
  ];
  for (const [entry, faults, isUsable] of rows) {
    it(`${JSON.stringify(entry.slice(0, 20))}: ${faults.join(', ') || 'nothing'}`, () => {
      const entries = ['first', entry];
      const report = checkList(listOf(entries));
      assert.deepEqual(
        report.faults.map(({ fault }) => fault),
        faults,
      );
      assert.equal(report.isUsable, isUsable);
      assert.deepEqual(
        report.faults.map(({ examples }) => examples[0]?.id),
        faults.map(() => 1),
      );
      // Usable means what a run takes, but for the line form, which has CR faults of its own.
      if (isUsable) createEntryList(entries, 'x');
      else if (!entry.endsWith('\r'))
        assert.throws(() => createEntryList(entries, 'x'), { code: 'E_METADATA_FORMAT' });
    });
  }

  it('counts lengths, words and scripts', () => {
    const report = checkList(
      listOf(['New York', 'é', '狐狸', 'лиса', '42', 'かな', '😀', 'a b c d e f g', '«Łódź»']),
    );
    assert.deepEqual(report.length, { shortest: 1, median: 2, longest: 13 });
    assert.deepEqual(report.words, { '1': 7, '2': 1, '6+': 1 });
    assert.deepEqual(report.scripts, { Latin: 4, none: 2, Cyrillic: 1, Han: 1, Hiragana: 1 });
  });

  it('finds a list without entries unusable', () => {
    assert.equal(checkList(listOf([])).isUsable, false);
    assert.equal(checkList({ ...listOf(['a']), notStrings: 1 }).isUsable, false);
  });
});

describe('compareLists', () => {
  it('says what is common, and whether the ids are the same', () => {
    const report = compareLists(['a', 'b', 'c', 'c'], ['a', 'c', 'd']);
    assert.deepEqual(report, {
      common: 2,
      onlyFirst: 1,
      onlySecond: 1,
      shareOfFirst: 2 / 3,
      shareOfSecond: 2 / 3,
      sameId: 1,
      isSameList: false,
      examplesOnlyFirst: ['b'],
      examplesOnlySecond: ['d'],
    });
    assert.equal(compareLists(['a', 'b'], ['a', 'b']).isSameList, true);
    assert.equal(compareLists(['a', 'b'], ['b', 'a']).isSameList, false);
    assert.equal(compareLists([], ['a']).shareOfFirst, 0);
  });
});

describe('readRawList', () => {
  it('reads lines and JSON, plain and gzipped, faults included', async (test) => {
    const folder = makeTempFolder(test);
    const rows: [name: string, bytes: string | Buffer, entries: string[], notStrings: number][] = [
      ['a.txt', 'b\na\n\na', ['b', 'a', '', 'a'], 0],
      ['a.txt.gz', gzipSync('b\r\na\r\n'), ['b\r', 'a\r'], 0],
      ['a.json', '["b", 3, "a", null]', ['b', 'a'], 2],
      ['list', ' ["b"]', ['b'], 0],
      ['nul.txt', 'a\0\nb', ['a\0', 'b'], 0],
    ];
    for (const [name, bytes, entries, notStrings] of rows) {
      writeFileSync(join(folder, name), bytes);
      const list = await readRawList(join(folder, name));
      assert.deepEqual([list.entries, list.notStrings], [entries, notStrings], name);
    }
  });

  it('refuses what is no list, or too much', async (test) => {
    const folder = makeTempFolder(test);
    for (const [name, text] of [
      ['object.json', '{"a": 1}'],
      ['cut.json', '["a", "b'],
    ] as const) {
      writeFileSync(join(folder, name), text);
      await assert.rejects(readRawList(join(folder, name)), { code: 'E_METADATA_FORMAT' });
    }
    writeFileSync(join(folder, 'huge.txt'), 'a');
    truncateSync(join(folder, 'huge.txt'), MAX_METADATA_BYTES + 1);
    await assert.rejects(readRawList(join(folder, 'huge.txt')), {
      code: 'E_METADATA_FORMAT',
      message: /more than 268435456 bytes/,
    });
  });
});
