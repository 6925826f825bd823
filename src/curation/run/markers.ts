/**
 * Completion markers: `done/STAGE/NNNNN.json`, written last. A piece of work counts as done when its marker has the key
 * that is asked for now and the files that it names are there in the size that it names.
 */
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileSizeOf, readJsonFile, writeFileAtomic } from '../../common/files.ts';
import type { RunLayout, Stage } from './layout.ts';

/** What a piece of work did. */
export interface PieceReport {
  /** Files made, absolute paths. */
  readonly outputs: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** Numbers that add up over pieces. */
  readonly totals: Readonly<Record<string, number>>;
  /** Rows of numbers that add up by position: what histograms are made of. */
  readonly bins?: Readonly<Record<string, readonly number[]>>;
  /** Left out, by reason. */
  readonly drops?: Readonly<Record<string, number>>;
  /** Examples of what was left out. */
  readonly samples?: readonly unknown[];
  /** Why an input could not be used at all. */
  readonly failure?: { readonly code: string; readonly message: string };
  readonly seconds: number;
  readonly peakMemoryBytes: number;
}

/** Content of a marker; output paths are relative to the run directory, so that it can be moved. */
export interface Marker extends PieceReport {
  readonly stage: Stage;
  readonly index: number;
  /** Fingerprint of everything that the work depends on. */
  readonly key: string;
}

/**
 * @param layout - run directory
 * @param stage - stage
 * @param index - number of the piece
 * @param key - fingerprint of what it depends on
 * @param report - what it did
 * @returns the marker as written
 */
export async function writeMarker(
  layout: RunLayout,
  stage: Stage,
  index: number,
  key: string,
  report: PieceReport,
): Promise<Marker> {
  const outputs = report.outputs.map(({ path, sizeBytes }) => ({
    path: relative(layout.root, path),
    sizeBytes,
  }));
  const marker: Marker = { stage, index, key, ...report, outputs };
  await writeFileAtomic(layout.marker(stage, index), `${JSON.stringify(marker, null, 1)}\n`);
  return marker;
}

/**
 * @param layout - run directory
 * @param stage - stage
 * @param index - number of the piece
 * @returns its marker as it lies there, valid or not; undefined when there is none or it can't be read
 */
export async function readMarker(
  layout: RunLayout,
  stage: Stage,
  index: number,
): Promise<Marker | undefined> {
  // An unreadable marker is no marker: the piece is done again.
  const value = await readJsonFile(layout.marker(stage, index)).catch(() => undefined);
  return isMarker(value) ? value : undefined;
}

/**
 * @param layout - run directory
 * @param stage - stage
 * @param index - number of the piece
 * @param key - fingerprint wanted
 * @returns the marker if the piece is done: same key, all files there in full size
 */
export async function findDone(
  layout: RunLayout,
  stage: Stage,
  index: number,
  key: string,
): Promise<Marker | undefined> {
  const marker = await readMarker(layout, stage, index);
  if (marker?.key !== key) return undefined;
  for (const { path, sizeBytes } of marker.outputs) {
    if ((await fileSizeOf(join(layout.root, path))) !== sizeBytes) return undefined;
  }
  return marker;
}

/**
 * @param layout - run directory
 * @param stage - stage
 * @returns number of markers of the stage, valid or not
 */
export async function countMarkers(layout: RunLayout, stage: Stage): Promise<number> {
  try {
    return (await readdir(layout.markerFolder(stage))).filter((name) => name.endsWith('.json')).length;
  } catch {
    return 0; // the stage has not begun
  }
}

/**
 * @param markers - markers of a stage
 * @param name - name of a total
 * @returns its sum, in marker order
 */
export function sumOf(markers: readonly Marker[], name: string): number {
  return markers.reduce((sum, marker) => sum + (marker.totals[name] ?? 0), 0);
}

function isMarker(value: unknown): value is Marker {
  return (
    typeof value === 'object' &&
    value !== null &&
    'key' in value &&
    typeof value.key === 'string' &&
    'outputs' in value &&
    Array.isArray(value.outputs) &&
    'totals' in value &&
    typeof value.totals === 'object'
  );
}
