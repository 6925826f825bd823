/** Hub folders to import, and the errors of imports. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { MetaclipError } from '../../src/common/errors.ts';
import { hubConfig, makeClip, type MadeTensors, TINY } from './clip-weights.ts';
import { makeTempFolder } from './temp-folder.ts';
import { writeSafetensors } from './write-checkpoint.ts';

/** A hub folder; `change` may break it before it is written. */
export function makeSource(
  test: TestContext,
  change: (parts: { tensors: MadeTensors; config: Record<string, unknown> }) => void = () => undefined,
): { source: string; out: string } {
  const root = makeTempFolder(test);
  const source = join(root, 'in');
  mkdirSync(source);
  const tensors = makeClip(TINY, 5, 'transformers');
  const config = { ...hubConfig(TINY, 'quick_gelu') };
  change({ tensors, config });
  writeSafetensors(join(source, 'model.safetensors'), tensors);
  writeFileSync(join(source, 'config.json'), JSON.stringify(config));
  writeFileSync(join(source, 'tokenizer.json'), '{"a tokenizer": true}');
  writeFileSync(join(source, 'tokenizer_config.json'), '{}');
  writeFileSync(join(source, 'README.md'), '---\nlicense: other\nlicense_name: "fair-2"\n---\n');
  return { source, out: join(root, 'out') };
}

/** The error of ours that a promise fails with; it has a hint. */
export async function failureOf(promise: Promise<unknown>): Promise<MetaclipError> {
  const error: unknown = await promise.then(
    () => assert.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof MetaclipError, String(error));
  assert.ok(error.hint !== undefined, error.message);
  return error;
}
