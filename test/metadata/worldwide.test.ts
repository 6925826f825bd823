/** The list of one language: caps, joining, titles, what is dropped. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { buildWorldwide } from '../../src/metadata/worldwide.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const NUMBERS = Array.from({ length: 100 }, (_, number) => String(number));

function linesOf(path: string): string[] {
  return readFileSync(path, 'utf8').split('\n').slice(0, -1);
}

describe('buildWorldwide', () => {
  it('caps each source by what there is, counting only what is new', async (test) => {
    const folder = makeTempFolder(test);
    // 60 words: the cap is 6 new words, then 2 pairs.
    const words = Array.from({ length: 59 }, (_, i) => `${100 - i}\tw${String(i).padStart(2, '0')}`);
    writeFileSync(join(folder, 'words.tsv'), `500\t7\n${words.join('\n')}\n`);
    writeFileSync(join(folder, 'pairs.tsv'), '50\tw00\tw01\n20\tw02\tw03\n90\tw04\tw05\n1\tw06\tw07\n');
    writeFileSync(join(folder, 'names.txt'), 'w00\nren+ard\n!\n');
    // 10 titles: the cap is 7 new ones.
    const titles = Array.from({ length: 9 }, (_, i) => `fr T_${i} ${90 - i} 0\n`).join('');
    writeFileSync(join(folder, 'views'), `${titles}fr.m w01 900 0\nfr.b Autre 900 0\nfr Aide:X 900 0\n`);
    const out = join(folder, 'fr.txt');
    const provenance = await buildWorldwide({
      out,
      language: 'fr',
      unigramCounts: [join(folder, 'words.tsv')],
      bigramCounts: [join(folder, 'pairs.tsv')],
      names: join(folder, 'names.txt'),
      pageviews: [join(folder, 'views')],
    });
    assert.deepEqual(linesOf(out), [
      ...NUMBERS,
      'w00',
      'renard',
      ...['w01', 'w02', 'w03', 'w04', 'w05', 'w06'],
      ...['w04 w05', 'w00 w01'],
      ...['T 0', 'T 1', 'T 2', 'T 3', 'T 4', 'T 5', 'T 6'],
    ]);
    assert.deepEqual(provenance.sources, [
      { name: 'numbers', firstEntry: 0, entryCount: 100 },
      { name: 'wordnet', firstEntry: 100, entryCount: 2 },
      { name: 'unigrams', firstEntry: 102, entryCount: 6 },
      { name: 'bigrams', firstEntry: 108, entryCount: 2 },
      { name: 'titles', firstEntry: 110, entryCount: 7 },
    ]);
    assert.deepEqual(provenance.counts['dropped'], { repeated: 3, punctuation: 1, tooLong: 0 });
    assert.deepEqual(
      provenance.inputs.map(({ name }) => name),
      ['names.txt', 'words.tsv', 'pairs.tsv', 'views'],
    );
  });

  it('joins the words of a pair in languages without spaces, and records the splitter', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'text');
    const sentence = '我爱北京天安门。你喜欢上海的大学吗？';
    const rest = Array.from({ length: 60 }, (_, i) => String.fromCodePoint(0x6c34 + i * 37)).join('。');
    writeFileSync(path, `${`${sentence}\n`.repeat(3)}${rest}\n`);
    const out = join(folder, 'zh.txt');
    const options = { out, language: 'zh', texts: [path], isPlainText: true } as const;
    const provenance = await buildWorldwide(options);
    assert.equal(provenance.options['bigramsJoined'], true);
    assert.match(JSON.stringify(provenance.options['tokenizer']), /Intl\.Segmenter zh.*ICU \d/);
    const pairs = { name: 'one character a word', version: '3', split: (text: string) => text };
    const own = await buildWorldwide({ ...options, splitter: pairs });
    assert.deepEqual(own.options['tokenizer'], { name: 'one character a word', version: '3' });
    const entries = linesOf(out);
    const bigrams = own.sources.find(({ name }) => name === 'bigrams');
    assert.ok(bigrams !== undefined && bigrams.entryCount > 0);
    for (const entry of entries.slice(bigrams.firstEntry)) assert.match(entry, /^\p{Script=Han}{2}$/u);
  });

  it('drops entries over 256 characters and of punctuation only', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'views');
    const lines = ['x'.repeat(257), '😀'.repeat(256), '!?', 'ok', 'b', 'c', 'd'];
    writeFileSync(path, lines.map((title, i) => `xx ${title} ${100 - i} 0\n`).join(''));
    writeFileSync(join(folder, 'words'), '1\ta\n');
    writeFileSync(join(folder, 'pairs'), '1\ta\ta\n');
    const out = join(folder, 'xx.txt');
    const { counts } = await buildWorldwide({
      out,
      language: 'xx',
      unigramCounts: [join(folder, 'words')],
      bigramCounts: [join(folder, 'pairs')],
      pageviews: [path],
    });
    // One word: a tenth of it is none. Seven titles: the cap is five.
    assert.deepEqual(linesOf(out).slice(100), ['😀'.repeat(256), 'ok', 'b', 'c', 'd']);
    assert.deepEqual(counts['dropped'], { repeated: 0, punctuation: 1, tooLong: 1 });
  });
});
