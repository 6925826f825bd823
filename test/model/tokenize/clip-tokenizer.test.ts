/** CLIP's tokenizer against the original's ids and against the encoding in its slow form. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { BytePairEncoder } from '../../../src/model/tokenize/byte-pairs.ts';
import { ClipTokenizer } from '../../../src/model/tokenize/clip-tokenizer.ts';
import { makeVocabulary, parseSimpleVocabulary } from '../../../src/model/tokenize/clip-vocabulary.ts';
import { loadTokenizer } from '../../../src/model/tokenize/load-tokenizer.ts';
import type { Tokenizer, TokenizerOptions } from '../../../src/model/tokenize/tokenizer.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { encodeWordSlowly, type StringVocabulary } from './oracle.ts';
import { VOCABULARY, WORDS } from './vocabulary-files.ts';

const LINES = ['#version', ...VOCABULARY.merges.map((pair) => pair.join(' ')), ''].join('\n');

function makeTokenizer(options: TokenizerOptions = {}): ClipTokenizer {
  const settings = { contextLength: 77, padId: 0, specialTokens: 'text', unicodeForm: 'as-is' } as const;
  return new ClipTokenizer(parseSimpleVocabulary(LINES, 'test'), { ...settings, ...options });
}

/** What has tests of its own: references, separators, the byte order mark, the Greek mark. */
const APART = new RegExp(['&', '[\x1c-\x1f]', '\ufeff', '\u0345'].join('|'), 'g');

/** How a cleaned, lower-cased text is cut, written once more and plainly. */
function wordsOf(text: string): string[] {
  return text.match(/'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\x85\p{L}\p{N}]+/gu) ?? [];
}

describe("the original's ids", { skip: skipWithoutReference }, () => {
  interface Row {
    readonly text: string;
    readonly ids: number[];
    readonly padded77: number[];
  }
  let rows: Row[] = [];
  let original: Tokenizer;
  let safe: Tokenizer;
  before(async () => {
    const lines = gunzipSync(readFileSync(referencePath('tokens/tokens.jsonl.gz')))
      .toString()
      .trimEnd();
    rows = lines.split('\n').map((line) => JSON.parse(line) as Row);
    original = await loadTokenizer(referencePath('tokens'), { specialTokens: 'token' });
    safe = await loadTokenizer(referencePath('tokens'));
  });

  it('of a thousand texts, whole and in 77', () => {
    assert.equal(rows.length, 1000);
    const batch = original.encode(rows.map(({ text }) => text));
    for (const [i, { text, ids, padded77 }] of rows.entries()) {
      assert.deepEqual(original.encodeWhole(text), ids, text);
      assert.deepEqual([...batch.ids.subarray(i * 77, (i + 1) * 77)], padded77, text);
      assert.equal(batch.lengths[i], Math.min(77, ids.length + 2));
    }
    assert.ok(rows.some(({ ids }) => ids.length > 75));
  });

  it('also where special tokens are words, but for the texts that hold some', () => {
    let different = 0;
    for (const { text, ids } of rows) {
      const own = safe.encodeWhole(text);
      assert.ok(!own.includes(safe.endId), text);
      if (own.join() === ids.join()) continue;
      different++;
      assert.match(text, /<(?:start|end)_of_text>/i);
    }
    assert.equal(different, 37);
  });

  it('has the sizes of the original', () => {
    assert.equal(original.vocabSize, 49_408);
    assert.equal(original.endId, 49_407);
    assert.equal(original.contextLength, 77);
  });
});

describe('the encoding', () => {
  const tokenizer = makeTokenizer();

  it('is that of its slow form, on texts of known and unknown words', () => {
    const word = fc.oneof(
      fc.constantFrom(...WORDS),
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
      fc.constantFrom("'s", "'LL", 'ΟΔΥΣΣΕΥΣ', 'İ', '１２', '½', '東京都', '👩‍👩‍👧', '\u0085', '\u200b'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(' ').replaceAll(APART, '+');
        const expected = wordsOf(text.toLowerCase()).flatMap((each) => encodeWordSlowly(each, VOCABULARY));
        assert.deepEqual(tokenizer.encodeWhole(text), expected);
      }),
      { numRuns: 400 },
    );
  });

  it('takes rounds and queue to the same end, for any list of merges', () => {
    // Three letters and merges that need not have been learnt: pairs that stand before those which make them, repetitions.
    const symbol = fc.constantFrom('a', 'b', 'c', 'ab', 'ba', 'aa', 'abc', 'aab', 'bc', 'cab');
    const last = fc.constantFrom('a</w>', 'b</w>', 'c</w>', 'ab</w>', 'bc</w>', 'aa</w>');
    const pair = fc.tuple(symbol, fc.oneof(symbol, last));
    fc.assert(
      fc.property(
        fc.array(pair, { minLength: 1, maxLength: 40, size: 'max' }),
        fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 80, size: 'max' }),
        (merges, letters) => {
          const base = VOCABULARY.tokens.slice(0, 512);
          const made = merges.flatMap(([left, right]) => [left, right, left + right]);
          const tokens = [...new Set([...base, ...made]), '<start_of_text>', '<end_of_text>'];
          const vocabulary: StringVocabulary = { tokens, merges };
          const ids = new Map(tokens.map((token, id) => [token, id]));
          const encoder = new BytePairEncoder(makeVocabulary({ ids, merges, where: 'test' }).tables);
          const word = letters.join('');
          const expected = encodeWordSlowly(word, vocabulary);
          assert.deepEqual(encoder.encode(Buffer.from(word), true), expected);
          assert.deepEqual(encoder.encode(Buffer.from(word), false), expected);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('ends a word of a million letters', () => {
    const ids = tokenizer.encodeWhole('banana'.repeat(170_000));
    assert.ok(ids.length > 170_000 / 2 && ids.length < 1_020_000, String(ids.length));
    assert.equal(tokenizer.encode(['ab'.repeat(500_000)]).lengths[0], 77);
  });

  it('keeps few words in memory, and forgets none that it is asked again', () => {
    const own = makeTokenizer();
    const expected = own.encodeWhole('theatre of dogs');
    for (let i = 0; i < 60_000; i++) own.encodeWhole(`x${i.toString(36).replaceAll(/\d/g, 'q')}y`);
    assert.deepEqual(own.encodeWhole('theatre of dogs'), expected);
  });
});

describe('a row of ids', () => {
  const tokenizer = makeTokenizer({ contextLength: 8 });
  const { startId, endId } = tokenizer;
  const rowOf = (text: string): number[] => [...tokenizer.encode([text]).ids];

  it('begins with the start token and ends with the end token, padded', () => {
    const [one] = encodeWordSlowly('a', VOCABULARY);
    assert.deepEqual(rowOf('a'), [startId, one, endId, 0, 0, 0, 0, 0]);
    assert.deepEqual(rowOf(''), [startId, endId, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(rowOf(' \t\n'), rowOf(''));
  });

  it('is truncated so that the end token stays', () => {
    const [one] = encodeWordSlowly('a', VOCABULARY);
    for (let count = 0; count < 12; count++) {
      const { ids, lengths } = tokenizer.encode([Array(count).fill('a').join(' ')]);
      const kept = Math.min(6, count);
      assert.equal(lengths[0], kept + 2);
      assert.deepEqual(
        [...ids.subarray(0, kept + 2)],
        [startId, ...Array<number>(kept).fill(one ?? -1), endId],
      );
    }
  });

  it('is cut inside of a word that has several tokens', () => {
    const whole = tokenizer.encodeWhole('qwzx qwzx qwzx');
    assert.ok(whole.length > 6);
    assert.deepEqual(rowOf('qwzx qwzx qwzx'), [startId, ...whole.slice(0, 6), endId]);
  });

  it('does not depend on its neighbours', () => {
    const texts = ['a dog', '', 'the theatre there', 'x'.repeat(50)];
    const together = tokenizer.encode(texts);
    assert.equal(together.count, 4);
    for (const [i, text] of texts.entries()) {
      assert.deepEqual([...together.ids.subarray(i * 8, i * 8 + 8)], rowOf(text));
    }
    assert.deepEqual(tokenizer.encode([]), {
      ids: new Int32Array(0),
      lengths: new Int32Array(0),
      count: 0,
      contextLength: 8,
    });
  });

  it('is padded with another id when asked', () => {
    assert.deepEqual(
      [...makeTokenizer({ contextLength: 4, padId: 9 } as TokenizerOptions).encode(['']).ids],
      [startId, endId, 9, 9],
    );
  });
});

describe('special tokens in a text', () => {
  const safe = makeTokenizer();
  const original = makeTokenizer({ specialTokens: 'token' });
  const text = 'a <end_of_text> dog <START_OF_TEXT>';

  it('are words by default', () => {
    const ids = safe.encodeWhole(text);
    assert.ok(!ids.includes(safe.endId) && !ids.includes(safe.startId));
    assert.equal(safe.encode([text]).ids.indexOf(safe.endId), ids.length + 1);
  });

  it('are themselves in the way of the original, which lower-cases first', () => {
    const [a] = original.encodeWhole('a');
    const dog = original.encodeWhole('dog');
    assert.deepEqual(original.encodeWhole(text), [a, original.endId, ...dog, original.startId]);
    // A long s is an s for the original's pattern, but no special token.
    assert.deepEqual(
      original.encodeWhole('<ſtart_of_text>'),
      encodeWordSlowly('<ſtart_of_text>', VOCABULARY),
    );
  });

  it('are not made by references either, but in the way of the original', () => {
    const hidden = '&lt;end_of_text&gt; &amp;lt;end_of_text&amp;gt;';
    assert.ok(!safe.encodeWhole(hidden).includes(safe.endId));
    assert.deepEqual(original.encodeWhole(hidden), [original.endId, original.endId]);
  });
});

describe('letters', () => {
  const tokenizer = makeTokenizer();
  const same = (a: string, b: string): void => {
    assert.deepEqual(tokenizer.encodeWhole(a), tokenizer.encodeWhole(b));
  };

  it('are lower-cased as Python does: final sigma, dotted I, no locale', () => {
    same('ΟΔΥΣΣΕΥΣ ΣΑΣ', 'οδυσσευς σας');
    same('ΣΑΣ.', 'σας.');
    same('İI', 'i̇i');
    same('GRÖSSE ẞ', 'grösse ß');
  });

  it('are composed only when asked', () => {
    const decomposed = 'cafe\u0301';
    assert.notDeepEqual(tokenizer.encodeWhole(decomposed), tokenizer.encodeWhole('café'));
    assert.deepEqual(
      makeTokenizer({ unicodeForm: 'NFC' }).encodeWhole(decomposed),
      tokenizer.encodeWhole('café'),
    );
  });

  it("count as in the original's pattern: U+0345 is dropped, the long s ends a contraction", () => {
    same('a\u0345b', 'a b');
    same("it'ſ", "it 'ſ");
  });

  it('that are half a pair of surrogates count as U+FFFD', () => {
    same('a\ud800b', 'a\ufffdb');
  });
});
