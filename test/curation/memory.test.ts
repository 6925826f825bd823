/**
 * Memory is bounded by automaton, batch and row group, not by the input; and a worker more costs little. Measured on the
 * built package, because the TypeScript loader takes memory of its own in every thread.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { generateCaptionRows } from '../../scripts/bench/synthetic-captions.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist/src/cli.js');

function newestChange(folder: string): number {
  const names = readdirSync(folder, { recursive: true }).map(String);
  return Math.max(...names.map((name) => statSync(join(folder, name)).mtimeMs));
}

const skip =
  existsSync(cli) && newestChange(join(root, 'dist')) >= newestChange(join(root, 'src'))
    ? false
    : 'skipped: the build in dist/ is missing or older than src/; run `npm run build` first';

async function writePool(path: string, rowCount: number): Promise<void> {
  const vocabulary = readFileSync(join(root, 'metadata/wordnet-3.0.txt'), 'utf8')
    .split('\n')
    .slice(100, 20_000);
  function* lines(): Generator<string> {
    for (const row of generateCaptionRows(1, { vocabulary, rowCount })) yield `${JSON.stringify(row)}\n`;
  }
  await pipeline(Readable.from(lines()), createWriteStream(path));
}

/** Peak memory of a whole run, in MB, as the operating system saw it. */
async function peakMegabytes(inputs: readonly string[], out: string, workers: number): Promise<number> {
  const args = [
    'curate',
    ...inputs,
    '--out',
    out,
    '--lang',
    'off',
    '--t',
    '100',
    '--workers',
    String(workers),
  ];
  await promisify(execFile)(process.execPath, [cli, ...args]);
  const names = readdirSync(join(out, 'done'), { recursive: true }).map(String);
  const markers = names.filter((name) => name.endsWith('.json'));
  return Math.max(
    ...markers.map((name) => {
      const marker = JSON.parse(readFileSync(join(out, 'done', name), 'utf8')) as { peakMemoryBytes: number };
      return marker.peakMemoryBytes / 1e6;
    }),
  );
}

describe('memory', { skip }, () => {
  it('is flat: once its buffers have been full, twice the input takes as much', async (test) => {
    const folder = makeTempFolder(test);
    const peaks: number[] = [];
    for (const rowCount of [120_000, 1_200_000, 2_400_000]) {
      const path = join(folder, `${rowCount}.jsonl`);
      await writePool(path, rowCount);
      peaks.push(await peakMegabytes([path], join(folder, `run-${rowCount}`), 1));
    }
    const [small = 0, large = 0, larger = 0] = peaks.map(Math.round);
    const shown = `${small} MB for 120,000 rows, ${large} MB for 1,200,000, ${larger} MB for 2,400,000`;
    test.diagnostic(`peak ${shown}`);
    // The second pool is 120 MB larger than the first. It is the first to fill a de-duplication group (1 M rows, 56 MB) and each
    // thread's share of the allocator, which keeps what it has been given: 70 to 100 MB, and nothing to speak of from there on.
    assert.ok(large - small < 130, shown);
    // The third is 130 MB larger again. Half of it at the most would still not be growth with the input: peaks vary by 30 MB.
    assert.ok(larger - large < 65, shown);
  });

  it('grows little with a worker: its buffers and under 30 MB', async (test) => {
    const folder = makeTempFolder(test);
    mkdirSync(join(folder, 'pool'));
    for (let i = 0; i < 4; i++) await writePool(join(folder, 'pool', `${i}.jsonl`), 60_000);
    const one = await peakMegabytes([join(folder, 'pool')], join(folder, 'one'), 1);
    const four = await peakMegabytes([join(folder, 'pool')], join(folder, 'four'), 4);
    const perWorker = (four - one) / 3;
    test.diagnostic(
      `${one.toFixed(0)} MB with 1 worker, ${four.toFixed(0)} MB with 4: ${perWorker.toFixed(0)} MB a worker`,
    );
    // Buffers: a batch and a block of rows (14 MB), the Parquet encoder's memory (17 MB), DuckDB's row group (20 MB).
    assert.ok(perWorker < 30 + 51, `${perWorker.toFixed(0)} MB a worker`);
  });
});
