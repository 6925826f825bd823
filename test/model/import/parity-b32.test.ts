/** A model of the size of ViT-B/32 with random weights gives the embeddings of PyTorch, linked and as float16. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importModel } from '../../../src/model/import/import-model.ts';
import {
  largestDifference,
  makeInputs,
  runFolder,
  runTorch,
  skipWithoutTorch,
} from '../../helpers/clip-parity.ts';
import { B32, hubConfig, makeClip } from '../../helpers/clip-weights.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSafetensors } from '../../helpers/write-checkpoint.ts';

describe('embeddings of an imported ViT-B/32', () => {
  it('are those of PyTorch', { skip: skipWithoutTorch() }, async (test) => {
    const root = makeTempFolder(test);
    const source = join(root, 'in');
    mkdirSync(source);
    writeFileSync(
      join(source, 'config.json'),
      JSON.stringify(hubConfig(B32, 'quick_gelu', { eosTokenId: 49_407 })),
    );
    const weights = join(source, 'model.safetensors');
    writeSafetensors(weights, makeClip(B32, 3, 'transformers'));
    const inputs = makeInputs(B32, 2, 3, B32.text.vocabSize - 1);
    const job = { weights, shape: B32, activation: 'quick_gelu', eosId: 49_407, inputs };
    const [expected] = runTorch(root, [job]);
    assert.ok(expected !== undefined);
    const out = join(root, 'out');
    const { writtenBytes, linkedBytes } = await importModel(source, out);
    assert.ok(writtenBytes < 250_000 && linkedBytes > 600_000_000);
    const got = await runFolder(out, inputs);
    for (const side of ['images', 'texts'] as const) {
      const difference = largestDifference(got[side], expected[side], B32.embedDim);
      test.diagnostic(`${side}: largest difference ${difference.toExponential(1)}`);
      assert.ok(difference <= 1e-4, `${side} differ by ${difference}`);
    }
  });
});
