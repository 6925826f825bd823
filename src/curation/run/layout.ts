/** Names of the files of a run directory; see DESIGN.md, "Run directory". */
import { join } from 'node:path';

/** Stages that leave markers, in the order they run. */
export const STAGES = ['match', 'scatter', 'resolve', 'count', 'balance', 'write'] as const;

/** Name of a stage. */
export type Stage = (typeof STAGES)[number];

/** Paths of one run directory. */
export class RunLayout {
  readonly root: string;

  /**
   * @param root - the run directory
   */
  constructor(root: string) {
    this.root = root;
  }

  /** @returns run.json */
  get runFile(): string {
    return join(this.root, 'run.json');
  }
  /** @returns entry_counts.parquet */
  get entryCounts(): string {
    return join(this.root, 'entry_counts.parquet');
  }
  /** @returns stats.json */
  get stats(): string {
    return join(this.root, 'stats.json');
  }
  /** @returns what is remembered of passes over all matched pairs */
  get statsDetail(): string {
    return join(this.root, 'stats-detail.json');
  }
  /** @returns the data card for people */
  get dataCard(): string {
    return join(this.root, 'README.md');
  }
  /** @returns the data card for programs: entry to number of kept pairs */
  get dataCardJson(): string {
    return join(this.root, 'datacard.json');
  }
  /** @returns the sorted uids of the DataComp schema */
  get uids(): string {
    return join(this.root, 'curated', 'uids.npy');
  }

  /**
   * @param task - task number
   * @returns the pairs with at least one match
   */
  matched(task: number): string {
    return join(this.root, 'matched', `${numbered(task)}.parquet`);
  }
  /**
   * @param task - task number
   * @returns the same rows without strings
   */
  keys(task: number): string {
    return join(this.root, 'matched', `${numbered(task)}.keys`);
  }
  /**
   * @param group - group number
   * @returns rows of a group by partition
   */
  group(group: number): string {
    return join(this.root, 'dedup', `group-${numbered(group)}.bin`);
  }
  /**
   * @param partition - partition number
   * @returns rows that lose against an equal one
   */
  partition(partition: number): string {
    return join(this.root, 'dedup', `partition-${numbered(partition)}.bin`);
  }
  /**
   * @param task - task number
   * @returns sparse counts of a task
   */
  counts(task: number): string {
    return join(this.root, 'counts', `${numbered(task)}.parquet`);
  }
  /**
   * @param task - task number
   * @returns keep probability of each matched row, null where it is not kept
   */
  balanced(task: number): string {
    return join(this.root, 'balanced', `${numbered(task)}.parquet`);
  }
  /**
   * @param task - task number
   * @returns sparse counts of a task's kept pairs
   */
  keptCounts(task: number): string {
    return join(this.root, 'kept', `${numbered(task)}.parquet`);
  }
  /**
   * @param task - task number
   * @param extension - of the shard schema
   * @returns the result
   */
  curated(task: number, extension: string): string {
    return join(this.root, 'curated', `${numbered(task)}${extension}`);
  }
  /**
   * @param stage - stage
   * @param index - task, group or partition number
   * @returns the marker that says that it is done
   */
  marker(stage: Stage, index: number): string {
    return join(this.markerFolder(stage), `${numbered(index)}.json`);
  }
  /**
   * @param stage - stage
   * @returns folder of the stage's markers
   */
  markerFolder(stage: Stage): string {
    return join(this.root, 'done', stage);
  }

  /** @returns every folder in which files are written under temporary names */
  get outputFolders(): string[] {
    const names = ['.', 'matched', 'dedup', 'counts', 'balanced', 'kept', 'curated'];
    return [
      ...names.map((name) => join(this.root, name)),
      ...STAGES.map((stage) => this.markerFolder(stage)),
    ];
  }
}

function numbered(index: number): string {
  return String(index).padStart(5, '0');
}
