/**
 * Every benchmark of curation, one after the other: `npm run bench -- [--record]`. Each proves its answer before it times
 * anything and ends with exit code 1 when it misses its limit; this ends so when any did. Build first: some time the built
 * program.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const BENCHMARKS = [
  ['matcher'],
  ['worldwide'],
  ['automaton'],
  ['language'],
  ['warc'],
  ['wat'],
  ['wat', '--lang', 'en'],
  ['wat-original'],
  ['wat-original', '--lang', 'en'],
  ['balance'],
  ['report'],
  ['scaling'],
] as const;

let failed = 0;
for (const [name, ...options] of BENCHMARKS) {
  console.log(`\n${[name, ...options].join(' ')}`);
  const script = fileURLToPath(new URL(`${name}.ts`, import.meta.url));
  const args = ['--import', 'tsx', script, ...options, ...process.argv.slice(2)];
  if (spawnSync(process.execPath, args, { stdio: 'inherit' }).status !== 0) failed++;
}
console.log(failed === 0 ? '\nall limits kept' : `\n${failed} of ${BENCHMARKS.length} missed a limit`);
process.exitCode = failed === 0 ? 0 : 1;
