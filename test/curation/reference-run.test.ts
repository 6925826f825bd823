/** A whole run over the reference captions and its 500,000 entries comes to the original's numbers. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { continueRun } from '../../src/curation/continue-run.ts';
import { curate } from '../../src/curation/curate.ts';
import { collectRunStats } from '../../src/curation/stats/collect-run-stats.ts';
import { readCuratedRows, readParquetRows } from '../helpers/read-run.ts';
import { referencePath, skipWithoutReference } from '../helpers/reference.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

function readLines(name: string): unknown[] {
  const text = gunzipSync(readFileSync(referencePath(name))).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown);
}

interface Expected {
  matches: number;
  texts_with_match: number;
  entries_zero: number;
  top: [string, number, number][];
  t: Record<string, { expected_curated: number; sd: number; certain: number; tail_share: number }>;
}

it('equals the original on the reference captions', { skip: skipWithoutReference }, async (test) => {
  const folder = makeTempFolder(test);
  const captions = readLines('captions/captions.jsonl.gz') as { id: string; text: string }[];
  const pool = join(folder, 'captions.jsonl');
  // The id as url: the original counts every caption, also those that occur twice.
  const rows = captions.map(
    ({ id, text }) => `${JSON.stringify({ url: `http://example.com/${id}`, caption: text })}\n`,
  );
  writeFileSync(pool, rows.join(''));
  const metadata = referencePath('captions/metadata_500k.json.gz');
  const expected = JSON.parse(readFileSync(referencePath('captions/expected.json'), 'utf8')) as Expected;
  const out = join(folder, 'run');
  const cacheDir = join(folder, 'cache');
  const first = await curate({ inputs: [pool], metadata, out, t: 20, lang: 'off', workers: 1, cacheDir });
  assert.equal(first.summary?.pairs.matched, expected.texts_with_match);
  assert.equal(first.summary.matches, expected.matches);
  assert.equal(first.summary.entries.unmatchable, 432);

  const counted = new Map(readLines('captions/entry_counts.jsonl.gz') as [number, number][]);
  for (const row of await readParquetRows(join(out, 'entry_counts.parquet'))) {
    assert.equal(Number(row['count']), counted.get(Number(row['entry_id'])) ?? 0);
  }
  const idsOf = new Map(
    (readLines('captions/matches.jsonl.gz') as { id: string; entry_ids: number[] }[]).map((row) => [
      row.id,
      row.entry_ids,
    ]),
  );
  for (const row of await readCuratedRows(out)) {
    assert.deepEqual(row['entry_ids'], idsOf.get(String(row['url']).replace('http://example.com/', '')));
  }

  const caps = Object.keys(expected.t).map(Number);
  const stats = await collectRunStats(out, { sweepCaps: caps, topCount: expected.top.length, workers: 1 });
  assert.deepEqual(
    stats.counts.top.map(({ entry, id, before }) => [entry, id, before]),
    expected.top,
  );
  assert.equal(stats.counts.zeroHit, expected.entries_zero);
  for (const { t, expectedKept, expectedSd, certain, tailShare } of stats.sweep ?? []) {
    const of = expected.t[String(t)];
    assert.ok(of);
    assert.ok(Math.abs(expectedKept - of.expected_curated) < 1e-6);
    assert.ok(Math.abs(expectedSd - of.sd) < 1e-6);
    assert.equal(certain, of.certain);
    assert.equal(tailShare, of.tail_share);
  }
  assert.equal(stats.sweep?.length, caps.length);

  let smaller = new Set<unknown>();
  for (const [t, { expected_curated, sd, tail_share }] of Object.entries(expected.t)) {
    const { summary } = await continueRun(out, 'write', { t: Number(t), workers: 1, cacheDir });
    assert.ok(summary);
    assert.ok(
      Math.abs(summary.pairs.kept - expected_curated) <= 4 * sd,
      `t ${t}: ${summary.pairs.kept} kept`,
    );
    assert.ok(Math.abs(summary.pairs.expectedKept - expected_curated) < 1e-6);
    assert.ok(Math.abs(summary.pairs.expectedSd - sd) < 1e-6);
    assert.equal(summary.tailShare, tail_share);
    const uids = new Set((await readCuratedRows(out)).map((row) => row['uid']));
    for (const uid of smaller) assert.ok(uids.has(uid));
    smaller = uids;
  }
});
