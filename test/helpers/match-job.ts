/** A match job as the stage makes it, with ordinary options. */
import type { MatchJob } from '../../src/curation/jobs/job.ts';

/**
 * @param root - run directory, in which matched/ exists
 * @param file - input
 * @param options - others than English off, no drop list, columns found by themselves
 */
export function makeMatchJob(
  root: string,
  file: Pick<MatchJob, 'path' | 'format'>,
  options: Partial<MatchJob> = {},
): MatchJob {
  return {
    kind: 'match',
    root,
    task: 0,
    ...file,
    compat: 'metaclip',
    lang: 'off',
    langThreshold: 0,
    dropList: null,
    urlColumn: null,
    textColumn: null,
    footer: {},
    ...options,
  };
}
