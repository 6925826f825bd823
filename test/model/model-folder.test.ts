/** Model folders are read back, and a damaged one is noticed. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { importModel } from '../../src/model/import/import-model.ts';
import { listModels } from '../../src/model/list-models.ts';
import { MODEL_MANIFEST, readModelFolder } from '../../src/model/model-folder.ts';
import { failureOf, makeSource } from '../helpers/hub-folder.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

describe('readModelFolder', () => {
  it('notices weights that were changed, cut off or removed after the import', async (test) => {
    const { source, out } = makeSource(test);
    await importModel(source, out, { weights: 'embed' });
    const path = join(out, 'text.weights');
    const bytes = readFileSync(path);
    const changed = Buffer.from(bytes);
    changed[bytes.length - 1]! ^= 1;
    writeFileSync(path, changed);
    assert.match(
      (await failureOf(readModelFolder(out))).message,
      /text\.weights: not the file that was imported, its content/,
    );
    truncateSync(path, 100);
    assert.match((await failureOf(readModelFolder(out))).message, /100 bytes instead of \d+/);
    rmSync(path);
    assert.equal((await failureOf(readModelFolder(out))).code, 'E_MODEL_MISSING');
    const [listed] = await listModels(join(out, '..'));
    assert.ok(listed !== undefined && 'error' in listed && listed.error.code === 'E_MODEL_MISSING');
  });

  it('names the next step where there is no model', async (test) => {
    const folder = makeTempFolder(test);
    for (const path of [folder, join(folder, 'absent')]) {
      const error = await failureOf(readModelFolder(path));
      assert.equal(error.code, 'E_MODEL_MISSING');
      assert.match(error.hint ?? '', /metaclip model import/);
    }
  });

  const FIELDS: readonly (readonly [string, unknown, RegExp])[] = [
    ['formatVersion', 2, /format version 2, this program reads 1/],
    ['embedDim', -1, /embedDim must be a whole number of at least 1, it is -1/],
    ['vision', { file: '../vision.onnx' }, /file must be the name of a file in the folder/],
    ['files', [{ name: '/etc/passwd' }], /name must be the name of a file in the folder/],
    ['dtype', 'int3', /dtype must be one of float32/],
    ['preprocess', null, /preprocess must be an object, it is null/],
  ];
  for (const [field, value, message] of FIELDS) {
    it(`refuses a manifest with a wrong ${field}`, async (test) => {
      const { source, out } = makeSource(test);
      const { manifest } = await importModel(source, out);
      writeFileSync(join(out, MODEL_MANIFEST), JSON.stringify({ ...manifest, [field]: value }));
      const error = await failureOf(readModelFolder(out));
      assert.equal(error.code, 'E_MODEL_FORMAT');
      assert.match(error.message, message);
    });
  }
});
