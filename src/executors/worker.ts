/** Entry point of a worker thread: does one job after another. Started by {@link JobPool} only. */
import { MetaclipError, type PlainError } from '../common/errors.ts';
import { type Job, type JobContext, type JobResult, runJob } from '../curation/jobs/job.ts';

/** What crosses back: an error keeps its code, which structured cloning of an Error would drop. */
export type JobOutcome =
  { readonly ok: true; readonly result: JobResult } | { readonly ok: false; readonly error: PlainError };

/** What crosses over: the memory with each job, because a thread may be up before there is an automaton. */
export interface WorkRequest {
  readonly job: Job;
  readonly context: JobContext;
}

/**
 * What came with the first job; later jobs of a pool bring the same. Each copy that crosses over is another object, for which kernels
 * would take scratch memory anew, until none is left.
 */
let context: JobContext | undefined;

/**
 * @param request - what to do, and the memory that all threads share
 * @returns its result, or the plain form of its error
 */
export default async function work(request: WorkRequest): Promise<JobOutcome> {
  context ??= request.context;
  try {
    return { ok: true, result: await runJob(request.job, context) };
  } catch (error) {
    if (error instanceof MetaclipError) return { ok: false, error: error.toPlain() };
    throw error;
  }
}
