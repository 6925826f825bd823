import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildClassWeights } from '../../../src/model/score/class-weights.ts';
import { cosines, type Embeddings, normaliseRows } from '../../../src/model/score/embeddings.ts';
import { createOntology } from '../../../src/model/score/ontology.ts';
import { predictClasses } from '../../../src/model/score/predict.ts';
import { fillTemplate } from '../../../src/model/score/templates.ts';

const DIMENSION = 7;

/** Some vector that depends on every character of a text. */
function vectorOf(text: string): number[] {
  const vector = Array.from({ length: DIMENSION }, (_, k) => Math.sin(k + 1));
  for (const [at, letter] of Array.from(text).entries()) {
    const k = at % DIMENSION;
    vector[k] = (vector[k] ?? 0) + Math.sin((letter.codePointAt(0) ?? 0) * (at + 1));
  }
  return vector;
}

function embedTexts(texts: readonly string[]): Promise<Embeddings> {
  const data = normaliseRows(Float32Array.from(texts.flatMap(vectorOf)), DIMENSION);
  return Promise.resolve({ data, count: texts.length, dimension: DIMENSION, fingerprint: 'one' });
}

/** The rule word by word: fill, embed, normalise, average, normalise. */
function expectedWeights(name: string, templates: readonly string[]): number[] {
  const unit = (vector: readonly number[]): number[] => {
    const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    return vector.map((value) => value / length);
  };
  const rows = templates.map((template) => unit(vectorOf(template.replace('{}', name))));
  return unit(
    Array.from(
      { length: DIMENSION },
      (_, k) => rows.reduce((sum, row) => sum + (row[k] ?? 0), 0) / rows.length,
    ),
  );
}

describe('buildClassWeights', () => {
  it('averages the normalised embeddings of all prompts, over more than one call', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `thing ${index}`);
    const templates = [
      'a photo of a {}.',
      'the {}',
      '{}',
      ...['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `${letter} {}`),
    ];
    const done: number[] = [];
    const weights = await buildClassWeights(embedTexts, names, templates, (count) => done.push(count));
    assert.deepEqual(done, [1024, 1500]);
    assert.deepEqual([weights.count, weights.dimension, weights.fingerprint], [150, DIMENSION, 'one']);
    names.forEach((name, row) => {
      expectedWeights(name, templates).forEach((value, k) => {
        assert.ok(Math.abs((weights.data[row * DIMENSION + k] ?? 0) - value) < 1e-6, `${name} ${k}`);
      });
    });
  });

  it('gives equal names equal rows: ImageNet has two such pairs', async () => {
    const { data } = await buildClassWeights(embedTexts, ['crane', 'maillot', 'crane'], ['a {}.']);
    assert.deepEqual(data.slice(0, DIMENSION), data.slice(2 * DIMENSION));
  });

  it('refuses templates that have no place for the name, and none at all', async () => {
    await assert.rejects(buildClassWeights(embedTexts, ['cat'], ['a photo']), {
      code: 'E_USAGE',
      message: /no \{\}/,
    });
    await assert.rejects(buildClassWeights(embedTexts, ['cat'], []), {
      code: 'E_USAGE',
      message: /empty list/,
    });
  });

  it('fills every place, and names with dollar signs as they are', () => {
    assert.equal(fillTemplate('{} or {c}', '$& $1'), '$& $1 or $& $1');
  });
});

describe('predictClasses', () => {
  const ontology = createOntology({
    cat: 'animal',
    dog: 'animal',
    car: 'machine',
    plane: 'machine',
    sky: 'sky',
  });

  it('is the softmax over all prompts, added up by class', async () => {
    const weights = await embedTexts(ontology.prompts);
    const images = await embedTexts(['one image', 'another']);
    const scale = 14.3;
    const similarities = cosines(images, weights);
    predictClasses(images, weights, ontology, scale).forEach((predictions, image) => {
      const exps = ontology.prompts.map((_, at) => Math.exp(scale * (similarities[image * 5 + at] ?? 0)));
      const sum = exps.reduce((a, b) => a + b, 0);
      const expected = new Map<string, number>();
      ontology.prompts.forEach((_, at) => {
        const name = ontology.classes[ontology.classOfPrompt[at] ?? 0] ?? '';
        expected.set(name, (expected.get(name) ?? 0) + (exps[at] ?? 0) / sum);
      });
      assert.equal(predictions.length, 3);
      for (const { class: name, confidence } of predictions) {
        assert.ok(Math.abs(confidence - (expected.get(name) ?? 0)) < 1e-9);
      }
      assert.deepEqual(
        predictions.map((one) => one.class),
        [...expected].sort(([, a], [, b]) => b - a).map(([name]) => name),
      );
      for (const one of predictions) {
        const prompts = ontology.prompts.filter((_, at) => ontology.classOfPrompt[at] === one.classIndex);
        const best = Math.max(
          ...prompts.map((prompt) => similarities[image * 5 + ontology.prompts.indexOf(prompt)] ?? 0),
        );
        assert.equal(one.similarity, best);
        assert.equal(similarities[image * 5 + ontology.prompts.indexOf(one.prompt)], best);
      }
    });
  });

  it('gives ties to the class that stands first', async () => {
    const image = await embedTexts(['image']);
    const row = await embedTexts(['same']);
    const data = Float32Array.from([...row.data, ...row.data, ...row.data]);
    const [predictions = []] = predictClasses(
      image,
      { ...row, data, count: 3 },
      createOntology(['c', 'a', 'b']),
      100,
    );
    assert.deepEqual(
      predictions.map((one) => one.class),
      ['c', 'a', 'b'],
    );
    assert.ok(Math.abs((predictions[0]?.confidence ?? 0) - 1 / 3) < 1e-12);
  });
});
