/** Whole evaluations on a model whose embeddings are known, against twenty slow lines. */
import assert from 'node:assert/strict';
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { DataSet } from '../../../src/model/evaluate/data/data-set.ts';
import { openDataSet } from '../../../src/model/evaluate/data/open-data-set.ts';
import { planClasses } from '../../../src/model/evaluate/zeroshot/classes.ts';
import {
  evaluateZeroshot,
  type ZeroshotOptions,
  type ZeroshotResult,
} from '../../../src/model/evaluate/zeroshot/evaluate-zeroshot.ts';
import { cachedClassWeights } from '../../../src/model/evaluate/zeroshot/text-weights.ts';
import { MetaCLIP } from '../../../src/model/metaclip.ts';
import { rowOf } from '../../../src/model/score/embeddings.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { makeTinyModel } from '../../helpers/tiny-model.ts';
import {
  makeSwatches,
  readAll,
  type Swatch,
  writeBenchmark,
  writeHubParquet,
  writeImageFolder,
} from './make-data.ts';

const NAMES = ['apple', 'boat', 'cat', 'dog', 'egg', 'fox'];
const RESULTS = ['result.json', 'detail.json', 'report.html'];

describe('evaluateZeroshot', () => {
  let folder: string;
  let model: MetaCLIP;
  let swatches: Swatch[];
  const hooks: (() => void)[] = [];

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    model = await MetaCLIP.load(await makeTinyModel(join(folder, 'model')), { threads: 1, batchSize: 7 });
    swatches = await makeSwatches(60, NAMES.length, 5);
  });
  after(async () => {
    await model.close();
    for (const hook of hooks) hook();
  });

  const evaluate = (
    data: DataSet,
    out: string,
    options: Partial<ZeroshotOptions> = {},
  ): Promise<ZeroshotResult> =>
    evaluateZeroshot(model, data, planClasses(data, { templates: ['a {}.', '{}'] }), {
      out: join(folder, out),
      dataset: 'swatches',
      ...options,
    });

  /** Every image by itself, every class by itself, everything in memory. */
  async function slowFigures(): Promise<{
    acc1: number;
    acc5: number;
    recall: number;
    auc: number;
    confusion: number[][];
  }> {
    const weights = await model.classWeights(NAMES, ['a {}.', '{}']);
    const scores: number[][] = [];
    for (const { png } of swatches) {
      const { data } = await model.embedImage(png);
      const row = NAMES.map((_, at) =>
        rowOf(weights, at).reduce((sum, value, k) => sum + value * (data[k] ?? 0), 0),
      );
      const powers = row.map((cosine) => Math.exp(model.logitScale * Math.fround(cosine)));
      const total = powers.reduce((sum, power) => sum + power, 0);
      scores.push(powers.map((power) => power / total));
    }
    const truths = swatches.map(({ label }) => label);
    const orders = scores.map((row) =>
      [...row.keys()].sort((a, b) => (row[b] ?? 0) - (row[a] ?? 0) || a - b),
    );
    const confusion = NAMES.map((_, truth) =>
      NAMES.map((__, said) => orders.filter(([best], at) => truths[at] === truth && best === said).length),
    );
    const recalls = confusion.map(
      (row, truth) => (row[truth] ?? 0) / row.reduce((sum, count) => sum + count, 0),
    );
    const aucs = NAMES.map((_, one) => {
      let [wins, games] = [0, 0];
      for (const [i, a] of scores.entries()) {
        for (const [j, b] of scores.entries()) {
          if (truths[i] !== one || truths[j] === one) continue;
          games++;
          wins += (a[one] ?? 0) > (b[one] ?? 0) ? 1 : (a[one] ?? 0) === (b[one] ?? 0) ? 0.5 : 0;
        }
      }
      return wins / games;
    });
    const mean = (values: readonly number[]): number =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    return {
      acc1: mean(orders.map(([best], at) => (best === truths[at] ? 1 : 0))),
      acc5: mean(orders.map((order, at) => (order.slice(0, 5).includes(truths[at] ?? -1) ? 1 : 0))),
      recall: mean(recalls),
      auc: mean(aucs),
      confusion,
    };
  }

  it('gives the figures of the slow way, from a folder, from tars and from Parquet', async () => {
    const slow = await slowFigures();
    const places = {
      folder: writeImageFolder(join(folder, 'images'), swatches, NAMES),
      tars: await writeBenchmark(join(folder, 'wds'), swatches, NAMES, 25),
      parquet: await writeHubParquet(join(folder, 'hub.parquet'), swatches, NAMES, 'number'),
    };
    for (const [kind, place] of Object.entries(places)) {
      const { metrics, detail, result } = await evaluate(await openDataSet([place]), `out-${kind}`);
      assert.equal(metrics.images, 60, kind);
      assert.equal(metrics.acc1, slow.acc1, kind);
      assert.equal(metrics.acc5, slow.acc5, kind);
      assert.ok(Math.abs((metrics.meanPerClassRecall ?? 0) - slow.recall) < 1e-12, kind);
      assert.ok(Math.abs((metrics.rocAuc ?? 0) - slow.auc) < 1e-6, `${kind}: ${metrics.rocAuc} ${slow.auc}`);
      const confusion = NAMES.map(() => NAMES.map(() => 0));
      for (const [truth, said, count] of detail.confusion) (confusion[truth] ?? [])[said] = count;
      assert.deepEqual(confusion, slow.confusion, kind);
      assert.deepEqual(result, {
        dataset: 'swatches',
        model: 'tiny',
        pretrained: '0123456789ab',
        task: 'zeroshot_classification',
        metrics: { acc1: slow.acc1, acc5: slow.acc5, mean_per_class_recall: metrics.meanPerClassRecall },
        language: 'en',
      });
      const files = readdirSync(join(folder, `out-${kind}`)).sort();
      assert.deepEqual(files, ['detail.json', 'report.html', 'result.json', 'run.json', 'shards'], kind);
    }
  });

  it('goes on after any shard with the same bytes as in one go, and redoes none that is done', async () => {
    const data = await openDataSet([await writeBenchmark(join(folder, 'cut'), swatches, NAMES, 16)]);
    await evaluate(data, 'whole');
    const wanted = RESULTS.map((name) => readFileSync(join(folder, 'whole', name), 'utf8'));
    for (const done of [0, 1, 3, 4]) {
      const out = `again-${done}`;
      mkdirSync(join(folder, out, 'shards'), { recursive: true });
      copyFileSync(join(folder, 'whole/run.json'), join(folder, out, 'run.json'));
      for (let shard = 0; shard < done; shard++) {
        for (const ending of ['json', 'scores']) {
          const name = `shards/0000${shard}.${ending}`;
          copyFileSync(join(folder, 'whole', name), join(folder, out, name));
        }
      }
      // What a killed process leaves: the scores of a shard that has no marker.
      writeFileSync(join(folder, out, `shards/0000${done}.scores`), 'half');
      const { skippedShards } = await evaluate(data, out);
      assert.equal(skippedShards, done);
      assert.deepEqual(
        RESULTS.map((name) => readFileSync(join(folder, out, name), 'utf8')),
        wanted,
      );
    }
  });

  it('an interruption keeps the shards that are done, and the next start takes them up', async () => {
    const data = await openDataSet([await writeBenchmark(join(folder, 'stop'), swatches, NAMES, 20)]);
    const stop = new AbortController();
    const first = evaluate(data, 'stopped', {
      signal: stop.signal,
      onProgress: ({ phase, done }) => {
        if (phase === 'images' && done >= 30) stop.abort();
      },
    });
    await assert.rejects(first, { code: 'E_INTERRUPTED' });
    assert.ok(readdirSync(join(folder, 'stopped/shards')).includes('00000.json'));
    assert.ok(!readdirSync(join(folder, 'stopped/shards')).some((name) => name.includes('.tmp-')));
    const { skippedShards } = await evaluate(data, 'stopped');
    assert.equal(skippedShards, 1);
    await evaluate(data, 'unstopped');
    for (const name of RESULTS) {
      assert.equal(
        readFileSync(join(folder, 'stopped', name), 'utf8'),
        readFileSync(join(folder, 'unstopped', name), 'utf8'),
      );
    }
  });

  it('another model, data set or list of classes may not go on in the same folder', async () => {
    const place = writeImageFolder(join(folder, 'mine'), swatches.slice(0, 5), NAMES);
    const data = await openDataSet([place]);
    await evaluate(data, 'mine-out', { curves: false });
    await assert.rejects(evaluate(data, 'mine-out', { curves: false, language: 'de' }), {
      code: 'E_RUN_MISMATCH',
    });
    await assert.rejects(evaluate(data, 'mine-out'), { code: 'E_RUN_MISMATCH', hint: /another --out/ });
    // A changed image is other data.
    const [image = ''] = readdirSync(join(place, NAMES[swatches[0]?.label ?? 0] ?? ''));
    utimesSync(join(place, NAMES[swatches[0]?.label ?? 0] ?? '', image), 1, 1);
    await assert.rejects(evaluate(await openDataSet([place]), 'mine-out', { curves: false }), {
      code: 'E_RUN_MISMATCH',
    });
  });

  it('bad images are counted by reason and end nothing; labels beyond the classes too', async () => {
    const place = writeImageFolder(join(folder, 'bad'), swatches.slice(0, 10), NAMES);
    const [good] = swatches;
    assert.ok(good !== undefined);
    const files: [string, Uint8Array | string][] = [
      ['text.jpg', 'this is no image'],
      ['empty.png', ''],
      ['cut.png', good.png.subarray(0, 60)],
      ['drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg"/>'],
    ];
    for (const [name, bytes] of files) writeFileSync(join(place, 'cat', name), bytes);
    const { metrics, detail } = await evaluate(await openDataSet([place]), 'bad-out');
    assert.equal(metrics.images, 10);
    assert.equal(
      Object.values(detail.refused).reduce((sum, count) => sum + count, 0),
      4,
    );
    assert.deepEqual(Object.keys(detail.refused).sort(), Object.keys(detail.refused));
    for (const reason of ['text', 'empty', 'svg']) assert.equal(detail.refused[reason], 1, reason);
    assert.deepEqual(
      detail.refusedExamples.map(({ image }) => image).sort(),
      files.map(([name]) => `cat/${name}`).sort(),
    );

    const tars = await openDataSet([
      await writeBenchmark(join(folder, 'beyond'), swatches, NAMES.slice(0, 4), 60),
    ]);
    const beyond = await evaluate(tars, 'beyond-out');
    const known = swatches.filter(({ label }) => label < 4).length;
    assert.deepEqual(
      [beyond.metrics.images, beyond.detail.refused],
      [known, { 'unknown-label': 60 - known }],
    );
    // Four classes: there is no fifth.
    assert.equal(beyond.metrics.acc5, null);
  });

  it('a data set of which nothing can be used is an error with the reasons', async () => {
    mkdirSync(join(folder, 'none/cat'), { recursive: true });
    writeFileSync(join(folder, 'none/cat/a.png'), 'no');
    writeFileSync(join(folder, 'none/cat/b.png'), '');
    await assert.rejects(evaluate(await openDataSet([join(folder, 'none')]), 'none-out'), {
      code: 'E_INPUT_UNREADABLE',
      message: /no image of it could be used \((text 1, empty 1|empty 1, text 1)\)/,
    });
  });

  it('a damaged marker or scores that are gone are named', async () => {
    const data = await openDataSet([writeImageFolder(join(folder, 'dam'), swatches.slice(0, 6), NAMES)]);
    await evaluate(data, 'dam-out');
    const marker = join(folder, 'dam-out/shards/00000.json');
    const text = readFileSync(marker, 'utf8');
    writeFileSync(marker, text.replace(/"confusion":\[\[\d+/, '"confusion":[[77'));
    await assert.rejects(evaluate(data, 'dam-out'), { code: 'E_DAMAGED_RUN_FILE' });
    writeFileSync(marker, text.slice(0, 40));
    await assert.rejects(evaluate(data, 'dam-out'), { code: 'E_DAMAGED_RUN_FILE' });
    writeFileSync(marker, text);
    writeFileSync(join(folder, 'dam-out/shards/00000.scores'), 'short');
    await assert.rejects(evaluate(data, 'dam-out'), { code: 'E_DAMAGED_RUN_FILE', message: /5 bytes/ });
    rmSync(join(folder, 'dam-out/shards/00000.scores'));
    await assert.rejects(evaluate(data, 'dam-out'), { code: 'E_DAMAGED_RUN_FILE' });
  });

  it('text weights are made once for a model, classes and templates', async () => {
    const cache = join(folder, 'weights');
    const made: number[] = [];
    const counting = {
      fingerprint: model.fingerprint,
      dimension: model.dimension,
      classWeights: (names: readonly string[], templates: readonly string[]) => {
        made.push(names.length * templates.length);
        return model.classWeights(names, templates);
      },
    };
    const first = await cachedClassWeights(counting, NAMES, ['{}'], cache);
    const second = await cachedClassWeights(counting, NAMES, ['{}'], cache);
    assert.deepEqual([first.wasCached, second.wasCached, made], [false, true, [6]]);
    assert.deepEqual(second.weights, first.weights);
    await cachedClassWeights(counting, [...NAMES].reverse(), ['{}'], cache);
    await cachedClassWeights(counting, NAMES, ['{}', 'a {}'], cache);
    await cachedClassWeights({ ...counting, fingerprint: 'other' }, NAMES, ['{}'], cache);
    assert.deepEqual(made, [6, 6, 12, 6]);
    // A file of another length is made anew.
    for (const name of readdirSync(cache)) writeFileSync(join(cache, name), 'x');
    assert.equal((await cachedClassWeights(counting, NAMES, ['{}'], cache)).wasCached, false);
    assert.deepEqual((await cachedClassWeights(counting, NAMES, ['{}'], cache)).weights, first.weights);
  });

  it('the page stands alone, shows the worst mistakes as pictures, and holds no foreign markup', async () => {
    const names = ['<script>alert(1)</script>', 'b"&', 'c', 'd', 'e', 'f'];
    const data = await openDataSet([await writeBenchmark(join(folder, 'markup'), swatches, names, 60)]);
    await evaluate(data, 'page-out');
    const page = readFileSync(join(folder, 'page-out/report.html'), 'utf8');
    assert.ok(!page.includes('<script'));
    assert.ok(page.includes('&lt;script&gt;alert(1)&lt;/script&gt;'));
    assert.match(page, /Content-Security-Policy/);
    const addresses = [...page.matchAll(/(?:src|href)="([^"]{0,20})/g)].map(([, address = '']) => address);
    assert.ok(addresses.length > 0 && addresses.length <= 24);
    assert.ok(addresses.every((address) => address.startsWith('data:image/webp;ba')));
  });

  it('many classes become a map of pixels, readable by itself', async () => {
    const names = Array.from({ length: 40 }, (_, at) => `class ${at}`);
    const many = await makeSwatches(80, 40, 9);
    const data = await openDataSet([await writeBenchmark(join(folder, 'many'), many, names, 80)]);
    await evaluate(data, 'many-out');
    const page = readFileSync(join(folder, 'many-out/report.html'), 'utf8');
    assert.match(page, /<div class="miss" style="-webkit-mask-image:url\(data:image\/png;base64,/);
    assert.equal((await readAll(data)).images.length, 80);
  });
});
