import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatCount } from '../../src/common/progress.ts';

describe('formatCount', () => {
  it('puts a comma before every three digits, as the locale does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.nat(), fc.maxSafeNat(), fc.double({ min: 0.5, max: 1e15 })), (count) => {
        assert.equal(formatCount(count), Math.round(count).toLocaleString('en-US'));
      }),
    );
    assert.equal(formatCount(0), '0');
  });
});
