/**
 * A WAT file to matched Parquet beside the original's way, in seconds of processor time.
 *
 *   npm run bench:wat-original -- [--megabytes 1300] [--rounds 5] [--lang en] [--record]
 *
 * The original's way is original_wat.py, in Python with its C parts. Its answer must be ours: pairs, matched pairs, matches. Its start,
 * the building of its automaton and the loading of its language model are not counted; of ours everything is, all threads and the
 * start. Wanted are 15 times; how much of that inflating alone allows is measured in the same run, by gunzip in Node and by our reader
 * of crawl files. Limit: 4 times.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findLidModel } from '../../src/curation/language/lid-model.ts';
import { openFileSource } from '../../src/curation/sources/byte-source.ts';
import { openDecoded } from '../../src/curation/sources/decoded-bytes.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const WANTED_RATIO = 15;
const MIN_RATIO = 4;
const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist/src/cli.js');
const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1300' },
    rounds: { type: 'string', default: '5' },
    lang: { type: 'string', default: 'off' },
    record: { type: 'boolean', default: false },
  },
});

interface Answer {
  readonly cpuSeconds: number;
  readonly pairs: number;
  readonly matched: number;
  readonly matches: number;
}

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
const file = join(folder, 'bench.warc.wat.gz');
const out = join(folder, 'run');

// A file, because threads take over the options of the process, and --eval is one.
const measured = join(folder, 'measured.mjs');
writeFileSync(
  measured,
  `process.on('exit', () => { const { user, system } = process.cpuUsage(); process.stderr.write('\\nCPU ' + (user + system) / 1e6); });
  await import(${JSON.stringify(cli)});`,
);

function metaclip(metadata: string): Answer {
  rmSync(out, { recursive: true, force: true });
  const args = ['match', file, '--out', out, '--workers', '1', '--lang', values.lang, '--metadata', metadata];
  const child = spawnSync(process.execPath, [measured, ...args], {
    encoding: 'utf8',
  });
  if (child.status !== 0) throw new Error(child.stderr);
  const [name = ''] = readdirSync(join(out, 'done/match'));
  const { totals } = JSON.parse(readFileSync(join(out, 'done/match', name), 'utf8')) as {
    totals: Omit<Answer, 'cpuSeconds'>;
  };
  return { ...totals, cpuSeconds: Number(/CPU ([\d.]+)/.exec(child.stderr)?.[1] ?? NaN) };
}

/** Processor time of inflating alone, by the reader of crawl files. */
async function inflateSeconds(): Promise<number> {
  const { user: before } = process.cpuUsage();
  const decoded = openDecoded(openFileSource(file), () => undefined);
  while ((await decoded.next(0)) !== undefined);
  await decoded.close();
  return (process.cpuUsage().user - before) / 1e6;
}

try {
  if (skipWithoutReference !== false) throw new Error(skipWithoutReference);
  const metadata = referencePath('captions/metadata_500k.json.gz');
  const generator = join(root, 'scripts/bench/generate-wat.ts');
  execFileSync(
    process.execPath,
    ['--import', 'tsx', generator, '--out', file, '--megabytes', values.megabytes],
    { stdio: 'ignore' },
  );
  const script = join(root, 'scripts/bench/original_wat.py');
  const ours: number[] = [];
  const inflating: number[] = [];
  const theirs: number[] = [];
  let answer = metaclip(metadata);
  for (let round = 0; round < Math.max(5, Number(values.rounds)); round++) {
    const python = spawnSync(
      '/usr/bin/python3',
      [script, metadata, file, ...(values.lang === 'off' ? [] : [findLidModel()])],
      { encoding: 'utf8' },
    );
    if (python.status !== 0)
      throw new Error(
        `original_wat.py: ${python.stderr}(apt-get install python3-ahocorasick python3-fasttext)`,
      );
    const original = JSON.parse(python.stdout) as Answer;
    answer = metaclip(metadata);
    for (const name of ['pairs', 'matched', 'matches'] as const) {
      if (original[name] !== answer[name])
        throw new Error(`${name}: ours ${answer[name]}, the original ${original[name]}`);
    }
    ours.push(answer.cpuSeconds);
    theirs.push(original.cpuSeconds);
    inflating.push(await inflateSeconds());
  }
  const ratio = median(theirs) / median(ours);
  const machine = describeMachine();
  console.log(`${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}`);
  console.log(
    `${values.megabytes} MB of WAT, ${answer.pairs} pairs, ${answer.matches} matches, equal on both sides`,
  );
  const bound = median(theirs) / median(inflating);
  console.log(
    `  ours ${median(ours).toFixed(2)} s of processor time, original ${median(theirs).toFixed(1)} s, ratio ${ratio.toFixed(1)} (at least ${MIN_RATIO}; wanted ${WANTED_RATIO})`,
  );
  console.log(
    `  inflating alone takes ${median(inflating).toFixed(2)} s, so no more than ${bound.toFixed(1)} times is possible`,
  );
  if (ratio < MIN_RATIO) process.exitCode = 1;
  if (values.record) {
    appendRecord('wat-original', {
      rawMb: values.megabytes,
      lang: values.lang,
      ours_cpu_s: median(ours).toFixed(2),
      original_cpu_s: median(theirs).toFixed(1),
      ratio: ratio.toFixed(1),
      inflate_cpu_s: median(inflating).toFixed(2),
    });
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
