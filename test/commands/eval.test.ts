/** `metaclip eval` on the emoji model and its example pictures, end to end. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { sqlString, withDuckdb } from '../../src/common/duckdb.ts';
import { bundledModelSource } from '../../src/model/bundled-model.ts';
import { importModel } from '../../src/model/import/import-model.ts';
import { MetaclipError } from '../../src/common/errors.ts';
import { makeTar } from '../helpers/make-tar.ts';
import { runCli } from '../helpers/run-cli.ts';
import { runCommand } from '../helpers/run-command.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const EXAMPLES = fileURLToPath(new URL('../../models/emoji-examples', import.meta.url));
const names = readdirSync(EXAMPLES, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort();
const pictureOf = (name: string): Buffer => {
  const [file = ''] = readdirSync(join(EXAMPLES, name));
  return readFileSync(join(EXAMPLES, name, file));
};

describe('metaclip eval', () => {
  let folder: string;
  let common: string[];
  const hooks: (() => void)[] = [];
  const path = (name: string): string => join(folder, name);

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    await importModel(bundledModelSource(), path('model'));
    common = ['--model', path('model'), '--threads', '1', '--cache', path('cache')];
  });
  after(() => {
    for (const hook of hooks) hook();
  });

  it('has help with examples for the group and each command', async () => {
    assert.match((await runCommand(['eval', '--help'])).out, /zeroshot.*\n.*pairs/);
    for (const name of ['zeroshot', 'pairs']) {
      const { code, out } = await runCommand(['eval', name, '--help']);
      assert.equal(code, 0);
      assert.match(out, new RegExp(`^metaclip eval ${name}: `));
      assert.match(out, /Examples:\n {2}# .+\n {2}metaclip eval /);
    }
  });

  it('zeroshot: the example pictures with their templates, from a folder and from tars, agree; JSON says what the text says', async () => {
    const templates = ['--templates', join(EXAMPLES, 'templates.txt')];
    const argv = ['eval', 'zeroshot', '--data', EXAMPLES, ...templates, ...common, '--out', path('folder')];
    const { code, out } = await runCommand(argv);
    assert.equal(code, 0);
    assert.match(out, /^emoji-examples: 48 images, 48 classes, 4 templates\n {2}top-1 +\d+\.\d%\n/);
    const result = JSON.parse(readFileSync(path('folder/result.json'), 'utf8')) as {
      metrics: { acc1: number; acc5: number; mean_per_class_recall: number };
    };
    assert.deepEqual(
      { ...result, metrics: undefined, pretrained: undefined },
      {
        dataset: 'emoji-examples',
        model: 'emoji',
        pretrained: undefined,
        task: 'zeroshot_classification',
        metrics: undefined,
        language: 'en',
      },
    );
    const { acc1, acc5, mean_per_class_recall: recall } = result.metrics;
    // One picture a class: the mean over classes is the mean over pictures.
    assert.ok(acc1 <= acc5 && acc5 <= 1 && Math.abs(acc1 - recall) < 1e-12);
    assert.ok(out.includes(`top-1           ${(acc1 * 100).toFixed(1)}%`));
    assert.match(
      readFileSync(path('folder/report.html'), 'utf8'),
      /<h1>emoji-examples, zero-shot by emoji<\/h1>/,
    );

    // Again: nothing is evaluated anew, and the answer is the same.
    const again = await runCommand([...argv, '--json']);
    const json = JSON.parse(again.out) as {
      metrics: object;
      detail: { skippedShards: number; classCount: number };
    };
    assert.deepEqual(
      [json.metrics, json.detail.skippedShards, json.detail.classCount],
      [result.metrics, 1, 48],
    );

    mkdirSync(path('wds/test'), { recursive: true });
    writeFileSync(path('wds/classnames.txt'), names.map((name) => name.replaceAll('_', ' ')).join('\n'));
    writeFileSync(
      path('wds/zeroshot_classification_templates.txt'),
      readFileSync(join(EXAMPLES, 'templates.txt')),
    );
    const half = names.length / 2;
    for (const tar of [0, 1]) {
      const files = names
        .slice(tar * half, (tar + 1) * half)
        .flatMap((name, at) => [
          [`s${tar}${at}.png`, pictureOf(name)] as const,
          [`s${tar}${at}.cls`, String(tar * half + at)] as const,
        ]);
      writeFileSync(path(`wds/test/${tar}.tar`), await makeTar(files));
    }
    writeFileSync(path('wds/test/nshards.txt'), '2\n');
    const tars = await runCommand([
      'eval',
      'zeroshot',
      '--data',
      path('wds'),
      ...common,
      '--out',
      path('tars'),
      '--json',
    ]);
    assert.deepEqual((JSON.parse(tars.out) as { metrics: object }).metrics, result.metrics);
    // The weights of both are one file: the same model, names and templates.
    assert.equal(readdirSync(path('cache')).length, 1);
  });

  it('zeroshot: a known data set brings its metric; wrong options name the way out', async () => {
    const data = ['--data', EXAMPLES];
    const out = ['--out', path('pets')];
    const pets = await runCommand([
      'eval',
      'zeroshot',
      ...data,
      ...common,
      ...out,
      '--dataset',
      'pets',
      '--no-curves',
    ]);
    assert.match(pets.out, /mean_per_class_recall\d+\.\d%|mean_per_class_recall +\d+\.\d%/);
    assert.match(pets.out, /ROC-AUC +none/);
    const rows: [string[], string, RegExp][] = [
      [[], 'E_USAGE', /--data/],
      [[...data, '--metric', 'f1'], 'E_USAGE', /acc1, mean_per_class_recall/],
      [[...data, '--classes', 'imagenet'], 'E_USAGE', /LABEL/],
      [[...data, '--classes', path('none.txt')], 'E_INPUT_NOT_FOUND', /built-in lists: imagenet/],
      [['--data', path('nowhere')], 'E_INPUT_NOT_FOUND', /./],
      [[...data, '--out', path('folder')], 'E_RUN_MISMATCH', /another --out/],
    ];
    for (const [args, wanted, hint] of rows) {
      const { code, note } = await runCommand(['eval', 'zeroshot', ...args, ...common]);
      assert.ok(note.includes(`${wanted}  `), `${args.join(' ')}: ${note}`);
      assert.match(note, hint);
      assert.equal(code, new MetaclipError(wanted as 'E_USAGE', '').exitCode);
    }
  });

  it('zeroshot: Ctrl-C ends with 130, and the same command goes on', async () => {
    const stop = new AbortController();
    stop.abort();
    const argv = ['eval', 'zeroshot', '--data', EXAMPLES, ...common, '--out', path('stopped')];
    const stopped = await runCommand(argv, stop.signal);
    assert.deepEqual([stopped.code, stopped.note.includes('E_INTERRUPTED')], [130, true]);
    assert.equal((await runCommand(argv)).code, 0);
    assert.ok(existsSync(path('stopped/result.json')));
  });

  it('pairs: raw tars against curated shards, as text, JSON and page', async () => {
    mkdirSync(path('raw'));
    mkdirSync(path('run/curated'), { recursive: true });
    const files = names.flatMap((name, at) => {
      const key = String(at).padStart(9, '0');
      // Every third caption is of another picture.
      const caption = `${(at % 3 === 0 ? (names[(at + 5) % names.length] ?? '') : name).replaceAll('_', ' ')} emoji`;
      return [
        [`${key}.png`, pictureOf(name)],
        [`${key}.txt`, caption],
        [`${key}.json`, JSON.stringify({ url: `https://example.org/${name}.png`, caption })],
      ] as const;
    });
    writeFileSync(path('raw/00000.tar'), await makeTar(files));
    const rows = names
      .filter((_, at) => at % 3 !== 0)
      .map(
        (name) =>
          `(${sqlString(`https://example.org/${name}.png`)}, ${sqlString(`${name.replaceAll('_', ' ')} emoji`)})`,
      );
    await withDuckdb((connection) =>
      connection.run(
        `COPY (SELECT * FROM (VALUES ${rows.join(', ')}) t(url, caption)) TO ${sqlString(path('run/curated/00000.parquet'))} (FORMAT parquet)`,
      ),
    );
    writeFileSync(path('classes.txt'), names.join('\n'));
    const argv = [
      'eval',
      'pairs',
      path('raw'),
      path('run'),
      '--images',
      path('raw'),
      '--name',
      'raw',
      '--name',
      'curated',
    ];
    const rest = [
      '--classes',
      path('classes.txt'),
      '--templates',
      'plain',
      '--out',
      path('pairs'),
      ...common,
    ];
    const { code, out } = await runCommand([...argv, ...rest]);
    assert.equal(code, 0);
    assert.match(out, /^ +raw +curated\npairs +48 +32\nwith an image +48 +32\njudged +48 +32\n/);
    assert.match(out, /\ncurated against raw: mean similarity [+-]?\d\.\d{3} \(standard error \d\.\d{3}\)\n/);
    const json = JSON.parse((await runCommand([...argv, ...rest, '--json'])).out) as {
      retrievalPairs: number;
    };
    assert.equal(json.retrievalPairs, 32);
    assert.deepEqual(json, JSON.parse(readFileSync(path('pairs/pairs.json'), 'utf8')));
    assert.match(
      readFileSync(path('pairs/report.html'), 'utf8'),
      /<h1>Do texts fit their images\? raw and curated<\/h1>/,
    );
    const lost = await runCommand(['eval', 'pairs', path('run'), ...rest]);
    assert.deepEqual([lost.code, lost.note.includes('--images')], [2, true]);
  });

  it('runs as a process without any option but the data, on the bundled model', async () => {
    const environment = { METACLIP_CACHE: path('own-cache') };
    const { code, stdout, stderr } = await runCli(
      ['eval', 'zeroshot', '--data', EXAMPLES],
      environment,
      folder,
    );
    assert.equal(code, 0, stderr);
    assert.match(stdout, /Results: eval\/emoji-examples\/result\.json/);
    assert.ok(existsSync(path('eval/emoji-examples/report.html')));
    assert.ok(existsSync(path('own-cache/text-weights')));
  });
});
