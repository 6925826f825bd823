/** Matching, as rows that run over every configuration. Properties: matcher.property.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPAT_MODES } from '../../../src/curation/compat.ts';
import { createEntryList } from '../../../src/metadata/entry-list.ts';
import { allSearches } from './configurations.ts';

interface Row {
  readonly name: string;
  readonly entries: readonly string[];
  readonly text: string;
  /** Entries expected under `metaclip`. */
  readonly expected: readonly string[];
  /** Entries expected under `mended`, where they differ. */
  readonly mended?: readonly string[];
}

const long = (length: number, last = 'x'): string => 'q'.repeat(length - 1) + last;

const MANY_TOKENS = Array.from({ length: 5000 }, (_, at) => `t${at}`).join(' ');

const ROWS: readonly Row[] = [
  { name: 'one word', entries: ['cat', 'dog'], text: 'a cat sat', expected: ['cat'] },
  { name: 'whole text', entries: ['cat'], text: 'cat', expected: ['cat'] },
  { name: 'no part of a word', entries: ['cat', 'at'], text: 'cats concat catatonic', expected: [] },
  { name: 'empty text', entries: ['cat', 'a b'], text: '', expected: [] },
  { name: 'case counts', entries: ['cat', 'Cat'], text: 'Cat CAT', expected: ['Cat'] },
  { name: 'each entry once', entries: ['cat'], text: 'cat cat cat', expected: ['cat'] },
  {
    name: 'ascending by id, not by place',
    entries: ['z', 'b c', 'a', 'c'],
    text: 'a b c z',
    expected: ['z', 'b c', 'a', 'c'],
  },
  {
    name: 'entries that share the separating space',
    entries: ['a b', 'b c'],
    text: 'a b c',
    expected: ['a b', 'b c'],
  },
  {
    name: 'entries inside and beside one another',
    entries: ['a b c', 'b', 'b c d', 'a b'],
    text: 'a b c d',
    expected: ['a b c', 'b', 'b c d', 'a b'],
  },
  { name: 'a prefix that leads nowhere', entries: ['a b c', 'b d'], text: 'a b d', expected: ['b d'] },
  { name: 'the text ends inside an entry', entries: ['a b c', 'b'], text: 'a b', expected: ['b'] },
  { name: 'an entry that overlaps itself', entries: ['a a', 'a a a'], text: 'a a', expected: ['a a'] },
  {
    name: 'punctuation makes tokens',
    entries: ['cat', ',', '.'],
    text: 'cat, dog.',
    expected: ['cat', ',', '.'],
  },
  { name: 'all spaced punctuation', entries: ['x'], text: ',x.', expected: ['x'] },
  {
    name: 'each of the seven',
    entries: [',', '.', ';', ':', '?', '!', '`', "'", '"', '-', '(', '/'],
    text: 'a,b.c;d:e?f!g`h\'i"j-k(l/m',
    expected: [',', '.', ';', ':', '?', '!', '`'],
  },
  {
    name: 'quotes, hyphens and brackets are ordinary',
    entries: ["it's", 'x-ray', '(b)', 'ray', 'b', '"q"'],
    text: 'it\'s x-ray (b) "q"',
    expected: ["it's", 'x-ray', '(b)', '"q"'],
  },
  {
    name: 'blanks turn into spaces',
    entries: ['a b', 'c d', 'e f', 'g', 'h'],
    text: 'a\tb\nc\rd e f\r\ng h',
    expected: ['a b', 'c d', 'e f', 'g', 'h'],
  },
  { name: 'CR LF makes a double space', entries: ['a b', 'a  b'], text: 'a\r\nb', expected: ['a  b'] },
  {
    name: 'punctuation makes a double space',
    entries: ['a , b', 'a ,  b', ',  b'],
    text: 'a, b',
    expected: ['a ,  b', ',  b'],
    mended: [],
  },
  { name: 'a double space is not collapsed', entries: ['a b', 'a  b'], text: 'a  b', expected: ['a  b'] },
  {
    name: 'three spaces',
    entries: ['a  b', 'a   b', ' b', '  b'],
    text: 'a   b',
    expected: ['a   b', ' b', '  b'],
    mended: ['a   b', ' b', '  b'],
  },
  {
    name: 'an entry with a space in front asks for an empty token',
    entries: [' a', 'a '],
    text: 'a  a',
    expected: [' a', 'a '],
  },
  {
    name: 'no empty token, no such entry',
    entries: [' a', 'a '],
    text: 'a',
    expected: [],
    mended: [' a', 'a '],
  },
  {
    name: 'a space alone asks for two empty tokens',
    entries: [' '],
    text: 'a   b',
    expected: [' '],
    mended: [],
  },
  { name: 'and is not in two spaces', entries: [' '], text: 'a  b', expected: [] },
  { name: 'empty text is one empty token', entries: [' ', 'a'], text: '', expected: [] },
  { name: 'a text of one space is two', entries: [' ', 'a'], text: ' ', expected: [' '], mended: [] },
  {
    name: 'punctuation alone',
    entries: ['.', ' .', '. ', ' . '],
    text: '.',
    expected: ['.', ' .', '. ', ' . '],
  },
  {
    name: 'adjacent punctuation has an empty token between',
    entries: ['. .', '.  .'],
    text: '..',
    expected: ['.  .'],
    mended: [],
  },
  {
    name: 'entries are not spaced, so punctuated ones never match',
    entries: ['St. Louis', 'U.S.', '3.5', 'St', 'Louis', 'U', 'S'],
    text: 'St. Louis, U.S., 3.5',
    expected: ['St', 'Louis', 'U', 'S'],
    mended: ['St. Louis', 'U.S.', '3.5', 'St', 'Louis', 'U', 'S'],
  },
  {
    name: 'mended entries that ask for the same tokens all match',
    entries: ['.22', ' .22', '.22 ', '22', 'a\tb', 'a b'],
    text: 'the .22 and a b',
    expected: ['22', 'a b'],
    mended: ['.22', ' .22', '.22 ', '22', 'a\tb', 'a b'],
  },
  { name: 'blank entries match nothing', entries: ['\t', '\r\n', '\n'], text: 'a\t\t\t\tb', expected: [] },
  {
    name: 'names of prototype properties',
    entries: ['__proto__', 'constructor', 'toString', 'hasOwnProperty'],
    text: 'the constructor of __proto__ valueOf',
    expected: ['__proto__', 'constructor'],
  },
  {
    name: 'two-word names of prototype properties',
    entries: ['__proto__ constructor'],
    text: 'a __proto__ constructor',
    expected: ['__proto__ constructor'],
  },
  {
    name: 'astral characters',
    entries: ['😀', '𝒳 y', '👩‍👩‍👧'],
    text: '😀 𝒳 y 👩‍👩‍👧 😀😀',
    expected: ['😀', '𝒳 y', '👩‍👩‍👧'],
  },
  { name: 'half of an astral character is none', entries: ['😀'], text: '😁 \ud83d', expected: [] },
  { name: 'no normalisation', entries: ['café', 'cafe\u0301'], text: 'café', expected: ['café'] },
  {
    name: 'NBSP and other blanks are ordinary',
    entries: ['a b', 'a', 'a\u00a0b', 'c\u2003d'],
    text: 'a\u00a0b c\u2003d e\vf',
    expected: ['a\u00a0b', 'c\u2003d'],
  },
  { name: 'wide punctuation is ordinary', entries: ['猫', '。', '猫。'], text: '猫。', expected: ['猫。'] },
  {
    name: 'a NUL is ordinary and never a match',
    entries: ['a', 'ab', 'abcd', 'abcde', 'abcdefghi', 'abcdefghijklmnopq'],
    text: 'a\0 ab\0 \0a abcd\0 abcde\0\0 abcdefghi\0 abcdefghijklmnopq\0 \0 \0\0\0\0',
    expected: [],
  },
  { name: 'a NUL between tokens', entries: ['a', 'b', 'a b'], text: 'a \0 b', expected: ['a', 'b'] },
  ...[1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 15, 16, 17, 18, 19, 20, 21, 40].map((length) => ({
    name: `tokens of ${length} bytes`,
    entries: [long(length), `${long(length)} ${long(length, 'y')}`, long(length + 1)],
    text: `${long(length, 'z')} ${long(length)} ${long(length, 'y')} ${long(length)}é`,
    expected: [long(length), `${long(length)} ${long(length, 'y')}`],
  })),
  {
    name: 'an entry of 5,000 tokens, more than a window',
    entries: [MANY_TOKENS, 't0', 't4998 t4999 end', `${MANY_TOKENS} x`],
    text: `${'f '.repeat(4000)}${MANY_TOKENS} end`,
    expected: [MANY_TOKENS, 't0', 't4998 t4999 end'],
  },
  {
    name: 'an entry that almost starts at every token',
    entries: [`${'a '.repeat(200)}b`, `${'a '.repeat(400)}b`, 'a b c', 'c'],
    text: `${'a '.repeat(300)}b c`,
    expected: [`${'a '.repeat(200)}b`, 'a b c', 'c'],
  },
  {
    name: 'an entry of 100,000 bytes in one token',
    entries: [long(100_000), long(99_999)],
    text: `a ${long(100_000)}`,
    expected: [long(100_000)],
  },
  {
    name: 'a token longer than any entry',
    entries: ['a b', 'c'],
    text: `a ${long(3_000)} c`,
    expected: ['c'],
  },
  {
    name: 'more matches than are ranked, with repeats',
    entries: Array.from({ length: 300 }, (_, id) => `w${(id * 7) % 300}`),
    text: Array.from({ length: 900 }, (_, at) => `w${(at * 11) % 290}`).join(' '),
    expected: Array.from({ length: 300 }, (_, id) => `w${(id * 7) % 300}`).filter(
      (word) => Number(word.slice(1)) < 290,
    ),
  },
];

for (const compat of COMPAT_MODES) {
  describe(`matching, ${compat}`, () => {
    for (const row of ROWS) {
      it(row.name, async () => {
        const list = createEntryList(row.entries, 'row');
        const expected = compat === 'metaclip' ? row.expected : (row.mended ?? row.expected);
        const ids = row.entries.flatMap((entry, id) => (expected.includes(entry) ? [id] : []));
        assert.equal(ids.length, expected.length, 'the row names entries that it has');
        for (const [name, search] of Object.entries(allSearches(list, compat))) {
          // In company: what stands before and after a text in the buffer must not matter.
          const [first, second, third] = await search([row.text, row.text, 'zzz']);
          assert.deepEqual(first, ids, name);
          assert.deepEqual(second, ids, name);
          assert.deepEqual(third, [], name);
        }
      });
    }
  });
}
