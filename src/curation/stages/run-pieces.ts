/**
 * What all stages have in common: a stage is a list of independent pieces of work, each with a key; pieces whose marker has
 * that key are not done again, the others go to the pool, and each leaves its marker as soon as it is done.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { Job, JobRunner } from '../jobs/job.ts';
import type { RunLayout, Stage } from '../run/layout.ts';
import { findDone, type Marker, removeOutdatedMarkers, writeMarker } from '../run/markers.ts';

/** One piece of work of a stage. */
export interface Piece {
  readonly index: number;
  /** Fingerprint of everything that its result depends on. */
  readonly key: string;
  readonly job: Job;
}

/** Told to whoever shows progress. */
export interface StageProgress {
  readonly stage: Stage;
  readonly donePieces: number;
  readonly totalPieces: number;
  /** Pieces found done at the start. */
  readonly skippedPieces: number;
  /** Bytes of input that the missing pieces read; 0 where the stage reads none. */
  readonly totalBytes: number;
  /** Shared counters of the pool; undefined when nothing had to be done. */
  readonly counters: BigInt64Array | undefined;
}

/** What the stages of a run share. */
export interface StageContext {
  readonly layout: RunLayout;
  /** Gives the pool, made at the first call: a run that is complete needs no threads and no automaton. */
  readonly pool: () => JobRunner;
  /** Ends its threads, and with them what they hold; the next call of `pool` starts new ones. */
  readonly closePool: () => Promise<void>;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((progress: StageProgress) => void) | undefined;
}

/** What is particular about a stage. */
export interface PieceOptions {
  /** Bytes of input that a piece reads, for progress; else 0. */
  readonly bytesOf?: (piece: Piece) => number;
  /** Stage whose piece of the same number is made from this one's. */
  readonly laterStage?: Stage;
}

/** Markers of all pieces of a stage, by index, and how many had to be done now. */
export interface StageResult {
  readonly markers: readonly Marker[];
  readonly executedCount: number;
}

/**
 * Does the missing pieces of a stage. Twice as many jobs as workers are in flight, so that no worker waits and an
 * interruption has little to abandon.
 *
 * @param context - what the stages share
 * @param stage - stage
 * @param pieces - in index order
 * @param options - what is particular about the stage
 * @returns markers in index order
 * @throws {@link MetaclipError} `E_INTERRUPTED` when the signal fires; what the jobs throw
 */
export async function runPieces(
  context: StageContext,
  stage: Stage,
  pieces: readonly Piece[],
  options: PieceOptions = {},
): Promise<StageResult> {
  const { done, outdated } = await findDone(context.layout, stage, pieces);
  const markers = new Map(done.map((marker) => [marker.index, marker]));
  const missing = pieces.filter((piece) => !markers.has(piece.index));
  const skippedPieces = markers.size;
  const totalBytes = missing.reduce((sum, piece) => sum + (options.bytesOf?.(piece) ?? 0), 0);
  const pool = missing.length > 0 ? context.pool() : undefined;
  const showProgress = (): void => {
    context.onProgress?.({
      stage,
      donePieces: markers.size,
      totalPieces: pieces.length,
      skippedPieces,
      totalBytes,
      counters: pool?.progress,
    });
  };
  pool?.progress.fill(0n);
  showProgress();
  if (pool !== undefined) {
    removeOutdatedMarkers(context.layout, stage, outdated, options.laterStage);
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let piece = missing[next++]; piece !== undefined; piece = missing[next++]) {
        throwIfAborted(context);
        const { values, ...report } = await pool.run(piece.job, context.signal);
        markers.set(piece.index, await writeMarker(context.layout, stage, piece.index, piece.key, report));
        showProgress();
      }
    };
    const lanes = Array.from({ length: Math.min(missing.length, pool.workers * 2) }, lane);
    try {
      await Promise.all(lanes);
    } catch (error) {
      next = missing.length; // the other lanes stop after their current piece
      await Promise.allSettled(lanes);
      throwIfAborted(context);
      throw error;
    }
  }
  throwIfAborted(context);
  return {
    markers: pieces.flatMap((piece) => markers.get(piece.index) ?? []),
    executedCount: missing.length,
  };
}

function throwIfAborted(context: StageContext): void {
  if (context.signal?.aborted !== true) return;
  throw new MetaclipError('E_INTERRUPTED', `${context.layout.root}: interrupted; finished tasks are kept`, {
    hint: 'run the same command again to go on where it stopped',
    details: { path: context.layout.root },
  });
}
