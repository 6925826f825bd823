/**
 * `stats-detail.json`: what passes over all matched pairs came to, with the keys of what it depends on, so that a second
 * look reads no pairs. Never needed: what is missing or stale is made anew.
 */
import { fingerprintOf } from '../../common/hashing.ts';
import { readJsonFile, writeFileAtomic } from '../../common/files.ts';
import type { RunLayout } from '../run/layout.ts';
import type { BalancedRun } from './balanced-run.ts';
import type { SweepPoint, TextStats } from './run-stats.ts';

/** Raised when what a file of the same keys would hold changes. */
const DETAIL_VERSION = 1;

/** Content of the file. */
export interface StatsDetail {
  /** Of the matched pairs and the caps. */
  readonly sweepKey: string;
  readonly sweep: readonly SweepPoint[];
  /** Of the matched pairs and the decisions. */
  readonly textsKey: string;
  readonly texts: TextStats;
}

/**
 * @param balancedRun - a run
 * @param caps - caps of its sweep
 * @param hasLanguages - whether its texts have languages
 * @returns the keys that a file must have to be of use
 */
export function detailKeys(
  balancedRun: BalancedRun,
  caps: readonly number[],
  hasLanguages: boolean,
): { sweepKey: string; textsKey: string } {
  const { counted, balanced } = balancedRun;
  const { rowsKey } = counted;
  return {
    sweepKey: fingerprintOf({ version: DETAIL_VERSION, rowsKey, caps }),
    textsKey: fingerprintOf({ version: DETAIL_VERSION, keys: balanced.keys, hasLanguages }),
  };
}

/**
 * @param layout - run directory
 * @returns the file's content; empty when it is missing or damaged
 */
export async function readDetail(layout: RunLayout): Promise<Partial<StatsDetail>> {
  const value = await readJsonFile(layout.statsDetail).catch(() => undefined);
  return isDetail(value) ? value : {};
}

/**
 * @param layout - run directory
 * @param detail - content
 */
export async function writeDetail(layout: RunLayout, detail: StatsDetail): Promise<void> {
  await writeFileAtomic(layout.statsDetail, `${JSON.stringify(detail, null, 1)}\n`);
}

function isDetail(value: unknown): value is StatsDetail {
  return (
    typeof value === 'object' &&
    value !== null &&
    'sweepKey' in value &&
    typeof value.sweepKey === 'string' &&
    'textsKey' in value &&
    typeof value.textsKey === 'string' &&
    'sweep' in value &&
    Array.isArray(value.sweep) &&
    'texts' in value &&
    typeof value.texts === 'object' &&
    value.texts !== null
  );
}
