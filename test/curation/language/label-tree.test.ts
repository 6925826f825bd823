import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { LID_DIMENSION } from '../../../src/curation/language/fasttext-file.ts';
import { buildLabelTree, LabelTree } from '../../../src/curation/language/label-tree.ts';
import { openLidModel, readLidModel } from '../../../src/curation/language/lid-model.ts';

const model = openLidModel(readLidModel());
const tree = new LabelTree(model.labels.length, model.children, model.output);
const vectors = fc
  .array(fc.float({ min: -4, max: 4, noNaN: true }), { minLength: LID_DIMENSION, maxLength: LID_DIMENSION })
  .map((values) => Float32Array.from(values));

describe('buildLabelTree', () => {
  const rows: readonly (readonly [counts: number[], children: number[]])[] = [
    [
      [5, 3],
      [1, 0],
    ],
    // 1 + 1 make node 4 (count 2), which is not below 3, so 3 goes first; 2 + 3 make 5, then 5 and 8 the root.
    [
      [8, 3, 1, 1],
      [3, 2, 4, 1, 5, 0],
    ],
    // Equal counts: a label counts as smaller only if it is strictly so.
    [
      [2, 2, 2, 2],
      [3, 2, 1, 0, 4, 5],
    ],
    [
      [4, 2, 1, 1],
      [3, 2, 4, 1, 5, 0],
    ],
  ];
  for (const [counts, expected] of rows) {
    it(`of counts ${counts.join(', ')}`, () => {
      assert.deepEqual([...buildLabelTree(counts)], expected);
    });
  }

  it('has every label and inner node once, the root excepted', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 2, maxLength: 60 }), (counts) => {
        counts.sort((a, b) => b - a);
        const children = [...buildLabelTree(counts)].sort((a, b) => a - b);
        assert.deepEqual(
          children,
          children.map((_, i) => i),
        );
        assert.equal(children.length, 2 * counts.length - 2);
      }),
    );
  });
});

describe('LabelTree', () => {
  it('gives probabilities that sum to one, but for the offset', () => {
    fc.assert(
      fc.property(vectors, (hidden) => {
        let sum = 0;
        for (let label = 0; label < model.labels.length; label++) sum += tree.probabilityOf(label, hidden);
        assert.ok(sum >= 1 - 1e-9 && sum < 1.001, String(sum));
      }),
    );
  });

  it('finds the label of the exact search, or says that it cannot', () => {
    let answered = 0;
    fc.assert(
      fc.property(vectors, (hidden) => {
        const top = tree.findTop(hidden, tree.safeLead(hidden));
        if (top >= 0) answered++;
        assert.ok(top === -1 || top === tree.findTopExact(hidden));
      }),
      { numRuns: 1000 },
    );
    assert.ok(answered > 500, `${answered} of 1000 answered`);
  });

  it('agrees in value with the exact probability, and its lead covers the difference', () => {
    fc.assert(
      fc.property(vectors, (hidden) => {
        const top = tree.findTopExact(hidden);
        const fast = tree.probabilityOf(top, hidden);
        const exact = tree.exactProbabilityOf(top, hidden);
        const lead = tree.safeLead(hidden);
        assert.ok(fast * lead > exact && exact * lead > fast, `${fast} ${exact} ${lead}`);
      }),
    );
  });

  it('never decides wrongly on the border between two labels', () => {
    let undecided = 0;
    fc.assert(
      fc.property(vectors, vectors, (one, other) => {
        // Bisect between two vectors towards a change of label, down to neighbouring float32 vectors.
        let low = 0;
        let high = 1;
        const at = (share: number): Float32Array =>
          one.map((value, i) => value + share * ((other[i] ?? 0) - value));
        const lowLabel = tree.findTopExact(at(low));
        for (let step = 0; step < 40; step++) {
          const middle = (low + high) / 2;
          const hidden = at(middle);
          const exact = tree.findTopExact(hidden);
          const top = tree.findTop(hidden, tree.safeLead(hidden));
          if (top === -1) undecided++;
          else assert.equal(top, exact);
          if (exact === lowLabel) low = middle;
          else high = middle;
        }
      }),
      { numRuns: 200 },
    );
    assert.ok(undecided > 1000, `${undecided} undecided: the border was not reached`);
  });

  it('keeps the last of equal labels, as fastText does, and does not pretend to know it fast', () => {
    const even = new LabelTree(4, buildLabelTree([2, 2, 2, 2]), new Float32Array(4 * LID_DIMENSION));
    const hidden = new Float32Array(LID_DIMENSION).fill(1);
    // Children of the root are 4 = (3, 2) and 5 = (1, 0): visited 3, 2, 1, 0.
    assert.equal(even.findTopExact(hidden), 0);
    assert.equal(even.findTop(hidden, even.safeLead(hidden)), -1);
  });

  it('leaves everything to the exact search where a vector is beyond any bound', () => {
    const hidden = new Float32Array(LID_DIMENSION).fill(1e9);
    assert.equal(tree.safeLead(hidden), Infinity);
    assert.equal(tree.findTop(hidden, Infinity), -1);
  });
});
