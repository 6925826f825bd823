/**
 * A WAT file to matched Parquet on one worker, beside plain gunzip of the same file in Node.
 *
 *   npm run bench:wat -- [--megabytes 1300] [--rounds 5] [--lang en] [--file FILE] [--record]
 *
 * The file is generated (see synthetic-wat.ts) unless one is given. First the answer is proved: numbers of pairs, of matched
 * pairs and of matches equal those of parsing every record as a whole with JSON.parse. Then both take turns, each in a
 * process of its own, so each pays its start. Limits: 1.4 times gunzip with `--lang off`, 2 with `--lang en`.
 */
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createGunzip } from 'node:zlib';
import { openAutomaton } from '../../src/curation/match/automaton-cache.ts';
import { Matcher } from '../../src/curation/match/matcher.ts';
import { TEXT_KEYS } from '../../src/curation/pair-batch.ts';
import { stripText } from '../../src/curation/sources/strip-text.ts';
import { defaultEntries, loadEntries } from '../../src/metadata/entries.ts';
import { findLinksSlowly } from '../../test/helpers/wat-oracle.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const cli = join(root, 'dist/src/cli.js');
const MAX_RATIO: Readonly<Record<string, number>> = { off: 1.4, en: 2 };

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '1300' },
    rounds: { type: 'string', default: '5' },
    lang: { type: 'string', default: 'off' },
    file: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

/** Counts by the slow and obvious way. */
async function countSlowly(
  path: string,
  matcher: Matcher,
): Promise<{ pairs: number; matched: number; matches: number }> {
  const totals = { pairs: 0, matched: 0, matches: 0 };
  let rest = Buffer.alloc(0);
  for await (const chunk of createReadStream(path).pipe(
    createGunzip({ chunkSize: 1 << 20 }),
  ) as AsyncIterable<Buffer>) {
    rest = Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      const bodyStart = rest.indexOf('\r\n\r\n', at) + 4;
      if (bodyStart < 4) break;
      const length = Number(/content-length: *(\d+)/i.exec(rest.toString('latin1', at, bodyStart))?.[1]);
      if (bodyStart + length + 4 > rest.length) break;
      const links = findLinksSlowly(rest.subarray(bodyStart, bodyStart + length)) ?? [];
      for (const link of links) {
        // Path, url, then the values of the three text attributes.
        for (const text of textsOf(link)) {
          totals.pairs++;
          const ids = matcher.matchText(text);
          if (ids.length > 0) totals.matched++;
          totals.matches += ids.length;
        }
      }
      at = bodyStart + length + 4;
    }
    rest = rest.subarray(at);
  }
  return totals;
}

function textsOf(link: readonly unknown[]): string[] {
  const texts = link.slice(-(TEXT_KEYS.length - 1));
  return texts
    .filter((text) => typeof text === 'string')
    .map((text) => stripText(text.replaceAll('\n', ' ')))
    .filter((text) => text !== '');
}

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
try {
  if (!existsSync(cli)) throw new Error('the build is missing: run `npm run build` first');
  const file = values.file ?? join(folder, 'bench.warc.wat.gz');
  if (values.file === undefined) {
    const generator = join(root, 'scripts/bench/generate-wat.ts');
    execFileSync('npx', ['tsx', generator, '--out', file, '--megabytes', values.megabytes], {
      cwd: root,
      stdio: 'ignore',
    });
  }
  const metadata =
    skipWithoutReference === false ? referencePath('captions/metadata_500k.json.gz') : undefined;
  const list = metadata === undefined ? await defaultEntries() : await loadEntries(metadata);
  const automaton = await openAutomaton(list, 'metaclip');
  console.log(`${list.entries.length} entries, ${file}`);

  const metaclip = (): { seconds: number; totals: Record<string, number>; peakMb: number } => {
    const out = join(folder, 'run');
    rmSync(out, { recursive: true, force: true });
    const args = [cli, 'match', file, '--out', out, '--workers', '1', '--lang', values.lang];
    if (metadata !== undefined) args.push('--metadata', metadata);
    const startMs = performance.now();
    execFileSync(process.execPath, args);
    const seconds = (performance.now() - startMs) / 1000;
    const [name = ''] = readdirSync(join(out, 'done/match'));
    const marker = JSON.parse(readFileSync(join(out, 'done/match', name), 'utf8')) as {
      totals: Record<string, number>;
      peakMemoryBytes: number;
    };
    return { seconds, totals: marker.totals, peakMb: marker.peakMemoryBytes / 1e6 };
  };
  const gunzip = (): number => {
    const script = `let n = 0;
      require('fs').createReadStream(process.argv[1], { highWaterMark: 1 << 20 })
        .pipe(require('zlib').createGunzip({ chunkSize: 1 << 20 }))
        .on('data', (chunk) => { n += chunk.length; }).on('end', () => console.log(n));`;
    const startMs = performance.now();
    rawBytes = Number(execFileSync(process.execPath, ['-e', script, file]).toString());
    return (performance.now() - startMs) / 1000;
  };
  let rawBytes = 0;

  if (values.lang === 'off') {
    const expected = await countSlowly(file, new Matcher(automaton));
    const { totals } = metaclip();
    for (const [name, count] of Object.entries(expected)) {
      if (totals[name] !== count)
        throw new Error(`${name}: ${String(totals[name])}, by full parsing ${count}`);
    }
    console.log(`answer proved: ${JSON.stringify(expected)}`);
  }
  const ours: ReturnType<typeof metaclip>[] = [];
  const limits: number[] = [];
  const ratios: number[] = [];
  for (let round = 0; round < Number(values.rounds); round++) {
    const limit = gunzip();
    const result = metaclip();
    limits.push(limit);
    ours.push(result);
    ratios.push(result.seconds / limit);
  }
  const seconds = median(ours.map((result) => result.seconds));
  const figures = {
    rawMb: Math.round(rawBytes / 1e6),
    lang: values.lang,
    gunzipSeconds: Number(median(limits).toFixed(2)),
    metaclipSeconds: Number(seconds.toFixed(2)),
    ratio: Number(median(ratios).toFixed(2)),
    megabytesPerSecond: Math.round(rawBytes / 1e6 / seconds),
    peakMb: Math.round(Math.max(...ours.map((result) => result.peakMb))),
  };
  console.log({ ...describeMachine(), ...figures });
  const maxRatio = MAX_RATIO[values.lang] ?? Infinity;
  if (figures.ratio > maxRatio) {
    console.error(`over the limit of ${maxRatio} times gunzip`);
    process.exitCode = 1;
  }
  if (values.record) console.log(`recorded in ${appendRecord('wat', figures)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
