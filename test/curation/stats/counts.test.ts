import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { alignClasses, klFromUniform, readClassNames } from '../../../src/curation/stats/class-alignment.ts';
import { compareCounts } from '../../../src/curation/stats/compare-counts.ts';
import { describeCounts } from '../../../src/curation/stats/count-stats.ts';
import { type LoadedCounts, loadCounts } from '../../../src/curation/stats/load-counts.ts';
import { readDataCard, readEntryCounts } from '../../../src/curation/stats/read-entry-counts.ts';
import { defaultSweepCaps } from '../../../src/curation/stats/sweep-caps.ts';
import { writeDataCardJson } from '../../../src/curation/stats/write-data-card.ts';
import { writeEntryCounts } from '../../../src/curation/write/entry-counts.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** Entries that JSON, Markdown, objects and orders of keys stumble over. */
const HOSTILE = [
  '7',
  'dog',
  '0',
  '__proto__',
  'constructor',
  '"',
  '\\',
  'a|b',
  '🐈',
  '\u2028',
  'e: 1}',
  '\t',
  ' ',
];

function side(entries: readonly string[], before: number[] | null, after: number[] | null): LoadedCounts {
  return {
    path: 'some/run',
    kind: 'run',
    entries,
    before: before === null ? null : Float64Array.from(before),
    after: after === null ? null : Float64Array.from(after),
    t: null,
  };
}

describe('numbers of counts', () => {
  it('rank by count, equal counts by id, and leave out what is never hit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5), { minLength: 1, maxLength: 60 }), fc.nat(8), (before, topCount) => {
        const entries = before.map((_, id) => `entry ${id}`);
        const counts = { entries, before: Float64Array.from(before), after: null };
        const { top } = describeCounts(counts, { t: null, topCount, sources: null });
        const order = before
          .map((_, id) => id)
          .filter((id) => (before[id] ?? 0) > 0)
          .sort((a, b) => (before[b] ?? 0) - (before[a] ?? 0) || a - b);
        assert.deepEqual(
          top.map(({ id }) => id),
          order.slice(0, topCount),
        );
      }),
    );
  });

  it('sum up each part of the list', () => {
    const counts = {
      entries: ['a', 'b', 'c', 'd'],
      before: Float64Array.of(5, 0, 7, 1),
      after: Float64Array.of(2, 0, 3, 1),
    };
    const sources = [
      { name: 'numbers', firstEntry: 0, entryCount: 1 },
      { name: 'words', firstEntry: 1, entryCount: 3 },
    ];
    const stats = describeCounts(counts, { t: 5, topCount: 0, sources });
    assert.deepEqual(stats.sources, [
      { name: 'numbers', entries: 1, hit: 1, before: 5, after: 2 },
      { name: 'words', entries: 3, hit: 2, before: 8, after: 4 },
    ]);
    assert.equal(stats.head, 2);
    assert.equal(stats.cappedMatches, 11);
    assert.equal(stats.headMatchShare, 12 / 13);
  });

  it('know nothing of a cap where none is known, and divide nothing by zero', () => {
    const counts = { entries: ['a'], before: new Float64Array(1), after: null };
    const stats = describeCounts(counts, { t: null, topCount: 3, sources: null });
    assert.deepEqual(
      [stats.head, stats.tailShare, stats.cappedMatches, stats.sources, stats.top],
      [null, null, null, null, []],
    );
    assert.equal(describeCounts(counts, { t: 5, topCount: 3, sources: null }).tailShare, 0);
  });

  it('sweep up to the first cap that keeps all', () => {
    assert.deepEqual(defaultSweepCaps(0), [1]);
    assert.deepEqual(defaultSweepCaps(1), [1]);
    assert.deepEqual(defaultSweepCaps(20), [1, 2, 5, 10, 20]);
    assert.deepEqual(defaultSweepCaps(21), [1, 2, 5, 10, 20, 50]);
  });
});

describe('files of counts', () => {
  it('keep entries, order and counts, as a data card and as Parquet', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'datacard.json');
    const entriesOf = fc.uniqueArray(
      fc.oneof(fc.string({ unit: 'grapheme', minLength: 1 }), fc.constantFrom(...HOSTILE)),
      {
        minLength: 1,
      },
    );
    await fc.assert(
      fc.asyncProperty(entriesOf, fc.array(fc.maxSafeNat(), { minLength: 1 }), async (entries, numbers) => {
        const counts = Float64Array.from(entries, (_, id) => numbers[id % numbers.length] ?? 0);
        await writeDataCardJson(path, { entries, before: new Float64Array(entries.length), after: counts });
        const card = await readDataCard(path);
        assert.deepEqual([card.entries, [...card.counts]], [entries, [...counts]]);
        // Any JSON reader finds the same numbers, if not the order.
        const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
        for (const [id, entry] of entries.entries()) {
          assert.equal(Object.getOwnPropertyDescriptor(parsed, entry)?.value, counts[id]);
        }
      }),
      { numRuns: 50 },
    );
    const parquet = join(folder, 'entry_counts.parquet');
    const counts = Float64Array.from(HOSTILE, (_, i) => i * 3);
    const q = counts.map((count) => 10 / Math.max(count, 10));
    writeEntryCounts(parquet, HOSTILE, counts, q, {});
    const file = await readEntryCounts(parquet);
    assert.deepEqual([file.entries, file.counts, file.t], [HOSTILE, counts, 10]);
    writeEntryCounts(parquet, HOSTILE, counts, null, {});
    assert.equal((await readEntryCounts(parquet)).t, null);
  });

  it('are read as the original writes them: on one line, in any spacing', async (test) => {
    const path = join(makeTempFolder(test), 'datacard_400m.json');
    writeFileSync(path, ' {"b": 12, "a":0 ,\n"\\u00e9\\"": 3}\n');
    const card = await readDataCard(path);
    assert.deepEqual(
      [card.entries, [...card.counts]],
      [
        ['b', 'a', 'é"'],
        [12, 0, 3],
      ],
    );
  });

  it('are refused when they are something else', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'x.json');
    const wrong = [
      '',
      '[]',
      '{}',
      '{"a": 1',
      '{"a": 1,}',
      '{"a": -1}',
      '{"a": "1"}',
      '{"a": 1} x',
      '{"\\q": 1}',
      'null',
    ];
    for (const text of wrong) {
      writeFileSync(path, text);
      await assert.rejects(readDataCard(path), { code: 'E_INPUT_UNREADABLE' }, text);
    }
    const parquet = join(folder, 'x.parquet');
    writeFileSync(parquet, 'PAR1 or not');
    await assert.rejects(readEntryCounts(parquet), { code: 'E_DAMAGED_RUN_FILE' });
    await assert.rejects(readEntryCounts('sample/captions.parquet'), { code: 'E_DAMAGED_RUN_FILE' });
    await assert.rejects(loadCounts(join(folder, 'absent')), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(loadCounts(folder), { code: 'E_RUN_MISSING' });
  });
});

describe('classes', () => {
  it('have a divergence of 0 when even, ln K when on one, and between them else', () => {
    assert.equal(klFromUniform([3, 3, 3, 3]), 0);
    assert.ok(Math.abs((klFromUniform([9, 0, 0, 0]) ?? 0) - Math.log(4)) < 1e-12);
    assert.equal(klFromUniform([0, 0]), null);
    assert.equal(klFromUniform([]), null);
    // By hand: p = 3/4, 1/4 of two classes.
    const byHand = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
    assert.ok(Math.abs((klFromUniform([3, 1]) ?? 0) - byHand) < 1e-12);
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 1 }), (counts) => {
        const value = klFromUniform(counts);
        return value === null || (value >= 0 && value <= Math.log(counts.length) + 1e-9);
      }),
    );
  });

  it('are entries letter by letter, in the order of their list', async (test) => {
    const path = join(makeTempFolder(test), 'classes.txt');
    writeFileSync(path, '\ufeffcat\r\n\n  dog \nDog\ncat\ntench');
    const names = await readClassNames(path);
    assert.deepEqual(names, ['cat', 'dog', 'Dog', 'tench']);
    const counts = {
      entries: ['dog', 'tench', 'cat'],
      before: Float64Array.of(30, 0, 10),
      after: Float64Array.of(10, 0, 10),
    };
    const aligned = alignClasses(names, 'classes.txt', counts);
    assert.equal(aligned.source, 'classes.txt');
    assert.deepEqual([aligned.classCount, aligned.entryCount], [4, 3]);
    assert.deepEqual(aligned.classes, [
      { name: 'cat', id: 2, before: 10, after: 10 },
      { name: 'dog', id: 0, before: 30, after: 10 },
      { name: 'Dog', id: null, before: 0, after: 0 },
      { name: 'tench', id: 1, before: 0, after: 0 },
    ]);
    assert.deepEqual([aligned.before.hit, aligned.before.matches], [2, 40]);
    assert.ok(Math.abs((aligned.after?.effectiveClasses ?? 0) - 2) < 1e-12);
    assert.ok((aligned.after?.klFromUniform ?? 1) < (aligned.before.klFromUniform ?? 0));
  });

  it('are refused without a name, as a folder, or in another encoding', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'classes.txt');
    writeFileSync(path, '\n \n');
    await assert.rejects(readClassNames(path), { code: 'E_INPUT_EMPTY' });
    writeFileSync(path, Buffer.of(0xff, 0xfe, 0x41));
    await assert.rejects(readClassNames(path), { code: 'E_INPUT_UNREADABLE' });
    await assert.rejects(readClassNames(folder), { code: 'E_INPUT_UNREADABLE' });
    await assert.rejects(readClassNames(join(folder, 'absent')), { code: 'E_INPUT_NOT_FOUND' });
  });
});

describe('a comparison', () => {
  it('has a divergence of 0 for equal shares, 1 for nothing in common, and is symmetric', () => {
    const divergence = (a: number[], b: number[]): number | null | undefined => {
      const entries = a.map((_, id) => `e${id}`);
      return compareCounts(side(entries, a, null), side(entries, b, null), 0).counts[0]?.jsDivergence;
    };
    assert.equal(divergence([1, 2, 3], [2, 4, 6]), 0);
    assert.equal(divergence([1, 0], [0, 5]), 1);
    assert.equal(divergence([0, 0], [1, 1]), null);
    // By hand: p = (1, 0), q = (1/2, 1/2), m = (3/4, 1/4).
    const byHand = (Math.log2(4 / 3) + 0.5 * Math.log2(2 / 3) + 0.5) / 2;
    assert.ok(Math.abs((divergence([4, 0], [1, 1]) ?? 0) - byHand) < 1e-12);
    const pairOfCounts = fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1 });
    fc.assert(
      fc.property(pairOfCounts, (pairs) => {
        const [a, b] = [pairs.map(([x]) => x), pairs.map(([, y]) => y)];
        const [ab, ba] = [divergence(a, b), divergence(b, a)];
        if (ab === null || ab === undefined) return ba === null;
        return ab >= 0 && ab <= 1 && Math.abs(ab - (ba ?? 2)) < 1e-12;
      }),
    );
  });

  it('counts what is hit on one side only, and ranks changes of share', () => {
    const entries = ['a', 'b', 'c', 'd'];
    const a = side(entries, [8, 1, 1, 0], [4, 1, 1, 0]);
    const b = side(entries, [1, 1, 0, 8], [1, 1, 0, 4]);
    const { counts } = compareCounts(a, b, 2);
    assert.deepEqual(
      counts.map((one) => one.a.kind),
      ['before', 'after'],
    );
    assert.deepEqual(counts[0]?.a, { kind: 'before', matches: 10, hit: 3, hitHereOnly: 1 });
    assert.deepEqual(counts[0].b, { kind: 'before', matches: 10, hit: 3, hitHereOnly: 1 });
    assert.deepEqual(counts[0].movers, [
      { id: 3, entry: 'd', a: 0, b: 8, shareA: 0, shareB: 0.8 },
      { id: 0, entry: 'a', a: 8, b: 1, shareA: 0.8, shareB: 0.1 },
    ]);
  });

  it('takes the same entries in another order, and what both sides have', () => {
    const a = side(['a', 'b', 'c'], [1, 2, 3], [1, 1, 1]);
    const card: LoadedCounts = { ...side(['c', 'a', 'b'], null, [1, 1, 1]), kind: 'data card' };
    const { counts } = compareCounts(a, card, 5);
    assert.equal(counts.length, 1);
    assert.deepEqual([counts[0]?.a.kind, counts[0]?.jsDivergence, counts[0]?.movers], ['after', 0, []]);
    const onlyBefore: LoadedCounts = { ...side(['b', 'c', 'a'], [2, 3, 1], null), kind: 'counts' };
    const mixed = compareCounts(onlyBefore, card, 5).counts;
    assert.deepEqual([mixed[0]?.a.kind, mixed[0]?.b.kind, mixed.length], ['before', 'after', 1]);
    assert.equal(compareCounts(a, onlyBefore, 5).counts[0]?.jsDivergence, 0);
  });

  it('is refused over other entries, with an example', () => {
    const a = side(['a', 'b'], [1, 1], null);
    const missing = { code: 'E_METADATA_MISMATCH', message: /1 of them are missing, e\.g\. "b"/ };
    assert.throws(() => compareCounts(a, side(['a', 'x'], [1, 1], null), 1), missing);
    const longer = side(['a', 'b', 'c'], [1, 1, 1], null);
    assert.throws(() => compareCounts(a, longer, 1), { code: 'E_METADATA_MISMATCH' });
    assert.throws(() => compareCounts(longer, a, 1), { code: 'E_METADATA_MISMATCH' });
  });
});
