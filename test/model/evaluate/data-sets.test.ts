/** Readers of data sets: every format gives the same images and labels; damage is counted by reason. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { sqlString, withDuckdb } from '../../../src/common/duckdb.ts';
import { openDataSet } from '../../../src/model/evaluate/data/open-data-set.ts';
import { planClasses } from '../../../src/model/evaluate/zeroshot/classes.ts';
import { makeTar } from '../../helpers/make-tar.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { makeSwatches, readAll, writeBenchmark, writeHubParquet, writeImageFolder } from './make-data.ts';

const NAMES = ['ant_lion', 'bee', 'crab'];

const bytesOf = (image: string | Uint8Array): string =>
  Buffer.from(typeof image === 'string' ? readFileSync(image) : image).toString('hex');

describe('data sets', () => {
  it('folder, tars and Parquet with numbers or texts give the same images with the same labels', async (test) => {
    const folder = makeTempFolder(test);
    const swatches = await makeSwatches(20, 3);
    const parquetFolder = join(folder, 'hub', 'data');
    mkdirSync(parquetFolder, { recursive: true });
    await writeHubParquet(join(parquetFolder, 'test-00000-of-00001.parquet'), swatches, NAMES, 'number');
    await writeHubParquet(
      join(parquetFolder, 'train-00000-of-00001.parquet'),
      swatches.slice(0, 3),
      NAMES,
      'number',
    );
    const places = {
      folder: writeImageFolder(join(folder, 'folder'), swatches, NAMES),
      split: (writeImageFolder(join(folder, 'split', 'test'), swatches, NAMES), join(folder, 'split')),
      tars: await writeBenchmark(join(folder, 'wds'), swatches, NAMES, 8),
      hub: join(folder, 'hub'),
      text: await writeHubParquet(join(folder, 'text.parquet'), swatches, NAMES, 'text'),
    };
    const wanted = swatches.map(({ png, label }) => `${label} ${png.toString('hex')}`).sort();
    for (const [kind, place] of Object.entries(places)) {
      const data = await openDataSet([place]);
      const { images, counts } = await readAll(data);
      assert.deepEqual(images.map(({ image, label }) => `${label} ${bytesOf(image)}`).sort(), wanted, kind);
      assert.deepEqual(counts, {}, kind);
      assert.equal(data.classNames?.length, 3, kind);
      // Folders and text labels have underscores for spaces; lists of names are taken to the letter.
      assert.equal(data.classNames[0], kind === 'tars' ? 'ant_lion' : 'ant lion', kind);
    }
    const tars = await openDataSet([places.tars]);
    assert.deepEqual(
      tars.shards.map(({ name }) => name),
      ['0.tar', '1.tar', '2.tar'],
    );
    assert.deepEqual(tars.templates, ['a photo of {c}.', '{c}']);
    const train = await openDataSet([places.hub], { split: 'train' });
    assert.equal(train.shards[0]?.imageCount, 3);
  });

  it('CIFAR: planes become pixels, the fine label counts, a cut record is counted', async (test) => {
    const folder = makeTempFolder(test);
    const record = (labels: number[], red: number, green: number, blue: number): Buffer =>
      Buffer.concat([Buffer.from(labels), ...[red, green, blue].map((value) => Buffer.alloc(1024, value))]);
    mkdirSync(join(folder, 'ten'));
    mkdirSync(join(folder, 'hundred'));
    const cut = record([1], 0, 0, 0).subarray(0, 100);
    writeFileSync(
      join(folder, 'ten/test_batch.bin'),
      Buffer.concat([record([3], 250, 20, 10), record([9], 1, 2, 3), cut]),
    );
    writeFileSync(join(folder, 'hundred/test.bin'), record([7, 42], 5, 6, 7));
    const ten = await openDataSet([join(folder, 'ten')]);
    const { images, counts } = await readAll(ten);
    assert.deepEqual([ten.format, ten.preset, ten.classNames?.[3]], ['cifar', 'cifar10', 'cat']);
    assert.deepEqual(
      images.map(({ label }) => label),
      [3, 9],
    );
    assert.deepEqual(counts, { truncated: 1 });
    const [first] = images;
    assert.ok(first !== undefined && typeof first.image !== 'string');
    const { data, info } = await sharp(first.image).raw().toBuffer({ resolveWithObject: true });
    assert.deepEqual([info.width, info.height, [...data.subarray(0, 3)]], [32, 32, [250, 20, 10]]);
    const hundred = await openDataSet([join(folder, 'hundred')]);
    assert.deepEqual(
      (await readAll(hundred)).images.map(({ label }) => label),
      [42],
    );
    await assert.rejects(openDataSet([join(folder, 'ten')], { split: 'val' }), { code: 'E_USAGE' });
    await assert.rejects(openDataSet([join(folder, 'ten')], { split: 'train' }), {
      code: 'E_INPUT_NOT_FOUND',
    });
  });

  it('hostile and damaged tars: names that lead out, cut files, missing parts, garbage, oversized numbers', async (test) => {
    const folder = makeTempFolder(test);
    const [swatch] = await makeSwatches(1, 1);
    assert.ok(swatch !== undefined);
    const { png } = swatch;
    const tar = await makeTar([
      ['../escape.png', png],
      ['../escape.cls', '0'],
      ['/etc/absolute.png', png],
      ['a/../../b.png', png],
      ['ok/one.png', png],
      ['ok/one.cls', '1'],
      ['ok/nolabel.png', png],
      ['ok/noimage.cls', '1'],
      ['ok/badlabel.png', png],
      ['ok/badlabel.cls', 'crab'],
      ['ok/notes.txt', 'not a sample'],
      ['.hidden', 'x'],
      ['ok/two.jpg', png],
      ['ok/two.cls', ' 2\n'],
    ]);
    const path = join(folder, 'x.tar');
    const read = async (bytes: Buffer): Promise<{ names: string[]; counts: Record<string, number> }> => {
      writeFileSync(path, bytes);
      const { images, counts } = await readAll(await openDataSet([path]));
      return { names: images.map(({ name }) => name), counts };
    };
    const bad = { 'unsafe-name': 4, 'missing-label': 1, 'missing-image': 1, 'unknown-label': 1 };
    assert.deepEqual(await read(tar), { names: ['ok/one', 'ok/two'], counts: bad });
    assert.deepEqual(await read(gzipSync(tar)), { names: ['ok/one', 'ok/two'], counts: bad });
    // Cut inside the last image: what was whole before it is there.
    const cut = await read(tar.subarray(0, tar.indexOf('ok/two.jpg') + 600));
    assert.deepEqual(cut, { names: ['ok/one'], counts: { ...bad, truncated: 1 } });
    const halfGzip = gzipSync(tar);
    const damaged = await read(halfGzip.subarray(0, halfGzip.length - 12));
    assert.equal(damaged.counts['damaged-gzip'], 1);
    const garbage = await read(
      Buffer.concat([tar.subarray(0, 512 * 40), Buffer.alloc(1024, 7), tar.subarray(512 * 40)]),
    );
    assert.ok((garbage.counts['garbage'] ?? 0) + (garbage.counts['truncated'] ?? 0) >= 1);
    assert.deepEqual(await read(Buffer.from('no tar at all')), { names: [], counts: { truncated: 1 } });
  });

  it('a clip_benchmark layout with a tar missing is refused by its name', async (test) => {
    const folder = await writeBenchmark(makeTempFolder(test), await makeSwatches(6, 2), ['a', 'b'], 2);
    rmSync(join(folder, 'test/1.tar'));
    await assert.rejects(openDataSet([folder]), {
      code: 'E_INPUT_NOT_FOUND',
      message: /1\.tar: missing.*counts 3/,
    });
    writeFileSync(join(folder, 'test/nshards.txt'), 'many\n');
    await assert.rejects(openDataSet([folder]), { code: 'E_INPUT_UNREADABLE' });
  });

  it('Parquet: nulls and empty bytes are counted, a damaged page ends the file and is counted, columns can be named', async (test) => {
    const folder = makeTempFolder(test);
    const [swatch] = await makeSwatches(1, 1);
    assert.ok(swatch !== undefined);
    const hex = swatch.png.toString('hex');
    const path = join(folder, 'odd.parquet');
    await withDuckdb((connection) =>
      connection.run(
        `COPY (SELECT * FROM (VALUES (from_hex('${hex}'), 1, 'x'), (NULL, 1, 'x'), (''::BLOB, 0, 'x'), (from_hex('${hex}'), NULL, 'y')) t(pixels, kind, other)) TO ${sqlString(path)} (FORMAT parquet)`,
      ),
    );
    const data = await openDataSet([path], { labelColumn: 'kind' });
    const { images, counts } = await readAll(data);
    assert.deepEqual(
      images.map(({ label }) => label),
      [1],
    );
    assert.deepEqual(counts, { 'missing-image': 2, 'missing-label': 1 });
    assert.deepEqual([data.labels, data.classNames], [null, null]);
    assert.throws(() => planClasses(data, {}), { code: 'E_USAGE', message: /numbers without names/ });
    await assert.rejects(openDataSet([path]), {
      code: 'E_COLUMN_MISSING',
      message: /no label column.*pixels BLOB/,
    });
    await assert.rejects(openDataSet([path], { imageColumn: 'other', labelColumn: 'kind' }), {
      code: 'E_COLUMN_MISSING',
    });

    const whole = await writeHubParquet(
      join(folder, 'whole.parquet'),
      await makeSwatches(50, 2),
      ['a', 'b'],
      'number',
    );
    const bytes = readFileSync(whole);
    bytes.fill(0xff, 30, 400);
    writeFileSync(whole, bytes);
    const read = await readAll(await openDataSet([whole]));
    assert.equal(read.counts['damaged-file'], 1);
    writeFileSync(whole, 'PAR1 and nothing else');
    await assert.rejects(openDataSet([whole]), { code: 'E_INPUT_UNREADABLE' });
  });

  it('parts of a data set are neither classes nor taken together', async (test) => {
    const folder = makeTempFolder(test);
    const swatches = await makeSwatches(4, 3);
    for (const part of ['train', 'val']) writeImageFolder(join(folder, 'images', part), swatches, NAMES);
    mkdirSync(join(folder, 'hub'));
    for (const part of ['train', 'validation']) {
      await writeHubParquet(join(folder, 'hub', `${part}-00000-of-00001.parquet`), swatches, NAMES, 'number');
    }
    for (const [place, last] of [
      ['images', 'val'],
      ['hub', 'validation'],
    ] as const) {
      const wanted = { code: 'E_USAGE', hint: `choose one: --split ${last}` };
      await assert.rejects(openDataSet([join(folder, place)]), wanted);
      const data = await openDataSet([join(folder, place)], { split: last });
      assert.equal((await readAll(data)).images.length, 4);
    }
    // A single part is what was meant.
    rmSync(join(folder, 'hub/train-00000-of-00001.parquet'));
    assert.equal((await readAll(await openDataSet([join(folder, 'hub')]))).images.length, 4);
    // Tars in the folder of the part, without a count of them.
    const tars = await writeBenchmark(join(folder, 'wds'), swatches, NAMES, 2);
    rmSync(join(tars, 'test/nshards.txt'));
    assert.deepEqual((await openDataSet([tars])).classNames, NAMES);
  });

  it('what is no data set is refused with what it could be', async (test) => {
    const folder = makeTempFolder(test);
    await assert.rejects(openDataSet([folder]), {
      code: 'E_FORMAT_UNKNOWN',
      hint: /a folder for each class/,
    });
    mkdirSync(join(folder, 'cat'));
    await assert.rejects(openDataSet([folder]), { code: 'E_INPUT_EMPTY' });
    await assert.rejects(openDataSet([join(folder, 'none')]), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(openDataSet([]), { code: 'E_USAGE' });
    await assert.rejects(openDataSet([folder, folder]), { code: 'E_USAGE' });
    writeFileSync(join(folder, 'a.txt'), 'text');
    await assert.rejects(openDataSet([join(folder, 'a.txt')]), { code: 'E_FORMAT_UNKNOWN' });
    symlinkSync(join(folder, 'cat'), join(folder, 'link'));
    symlinkSync(join(folder, 'gone'), join(folder, 'dangling'));
    await assert.rejects(openDataSet([folder]), { code: 'E_INPUT_EMPTY', message: /its 2 folders/ });
  });
});

describe('classes of a data set', () => {
  const data = {
    format: 'folder',
    name: 'pets',
    labels: ['big_cat', 'dog'],
    classNames: ['big cat', 'dog'],
    templates: null,
    preset: null,
    shards: [],
  } as const;

  it('are tied by name in any order, by label, or by position', () => {
    const plan = (
      names: string[],
      labels: string[] | null = null,
    ): readonly (readonly string[] | readonly number[] | null)[] => {
      const { classes, classOfLabel } = planClasses(data, { classes: { names, labels } });
      return [classes, classOfLabel];
    };
    assert.deepEqual(planClasses(data, {}).classes, ['big cat', 'dog']);
    assert.deepEqual(plan(['Dog', 'bird', 'Big Cat']), [
      ['Dog', 'bird', 'Big Cat'],
      [2, 0],
    ]);
    assert.deepEqual(plan(['a lion', 'a wolf']), [['a lion', 'a wolf'], null]);
    assert.deepEqual(plan(['a wolf', 'a lion'], ['dog', 'big_cat']), [
      ['a wolf', 'a lion'],
      [1, 0],
    ]);
    assert.throws(() => plan(['a', 'b', 'c']), {
      code: 'E_USAGE',
      message: /3 classes for the 2 labels.*"big_cat"/,
    });
    assert.throws(() => plan(['a', 'b'], ['x', 'dog']), {
      code: 'E_USAGE',
      message: /no line for "big_cat"/,
    });
    const numbers = { ...data, labels: null };
    assert.deepEqual(
      planClasses(numbers, { classes: { names: ['a', 'b'], labels: ['2', '0'] } }).classOfLabel,
      [1, -1, 0],
    );
    assert.throws(() => planClasses(numbers, { classes: { names: ['a'], labels: ['x'] } }), {
      code: 'E_USAGE',
    });
  });

  it('folders that are numbers are labels, however they are sorted', () => {
    const labels = Array.from({ length: 12 }, (_, at) => String(at)).sort();
    assert.equal(labels[2], '10');
    const names = Array.from({ length: 12 }, (_, at) => `class ${at}`);
    const { classOfLabel } = planClasses({ ...data, labels }, { classes: { names, labels: null } });
    assert.deepEqual(
      labels.map((_, at) => names[classOfLabel?.[at] ?? -1]),
      labels.map((label) => `class ${label}`),
    );
  });

  it('templates and metric: given, then the data set’s, then the table’s', () => {
    const row = { name: 'pets', metric: 'mean_per_class_recall', templates: ['t {}'] } as const;
    assert.deepEqual(planClasses(data, {}).templates, ['a photo of a {}.']);
    assert.equal(planClasses(data, {}).metric, 'acc1');
    assert.deepEqual(planClasses(data, { row }).templates, ['t {}']);
    assert.deepEqual(planClasses({ ...data, templates: ['d {c}'] }, { row }).templates, ['d {c}']);
    assert.deepEqual(planClasses(data, { row, templates: ['g {}'] }).templates, ['g {}']);
    assert.equal(planClasses(data, { row }).metric, 'mean_per_class_recall');
    assert.equal(planClasses(data, { row, metric: 'roc_auc' }).metric, 'roc_auc');
  });
});
