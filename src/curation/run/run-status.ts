/** How far a run is, from its markers. */
import { planDedup } from '../dedup/dedup-plan.ts';
import { RunLayout, type Stage } from './layout.ts';
import { countMarkers, type Marker, readMarker, sumOf } from './markers.ts';
import { requireRunFile, type RunFile } from './run-file.ts';

/** State of a run directory. */
export interface RunStatus {
  readonly out: string;
  readonly toolVersion: string;
  readonly entryCount: number;
  readonly metadataSource: string;
  /** The choices in words. */
  readonly options: string;
  readonly inputs: readonly string[];
  /** Markers there and wanted; total is null while it can't be known. */
  readonly stages: readonly { readonly stage: Stage; readonly done: number; readonly total: number | null }[];
  readonly pairsRead: number;
  readonly matchedRows: number;
  readonly unreadable: readonly { readonly path: string; readonly message: string }[];
  /** What to do next, one sentence. */
  readonly next: string;
}

/**
 * @param out - run directory
 * @returns its state; nothing is changed
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_DAMAGED_RUN_FILE`
 */
export async function describeStatus(out: string): Promise<RunStatus> {
  const layout = new RunLayout(out);
  const run = await requireRunFile(layout);
  const taskCount = run.tasks.length;
  const matched: Marker[] = [];
  for (let task = 0; task < taskCount; task++) {
    const marker = readMarker(layout, 'match', task);
    if (marker !== undefined) matched.push(marker);
  }
  const isMatched = matched.length === taskCount;
  const plan = isMatched ? planDedup(matched.map((marker) => marker.totals['matched'] ?? 0)) : undefined;
  const totals: readonly (readonly [Stage, number | null])[] = [
    ['match', taskCount],
    ['scatter', plan?.groups.length ?? null],
    ['resolve', plan?.partitionCount ?? null],
    ['count', taskCount],
    ['balance', taskCount],
    ['write', taskCount],
  ];
  const stages = [];
  for (const [stage, total] of totals) {
    stages.push({
      stage,
      done: stage === 'match' ? matched.length : await countMarkers(layout, stage),
      total,
    });
  }
  const unfinished = stages.find(({ done, total }) => total === null || done < total);
  return {
    out,
    toolVersion: run.toolVersion,
    entryCount: run.metadata.entryCount,
    metadataSource: run.metadata.source,
    options: optionsInWords(run),
    inputs: run.tasks.map((task) => task.path),
    stages,
    pairsRead: sumOf(matched, 'pairs'),
    matchedRows: sumOf(matched, 'matched'),
    unreadable: matched.flatMap(({ failure, index }) =>
      failure === undefined ? [] : [{ path: run.tasks[index]?.path ?? '', message: failure.message }],
    ),
    next: nextStep(unfinished?.stage, out),
  };
}

function nextStep(stage: Stage | undefined, out: string): string {
  switch (stage) {
    case undefined:
      return `complete: the shards are in ${out}/curated`;
    case 'match':
      return 'next: run the command that started this run again; it does what is missing';
    case 'scatter':
    case 'resolve':
    case 'count':
      return `next: metaclip count ${out}   (or metaclip write ${out} for all that is left)`;
    case 'balance':
      return `next: metaclip balance ${out}   (or metaclip write ${out} for all that is left)`;
    case 'write':
      return `next: metaclip write ${out}`;
  }
}

function optionsInWords(run: RunFile): string {
  const { cap, seed } = run.balance;
  const capText =
    cap.kind === 't'
      ? `t ${cap.t}`
      : cap.kind === 'tail-share'
        ? `tail share ${cap.share}`
        : `target ${cap.pairCount}`;
  return `${capText}, seed ${seed}, lang ${run.match.lang}, compat ${run.match.compat}, schema ${run.write.schema}`;
}
