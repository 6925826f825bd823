/** The ranking by pointwise mutual information, against the original's. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { BestKeys, compareCodePoints, compareScored } from '../../../src/metadata/ngrams/best-keys.ts';
import { KeyCounter } from '../../../src/metadata/ngrams/key-counter.ts';
import { type BigramTally, pmiOf, rankBigrams } from '../../../src/metadata/ngrams/rank-bigrams.ts';
import type { SortedCounts } from '../../../src/metadata/ngrams/sorted-counts.ts';
import { buildBigrams, buildUnigrams } from '../../../src/metadata/wiki-ngrams.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const breathe = (): Promise<void> => Promise.resolve();
const linesOf = (name: string): string[] =>
  gunzipSync(readFileSync(referencePath(`wiki/${name}.txt.gz`)))
    .toString()
    .trimEnd()
    .split('\n');

async function counted(
  folder: string,
  name: string,
  counts: Readonly<Record<string, number>>,
): Promise<SortedCounts> {
  const counter = new KeyCounter({ folder, name, memoryBytes: 0 });
  for (const [key, count] of Object.entries(counts)) counter.addText(key, count);
  return counter.finish(breathe);
}

const UNIGRAMS = { a: 50, b: 10, c: 10, new: 8, york: 4, 'york\u00e9': 1, z: 917 };
const BIGRAMS = {
  'a\tb': 5,
  'a\tc': 5,
  'new\tyork': 4,
  'new\tyork\u00e9': 1,
  'z\ta': 9,
  'x\ta': 3,
  'a\tx': 3,
};

describe('rankBigrams', () => {
  const rank = async (
    folder: string,
    wordsAPass: number,
    options: { minPmi: number; minCount: number; top?: number },
  ): Promise<{ pairs: string[]; tally: BigramTally }> => {
    const best = new BestKeys(options.top, 'pairs');
    const unigrams = await counted(folder, `unigrams-${wordsAPass}`, UNIGRAMS);
    const bigrams = await counted(folder, `bigrams-${wordsAPass}`, BIGRAMS);
    const tally = await rankBigrams(unigrams, bigrams, best, { ...options, wordsAPass }, breathe);
    return { pairs: best.finish().map(({ key }) => key.replace('\t', ' ')), tally };
  };

  for (const wordsAPass of [1, 2, 3, 1000]) {
    it(`ranks by PMI, then by words, with ${wordsAPass} words in memory`, async (test) => {
      const { pairs, tally } = await rank(makeTempFolder(test), wordsAPass, {
        minPmi: -Infinity,
        minCount: 1,
      });
      assert.deepEqual(pairs, ['new york', 'new yorké', 'a b', 'a c', 'z a']);
      assert.deepEqual(tally, { given: 7, wordNotCounted: 2, belowCount: 0, belowPmi: 0 });
    });
  }

  it('leaves out by threshold, count and number, and says so', async (test) => {
    const folder = makeTempFolder(test);
    const strict = await rank(folder, 10, { minPmi: 3, minCount: 2 });
    assert.deepEqual(strict.pairs, ['new york', 'a b', 'a c']);
    assert.deepEqual(strict.tally, { given: 7, wordNotCounted: 2, belowCount: 1, belowPmi: 1 });
    assert.deepEqual((await rank(folder, 11, { minPmi: -Infinity, minCount: 1, top: 3 })).pairs, [
      'new york',
      'new yorké',
      'a b',
    ]);
  });

  it('cannot give more than log2(N) bits', () => {
    assert.equal(pmiOf(1, 1, 1, 2 ** 30), 30);
    assert.ok(pmiOf(2, 2, 2, 2 ** 30) < 30);
  });
});

describe('the order of a ranking', () => {
  it('is by score, then by code point, with or without a limit', () => {
    const keys = ['b', 'a', '\uffff', '😀', 'aa', '漢'].map((key, i) => ({ key, score: i % 2 }));
    assert.deepEqual(
      keys.toSorted(compareScored).map(({ key }) => key),
      ['a', '漢', '😀', 'aa', 'b', '\uffff'],
    );
    for (const limit of [1, 2, 3, 6, 100, undefined]) {
      const best = new BestKeys(limit, 'keys');
      for (let round = 0; round < 40; round++)
        for (const { key, score } of keys) best.add(`${key}${round}`, score + round);
      const all = Array.from({ length: 40 }, (_, round) =>
        keys.map(({ key, score }) => ({ key: `${key}${round}`, score: score + round })),
      ).flat();
      assert.deepEqual(best.finish(), all.toSorted(compareScored).slice(0, limit ?? all.length));
    }
  });

  it('compares as UTF-8 bytes do', () => {
    const texts = ['', 'a', 'ab', 'b', '\u00e9', '\ud7ff', '\ue000', '\uffff', '😀', '😀a', '\u{10ffff}'];
    for (const a of texts) {
      for (const b of texts) {
        assert.equal(
          Math.sign(compareCodePoints(a, b)),
          Buffer.compare(Buffer.from(a), Buffer.from(b)),
          `${a} ${b}`,
        );
      }
    }
  });
});

describe('the reference counts', { skip: skipWithoutReference }, () => {
  for (const [name, memoryBytes] of [
    ['in memory', 256 << 20],
    ['spilled', 1_000_000],
  ] as const) {
    it(`give the original's ranking of bigrams line by line, ${name}`, async (test) => {
      const out = join(makeTempFolder(test), 'bigrams.txt');
      const { counts } = await buildBigrams({
        out,
        unigramCounts: [referencePath('wiki/1gram.txt.gz')],
        bigramCounts: [referencePath('wiki/2gram.txt.gz')],
        top: 20_000,
        memoryBytes,
      });
      const expected = linesOf('bigram_pmi_top20000').map((line) => line.split('\t'));
      assert.equal(
        readFileSync(out, 'utf8'),
        expected.map(([, first, second]) => `${first} ${second}\n`).join(''),
      );
      assert.ok(Math.abs(Number(counts['lowestPmi']) - Number(expected.at(-1)?.[0])) < 1e-12);
      assert.equal(counts['distinctBigrams'], 242_342);
    });
  }

  it('give the words by count, and those from a threshold on', async (test) => {
    const out = join(makeTempFolder(test), 'unigrams.txt');
    const words = linesOf('1gram').map((line) => {
      const [count = '', key = ''] = line.split('\t');
      return { key, score: Number(count) };
    });
    const options = { out, unigramCounts: [referencePath('wiki/1gram.txt.gz')] };
    const threshold = 1_000_000;
    const sorted = words.toSorted(compareScored);
    const { entryCount } = await buildUnigrams({ ...options, minCount: threshold });
    assert.equal(entryCount, words.filter(({ score }) => score >= threshold).length);
    assert.equal(
      readFileSync(out, 'utf8'),
      sorted
        .slice(0, entryCount)
        .map(({ key }) => `${key}\n`)
        .join(''),
    );
    await buildUnigrams({ ...options, top: 100 });
    assert.equal(
      readFileSync(out, 'utf8'),
      sorted
        .slice(0, 100)
        .map(({ key }) => `${key}\n`)
        .join(''),
    );
  });
});
