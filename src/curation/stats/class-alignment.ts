/** Task alignment: how the classes of a class list lie in the data, before and after balancing. */
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import type { ClassAlignment, ClassHit, ClassSpread, EntryCounts } from './run-stats.ts';

/**
 * @param path - text file, one class name a line; blank lines and blanks around a name are ignored
 * @returns distinct names in their order
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_INPUT_EMPTY`
 */
export async function readClassNames(path: string): Promise<string[]> {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof TypeError) {
      throw new MetaclipError('E_INPUT_UNREADABLE', `${path}: not UTF-8`, {
        hint: 'a class list is a text file with one class name a line',
        details: { path },
      });
    }
    throw describeSystemError(error, path, 'read');
  }
  const names = new Set(
    text
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== ''),
  );
  if (names.size > 0) return [...names];
  throw new MetaclipError('E_INPUT_EMPTY', `${path}: no class names`, {
    hint: 'a class list is a text file with one class name a line',
    details: { path },
  });
}

/**
 * A class is an entry when its name is one, letter by letter: matching knows no other likeness.
 * Time and memory O(entries + classes).
 *
 * @param names - distinct class names
 * @param source - what the list is called
 * @param counts - counts of every entry
 * @returns the classes with their counts, and how evenly these lie
 */
export function alignClasses(names: readonly string[], source: string, counts: EntryCounts): ClassAlignment {
  const { entries, before, after } = counts;
  const idOf = new Map<string, number | null>(names.map((name) => [name, null]));
  entries.forEach((entry, id) => {
    if (idOf.has(entry)) idOf.set(entry, id);
  });
  const classes: ClassHit[] = names.map((name) => {
    const id = idOf.get(name) ?? null;
    if (id === null) return { name, id, before: 0, after: after === null ? null : 0 };
    return { name, id, before: before[id] ?? 0, after: after?.[id] ?? null };
  });
  const known = classes.filter(({ id }) => id !== null);
  return {
    source,
    classCount: names.length,
    entryCount: known.length,
    before: spreadOf(known.map((hit) => hit.before)),
    after: after === null ? null : spreadOf(known.map((hit) => hit.after ?? 0)),
    classes,
  };
}

/**
 * Kullback-Leibler divergence of counts from the uniform distribution, in nats: `sum_i p_i ln(p_i K)`, `p_i = c_i / sum c`.
 * No smoothing: a count of 0 adds nothing, because `x ln x` goes to 0.
 *
 * @param counts - counts of K things
 * @returns between 0 (even) and `ln K` (all on one); null when all counts are 0
 */
export function klFromUniform(counts: readonly number[]): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let sum = 0;
  for (const count of counts) {
    if (count > 0) sum += (count / total) * Math.log((count / total) * counts.length);
  }
  return Math.max(0, sum); // rounding may leave -1e-16
}

function spreadOf(counts: readonly number[]): ClassSpread {
  const divergence = klFromUniform(counts);
  return {
    hit: counts.filter((count) => count > 0).length,
    matches: counts.reduce((sum, count) => sum + count, 0),
    klFromUniform: divergence,
    effectiveClasses: divergence === null ? null : counts.length * Math.exp(-divergence),
  };
}
