/**
 * Balancing of one task: decides for each matched pair whether it is kept.
 *
 * keep probability  P = 1 - prod_j (1 - q_j) over the pair's matches, which is the chance that at least one of the
 *                   reference's independent draws per entry accepts it
 * kept              when the pair's draw in [0, 1) is below P
 *
 * `balanced/NNNNN.parquet` has one nullable column `keep_prob` (float32), row i for row i of `matched/NNNNN.parquet`;
 * null means not kept (a duplicate, or not drawn). The draw does not depend on `t` and P never falls as `t` grows, so a
 * smaller `t` keeps a subset.
 */
import { type FlatColumn, FlatParquetWriter } from '../../common/parquet/flat-parquet.ts';
import { isDuplicateRow } from '../dedup/resolve-partition.ts';
import { KEYS_BLOCK_ROWS, type KeysBlock, readKeys } from '../matched/keys-file.ts';
import { drawOf, keyOfSeed, UID_WORDS } from '../pair-ids.ts';
import type { BalanceTally } from './balance-tally.ts';

/** What became of a task's matched pairs. */
export interface BalanceTotals {
  readonly keptCount: number;
  readonly notSampledCount: number;
  readonly duplicateCount: number;
  /** Sum of the keep probabilities: the expected number of kept pairs. */
  readonly expectedKept: number;
  /** Sum of P (1 - P): the variance of the number of kept pairs over seeds. */
  readonly variance: number;
}

/** Expectations for several caps, each in the order of the caps. */
export interface CapExpectations {
  /** Sum of the keep probabilities. */
  readonly expected: readonly number[];
  /** Sum of P (1 - P). */
  readonly variance: readonly number[];
  /** Pairs with P = 1. */
  readonly certain: readonly number[];
}

/**
 * Keep probability of a pair. Products of numbers in [0, 1] in the order of ascending ids: never rises as a factor falls,
 * also in floating point, which the subset property rests on.
 *
 * @param ids - entry ids; those in [start, end) belong to the pair
 * @param start - first
 * @param end - after the last
 * @param q - entry probability by entry id
 * @returns in [0, 1]
 */
export function keepProbability(ids: Uint32Array, start: number, end: number, q: Float64Array): number {
  let none = 1;
  for (let k = start; k < end && none > 0; k++) none *= 1 - (q[ids[k] ?? 0] ?? 0);
  return 1 - none;
}

const COLUMNS: readonly FlatColumn[] = [{ name: 'keep_prob', type: 'float', isNullable: true }];

/**
 * Time O(matches); memory one block.
 *
 * @param keysPath - keys file of the task
 * @param duplicates - bit per row; see `readDuplicateRows`
 * @param q - entry probability by entry id; read only
 * @param seed - integer in [0, 2^53)
 * @param outPath - temporary path of the file to make
 * @param tally - added to
 * @returns totals of the task
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`, `E_DISK_FULL`
 */
export function balanceTask(
  keysPath: string,
  duplicates: Uint8Array,
  q: Float64Array,
  seed: number,
  outPath: string,
  tally: BalanceTally,
): BalanceTotals {
  const key = keyOfSeed(seed);
  const totals = { keptCount: 0, notSampledCount: 0, duplicateCount: 0, expectedKept: 0, variance: 0 };
  const writer = new FlatParquetWriter(outPath, COLUMNS, {});
  try {
    const probabilities = new Float32Array(KEYS_BLOCK_ROWS);
    const isKept = new Uint8Array(KEYS_BLOCK_ROWS >> 3);
    let blockCount = 0;
    for (const block of readKeys(keysPath)) {
      const keptBefore = totals.keptCount;
      decideBlock(block, duplicates, q, key, probabilities, isKept, totals, tally);
      const keptCount = totals.keptCount - keptBefore;
      writer.write(block.rowCount, [{ plain: probabilities.subarray(0, keptCount), validity: isKept }]);
      blockCount++;
    }
    if (blockCount === 0) writer.write(0, [{ plain: probabilities.subarray(0, 0), validity: isKept }]);
    writer.close();
  } finally {
    writer.abort();
  }
  return totals;
}

function decideBlock(
  block: KeysBlock,
  duplicates: Uint8Array,
  q: Float64Array,
  key: Int32Array,
  probabilities: Float32Array,
  isKept: Uint8Array,
  totals: { -readonly [name in keyof BalanceTotals]: number },
  tally: BalanceTally,
): void {
  isKept.fill(0);
  const keptBefore = totals.keptCount;
  let start = 0;
  for (let i = 0; i < block.rowCount; i++) {
    const end = block.idEnds[i] ?? 0;
    if (isDuplicateRow(duplicates, block.firstRow + i)) {
      totals.duplicateCount++;
    } else {
      // As in keepProbability, and the sum beside it: one look at each entry. Once 0, the product stays 0.
      let none = 1;
      let acceptances = 0;
      for (let k = start; k < end; k++) {
        const accepted = q[block.ids[k] ?? 0] ?? 0;
        none *= 1 - accepted;
        acceptances += accepted;
      }
      const probability = 1 - none;
      totals.expectedKept += probability;
      totals.variance += probability * (1 - probability);
      tally.addPair(end - start, acceptances, probability);
      if (drawOf(block.uids, i * UID_WORDS, key) < probability) {
        probabilities[totals.keptCount - keptBefore] = probability;
        totals.keptCount++;
        tally.addKept(block.ids, start, end);
        isKept[i >> 3] = (isKept[i >> 3] ?? 0) | (1 << (i & 7));
      } else {
        totals.notSampledCount++;
      }
    }
    start = end;
  }
}

/**
 * Expected number of kept pairs of one task for several caps in one pass, with the very arithmetic of
 * {@link keepProbability}. Time O(matches x caps), less where caps keep pairs for certain.
 *
 * @param keysPath - keys file of the task
 * @param duplicates - bit per row
 * @param counts - entry count by entry id, over the whole run
 * @param caps - caps to evaluate
 * @returns sums for each cap
 * @throws {@link MetaclipError} `E_DAMAGED_RUN_FILE`
 */
export function expectedKeptOfTask(
  keysPath: string,
  duplicates: Uint8Array,
  counts: Float64Array,
  caps: readonly number[],
): CapExpectations {
  const expected = caps.map(() => 0);
  const variance = caps.map(() => 0);
  const certain = caps.map(() => 0);
  for (const block of readKeys(keysPath)) {
    let start = 0;
    for (let i = 0; i < block.rowCount; i++) {
      const end = block.idEnds[i] ?? 0;
      if (!isDuplicateRow(duplicates, block.firstRow + i)) {
        let least = Infinity; // the rarest entry of the pair: caps from its count on keep the pair for certain
        for (let k = start; k < end; k++) least = Math.min(least, counts[block.ids[k] ?? 0] ?? 0);
        for (let index = 0; index < caps.length; index++) {
          const t = caps[index] ?? 0;
          if (t >= least) {
            expected[index] = (expected[index] ?? 0) + 1;
            certain[index] = (certain[index] ?? 0) + 1;
            continue;
          }
          // `t >= least` covers every count at or below t, so the quotient is below 1 here.
          let none = 1;
          for (let k = start; k < end; k++) none *= 1 - t / (counts[block.ids[k] ?? 0] ?? 1);
          const probability = 1 - none;
          expected[index] = (expected[index] ?? 0) + probability;
          variance[index] = (variance[index] ?? 0) + probability * (1 - probability);
        }
      }
      start = end;
    }
  }
  return { expected, variance, certain };
}
