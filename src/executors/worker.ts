/** Entry point of a worker thread: does one job after another. Started by {@link JobPool} only. */
import { workerData } from 'node:worker_threads';
import { MetaclipError, type PlainError } from '../common/errors.ts';
import { type Job, type JobContext, type JobResult, runJob } from '../curation/jobs/job.ts';

/** What crosses back: an error keeps its code, which structured cloning of an Error would drop. */
export type JobOutcome =
  { readonly ok: true; readonly result: JobResult } | { readonly ok: false; readonly error: PlainError };

/**
 * @param job - what to do
 * @returns its result, or the plain form of its error
 */
export default async function work(job: Job): Promise<JobOutcome> {
  try {
    return { ok: true, result: await runJob(job, workerData as JobContext) };
  } catch (error) {
    if (error instanceof MetaclipError) return { ok: false, error: error.toPlain() };
    throw error;
  }
}
