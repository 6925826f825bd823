// Runs the test files with node's own runner. They are listed here because Node 20's `--test` takes no globs and
// skips .ts files in folders. Usage: node scripts/run-tests.mjs [PART OF A FILE NAME ...] [-- NODE OPTION ...]
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../', import.meta.url));
const args = process.argv.slice(2);
const cut = args.indexOf('--');
const wanted = cut < 0 ? args : args.slice(0, cut);
const nodeOptions = cut < 0 ? [] : args.slice(cut + 1);
const files = readdirSync(new URL('../test/', import.meta.url), { recursive: true })
  .filter((name) => name.endsWith('.test.ts') && !name.startsWith('manual'))
  .map((name) => `test/${name.replaceAll('\\', '/')}`)
  .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`);
  process.exit(2);
}
const run = spawnSync(
  process.execPath,
  ['--import', 'tsx', '--test', '--test-reporter=spec', ...nodeOptions, ...files],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
process.exit(run.status ?? 1);
