/** Balancing as jobs over the files of a run directory. */
import { produceFileSync } from '../../common/files.ts';
import { BalanceTally } from '../balance/balance-tally.ts';
import { balanceTask, expectedKeptOfTask } from '../balance/balance-task.ts';
import { writeCounts } from '../count/counts-file.ts';
import { RunLayout } from '../run/layout.ts';
import { duplicatesOf, zeroCounts } from './count-job.ts';
import type { BalanceJob, BareResult, ExpectedJob } from './job.ts';

/**
 * @param job - task and caps
 * @returns `values`: for each cap the expected number of kept pairs, then for each its variance, then the certain pairs
 */
export function expectedJob(job: ExpectedJob): BareResult {
  const keys = new RunLayout(job.root).keys(job.task);
  const counts = new Float64Array(job.counts);
  const of = expectedKeptOfTask(keys, duplicatesOf(job), counts, job.caps);
  return { outputs: [], totals: {}, values: [...of.expected, ...of.variance, ...of.certain] };
}

/**
 * @param job - task to balance
 * @returns report with `kept`, `keptMatches`, `notSampled`, `duplicates`, `expected` and `variance`, and the bins of the tally
 */
export function balanceJob(job: BalanceJob): BareResult {
  const layout = new RunLayout(job.root);
  const duplicates = duplicatesOf(job);
  const q = new Float64Array(job.q);
  const path = layout.balanced(job.task);
  const tally = new BalanceTally(zeroCounts(q.length));
  const { result: totals, sizeBytes } = produceFileSync(path, (temporaryPath) =>
    balanceTask(layout.keys(job.task), duplicates, q, job.seed, temporaryPath, tally),
  );
  const keptPath = layout.keptCounts(job.task);
  const keptSizeBytes = writeCounts(keptPath, tally.keptCounts, job.footer);
  return {
    outputs: [
      { path, sizeBytes },
      { path: keptPath, sizeBytes: keptSizeBytes },
    ],
    totals: {
      kept: totals.keptCount,
      keptMatches: tally.keptMatches,
      notSampled: totals.notSampledCount,
      duplicates: totals.duplicateCount,
      expected: totals.expectedKept,
      variance: totals.variance,
    },
    bins: { ...tally.bins },
  };
}
