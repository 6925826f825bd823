/** Counting with next to no memory equals counting in a Map, whatever spills. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { KeyCounter, MAX_KEY_BYTES } from '../../../src/metadata/ngrams/key-counter.ts';
import { RunReader } from '../../../src/metadata/ngrams/run-file.ts';
import { sortKeys } from '../../../src/metadata/ngrams/sort-keys.ts';
import { forEachCount, type SortedCounts } from '../../../src/metadata/ngrams/sorted-counts.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const breathe = (): Promise<void> => Promise.resolve();

async function readAll(counts: SortedCounts): Promise<[string, number][]> {
  const found: [string, number][] = [];
  await forEachCount(counts, breathe, (record) => found.push([record.key(), record.count]));
  return found;
}

/** The obvious way. */
function countPlainly(keys: readonly (readonly [string, number])[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const [key, amount] of keys) counts.set(key, (counts.get(key) ?? 0) + amount);
  return [...counts].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

const anyKey = fc
  .array(fc.constantFrom('a', 'b', 'aaaa', '\0', '\t', 'é', '漢', '😀', '\uffff', ' '), { maxLength: 12 })
  .map((pieces) => pieces.join(''));

describe('KeyCounter', () => {
  for (const [name, memoryBytes] of [
    ['room for 16 keys', 0],
    ['room for all keys', 1 << 24],
  ] as const) {
    it(`counts as a Map does, ${name}`, async (test) => {
      let round = 0;
      const folder = makeTempFolder(test);
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(anyKey, fc.integer({ min: 1, max: 2 ** 40 })), { maxLength: 300 }),
          async (keys) => {
            const counter = new KeyCounter({ folder, name: `round-${round++}`, memoryBytes });
            for (const [key, amount] of keys) counter.addText(key, amount);
            const counts = await counter.finish(breathe);
            const expected = countPlainly(keys);
            assert.deepEqual(await readAll(counts), expected);
            assert.equal(counts.size, expected.length);
            assert.equal(
              counts.total,
              keys.reduce((sum, [, amount]) => sum + amount, 0),
            );
          },
        ),
        { numRuns: 30 },
      );
    });
  }

  it('merges more runs than it may open at a time, and leaves one file', async (test) => {
    const folder = makeTempFolder(test);
    const counter = new KeyCounter({ folder, name: 'many', memoryBytes: 0 });
    const keys = Array.from({ length: 2200 }, (_, i) => [`key ${(i * 7919) % 1500}`, 1] as const);
    for (const [key, amount] of keys) counter.addText(key, amount);
    assert.ok(counter.runCount > 2 * 64, `${counter.runCount} runs`);
    assert.deepEqual(await readAll(await counter.finish(breathe)), countPlainly(keys));
    assert.deepEqual(readdirSync(folder), ['many-sorted']);
  });

  it('grows through many sizes', async (test) => {
    const counter = new KeyCounter({ folder: makeTempFolder(test), name: 'grown', memoryBytes: 64 << 20 });
    for (let i = 0; i < 200_000; i++) counter.addText(String(i % 60_000), 1);
    assert.equal(counter.runCount, 0);
    const counts = await counter.finish(breathe);
    assert.equal(counts.size, 60_000);
    assert.equal(counts.total, 200_000);
  });

  it('takes the longest key, and refuses a longer one', async (test) => {
    const counter = new KeyCounter({ folder: makeTempFolder(test), name: 'long', memoryBytes: 0 });
    const longest = 'x'.repeat(MAX_KEY_BYTES);
    counter.addText('first', 1);
    counter.addText(longest, 2);
    counter.addText(longest, 2);
    assert.throws(
      () => {
        counter.addText(`${longest}x`, 1);
      },
      { name: 'MetaclipError', code: 'E_INPUT_UNREADABLE' },
    );
    assert.deepEqual(await readAll(await counter.finish(breathe)), [
      ['first', 1],
      [longest, 4],
    ]);
  });

  it('stops where it is told to', async (test) => {
    const counter = new KeyCounter({ folder: makeTempFolder(test), name: 'stopped', memoryBytes: 1 << 19 });
    for (let i = 0; i < 70_000; i++) counter.addText(String(i), 1);
    const stop = new MetaclipError('E_INTERRUPTED', 'stop');
    await assert.rejects(
      counter.finish(() => Promise.reject(stop)),
      stop,
    );
  });

  it('says so where its run cannot be written', (test) => {
    const folder = join(makeTempFolder(test), 'absent');
    const counter = new KeyCounter({ folder, name: 'nowhere', memoryBytes: 0 });
    assert.throws(
      () => {
        for (let i = 0; i < 20; i++) counter.addText(String(i), 1);
      },
      { name: 'MetaclipError', code: 'E_OUTPUT_UNWRITABLE' },
    );
    assert.ok(!existsSync(folder));
  });
});

describe('sortKeys', () => {
  it('sorts bytes as Buffer.compare does', () => {
    const word = fc.uint8Array({ maxLength: 11, max: 3 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(fc.array(word, { maxLength: 200 }), (keys) => {
        const starts = new Uint32Array(keys.length + 1);
        for (const [i, key] of keys.entries()) starts[i + 1] = (starts[i] ?? 0) + key.length;
        const order = sortKeys(Buffer.concat(keys), starts, keys.length);
        assert.deepEqual(
          [...order].sort((a, b) => a - b),
          [...keys.keys()],
        );
        assert.deepEqual(
          [...order].map((key) => keys[key]),
          keys.toSorted((a, b) => a.compare(b)),
        );
      }),
    );
  });
});

describe('RunReader', () => {
  it('notices a file that ends inside a record', (test) => {
    const path = join(makeTempFolder(test), 'run');
    for (const bytes of [[5], [5, 0], [2, 0, 97, 98, 0, 0, 0]]) {
      writeFileSync(path, Buffer.from(bytes));
      const reader = new RunReader(path);
      assert.throws(() => reader.next(), { name: 'MetaclipError', code: 'E_INPUT_UNREADABLE' });
      reader.close();
    }
  });
});
