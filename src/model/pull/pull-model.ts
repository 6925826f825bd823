/** `metaclip model pull` as a library: a model of the hub becomes a model folder. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { ensureFolder } from '../../common/files.ts';
import { importModel } from '../import/import-model.ts';
import { checkImportOptions, type ImportOptions, type ImportResult } from '../import/import-options.ts';
import { chooseFiles } from './choose-files.ts';
import { downloadFile } from './download-file.ts';
import { describeHubModel, type HubAccess, hubAccess, type HubFile } from './hub-client.ts';
import { MODEL_MANIFEST } from '../model-folder.ts';

/** What is going to be fetched; told before the first byte of a file. */
export interface PullPlan {
  readonly name: string;
  /** Commit of the model. */
  readonly revision: string;
  readonly licence: string | null;
  readonly fileCount: number;
  readonly totalBytes: number;
}

/** Options of {@link pullModel}. */
export interface PullOptions extends Omit<ImportOptions, 'config' | 'onProgress'> {
  /** Branch, tag or commit. Default `main`. */
  readonly revision?: string;
  /** Default: from `HF_ENDPOINT` and `HF_TOKEN`. */
  readonly access?: HubAccess;
  /** Called once, with the licence, before anything is fetched. */
  readonly onPlan?: (plan: PullPlan) => void;
  /** Called as files come: bytes that are there, and in all. */
  readonly onProgress?: (haveBytes: number, totalBytes: number) => void;
}

/** What a pull made. */
export interface PullResult extends ImportResult {
  readonly plan: PullPlan;
  /** Files that were there already, whole. */
  readonly keptFiles: number;
}

/**
 * Fetches what is needed of a model into a folder, each file checked against the hub's checksum, and imports it there: the graphs
 * point into the downloaded weights. Called again, it fetches only what is missing.
 *
 * @param name - `owner/model`
 * @param out - model folder: new, empty, or of an earlier pull
 * @param options - revision, and as for {@link importModel}
 * @returns as {@link importModel}, and what was fetched
 * @throws {@link MetaclipError} `E_USAGE`, `E_DOWNLOAD_FAILED`, `E_CHECKSUM`, `E_INTERRUPTED`; as {@link importModel}
 */
export async function pullModel(name: string, out: string, options: PullOptions = {}): Promise<PullResult> {
  const { revision = 'main', access = hubAccess(), onPlan, onProgress, ...importOptions } = options;
  checkImportOptions(importOptions);
  const model = await describeHubModel(name, revision, access, options.signal);
  const files = chooseFiles(model);
  const plan: PullPlan = {
    name,
    revision: model.revision,
    licence: model.licence,
    fileCount: files.length,
    totalBytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
  await claimPullFolder(out, files);
  onPlan?.(plan);
  let doneBytes = 0;
  let keptFiles = 0;
  for (const file of files) {
    const isKept = await downloadFile({
      model,
      file,
      path: join(out, ...file.path.split('/')),
      access,
      signal: options.signal,
      onBytes: (haveBytes) => onProgress?.(doneBytes + haveBytes, plan.totalBytes),
    });
    if (isKept) keptFiles++;
    doneBytes += file.sizeBytes;
  }
  const result = await importModel(out, out, {
    name,
    ...(model.licence === null ? {} : { licence: model.licence }),
    ...importOptions,
  });
  return { ...result, plan, keptFiles };
}

/** A folder with something of this model in it is taken up; anything else is somebody's. */
async function claimPullFolder(out: string, files: readonly HubFile[]): Promise<void> {
  await ensureFolder(out);
  const names = await readdir(out);
  const own = new Set([MODEL_MANIFEST, ...files.map(({ path }) => path.split('/')[0] ?? '')]);
  if (names.length === 0 || names.some((name) => own.has(name) || name.endsWith('.part'))) return;
  throw new MetaclipError('E_OUTPUT_NOT_EMPTY', `${out}: not empty, and nothing of this model is in it`, {
    hint: 'choose another --out, or empty this one',
    details: { path: out },
  });
}
