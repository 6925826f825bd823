/**
 * Import and loading of a ViT-B/32 with random weights: linked, embedded, float16 and int8, beside copying the checkpoint.
 * `npm run bench:import`. Before anything is timed, the embeddings of each are held against those of the linked one.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { importModel } from '../../src/model/import/import-model.ts';
import { readModelFolder } from '../../src/model/model-folder.ts';
import { largestDifference, makeInputs, runFolder } from '../../test/helpers/clip-parity.ts';
import { B32, hubConfig, makeClip } from '../../test/helpers/clip-weights.ts';
import { writeSafetensors } from '../../test/helpers/write-checkpoint.ts';

const MODES = [
  ['link', 0],
  ['embed', 0],
  ['float16', 2e-3],
  ['int8', 3e-2],
] as const;
const REPEATS = 3;

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
try {
  const source = join(folder, 'in');
  mkdirSync(source);
  const weights = join(source, 'model.safetensors');
  writeSafetensors(weights, makeClip(B32, 3, 'transformers'));
  writeFileSync(join(source, 'config.json'), JSON.stringify(hubConfig(B32, 'quick_gelu')));
  const inputs = makeInputs(B32, 1, 2, B32.text.vocabSize - 1);
  const copy = await fastest(() => {
    copyFileSync(weights, join(folder, 'copy'));
    return Promise.resolve();
  });
  console.log(`ViT-B/32, fastest of ${REPEATS}, ${cpus()[0]?.model ?? ''}, Node ${process.version}`);
  console.log(`copying the checkpoint ${copy.toFixed(0)} ms`);
  let expected: Awaited<ReturnType<typeof runFolder>> | undefined;
  for (const [mode, tolerance] of MODES) {
    const out = join(folder, mode);
    const { writtenBytes } = await importModel(source, out, { weights: mode });
    const got = await runFolder(out, inputs);
    expected ??= got;
    for (const side of ['images', 'texts'] as const) {
      assert.ok(largestDifference(got[side], expected[side], B32.embedDim) <= tolerance, `${mode}: ${side}`);
    }
    const importMs = await fastest(() => importModel(source, out, { weights: mode }));
    const loadMs = await fastest(async () => {
      const { visionPath, textPath } = await readModelFolder(out);
      for (const path of [visionPath, textPath]) {
        await (await InferenceSession.create(path ?? '', { intraOpNumThreads: 1 })).release();
      }
    });
    console.log(
      `${mode.padEnd(8)} import ${importMs.toFixed(0).padStart(6)} ms (${(importMs / copy).toFixed(2)} of the copy), load of both graphs ${loadMs.toFixed(0).padStart(5)} ms, ${(writtenBytes / 1e6).toFixed(1).padStart(6)} MB written`,
    );
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function fastest(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let i = 0; i < REPEATS; i++) {
    const start = performance.now();
    await work();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}
