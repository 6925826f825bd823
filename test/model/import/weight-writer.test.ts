/** Conversions of weights, value by value. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toFloat16 } from '../../../src/model/encode/float16.ts';
import { encodeFloat16 } from '../../../src/model/import/floating.ts';
import { quantizeRows } from '../../../src/model/import/weight-writer.ts';

describe('encodeFloat16', () => {
  it('rounds every number as the slow way does', () => {
    const anyFloat = fc
      .integer({ min: 0, max: 0xffff_ffff })
      .map((word) => new Float32Array(Uint32Array.of(word).buffer)[0] ?? 0);
    // Where exponents change, where ties are, at the ends of the range.
    const edges = fc
      .record({
        exponent: fc.integer({ min: 96, max: 145 }),
        fraction: fc.integer({ min: -3, max: 3 }),
        tie: fc.integer({ min: 0, max: 2047 }),
      })
      .map(
        ({ exponent, fraction, tie }) =>
          new Float32Array(Uint32Array.of((exponent << 23) + (tie << 12) + fraction).buffer)[0] ?? 0,
      );
    fc.assert(
      fc.property(fc.oneof(anyFloat, edges, fc.float({ noNaN: true })), (value) => {
        if (!Number.isFinite(value)) return;
        for (const signed of [value, -value])
          assert.equal(encodeFloat16(Float32Array.of(signed))[0], toFloat16(signed));
      }),
      { numRuns: 5000 },
    );
  });

  it('takes a part of a buffer', () => {
    const values = Float32Array.of(9, 1, 2, 9).subarray(1, 3);
    assert.deepEqual([...encodeFloat16(values)], [toFloat16(1), toFloat16(2)]);
  });
});

describe('quantizeRows', () => {
  it('is off by half a step of each row at most, and keeps zeros', () => {
    const value = fc.float({
      noNaN: true,
      noDefaultInfinity: true,
      min: Math.fround(-1e30),
      max: Math.fround(1e30),
    });
    const rows = fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(rows, (matrix) => {
        const values = Float32Array.from(matrix.flat());
        const scales = new Float32Array(matrix.length);
        const bytes = new Int8Array(quantizeRows(values, scales).buffer);
        for (const [at, original] of values.entries()) {
          const scale = scales[Math.floor(at / 3)] ?? 0;
          const byte = bytes[at] ?? 0;
          assert.ok(scale > 0 && Math.abs(byte) <= 127);
          // Rows so small that their step is no float32 become zeros.
          const allowed = Math.max(scale * 0.501, 127 * 2 ** -149);
          assert.ok(Math.abs(byte * scale - original) <= allowed, `${original} became ${byte} * ${scale}`);
          if (original === 0) assert.equal(Math.abs(byte), 0);
        }
      }),
    );
  });
});
