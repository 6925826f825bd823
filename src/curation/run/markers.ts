/**
 * Completion markers: `done/STAGE/NNNNN.json`, written last. A piece of work counts as done when its marker has the key
 * that is asked for now and the files that it names are there in the size that it names.
 */
import { readFileSync, rmSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { writeFileAtomic } from '../../common/files.ts';
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
export function readMarker(layout: RunLayout, stage: Stage, index: number): Marker | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(layout.marker(stage, index), 'utf8'));
    return isMarker(value) ? value : undefined;
  } catch {
    return undefined; // an unreadable marker is no marker: the piece is done again
  }
}

/** Markers that are looked at before something else gets its turn: an interruption, say. */
const MARKERS_AT_ONCE = 256;

/** What is there of a stage. */
export interface FoundPieces {
  /** Markers of the pieces that are done, in the order of the pieces. */
  readonly done: readonly Marker[];
  /** Numbers of the pieces that were done with other choices. */
  readonly outdated: readonly number[];
}

/**
 * Looks for pieces that are done: the marker has the key asked for, and all its files are there in full size. Files are read
 * synchronously: a marker takes 20 us so, and 300 through promises, and at the start of a call nothing else is going on.
 *
 * @param layout - run directory
 * @param stage - stage
 * @param pieces - numbers of the pieces and fingerprints wanted
 * @returns which are done
 */
export async function findDone(
  layout: RunLayout,
  stage: Stage,
  pieces: readonly { readonly index: number; readonly key: string }[],
): Promise<FoundPieces> {
  const done: Marker[] = [];
  const outdated: number[] = [];
  for (const [at, { index, key }] of pieces.entries()) {
    if (at % MARKERS_AT_ONCE === MARKERS_AT_ONCE - 1) await nextTurn();
    const marker = readMarker(layout, stage, index);
    if (marker === undefined) continue;
    if (marker.key !== key) {
      outdated.push(index);
      continue;
    }
    const isThere = marker.outputs.every(({ path, sizeBytes }) => {
      const stats = statSync(join(layout.root, path), { throwIfNoEntry: false });
      return stats?.size === sizeBytes;
    });
    if (isThere) done.push(marker);
  }
  return { done, outdated };
}

/**
 * Removes the markers of pieces that are to be done with other choices than before, so that what is there counts as what it is
 * meanwhile, also after an interruption. Their files stay until they are replaced.
 *
 * @param layout - run directory
 * @param stage - stage
 * @param outdated - what {@link findDone} found
 * @param laterStage - stage whose pieces of the same numbers are made from these, if any: theirs go, too
 */
export function removeOutdatedMarkers(
  layout: RunLayout,
  stage: Stage,
  outdated: readonly number[],
  laterStage?: Stage,
): void {
  for (const index of outdated) {
    if (laterStage !== undefined) rmSync(layout.marker(laterStage, index), { force: true });
    rmSync(layout.marker(stage, index), { force: true });
  }
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
