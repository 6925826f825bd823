/** `report.html` of a run, and its plots as files. */
import { basename, join, resolve } from 'node:path';
import { writeFileAtomic } from '../../common/files.ts';
import { collectRunStats } from '../stats/collect-run-stats.ts';
import type { StatsOptions } from '../stats/run-stats.ts';
import { loadPageScript } from './page-script.ts';
import { renderReport } from './report-html.ts';
import { writePlots } from './write-plots.ts';

/** Name of the page in a run directory. */
export const REPORT_FILE = 'report.html';

/** Choices of {@link writeReport}. */
export interface ReportOptions extends Pick<StatsOptions, 'workers' | 'signal' | 'onProgress'> {
  /** File to write; default `report.html` in the run directory. */
  readonly file?: string;
  /** Folder for the plots as SVG and PNG files; none are made without it. */
  readonly plots?: string;
}

/** What {@link writeReport} wrote. */
export interface ReportResult {
  /** Absolute path of the page, and its size in bytes. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Absolute paths of the plots. */
  readonly plots: readonly string[];
}

/**
 * Makes the page of a balanced run: one file that needs nothing else, with the same bytes for the same run.
 *
 * Memory: that of `collectRunStats`, and a few times the page, which is below 5 MB for 500,000 entries.
 *
 * @param dir - run directory
 * @param options - what to write
 * @returns what was written
 * @throws {@link MetaclipError} `E_RUN_MISSING`, `E_RUN_INCOMPLETE`, `E_DAMAGED_RUN_FILE`, `E_METADATA_MISMATCH`,
 *   `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INTERRUPTED`
 */
export async function writeReport(dir: string, options: ReportOptions = {}): Promise<ReportResult> {
  const { file: wanted, plots: plotFolder, ...statsOptions } = options;
  const root = resolve(dir);
  const stats = await collectRunStats(root, statsOptions);
  const file = resolve(wanted ?? join(root, REPORT_FILE));
  const sizeBytes = await writeFileAtomic(file, renderReport(basename(root), stats, await loadPageScript()));
  const plots = plotFolder === undefined ? [] : await writePlots(resolve(plotFolder), stats, options.signal);
  return { file, sizeBytes, plots };
}
