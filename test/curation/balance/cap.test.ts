import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  capOfTailShare,
  capOfTarget,
  entryProbability,
  tailShareOf,
} from '../../../src/curation/balance/cap.ts';
import { oracleEntryProbability, oraclePToT, oracleTailShare } from '../../helpers/oracle.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

const countsArbitrary = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 40 });

describe('the cap', () => {
  it('equals the oracle for tail share, cap of a tail share and entry probability', () => {
    fc.assert(
      fc.property(
        countsArbitrary.filter((counts) => counts.some((count) => count > 0)),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 1, max: 50 }),
        (counts, share, t) => {
          assert.equal(capOfTailShare(Float64Array.from(counts), share), oraclePToT(counts, share));
          assert.equal(tailShareOf(Float64Array.from(counts), t), oracleTailShare(counts, t));
          for (const count of counts)
            assert.equal(entryProbability(count, t), oracleEntryProbability(count, t));
        },
      ),
    );
  });

  it('is 0 for a pool without a match', () => {
    assert.equal(capOfTailShare(new Float64Array(5), 0.06), 0);
    assert.equal(tailShareOf(new Float64Array(5), 10), 0);
  });

  it('solves for the smallest cap that reaches a target', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 }), {
          minLength: 1,
          maxLength: 200,
        }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        async (pairs, share) => {
          const counts = new Map<number, number>();
          for (const ids of pairs) for (const id of new Set(ids)) counts.set(id, (counts.get(id) ?? 0) + 1);
          const expected = (t: number): number =>
            pairs.reduce((sum, ids) => {
              const none = [...new Set(ids)].reduce(
                (product, id) => product * (1 - entryProbability(counts.get(id)!, t)),
                1,
              );
              return sum + (1 - none);
            }, 0);
          const target = Math.max(1, Math.floor(pairs.length * share));
          const maxCount = Math.max(...counts.values());
          const caps = (list: readonly number[]): Promise<number[]> => Promise.resolve(list.map(expected));
          const { t } = await capOfTarget(target, maxCount, pairs.length, caps);
          assert.ok(expected(t) >= target - 1e-9, `t ${t} gives ${expected(t)}, wanted ${target}`);
          if (t > 1) assert.ok(expected(t - 1) < target + 1e-9, `t ${t - 1} would do`);
        },
      ),
    );
  });

  it('refuses a target that no cap can reach', async () => {
    const never = (): Promise<number[]> => Promise.reject(new Error('must not be asked'));
    await assert.rejects(capOfTarget(11, 5, 10, never), {
      code: 'E_USAGE',
      message: /only 10 distinct pairs/,
    });
  });

  it('equals the reference for its 29,824 captions', { skip: skipWithoutReference }, () => {
    const counts = new Float64Array(500_000);
    const lines = gunzipSync(readFileSync(referencePath('captions/entry_counts.jsonl.gz')))
      .toString()
      .trim()
      .split('\n');
    for (const line of lines) {
      const [id, count] = JSON.parse(line) as [number, number];
      counts[id] = count;
    }
    const expected = JSON.parse(readFileSync(referencePath('captions/expected.json'), 'utf8')) as {
      p_to_t: Record<string, number>;
      t: Record<string, { tail_share: number }>;
    };
    for (const [share, t] of Object.entries(expected.p_to_t)) {
      assert.equal(capOfTailShare(counts, Number(share)), t, `p_to_t of ${share}`);
    }
    for (const [t, { tail_share }] of Object.entries(expected.t))
      assert.equal(tailShareOf(counts, Number(t)), tail_share);
  });
});
