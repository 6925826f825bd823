/** Write stage: one shard a task, in the schema asked for. */
import { rm } from 'node:fs/promises';
import { fingerprintOf } from '../../common/hashing.ts';
import type { Marker } from '../run/markers.ts';
import type { RunFile } from '../run/run-file.ts';
import { SHARD_FORMATS } from '../write/shard-schema.ts';
import { writeSortedUids } from '../write/sorted-uids.ts';
import type { BalanceResult } from './balance-stage.ts';
import { runFooter } from './match-stage.ts';
import { runPieces, type StageContext } from './run-pieces.ts';

/**
 * @param context - what the stages share
 * @param run - run file
 * @param balanced - result of the balance stage
 * @returns markers of the shards and how many were written now
 */
export async function runWriteStage(
  context: StageContext,
  run: RunFile,
  balanced: BalanceResult,
): Promise<{ markers: readonly Marker[]; executedCount: number }> {
  const { schema } = run.write;
  const lang = run.match.lang === 'off' ? null : run.match.lang;
  const footer = {
    ...runFooter(run),
    'metaclip.t': String(balanced.t),
    'metaclip.seed': String(run.balance.seed),
    'metaclip.schema': schema,
  };
  const result = await runPieces(
    context,
    'write',
    balanced.keys.map((balanceKey, task) => ({
      index: task,
      key: fingerprintOf({ balanceKey, schema, lang, footer }),
      job: { kind: 'write' as const, root: context.layout.root, task, schema, lang, footer },
    })),
  );
  if (result.executedCount > 0) await removeOtherSchemas(context, run);
  if (schema === 'datacomp') {
    const shards = run.tasks.map((_, task) => context.layout.curated(task, '.parquet'));
    await writeSortedUids(shards, context.layout.uids);
  }
  return result;
}

/** A shard of an earlier schema beside the new one would be read twice by whoever reads the folder. */
async function removeOtherSchemas(context: StageContext, run: RunFile): Promise<void> {
  const { extension } = SHARD_FORMATS[run.write.schema];
  const others = new Set(Object.values(SHARD_FORMATS).map((format) => format.extension));
  others.delete(extension);
  for (const other of others) {
    for (let task = 0; task < run.tasks.length; task++)
      await rm(context.layout.curated(task, other), { force: true });
  }
  if (run.write.schema !== 'datacomp') await rm(context.layout.uids, { force: true });
}
