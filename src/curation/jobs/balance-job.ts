/** Balancing as jobs over the files of a run directory. */
import { produceFile } from '../../common/files.ts';
import { balanceTask, expectedKeptOfTask } from '../balance/balance-task.ts';
import { RunLayout } from '../run/layout.ts';
import { duplicatesOf } from './count-job.ts';
import type { BalanceJob, BareResult, ExpectedJob } from './job.ts';

/**
 * @param job - task and caps
 * @returns `values`: the expected number of kept pairs for each cap
 */
export async function expectedJob(job: ExpectedJob): Promise<BareResult> {
  const keys = new RunLayout(job.root).keys(job.task);
  const counts = new Float64Array(job.counts);
  return {
    outputs: [],
    totals: {},
    values: await expectedKeptOfTask(keys, await duplicatesOf(job), counts, job.caps),
  };
}

/**
 * @param job - task to balance
 * @returns report with `kept`, `notSampled`, `duplicates`, `expected` and `variance`
 */
export async function balanceJob(job: BalanceJob): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const duplicates = await duplicatesOf(job);
  const q = new Float64Array(job.q);
  const path = layout.balanced(job.task);
  const { result, sizeBytes } = await produceFile(path, (temporaryPath) =>
    balanceTask(layout.keys(job.task), duplicates, q, job.seed, temporaryPath),
  );
  return {
    outputs: [{ path, sizeBytes }],
    totals: {
      kept: result.keptCount,
      notSampled: result.notSampledCount,
      duplicates: result.duplicateCount,
      expected: result.expectedKept,
      variance: result.variance,
    },
  };
}
