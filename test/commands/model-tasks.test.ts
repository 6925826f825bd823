/** The commands that run a model, over a model whose answers can be worked out by hand. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import sharp from 'sharp';
import { MetaCLIP } from '../../src/model/metaclip.ts';
import type { Prediction } from '../../src/model/score/predict.ts';
import { runCommand } from '../helpers/run-command.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { makeTinyModel } from '../helpers/tiny-model.ts';

describe('the commands that run a model', () => {
  let folder: string;
  let photos: string;
  let tiny: string[];
  const hooks: (() => void)[] = [];
  const path = (name: string): string => join(folder, name);

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    photos = path('photos');
    mkdirSync(photos);
    for (const [at, background] of ['red', 'green', 'blue', 'white', 'black'].entries()) {
      const image = sharp({ create: { width: 9 + at, height: 8, channels: 3, background } });
      writeFileSync(join(photos, `${background}.png`), await image.png().toBuffer());
    }
    mkdirSync(path('with-bad'));
    writeFileSync(path('with-bad/a.png'), readFileSync(join(photos, 'red.png')));
    writeFileSync(path('with-bad/b.jpg'), 'a text');
    mkdirSync(path('nothing'));
    tiny = ['--model', await makeTinyModel(path('model')), '--threads', '1'];
  });
  after(() => {
    for (const hook of hooks) hook();
  });

  it('have help with examples', async () => {
    for (const name of ['classify', 'compare', 'embed', 'label']) {
      const { code, out } = await runCommand([name, '--help']);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^metaclip ${name}: `));
      assert.match(out, /Examples:\n {2}# .+\n {2}metaclip /);
    }
  });

  it('classify prints a table with bars, and JSON that says the same', async () => {
    const argv = ['classify', join(photos, 'red.png'), '--class', 'dogs', '--class', 'engine', ...tiny];
    const { code, out, note } = await runCommand(argv);
    assert.deepEqual([code, note], [0, '']);
    const model = await MetaCLIP.load(path('model'), { threads: 1 });
    const expected = await model.predict(join(photos, 'red.png'), ['dogs', 'engine']);
    await model.close();
    const lines = expected.map((one) =>
      `  ${one.class.padEnd(6)}  ${one.confidence.toFixed(4)}  ${'█'.repeat(Math.round(one.confidence * 24))}`.trimEnd(),
    );
    assert.equal(out, `${join(photos, 'red.png')}\n${lines.join('\n')}\n`);
    const shown = await runCommand([...argv, '--json', '--top', '1']);
    const json = JSON.parse(shown.out) as { image: string; predictions: Prediction[] };
    assert.deepEqual(json, { image: join(photos, 'red.png'), predictions: expected.slice(0, 1) });
  });

  it('classify names bad images, and fails only when there is no other', async () => {
    const classes = ['--class', 'dogs', '--class', 'engine', ...tiny];
    const mixed = await runCommand([
      'classify',
      path('with-bad'),
      path('absent.png'),
      'http://127.0.0.1:9/a.png',
      ...classes,
    ]);
    assert.equal(mixed.code, 0);
    assert.match(mixed.out, /a\.png\n/);
    assert.match(mixed.note, /E_IMAGE_UNSUPPORTED .*b\.jpg/);
    assert.match(mixed.note, /E_INPUT_NOT_FOUND .*absent\.png/);
    assert.match(mixed.note, /E_USAGE .*unless that is allowed/);
    assert.match(mixed.note, /1 of 4 images classified/);
    const bad = await runCommand(['classify', path('with-bad/b.jpg'), ...classes, '--json']);
    assert.equal(bad.code, 3);
    assert.equal((JSON.parse(bad.out) as { error: { code: string } }).error.code, 'E_IMAGE_UNSUPPORTED');
    assert.equal((await runCommand(['classify', path('nothing'), ...classes])).code, 2);
  });

  it('classes come from a file or from options, and must make sense', async () => {
    writeFileSync(path('pets.json'), '{"dogs": "animal", "cats": "animal", "engine": "machine"}');
    const image = join(photos, 'blue.png');
    const { out } = await runCommand([
      'classify',
      image,
      '--ontology',
      path('pets.json'),
      '--template',
      'the {}',
      ...tiny,
      '--json',
    ]);
    const { predictions } = JSON.parse(out) as { predictions: Prediction[] };
    assert.deepEqual(predictions.map((one) => one.class).sort(), ['animal', 'machine']);
    for (const [argv, message] of [
      [['classify', image], /either with --class or with --ontology/],
      [['classify', image, '--class', 'a', '--ontology', path('pets.json')], /either with/],
      [['classify', image, '--class', 'a', '--class', 'a'], /"a" stands there twice/],
      [['classify', image, '--class', 'a', '--template', 'a photo'], /no \{\}/],
      [['classify', image, '--class', 'a', '--confidence', '7'], /between 0 and 1/],
      [['classify', image, '--class', 'a', '--threads', '0'], /threads/],
      [['label', photos, '--class', 'a'], /--out is missing/],
      [['label', photos, '--class', 'a', '--out', path('x'), '--split', '1,2'], /three numbers/],
      [['label', photos, '--class', 'a', '--out', path('x'), '--split', '0.5,0.5,0.5'], /add up to 1/],
      [['label', photos, '--class', 'a/b', '--class', 'a:b', '--out', path('x')], /same folder/],
      [['embed', photos], /--out is missing/],
      [['embed', '--out', path('x')], /either images/],
      [['embed', photos, '--out', path('x'), '--format', 'csv'], /--format/],
    ] as const) {
      const wrong = await runCommand([...argv, ...(argv.includes('--threads') ? tiny.slice(0, 2) : tiny)]);
      assert.equal(wrong.code, 2, wrong.note);
      assert.match(wrong.note, message);
      assert.match(wrong.note, /\nhint: /);
    }
    assert.ok(!readdirSync(folder).includes('x'));
  });

  it('compare takes images and texts', async () => {
    const image = join(photos, 'red.png');
    const { code, out } = await runCommand(['compare', image, `image:${image}`, ...tiny, '--json']);
    assert.equal(code, 0);
    const result = JSON.parse(out) as { a: object; b: object; cosine: number; model: string };
    assert.deepEqual([result.a, result.b, result.model.length], [{ image }, { image }, 64]);
    assert.ok(Math.abs(result.cosine - 1) < 1e-6);
    const texts = await runCommand(['compare', 'dogs', 'text:dogs', ...tiny]);
    assert.equal(texts.out, '1.0000  text "dogs" - text "dogs"\n');
    const absent = await runCommand(['compare', path('absent.png'), 'dogs', ...tiny]);
    assert.equal(absent.code, 2);
    assert.match(absent.note, /E_INPUT_NOT_FOUND/);
  });

  it('embed says what it wrote, and what was there already', async () => {
    const argv = ['embed', photos, path('with-bad'), '--out', path('embedded'), '--part-size', '3', ...tiny];
    const first = await runCommand(argv);
    assert.equal(first.code, 0);
    assert.match(first.out, /^6 images embedded, 4 numbers each: /);
    assert.match(first.note, /not usable:\n {2}- text +1\n/);
    const again = await runCommand([...argv, '--json']);
    const counts = { rows: 6, dimension: 4, parts: 3, keptParts: 3, refused: { text: 1 } };
    assert.deepEqual(JSON.parse(again.out), { out: path('embedded'), ...counts });
    writeFileSync(path('texts.txt'), 'dogs\ncats\n');
    const texts = await runCommand(['embed', '--texts', path('texts.txt'), '--out', path('texts'), ...tiny]);
    assert.match(texts.out, /^2 texts embedded/);
  });

  it('label prints the counts of each class', async () => {
    const argv = [
      'label',
      photos,
      '--class',
      'dogs',
      '--class',
      'engine',
      '--split',
      '1,0,0',
      '--confidence',
      '0',
      ...tiny,
    ];
    const { code, out } = await runCommand([...argv, '--out', path('labelled')]);
    assert.equal(code, 0);
    assert.match(out, /^ {2}class +train +valid +test\n {2}dogs +\d +0 +0\n {2}engine +\d +0 +0\n/);
    assert.match(out, /5 of 5 images labelled: /);
    assert.deepEqual(readdirSync(path('labelled')).sort(), [
      'label.json',
      'manifest.csv',
      'manifest.jsonl',
      'train',
    ]);
    assert.equal((await runCommand([...argv, '--out', path('labelled')])).code, 2);
  });

  it('end with 130 when they are interrupted', async () => {
    const stopped = AbortSignal.abort();
    const embedded = await runCommand(['embed', photos, '--out', path('stopped'), ...tiny], stopped);
    assert.deepEqual([embedded.code, embedded.note.startsWith('E_INTERRUPTED')], [130, true]);
    assert.equal((await runCommand(['classify', photos, '--class', 'dogs', ...tiny], stopped)).code, 130);
  });

  it('name a model folder that is none', async () => {
    const wrong = await runCommand(['compare', 'a', 'b', '--model', photos]);
    assert.equal(wrong.code, 4);
    assert.match(wrong.note, /E_MODEL_MISSING/);
  });
});
