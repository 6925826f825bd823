/**
 * Texts per image, exact, in bounded memory: the pairs are spread over partitions by the image's id, each a temporary file
 * that fits into a table. One partition, so one file, up to two million pairs.
 *
 * Rejected: grouping in DuckDB, which ends with "out of memory" at 16 million pairs within its limit of 256 MiB, although it
 * may spill.
 *
 * A record is four 32-bit words: the 96 bits of the image's id (see pair-ids.ts), then 1 for a kept pair, else 0.
 */
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError } from '../../common/errors.ts';
import { ensureFolder } from '../../common/files.ts';
import { binOf, describeHistogram, type Histogram } from '../../common/histogram.ts';
import type { BeforeAfter } from './run-stats.ts';

const RECORD_WORDS = 4;
const BUFFER_RECORDS = 4096;
/** Pairs of a partition aimed at: 32 MB of records and 40 MB of tables. */
export const PARTITION_PAIRS = 1 << 21;
const MAX_PARTITIONS = 512;

/** Spreads pairs over partitions; `add` and `flush` as often as needed, then `count`, and `close` in any case. */
export class ImageGroups {
  readonly #partitions: readonly Partition[];

  private constructor(partitions: readonly Partition[]) {
    this.#partitions = partitions;
  }

  /**
   * Memory: 64 KiB a partition, at most 32 MiB.
   *
   * @param folder - for temporary files; made if needed, removed by the caller
   * @param pairCount - pairs that will be added
   * @param partitionPairs - for tests: smaller partitions
   * @returns an open sink
   */
  static async create(
    folder: string,
    pairCount: number,
    partitionPairs: number = PARTITION_PAIRS,
  ): Promise<ImageGroups> {
    await ensureFolder(folder);
    let count = 1;
    while (count * partitionPairs < pairCount && count < MAX_PARTITIONS) count *= 2;
    const partitions: Partition[] = [];
    for (let i = 0; i < count; i++) {
      const path = join(folder, `images-${i}.bin`);
      const handle = await open(path, 'wx');
      partitions.push({ path, handle, words: new Uint32Array(BUFFER_RECORDS * RECORD_WORDS), filled: 0 });
    }
    return new ImageGroups(partitions);
  }

  /**
   * @param high - first 48 bits of the image's id
   * @param low - last 48 bits
   * @param isKept - whether the pair was kept
   * @returns true when a buffer is full: call {@link ImageGroups.flush} before the next pair
   */
  add(high: number, low: number, isKept: boolean): boolean {
    const last = low >>> 0;
    const partition = this.#partitions[last & (this.#partitions.length - 1)];
    if (partition === undefined) return false;
    const { words, filled } = partition;
    const at = filled * RECORD_WORDS;
    words[at] = Math.floor(high / 2 ** 16);
    words[at + 1] = (high % 2 ** 16) * 2 ** 16 + Math.floor(low / 2 ** 32);
    words[at + 2] = last;
    words[at + 3] = isKept ? 1 : 0;
    partition.filled = filled + 1;
    return partition.filled === BUFFER_RECORDS;
  }

  /** Writes the full buffers. */
  async flush(): Promise<void> {
    for (const partition of this.#partitions) {
      if (partition.filled === BUFFER_RECORDS) await writeOut(partition);
    }
  }

  /**
   * Memory: one partition and its table.
   *
   * @returns images by their number of texts; images of which no text was kept do not count after balancing
   */
  async count(): Promise<BeforeAfter<Histogram>> {
    const tally = { before: [] as number[], after: [] as number[] };
    const sums = { before: 0, after: 0 };
    for (const partition of this.#partitions) {
      await writeOut(partition);
      const bytes = await readFile(partition.path);
      const records = new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      const groups = groupRecords(records);
      for (const when of ['before', 'after'] as const) {
        for (const texts of groups[when]) {
          if (texts === 0) continue;
          const bin = binOf(texts);
          while (tally[when].length <= bin) tally[when].push(0);
          tally[when][bin] = (tally[when][bin] ?? 0) + 1;
          sums[when] += texts;
        }
      }
    }
    return {
      before: describeHistogram(tally.before, sums.before),
      after: describeHistogram(tally.after, sums.after),
    };
  }

  /** Closes the files; safe to call twice. */
  async close(): Promise<void> {
    for (const { handle } of this.#partitions) await handle.close();
  }
}

interface Partition {
  readonly path: string;
  readonly handle: FileHandle;
  readonly words: Uint32Array;
  filled: number;
}

async function writeOut(partition: Partition): Promise<void> {
  const { handle, path, words, filled } = partition;
  try {
    await handle.writeFile(new Uint8Array(words.buffer, 0, filled * RECORD_WORDS * 4));
  } catch (error) {
    throw describeSystemError(error, path, 'write');
  }
  partition.filled = 0;
}

/** Pairs of each image by the place of its first record; 0 at the other places. Time O(records) expected: ids are uniform. */
function groupRecords(records: Uint32Array): BeforeAfter<Uint32Array> {
  const recordCount = records.length / RECORD_WORDS;
  const groups = { before: new Uint32Array(recordCount), after: new Uint32Array(recordCount) };
  let slotCount = 16;
  while (slotCount < recordCount * 2) slotCount *= 2;
  const slots = new Uint32Array(slotCount); // record number + 1; 0 is free
  for (let i = 0; i < recordCount; i++) {
    // The last word chose the partition; the first is as uniform and still free.
    let slot = (records[i * RECORD_WORDS] ?? 0) & (slotCount - 1);
    let first = (slots[slot] ?? 0) - 1;
    while (first >= 0 && !isSameImage(records, i, first)) {
      slot = (slot + 1) & (slotCount - 1);
      first = (slots[slot] ?? 0) - 1;
    }
    if (first < 0) {
      slots[slot] = i + 1;
      first = i;
    }
    groups.before[first] = (groups.before[first] ?? 0) + 1;
    groups.after[first] = (groups.after[first] ?? 0) + (records[i * RECORD_WORDS + 3] ?? 0);
  }
  return groups;
}

function isSameImage(records: Uint32Array, a: number, b: number): boolean {
  const [first, second] = [a * RECORD_WORDS, b * RECORD_WORDS];
  return (
    records[first] === records[second] &&
    records[first + 1] === records[second + 1] &&
    records[first + 2] === records[second + 2]
  );
}
