import assert from 'node:assert/strict';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openBundledModel } from '../../src/model/bundled-model.ts';
import { readModelFolder } from '../../src/model/model-folder.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

describe('openBundledModel', () => {
  it('imports it once, also for several at a time, and again when it is damaged', async (t) => {
    const cache = join(makeTempFolder(t), 'not/there/yet');
    const [folder, ...others] = await Promise.all([openBundledModel(cache), openBundledModel(cache)]);
    assert.deepEqual(others, [folder]);
    assert.deepEqual(readdirSync(cache).length, 1);
    const { manifest, visionPath } = await readModelFolder(folder);
    assert.equal(manifest.name, 'emoji');
    assert.ok(visionPath);
    const { mtimeMs } = statSync(visionPath);
    assert.equal(await openBundledModel(cache), folder);
    assert.equal(statSync(visionPath).mtimeMs, mtimeMs);

    writeFileSync(visionPath, 'damaged');
    assert.equal(await openBundledModel(cache), folder);
    await readModelFolder(folder);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, 'a file stands in the way');
    assert.equal(await openBundledModel(cache), folder);
    await readModelFolder(folder);
  });

  it('shares nothing with the package, whose files may be replaced', async (t) => {
    const folder = await openBundledModel(makeTempFolder(t));
    for (const name of readdirSync(folder)) assert.equal(statSync(join(folder, name)).nlink, 1, name);
  });

  it('says where it cannot write', async () => {
    await assert.rejects(openBundledModel('/dev/null/cache'), { code: 'E_OUTPUT_UNWRITABLE' });
  });
});
