/** Claims an output folder for one set of options, so that a call is taken up only with the same ones. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MetaclipError } from '../common/errors.ts';
import { checkWritable, readJsonFile, writeFileAtomic } from '../common/files.ts';
import { canonicalJson } from '../common/hashing.ts';

/** What was found. */
export type FolderState = 'new' | 'begun' | 'finished';

/**
 * Makes the folder with a state file, or finds the one of an earlier call.
 *
 * @param out - folder
 * @param stateName - name of the state file in it
 * @param settings - plain JSON: all that the result depends on
 * @returns whether an earlier call with equal settings began or finished it
 * @throws {@link MetaclipError} `E_OUTPUT_NOT_EMPTY` when it holds something else, `E_RUN_MISMATCH` when the settings are others,
 *   `E_DAMAGED_RUN_FILE`, `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function claimOutputFolder(
  out: string,
  stateName: string,
  settings: object,
): Promise<FolderState> {
  const path = join(out, stateName);
  const state = await readJsonFile(path);
  if (state === undefined) {
    const names = await readdir(out).catch((): string[] => []); // absent, or no folder: what follows says which
    if (names.length > 0) {
      throw new MetaclipError('E_OUTPUT_NOT_EMPTY', `${out}: not empty, and holds no ${stateName}`, {
        hint: 'choose another --out, or empty this one',
        details: { path: out },
      });
    }
    checkWritable(out);
    await writeFileAtomic(path, `${JSON.stringify({ settings, done: false }, null, 2)}\n`);
    return 'new';
  }
  const isObject = typeof state === 'object' && state !== null;
  const before = isObject && 'settings' in state ? state.settings : undefined;
  if (canonicalJson(before ?? null) !== canonicalJson(settings)) {
    throw new MetaclipError(
      'E_RUN_MISMATCH',
      `${out}: was begun with another input, model or other options`,
      {
        hint: `${path} tells which; give the same to go on, or choose another --out`,
        details: { path },
      },
    );
  }
  return isObject && 'done' in state && state.done === true ? 'finished' : 'begun';
}

/**
 * Marks the folder as finished.
 *
 * @param out - folder
 * @param stateName - name of the state file in it
 * @param settings - as they were given to {@link claimOutputFolder}
 * @param summary - plain JSON, kept beside them
 * @throws {@link MetaclipError} `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function finishOutputFolder(
  out: string,
  stateName: string,
  settings: object,
  summary: object,
): Promise<void> {
  await writeFileAtomic(
    join(out, stateName),
    `${JSON.stringify({ settings, done: true, summary }, null, 2)}\n`,
  );
}
