/**
 * Sampling a matched pool again for other caps, beside DuckDB copying the same columns with a filter.
 *
 *   npm run bench:balance -- [--sizes 1000000,10000000] [--workers 2] [--rounds 5] [--pool FOLDER] [--record]
 *
 * For each size a pool is generated and matched once. Then three things take turns, with another cap each round:
 *   - one command, `metaclip write DIR --t T`, from its start to its end;
 *   - two commands, `metaclip balance DIR --t T` and `metaclip write DIR`;
 *   - DuckDB's copy of the same columns, with as many threads as workers, the same codec, level and row groups; its filter lets
 *     as many rows through. Once inside a process that has DuckDB open, which is the limit, and once as a process of its own.
 * First the answer is proved: each round's shards have exactly the rows that stats.json says. Peak memory is that of the whole
 * process.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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
    sizes: { type: 'string', default: '1000000,10000000' },
    workers: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '5' },
    pool: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});
const { workers } = values;
const rounds = Math.max(5, Number(values.rounds));

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
const run = join(folder, 'run');
// A file, because threads take over the options of the process, and --eval is one.
const measured = join(folder, 'measured.mjs');
writeFileSync(
  measured,
  `process.on('exit', () => process.stderr.write('\\nPEAK ' + process.resourceUsage().maxRSS));
  await import(${JSON.stringify(cli)});`,
);
const copier = join(folder, 'copier.mjs');
writeFileSync(
  copier,
  `import { DuckDBInstance } from ${JSON.stringify(import.meta.resolve('@duckdb/node-api'))};
  const connection = await (await DuckDBInstance.create(':memory:', { threads: process.argv[3] })).connect();
  await connection.run(process.argv[2]);`,
);

interface Call {
  readonly seconds: number;
  readonly peakMb: number;
}

function runNode(...args: string[]): Call {
  const startMs = performance.now();
  const child = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 1 << 26 });
  const seconds = (performance.now() - startMs) / 1000;
  if (child.status !== 0) throw new Error(child.stderr);
  return { seconds, peakMb: Number(/PEAK (\d+)/.exec(child.stderr)?.[1] ?? NaN) / 1024 };
}

const metaclip = (...args: string[]): Call => runNode(measured, ...args, '--workers', workers);

/** The calls of each way, one a round. */
type Figures = Record<'both' | 'balance' | 'write' | 'copy' | 'copyProcess', Call[]>;

async function measure(rows: number): Promise<Figures> {
  const files = makePool(values.pool ?? join(folder, 'pool'), rows);
  rmSync(run, { recursive: true, force: true });
  metaclip('curate', ...files, '--out', run, '--lang', 'off', '--t', String(rows / 1000));
  const duckdb = await DuckDBInstance.create(':memory:', { threads: workers });
  const connection = await duckdb.connect();
  const count = async (sql: string): Promise<number> =>
    Number((await connection.runAndReadAll(sql)).getRows()[0]?.[0] ?? NaN);
  const matchedRows = await count(`SELECT count(*) FROM '${run}/matched/*.parquet'`);
  const figures: Figures = { both: [], balance: [], write: [], copy: [], copyProcess: [] };
  for (let round = 0; round < rounds; round++) {
    const t = Math.round((rows / 10_000) * (1 + 0.37 * round));
    figures.both.push(metaclip('write', run, '--t', String(t)));
    const keptRows = await proveShards(count);
    figures.balance.push(metaclip('balance', run, '--t', String(t + 1)));
    figures.write.push(metaclip('write', run));
    await proveShards(count);
    const copy = join(folder, 'copy');
    const sql = `COPY (SELECT lower(hex(uid)) AS uid, lower(hex(uuid)) AS uuid, url, caption, text_key, NULL::VARCHAR AS lang,
         page_url, entry_ids, 1::FLOAT AS keep_prob
       FROM '${run}/matched/*.parquet' WHERE hash(url) / 18446744073709551616.0 < ${keptRows / matchedRows})
       TO '${copy}' (FORMAT parquet, CODEC zstd, ROW_GROUP_SIZE 65536, PER_THREAD_OUTPUT true)`;
    mkdirSync(copy);
    const startMs = performance.now();
    await connection.run(sql);
    figures.copy.push({ seconds: (performance.now() - startMs) / 1000, peakMb: NaN });
    rmSync(copy, { recursive: true });
    mkdirSync(copy);
    figures.copyProcess.push(runNode(copier, sql, workers));
    rmSync(copy, { recursive: true });
  }
  connection.closeSync();
  duckdb.closeSync();
  return figures;
}

async function proveShards(count: (sql: string) => Promise<number>): Promise<number> {
  const { pairs } = JSON.parse(readFileSync(join(run, 'stats.json'), 'utf8')) as { pairs: { kept: number } };
  const written = await count(`SELECT count(*) FROM '${run}/curated/*.parquet'`);
  if (written !== pairs.kept) throw new Error(`${written} rows written, ${pairs.kept} kept`);
  return written;
}

try {
  const machine = describeMachine();
  console.log(
    `${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}, ${workers} workers`,
  );
  for (const rows of values.sizes.split(',').map(Number)) {
    const figures = await measure(rows);
    const seconds = (way: keyof Figures): number => median(figures[way].map((call) => call.seconds));
    const peak = (way: keyof Figures): number => Math.max(...figures[way].map((call) => call.peakMb));
    const spread = (way: keyof Figures): string => {
      const all = figures[way].map((call) => call.seconds);
      return `${seconds(way).toFixed(2)} s (${Math.min(...all).toFixed(2)} to ${Math.max(...all).toFixed(2)})`;
    };
    const two = median(figures.balance.map((call, i) => call.seconds + (figures.write[i]?.seconds ?? NaN)));
    const ratio = seconds('both') / seconds('copy');
    console.log(`${rows} pairs sampled again and written:`);
    console.log(`  one command             ${spread('both')}, at most ${peak('both').toFixed(0)} MB`);
    console.log(
      `  two commands            ${two.toFixed(2)} s: balance ${spread('balance')}, ${peak('balance').toFixed(0)} MB; write ${spread('write')}, ${peak('write').toFixed(0)} MB`,
    );
    console.log(
      `  DuckDB's copy           ${spread('copy')}; as a process of its own ${spread('copyProcess')}`,
    );
    console.log(
      `  ratio ${ratio.toFixed(2)} (at most ${MAX_RATIO}), of processes ${(seconds('both') / seconds('copyProcess')).toFixed(2)}, of two commands ${(two / seconds('copy')).toFixed(2)}`,
    );
    if (ratio > MAX_RATIO) process.exitCode = 1;
    if (values.record) {
      appendRecord('balance', {
        pairs: rows,
        workers,
        ours_s: seconds('both').toFixed(2),
        copy_s: seconds('copy').toFixed(2),
        ratio: ratio.toFixed(2),
        two_commands_s: two.toFixed(2),
        copy_process_s: seconds('copyProcess').toFixed(2),
        balance_s: seconds('balance').toFixed(2),
        balance_mb: peak('balance').toFixed(0),
        write_mb: peak('write').toFixed(0),
        both_mb: peak('both').toFixed(0),
      });
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
