/** Every form of a vocabulary gives the same ids; what is wrong with a file is said with its place. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MetaclipError, type ErrorCode } from '../../../src/common/errors.ts';
import { loadTokenizer } from '../../../src/model/tokenize/load-tokenizer.ts';
import type { TokenizerOptions } from '../../../src/model/tokenize/tokenizer.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { FORMS, makeTokenizerJson, VOCABULARY, WORDS } from './vocabulary-files.ts';

async function refusalOf(path: string, options?: TokenizerOptions): Promise<MetaclipError> {
  try {
    await loadTokenizer(path, options);
  } catch (error) {
    assert.ok(error instanceof MetaclipError, String(error));
    assert.ok(error.hint !== undefined && error.hint.length > 10, error.message);
    return error;
  }
  return assert.fail('nothing was thrown');
}

const texts = ['a photo of a cat', WORDS.join(' '), "it's <|endoftext|>", '', 'the theatre there'];

describe('loadTokenizer', () => {
  for (const [name, write] of Object.entries(FORMS)) {
    it(`reads ${name}`, async (test) => {
      const folder = makeTempFolder(test);
      const reference = join(folder, 'reference');
      mkdirSync(reference);
      FORMS['tokenizer.json']!(reference);
      const expected = await loadTokenizer(reference);
      const own = join(folder, 'own');
      mkdirSync(own);
      write(own);
      const tokenizer = await loadTokenizer(own);
      assert.equal(tokenizer.kind, 'clip');
      assert.equal(tokenizer.vocabSize, VOCABULARY.tokens.length);
      assert.equal(tokenizer.endId, VOCABULARY.tokens.length - 1);
      assert.equal(tokenizer.contextLength, 77);
      assert.equal(tokenizer.padId, 0);
      assert.deepEqual(tokenizer.encode(texts), expected.encode(texts));
    });
  }

  it('takes the file itself, and prefers tokenizer.json in a folder', async (test) => {
    const folder = makeTempFolder(test);
    FORMS['vocab.json and merges.txt']!(folder);
    const byFile = await loadTokenizer(join(folder, 'vocab.json'));
    assert.deepEqual((await loadTokenizer(folder)).encode(texts), byFile.encode(texts));
    writeFileSync(join(folder, 'tokenizer.json'), '{}');
    assert.match((await refusalOf(folder)).message, /tokenizer\.json/);
    // The name of a file decides nothing: this is a gzip file under another name.
    const other = join(folder, 'other');
    mkdirSync(other);
    FORMS['bpe_simple_vocab_16e6.txt.gz']!(other);
    assert.deepEqual(
      (await loadTokenizer(join(other, 'bpe_simple_vocab_16e6.txt.gz'))).encode(texts),
      byFile.encode(texts),
    );
  });

  it('takes context and padding from the options, the file, its neighbour, in this order', async (test) => {
    const folder = makeTempFolder(test);
    const write = (json: object, config?: object): void => {
      writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify({ ...makeTokenizerJson(), ...json }));
      if (config !== undefined) writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    };
    const end = VOCABULARY.tokens.length - 1;
    write({ truncation: { max_length: 12 }, padding: { pad_id: 5 } });
    assert.equal((await loadTokenizer(folder)).contextLength, 12);
    assert.equal((await loadTokenizer(folder)).padId, 5);
    assert.equal((await loadTokenizer(folder, { contextLength: 9 })).contextLength, 9);
    write({}, { model_max_length: 64, pad_token: '<|endoftext|>' });
    assert.equal((await loadTokenizer(folder)).contextLength, 64);
    assert.equal((await loadTokenizer(folder)).padId, end);
    write({}, { model_max_length: 1e30, pad_token: { content: '<|endoftext|>' } });
    assert.equal((await loadTokenizer(folder)).contextLength, 77);
    assert.equal((await loadTokenizer(folder)).padId, end);
    write({}, { pad_token: null });
    assert.equal((await loadTokenizer(folder)).padId, 0);
  });

  it("gives special tokens in a text their meaning only in the original's way", async (test) => {
    const folder = makeTempFolder(test);
    FORMS['tokenizer.json']!(folder);
    const text = 'a <|endoftext|> b';
    const safe = await loadTokenizer(folder);
    assert.ok(!safe.encodeWhole(text).includes(safe.endId));
    const original = await loadTokenizer(folder, { specialTokens: 'token' });
    assert.equal(original.encodeWhole(text)[1], original.endId);
  });

  const json = makeTokenizerJson();
  const model = json['model'] as { vocab: Record<string, number>; merges: string[] };
  const changed = (changes: object): string => JSON.stringify({ ...json, model: { ...model, ...changes } });
  const withoutByte = Object.fromEntries(Object.entries(model.vocab).filter(([token]) => token !== 'q</w>'));
  const refused: readonly (readonly [
    what: string,
    files: Record<string, string | Uint8Array>,
    says: RegExp,
  ])[] = [
    [
      'a folder without a tokenizer',
      { 'config.json': '{}' },
      /no tokenizer in this folder \(looked for tokenizer\.json/,
    ],
    ['no JSON', { 'tokenizer.json': '{"model": ' }, /tokenizer\.json: not valid JSON/],
    ['another JSON', { 'tokenizer.json': '[1]' }, /not a JSON object/],
    ['an empty file', { 'tokenizer.json': '' }, /not valid JSON/],
    ['no vocabulary', { 'tokenizer.json': changed({ vocab: [] }) }, /model\.vocab is no object/],
    ['no merges', { 'tokenizer.json': changed({ merges: 5 }) }, /model\.merges is no list/],
    ['a merge of three', { 'tokenizer.json': changed({ merges: ['a b', 'a b c'] }) }, /model\.merges\[1\]/],
    ['a merge of nobody', { 'tokenizer.json': changed({ merges: ['a zz'] }) }, /"zz" has no id/],
    ['an id that is none', { 'tokenizer.json': changed({ vocab: { a: 1.5 } }) }, /the id of "a"/],
    ['a huge id', { 'tokenizer.json': changed({ vocab: { a: 2 ** 30 } }) }, /the id of "a"/],
    [
      'a byte without id',
      { 'tokenizer.json': changed({ vocab: withoutByte, merges: [] }) },
      /"q<\/w>" has no id/,
    ],
    ['vocab.json alone', { 'vocab.json': JSON.stringify(model.vocab) }, /there is no merges\.txt beside it/],
    [
      'a line of merges.txt that is none',
      { 'vocab.json': JSON.stringify(model.vocab), 'merges.txt': '#version: 0.2\na b\nabc\n' },
      /merges\.txt: line 3 is no merge/,
    ],
    [
      'a vocabulary without end token',
      { 'vocab.json': JSON.stringify({ a: 0 }), 'merges.txt': '' },
      /it has no start and end token/,
    ],
    ['a list without merges', { 'bpe_simple_vocab_16e6.txt': 'header only\n' }, /it has no merges/],
    [
      'a damaged gzip file',
      { 'bpe_simple_vocab_16e6.txt.gz': Buffer.from('\x1f\x8b\b and then text', 'latin1') },
      /gzip file is damaged/,
    ],
    [
      'another neighbour',
      { 'tokenizer.json': '{}', 'tokenizer_config.json': 'no' },
      /tokenizer_config\.json: not valid/,
    ],
  ];
  for (const [what, files, says] of refused) {
    it(`refuses ${what}`, async (test) => {
      const folder = makeTempFolder(test);
      for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
      const error = await refusalOf(folder);
      assert.equal(error.code, 'E_TOKENIZER_FORMAT', error.message);
      assert.match(error.message, says);
    });
  }

  it('refuses a path that is not there, and lengths that are none', async (test) => {
    const folder = makeTempFolder(test);
    FORMS['tokenizer.json']!(folder);
    const rows: readonly (readonly [string, TokenizerOptions, ErrorCode])[] = [
      [join(folder, 'absent'), {}, 'E_INPUT_NOT_FOUND'],
      [folder, { contextLength: 2 }, 'E_USAGE'],
      [folder, { contextLength: 7.5 }, 'E_USAGE'],
    ];
    for (const [path, options, code] of rows) assert.equal((await refusalOf(path, options)).code, code);
  });
});
