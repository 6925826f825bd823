/** Pairs: which images are found, samples, and figures against slow lines. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { sqlString, withDuckdb } from '../../../src/common/duckdb.ts';
import { BoundedSample, drawOf } from '../../../src/model/evaluate/pairs/bounded-sample.ts';
import { evaluatePairs, type PairsOptions } from '../../../src/model/evaluate/pairs/evaluate-pairs.ts';
import type { PairsResult } from '../../../src/model/evaluate/pairs/results.ts';
import { MetaCLIP } from '../../../src/model/metaclip.ts';
import { makeTar } from '../../helpers/make-tar.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { makeTinyModel } from '../../helpers/tiny-model.ts';
import { makeSwatches, type Swatch } from './make-data.ts';

describe('a bounded sample', () => {
  it('is the items with the smallest draws, each once, in any order of the stream', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(60), { maxLength: 120 }),
        fc.integer({ min: 1, max: 20 }),
        (items, limit) => {
          const sample = new BoundedSample<number>(limit);
          for (const item of items) if (sample.takes(drawOf(item))) sample.add(drawOf(item), item);
          const wanted = [...new Set(items)].sort((a, b) => drawOf(a) - drawOf(b)).slice(0, limit);
          assert.deepEqual(sample.sorted(), wanted);
        },
      ),
    );
  });

  it('draws are spread evenly and depend on every part', () => {
    const draws = Array.from({ length: 2000 }, (_, at) => drawOf(0, 'image', `text ${at}`));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    assert.ok(mean > 0.47 && mean < 0.53);
    assert.equal(
      new Set([drawOf('a', 'bc'), drawOf('ab', 'c'), drawOf(1, 'a', 'bc'), drawOf('abc')]).size,
      4,
    );
  });
});

describe('evaluatePairs', () => {
  let folder: string;
  let model: MetaCLIP;
  let swatches: Swatch[];
  const hooks: (() => void)[] = [];
  const WORDS = ['apple', 'boat', 'cat', 'dog', 'egg'];
  const captionOf = (at: number): string => `${WORDS[at % 5] ?? ''} number ${at % 7}`;
  const urlOf = (at: number): string => `https://example.org/${at}.png`;

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    model = await MetaCLIP.load(await makeTinyModel(join(folder, 'model')), { threads: 1 });
    swatches = await makeSwatches(30, 5, 3);
    mkdirSync(join(folder, 'tars'));
    const files = swatches.flatMap(({ png }, at) => {
      const key = String(at).padStart(9, '0');
      const bytes = at === 7 ? Buffer.from('no image') : png;
      const json = JSON.stringify({ url: urlOf(at), caption: captionOf(at), uid: `uid-${at}` });
      return [
        [`${key}.png`, bytes],
        [`${key}.txt`, captionOf(at)],
        [`${key}.json`, at === 3 ? '{broken' : json],
      ] as const;
    });
    writeFileSync(join(folder, 'tars/00000.tar'), await makeTar(files.slice(0, 45)));
    writeFileSync(join(folder, 'tars/00001.tar'), await makeTar(files.slice(45)));
  });
  after(async () => {
    await model.close();
    for (const hook of hooks) hook();
  });

  const shard = async (
    path: string,
    rows: readonly (readonly [uid: string, url: string, caption: string])[],
  ) => {
    mkdirSync(join(folder, path), { recursive: true });
    const values = rows.map((row) => `(${row.map(sqlString).join(', ')})`).join(', ');
    const file = join(folder, path, '00000.parquet');
    await withDuckdb((connection) =>
      connection.run(
        `COPY (SELECT * FROM (VALUES ${values}) t(uid, url, caption)) TO ${sqlString(file)} (FORMAT parquet)`,
      ),
    );
  };
  const evaluate = (inputs: readonly string[], options: Partial<PairsOptions> = {}): Promise<PairsResult> =>
    evaluatePairs(model, {
      inputs: inputs.map((path) => join(folder, path)),
      out: join(folder, 'out'),
      classes: WORDS,
      templates: ['{}'],
      ...options,
    });

  it('figures of tars equal the slow way; a broken image is counted', async () => {
    const { inputs, comparison } = await evaluate(['tars']);
    const [input] = inputs;
    assert.ok(input !== undefined);
    assert.deepEqual([input.pairs, input.pairsWithImage, input.sampled, input.judged], [30, 30, 30, 29]);
    assert.deepEqual([input.refused, comparison], [{ text: 1 }, []]);
    const similarities: number[] = [];
    for (const [at, { png }] of swatches.entries()) {
      if (at !== 7) similarities.push(await model.compare({ image: png }, { text: captionOf(at) }));
    }
    const mean = similarities.reduce((sum, value) => sum + value, 0) / 29;
    assert.ok(Math.abs(input.similarity.mean - mean) < 1e-6);
    assert.equal(
      input.similarity.histogram.counts.reduce((sum, count) => sum + count, 0),
      29,
    );
    assert.equal(
      input.classes.counts.reduce((sum, { images }) => sum + images, 0),
      29,
    );
  });

  it('shards find their images by uid, url, file name and path; others are counted', async () => {
    await shard('run/curated', [
      ['uid-1', 'https://elsewhere.org/x', 'by uid'],
      ['other', urlOf(2), 'by url'],
      ['000000003', 'https://elsewhere.org/y', 'by file name'],
      ['nobody', 'https://elsewhere.org/z', 'not at hand'],
    ]);
    const images = join(folder, 'tars');
    const [input] = (await evaluate(['run'], { images })).inputs;
    assert.deepEqual([input?.pairs, input?.pairsWithImage, input?.judged], [4, 3, 3]);

    mkdirSync(join(folder, 'files/sub'), { recursive: true });
    const [a, b, c] = swatches;
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    writeFileSync(join(folder, 'files/sub/a.png'), a.png);
    writeFileSync(join(folder, 'files/uid-b.png'), b.png);
    writeFileSync(join(folder, 'files/c.png'), c.png);
    writeFileSync(join(folder, 'files/c.json'), JSON.stringify({ url: 'https://example.org/c' }));
    await shard('local', [
      ['1', 'sub/a.png', 'relative path'],
      ['2', `file://${join(folder, 'files/sub/a.png')}`, 'whole path'],
      ['uid-b', 'https://elsewhere.org/b', 'file named after the uid'],
      ['4', 'https://example.org/c', 'address in the .json beside it'],
      ['5', '../model/vision.onnx', 'outside'],
    ]);
    const [local] = (await evaluate(['local'], { images: join(folder, 'files') })).inputs;
    assert.deepEqual([local?.pairs, local?.pairsWithImage, local?.judged], [5, 4, 4]);
  });

  it('two inputs: samples of equal size for retrieval, differences of the last to the first, the same on every run', async () => {
    await shard(
      'good/curated',
      Array.from({ length: 12 }, (_, at) => [`uid-${at}`, urlOf(at), captionOf(at)]),
    );
    const options = { images: join(folder, 'tars'), names: ['raw', 'curated'], limit: 20 };
    const first = await evaluate(['tars', 'good'], options);
    const bytes = ['pairs.json', 'report.html'].map((name) =>
      readFileSync(join(folder, 'out', name), 'utf8'),
    );
    const [raw, curated] = first.inputs;
    assert.ok(raw !== undefined && curated !== undefined);
    // Of the twelve the image of one is broken, and of another the .json, so that it has neither url nor uid.
    assert.deepEqual([raw.sampled, curated.sampled, curated.judged], [20, 11, 10]);
    assert.equal(first.retrievalPairs, 10);
    const [mean] = first.comparison;
    assert.equal(mean?.difference, curated.similarity.mean - raw.similarity.mean);
    assert.ok(
      Math.abs(
        (mean.standardError ?? 0) -
          Math.hypot(raw.similarity.standardError, curated.similarity.standardError),
      ) < 1e-12,
    );
    await evaluate(['tars', 'good'], options);
    assert.deepEqual(
      ['pairs.json', 'report.html'].map((name) => readFileSync(join(folder, 'out', name), 'utf8')),
      bytes,
    );
    const other = await evaluate(['tars', 'good'], { ...options, seed: 1 });
    assert.notEqual(other.inputs[0]?.similarity.mean, raw.similarity.mean);
  });

  it('what cannot be judged is refused with the next step', async () => {
    await shard('lost', [['x', 'https://elsewhere.org/1', 'a']]);
    mkdirSync(join(folder, 'empty'), { recursive: true });
    const images = join(folder, 'tars');
    await assert.rejects(evaluate(['lost'], { images }), {
      code: 'E_INPUT_EMPTY',
      message: /of 1 pairs none/,
    });
    await assert.rejects(evaluate(['lost']), { code: 'E_USAGE', hint: /--images/ });
    await assert.rejects(evaluate(['empty']), {
      code: 'E_INPUT_EMPTY',
      message: /neither Parquet shards nor tars/,
    });
    await assert.rejects(evaluate(['nowhere']), { code: 'E_INPUT_NOT_FOUND' });
    await assert.rejects(evaluate(['tars'], { limit: 0 }), { code: 'E_USAGE' });
    await assert.rejects(evaluate(['tars'], { names: ['a', 'b'] }), { code: 'E_USAGE' });
    writeFileSync(join(folder, 'broken.parquet'), 'PAR1');
    await assert.rejects(evaluate(['broken.parquet'], { images }), { code: 'E_INPUT_UNREADABLE' });
  });

  it('an interruption ends it', async () => {
    const stop = new AbortController();
    const run = evaluate(['tars'], {
      signal: stop.signal,
      onProgress: ({ phase }) => {
        if (phase === 'images') stop.abort();
      },
    });
    await assert.rejects(run, { code: 'E_INTERRUPTED' });
  });
});
