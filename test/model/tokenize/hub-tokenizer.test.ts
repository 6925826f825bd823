/** A tokenizer.json of the worldwide models' kind: pieces with scores, `<s> ... </s>` around a text. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import * as library from '@huggingface/tokenizers';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { cleanText } from '../../../src/model/tokenize/clean-text.ts';
import { loadTokenizer } from '../../../src/model/tokenize/load-tokenizer.ts';
import type { Tokenizer, TokenizerOptions } from '../../../src/model/tokenize/tokenizer.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const SPECIALS = ['<s>', '<pad>', '</s>', '<unk>'] as const;

interface LibraryTokenizer {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
}
// The library's declarations do not resolve with this project's module resolution.
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
const LibraryTokenizer: new (json: object, config: object) => LibraryTokenizer = library.Tokenizer;

/** Scores that no two ways of cutting share: distinct powers would be too small to tell, distinct primes are not. */
const PIECES: readonly (readonly [string, number])[] = [
  ...SPECIALS.map((token) => [token, 0] as const),
  ...['▁', 'a', 'c', 'd', 'g', 'h', 'o', 't', '猫', '/', 's', '<', '>', '&'].map(
    (piece, i) => [piece, -9.1 - i * 0.37] as const,
  ),
  ['▁a', -2.03],
  ['▁cat', -4.57],
  ['▁dog', -4.91],
  ['ca', -5.3],
  ['at', -4.1],
  ['▁ph', -6.2],
  ['oto', -5.7],
  ['▁photo', -5.03],
  ['▁猫', -6.9],
  ['og', -5.9],
  ['p', -9.9],
];

function makeJson(changes: object = {}): object {
  const special = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      ...SPECIALS.map((content, id) => ({ id, content, ...special })),
      { id: PIECES.length, content: '<mask>', ...special, lstrip: true },
    ],
    normalizer: { type: 'NFKC' },
    pre_tokenizer: { type: 'Metaspace', replacement: '▁', add_prefix_space: true, prepend_scheme: 'always' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '</s>', type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] },
        '</s>': { id: '</s>', ids: [2], tokens: ['</s>'] },
      },
    },
    decoder: { type: 'Metaspace', replacement: '▁', add_prefix_space: true },
    model: { type: 'Unigram', unk_id: 3, vocab: PIECES },
    ...changes,
  };
}

async function load(
  test: TestContext,
  options: TokenizerOptions = {},
  changes: object = {},
): Promise<Tokenizer> {
  const folder = makeTempFolder(test);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(makeJson(changes)));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify({ pad_token: '<pad>' }));
  return loadTokenizer(folder, options);
}

/** The cut of a word with the highest sum of scores, by trying all. */
function cutSlowly(word: string): { readonly score: number; readonly ids: readonly number[] } {
  if (word === '') return { score: 0, ids: [] };
  let best = { score: -Infinity, ids: [] as readonly number[] };
  for (const [id, [piece, score]] of PIECES.entries()) {
    if (id < SPECIALS.length || !word.startsWith(piece)) continue;
    const rest = cutSlowly(word.slice(piece.length));
    if (score + rest.score > best.score) best = { score: score + rest.score, ids: [id, ...rest.ids] };
  }
  return best;
}

describe('a tokenizer.json of another kind', () => {
  it('is run by the library, with start, end and padding around the pieces', async (test) => {
    const tokenizer = await load(test, { contextLength: 8 });
    assert.deepEqual(
      [tokenizer.kind, tokenizer.endId, tokenizer.padId, tokenizer.vocabSize],
      ['huggingface', 2, 1, PIECES.length + 1],
    );
    const idOf = (piece: string): number => PIECES.findIndex(([known]) => known === piece);
    const { ids, lengths } = tokenizer.encode(['a photo', '', ' a\t cat ']);
    assert.deepEqual(
      [...ids],
      [
        ...[0, idOf('▁a'), idOf('▁photo'), 2, 1, 1, 1, 1],
        ...[0, 2, 1, 1, 1, 1, 1, 1],
        ...[0, idOf('▁a'), idOf('▁cat'), 2, 1, 1, 1, 1],
      ],
    );
    assert.deepEqual([...lengths], [4, 2, 4]);
  });

  it('cuts words as the best of all ways', async (test) => {
    const tokenizer = await load(test);
    const word = fc.array(fc.constantFrom('a', 'c', 'd', 'g', 'o', 't', 'h', 'p', '猫', 'ca', 'at', 'dog'), {
      minLength: 1,
      maxLength: 7,
    });
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 4 }), (words) => {
        const text = words.map((letters) => letters.join('')).join(' ');
        const expected = text.split(' ').flatMap((each) => cutSlowly(`▁${each}`).ids);
        assert.deepEqual(tokenizer.encodeWhole(text), expected, text);
      }),
      { numRuns: 200 },
    );
  });

  it('cuts as the library does with a model of its own, unknown characters included', async (test) => {
    const tokenizer = await load(test);
    const alone = new LibraryTokenizer(makeJson(), {});
    const piece = fc.oneof(
      fc.constantFrom('a', 'cat', 'dog', 'photo', '猫', 'og', 'at', ' ', '&', '/', '<', 'ﬁ', '①'),
      fc.constantFrom('😀', '\ud83d', 'é', 'Z', 'zz', '👩‍👩‍👧'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
        const text = cleanText(pieces.join('').replaceAll(/<\/?(?:s|pad|unk|mask)>/g, ''));
        const expected = text === '' ? [] : alone.encode(text, { add_special_tokens: false }).ids;
        assert.deepEqual(tokenizer.encodeWhole(text), expected, JSON.stringify(text));
      }),
      { numRuns: 1000 },
    );
  });

  it('truncates so that the end token stays', async (test) => {
    const tokenizer = await load(test, { contextLength: 6 });
    for (let count = 0; count < 9; count++) {
      const { ids, lengths } = tokenizer.encode([Array(count).fill('cat').join(' ')]);
      assert.equal(lengths[0], Math.min(6, count + 2));
      assert.equal(ids.indexOf(2), Math.min(5, count + 1));
    }
  });

  it('leaves letters as they are, but resolves references as for every model', async (test) => {
    const tokenizer = await load(test);
    assert.deepEqual(tokenizer.encodeWhole('&amp;#99;at'), tokenizer.encodeWhole('cat'));
    assert.notDeepEqual(tokenizer.encodeWhole('CAT'), tokenizer.encodeWhole('cat'));
    assert.ok(tokenizer.encodeWhole('CAT').includes(3));
  });

  it('takes special tokens in a text for words, unless asked for the way of the original', async (test) => {
    const safe = await load(test);
    for (const text of ['a </s> cat', 'a</s>', '<s><s></s>', '<</s>/s>', 'cat <mask> cat', '&lt;/s&gt;']) {
      const ids = safe.encodeWhole(text);
      assert.ok(!ids.some((id) => [0, 1, 2, PIECES.length].includes(id)), `${text}: ${ids.join(' ')}`);
      assert.ok(ids.length > 0);
    }
    const original = await load(test, { specialTokens: 'token' });
    assert.ok(original.encodeWhole('a </s> cat').includes(2));
  });

  it('works with an end token alone, as T5 has it', async (test) => {
    const single = [{ Sequence: { id: 'A', type_id: 0 } }, { SpecialToken: { id: '</s>', type_id: 0 } }];
    const post = { ...(makeJson() as { post_processor: object }).post_processor, single };
    const tokenizer = await load(test, { contextLength: 5 }, { post_processor: post });
    const { ids, lengths } = tokenizer.encode(['a', 'a a a a a a']);
    assert.deepEqual([...ids.subarray(0, 5)].slice(1), [2, 1, 1, 1]);
    assert.equal(ids[9], 2);
    assert.deepEqual([...lengths], [2, 5]);
  });

  it('of a text of megabytes reads no more than it needs', async (test) => {
    const tokenizer = await load(test);
    const batch = tokenizer.encode(['cat '.repeat(1_000_000)]);
    assert.equal(batch.lengths[0], 77);
    assert.equal(batch.ids[76], 2);
  });

  it('is refused without an end token, or where the library does not know it', async (test) => {
    for (const changes of [{ post_processor: null }, { model: { type: 'Unknown' } }, { model: null }]) {
      await assert.rejects(
        load(test, {}, changes),
        (error) => error instanceof MetaclipError && error.code === 'E_TOKENIZER_FORMAT',
      );
    }
  });
});
