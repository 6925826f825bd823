/** Input made to hurt: huge tokens, endless texts, repeats without end, ranges that are none. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';
import { RANKED_IDS, sortIds, SORT_PADDING } from '../../../src/curation/match/sort-ids.ts';
import { createEntryList } from '../../../src/metadata/entry-list.ts';
import { oracleMatch } from '../../helpers/oracle.ts';

const ENTRIES = ['a', 'a a', 'a a a', 'b', 'a b', '. a', '.', 'xylophone', 'c d e'];
const makeMatcher = (entries: readonly string[] = ENTRIES): Matcher =>
  new Matcher(buildAutomaton(createEntryList(entries, 'hostile'), 'metaclip'));

const MEGABYTE = 1 << 20;

describe('hostile texts', () => {
  for (const [name, text] of Object.entries({
    'one token of 1 MB': 'x'.repeat(MEGABYTE),
    'one token of 1 MB between words': `a ${'xylophone'.repeat(MEGABYTE / 8)} b`,
    'one token of 1 MB of suspicious bytes': `a ${'0-@'.repeat(MEGABYTE / 3)} b`,
    'one token of 1 MB of several bytes a character': `b ${'猫'.repeat(MEGABYTE / 3)} a`,
    '1 MB of spaces': ' '.repeat(MEGABYTE),
    '1 MB of full stops': '.'.repeat(MEGABYTE),
    '1 MB of NULs': '\0'.repeat(MEGABYTE),
    '100,000 tokens': 'a b c d e '.repeat(20_000),
    '100,000 times the same': 'a '.repeat(100_000),
    '100,000 tokens by punctuation': 'a.'.repeat(50_000),
  })) {
    it(name, () => {
      const matcher = makeMatcher();
      const expected = oracleMatch(text, ENTRIES);
      assert.deepEqual(matcher.matchText(text), expected);
      // The matcher is as good as new afterwards.
      assert.deepEqual(matcher.matchText('a xylophone'), [0, 7]);
    });
  }

  it('finds far more repeats than distinct entries without holding them', () => {
    const entries = Array.from({ length: 60 }, (_, length) => 'a '.repeat(length) + 'a');
    const matcher = makeMatcher(entries);
    assert.deepEqual(matcher.matchText('a '.repeat(50_000)), [...entries.keys()]);
    // 3 million finds; the array of ids follows the 60 distinct ones and the window.
    assert.ok(matcher.ids.length < 50_000, `${matcher.ids.length}`);
  });

  it('finds 100,000 distinct entries in one text', () => {
    const entries = Array.from({ length: 100_000 }, (_, id) => `e${id}`);
    const matcher = makeMatcher(entries);
    assert.deepEqual(matcher.matchText(entries.toReversed().join(' ')), [...entries.keys()]);
  });

  it('finds the members of a large group, again and again', () => {
    const entries = Array.from(
      { length: 3000 },
      (_, spaces) => `${' '.repeat(spaces)}a${spaces % 2 === 0 ? '' : ' b'}`,
    );
    const matcher = new Matcher(buildAutomaton(createEntryList(entries, 'group'), 'mended'));
    const even = [...entries.keys()].filter((id) => id % 2 === 0);
    assert.deepEqual(matcher.matchText('a '.repeat(5000)), even);
    assert.deepEqual(matcher.matchText('a b '.repeat(5000)), [...entries.keys()]);
  });

  it('lists full of long common beginnings keep searches short', () => {
    const entries = Array.from(
      { length: 20_000 },
      (_, id) => `${'z'.repeat(14)}${id} ${'y'.repeat(6)}${id % 100}`,
    );
    const matcher = makeMatcher(entries);
    for (const id of [0, 99, 12_345, 19_999])
      assert.deepEqual(matcher.matchText(`x ${entries[id] ?? ''}.`), [id]);
  });
});

describe('ranges', () => {
  const bytes = new TextEncoder().encode('a b');
  for (const [start, end] of [
    [-1, 2],
    [0, 4],
    [2, 1],
    [Number.NaN, 1],
    [0, Number.NaN],
    [0, Infinity],
  ] as const) {
    it(`refuses [${start}, ${end}) of 3 bytes`, () => {
      assert.throws(() => makeMatcher().matchBytes(bytes, start, end), { code: 'E_USAGE' });
    });
  }

  it('takes an empty range anywhere', () => {
    const matcher = makeMatcher(['a', 'b']);
    for (const at of [0, 1, 3]) assert.equal(matcher.matchBytes(bytes, at, at), 0);
  });

  it('takes arrays of shared memory and views with an offset', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(16), 4, 8);
    shared.set(bytes, 2);
    const matcher = makeMatcher();
    assert.equal(matcher.matchBytes(shared, 2, 5), 3);
    assert.deepEqual(Array.from(matcher.ids.subarray(0, 3)), [0, 3, 4]);
  });
});

describe('sortIds', () => {
  it('sorts and leaves out repeats at every size around the change of method', () => {
    let state = 1;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
      return (state >>> 8) % limit;
    };
    for (let count = 0; count <= 3 * RANKED_IDS; count++) {
      for (const limit of [1, 3, 40, 0x7ffffffe]) {
        const ids = Array.from({ length: count }, () => random(limit));
        const found = new Int32Array(count + SORT_PADDING);
        found.set(ids);
        const sorted = new Uint32Array(count + SORT_PADDING);
        const distinct = sortIds(found, count, sorted);
        assert.deepEqual(
          Array.from(sorted.subarray(0, distinct)),
          [...new Set(ids)].sort((a, b) => a - b),
        );
      }
    }
  });
});
