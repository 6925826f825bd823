import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import * as metaclip from '../../src/index.ts';
import { readCuratedRows } from '../helpers/read-run.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

it('the stages put together by hand keep the pairs that curate keeps', async (test) => {
  const folder = makeTempFolder(test);
  const inputs = writeSmallPool(join(folder, 'pool'), 3, 300);
  const metadata = join(folder, 'entries.json');
  writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
  const cacheDir = join(folder, 'cache');
  const out = join(folder, 'run');
  await metaclip.curate({ inputs, metadata, out, t: 8, seed: 5, lang: 'off', workers: 1, cacheDir });

  const list = await metaclip.loadEntries(metadata);
  const matcher = new metaclip.Matcher(metaclip.buildAutomaton(list, 'metaclip'));
  const matched: metaclip.MatchedPair[] = [];
  for await (const pair of metaclip.dropDuplicates(
    metaclip.matchPairs(metaclip.extractPairs(inputs), matcher),
  )) {
    matched.push(pair);
  }
  const counts = await metaclip.countEntries(matched, list.entries.length);
  const kept: [string, number][] = [];
  for await (const pair of metaclip.balancePairs(matched, metaclip.computeSamplingRates(counts, 8), 5)) {
    kept.push([pair.uid, Math.fround(pair.keepProb)]);
  }
  const rows = (await readCuratedRows(out)).map((row) => [row['uid'], row['keep_prob']]);
  assert.ok(kept.length > 100);
  assert.deepEqual(kept.map(String).sort(), rows.map(String).sort());
});
