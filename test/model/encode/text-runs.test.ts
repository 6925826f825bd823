import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeTextRuns } from '../../../src/model/encode/text-runs.ts';
import type { TokenBatch } from '../../../src/model/tokenize/tokenizer.ts';

const CONTEXT = 12;
const PAD = 99;

/** What a tokenizer gives: rows of 12 ids, padded with another id than the model's. */
function batchOf(texts: readonly (readonly number[])[]): TokenBatch {
  const ids = new Int32Array(texts.length * CONTEXT).fill(7);
  texts.forEach((text, row) => {
    ids.set(text, row * CONTEXT);
  });
  return {
    ids,
    lengths: Int32Array.from(texts, (text) => text.length),
    count: texts.length,
    contextLength: CONTEXT,
  };
}

describe('makeTextRuns', () => {
  it('has every text once, with its own tokens, padded only to the longest of its run', () => {
    const text = fc.array(fc.integer({ min: 100, max: 999 }), { minLength: 1, maxLength: CONTEXT });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 20 }), fc.integer({ min: 1, max: 7 }), (texts, runSize) => {
        const runs = makeTextRuns(batchOf(texts), { runSize, padId: PAD });
        assert.deepEqual(
          runs.flatMap((run) => run.texts).sort((a, b) => a - b),
          texts.map((_, at) => at),
        );
        for (const run of runs) {
          assert.ok(run.texts.length <= runSize);
          assert.equal(run.length, Math.max(...run.texts.map((at) => texts[at]!.length)));
          run.texts.forEach((at, row) => {
            const own = texts[at]!;
            const [start, end] = [row * run.length, (row + 1) * run.length];
            const padding = Array.from({ length: run.length - own.length }, () => PAD);
            assert.deepEqual([...run.ids.subarray(start, end)].map(Number), [...own, ...padding]);
            assert.deepEqual([...run.mask.subarray(start, end)].map(Number), [
              ...own.map(() => 1),
              ...padding.map(() => 0),
            ]);
          });
        }
        // Shorter ones first: no text is padded to the length of one in a later run.
        for (let at = 1; at < runs.length; at++) assert.ok(runs[at]!.length >= runs[at - 1]!.length);
      }),
    );
  });

  it('fills graphs that take one length only', () => {
    const [run] = makeTextRuns(batchOf([[5, 6]]), { runSize: 4, padId: PAD, fixedLength: 5 });
    assert.deepEqual([...(run?.ids ?? [])].map(Number), [5, 6, PAD, PAD, PAD]);
  });
});
