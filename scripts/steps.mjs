// Steps that the demo and the verification share: install what the lock file names, run a command, stop at a failure.
import { spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** Root of the checkout. */
export const root = fileURLToPath(new URL('../', import.meta.url));

/** Runs a command in the checkout with its output shown, and ends the process with its exit code if it fails. */
export function run(command, args) {
  console.log(`\n$ ${[command, ...args].join(' ')}`);
  const shell = process.platform === 'win32';
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: 'inherit', shell });
  if (error !== undefined) console.error(error.message);
  if (status !== 0) process.exit(status ?? 1);
}

/** Installs the locked dependencies, unless exactly they are there already. */
export function install() {
  const [wanted, installed] = ['package-lock.json', 'node_modules/.package-lock.json'].map(
    (name) => root + name,
  );
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(wanted).mtimeMs) return;
  run('npm', ['ci', '--no-audit', '--no-fund']);
}
