/** Finished counts: a run in which every key stands once. */
import { RunReader } from './run-file.ts';

/** Finished counts on disk; see the head of this file. */
export interface SortedCounts {
  /** Run file in a temporary folder. */
  readonly path: string;
  /** Number of keys. */
  readonly size: number;
  /** Sum of all counts. */
  readonly total: number;
}

/** Steps between two pauses. */
export const STEPS_A_BREATH = 1 << 16;

/**
 * Goes through all keys in byte order.
 *
 * @param counts - what to read
 * @param breathe - awaited every {@link STEPS_A_BREATH} keys; throws to stop
 * @param visit - gets the reader at each record; must not keep its buffer
 */
export async function forEachCount(
  counts: SortedCounts,
  breathe: () => Promise<void>,
  visit: (record: RunReader) => void,
): Promise<void> {
  const reader = new RunReader(counts.path);
  try {
    for (let step = 1; reader.next(); step++) {
      visit(reader);
      if (step % STEPS_A_BREATH === 0) await breathe();
    }
  } finally {
    reader.close();
  }
}
