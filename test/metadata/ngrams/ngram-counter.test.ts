/** Words and pairs of text, against the rule written down the slow way. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MAX_WORD_LENGTH, NgramCounter } from '../../../src/metadata/ngrams/ngram-counter.ts';
import { forEachCount, type SortedCounts } from '../../../src/metadata/ngrams/sorted-counts.ts';
import {
  defaultSplitter,
  isWrittenWithoutSpaces,
  type WordSplitter,
} from '../../../src/metadata/words/word-splitter.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const breathe = (): Promise<void> => Promise.resolve();

async function toObject(counts: SortedCounts): Promise<Record<string, number>> {
  const found: [string, number][] = [];
  await forEachCount(counts, breathe, (record) =>
    found.push([record.key().replace('\t', ' '), record.count]),
  );
  return Object.fromEntries(found);
}

/** Counts texts with 16 keys of memory. */
async function count(
  folder: string,
  texts: readonly string[],
  splitter?: WordSplitter,
): Promise<{ words: Record<string, number>; pairs: Record<string, number>; longWords: number }> {
  const counter = new NgramCounter({ folder, memoryBytes: 0, bigrams: true, splitter });
  for (const text of texts) counter.addText(text);
  const { unigrams, bigrams, longWords } = await counter.finish(breathe);
  return { words: await toObject(unigrams), pairs: await toObject(bigrams), longWords };
}

const SINGLE =
  /[\u2e80-\u2fdf\u2ff0-\u2fff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\u{20000}-\u{2a6df}\u{2a700}-\u{2ebef}]/u;
const PUNCTUATION = /[!-/:-@[-`{-~，。、；：？¿！“”‘’（）【】《》〈〉「」『』～—]/u;

/** The published rule, a character at a time. */
function oracle(texts: readonly string[]): { words: Record<string, number>; pairs: Record<string, number> } {
  const words = new Map<string, number>();
  const pairs = new Map<string, number>();
  for (const text of texts) {
    const tokens: string[] = [''];
    for (const character of text) {
      if (PUNCTUATION.test(character) || SINGLE.test(character)) tokens.push(character, '');
      else if (/[\s\p{Cc}\p{Surrogate}]/u.test(character)) tokens.push('');
      else tokens.push((tokens.pop() ?? '') + character);
    }
    let previous: string | undefined;
    for (const token of tokens.filter((token) => token !== '')) {
      if (PUNCTUATION.test(token)) previous = undefined;
      else {
        words.set(token, (words.get(token) ?? 0) + 1);
        const pair = `${previous ?? ''} ${token}`;
        if (previous !== undefined) pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
        previous = token;
      }
    }
  }
  return { words: Object.fromEntries(words), pairs: Object.fromEntries(pairs) };
}

describe('counting words split at spaces', () => {
  const rows: [
    name: string,
    texts: string[],
    words: Record<string, number>,
    pairs: Record<string, number>,
  ][] = [
    ['case is kept', ['The the The'], { The: 2, the: 1 }, { 'The the': 1, 'the The': 1 }],
    ['no pair over punctuation', ['red, fox. red fox'], { red: 2, fox: 2 }, { 'red fox': 1 }],
    ['no pair from one text into the next', ['red', 'fox'], { red: 1, fox: 1 }, {}],
    ['a line end is a space', ['red\nfox\r\n\tred'], { red: 2, fox: 1 }, { 'red fox': 1, 'fox red': 1 }],
    [
      'apostrophes and hyphens are punctuation',
      ["don't X-ray"],
      { don: 1, t: 1, X: 1, ray: 1 },
      { 't X': 1 },
    ],
    ['characters of scripts without spaces', ['漢字 x'], { 漢: 1, 字: 1, x: 1 }, { '漢 字': 1, '字 x': 1 }],
    ['astral characters', ['a😀b 𠀀'], { 'a😀b': 1, '𠀀': 1 }, { 'a😀b 𠀀': 1 }],
    ['names of the prototype', ['constructor __proto__'], { constructor: 1, proto: 1 }, {}],
    ['nothing', ['', ' \n', '...'], {}, {}],
  ];
  for (const [name, texts, words, pairs] of rows) {
    it(name, async (test) => {
      const found = await count(makeTempFolder(test), texts);
      assert.deepEqual({ words: found.words, pairs: found.pairs }, { words, pairs });
      assert.deepEqual(oracle(texts), { words, pairs });
    });
  }

  it('equals the oracle on any text', async (test) => {
    const folder = makeTempFolder(test);
    const text = fc
      .array(
        fc.constantFrom(
          'a',
          'b',
          'c',
          ' ',
          ' ',
          ' ',
          '.',
          '\u00a0',
          'é',
          '漢',
          '。',
          '𠀀',
          '😀',
          '\ud800',
          '\0',
          '\u0e01',
          '-',
        ),
        { maxLength: 60 },
      )
      .map((pieces) => pieces.join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 4 }), async (texts) => {
        const { words, pairs } = await count(folder, texts);
        assert.deepEqual({ words, pairs }, oracle(texts));
      }),
      { numRuns: 60 },
    );
  });

  it('leaves out words over the limit, and no pair reaches over them', async (test) => {
    const longest = 'é'.repeat(MAX_WORD_LENGTH);
    const found = await count(makeTempFolder(test), [`a ${longest} b ${longest}x c d ${'y'.repeat(1e6)}`]);
    assert.deepEqual(found.words, { a: 1, [longest]: 1, b: 1, c: 1, d: 1 });
    assert.deepEqual(found.pairs, { [`a ${longest}`]: 1, [`${longest} b`]: 1, 'c d': 1 });
    assert.equal(found.longWords, 2);
  });

  it('keeps pairs whole where its buffer starts anew', async (test) => {
    const words = Array.from({ length: 600 }, (_, i) => `${'é'.repeat(i % 97)}w${i}`);
    const found = await count(makeTempFolder(test), [words.join(' ')]);
    assert.deepEqual(Object.keys(found.pairs).length, 599);
    for (let i = 1; i < words.length; i++) assert.equal(found.pairs[`${words[i - 1]} ${words[i]}`], 1);
  });
});

describe('counting words of a splitter', () => {
  const splitter: WordSplitter = {
    name: 'at bars',
    version: '1',
    split: (text) => text.split(/(?=\|)|(?<=\|)/),
  };

  it('takes its pieces, breaks at punctuation and at odd pieces', async (test) => {
    const byComma: WordSplitter = { name: 'commas', version: '1', split: (text) => text.split(',') };
    const found = await count(makeTempFolder(test), ['红,狐狸 在,(,雪,(a,b'], byComma);
    assert.deepEqual(found.words, { 红: 1, 狐狸: 1, 在: 1, 雪: 1, b: 1 });
    assert.deepEqual(found.pairs, { '红 狐狸': 1, '狐狸 在': 1 });
    const bars = await count(makeTempFolder(test), ['一|二'], splitter);
    assert.deepEqual(bars.pairs, {});
  });

  it('is by default that of ICU, for languages without spaces only', async (test) => {
    const chinese = defaultSplitter('zh-classical');
    assert.match(chinese?.version ?? '', /^ICU \d/);
    assert.equal(defaultSplitter('en'), undefined);
    assert.ok(isWrittenWithoutSpaces('zh-yue') && !isWrittenWithoutSpaces('ko'));
    const found = await count(makeTempFolder(test), ['我爱北京天安门。我爱北京'], chinese);
    assert.equal(found.words['北京'], 2);
    assert.equal(found.pairs['爱 北京'], 2);
    for (const language of ['th', 'km', 'lo', 'my', 'bo', 'ja']) assert.ok(defaultSplitter(language));
  });
});
