/** Merges sorted runs into one in which every key stands once, with the sum of its counts. */
import { rmSync } from 'node:fs';
import { RunReader, RunWriter } from './run-file.ts';
import { type SortedCounts, STEPS_A_BREATH } from './sorted-counts.ts';

/** Runs merged at a time: bounds open files and buffers (16 MiB). */
const MAX_FAN_IN = 64;

/**
 * Merges runs and removes them. More than 64 are merged in several rounds.
 *
 * Complexity: records x log2(runs) comparisons a round; memory one buffer of 256 KiB a run.
 *
 * @param runs - run files, each with its keys in byte order and once
 * @param path - file of the result, and start of the names of those in between
 * @param breathe - awaited now and then; throws to stop
 * @returns the merged counts
 */
export async function mergeRuns(
  runs: readonly string[],
  path: string,
  breathe: () => Promise<void>,
): Promise<SortedCounts> {
  let pending = [...runs];
  for (let round = 0; pending.length > MAX_FAN_IN; round++) {
    const merged: string[] = [];
    for (let from = 0; from < pending.length; from += MAX_FAN_IN) {
      const target = `${path}-${round}-${merged.length}`;
      await mergeOnce(pending.slice(from, from + MAX_FAN_IN), target, breathe);
      merged.push(target);
    }
    pending = merged;
  }
  return mergeOnce(pending, path, breathe);
}

async function mergeOnce(
  runs: readonly string[],
  path: string,
  breathe: () => Promise<void>,
): Promise<SortedCounts> {
  const readers: RunReader[] = [];
  const writer = new RunWriter(path);
  let size = 0;
  let total = 0;
  // The key that is being summed up.
  let key = Buffer.allocUnsafe(256);
  let keyLength = -1;
  let count = 0;
  const emit = (): void => {
    if (keyLength < 0) return;
    writer.write(key, 0, keyLength, count);
    size++;
    total += count;
  };
  try {
    for (const run of runs) readers.push(new RunReader(run));
    const heap = new ReaderHeap(readers.filter((reader) => reader.next()));
    for (let step = 1, top = heap.top; top !== undefined; step++, top = heap.top) {
      if (keyLength >= 0 && key.compare(top.buffer, top.start, top.end, 0, keyLength) === 0) {
        count += top.count;
      } else {
        emit();
        keyLength = top.end - top.start;
        if (keyLength > key.length) key = Buffer.allocUnsafe(keyLength * 2);
        top.buffer.copy(key, 0, top.start, top.end);
        count = top.count;
      }
      heap.advance();
      if (step % STEPS_A_BREATH === 0) await breathe();
    }
    emit();
  } finally {
    for (const reader of readers) reader.close();
    writer.close();
  }
  for (const run of runs) rmSync(run);
  return { path, size, total };
}

/** Readers by their current key, the smallest on top. */
class ReaderHeap {
  readonly #readers: RunReader[];

  /** @param readers - each at its first record */
  constructor(readers: RunReader[]) {
    this.#readers = readers;
    for (let at = (readers.length >> 1) - 1; at >= 0; at--) this.#sink(at);
  }

  get top(): RunReader | undefined {
    return this.#readers[0];
  }

  /** Moves the top reader to its next record. */
  advance(): void {
    const top = this.#readers[0];
    if (top === undefined) return;
    if (!top.next()) {
      const last = this.#readers.pop();
      if (last === undefined || this.#readers.length === 0) return;
      this.#readers[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const readers = this.#readers;
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      let least = isBefore(readers[left], readers[at]) ? left : at;
      if (isBefore(readers[left + 1], readers[least])) least = left + 1;
      if (least === at) return;
      const [upper, lower] = [readers[at], readers[least]];
      if (upper === undefined || lower === undefined) return;
      readers[at] = lower;
      readers[least] = upper;
      at = least;
    }
  }
}

/** False where there is no such reader. */
function isBefore(a: RunReader | undefined, b: RunReader | undefined): boolean {
  if (a === undefined || b === undefined) return false;
  // Keys are short: a call into native code costs more than the loop.
  const [bytesA, bytesB]: [Uint8Array, Uint8Array] = [a.buffer, b.buffer];
  const [startA, startB] = [a.start, b.start];
  const [lengthA, lengthB] = [a.end - startA, b.end - startB];
  const shared = lengthA < lengthB ? lengthA : lengthB;
  for (let i = 0; i < shared; i++) {
    const difference = (bytesA[startA + i] ?? 0) - (bytesB[startB + i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return lengthA < lengthB;
}
