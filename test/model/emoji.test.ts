/** The bundled emoji model, from its files to its answers, against what PyTorch and Pillow make of the same pictures. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundledModelSource } from '../../src/model/bundled-model.ts';
import { importModel } from '../../src/model/import/import-model.ts';
import { MetaCLIP } from '../../src/model/metaclip.ts';
import { cosines, rowOf } from '../../src/model/score/embeddings.ts';
import { loadTokenizer } from '../../src/model/tokenize/load-tokenizer.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

interface Goldens {
  logitScale: number;
  images: { path: string; embedding: number[] }[];
  texts: { text: string; ids: number[]; embedding: number[] }[];
}

const source = bundledModelSource();
const examples = fileURLToPath(new URL('../../models/emoji-examples/', import.meta.url));
const goldens = JSON.parse(readFileSync(new URL('emoji-goldens.json', import.meta.url), 'utf8')) as Goldens;
const names = readdirSync(examples, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)
  .sort();
const templates = readFileSync(join(examples, 'templates.txt'), 'utf8').trimEnd().split('\n');

/** Share of the examples that must be named right: what was measured, less three pictures. */
const LEAST_RIGHT = 34 / 48;

/** Largest distance of a number of `row` to the golden one. */
function distance(row: Float32Array, golden: readonly number[]): number {
  assert.equal(row.length, golden.length);
  return Math.max(...golden.map((value, at) => Math.abs(value - (row[at] ?? NaN))));
}

/** Share of the examples whose class is found among all of them. */
async function accuracy(model: MetaCLIP): Promise<number> {
  const weights = await model.classWeights(
    names.map((name) => name.replaceAll('_', ' ')),
    templates,
  );
  const images = await model.embedImage(
    names.map((name) => join(examples, name, readdirSync(join(examples, name))[0] ?? '')),
  );
  const scores = cosines(images, weights);
  const right = names.filter((_, at) => {
    const row = Array.from(scores.subarray(at * names.length, (at + 1) * names.length));
    return row.indexOf(Math.max(...row)) === at;
  });
  return right.length / names.length;
}

describe('the emoji model', () => {
  const hooks: (() => void)[] = [];
  const temp = makeTempFolder({ after: (hook) => hooks.push(hook) });
  const models = new Map<string, MetaCLIP>();

  before(async () => {
    for (const weights of ['link', 'int8'] as const) {
      const out = join(temp, weights);
      await importModel(source, out, { weights });
      models.set(weights, await MetaCLIP.load(out, { threads: 1 }));
    }
  });
  after(async () => {
    for (const model of models.values()) await model.close();
    for (const hook of hooks) hook();
  });

  const get = (weights: string): MetaCLIP => {
    const model = models.get(weights);
    assert.ok(model);
    return model;
  };

  it('has the tokens of the training', async () => {
    const tokenizer = await loadTokenizer(join(source, 'tokenizer.json'));
    for (const { text, ids } of goldens.texts) {
      const batch = tokenizer.encode([text]);
      assert.deepEqual(Array.from(batch.ids.subarray(0, batch.lengths[0])), ids, text);
    }
  });

  it('embeds texts as PyTorch does', async () => {
    const embeddings = await get('link').embedText(goldens.texts.map(({ text }) => text));
    goldens.texts.forEach(({ text, embedding }, at) => {
      assert.ok(distance(rowOf(embeddings, at), embedding) < 1e-4, text);
    });
  });

  it('embeds image files as Pillow and PyTorch do', async () => {
    const embeddings = await get('link').embedImage(goldens.images.map(({ path }) => join(examples, path)));
    goldens.images.forEach(({ path, embedding }, at) => {
      assert.ok(distance(rowOf(embeddings, at), embedding) < 1e-4, path);
    });
  });

  it('has the scale of its cosines', () => {
    assert.ok(Math.abs(get('link').logitScale - goldens.logitScale) < 1e-3);
  });

  it('names artwork that it has not seen', async () => {
    assert.equal(names.length, 48);
    const share = await accuracy(get('link'));
    assert.ok(share >= LEAST_RIGHT, `${share} of the examples`);
  });

  it('keeps its answers in a quarter of the bytes', async () => {
    const full = await accuracy(get('link'));
    const small = await accuracy(get('int8'));
    assert.ok(Math.abs(full - small) <= 2 / 48, `${small} instead of ${full}`);
    const folder = join(temp, 'int8');
    const bytes = readdirSync(folder)
      .filter((name) => name.endsWith('.onnx') || name.includes('.onnx'))
      .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
    assert.ok(bytes < 1.6e6, `${bytes} bytes`);
  });
});
