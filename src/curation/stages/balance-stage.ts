/** Balance stage: the cap is fixed for the whole run, then each task's pairs are drawn. */
import { join } from 'node:path';
import { fingerprintOf } from '../../common/hashing.ts';
import { readJsonFile, writeFileAtomic } from '../../common/files.ts';
import { capOfTailShare, capOfTarget, entryProbability } from '../balance/cap.ts';
import type { Marker } from '../run/markers.ts';
import type { RunFile } from '../run/run-file.ts';
import type { CountResult } from './count-stage.ts';
import { runFooter } from './match-stage.ts';
import { runPieces, type StageContext } from './run-pieces.ts';

/** Result of the balance stage. */
export interface BalanceResult {
  /** The cap as a number, however it was given. */
  readonly t: number;
  readonly q: Float64Array<SharedArrayBuffer>;
  readonly markers: readonly Marker[];
  /** Key of each task's decisions. */
  readonly keys: readonly string[];
  readonly executedCount: number;
}

/**
 * @param context - what the stages share
 * @param run - run file
 * @param counted - result of the count stage
 * @returns the cap, and markers with `kept`, `keptMatches`, `notSampled`, `duplicates`, `expected`, `variance`
 * @throws {@link MetaclipError} `E_USAGE` when a target can't be reached
 */
export async function runBalanceStage(
  context: StageContext,
  run: RunFile,
  counted: CountResult,
): Promise<BalanceResult> {
  const t = await resolveCap(context, run, counted);
  const q = new Float64Array(new SharedArrayBuffer(counted.counts.byteLength));
  counted.counts.forEach((count, id) => {
    q[id] = entryProbability(count, t);
  });
  const { rowsKey, rowCounts, partitionCount } = counted;
  const { root } = context.layout;
  const { seed } = run.balance;
  const footer = { ...runFooter(run), 'metaclip.t': String(t), 'metaclip.seed': String(seed) };
  // `tally`: version of what a piece leaves beside its decisions; 2 since its counts are written without compression.
  const keys = rowCounts.map((_, task) => fingerprintOf({ tally: 2, rowsKey, task, t, seed }));
  const result = await runPieces(
    context,
    'balance',
    rowCounts.map((rowCount, task) => ({
      index: task,
      key: keys[task] ?? '',
      job: { kind: 'balance' as const, root, task, rowCount, partitionCount, q: q.buffer, seed, footer },
    })),
    { laterStage: 'write' },
  );
  return { t, q, keys, markers: result.markers, executedCount: result.executedCount };
}

/** A cap that had to be solved for is remembered, because each pass reads all matched rows. */
async function resolveCap(context: StageContext, run: RunFile, counted: CountResult): Promise<number> {
  const { cap } = run.balance;
  if (cap.kind === 't') return cap.t;
  // The share may be nearest to that of the entries never hit; the least cap that means anything is 1.
  if (cap.kind === 'tail-share') return Math.max(1, capOfTailShare(counted.counts, cap.share));

  const path = join(context.layout.root, 'cap.json');
  const key = fingerprintOf({ rowsKey: counted.rowsKey, cap });
  const known = await readJsonFile(path).catch(() => undefined);
  if (
    typeof known === 'object' &&
    known !== null &&
    'key' in known &&
    known.key === key &&
    't' in known &&
    typeof known.t === 'number'
  ) {
    return known.t;
  }
  const maxCount = counted.counts.reduce((max, count) => Math.max(max, count), 0);
  const { t, expected } = await capOfTarget(cap.pairCount, maxCount, counted.pairCount, async (caps) => {
    const pool = context.pool();
    const ofTasks = await Promise.all(
      counted.rowCounts.map((rowCount, task) =>
        pool.run(
          {
            kind: 'expected',
            root: context.layout.root,
            task,
            rowCount,
            partitionCount: counted.partitionCount,
            counts: counted.counts.buffer,
            caps,
          },
          context.signal,
        ),
      ),
    );
    // Tasks are added in order, so the sum does not depend on which finished first.
    return caps.map((_, i) => ofTasks.reduce((sum, { values }) => sum + (values?.[i] ?? 0), 0));
  });
  await writeFileAtomic(path, `${JSON.stringify({ key, target: cap.pairCount, t, expected }, null, 2)}\n`);
  return t;
}
