/** What the benchmarks share: medians, the machine they ran on, and dated CSV records. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';

const recordFolder = new URL('records/', import.meta.url);

/** Middle value; of an even number of values the upper of the two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

/** Date, commit (with + if the tree has changes), processor and runtime. */
export function describeMachine(): Record<string, string> {
  const git = (...args: string[]): string => execFileSync('git', args, { encoding: 'utf8' }).trim();
  let commit = 'unknown';
  try {
    commit = git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'src') === '' ? '' : '+');
  } catch {
    // Not a checkout.
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    commit,
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    node: process.version,
  };
}

/**
 * Appends one line to scripts/bench/records/NAME.csv, with a header if the file is new.
 *
 * @returns path of the record
 */
export function appendRecord(name: string, figures: Readonly<Record<string, string | number>>): string {
  const row = { ...describeMachine(), ...figures };
  const path = fileURLToPath(new URL(`${name}.csv`, recordFolder));
  mkdirSync(recordFolder, { recursive: true });
  if (!existsSync(path)) appendFileSync(path, `${Object.keys(row).join(',')}\n`);
  const cells = Object.values(row).map((cell) => String(cell).replaceAll(',', ' '));
  appendFileSync(path, `${cells.join(',')}\n`);
  return path;
}
