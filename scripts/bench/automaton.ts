/**
 * How long the automaton of 500,000 entries takes to build, and to load from its cache file, against the limits.
 *
 *   npx tsx scripts/bench/automaton.ts [--rounds 5] [--record]
 *
 * The built and the loaded automaton are first proved equal and right on the reference captions.
 */
import { readFileSync, rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { loadAutomaton, saveAutomaton } from '../../src/curation/match/automaton-cache.ts';
import { buildAutomaton } from '../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../src/curation/match/matcher.ts';
import { loadEntries } from '../../src/metadata/entries.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const BUILD_LIMIT_SECONDS = 2;
const LOAD_LIMIT_SECONDS = 0.3;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, record: { type: 'boolean', default: false } },
});

async function main(): Promise<void> {
  if (skipWithoutReference !== false) throw new Error(skipWithoutReference);
  const rounds = Math.max(3, Number(values.rounds));
  const list = await loadEntries(referencePath('captions/metadata_500k.json.gz'));
  const folder = await mkdtemp(join(tmpdir(), 'metaclip-bench-'));
  try {
    const path = join(folder, 'list.automaton');
    const seconds: Record<'build' | 'save' | 'load', number[]> = { build: [], save: [], load: [] };
    let sizeBytes = 0;
    for (let round = 0; round < rounds; round++) {
      const start = performance.now();
      const built = buildAutomaton(list, 'metaclip');
      const builtAt = performance.now();
      await saveAutomaton(path, built);
      const savedAt = performance.now();
      const loaded = await loadAutomaton(path, { fingerprint: list.fingerprint, compat: 'metaclip' });
      const loadedAt = performance.now();
      if (!Buffer.from(built.shared).equals(Buffer.from(loaded.shared)))
        throw new Error('loaded differs from built');
      if (round === 0) proveRight(new Matcher(loaded));
      seconds.build.push((builtAt - start) / 1000);
      seconds.save.push((savedAt - builtAt) / 1000);
      seconds.load.push((loadedAt - savedAt) / 1000);
      sizeBytes = built.sizeBytes;
    }
    const [build, save, load] = [median(seconds.build), median(seconds.save), median(seconds.load)];
    const machine = describeMachine();
    console.log(
      `${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}, one thread`,
    );
    console.log(
      `${list.entries.length} entries, ${(sizeBytes / 2 ** 20).toFixed(1)} MiB; medians of ${rounds} rounds`,
    );
    console.log(`  build ${build.toFixed(3)} s (limit ${BUILD_LIMIT_SECONDS})`);
    console.log(`  save  ${save.toFixed(3)} s`);
    console.log(`  load  ${load.toFixed(3)} s (limit ${LOAD_LIMIT_SECONDS}), checksum included`);
    if (build > BUILD_LIMIT_SECONDS || load > LOAD_LIMIT_SECONDS) process.exitCode = 1;
    if (values.record) {
      const figures = { entries: list.entries.length, size_bytes: sizeBytes };
      const times = { build_s: build.toFixed(3), save_s: save.toFixed(3), load_s: load.toFixed(3) };
      console.log(`recorded in ${appendRecord('automaton', { ...figures, ...times })}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Every reference caption has the ids of the reference. */
function proveRight(matcher: Matcher): void {
  const lines = (name: string): string[] =>
    gunzipSync(readFileSync(referencePath(`captions/${name}`)))
      .toString()
      .split('\n')
      .filter((line) => line !== '');
  const expected = lines('matches.jsonl.gz').map(
    (line) => (JSON.parse(line) as { entry_ids: number[] }).entry_ids,
  );
  for (const [row, line] of lines('captions.jsonl.gz').entries()) {
    const { text } = JSON.parse(line) as { text: string };
    const ids = matcher.matchText(text);
    if (ids.join() !== expected[row]?.join())
      throw new Error(`caption ${row} has other ids than the reference`);
  }
}

await main();
