import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { ledeOf } from '../../../src/curation/report/html-parts.ts';
import { loadPageScript } from '../../../src/curation/report/page-script.ts';
import type { ReportPayload } from '../../../src/curation/report/page/payload.ts';
import { rebin, runsOf } from '../../../src/curation/report/report-data.ts';
import { renderReport } from '../../../src/curation/report/report-html.ts';
import type { Histogram, RunStats } from '../../../src/curation/stats/run-stats.ts';
import { HOSTILE, makePairs, makeStats } from '../../helpers/report-stats.ts';

const stats = makeStats({
  entries: Array.from({ length: 60 }, (_, i) => `word ${i}`),
  pairs: makePairs(60, 200),
  t: 10,
});

function payloadOf(html: string): ReportPayload {
  const json = /<script type="application\/json" id="payload">(.*?)<\/script>/.exec(html)?.[1];
  return JSON.parse(json ?? '') as ReportPayload;
}

function histogram(values: Readonly<Record<number, number>>): Histogram {
  const bins = Object.entries(values).map(([from, count]) => ({
    from: Number(from),
    to: Number(from) + 1,
    count,
  }));
  const count = bins.reduce((sum, bin) => sum + bin.count, 0);
  return { count, sum: 0, mean: 0, median: 0, bins };
}

describe('report.html', () => {
  it('has the same bytes for the same run, its numbers without a script, and fetches nothing', async () => {
    const script = await loadPageScript();
    const html = renderReport('my run', stats, script);
    assert.equal(html, renderReport('my run', stats, script));
    for (const number of ['422', '200', String(stats.pairs.kept)])
      assert.ok(html.includes(`>${number}<`), number);
    // The name of the SVG namespace is an address that nobody asks.
    const addresses = html
      .replaceAll('http://www.w3.org/2000/svg', '')
      .match(/\b(?:src|href)="(?!#)|@import|url\(|https?:/g);
    assert.equal(addresses, null);
    const hash = createHash('sha256').update(script).digest('base64');
    assert.ok(html.includes(`default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'`));
    assert.deepEqual(
      payloadOf(html).sweep.t,
      stats.sweep?.map(({ t }) => t),
    );
  });

  it('holds hostile names as text', async () => {
    const names = makeStats({ entries: HOSTILE, pairs: HOSTILE.map((_, id) => [id]), t: 2 });
    const hostile: RunStats = {
      ...names,
      leftOut: { '<img src=x onerror=alert(1)>': 1 },
      unreadable: [{ path: 'x', code: 'E', message: '</ul><script>alert(1)</script>' }],
      run: { ...names.run, list: { ...names.run.list, source: '"><svg onload=alert(1)>' } },
    };
    const html = renderReport('</title><script>alert(1)</script>\u202e', hostile, await loadPageScript());
    assert.equal(html.match(/<script/g)?.length, 3);
    assert.doesNotMatch(html, /<img|<svg onload|<title><\/title>/);
    assert.match(html, /<h1>&lt;\/title&gt;&lt;script&gt;alert\(1\)&lt;\/script&gt;\\u\{202e\}<\/h1>/);
  });

  it('does without what a run does not have', async () => {
    const bare: RunStats = {
      ...stats,
      sweep: null,
      texts: null,
      perEntry: { ...stats.perEntry, after: null },
    };
    const html = renderReport('bare', bare, await loadPageScript());
    assert.deepEqual(payloadOf(html).sweep.t, [10]);
    assert.deepEqual(
      payloadOf(html).histograms.map(({ id }) => id),
      ['figure-matches'],
    );
    assert.doesNotMatch(html, /id="figure-after"|data-key="after"/);
  });

  it('says English only where it was asked for', () => {
    assert.doesNotMatch(ledeOf(stats), /English/);
    const english = { ...stats, run: { ...stats.run, match: { ...stats.run.match, lang: 'en' as const } } };
    assert.match(ledeOf(english), /are English, distinct/);
  });
});

describe('runs of equal counts', () => {
  it('say how many entries have each count', () => {
    assert.deepEqual(runsOf(Float64Array.from([7, 0, 3, 0, 3])), { deltas: [0, 3, 4], sizes: [2, 2, 1] });
    assert.deepEqual(runsOf(new Float64Array(0)), { deltas: [], sizes: [] });
    assert.deepEqual(runsOf(Float64Array.from([2, 2])), { deltas: [2], sizes: [2] });
  });
});

describe('histograms in few bins', () => {
  it('keep every observation, in bins of a round width', () => {
    const before = histogram({ 1: 5, 2: 9, 3: 1 });
    assert.deepEqual(rebin(before, histogram({ 2: 4 })), {
      starts: [1, 2, 3],
      before: [5, 9, 1],
      after: [0, 4, 0],
      end: 4,
    });
    const wide = histogram(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i + 3, i % 7])));
    const { starts, before: counts, end } = rebin(wide, wide);
    assert.equal(
      counts.reduce((sum, count) => sum + count, 0),
      wide.count,
    );
    assert.ok(starts.length <= 49);
    assert.equal((starts[1] ?? 0) - (starts[0] ?? 0), 10);
    assert.ok(end === null || end >= 303);
  });

  it('put what lies far out into one open bin', () => {
    const { starts, before, end } = rebin(
      histogram({ 1: 5000, 2: 4990, 100_000: 10 }),
      histogram({ 100_000: 3 }),
    );
    assert.deepEqual([starts, before, end], [[1, 2, 3], [5000, 4990, 10], null]);
  });
});
