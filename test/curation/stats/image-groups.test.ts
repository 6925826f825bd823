import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ImageGroups } from '../../../src/curation/stats/image-groups.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** Ids that differ in one word only, and ids that are equal. */
const idPart = fc.oneof(fc.nat(3), fc.constantFrom(2 ** 16, 2 ** 32, 2 ** 47, 2 ** 48 - 1));
const pair = fc.record({ high: idPart, low: idPart, isKept: fc.boolean() });

describe('texts per image', () => {
  it('are those of a plain grouping, in one partition and in many', async (test) => {
    const folder = makeTempFolder(test);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(pair, { maxLength: 200 }),
        fc.constantFrom(1, 20, 1000),
        async (pairs, limit) => {
          const groups = await ImageGroups.create(`${folder}/${run++}`, pairs.length, limit);
          const expected = { before: new Map<string, number>(), after: new Map<string, number>() };
          for (const { high, low, isKept } of pairs) {
            if (groups.add(high, low, isKept)) await groups.flush();
            const id = `${high} ${low}`;
            expected.before.set(id, (expected.before.get(id) ?? 0) + 1);
            if (isKept) expected.after.set(id, (expected.after.get(id) ?? 0) + 1);
          }
          const counted = await groups.count();
          await groups.close();
          for (const when of ['before', 'after'] as const) {
            const sizes = [...expected[when].values()];
            assert.equal(counted[when].count, sizes.length);
            assert.equal(
              counted[when].sum,
              sizes.reduce((sum, size) => sum + size, 0),
            );
            for (const { from, count } of counted[when].bins) {
              assert.equal(count, sizes.filter((size) => size === from).length);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('go through full buffers', async (test) => {
    const groups = await ImageGroups.create(makeTempFolder(test), 30_000, 8192);
    let flushes = 0;
    for (let i = 0; i < 30_000; i++) {
      // Ten images share no word but the middle one; each has 3,000 texts, every third one kept.
      if (groups.add((i % 10) * 2 ** 20, (i % 10) * 7, i % 3 === 0)) {
        flushes++;
        await groups.flush();
      }
    }
    const { before, after } = await groups.count();
    await groups.close();
    assert.ok(flushes >= 3);
    assert.deepEqual(before.bins, [{ from: 2048, to: 4096, count: 10 }]);
    assert.deepEqual(after.bins, [{ from: 1000, to: 1001, count: 10 }]);
    assert.equal(before.sum, 30_000);
  });
});
