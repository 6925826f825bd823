/** Rows matched by the kernel, with its limits: the same answers as by its twin, whatever it leaves to it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Compat } from '../../../src/curation/compat.ts';
import { COMPAT_MODES } from '../../../src/curation/compat.ts';
import { BatchMatcher } from '../../../src/curation/match/batch-matcher.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';
import { shareAutomaton } from '../../../src/curation/match/matcher-memory.ts';
import { createEntryList } from '../../../src/metadata/entry-list.ts';
import { createRandom } from '../../../scripts/fixtures/seeded-random.ts';
import { oracleMatch } from '../../helpers/oracle.ts';
import { columnOf, matchByKernel } from './configurations.ts';

/** Ids of all texts by the kernel, after they were proved equal to those by its twin. */
function matchBoth(
  entries: readonly string[],
  texts: readonly string[],
  compat: Compat = 'metaclip',
): number[][] {
  const automaton = buildAutomaton(createEntryList(entries, 'test'), compat);
  const twin = new Matcher(automaton);
  const rows = matchByKernel(new BatchMatcher(shareAutomaton(automaton)), texts);
  for (const [row, text] of texts.entries()) assert.deepEqual(rows[row], twin.matchText(text), `row ${row}`);
  return rows;
}

describe('rows of a column', () => {
  it('are each their own, where two matchers of a thread take turns over one memory', () => {
    const shared = shareAutomaton(
      buildAutomaton(createEntryList(['red', 'fox', 'blue'], 'test'), 'metaclip'),
    );
    const matchers = [new BatchMatcher(shared), new BatchMatcher(shared)];
    const columns = [columnOf(['a red fox', 'fox', 'none']), columnOf(['blue', 'a blue fox in red', 'red'])];
    const found = matchers.map((): number[][] => []);
    for (let row = 0; row < 3; row++) {
      for (const [i, matcher] of matchers.entries()) {
        const count = matcher.matchRow(columns[i] ?? assert.fail(), row);
        found[i]?.push([...matcher.ids.subarray(matcher.idStart, matcher.idStart + count)]);
      }
    }
    assert.deepEqual(found, [
      [[0, 1], [1], []],
      [[2], [0, 1, 2], [0]],
    ]);
  });

  for (const compat of COMPAT_MODES) {
    it(`equal the oracle, whatever stands in the rows beside them, ${compat}`, () => {
      const piece = fc.constantFrom(
        'a',
        'b',
        'abcd',
        'abcdefgh',
        'abcdefghi',
        ' ',
        ' ',
        ' ',
        ',',
        '.',
        '\t',
        '\0',
        'é',
      );
      const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
      const entry = fc
        .array(piece, { minLength: 1, maxLength: 6 })
        .map((pieces) => pieces.join(''))
        .filter((entryText) => !entryText.includes('\0'));
      fc.assert(
        fc.property(
          fc.uniqueArray(entry, { minLength: 1, maxLength: 20 }),
          fc.array(text, { minLength: 1, maxLength: 12 }),
          (entries, texts) => {
            const automaton = buildAutomaton(createEntryList(entries, 'property'), compat);
            assert.deepEqual(
              matchByKernel(new BatchMatcher(shareAutomaton(automaton)), texts),
              texts.map((row) => oracleMatch(row, entries, compat)),
            );
          },
        ),
        { numRuns: 500 },
      );
    });

    it(`of a list that fills its buckets, ${compat}`, () => {
      const random = createRandom(`buckets ${compat}`);
      // Tokens of all lengths, many alike in their first eight bytes.
      const makeToken = (): string => {
        const start = random.chance(0.3) ? random.pick(['photogra', 'internat', 'of']) : '';
        return (
          start +
          Array.from({ length: 1 + random.zipf(20) }, () => 'etaoinsh'.charAt(random.below(8))).join('')
        );
      };
      const tokens = Array.from({ length: 6000 }, makeToken);
      const makePhrase = (length: number): string =>
        Array.from({ length }, () =>
          random.chance(0.9) ? (tokens[random.zipf(tokens.length)] ?? '') : makeToken(),
        ).join(random.chance(0.1) ? '  ' : ' ');
      const entries = new Set(tokens.slice(0, 4000));
      while (entries.size < 12_000) entries.add(makePhrase(2 + random.zipf(4)));
      const texts = Array.from({ length: 3000 }, () => makePhrase(random.below(60)).replaceAll('ee', ', '));
      const rows = matchBoth([...entries], texts, compat);
      for (let row = 0; row < texts.length; row += 600) {
        assert.deepEqual(rows[row], oracleMatch(texts[row] ?? '', [...entries], compat));
      }
    });
  }
});

describe('what does not fit is left to the twin', () => {
  const WORDS = Array.from({ length: 400 }, (_, id) => `w${id}`);

  it('texts of every number of ids around the limits', () => {
    const texts = Array.from({ length: 400 }, (_, count) => WORDS.slice(0, count).toReversed().join(' '));
    for (const [count, ids] of matchBoth(WORDS, texts).entries()) assert.equal(ids.length, count);
  });

  it('texts of every number of ids, each id three times', () => {
    const texts = Array.from({ length: 300 }, (_, count) => {
      const some = WORDS.slice(0, count);
      return [...some, ...some.toReversed(), ...some].join(',');
    });
    for (const [count, ids] of matchBoth(WORDS, texts).entries()) assert.equal(ids.length, count);
  });

  it('a text longer than the memory, between others', () => {
    for (const length of [16_370, 16_384, 16_385, 40_000]) {
      const rows = matchBoth(
        ['a', 'b b'],
        ['b b a', 'a '.repeat(length / 2) + 'b'.repeat(length % 2), 'b b', ''],
      );
      assert.deepEqual(rows, [[0, 1], [0], [1], []]);
    }
  });

  it('texts of nothing but tokens', () => {
    const rows = matchBoth(
      ['.', 'a'],
      ['.'.repeat(16_384), 'a', '.'.repeat(9000), '.'.repeat(9000), 'a.'.repeat(8000)],
    );
    assert.deepEqual(rows, [[0], [1], [0], [0], [0, 1]]);
  });

  it('more rows than a run has', () => {
    const texts = Array.from({ length: 5000 }, (_, row) => (row % 7 === 0 ? 'a' : ''));
    for (const [row, ids] of matchBoth(['a'], texts).entries())
      assert.deepEqual(ids, row % 7 === 0 ? [0] : []);
  });

  it('more entries of many tokens than a run notes', () => {
    const entries = Array.from({ length: 60 }, (_, length) => 'a '.repeat(length) + 'a');
    const texts = Array.from({ length: 40 }, (_, row) => 'a '.repeat(3 * row));
    for (const [row, ids] of matchBoth(entries, [...texts, 'a a a', ...texts]).entries()) {
      if (row > 0 && row < 20) assert.equal(ids.length, 3 * row);
    }
  });

  it('large groups', () => {
    const entries = Array.from(
      { length: 300 },
      (_, spaces) => `${' '.repeat(spaces)}a${spaces % 3 === 0 ? ' b' : ''}`,
    );
    matchBoth(entries, ['a', 'a b', 'b', 'a a b', '', 'a b a'], 'mended');
    matchBoth(entries.slice(0, 40), ['a', 'a b', 'b', 'a a b', '', 'a b a'], 'mended');
  });

  it('a NUL', () => {
    const rows = matchBoth(['a', 'abc'], ['a', 'abc\0', 'a \0 abc', '\0', 'abc', 'a'.repeat(70), 'x abc']);
    assert.deepEqual(rows, [[0], [], [0, 1], [], [1], [], [1]]);
  });
});

describe('rows asked for in another order', () => {
  it('are found all the same', () => {
    const texts = Array.from({ length: 50 }, (_, row) => `w${row} x`);
    const list = createEntryList([...Array.from({ length: 50 }, (_, id) => `w${id}`), 'x'], 'order');
    const matcher = new BatchMatcher(shareAutomaton(buildAutomaton(list, 'metaclip')));
    const parts = texts.map((text) => Buffer.from(text));
    const textOffsets = new Int32Array(51);
    for (const [row, part] of parts.entries()) textOffsets[row + 1] = (textOffsets[row] ?? 0) + part.length;
    const column = { rowCount: 50, textOffsets, textBytes: Buffer.concat(parts) };
    for (const row of [3, 4, 9, 0, 49, 49, 12, 13]) {
      const count = matcher.matchRow(column, row);
      assert.deepEqual(Array.from(matcher.ids.subarray(matcher.idStart, matcher.idStart + count)), [row, 50]);
    }
  });
});
