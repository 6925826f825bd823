import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { CapModel, monotoneSlopes, sliderStops } from '../../../src/curation/report/page/cap-model.ts';
import { cumulativeChart, rankChart } from '../../../src/curation/report/page/figures.ts';
import { runsOf } from '../../../src/curation/report/report-data.ts';
import { expectedKept, makePairs, tailShare } from '../../helpers/report-stats.ts';

function modelOf(pairs: readonly (readonly number[])[], entryCount: number, caps: readonly number[]) {
  const counts = new Float64Array(entryCount);
  for (const ids of pairs) for (const id of ids) counts[id] = (counts[id] ?? 0) + 1;
  const kept = caps.map((t) => expectedKept(pairs, counts, t));
  const payload = { countRuns: runsOf(counts), sweep: { t: caps, kept }, matchedPairs: pairs.length };
  return { counts, kept, model: new CapModel(payload) };
}

const somePairs = fc.array(fc.uniqueArray(fc.nat(30), { minLength: 1, maxLength: 6 }), { maxLength: 120 });

describe('the model of the cap', () => {
  it('has tail share, head entries and capped sum of every cap as the counts give them', () => {
    fc.assert(
      fc.property(
        somePairs,
        fc.double({ min: 1, max: 150, noNaN: true }),
        fc.boolean(),
        (pairs, raw, isWhole) => {
          const t = isWhole ? Math.round(raw) : raw;
          const { counts, model } = modelOf(pairs, 31, [1, 4, 16]);
          assert.equal(model.tailShare(t), tailShare(counts, t));
          assert.equal(model.headEntries(t), counts.filter((count) => count >= t).length);
          const capped = counts.reduce((sum, count) => sum + Math.min(count, t), 0);
          assert.ok(Math.abs(model.cappedMatches(t) - capped) < 1e-6);
          assert.equal(model.totalEntries, 31);
          assert.equal(model.zeroEntries, counts.filter((count) => count === 0).length);
        },
      ),
    );
  });

  it('gives the evaluated number at every evaluated cap, and says that it is exact there and only there', () => {
    const caps = [1, 2, 5, 10, 20, 50, 100];
    const { kept, model } = modelOf(makePairs(300, 900), 300, caps);
    caps.forEach((t, i) => {
      assert.deepEqual(model.keptAt(t), { kept: kept[i], isExact: true, below: t, above: t });
    });
    const between = model.keptAt(7);
    assert.equal(between.isExact, false);
    assert.deepEqual([between.below, between.above], [5, 10]);
    // With nothing capped every matched pair is kept.
    assert.deepEqual(model.keptAt(model.maxCount).kept, 900);
    assert.equal(model.keptAt(model.maxCount + 5).isExact, true);
  });

  it('never falls between, stays between the neighbours, and is near the truth', () => {
    const caps = [1, 2, 5, 10, 20, 50, 100];
    const pairs = makePairs(300, 900);
    const { counts, model } = modelOf(pairs, 300, caps);
    let last = 0;
    let worst = 0;
    for (let t = 1; t < model.maxCount; t += 0.25) {
      const { kept, below, above } = model.keptAt(t);
      assert.ok(kept >= last - 1e-9, `falls at ${t}`);
      assert.ok(
        kept >= model.keptAt(below).kept && kept <= model.keptAt(above).kept,
        `leaves its range at ${t}`,
      );
      worst = Math.max(worst, Math.abs(kept - expectedKept(pairs, counts, t)) / pairs.length);
      last = kept;
    }
    assert.ok(worst < 0.01, `off by ${worst} of the pairs`);
  });

  it('is monotone for any points', () => {
    const steps = fc.array(fc.tuple(fc.double({ min: 0.1, max: 5, noNaN: true }), fc.nat(100)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(steps, (rows) => {
        let [t, kept] = [1, 0];
        const sweep = { t: [] as number[], kept: [] as number[] };
        for (const [factor, more] of rows) {
          sweep.t.push(t);
          sweep.kept.push(kept);
          t *= 1 + factor;
          kept += more;
        }
        const model = new CapModel({
          sweep,
          matchedPairs: kept,
          countRuns: { deltas: [Math.ceil(t)], sizes: [1] },
        });
        let last = -Infinity;
        for (let i = 0; i <= 200; i++) {
          const now = model.keptAt(model.maxCount ** (i / 200)).kept;
          assert.ok(now >= last - 1e-6 * (kept + 1));
          last = now;
        }
      }),
    );
    assert.deepEqual(monotoneSlopes([0, 1, 2], [0, 0, 5]), [0, 0, 5]);
  });

  it('has stops for every evaluated cap, the own one, and whole numbers between', () => {
    const stops = sliderStops([1, 2, 5, 100], 7.5);
    for (const t of [1, 2, 5, 7.5, 100]) assert.ok(stops.includes(t), String(t));
    assert.deepEqual(
      stops,
      [...new Set(stops)].sort((a, b) => a - b),
    );
    assert.ok(stops.every((t) => Number.isInteger(t) || t === 7.5));
    assert.ok(stops.includes(3) && stops.includes(4));
    assert.deepEqual(sliderStops([1], 20_000), [1, 20_000]);
  });

  it('survives a run without a match', () => {
    const { model } = modelOf([], 4, []);
    assert.equal(model.tailShare(5), 0);
    assert.equal(model.keptAt(3).kept, 0);
    assert.equal(cumulativeChart(model, 5, 5).x.domain[1], 1);
    assert.equal(rankChart(model, 5).y.domain[1], 2);
  });
});

describe('the curves', () => {
  it('rise to the sum of the counts and of the capped ones, and rank entries as a sort does', () => {
    const { counts, model } = modelOf(makePairs(200, 500), 200, [1, 10]);
    const [area, before] = cumulativeChart(model, 5, 5).layers;
    assert.ok(area?.shape === 'area' && before?.shape === 'line');
    const sorted = counts.filter((count) => count > 0).sort();
    assert.deepEqual(before.points.at(-1), [sorted.length, sorted.reduce((sum, count) => sum + count, 0)]);
    assert.deepEqual(area.points.at(-1), [
      sorted.length,
      sorted.reduce((sum, count) => sum + Math.min(5, count), 0),
    ]);
    for (const [rank, sum] of before.points)
      assert.equal(
        sum,
        sorted.subarray(0, rank).reduce((total, count) => total + count, 0),
      );
    const [, ranked] = rankChart(model, 5).layers;
    assert.ok(ranked?.shape === 'line');
    for (const [rank, count] of ranked.points) assert.equal(count, sorted.at(-rank));
  });
});
