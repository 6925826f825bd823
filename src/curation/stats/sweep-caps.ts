/** What other caps would give: exact expectations over the matched pairs, for all caps in one pass. */
import { MetaclipError } from '../../common/errors.ts';
import type { JobRunner } from '../jobs/job.ts';
import type { CountResult } from '../stages/count-stage.ts';
import type { SweepPoint } from './run-stats.ts';

/** Caps of a sweep at most: each costs a multiplication a match. */
export const MAX_SWEEP_CAPS = 1000;

/**
 * @param maxCount - the largest entry count
 * @returns 1, 2, 5, 10, ... up to the first that keeps every pair
 */
export function defaultSweepCaps(maxCount: number): number[] {
  const caps: number[] = [];
  for (let power = 1; ; power *= 10) {
    for (const digit of [1, 2, 5]) {
      caps.push(digit * power);
      if (digit * power >= maxCount) return caps;
    }
  }
}

/**
 * @param caps - as given
 * @returns them ascending, each once
 * @throws {@link MetaclipError} `E_USAGE` when there are too many, or one is no whole number of at least 1
 */
export function checkSweepCaps(caps: readonly number[]): number[] {
  const wrong = caps.find((cap) => !Number.isSafeInteger(cap) || cap < 1);
  if (wrong !== undefined) {
    throw new MetaclipError('E_USAGE', `--sweep ${wrong} is not a whole number of at least 1`, {
      hint: 'for example --sweep 1000,20000,170000',
    });
  }
  const sorted = [...new Set(caps)].sort((a, b) => a - b);
  if (sorted.length <= MAX_SWEEP_CAPS) return sorted;
  throw new MetaclipError('E_USAGE', `--sweep: ${sorted.length} caps, at most ${MAX_SWEEP_CAPS}`, {
    hint: 'give fewer caps',
    details: { got: sorted.length, limit: MAX_SWEEP_CAPS },
  });
}

/**
 * Time O(matches x caps) over all workers; memory one block a worker and 8 bytes an entry.
 *
 * @param root - run directory
 * @param counted - result of the count stage
 * @param caps - ascending
 * @param pool - runs the pass
 * @param control - interruption and progress
 * @param control.signal - stops the pass
 * @param control.onTask - told after each task
 * @returns a point for each cap
 */
export async function sweepCaps(
  root: string,
  counted: CountResult,
  caps: readonly number[],
  pool: JobRunner,
  control: { readonly signal: AbortSignal | undefined; readonly onTask: () => void },
): Promise<SweepPoint[]> {
  const { rowCounts, partitionCount, counts } = counted;
  const job = { kind: 'expected' as const, root, partitionCount, counts: counts.buffer, caps };
  const ofTasks: (readonly number[])[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let task = next++; task < rowCounts.length; task = next++) {
      const { values } = await pool.run({ ...job, task, rowCount: rowCounts[task] ?? 0 }, control.signal);
      ofTasks[task] = values ?? [];
      control.onTask();
    }
  };
  await Promise.all(Array.from({ length: pool.workers }, lane));
  // Tasks are added in order, so the sums do not depend on which finished first.
  const sumAt = (index: number): number => ofTasks.reduce((sum, values) => sum + (values[index] ?? 0), 0);
  const ofCounts = describeCaps(counts, caps);
  return caps.map((t, i) => ({
    t,
    expectedKept: sumAt(i),
    expectedSd: Math.sqrt(sumAt(caps.length + i)),
    certain: sumAt(2 * caps.length + i),
    ...(ofCounts[i] ?? { tailShare: 0, headEntries: 0, tailEntries: 0, cappedMatches: 0 }),
  }));
}

/** What follows from the counts alone: sorted once, then each cap is a position in the sorted counts. */
function describeCaps(
  counts: Float64Array,
  caps: readonly number[],
): Pick<SweepPoint, 'tailShare' | 'headEntries' | 'tailEntries' | 'cappedMatches'>[] {
  const sorted = Float64Array.from(counts).sort();
  const hit = sorted.length - firstAtLeast(sorted, 1);
  const total = sorted.reduce((sum, count) => sum + count, 0);
  let position = 0;
  let below = 0; // matches on entries with a count below the cap
  return caps.map((t) => {
    const end = firstAtLeast(sorted, t);
    for (; position < end; position++) below += sorted[position] ?? 0;
    const headEntries = sorted.length - end;
    return {
      tailShare: total === 0 ? 0 : below / total,
      headEntries,
      tailEntries: hit - headEntries,
      cappedMatches: below + headEntries * t,
    };
  });
}

function firstAtLeast(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
