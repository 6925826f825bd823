import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  checkSameModel,
  cosines,
  type Embeddings,
  normaliseRows,
  rowOf,
} from '../../../src/model/score/embeddings.ts';

const embeddings = (rows: readonly (readonly number[])[], fingerprint = 'one'): Embeddings => {
  const dimension = rows[0]?.length ?? 1;
  const data = normaliseRows(Float32Array.from(rows.flat()), dimension);
  return { data, count: rows.length, dimension, fingerprint };
};

describe('normaliseRows', () => {
  it('gives each row length 1', () => {
    const data = Float32Array.of(3, 4, 0, -2, 1e20, 1e20);
    assert.equal(normaliseRows(data, 2), data);
    assert.deepEqual(
      [...data].map(Math.fround),
      [0.6, 0.8, 0, -1, Math.SQRT1_2, Math.SQRT1_2].map(Math.fround),
    );
  });

  for (const [what, row] of [
    ['zeros', [0, 0]],
    ['NaN', [1, NaN]],
    ['infinity', [1, Infinity]],
  ] as const) {
    it(`refuses a row of ${what}: it points nowhere`, () => {
      assert.throws(() => normaliseRows(Float32Array.of(1, 0, ...row), 2), {
        code: 'E_MODEL_FORMAT',
        message: /row 1/,
      });
    });
  }
});

describe('cosines', () => {
  it('compares every row with every row', () => {
    const result = cosines(
      embeddings([
        [1, 0],
        [0, 2],
      ]),
      embeddings([
        [5, 0],
        [1, 1],
        [0, -1],
      ]),
    );
    assert.deepEqual(
      [...result].map((value) => Number(value.toFixed(6))),
      [1, 0.707107, 0, 0, 0.707107, -1],
    );
  });

  it('never leaves [-1, 1], and a row is nearest to itself', () => {
    const row = fc.array(fc.float({ min: -8, max: 8, noNaN: true }), { minLength: 5, maxLength: 5 });
    fc.assert(
      fc.property(row, row, (a, b) => {
        fc.pre(Math.hypot(...a) > 1e-3 && Math.hypot(...b) > 1e-3);
        const [self = 0, other = 0] = cosines(embeddings([a]), embeddings([a, b]));
        assert.ok(self <= 1 && self > 0.99999 && other >= -1 && other <= 1);
      }),
    );
  });

  it('refuses embeddings of two models', () => {
    const rows = [[1, 0]];
    const wrong = { code: 'E_MODEL_MISMATCH', message: /two models/ };
    assert.throws(() => cosines(embeddings(rows), embeddings(rows, 'other')), wrong);
    assert.throws(() => {
      checkSameModel(embeddings([[1]]), embeddings([[1, 0]]));
    }, wrong);
  });
});

describe('rowOf', () => {
  it('is a view, and knows its bounds', () => {
    const two = embeddings([
      [1, 0],
      [0, 1],
    ]);
    assert.deepEqual([...rowOf(two, 1)], [0, 1]);
    assert.equal(rowOf(two, 1).buffer, two.data.buffer);
    for (const index of [-1, 2, NaN]) assert.throws(() => rowOf(two, index), RangeError);
  });
});
