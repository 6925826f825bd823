/** Writing one shard as a job over the files of a run directory. */
import { produceFile } from '../../common/files.ts';
import { RunLayout } from '../run/layout.ts';
import { SHARD_FORMATS } from '../write/shard-schema.ts';
import { writeShard } from '../write/write-shard.ts';
import type { BareResult, WriteJob } from './job.ts';

/**
 * @param job - task to write
 * @returns report
 */
export async function writeJob(job: WriteJob): Promise<BareResult> {
  const layout = new RunLayout(job.root);
  const path = layout.curated(job.task, SHARD_FORMATS[job.schema].extension);
  const input = {
    matchedPath: layout.matched(job.task),
    balancedPath: layout.balanced(job.task),
    schema: job.schema,
    lang: job.lang,
    metadata: job.footer,
  };
  const { sizeBytes } = await produceFile(path, (temporaryPath) => writeShard(input, temporaryPath));
  return { outputs: [{ path, sizeBytes }], totals: {} };
}
