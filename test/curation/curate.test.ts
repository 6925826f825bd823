import assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { continueRun } from '../../src/curation/continue-run.ts';
import { curate, matchInputs } from '../../src/curation/curate.ts';
import type { CurateOptions } from '../../src/curation/curate-options.ts';
import { uidOf, uuidOf } from '../../src/curation/pair-ids.ts';
import { oracleBalance, oracleCount, oracleKeepProbability, oracleMatch } from '../helpers/oracle.ts';
import { readCuratedRows, readFooter, readParquetRows, readResultBytes } from '../helpers/read-run.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

interface Row {
  url: string;
  caption: string;
}

describe('a curation run', () => {
  let folder: string;
  let inputs: string[];
  let options: Omit<CurateOptions, 'out'>;
  const hooks: (() => void)[] = [];

  before(() => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    inputs = writeSmallPool(join(folder, 'pool'), 4, 400);
    const metadata = join(folder, 'entries.json');
    writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
    options = { inputs, metadata, t: 10, seed: 3, lang: 'off', workers: 1, cacheDir: join(folder, 'cache') };
  });
  after(() => {
    for (const hook of hooks) hook();
  });
  const out = (name: string): string => join(folder, name);
  const poolRows = (): Row[] =>
    inputs.flatMap((path) =>
      readFileSync(path, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Row),
    );

  it('equals the oracle: matches, counts, keep probabilities; no pair twice', async () => {
    const { summary } = await curate({ ...options, out: out('base') });
    assert.ok(summary);
    const distinct = [...new Map(poolRows().map((row) => [uidOf(row.url, row.caption), row])).values()];
    const matched = distinct
      .map((row) => ({ ...row, ids: oracleMatch(row.caption, SMALL_ENTRIES) }))
      .filter((row) => row.ids.length > 0);
    const counts = oracleCount(
      matched.map((row) => row.ids),
      SMALL_ENTRIES.length,
    );
    assert.equal(summary.pairs.matched, matched.length);

    const countRows = await readParquetRows(join(out('base'), 'entry_counts.parquet'));
    assert.deepEqual(
      countRows.map((row) => [row['entry_id'], row['entry'], Number(row['count']), row['q']]),
      SMALL_ENTRIES.map((entry, id) => [id, entry, counts[id], 10 / Math.max(10, counts[id] ?? 0)]),
    );

    const kept = await readCuratedRows(out('base'));
    assert.equal(kept.length, summary.pairs.kept);
    assert.equal(new Set(kept.map((row) => row['uid'])).size, kept.length);
    const byUid = new Map(matched.map((row) => [uidOf(row.url, row.caption), row]));
    for (const row of kept) {
      const source = byUid.get(String(row['uid']));
      assert.ok(source, 'a row that is not in the pool');
      assert.equal(row['url'], source.url);
      assert.equal(row['caption'], source.caption);
      assert.equal(row['uuid'], uuidOf(source.url));
      assert.deepEqual(row['entry_ids'], source.ids);
      assert.equal(row['keep_prob'], Math.fround(oracleKeepProbability(source.ids, counts, 10)));
      assert.equal(row['lang'], null);
      assert.equal(row['text_key'], 'caption');
    }
    const uids = new Set(kept.map((row) => row['uid']));
    for (const [uid, row] of byUid) {
      if (oracleKeepProbability(row.ids, counts, 10) === 1)
        assert.ok(uids.has(uid), 'a tail pair is missing');
    }
    const { expectedKept, expectedSd } = summary.pairs;
    assert.ok(Math.abs(kept.length - expectedKept) <= 4 * expectedSd);

    // The number kept is distributed as the reference's independent draws per entry.
    let state = 1;
    const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647;
    const ids = matched.map((row) => row.ids);
    const sizes = Array.from({ length: 20 }, () => oracleBalance(ids, counts, 10, random).length);
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    assert.ok(Math.abs(mean - expectedKept) <= (4 * expectedSd) / Math.sqrt(sizes.length));
  });

  it('accounts for every pair: in = kept + the sum of the reasons', async () => {
    const { summary } = await curate({ ...options, out: out('base') });
    assert.ok(summary);
    const dropped = Object.values(summary.pairs.dropped).reduce((sum, count) => sum + count, 0);
    assert.equal(summary.pairs.extracted, poolRows().length);
    assert.equal(summary.pairs.extracted, summary.pairs.kept + dropped);
    assert.ok(Object.values(summary.pairs.dropped).filter((count) => count > 0).length >= 3);
  });

  for (const workers of [2, 4]) {
    it(`gives the same bytes with ${workers} workers`, async () => {
      await curate({ ...options, out: out(`workers-${workers}`), workers });
      assert.deepEqual(readResultBytes(out(`workers-${workers}`)), readResultBytes(out('base')));
    });
  }

  it('gives the same bytes when the inputs are named in another order', async () => {
    await curate({ ...options, inputs: [...inputs].reverse(), out: out('reversed') });
    assert.deepEqual(readResultBytes(out('reversed')), readResultBytes(out('base')));
  });

  it('gives the same set of rows when the files have other names and so another order', async () => {
    const renamed = join(folder, 'renamed');
    cpSync(join(folder, 'pool'), renamed, { recursive: true });
    readdirSync(renamed).forEach((name, i) => {
      renameSync(join(renamed, name), join(renamed, `x${9 - i}.jsonl`));
    });
    await curate({ ...options, inputs: [renamed], out: out('renamed-run') });
    const sorted = async (name: string): Promise<string[]> =>
      (await readCuratedRows(out(name))).map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(await sorted('renamed-run'), await sorted('base'));
  });

  it('keeps a subset for a smaller t with the same seed, and other pairs with another seed', async () => {
    const uidsOf = async (name: string, change: Partial<CurateOptions>): Promise<Set<unknown>> => {
      await curate({ ...options, ...change, out: out(name) });
      return new Set((await readCuratedRows(out(name))).map((row) => row['uid']));
    };
    let larger = await uidsOf('t-40', { t: 40 });
    for (const t of [20, 10, 5, 1]) {
      const smaller = await uidsOf(`t-${t}`, { t });
      assert.ok(smaller.size < larger.size);
      for (const uid of smaller) assert.ok(larger.has(uid));
      larger = smaller;
    }
    const other = await uidsOf('seed-4', { seed: 4 });
    const base = await uidsOf('seed-3', {});
    assert.ok([...other].some((uid) => !base.has(uid)));
  });

  it('gives the same result stage by stage, and samples anew without matching again', async () => {
    const dir = out('staged');
    assert.equal((await matchInputs({ ...options, out: dir })).executedPieces, 4);
    assert.equal((await continueRun(dir, 'count')).summary, null);
    await continueRun(dir, 'balance');
    await continueRun(dir, 'write');
    assert.deepEqual(readResultBytes(dir), readResultBytes(out('base')));

    const again = await continueRun(dir, 'write', { t: 40 });
    assert.equal(again.executedPieces, 8, 'four tasks balanced and written, none matched or counted');
    const rows = (await readCuratedRows(dir)).map((row) => row['uid']);
    assert.deepEqual(
      rows,
      (await readCuratedRows(out('t-40'))).map((row) => row['uid']),
    );
    assert.equal(readFooter(join(dir, 'curated', '00000.parquet')).metadata.get('metaclip.t'), '40');
  });

  it('samples anew in one call as in two, and as from the start', async () => {
    const [one, two] = [out('one-call'), out('two-calls')];
    for (const dir of [one, two]) cpSync(out('staged'), dir, { recursive: true });
    await continueRun(one, 'write', { t: 25, seed: 9 });
    await continueRun(two, 'balance', { t: 25, seed: 9 });
    await continueRun(two, 'write', { workers: 3 });
    const { t: _, seed: __, ...rest } = options;
    await curate({ ...rest, t: 25, seed: 9, out: out('t-25') });
    assert.deepEqual(readResultBytes(one), readResultBytes(out('t-25')));
    assert.deepEqual(readResultBytes(two), readResultBytes(out('t-25')));
  });

  it('takes the cap from a tail share, and from a number of pairs', async () => {
    const { t: _, ...withoutCap } = options;
    const share = await curate({ ...withoutCap, tailShare: 0.3, out: out('share') });
    assert.ok(share.summary && Math.abs(share.summary.tailShare - 0.3) < 0.15);
    const target = await continueRun(out('share'), 'balance', { target: 500 });
    assert.ok(target.summary && target.summary.pairs.expectedKept >= 500);
    const below = await continueRun(out('share'), 'balance', { t: target.summary.t - 1 });
    assert.ok(below.summary && below.summary.pairs.expectedKept < 500);
  });

  it('adds up the counts once more where the remembered sum is damaged, of another run, or gone', async () => {
    const dir = out('sums');
    cpSync(out('staged'), dir, { recursive: true });
    const path = join(dir, 'entry_counts.parquet');
    const whole = readFileSync(path);
    const damaged = Buffer.from(whole);
    damaged.fill(0xff, 4, 60);
    const [ofOthers, ofTask] = [
      join(out('share'), 'entry_counts.parquet'),
      join(dir, 'counts', '00000.parquet'),
    ];
    const contents = [
      damaged,
      whole.subarray(0, 50),
      readFileSync(ofOthers),
      readFileSync(ofTask),
      undefined,
    ];
    for (const [at, bytes] of contents.entries()) {
      if (bytes === undefined) rmSync(path);
      else writeFileSync(path, bytes);
      await continueRun(dir, 'write', { t: 25 + at });
      await continueRun(dir, 'write', { t: 40 });
      assert.deepEqual(readResultBytes(dir), readResultBytes(out('staged')));
    }
  });

  it('does nothing twice, and does again what lost its file', async () => {
    const dir = out('again');
    const first = await curate({ ...options, out: dir });
    assert.equal(first.executedPieces, 4 + 1 + 1 + 4 + 4 + 4);
    assert.equal((await curate({ ...options, out: dir })).executedPieces, 0);
    rmSync(join(dir, 'curated', '00002.parquet'));
    writeFileSync(join(dir, 'counts', '00001.parquet'), 'cut');
    assert.equal((await curate({ ...options, out: dir })).executedPieces, 2);
    assert.deepEqual(readResultBytes(dir), readResultBytes(out('base')));
  });

  it('refuses other inputs and options with the difference named', async () => {
    const dir = out('refused');
    const pool = join(folder, 'changing');
    cpSync(join(folder, 'pool'), pool, { recursive: true });
    const start = { ...options, inputs: [pool], out: dir };
    await curate(start);
    const other = join(folder, 'other.json');
    writeFileSync(other, JSON.stringify(['zebra', 'the']));
    const rows: [Partial<CurateOptions>, RegExp][] = [
      [{ t: 11 }, /--t 11 was --t 10/],
      [{ seed: 4 }, /--seed was 3, now 4/],
      [{ lang: 'en' }, /--lang was off, now en/],
      [{ compat: 'mended' }, /--compat was metaclip, now mended/],
      [{ schema: 'laion' }, /--schema was default, now laion/],
      [{ metadata: other }, /--metadata was .*314 entries.* now .*2 entries/],
      [{ textColumn: 'caption' }, /--text-column was not given, now caption/],
      [{ inputs: [pool, ...inputs.slice(0, 1)] }, /input added: .*pool-00/],
    ];
    for (const [change, message] of rows) {
      await assert.rejects(curate({ ...start, ...change }), { code: 'E_RUN_MISMATCH', message });
    }
    writeFileSync(join(pool, 'pool-01.jsonl'), '{"url":"http://a/b","caption":"the zebra"}\n');
    await assert.rejects(curate(start), {
      code: 'E_RUN_MISMATCH',
      message: /input changed since: .*pool-01.*bytes then, 43 now/,
    });
    rmSync(join(pool, 'pool-01.jsonl'));
    await assert.rejects(curate(start), {
      code: 'E_RUN_MISMATCH',
      message: /input no longer given: .*pool-01/,
    });
  });

  it('refuses a folder with other things in it, and a run that is not there or not matched', async () => {
    const dir = join(folder, 'pool');
    await assert.rejects(curate({ ...options, out: dir }), {
      code: 'E_OUTPUT_NOT_EMPTY',
      message: /pool-00.jsonl/,
    });
    assert.ok(!existsSync(join(dir, 'run.json')));
    await assert.rejects(continueRun(join(folder, 'nothing'), 'write'), { code: 'E_RUN_MISSING' });
    const half = out('half');
    await matchInputs({ ...options, out: half });
    rmSync(join(half, 'done', 'match', '00001.json'));
    await assert.rejects(continueRun(half, 'write'), { code: 'E_RUN_INCOMPLETE', message: /1 of 4 tasks/ });
    writeFileSync(join(half, 'run.json'), '{"formatVersion":99}');
    await assert.rejects(continueRun(half, 'write'), { code: 'E_DAMAGED_RUN_FILE' });
  });

  it('refuses an entry list that is not the one of the run', async () => {
    const dir = out('list');
    await matchInputs({ ...options, out: dir });
    const other = join(folder, 'other-list.json');
    writeFileSync(other, JSON.stringify(['zebra', 'the']));
    await assert.rejects(continueRun(dir, 'write', { metadata: other }), { code: 'E_METADATA_MISMATCH' });
  });

  it('stops when the signal fires, leaves no temporary file, and goes on afterwards', async () => {
    const dir = out('aborted');
    const controller = new AbortController();
    const interrupted = curate({
      ...options,
      out: dir,
      signal: controller.signal,
      onProgress: ({ donePieces }) => {
        if (donePieces > 0) controller.abort();
      },
    });
    await assert.rejects(interrupted, { code: 'E_INTERRUPTED' });
    const names = readdirSync(dir, { recursive: true }).map(String);
    assert.deepEqual(
      names.filter((name) => name.includes('.tmp-')),
      [],
    );
    const { executedPieces } = await curate({ ...options, out: dir });
    assert.ok(executedPieces < 18);
    assert.deepEqual(readResultBytes(dir), readResultBytes(out('base')));
  });

  it('goes on when one of several inputs cannot be read, and says so; refuses when none can', async () => {
    const broken = join(folder, 'broken.parquet');
    writeFileSync(broken, 'PAR1 this is no Parquet file PAR1');
    const { summary } = await curate({ ...options, inputs: [broken, ...inputs], out: out('one-broken') });
    assert.equal(summary?.unreadable.length, 1);
    assert.equal(summary.leftOut['unreadable-file'], 1);
    assert.equal(summary.pairs.kept, (await readCuratedRows(out('base'))).length);
    await assert.rejects(curate({ ...options, inputs: [broken], out: out('all-broken') }), {
      code: 'E_INPUT_UNREADABLE',
    });
  });

  it('drops what is on the drop list under a reason of its own', async () => {
    const list = join(folder, 'drop.txt');
    writeFileSync(list, '# words\nzebra\nred car\n');
    const { summary } = await curate({ ...options, dropList: list, out: out('dropped') });
    assert.ok(summary && summary.pairs.dropped['drop-list'] > 0);
    const rows = await readCuratedRows(out('dropped'));
    assert.ok(rows.every((row) => !/\b(zebra|red car)\b/i.test(String(row['caption']))));
  });

  it('writes zstd shards with stated row groups and provenance that DuckDB reads too', async () => {
    const path = join(out('base'), 'curated', '00000.parquet');
    const { metadata, rowGroups, codecs } = readFooter(path);
    assert.deepEqual([...codecs], ['ZSTD']);
    assert.ok(rowGroups.every((rows) => rows <= 65_536));
    assert.equal(metadata.get('metaclip.t'), '10');
    assert.equal(metadata.get('metaclip.seed'), '3');
    assert.match(metadata.get('metaclip.entries_sha256') ?? '', /^[0-9a-f]{64}$/);
    const connection = await (await DuckDBInstance.create(':memory:')).connect();
    const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${path}')`);
    assert.deepEqual(
      described.getRows().map(([name, type]) => [name, type]),
      [
        ['uid', 'VARCHAR'],
        ['uuid', 'VARCHAR'],
        ['url', 'VARCHAR'],
        ['caption', 'VARCHAR'],
        ['text_key', 'VARCHAR'],
        ['lang', 'VARCHAR'],
        ['page_url', 'VARCHAR'],
        ['entry_ids', 'UINTEGER[]'],
        ['keep_prob', 'FLOAT'],
      ],
    );
  });
});
