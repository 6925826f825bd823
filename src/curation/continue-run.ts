/** A run whose match stage is complete, taken up again: the later stages, with the same or other choices. */
import { MetaclipError } from '../common/errors.ts';
import { canonicalJson } from '../common/hashing.ts';
import { type KnownList, openKnownList } from '../metadata/known-list.ts';
import { carryOut, type CurateResult, prepareFolders } from './carry-out.ts';
import {
  cacheFolderOf,
  type CapChoice,
  checkOneOf,
  checkSeed,
  resolveCap,
  type RunControl,
} from './curate-options.ts';
import type { LaterStage } from './later-stages.ts';
import { RunLayout } from './run/layout.ts';
import { requireRunFile, type RunFile, writeRunFile } from './run/run-file.ts';
import { requireMatched } from './stages/match-stage.ts';
import { SHARD_SCHEMAS, type ShardSchema } from './write/shard-schema.ts';

/** Choices of {@link continueRun}; what is not given stays as it is in run.json. */
export interface ContinueOptions extends RunControl, CapChoice {
  readonly seed?: number;
  readonly schema?: ShardSchema;
  /** Entry list, if it is no longer where the run found it. */
  readonly metadata?: string;
}

/**
 * Goes on with a run whose match stage is complete. Another cap, seed or schema makes the later stages anew from the
 * matched pairs, without extracting or matching again.
 *
 * @param out - run directory
 * @param lastStage - stage to end after; earlier ones are done if they are missing
 * @param options - choices
 * @returns what was done
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_RUN_INCOMPLETE`, `E_METADATA_MISMATCH`, and as `curate`
 */
export async function continueRun(
  out: string,
  lastStage: LaterStage,
  options: ContinueOptions = {},
): Promise<CurateResult> {
  const startMs = performance.now();
  const layout = new RunLayout(out);
  const before = await requireRunFile(layout);
  const run: RunFile = {
    ...before,
    balance: {
      cap: resolveCap(options) ?? before.balance.cap,
      seed: checkSeed(options.seed ?? before.balance.seed),
    },
    write: { schema: checkOneOf('--schema', options.schema ?? before.write.schema, SHARD_SCHEMAS) },
  };
  const entries = await entriesOfRun(run, options);
  prepareFolders(layout);
  await writeRunFile(layout, run);
  const isResampled = lastStage !== 'count' && canonicalJson(run.balance) !== canonicalJson(before.balance);
  try {
    return await carryOut({
      layout,
      run,
      entries,
      match: (context) => requireMatched(context, run),
      openMatchPool: () => {
        throw new Error('nothing is matched here');
      },
      startsEarly: isResampled,
      lastStage,
      control: options,
      startMs,
      resumed: true,
      ignoredFiles: [],
    });
  } catch (error) {
    // A target that can't be reached, say: the run stays what it was.
    if (error instanceof MetaclipError && error.family === 'usage') await writeRunFile(layout, before);
    throw error;
  }
}

async function entriesOfRun(run: RunFile, options: ContinueOptions): Promise<KnownList> {
  const entries = await openKnownList(options.metadata ?? run.metadata.path, cacheFolderOf(options));
  if (entries.fingerprint === run.metadata.fingerprint) return entries;
  throw new MetaclipError(
    'E_METADATA_MISMATCH',
    `${entries.source}: not the entry list of this run (sha256 ${entries.fingerprint.slice(0, 12)}, the run has ${run.metadata.fingerprint.slice(0, 12)})`,
    {
      hint: 'name the list that the run was started with: --metadata FILE',
      details: { got: entries.fingerprint },
    },
  );
}
