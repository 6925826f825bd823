/** Match stage: one piece a task (input file). */
import { MetaclipError } from '../../common/errors.ts';
import { fingerprintOf } from '../../common/hashing.ts';
import type { DropList } from '../drop-list.ts';
import { findDone } from '../run/markers.ts';
import { matchKeyOf, type RunFile } from '../run/run-file.ts';
import { runPieces, type StageContext, type StageResult } from './run-pieces.ts';

/**
 * @param context - what the stages share
 * @param run - run file
 * @param dropList - the list that the run file has the fingerprint of
 * @returns markers with `pairs`, `matched`, `matches`
 */
export function runMatchStage(
  context: StageContext,
  run: RunFile,
  dropList: DropList | null,
): Promise<StageResult> {
  const stageKey = matchKeyOf(run);
  const pieces = run.tasks.map((task, index) => ({
    index,
    key: fingerprintOf({ stageKey, input: task.fingerprint, format: task.format }),
    job: {
      kind: 'match' as const,
      root: context.layout.root,
      task: index,
      path: task.path,
      format: task.format,
      compat: run.match.compat,
      lang: run.match.lang,
      langThreshold: run.match.langThreshold,
      dropList,
      urlColumn: run.match.urlColumn,
      textColumn: run.match.textColumn,
      footer: runFooter(run),
    },
  }));
  return runPieces(context, 'match', pieces, {
    bytesOf: (piece) => run.tasks[piece.index]?.sizeBytes ?? 0,
  });
}

/**
 * @param context - what the stages share
 * @param run - run file
 * @returns the markers of a complete match stage
 * @throws {@link MetaclipError} `E_RUN_INCOMPLETE` when a task is missing
 */
export async function requireMatched(context: StageContext, run: RunFile): Promise<StageResult> {
  const tasks = taskKeysOf(run).map((key, index) => ({ index, key }));
  const { done: markers } = await findDone(context.layout, 'match', tasks);
  const missing = run.tasks.length - markers.length;
  if (missing === 0) return { markers, executedCount: 0 };
  throw new MetaclipError(
    'E_RUN_INCOMPLETE',
    `${context.layout.root}: ${missing} of ${run.tasks.length} tasks are not matched yet`,
    {
      hint: 'run the `metaclip match` or `metaclip curate` command that started this run again; it does what is missing',
      details: { path: context.layout.root, got: markers.length, limit: run.tasks.length },
    },
  );
}

function taskKeysOf(run: RunFile): string[] {
  const stageKey = matchKeyOf(run);
  return run.tasks.map((task) => fingerprintOf({ stageKey, input: task.fingerprint, format: task.format }));
}

/**
 * @param run - run file
 * @returns what every Parquet file of a run says of its making in the footer
 */
export function runFooter(run: RunFile): Record<string, string> {
  return {
    'metaclip.version': run.toolVersion,
    'metaclip.entries_sha256': run.metadata.fingerprint,
    'metaclip.entry_count': String(run.metadata.entryCount),
    'metaclip.compat': run.match.compat,
    'metaclip.lang': run.match.lang,
    ...(run.match.langModel === null
      ? {}
      : {
          'metaclip.lang_model': run.match.langModel,
          'metaclip.lang_threshold': String(run.match.langThreshold),
        }),
  };
}
