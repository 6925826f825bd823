import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  addByPosition,
  BIN_COUNT,
  binOf,
  describeHistogram,
  rangeOfBin,
  UNIT_BINS,
} from '../../src/common/histogram.ts';

describe('a histogram', () => {
  it('has one bin for every whole number, and bins that follow one another', () => {
    for (let bin = 1; bin < BIN_COUNT; bin++) assert.equal(rangeOfBin(bin).from, rangeOfBin(bin - 1).to);
    assert.equal(rangeOfBin(BIN_COUNT - 1).to, 2 ** 53);
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const { from, to } = rangeOfBin(binOf(value));
        return from <= value && value < to;
      }),
    );
    for (const power of [10, 11, 31, 32, 52]) {
      assert.equal(binOf(2 ** power), binOf(2 ** power - 1) + 1);
    }
  });

  it('knows count, mean and median of what was counted', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(UNIT_BINS - 1), { minLength: 1 }), (values) => {
        const counts: number[] = [];
        for (const value of values) {
          const place = Array.from({ length: binOf(value) + 1 }, () => 0);
          place[binOf(value)] = 1;
          addByPosition(counts, place);
        }
        const sum = values.reduce((total, value) => total + value, 0);
        const histogram = describeHistogram(counts, sum);
        const sorted = [...values].sort((a, b) => a - b);
        assert.equal(histogram.count, values.length);
        assert.equal(histogram.mean, sum / values.length);
        assert.equal(histogram.median, sorted[Math.ceil(values.length / 2) - 1]);
        assert.deepEqual(
          histogram.bins.map(({ from, count }) => [from, count]),
          [...new Set(sorted)].map((value) => [value, values.filter((other) => other === value).length]),
        );
      }),
    );
  });

  it('is empty for nothing', () => {
    assert.deepEqual(describeHistogram([], 0), { count: 0, sum: 0, mean: 0, median: 0, bins: [] });
  });
});
