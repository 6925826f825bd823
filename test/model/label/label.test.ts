/** Whole folders through the labelling task, with a model whose answers follow from the colour of an image. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import sharp from 'sharp';
import type { LabelOptions, LabelSummary } from '../../../src/model/label/label.ts';
import type { ManifestRow } from '../../../src/model/label/manifest.ts';
import { DEFAULT_SHARES, splitOf } from '../../../src/model/label/split.ts';
import { MetaCLIP } from '../../../src/model/metaclip.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { makeTinyModel } from '../../helpers/tiny-model.ts';

/** One word is one token for the tiny model, and a prompt is nearest to some colour. */
const ONTOLOGY = { cats: 'CON', dogs: '../up', engine: 'CON' };

const sha = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function readManifest(out: string): ManifestRow[] {
  const lines = readFileSync(join(out, 'manifest.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as ManifestRow);
}

/** All files below a folder with their content's hash. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(folder, name)).isFile())
    .map((name) => `${name} ${sha(readFileSync(join(folder, name)))}`)
    .sort();
}

describe('label', () => {
  let folder: string;
  let photos: string;
  let model: MetaCLIP;
  const hooks: (() => void)[] = [];
  const run = (name: string, options: Partial<LabelOptions> = {}, images = photos): Promise<LabelSummary> =>
    model.label(images, ONTOLOGY, { out: join(folder, name), confidence: 0.7, ...options });

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    photos = join(folder, 'photos');
    mkdirSync(join(photos, 'deep/er'), { recursive: true });
    for (let at = 0; at < 30; at++) {
      const background = { r: (at * 67) % 256, g: (at * 151) % 256, b: (at * 29) % 256 };
      const bytes = await sharp({ create: { width: 9, height: 8, channels: 3, background } })
        .png()
        .toBuffer();
      writeFileSync(
        join(photos, at % 3 === 0 ? 'deep' : at % 3 === 1 ? 'deep/er' : '', `photo,${at}.PNG`),
        bytes,
      );
      if (at === 0) {
        writeFileSync(join(photos, 'z, "copy".png'), bytes);
        symlinkSync('z, "copy".png', join(photos, 'link.png'));
        symlinkSync(photos, join(photos, 'deep/round'));
      }
    }
    writeFileSync(join(photos, 'text.jpg'), 'a text named .jpg');
    writeFileSync(join(photos, 'empty.png'), '');
    writeFileSync(join(photos, 'drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
    writeFileSync(join(photos, 'notes.txt'), 'no image');
    writeFileSync(join(photos, '.hidden.png'), 'no image');
    model = await MetaCLIP.load(await makeTinyModel(join(folder, 'model'), { logitScale: 2 }), {
      batchSize: 4,
      threads: 1,
    });
  });
  after(async () => {
    await model.close();
    for (const hook of hooks) hook();
  });

  it('accounts for every image, and puts each where the model says', async () => {
    const progress: number[] = [];
    const out = join(folder, 'first');
    const summary = await run('first', {
      onProgress: ({ done, total }) => {
        progress.push(done);
        assert.equal(total, 35);
      },
    });
    assert.deepEqual(
      progress,
      Array.from({ length: 35 }, (_, at) => at + 1),
    );
    const rows = readManifest(out);
    assert.deepEqual(
      rows.map((row) => row.image),
      rows.map((row) => row.image).sort((a, b) => (a < b ? -1 : 1)),
    );
    assert.deepEqual([summary.images, rows.length], [35, 35]);
    assert.equal(summary.labelled + summary.unlabelled + summary.duplicates + 3, 35);
    // The link, the copy and the first are one content; which is first follows from the names.
    assert.equal(summary.duplicates, 2);
    assert.deepEqual(summary.refused, { empty: 1, svg: 1, text: 1 });
    assert.ok(summary.labelled > 5 && summary.unlabelled > 0, JSON.stringify(summary));
    assert.deepEqual(
      summary.classes.map((one) => [one.class, one.folder]),
      [
        ['CON', '_CON'],
        ['../up', '___up'],
      ],
    );

    const placed: string[] = [];
    for (const row of rows) {
      if (row.status === 'duplicate' || row.status === 'refused') {
        assert.ok(row.reason, row.image);
        continue;
      }
      const [best] = await model.predict(join(photos, row.image), ONTOLOGY);
      assert.deepEqual([row.class, row.prompt], [best?.class, best?.prompt]);
      assert.ok(Math.abs((row.confidence ?? 0) - (best?.confidence ?? 1)) < 1e-6);
      assert.equal(row.status, (row.confidence ?? 0) >= 0.7 ? 'labelled' : 'unlabelled');
      if (row.status !== 'labelled') continue;
      assert.equal(row.sha256, sha(readFileSync(join(photos, row.image))));
      assert.equal(row.split, splitOf(row.sha256, 0, DEFAULT_SHARES));
      assert.ok(row.file);
      assert.equal(sha(readFileSync(join(out, row.file))), row.sha256);
      assert.equal(statSync(join(out, row.file)).nlink, 1);
      placed.push(row.file);
    }
    const files = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) =>
      statSync(join(out, name)).isFile(),
    );
    assert.deepEqual(files.sort(), [...placed, 'label.json', 'manifest.csv', 'manifest.jsonl'].sort());
    for (const one of summary.classes) {
      const own = rows.filter((row) => row.class === one.class && row.split !== null);
      assert.deepEqual(
        [one.train, one.valid, one.test],
        ['train', 'valid', 'test'].map((split) => own.filter((row) => row.split === split).length),
      );
    }

    const csv = parse<Record<string, string>>(readFileSync(join(out, 'manifest.csv')), { columns: true });
    assert.deepEqual(
      csv,
      rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([key, value]) => [key, String(value ?? '')])),
      ),
    );
  });

  it('gives the same bytes again, as copies or as links, whatever the batches', async () => {
    await run('again');
    const tree = treeOf(join(folder, 'again'));
    await run('linked', { link: true });
    assert.deepEqual(treeOf(join(folder, 'linked')), tree);
    const file = readManifest(join(folder, 'linked')).find((row) => row.file !== null)?.file;
    assert.ok(file);
    assert.ok(statSync(join(folder, 'linked', file)).nlink > 1);
  });

  it('moves no image when others are added, and splits otherwise for another seed', async () => {
    const byHash = (out: string): Map<string, string> =>
      new Map(readManifest(out).flatMap((row) => (row.file === null ? [] : [[row.sha256, row.split ?? '']])));
    await run('whole');
    await run('part', {}, join(photos, 'deep'));
    await run('seeded', { seed: 5 });
    const whole = byHash(join(folder, 'whole'));
    const part = byHash(join(folder, 'part'));
    assert.ok(part.size > 3);
    for (const [hash, split] of part) assert.equal(whole.get(hash), split);
    assert.notDeepEqual(byHash(join(folder, 'seeded')), whole);
  });

  it('goes on after an interruption, and refuses other options and finished folders', async () => {
    const out = join(folder, 'stopped');
    const controller = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 10) controller.abort();
    };
    await assert.rejects(run('stopped', { signal: controller.signal, onProgress }), {
      code: 'E_INTERRUPTED',
    });
    assert.deepEqual(
      readdirSync(out).filter((name) => name.includes('manifest')),
      [],
    );
    await assert.rejects(run('stopped', { seed: 1 }), { code: 'E_RUN_MISMATCH' });
    await run('stopped');
    assert.deepEqual(treeOf(out), treeOf(join(folder, 'again')));
    await assert.rejects(run('stopped'), { code: 'E_OUTPUT_NOT_EMPTY', message: /finished/ });
    rmSync(join(out, 'label.json'));
    await assert.rejects(run('stopped'), { code: 'E_OUTPUT_NOT_EMPTY', message: /not empty/ });
  });

  it('counts an image that is gone when its turn to be copied comes', async () => {
    const fading = join(folder, 'fading');
    mkdirSync(fading);
    for (const name of ['1.png', '2.png']) {
      const background = { r: name.charCodeAt(0), g: 0, b: 0 };
      const bytes = await sharp({ create: { width: 9, height: 8, channels: 3, background } })
        .png()
        .toBuffer();
      writeFileSync(join(fading, name), bytes);
    }
    // Both are embedded in one batch; the second goes when the first is done.
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 1) rmSync(join(fading, '2.png'));
    };
    const summary = await run('faded', { confidence: 0, onProgress }, fading);
    assert.deepEqual([summary.labelled, summary.refused], [1, { 'not-found': 1 }]);
  });

  it('refuses what makes no sense before any image is read', async () => {
    mkdirSync(join(folder, 'no-images'), { recursive: true });
    writeFileSync(join(folder, 'no-images/readme.md'), '');
    await assert.rejects(run('x1', {}, join(folder, 'no-images')), { code: 'E_INPUT_EMPTY' });
    await assert.rejects(run('x2', {}, join(folder, 'absent')), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(run('x3', { confidence: 2 }), { code: 'E_USAGE' });
    await assert.rejects(run('x4', { split: { train: 1, valid: 1, test: 0 } }), { code: 'E_USAGE' });
    await assert.rejects(run('photos/out'), { code: 'E_USAGE', message: /lies in the folder/ });
    await assert.rejects(run('', {}), { code: 'E_USAGE', message: /holds it/ });
    const same = model.label(photos, ['a/b', 'a:b'], { out: join(folder, 'x5') });
    await assert.rejects(same, { code: 'E_USAGE', message: /same folder/ });
    for (const name of ['x1', 'x2', 'x3', 'x4', 'x5']) assert.ok(!readdirSync(folder).includes(name), name);
  });
});
