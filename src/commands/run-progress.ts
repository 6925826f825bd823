/** Shows the progress of a run's stages. */
import { formatBytes, formatCount, ProgressLine } from '../common/progress.ts';
import { PROGRESS } from '../curation/jobs/progress-counters.ts';
import type { StageProgress } from '../curation/stages/run-pieces.ts';
import type { CommandIo } from './command.ts';

const STAGE_LABELS: Readonly<Record<StageProgress['stage'], string>> = {
  match: 'match',
  scatter: 'de-duplicate (1 of 2)',
  resolve: 'de-duplicate (2 of 2)',
  count: 'count',
  balance: 'balance',
  write: 'write',
};

/**
 * @param io - where notes go
 * @returns a listener for `onProgress`, and `end` to call when the run is over
 */
export function showRunProgress(io: CommandIo): {
  onProgress: (progress: StageProgress) => void;
  end: () => void;
} {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let shown: StageProgress['stage'] | undefined;
  let latest: StageProgress | undefined;
  return {
    onProgress: (progress) => {
      latest = progress;
      if (progress.stage === shown) return;
      shown = progress.stage;
      if (progress.skippedPieces > 0 && progress.stage === 'match') {
        io.note(
          `taking up: ${formatCount(progress.skippedPieces)} of ${formatCount(progress.totalPieces)} tasks are matched\n`,
        );
      }
      const counterOf = (index: number): number => Number(latest?.counters?.[index] ?? 0n);
      line.begin({
        label: STAGE_LABELS[progress.stage],
        position: () =>
          `${formatCount(latest?.donePieces ?? 0)} of ${formatCount(latest?.totalPieces ?? 0)} tasks`,
        amount: () => {
          if (latest === undefined) return { done: 0, total: 0 };
          if (latest.totalBytes > 0) return { done: counterOf(PROGRESS.bytes), total: latest.totalBytes };
          return {
            done: latest.donePieces - latest.skippedPieces,
            total: latest.totalPieces - latest.skippedPieces,
          };
        },
        details: (seconds) => {
          if (latest === undefined || latest.totalBytes === 0) return `${seconds.toFixed(0)} s`;
          const bytes = counterOf(PROGRESS.bytes);
          const pairs = counterOf(PROGRESS.pairs);
          return `${formatBytes(bytes)} (${formatBytes(bytes / seconds)}/s), ${formatCount(pairs)} pairs (${formatCount(pairs / seconds)}/s)`;
        },
      });
    },
    end: () => {
      line.end();
    },
  };
}
