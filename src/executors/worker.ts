/** Entry point of a worker thread: does one job after another. Started by {@link JobPool} only. */
import { MetaclipError, type PlainError } from '../common/errors.ts';
import { type Job, type JobContext, type JobResult, runJob } from '../curation/jobs/job.ts';

/** What crosses back: an error keeps its code, which structured cloning of an Error would drop. */
export type JobOutcome =
  { readonly ok: true; readonly result: JobResult } | { readonly ok: false; readonly error: PlainError };

/** What crosses over: with each job, because a thread may be up before there is an automaton. */
export interface WorkRequest {
  readonly job: Job;
  readonly context: JobContext;
}

/**
 * @param request - what to do, and the memory that all threads share
 * @returns its result, or the plain form of its error
 */
export default async function work(request: WorkRequest): Promise<JobOutcome> {
  try {
    return { ok: true, result: await runJob(request.job, request.context) };
  } catch (error) {
    if (error instanceof MetaclipError) return { ok: false, error: error.toPlain() };
    throw error;
  }
}
