/**
 * How whole runs grow with the pool and with the workers, stage by stage.
 *
 *   npm run bench:scaling -- [--sizes 100000,1000000,10000000] [--pool FOLDER] [--record]
 *
 * For each size `metaclip curate` runs over generated captions with one worker on one core and with two on two; a worker that matches
 * a large file has a second thread, which would take the other core. Entries: the 500,000 of the reference where they are, else the
 * bundled list. Printed: seconds of each stage by the times of its markers, microseconds a pair, the gain of the second worker with
 * its core, and the peak of the process's memory. With `--record` the figures go to records/scaling.csv and, as a picture, to
 * docs/scaling.svg. Needs `taskset` (util-linux).
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine } from './bench-record.ts';
import { makePool } from './pool.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist/src/cli.js');
const STAGES = ['match', 'scatter', 'resolve', 'count', 'balance', 'write'] as const;
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '100000,1000000,10000000' },
    pool: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

const metadata =
  skipWithoutReference === false ? ['--metadata', referencePath('captions/metadata_500k.json.gz')] : [];
const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
// A file, because threads take over the options of the process, and --eval is one.
const measured = join(folder, 'measured.mjs');
writeFileSync(
  measured,
  `process.on('exit', () => process.stderr.write('\\nPEAK ' + process.resourceUsage().maxRSS));
  await import(${JSON.stringify(cli)});`,
);

interface Figures {
  readonly rows: number;
  readonly entries: number;
  readonly workers: number;
  readonly seconds: number;
  /** From the first marker's file time of a stage to the last one of it; the first stage starts with the run. */
  readonly stages: Readonly<Record<string, number>>;
  readonly peakMemoryMb: number;
}

function measure(
  files: readonly string[],
  rows: number,
  workers: number,
  out: string,
): Omit<Figures, 'entries'> {
  const startMs = performance.now();
  const epochMs = Date.now();
  const args = [
    'curate',
    ...files,
    '--out',
    out,
    '--lang',
    'off',
    '--t',
    '1000',
    '--workers',
    String(workers),
    ...metadata,
  ];
  // The first cores, whatever their number.
  const cores = Array.from({ length: workers }, (_, core) => core).join(',');
  const child = spawnSync('taskset', ['-c', cores, process.execPath, measured, ...args], {
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  if (child.error !== undefined) throw child.error;
  if (child.status !== 0) throw new Error(child.stderr);
  const seconds = (performance.now() - startMs) / 1000;
  const stages: Record<string, number> = {};
  let previousMs = epochMs;
  for (const stage of STAGES) {
    const folder = join(out, 'done', stage);
    const ends = readdirSync(folder).map((file) => statSync(join(folder, file)).mtimeMs);
    const lastMs = Math.max(...ends);
    stages[stage] = (lastMs - previousMs) / 1000;
    previousMs = lastMs;
  }
  return {
    rows,
    workers,
    seconds,
    stages,
    peakMemoryMb: Number(/PEAK (\d+)/.exec(child.stderr)?.[1] ?? NaN) / 1024,
  };
}

const figures: Figures[] = [];
const machine = describeMachine();
console.log(`${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}`);
try {
  for (const rows of values.sizes.split(',').map(Number)) {
    const files = makePool(values.pool ?? join(folder, 'pool'), rows);
    for (const workers of [1, 2]) {
      const out = join(folder, 'run');
      const figure = measure(files, rows, workers, out);
      const { pairs, entries } = JSON.parse(readFileSync(join(out, 'stats.json'), 'utf8')) as {
        pairs: { kept: number };
        entries: { total: number };
      };
      rmSync(out, { recursive: true });
      figures.push({ ...figure, entries: entries.total });
      const stages = STAGES.map((stage) => `${stage} ${(figure.stages[stage] ?? 0).toFixed(1)}`).join(', ');
      console.log(
        `${String(rows).padStart(9)} pairs, ${workers} worker${workers === 1 ? ' ' : 's'}: ${figure.seconds.toFixed(1).padStart(6)} s, ${((figure.seconds / rows) * 1e6).toFixed(2)} us a pair, ${figure.peakMemoryMb.toFixed(0)} MB, ${pairs.kept} kept by ${entries.total} entries (${stages})`,
      );
    }
    const [one, two] = figures.slice(-2);
    if (one === undefined || two === undefined) continue;
    const gains = STAGES.map(
      (stage) => `${stage} ${((one.stages[stage] ?? 0) / (two.stages[stage] ?? 1)).toFixed(2)}`,
    ).join(', ');
    console.log(
      `          second worker: ${(one.seconds / two.seconds).toFixed(2)} times as fast (${gains})`,
    );
  }
  if (values.record) await record();
} finally {
  rmSync(folder, { recursive: true });
}

async function record(): Promise<void> {
  for (const { rows, entries, workers, seconds, stages, peakMemoryMb } of figures) {
    appendRecord('scaling', {
      pairs: rows,
      entries,
      workers,
      seconds: seconds.toFixed(2),
      ...Object.fromEntries(STAGES.map((stage) => [`${stage}_s`, (stages[stage] ?? 0).toFixed(2)])),
      peak_mb: peakMemoryMb.toFixed(0),
    });
  }
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    width: 560,
    height: 260,
    data: {
      values: figures.map(({ rows, workers, seconds }) => ({
        pairs: rows,
        workers: workers === 1 ? '1 worker on 1 core' : `${workers} workers on ${workers} cores`,
        cost: (seconds / rows) * 1e6,
      })),
    },
    mark: { type: 'line', point: true },
    encoding: {
      x: {
        field: 'pairs',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { values: [...new Set(figures.map(({ rows }) => rows))], format: ',', labelFlush: true },
        title: 'pairs in the pool',
      },
      y: {
        field: 'cost',
        type: 'quantitative',
        scale: { zero: true },
        title: 'microseconds a pair, whole run',
      },
      color: { field: 'workers', type: 'nominal', title: null, legend: { orient: 'top', labelLimit: 300 } },
    },
  };
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  writeFileSync(join(root, 'docs/scaling.svg'), `${await view.toSVG()}\n`);
}
