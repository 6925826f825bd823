/** Zero-shot weights kept on disk: 1,000 classes times 80 templates take minutes, and are the same for every data set. */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { produceFile } from '../../../common/files.ts';
import { fingerprintOf } from '../../../common/hashing.ts';
import type { Embeddings } from '../../score/embeddings.ts';

/** Changes when weights are made in another way. */
const RECIPE = 1;

/** What the weights are made of. */
export interface WeightSource {
  readonly fingerprint: string;
  readonly dimension: number;
  readonly classWeights: (
    names: readonly string[],
    templates: readonly string[],
    options: { readonly signal?: AbortSignal; readonly onProgress?: (donePrompts: number) => void },
  ) => Promise<Embeddings>;
}

/**
 * Takes the weights from `FOLDER/FINGERPRINT.f32`, whose name is made of the model's fingerprint, the names and the templates, or
 * makes them and puts them there. A file of another size is made anew.
 *
 * @param model - what embeds
 * @param names - classes
 * @param templates - texts with `{}`
 * @param folder - cache, made if needed; undefined for none
 * @param options - interruption, progress
 * @param options.signal - ends the call
 * @param options.onProgress - called with the number of prompts done
 * @returns one row a class, and whether they were there already
 * @throws {@link MetaclipError} as the model; `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`
 */
export async function cachedClassWeights(
  model: WeightSource,
  names: readonly string[],
  templates: readonly string[],
  folder: string | undefined,
  options: { readonly signal?: AbortSignal; readonly onProgress?: (donePrompts: number) => void } = {},
): Promise<{ readonly weights: Embeddings; readonly wasCached: boolean }> {
  const { fingerprint, dimension } = model;
  const key = fingerprintOf({ recipe: RECIPE, model: fingerprint, dimension, names, templates });
  const path = folder === undefined ? undefined : join(folder, `${key}.f32`);
  if (path !== undefined) {
    const data = await readFloats(path, names.length * dimension);
    if (data !== undefined)
      return { weights: { data, count: names.length, dimension, fingerprint }, wasCached: true };
  }
  const weights = await model.classWeights(names, templates, options);
  if (path !== undefined) {
    const bytes = new Uint8Array(weights.data.buffer, weights.data.byteOffset, weights.data.byteLength);
    await produceFile(path, async (temporaryPath) => {
      const file = await open(temporaryPath, 'wx');
      try {
        await file.writeFile(bytes);
      } finally {
        await file.close();
      }
    });
  }
  return { weights, wasCached: false };
}

async function readFloats(path: string, count: number): Promise<Float32Array | undefined> {
  let file: FileHandle;
  try {
    file = await open(path, 'r');
  } catch {
    return undefined; // not there, or not to be read: made anew
  }
  try {
    if ((await file.stat()).size !== count * 4) return undefined;
    const data = new Float32Array(count);
    await file.read(new Uint8Array(data.buffer), 0, count * 4, 0);
    return data;
  } finally {
    await file.close();
  }
}
