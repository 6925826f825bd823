/** Shows the progress of the passes over all matched pairs that statistics take. */
import { ProgressLine } from '../common/progress.ts';
import type { StatsProgress } from '../curation/stats/run-stats.ts';
import type { CommandIo } from './command.ts';

const PASS_LABELS: Readonly<Record<StatsProgress['pass'], string>> = {
  sweep: 'expected pairs of other caps',
  texts: 'texts and images',
};

/**
 * @param io - where notes go
 * @returns a listener for `onProgress`, and `end` to call when it is over
 */
export function showStatsProgress(io: CommandIo): {
  onProgress: (progress: StatsProgress) => void;
  end: () => void;
} {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let shown: StatsProgress['pass'] | undefined;
  let latest = { doneTasks: 0, totalTasks: 0 };
  return {
    onProgress: (progress) => {
      latest = progress;
      if (progress.pass === shown) return;
      shown = progress.pass;
      line.begin({
        label: PASS_LABELS[progress.pass],
        position: () => `${latest.doneTasks} of ${latest.totalTasks} tasks`,
        amount: () => ({ done: latest.doneTasks, total: latest.totalTasks }),
        details: (seconds) => `${seconds.toFixed(0)} s`,
      });
    },
    end: () => {
      line.end();
    },
  };
}
