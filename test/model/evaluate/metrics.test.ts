/** Metrics against slow and obvious versions, and against values worked out by hand. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { distributionOf, effectiveClasses } from '../../../src/model/evaluate/metrics/distribution.ts';
import {
  ClassCounts,
  classRows,
  headlineOf,
  metricsOf,
} from '../../../src/model/evaluate/metrics/metrics.ts';
import { retrievalRecalls } from '../../../src/model/evaluate/metrics/retrieval.ts';
import { rocAuc } from '../../../src/model/evaluate/metrics/roc-auc.ts';
import { rankOf, WorstMistakes } from '../../../src/model/evaluate/zeroshot/evaluate-shard.ts';

/** Every positive against every negative. */
function slowAuc(scores: readonly number[], positive: readonly boolean[]): number | null {
  let wins = 0;
  let games = 0;
  scores.forEach((a, i) => {
    scores.forEach((b, j) => {
      if (positive[i] !== true || positive[j] !== false) return;
      games++;
      wins += a > b ? 1 : a === b ? 0.5 : 0;
    });
  });
  return games === 0 ? null : wins / games;
}

/** Few distinct values, so that there are ties. */
const score = fc.integer({ min: -3, max: 3 });

describe('ROC-AUC', () => {
  it('equals every positive against every negative, ties counting half', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(score, fc.boolean()), { maxLength: 40 }), (rows) => {
        const scores = rows.map(([value]) => value);
        const positive = rows.map(([, is]) => is);
        const got = rocAuc(Float32Array.from(scores), (at) => positive[at] === true);
        const wanted = slowAuc(scores, positive);
        if (wanted === null) assert.equal(got, null);
        else assert.ok(Math.abs((got ?? -1) - wanted) < 1e-12);
      }),
    );
  });

  it('is 1, 0 and 0.5 where it must be, and 0.75 in the textbook case', () => {
    const auc = (scores: number[], positives: number[]): number | null =>
      rocAuc(Float32Array.from(scores), (at) => positives.includes(at));
    assert.equal(auc([1, 2, 3, 4], [2, 3]), 1);
    assert.equal(auc([1, 2, 3, 4], [0, 1]), 0);
    assert.equal(auc([5, 5, 5, 5], [0, 1]), 0.5);
    assert.equal(auc([0.1, 0.4, 0.35, 0.8], [2, 3]), 0.75);
  });
});

describe('accuracy and confusion', () => {
  /** One image after the other, the whole row sorted. */
  function slowMetrics(rows: readonly (readonly number[])[], truths: readonly number[], classCount: number) {
    const orders = rows.map((row) => [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b));
    const share = (hits: readonly boolean[]): number | null =>
      hits.length === 0 ? null : hits.filter(Boolean).length / hits.length;
    const recalls = [...Array(classCount).keys()].flatMap((one) => {
      const own = orders.filter((_, at) => truths[at] === one);
      return own.length === 0 ? [] : [own.filter(([best]) => best === one).length / own.length];
    });
    return {
      images: rows.length,
      acc1: share(orders.map(([best], at) => best === truths[at])),
      acc5:
        classCount < 5
          ? null
          : share(orders.map((order, at) => order.slice(0, 5).includes(truths[at] ?? -1))),
      meanPerClassRecall:
        recalls.length === 0 ? null : recalls.reduce((sum, one) => sum + one, 0) / recalls.length,
    };
  }

  it('equal the slow version on rows with ties, in shards that are added up', () => {
    const cases = fc.integer({ min: 2, max: 8 }).chain((classCount) =>
      fc.record({
        classCount: fc.constant(classCount),
        rows: fc.array(
          fc.tuple(fc.array(score, { minLength: classCount, maxLength: classCount }), fc.nat(classCount - 1)),
          { maxLength: 30 },
        ),
        cut: fc.nat(30),
      }),
    );
    fc.assert(
      fc.property(cases, ({ classCount, rows, cut }) => {
        const shards = [rows.slice(0, cut), rows.slice(cut)].map((part) => {
          const counts = new ClassCounts(classCount);
          for (const [row, truth] of part) {
            const best = row.indexOf(Math.max(...row));
            counts.note(truth, best, rankOf(row, truth));
          }
          return counts;
        });
        const [whole, other] = shards;
        assert.ok(whole !== undefined && other !== undefined);
        whole.add(other);
        const names = Array.from({ length: classCount }, (_, at) => `class ${at}`);
        const got = metricsOf(classRows(whole, names, []));
        const wanted = slowMetrics(
          rows.map(([row]) => row),
          rows.map(([, truth]) => truth),
          classCount,
        );
        assert.deepEqual(
          { ...got, meanPerClassRecall: undefined, rocAuc: undefined },
          {
            ...wanted,
            meanPerClassRecall: undefined,
            rocAuc: undefined,
          },
        );
        assert.ok(Math.abs((got.meanPerClassRecall ?? -1) - (wanted.meanPerClassRecall ?? -1)) < 1e-12);
      }),
    );
  });

  it('the table of classes: recall, precision, and what a class is mistaken for, the first of equal ones', () => {
    const counts = new ClassCounts(3);
    counts.note(0, 0, 0, 6);
    counts.note(0, 2, 1, 2);
    counts.note(0, 1, 1, 2);
    counts.note(1, 0, 2, 4);
    const rows = classRows(counts, ['a', 'b', 'c'], [0.9, null, 0.7]);
    assert.deepEqual(rows[0], {
      class: 'a',
      images: 10,
      correct: 6,
      recall: 0.6,
      precision: 0.6,
      inFive: 10,
      mistakenFor: 'b',
      mistakenCount: 2,
      auc: 0.9,
    });
    assert.equal(rows[1]?.recall, 0);
    assert.deepEqual([rows[2]?.images, rows[2]?.recall, rows[2]?.precision], [0, null, 0]);
    const metrics = metricsOf(rows);
    // A class without images has no recall and does not count in the mean.
    assert.deepEqual([metrics.meanPerClassRecall, metrics.acc5, metrics.rocAuc], [0.3, null, 0.8]);
  });

  it('of two classes the area is that of the second', () => {
    const rows = classRows(new ClassCounts(2), ['no', 'yes'], [0.1, 0.9]);
    assert.equal(metricsOf(rows).rocAuc, 0.9);
  });

  it('the metric of a data set is a figure of the table', () => {
    const metrics = { images: 4, acc1: 0.5, acc5: 0.75, meanPerClassRecall: 0.4, rocAuc: 0.9 };
    assert.equal(headlineOf('acc1', metrics), 0.5);
    assert.equal(headlineOf('mean_per_class_recall', metrics), 0.4);
    assert.equal(headlineOf('roc_auc', metrics), 0.9);
    assert.equal(headlineOf('mean_acc1_acc5', metrics), 0.625);
    assert.equal(headlineOf('mean_acc1_acc5', { ...metrics, acc5: null }), null);
  });

  it('keeps the most confident mistakes, the first of equal ones', () => {
    const mistakes = new WorstMistakes();
    const made = Array.from({ length: 100 }, (_, at) => ({
      image: `${at}`,
      truth: 0,
      predicted: 1,
      confidence: ((at * 37) % 50) / 50,
      truthConfidence: 0,
      rank: 2,
      thumbnail: null,
    }));
    for (const mistake of made) mistakes.add(mistake);
    const wanted = [...made]
      .sort((a, b) => b.confidence - a.confidence || Number(a.image) - Number(b.image))
      .slice(0, 24);
    assert.deepEqual(mistakes.sorted(), wanted);
  });
});

describe('retrieval', () => {
  it('equals sorting the whole matrix, with several answers to a query and ties', async () => {
    const unit = fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 3, maxLength: 3 });
    const cases = fc.record({
      images: fc.array(unit, { minLength: 1, maxLength: 90 }),
      texts: fc.array(unit, { minLength: 1, maxLength: 20 }),
      pairs: fc.array(fc.tuple(fc.nat(89), fc.nat(19)), { minLength: 1, maxLength: 60 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ images, texts, pairs: drawn }) => {
        const pairs = drawn.map(([i, t]) => [i % images.length, t % texts.length] as const);
        const got = await retrievalRecalls({
          images: Float32Array.from(images.flat()),
          texts: Float32Array.from(texts.flat()),
          dimension: 3,
          pairs,
        });
        const slow = (queries: number[][], answers: number[][], right: (q: number, a: number) => boolean) => {
          const ranks = queries.flatMap((query, q) => {
            const order = [...answers.keys()].sort((a, b) => {
              const of = (at: number): number =>
                query.reduce((sum, value, k) => sum + value * (answers[at]?.[k] ?? 0), 0);
              return of(b) - of(a) || a - b;
            });
            const rank = order.findIndex((answer) => right(q, answer));
            return rank < 0 ? [] : [rank];
          });
          return [1, 5, 10].map((k) => ranks.filter((rank) => rank < k).length / ranks.length);
        };
        const isPair = (i: number, t: number): boolean => pairs.some(([a, b]) => a === i && b === t);
        const { imageToText: a, textToImage: b } = got;
        assert.deepEqual([a.r1, a.r5, a.r10], slow(images, texts, isPair));
        assert.deepEqual(
          [b.r1, b.r5, b.r10],
          slow(texts, images, (t, i) => isPair(i, t)),
        );
      }),
      { numRuns: 60 },
    );
  });
});

describe('distributions', () => {
  it('mean, deviation, quantiles and histogram of known values', () => {
    const got = distributionOf(Float32Array.from([0.5, 0.25, 0, -0.25, 1]));
    assert.equal(got.mean, 0.3);
    assert.ok(Math.abs(got.deviation - Math.sqrt(0.23125)) < 1e-7);
    assert.ok(Math.abs(got.standardError - got.deviation / Math.sqrt(5)) < 1e-12);
    assert.deepEqual([got.quantiles.p25, got.quantiles.p50, got.quantiles.p75], [0, 0.25, 0.5]);
    assert.equal(
      got.histogram.counts.reduce((sum, count) => sum + count, 0),
      5,
    );
    assert.equal(got.histogram.counts.at(-1), 1);
  });

  it('effective classes: all equal, one alone, none', () => {
    assert.ok(Math.abs(effectiveClasses([5, 5, 5, 5]) - 4) < 1e-12);
    assert.equal(effectiveClasses([0, 7, 0]), 1);
    assert.equal(effectiveClasses([0, 0]), 0);
  });
});
