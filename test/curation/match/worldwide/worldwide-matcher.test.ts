/** The worldwide rule against its obvious form: the entry with its spaces is a substring of the spaced text. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { COMPAT_MODES } from '../../../../src/curation/compat.ts';
import { buildWorldwideAutomaton } from '../../../../src/curation/match/worldwide/worldwide-automaton.ts';
import { WorldwideMatcher } from '../../../../src/curation/match/worldwide/worldwide-matcher.ts';
import {
  shareWorldwideAutomaton,
  WorldwideBatchMatcher,
} from '../../../../src/curation/match/worldwide/worldwide-batch-matcher.ts';
import { createEntryList } from '../../../../src/metadata/entry-list.ts';
import { oracleMatchWorldwide } from '../../../helpers/oracle.ts';
import { matchByKernel } from '../configurations.ts';

// Entries, text, expected ids for metaclip and for mended.
const ROWS: readonly {
  name: string;
  entries: string[];
  text: string;
  metaclip: number[];
  mended: number[];
}[] = [
  {
    name: 'Han inside a run',
    entries: ['北京', '京大', '大'],
    text: '我爱北京大学',
    metaclip: [0, 1, 2],
    mended: [0, 1, 2],
  },
  { name: 'Thai inside a run', entries: ['แมว', 'ปลา'], text: 'แมวกินปลา', metaclip: [0, 1], mended: [0, 1] },
  {
    name: 'Lao, Khmer, Burmese, Tibetan',
    entries: ['ແມວ', 'ឆ្មា', 'ကြောင်', 'ཞི་མི'],
    text: 'xແມວyឆ្មាzကြောင်wཞི་མིv',
    metaclip: [0, 1, 2, 3],
    mended: [0, 1, 2, 3],
  },
  { name: 'Latin needs spaces', entries: ['cat', 'at'], text: 'cat cats', metaclip: [0], mended: [0] },
  {
    name: 'Kana and Hangul: published and mended',
    entries: ['ねこ', '고양이'],
    text: 'くろねこが 고양이는',
    metaclip: [],
    mended: [0, 1],
  },
  { name: 'Kana between spaces', entries: ['ねこ'], text: 'くろ ねこ', metaclip: [0], mended: [0] },
  {
    name: 'Han first, Latin last',
    entries: ['卡拉OK'],
    text: '去卡拉OK吧 去卡拉OK',
    metaclip: [0],
    mended: [0],
  },
  { name: 'Latin first, Han last', entries: ['T恤'], text: '白T恤衫', metaclip: [], mended: [] },
  { name: 'Latin first behind a space', entries: ['T恤'], text: '白 T恤衫', metaclip: [0], mended: [0] },
  {
    name: 'Han with a spaced mark inside',
    entries: ['3.5米', '米'],
    text: '3.5米高',
    metaclip: [1],
    mended: [0, 1],
  },
  {
    name: 'ASCII punctuation at an end',
    entries: ['c++', '#tag', '(x'],
    text: 'c++x y#tag f(x g',
    metaclip: [0, 1, 2],
    mended: [0, 1, 2],
  },
  { name: 'full-width marks', entries: ['，你', '你。'], text: '好，你。', metaclip: [0, 1], mended: [0, 1] },
  { name: 'a text of one character', entries: ['猫', '犬'], text: '猫', metaclip: [0], mended: [0] },
  { name: 'beyond the basic plane', entries: ['𠀀𠀁'], text: 'a𠀀𠀁b', metaclip: [0], mended: [0] },
];

describe('WorldwideMatcher', () => {
  for (const { name, entries, text, ...expected } of ROWS) {
    for (const compat of COMPAT_MODES) {
      it(`${name}, ${compat}`, () => {
        const automaton = buildWorldwideAutomaton(createEntryList(entries, 'row'), compat);
        assert.deepEqual(new WorldwideMatcher(automaton).matchText(text), expected[compat]);
        const kernel = new WorldwideBatchMatcher(shareWorldwideAutomaton(automaton));
        assert.deepEqual(matchByKernel(kernel, [text, '', text]), [expected[compat], [], expected[compat]]);
        assert.deepEqual(oracleMatchWorldwide(text, entries, compat), expected[compat]);
      });
    }
  }

  for (const compat of COMPAT_MODES) {
    it(`random lists and texts equal the oracle, ${compat}`, () => {
      const piece = fc.constantFrom(
        '猫',
        '犬',
        '北',
        'ね',
        'こ',
        '고',
        'ก',
        'า',
        'a',
        'b',
        ' ',
        ' ',
        '.',
        ',',
        '!',
        '。',
        '「',
        '-',
        '\n',
        '𠀀',
        '(',
      );
      const word = fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join(''));
      const entries = fc.uniqueArray(
        word.filter((text) => !text.includes('\n')),
        { minLength: 1, maxLength: 25 },
      );
      const texts = fc.array(
        fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join('')),
        { maxLength: 5 },
      );
      fc.assert(
        fc.property(entries, texts, (list, samples) => {
          const automaton = buildWorldwideAutomaton(createEntryList(list, 'property'), compat);
          const matcher = new WorldwideMatcher(automaton);
          const expected = samples.map((text) => oracleMatchWorldwide(text, list, compat));
          assert.deepEqual(
            samples.map((text) => matcher.matchText(text)),
            expected,
          );
          const kernel = new WorldwideBatchMatcher(shareWorldwideAutomaton(automaton));
          assert.deepEqual(matchByKernel(kernel, samples), expected);
        }),
        { numRuns: 2000 },
      );
    });
  }

  it('damaged UTF-8 is in no entry and hides no neighbour', () => {
    const matcher = new WorldwideMatcher(
      buildWorldwideAutomaton(createEntryList(['猫', '犬'], 'list'), 'metaclip'),
    );
    const bytes = Buffer.concat([
      Buffer.from('猫'),
      Buffer.from([0xe7, 0x8c]),
      Buffer.from('犬'),
      Buffer.from([0xff, 0xc0]),
    ]);
    const count = matcher.matchBytes(bytes, 0, bytes.length);
    assert.deepEqual(Array.from(matcher.ids.subarray(0, count)), [0, 1]);
    for (let length = 0; length < bytes.length; length++) matcher.matchBytes(bytes, 0, length);
  });
});
