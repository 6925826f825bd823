/** `metaclip model import` as a library: any source in, a model folder out. */
import { dirname, join } from 'node:path';
import { writeFileAtomic } from '../../common/files.ts';
import { fingerprintOf } from '../../common/hashing.ts';
import { TOOL_VERSION } from '../../common/version.ts';
import { MODEL_MANIFEST, type ModelFile, type ModelManifest } from '../model-folder.ts';
import { MODEL_FORMAT_VERSION } from '../model-manifest.ts';
import { checkImportOptions, type ImportOptions, type ImportResult } from './import-options.ts';
import { type ImportedParts, prepareWeights, writeGraphs } from './import-weights.ts';
import { findModelSource, findTokenizer, type ModelSource } from './model-source.ts';
import { claimModelFolder, describeFile, placeCopy, removeOldFiles } from './output-files.ts';
import { importReadyGraphs } from './ready-graphs.ts';
import { RangeReader } from './tensors.ts';

/**
 * Imports a model: a hub-style folder, a checkpoint, or ready ONNX graphs. What can be wrong with weights is
 * found before anything is written; the manifest is written last. `out` may be the source folder itself.
 *
 * Linked (the default), nothing but the graphs is written; memory stays some 100 MiB above the start in every mode.
 *
 * @param source - folder or checkpoint
 * @param out - model folder: new, empty, an earlier import (which is replaced), or the source folder
 * @param options - what the source doesn't say, and how weights are stored
 * @returns the manifest and what was done
 * @throws {@link MetaclipError} `E_USAGE`, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_FORMAT_UNKNOWN`, `E_MODEL_FORMAT` (damaged),
 *   `E_MODEL_UNSUPPORTED` (whole, but nothing that can be imported), `E_PREPROCESS_CONFIG`, `E_OUTPUT_NOT_EMPTY`,
 *   `E_OUTPUT_UNWRITABLE`, `E_DISK_FULL`, `E_INTERRUPTED`
 */
export async function importModel(
  source: string,
  out: string,
  options: ImportOptions = {},
): Promise<ImportResult> {
  checkImportOptions(options);
  const found = await findModelSource(source);
  const tokenizer =
    options.tokenizer === undefined ? found.tokenizer : await findTokenizer(options.tokenizer);
  const sourceFolder = found.kind === 'weights' ? dirname(found.weights) : source;
  const reader = new RangeReader();
  try {
    if (found.kind === 'onnx') {
      await claimModelFolder(out, sourceFolder);
      const parts = await importReadyGraphs(found, out, options);
      return await finish(found, out, tokenizer, parts, options);
    }
    const prepared = await prepareWeights(found, found.preprocessor, options, reader);
    await claimModelFolder(out, sourceFolder);
    const parts = await writeGraphs(prepared, out, options, reader);
    return await finish(found, out, tokenizer, parts, options);
  } finally {
    await reader.close();
  }
}

async function finish(
  source: ModelSource,
  out: string,
  tokenizerPaths: readonly string[],
  parts: ImportedParts,
  options: ImportOptions,
): Promise<ImportResult> {
  const tokenizerFiles: ModelFile[] = [];
  for (const path of tokenizerPaths) {
    tokenizerFiles.push(await describeFile(out, await placeCopy(path, out), true));
  }
  const [main] = tokenizerFiles;
  const manifest: ModelManifest = {
    formatVersion: MODEL_FORMAT_VERSION,
    name: options.name ?? source.name,
    licence: options.licence ?? source.licence,
    fingerprint: fingerprintOf({
      identity: parts.identity,
      tokenizer: tokenizerFiles.map(({ sha256 }) => sha256 ?? null),
    }),
    toolVersion: TOOL_VERSION,
    ...parts.manifest,
    tokenizer:
      main === undefined
        ? null
        : { kind: main.name === 'tokenizer.json' ? 'tokenizer-json' : 'clip-bpe', file: main.name },
    files: [...parts.files, ...tokenizerFiles],
  };
  await removeOldFiles(out, new Set(manifest.files.map(({ name }) => name)));
  await writeFileAtomic(join(out, MODEL_MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  const notes = [...parts.notes];
  if (main === undefined && manifest.text !== null) {
    notes.push('no tokenizer was found: texts cannot be embedded; give --tokenizer FILE');
  }
  if (manifest.licence !== null) notes.push(`the model's licence: ${manifest.licence}`);
  const { writtenBytes, linkedBytes } = parts;
  return { out, manifest, writtenBytes, linkedBytes, notes };
}
