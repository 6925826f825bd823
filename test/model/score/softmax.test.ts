import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { indexOfMost, softmax, topIndices } from '../../../src/model/score/softmax.ts';

describe('softmax', () => {
  it('gives the figures worked out by hand', () => {
    // exp(100 * 0.2762), exp(100 * 0.3144) and exp(100 * 0.2696), each divided by their sum.
    const rounded = [...softmax([0.2762, 0.3144, 0.2696], 100)].map((value) => Number(value.toFixed(4)));
    assert.deepEqual(rounded, [0.0212, 0.9678, 0.011]);
    assert.deepEqual([...softmax([0, 0], 100)], [0.5, 0.5]);
    assert.deepEqual([...softmax([], 100)], []);
  });

  it('overflows with no scale', () => {
    assert.deepEqual([...softmax([1, -1], 1e6)], [1, 0]);
  });

  it('adds up to 1 and keeps the order, for any similarities', () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.float({ min: 0, max: 1000, noNaN: true }),
        (similarities, scale) => {
          const probabilities = softmax(similarities, scale);
          assert.ok(Math.abs(probabilities.reduce((a, b) => a + b, 0) - 1) < 1e-9);
          for (let i = 1; i < similarities.length; i++) {
            if (similarities[i]! > similarities[i - 1]!)
              assert.ok(probabilities[i]! >= probabilities[i - 1]!);
          }
        },
      ),
    );
  });
});

describe('topIndices', () => {
  it('gives the lowest index first among equals', () => {
    assert.deepEqual(topIndices([1, 3, 3, 2], 3), [1, 2, 3]);
    assert.deepEqual(topIndices([3, 3], 1), [0]);
    assert.deepEqual(topIndices([], 1), []);
    assert.deepEqual(topIndices([1, 2], 0), []);
    assert.deepEqual(topIndices([1, 2], 9), [1, 0]);
  });

  it('agrees for one and for many', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), (values) => {
        assert.equal(topIndices(values, 1)[0], topIndices(values, values.length)[0]);
        assert.equal(indexOfMost(values), values.indexOf(Math.max(...values)));
      }),
    );
  });
});
