import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createOntology, type OntologyInput, readOntology } from '../../../src/model/score/ontology.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const PETS = { 'a cat': 'cat', 'a kitten': 'cat', 'a dog': 'dog' };
const EXPECTED = {
  prompts: ['a cat', 'a kitten', 'a dog'],
  classes: ['cat', 'dog'],
  classOfPrompt: [0, 0, 1],
};

describe('createOntology', () => {
  const forms: readonly (readonly [string, OntologyInput])[] = [
    ['an object', PETS],
    ['a Map', new Map(Object.entries(PETS))],
    ['a list of pairs', Object.entries(PETS)],
  ];
  for (const [what, input] of forms) {
    it(`takes ${what}, in order, several prompts to one class`, () => {
      assert.deepEqual(createOntology(input), EXPECTED);
    });
  }

  it('takes a list of classes, each its own prompt', () => {
    assert.deepEqual(createOntology(['b', 'a']), {
      prompts: ['b', 'a'],
      classes: ['b', 'a'],
      classOfPrompt: [0, 1],
    });
  });

  it('keeps names that objects of JavaScript have already', () => {
    const ontology = createOntology([
      ['__proto__', 'constructor'],
      ['toString', 'constructor'],
    ]);
    assert.deepEqual(ontology.classes, ['constructor']);
    assert.deepEqual(ontology.prompts, ['__proto__', 'toString']);
  });

  const wrong: readonly (readonly [string, unknown, RegExp])[] = [
    ['nothing', {}, /without classes/],
    ['an empty list', [], /without classes/],
    ['a prompt twice', ['cat', 'dog', 'cat'], /"cat" stands there twice/],
    [
      'a prompt twice for two classes',
      [
        ['cat', 'a'],
        ['cat', 'b'],
      ],
      /"cat" stands there twice/,
    ],
    ['an empty class', { cat: '  ' }, /empty prompt or class/],
    ['an empty prompt', [''], /empty prompt or class/],
    ['a number', { cat: 3 }, /must be texts/],
    ['a triple', [['a', 'b', 'c']], /no \[prompt, class\]/],
  ];
  for (const [what, input, message] of wrong) {
    it(`refuses ${what}`, () => {
      assert.throws(() => createOntology(input as OntologyInput), { code: 'E_USAGE', message });
    });
  }
});

describe('readOntology', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['JSON object', JSON.stringify(PETS)],
    ['JSON pairs after a byte order mark', `\uFEFF ${JSON.stringify(Object.entries(PETS))}`],
    ['text with tabs, comments and empty lines', '# pets\na cat\tcat\r\n\r\na kitten\tcat\na dog\tdog\n'],
  ];
  for (const [what, text] of cases) {
    it(`reads ${what}`, async (t) => {
      const path = join(makeTempFolder(t), 'ontology');
      writeFileSync(path, text);
      assert.deepEqual(await readOntology(path), EXPECTED);
    });
  }

  const wrong: readonly (readonly [string, string, string, RegExp])[] = [
    [
      'a key that JSON has twice',
      '{"cat": "a", "dog": "b", "cat": "c"}',
      'E_USAGE',
      /"cat" stands there twice/,
    ],
    ['broken JSON', '{"cat": ', 'E_FORMAT_UNKNOWN', /starts like JSON/],
    ['an empty file', '', 'E_USAGE', /without classes/],
    ['JSON of another shape', '{"cat": {"x": 1}}', 'E_USAGE', /must be texts/],
  ];
  for (const [what, text, code, message] of wrong) {
    it(`refuses ${what}, with the path`, async (t) => {
      const path = join(makeTempFolder(t), 'ontology.json');
      writeFileSync(path, text);
      await assert.rejects(readOntology(path), (error: Error & { code?: string }) => {
        assert.equal(error.code, code);
        assert.match(error.message, message);
        return error.message.startsWith(path);
      });
    });
  }

  it('names a file that is not there', async () => {
    await assert.rejects(readOntology('/absent/ontology.json'), { code: 'E_INPUT_NOT_FOUND' });
  });
});
