/**
 * Sampling a matched pool again for other caps, beside DuckDB copying the same columns with a filter.
 *
 *   npm run bench:balance -- [--rows 1000000] [--workers 2] [--rounds 5] [--pool FOLDER] [--record]
 *
 * The pool is generated and matched once. Then `metaclip balance --t T` and `metaclip write` take turns with the copy, T other
 * each round, both on the same number of threads and into the same codec and row groups; the filter lets as many rows through.
 * First the answer is proved: each round's shards have exactly the rows that stats.json says.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { appendRecord, describeMachine, median } from './bench-record.ts';
import { makePool } from './pool.ts';

const MAX_RATIO = 1.5;
const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    pool: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
const run = join(folder, 'run');
const metaclip = (...args: string[]): void => {
  execFileSync(process.execPath, [cli, ...args], { stdio: 'ignore' });
};

try {
  const files = makePool(values.pool ?? join(folder, 'pool'), Number(values.rows));
  metaclip('curate', ...files, '--out', run, '--lang', 'off', '--t', '1000', '--workers', values.workers);
  const duckdb = await DuckDBInstance.create(':memory:', { threads: values.workers });
  const connection = await duckdb.connect();
  const count = async (sql: string): Promise<number> =>
    Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0] ?? NaN);
  const ours: number[] = [];
  const copies: number[] = [];
  for (let round = 0; round < Math.max(5, Number(values.rounds)); round++) {
    const startMs = performance.now();
    metaclip('balance', run, '--t', String(100 + 37 * round), '--workers', values.workers);
    metaclip('write', run, '--workers', values.workers);
    ours.push((performance.now() - startMs) / 1000);
    const stats = JSON.parse(readFileSync(join(run, 'stats.json'), 'utf8')) as {
      pairs: { kept: number; matched: number };
    };
    const written = await count(`SELECT count(*) FROM '${run}/curated/*.parquet'`);
    if (written !== stats.pairs.kept) throw new Error(`${written} rows written, ${stats.pairs.kept} kept`);
    const share = stats.pairs.kept / (await count(`SELECT count(*) FROM '${run}/matched/*.parquet'`));
    const copy = join(folder, `copy-${round}`);
    mkdirSync(copy);
    const copyStartMs = performance.now();
    await connection.run(
      `COPY (SELECT lower(hex(uid)) AS uid, lower(hex(uuid)) AS uuid, url, caption, text_key, page_url, entry_ids, 1::FLOAT AS keep_prob
       FROM '${run}/matched/*.parquet' WHERE hash(url) / 18446744073709551616.0 < ${share})
       TO '${copy}' (FORMAT parquet, CODEC zstd, ROW_GROUP_SIZE 65536, PER_THREAD_OUTPUT true)`,
    );
    copies.push((performance.now() - copyStartMs) / 1000);
    rmSync(copy, { recursive: true });
  }
  const ratio = median(ours) / median(copies);
  const machine = describeMachine();
  console.log(
    `${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}, ${values.workers} workers`,
  );
  console.log(
    `${values.rows} pairs sampled again and written: ${median(ours).toFixed(2)} s; DuckDB's copy ${median(copies).toFixed(2)} s`,
  );
  console.log(`  ratio ${ratio.toFixed(2)} (at most ${MAX_RATIO})`);
  if (ratio > MAX_RATIO) process.exitCode = 1;
  if (values.record) {
    appendRecord('balance', {
      pairs: values.rows,
      workers: values.workers,
      ours_s: median(ours).toFixed(2),
      copy_s: median(copies).toFixed(2),
      ratio: ratio.toFixed(2),
    });
  }
} finally {
  rmSync(folder, { recursive: true });
}
