import assert from 'node:assert/strict';
import { copyFileSync, cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { continueRun } from '../../../src/curation/continue-run.ts';
import { curate, matchInputs } from '../../../src/curation/curate.ts';
import { LanguageIdentifier } from '../../../src/curation/language/identify-language.ts';
import { openLidModel, readLidModel } from '../../../src/curation/language/lid-model.ts';
import { statsJson } from '../../../src/curation/stats/assemble-stats.ts';
import { collectRunStats } from '../../../src/curation/stats/collect-run-stats.ts';
import type { Histogram, RunStats } from '../../../src/curation/stats/run-stats.ts';
import {
  oracleCount,
  oracleCuratedSize,
  oracleEntryProbability,
  oracleKeepProbability,
  oracleMatch,
  oracleTailShare,
} from '../../helpers/oracle.ts';
import { readCuratedRows, readParquetRows } from '../../helpers/read-run.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../../helpers/small-pool.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

interface Row {
  url: string;
  caption: string;
}

/** Bins as the slow and obvious way makes them. */
function tallyOf(values: readonly number[]): [number, number][] {
  const tally = new Map<number, number>();
  for (const value of values) tally.set(value, (tally.get(value) ?? 0) + 1);
  return [...tally].sort(([a], [b]) => a - b);
}

function binsOf(histogram: Histogram): [number, number][] {
  return histogram.bins.map(({ from, count }) => [from, count]);
}

function textsPerImage(rows: readonly Row[]): number[] {
  const texts = new Map<string, number>();
  for (const { url } of rows) texts.set(url, (texts.get(url) ?? 0) + 1);
  return [...texts.values()];
}

describe('the statistics of a run', () => {
  const T = 10;
  let folder: string;
  let out: string;
  let stats: RunStats;
  let matched: (Row & { ids: number[] })[];
  let kept: (Row & { ids: number[] })[];
  let counts: number[];
  const hooks: (() => void)[] = [];
  const control = (): { cacheDir: string; workers: number } => ({
    cacheDir: join(folder, 'cache'),
    workers: 1,
  });

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    out = join(folder, 'run');
    const inputs = writeSmallPool(join(folder, 'pool'), 2, 300);
    // Several texts of one image, one of them twice and one of them empty of entries; more than two bytes a character.
    const image = 'https://images.example/one.jpg';
    const extra = ['a dog', 'a dog', 'the cat 🐈', 'nothing of the list: ëë', 'zebra'].map((caption) => ({
      url: image,
      caption,
    }));
    const extraPath = join(folder, 'pool', 'texts.jsonl');
    writeFileSync(extraPath, extra.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const metadata = join(folder, 'entries.json');
    writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
    await curate({ inputs: [...inputs, extraPath], out, metadata, t: T, seed: 5, lang: 'off', ...control() });
    stats = await collectRunStats(out, { topCount: 5, sweepCaps: [1, 3, 50, 1000], workers: 2 });

    const rows = [...inputs, extraPath].flatMap((path) =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row),
    );
    const distinct = [...new Map(rows.map((row) => [`${row.url}\n${row.caption}`, row])).values()];
    matched = distinct
      .map((row) => ({ ...row, ids: oracleMatch(row.caption, SMALL_ENTRIES) }))
      .filter(({ ids }) => ids.length > 0);
    counts = oracleCount(
      matched.map(({ ids }) => ids),
      SMALL_ENTRIES.length,
    );
    const written = await readCuratedRows(out);
    kept = written.map((row) => ({
      url: String(row['url']),
      caption: String(row['caption']),
      ids: row['entry_ids'] as number[],
    }));
  });
  after(() => {
    for (const hook of hooks) hook();
  });

  it('count entries before and after as the oracle and the shards do', () => {
    const afterCounts = oracleCount(
      kept.map(({ ids }) => ids),
      SMALL_ENTRIES.length,
    );
    assert.deepEqual(stats.perEntry.entries, SMALL_ENTRIES);
    assert.deepEqual([...stats.perEntry.before], counts);
    assert.deepEqual([...(stats.perEntry.after ?? [])], afterCounts);
    const order = counts.map((_, id) => id).sort((a, b) => (counts[b] ?? 0) - (counts[a] ?? 0) || a - b);
    assert.deepEqual(
      stats.counts.top,
      order.slice(0, 5).map((id) => ({
        id,
        entry: SMALL_ENTRIES[id],
        before: counts[id],
        after: afterCounts[id],
      })),
    );
    const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
    const { head, tail, hit, zeroHit, matches, matchesAfter, hitAfter, headMatchShare, tailShare } =
      stats.counts;
    assert.equal(hit, counts.filter((count) => count > 0).length);
    assert.equal(zeroHit, SMALL_ENTRIES.length - hit);
    assert.equal(head, counts.filter((count) => count >= T).length);
    assert.equal(tail, hit - head);
    assert.equal(matches, sum(counts));
    assert.equal(matchesAfter, sum(afterCounts));
    assert.equal(hitAfter, afterCounts.filter((count) => count > 0).length);
    assert.equal(tailShare, oracleTailShare(counts, T));
    assert.ok(Math.abs(Number(headMatchShare) + tailShare - 1) < 1e-12);
    assert.equal(stats.counts.cappedMatches, sum(counts.map((count) => Math.min(count, T))));
    assert.equal(stats.pairs.kept, kept.length);
  });

  it('have the histograms of matches, characters and texts per image', () => {
    assert.ok(stats.texts);
    for (const [rows, when] of [
      [matched, 'before'],
      [kept, 'after'],
    ] as const) {
      assert.deepEqual(binsOf(stats.matchesPerText[when]), tallyOf(rows.map(({ ids }) => ids.length)));
      assert.equal(
        stats.matchesPerText[when].sum,
        rows.reduce((sum, { ids }) => sum + ids.length, 0),
      );
      const lengths = rows.map(({ caption }) => Array.from(caption).length);
      assert.deepEqual(binsOf(stats.texts.textLengths[when]), tallyOf(lengths));
      assert.deepEqual(binsOf(stats.texts.textsPerImage[when]), tallyOf(textsPerImage(rows)));
      assert.equal(stats.texts.textKeys['caption']?.[when], rows.length);
    }
    assert.ok((stats.texts.textsPerImage.before.bins.at(-1)?.from ?? 0) >= 3);
  });

  it('know the languages of the texts when they are asked for, and only then', async () => {
    assert.equal(stats.texts?.languages, undefined);
    const copy = join(folder, 'languages');
    cpSync(out, copy, { recursive: true });
    const { texts, classes } = await collectRunStats(copy, {
      languages: true,
      workers: 1,
      classes: { source: 'animals', names: ['dog', 'dog', 'emu'] },
    });
    const identifier = new LanguageIdentifier(openLidModel(readLidModel()));
    const labelOf = (text: string): string => {
      const bytes = Buffer.from(text);
      return identifier.labels[identifier.identify(bytes, 0, bytes.length)] ?? '';
    };
    const [ofMatched, ofKept] = [matched, kept].map((rows) => rows.map(({ caption }) => labelOf(caption)));
    const languages = Object.entries(texts?.languages ?? {});
    assert.ok(languages.length > 3);
    assert.deepEqual(new Set(languages.map(([label]) => label)), new Set(ofMatched));
    for (const [label, counted] of languages) {
      const countIn = (labels: readonly string[] = []): number =>
        labels.filter((one) => one === label).length;
      assert.deepEqual(counted, { before: countIn(ofMatched), after: countIn(ofKept) });
    }
    assert.deepEqual([classes?.source, classes?.classCount, classes?.entryCount], ['animals', 2, 1]);
    // Without them the answer is as before, and not taken from what was remembered with them.
    const without = await collectRunStats(copy, { sweepCaps: [1, 3, 50, 1000], workers: 1 });
    assert.deepEqual(without.texts, stats.texts);
  });

  it('sweep caps as the oracle does, the own one among them', () => {
    assert.deepEqual(
      stats.sweep?.map(({ t }) => t),
      [1, 3, T, 50, 1000],
    );
    const ids = matched.map((row) => row.ids);
    for (const point of stats.sweep) {
      const expected = oracleCuratedSize(ids, counts, point.t);
      assert.ok(Math.abs(point.expectedKept - expected.expected) < 1e-8);
      assert.ok(Math.abs(point.expectedSd - expected.sd) < 1e-8);
      assert.equal(point.certain, expected.certain);
      assert.equal(point.tailShare, oracleTailShare(counts, point.t));
      assert.equal(point.headEntries, counts.filter((count) => count >= point.t).length);
      assert.equal(point.headEntries + point.tailEntries, stats.counts.hit);
      assert.equal(
        point.cappedMatches,
        counts.reduce((sum, count) => sum + Math.min(count, point.t), 0),
      );
    }
    const own = stats.sweep.find(({ t }) => t === T);
    assert.equal(own?.expectedKept, stats.pairs.expectedKept);
    assert.ok(Math.abs(own.expectedSd - stats.pairs.expectedSd) < 1e-9);
  });

  it('explain the difference between capped counts and kept pairs to the last pair', () => {
    const { explain } = stats;
    const sum = (name: 'pairs' | 'acceptances' | 'expectedKept'): number =>
      explain.rows.reduce((total, row) => total + row[name], 0);
    assert.equal(sum('pairs'), matched.length);
    assert.ok(Math.abs(sum('acceptances') - explain.cappedMatches) < 1e-8);
    assert.ok(Math.abs(sum('expectedKept') - explain.expectedKept) < 1e-8);
    assert.equal(explain.repeats, explain.cappedMatches - explain.expectedKept);
    assert.ok(explain.repeats > 0);
    for (const row of explain.rows) {
      const pairs = matched.filter(({ ids }) => ids.length >= row.from && ids.length < row.to);
      assert.equal(row.pairs, pairs.length);
      const acceptances = pairs
        .flatMap(({ ids }) => ids.map((id) => oracleEntryProbability(counts[id] ?? 0, T)))
        .reduce((total, q) => total + q, 0);
      const expected = pairs.reduce((total, { ids }) => total + oracleKeepProbability(ids, counts, T), 0);
      assert.ok(Math.abs(row.acceptances - acceptances) < 1e-8);
      assert.ok(Math.abs(row.expectedKept - expected) < 1e-8);
    }
    // Pairs with one entry can't be taken twice.
    assert.ok(Math.abs((explain.rows[0]?.acceptances ?? 0) - (explain.rows[0]?.expectedKept ?? 1)) < 1e-9);
  });

  it('are those of stats.json but for the passes, and hold no path of the machine', async () => {
    const text = readFileSync(join(out, 'stats.json'), 'utf8');
    const quick = await collectRunStats(out, { detail: false });
    assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(statsJson(quick))));
    assert.ok(!text.includes(folder));
    assert.equal(quick.sweep, null);
    assert.equal(quick.texts, null);
  });

  it('are remembered: a second call takes what the first one found, a damaged memory is made anew', async () => {
    const copy = join(folder, 'remembered');
    cpSync(out, copy, { recursive: true });
    const path = join(copy, 'stats-detail.json');
    const original = readFileSync(path, 'utf8');
    // A number that no pass would give shows where the answer comes from.
    writeFileSync(path, original.replace(/"expectedKept": [\d.]+/, '"expectedKept": -1'));
    const again = await collectRunStats(copy, { sweepCaps: [1, 3, 50, 1000], workers: 1 });
    assert.equal(again.sweep?.[0]?.expectedKept, -1);
    assert.deepEqual(again.texts, stats.texts);
    for (const damaged of ['{', '{"sweepKey":1}']) {
      writeFileSync(path, damaged);
      const anew = await collectRunStats(copy, { sweepCaps: [1, 3, 50, 1000], workers: 1 });
      assert.deepEqual(anew.sweep, stats.sweep);
      assert.equal(readFileSync(path, 'utf8'), original);
    }
    // Another cap: the sweep over the same pairs stays, what was kept does not.
    await continueRun(copy, 'write', { t: 3, ...control() });
    const other = await collectRunStats(copy, { sweepCaps: [1, 10, 50, 1000], workers: 1 });
    assert.deepEqual(other.sweep, stats.sweep);
    assert.deepEqual(other.texts?.textLengths.before, stats.texts?.textLengths.before);
    assert.notDeepEqual(other.texts?.textLengths.after, stats.texts?.textLengths.after);
  });

  it('leave nothing but their memory behind', async () => {
    const copy = join(folder, 'clean');
    cpSync(out, copy, { recursive: true });
    const names = readdirSync(copy);
    await collectRunStats(copy, { sweepCaps: [2], workers: 1 });
    assert.deepEqual(readdirSync(copy), names);
  });

  it('refuse a run that is not balanced, or was balanced otherwise', async () => {
    const path = join(folder, 'unbalanced');
    const inputs = [join(folder, 'pool', 'texts.jsonl')];
    await matchInputs({ inputs, out: path, lang: 'off', ...control() });
    await assert.rejects(collectRunStats(path), { code: 'E_RUN_INCOMPLETE' });
    await assert.rejects(collectRunStats(join(folder, 'pool')), { code: 'E_RUN_MISSING' });
    await assert.rejects(collectRunStats(out, { sweepCaps: [0] }), { code: 'E_USAGE' });
    const many = Array.from({ length: 1001 }, (_, i) => i + 1);
    await assert.rejects(collectRunStats(out, { sweepCaps: many }), { code: 'E_USAGE' });
  });

  it('say when a file of the run is damaged', async () => {
    const copy = join(folder, 'damaged');
    cpSync(out, copy, { recursive: true });
    const path = join(copy, 'matched', '00000.parquet');
    const bytes = readFileSync(path);
    bytes.fill(0, 100, 5000);
    writeFileSync(path, bytes);
    writeFileSync(join(copy, 'stats-detail.json'), '');
    await assert.rejects(collectRunStats(copy, { workers: 1 }), { code: 'E_DAMAGED_RUN_FILE' });
    assert.ok(!readdirSync(copy).some((name) => name.includes('.tmp-')));
    copyFileSync(join(folder, 'entries.json'), join(copy, 'entry_counts.parquet'));
    await assert.rejects(collectRunStats(copy, { detail: false }), { code: 'E_DAMAGED_RUN_FILE' });
  });

  it('stop when the signal fires', async () => {
    const copy = join(folder, 'stopped');
    cpSync(out, copy, { recursive: true });
    writeFileSync(join(copy, 'stats-detail.json'), '');
    const abort = new AbortController();
    const passes: string[] = [];
    await assert.rejects(
      collectRunStats(copy, {
        workers: 1,
        signal: abort.signal,
        onProgress: ({ pass }) => {
          passes.push(pass);
          if (pass === 'texts') abort.abort();
        },
      }),
      { code: 'E_INTERRUPTED' },
    );
    assert.ok(passes.includes('sweep'));
    assert.ok(!readdirSync(copy).some((name) => name.includes('.tmp-')));
    await assert.rejects(collectRunStats(copy, { workers: 1, signal: AbortSignal.abort() }), {
      code: 'E_INTERRUPTED',
    });
  });
});

describe('entry_counts.parquet', () => {
  it('has the right q after count on a balanced run, and after another balance', async (test) => {
    const folder = makeTempFolder(test);
    const cacheDir = join(folder, 'cache');
    const inputs = writeSmallPool(join(folder, 'pool'), 1, 200);
    const metadata = join(folder, 'entries.json');
    writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
    const out = join(folder, 'run');
    const control = { workers: 1, cacheDir };
    await curate({ inputs, out, metadata, t: 10, lang: 'off', ...control });
    const path = join(out, 'entry_counts.parquet');
    const qOf = async (): Promise<unknown[]> => (await readParquetRows(path)).map((row) => row['q']);
    const expected = async (t: number): Promise<number[]> =>
      (await readParquetRows(path)).map((row) => oracleEntryProbability(Number(row['count']), t));
    const bytes = readFileSync(path);

    await continueRun(out, 'count', control);
    await continueRun(out, 'balance', control);
    assert.deepEqual(readFileSync(path), bytes);
    assert.deepEqual(await qOf(), await expected(10));

    // What an interrupted or older call may have left: counts without q, and a q of another cap.
    const other = join(folder, 'other');
    await matchInputs({ inputs, out: other, metadata, t: 10, lang: 'off', ...control });
    await continueRun(other, 'count', control);
    assert.ok((await readParquetRows(join(other, 'entry_counts.parquet'))).every((row) => row['q'] === null));
    copyFileSync(join(other, 'entry_counts.parquet'), path);
    await continueRun(out, 'balance', control);
    assert.deepEqual(await qOf(), await expected(10));

    await continueRun(out, 'balance', { t: 3, ...control });
    assert.deepEqual(await qOf(), await expected(3));
    writeFileSync(path, bytes);
    const { executedPieces } = await continueRun(out, 'balance', control);
    assert.equal(executedPieces, 0);
    assert.deepEqual(await qOf(), await expected(3));
    assert.ok(existsSync(path));
  });
});
