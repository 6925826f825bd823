/** Real captions and a real 500,000-entry list: equal to what the original's own matcher made of them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { BatchMatcher } from '../../../src/curation/match/batch-matcher.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import type { PackedAutomaton } from '../../../src/curation/match/automaton.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import { describeUnmatchable } from '../../../src/curation/match/unmatchable.ts';
import { loadEntries } from '../../../src/metadata/entries.ts';
import type { EntryList } from '../../../src/metadata/entry-list.ts';
import {
  oracleCount,
  oracleCuratedSize,
  oracleMatch,
  oraclePToT,
  oracleTailShare,
} from '../../helpers/oracle.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { matchByKernel, matchInWorker, matchPacked } from './configurations.ts';

interface Expected {
  readonly texts: number;
  readonly matches: number;
  readonly texts_with_match: number;
  readonly entries_zero: number;
  readonly t: Record<string, { expected_curated: number; sd: number; certain: number; tail_share: number }>;
  readonly p_to_t: Record<string, number>;
  readonly top: [string, number, number][];
}

function readLines<T>(name: string): T[] {
  const text = gunzipSync(readFileSync(referencePath(`captions/${name}`))).toString();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as T);
}

describe('reference captions', { skip: skipWithoutReference }, () => {
  let list: EntryList;
  let automaton: PackedAutomaton;
  let texts: string[];
  let expectedIds: number[][];

  before(async () => {
    list = await loadEntries(referencePath('captions/metadata_500k.json.gz'));
    automaton = buildAutomaton(list, 'metaclip');
    texts = readLines<{ text: string }>('captions.jsonl.gz').map(({ text }) => text);
    expectedIds = readLines<{ entry_ids: number[] }>('matches.jsonl.gz').map((row) => row.entry_ids);
  });

  it('has the ids of every text', () => {
    assert.equal(texts.length, 29_824);
    assert.equal(expectedIds.length, texts.length);
    const ids = matchPacked(automaton, texts);
    for (const [at, expected] of expectedIds.entries()) assert.deepEqual(ids[at], expected, texts[at]);
  });

  it('has the same ids by the kernel', () => {
    const ids = matchByKernel(new BatchMatcher(shareAutomaton(automaton)), texts);
    for (const [at, expected] of expectedIds.entries()) assert.deepEqual(ids[at], expected, texts[at]);
  });

  it('has the same ids through a worker', async () => {
    const some = texts.slice(0, 5000);
    assert.deepEqual(await matchInWorker(automaton, some), expectedIds.slice(0, 5000));
  });

  it('is what the oracle says, on some of them', () => {
    for (const at of [0, 7, 1234, 20_000, 29_823]) {
      assert.deepEqual(oracleMatch(texts[at] ?? '', list.entries), expectedIds[at]);
    }
  });

  it('has the counts of every entry', () => {
    const counts = oracleCount(matchPacked(automaton, texts), list.entries.length);
    const expected = readLines<[number, number]>('entry_counts.jsonl.gz');
    assert.deepEqual(
      [...counts.entries()].filter(([, count]) => count > 0),
      expected.toSorted(([a], [b]) => a - b),
    );
  });

  it('has 432 entries that can never match, and finds all of them in itself when mended', () => {
    const unmatchable = describeUnmatchable(list.entries, 'metaclip');
    assert.equal(unmatchable.length, 432);
    assert.deepEqual(describeUnmatchable(list.entries, 'mended'), []);
    // Those and a tenth of the others, each as a text of its own.
    const isUnmatchable = new Set(unmatchable.map(({ id }) => id));
    const sample = [...list.entries.keys()].filter((id) => id % 10 === 3 || isUnmatchable.has(id));
    const missingIn = (searched: PackedAutomaton): number[] => {
      const found = matchPacked(
        searched,
        sample.map((id) => list.entries[id] ?? ''),
      );
      return sample.filter((id, at) => found[at]?.includes(id) !== true);
    };
    assert.deepEqual(missingIn(automaton), [...isUnmatchable]);
    assert.deepEqual(missingIn(buildAutomaton(list, 'mended')), []);
  });

  it('has the totals, caps and curated sizes (of the oracle)', () => {
    const expected = JSON.parse(readFileSync(referencePath('captions/expected.json'), 'utf8')) as Expected;
    const counts = oracleCount(expectedIds, list.entries.length);
    assert.equal(texts.length, expected.texts);
    assert.equal(
      expectedIds.reduce((sum, ids) => sum + ids.length, 0),
      expected.matches,
    );
    assert.equal(expectedIds.filter((ids) => ids.length > 0).length, expected.texts_with_match);
    assert.equal(counts.filter((count) => count === 0).length, expected.entries_zero);
    for (const [entry, id, count] of expected.top) {
      assert.deepEqual([list.entries[id], counts[id]], [entry, count]);
    }
    for (const [p, t] of Object.entries(expected.p_to_t)) assert.equal(oraclePToT(counts, Number(p)), t);
    for (const [t, row] of Object.entries(expected.t)) {
      const { expected: size, sd, certain } = oracleCuratedSize(expectedIds, counts, Number(t));
      assert.ok(Math.abs(size - row.expected_curated) < 1e-6, `t = ${t}: ${size}`);
      assert.ok(Math.abs(sd - row.sd) < 1e-6, `t = ${t}: sd ${sd}`);
      assert.equal(certain, row.certain);
      assert.ok(Math.abs(oracleTailShare(counts, Number(t)) - row.tail_share) < 1e-12);
    }
  });
});
