/** Write stage: one shard a task, in the schema asked for. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { fingerprintOf } from '../../common/hashing.ts';
import type { RunLayout } from '../run/layout.ts';
import { findDone, type Marker } from '../run/markers.ts';
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
  const lang = langOf(run);
  const footer = shardFooter(run, balanced);
  const { root } = context.layout;
  const result = await runPieces(
    context,
    'write',
    shardKeys(run, balanced).map((key, task) => ({
      index: task,
      key,
      job: { kind: 'write' as const, root, task, schema, lang, footer },
    })),
  );
  if (result.executedCount > 0) await removeOtherSchemas(context, run);
  if (schema === 'datacomp') {
    const shards = run.tasks.map((_, task) => context.layout.curated(task, '.parquet'));
    await writeSortedUids(shards, context.layout.uids);
  }
  return result;
}

/**
 * @param layout - run directory
 * @param run - run file
 * @param balanced - result of the balance stage
 * @returns markers of the shards
 * @throws {@link MetaclipError} `E_RUN_INCOMPLETE` when a shard is missing, or is one of another cap, seed or schema
 */
export async function requireWritten(
  layout: RunLayout,
  run: RunFile,
  balanced: BalanceResult,
): Promise<readonly Marker[]> {
  const tasks = shardKeys(run, balanced).map((key, index) => ({ index, key }));
  const { done: markers } = await findDone(layout, 'write', tasks);
  if (markers.length === run.tasks.length) return markers;
  throw new MetaclipError(
    'E_RUN_INCOMPLETE',
    `${layout.root}: ${run.tasks.length - markers.length} of ${run.tasks.length} shards are not written yet`,
    {
      hint: `metaclip write ${layout.root} does what is missing`,
      details: { path: layout.root, got: markers.length, limit: run.tasks.length },
    },
  );
}

function shardKeys(run: RunFile, balanced: BalanceResult): string[] {
  const { schema } = run.write;
  const lang = langOf(run);
  const footer = shardFooter(run, balanced);
  return balanced.keys.map((balanceKey) => fingerprintOf({ balanceKey, schema, lang, footer }));
}

function langOf(run: RunFile): string | null {
  return run.match.lang === 'off' ? null : run.match.lang;
}

function shardFooter(run: RunFile, balanced: BalanceResult): Record<string, string> {
  return {
    ...runFooter(run),
    'metaclip.t': String(balanced.t),
    'metaclip.seed': String(run.balance.seed),
    'metaclip.schema': run.write.schema,
  };
}

/** A shard of an earlier schema beside the new one would be read twice by whoever reads the folder. */
async function removeOtherSchemas(context: StageContext, run: RunFile): Promise<void> {
  const { extension } = SHARD_FORMATS[run.write.schema];
  const others = new Set(Object.values(SHARD_FORMATS).map((format) => format.extension));
  others.delete(extension);
  const present = new Set(await readdir(dirname(context.layout.uids)));
  for (const other of others) {
    for (let task = 0; task < run.tasks.length; task++) {
      const path = context.layout.curated(task, other);
      if (present.has(basename(path))) await rm(path, { force: true });
    }
  }
  if (run.write.schema !== 'datacomp') await rm(context.layout.uids, { force: true });
}
