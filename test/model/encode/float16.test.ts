import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  fromFloat16,
  fromFloat16Array,
  toFloat16,
  toFloat16Array,
} from '../../../src/model/encode/float16.ts';

describe('float16', () => {
  it('takes every half through a number and back', () => {
    for (let bits = 0; bits < 65_536; bits++) {
      const value = fromFloat16(bits);
      if (Number.isNaN(value)) assert.ok((bits & 0x7c00) === 0x7c00 && (bits & 0x3ff) !== 0);
      else assert.equal(toFloat16(value), bits, `${bits}`);
    }
    assert.ok(Number.isNaN(fromFloat16(toFloat16(NaN))));
  });

  it('knows the values of the standard', () => {
    const known = [
      [0x0001, 2 ** -24],
      [0x03ff, 1023 * 2 ** -24],
      [0x0400, 2 ** -14],
      [0x3555, 0.333251953125],
      [0x3c00, 1],
      [0x7bff, 65_504],
      [0xc000, -2],
      [0x7c00, Infinity],
      [0x8000, -0],
    ] as const;
    for (const [bits, value] of known) assert.ok(Object.is(fromFloat16(bits), value), `${bits}`);
  });

  it('rounds to the nearest, ties to even', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [fromFloat16(bits), fromFloat16(bits + 1)];
      // Exact in single precision: a half has 11 bits, the middle 12.
      const middle = (low + high) / 2;
      assert.equal(toFloat16(middle), bits % 2 === 0 ? bits : bits + 1, `${bits}`);
    }
    assert.equal(toFloat16(65_519), 0x7bff);
    assert.equal(toFloat16(65_520), 0x7c00);
    assert.equal(toFloat16(2 ** -25), 0);
  });

  it('is never further off than half a step, whatever the number', () => {
    fc.assert(
      fc.property(fc.float({ min: Math.fround(-65_504), max: Math.fround(65_504), noNaN: true }), (value) => {
        const bits = toFloat16(value);
        const error = Math.abs(fromFloat16(bits) - value);
        for (const other of [bits - 1, bits + 1]) {
          const neighbour = fromFloat16(other & 0xffff);
          if (Number.isFinite(neighbour)) assert.ok(error <= Math.abs(neighbour - value));
        }
      }),
    );
  });

  it('does the same for arrays', () => {
    const halves = toFloat16Array(Float32Array.of(1, 1 / 3, -2));
    assert.deepEqual([...halves], [0x3c00, 0x3555, 0xc000]);
    assert.deepEqual([...fromFloat16Array(halves)], [1, 0.333251953125, -2]);
  });
});
