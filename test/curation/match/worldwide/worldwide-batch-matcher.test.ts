/** Rows matched by the worldwide kernel, with its limits: the same answers as by its twin, whatever it leaves to it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Compat } from '../../../../src/curation/compat.ts';
import { COMPAT_MODES } from '../../../../src/curation/compat.ts';
import { buildWorldwideAutomaton } from '../../../../src/curation/match/worldwide/worldwide-automaton.ts';
import {
  shareWorldwideAutomaton,
  WorldwideBatchMatcher,
} from '../../../../src/curation/match/worldwide/worldwide-batch-matcher.ts';
import { WorldwideMatcher } from '../../../../src/curation/match/worldwide/worldwide-matcher.ts';
import { createEntryList } from '../../../../src/metadata/entry-list.ts';
import { createRandom } from '../../../../scripts/fixtures/seeded-random.ts';
import { oracleMatchWorldwide } from '../../../helpers/oracle.ts';

/** Ids of all rows by the kernel, after they were proved equal to those by its twin. */
function matchRows(
  entries: readonly string[],
  rows: readonly Uint8Array[],
  compat: Compat = 'metaclip',
): number[][] {
  const automaton = buildWorldwideAutomaton(createEntryList(entries, 'test'), compat);
  const twin = new WorldwideMatcher(automaton);
  const kernel = new WorldwideBatchMatcher(shareWorldwideAutomaton(automaton));
  const textOffsets = new Int32Array(rows.length + 1);
  for (const [row, bytes] of rows.entries()) textOffsets[row + 1] = (textOffsets[row] ?? 0) + bytes.length;
  const column = { rowCount: rows.length, textOffsets, textBytes: Buffer.concat(rows) };
  return rows.map((bytes, row) => {
    const count = kernel.matchRow(column, row);
    const ids = Array.from(kernel.ids.subarray(kernel.idStart, kernel.idStart + count));
    const twinCount = twin.matchBytes(bytes, 0, bytes.length);
    assert.deepEqual(ids, Array.from(twin.ids.subarray(0, twinCount)), `row ${row}`);
    return ids;
  });
}

const matchTexts = (entries: readonly string[], texts: readonly string[], compat?: Compat): number[][] =>
  matchRows(
    entries,
    texts.map((text) => Buffer.from(text)),
    compat,
  );

describe('WorldwideBatchMatcher', () => {
  for (const compat of COMPAT_MODES) {
    it(`large lists of words and characters, ${compat}`, () => {
      const random = createRandom(`worldwide ${compat}`);
      const draw = (first: number, count: number): string => String.fromCodePoint(first + random.zipf(count));
      const makeWord = (): string => {
        const kind = random.next();
        const length = 1 + random.below(5);
        if (kind < 0.4) return Array.from({ length }, () => draw(0x4e00, 400)).join('');
        if (kind < 0.7) return Array.from({ length }, () => draw(0x0e01, 46)).join('');
        if (kind < 0.8) return Array.from({ length }, () => draw(0xac00, 50)).join('');
        if (kind < 0.9) return Array.from({ length }, () => draw(0x61, 26)).join('');
        return draw(0x4e00, 400) + draw(0x61, 26) + draw(0x20000, 100) + draw(0x21, 15);
      };
      const words = Array.from({ length: 9000 }, makeWord);
      const entries = [...new Set(words.slice(0, 6000))];
      const texts = Array.from({ length: 1500 }, () =>
        Array.from({ length: random.below(50) }, () => words[random.zipf(words.length)] ?? '').join(
          random.pick(['', '', ' ', ', ']),
        ),
      );
      const rows = matchTexts(entries, texts, compat);
      for (let row = 0; row < texts.length; row += 500) {
        assert.deepEqual(rows[row], oracleMatchWorldwide(texts[row] ?? '', entries, compat));
      }
    });
  }

  it('any bytes, at the end of a row and before another', () => {
    const likely = [
      0, 0x20, 0x2e, 0x61, 0x80, 0xa4, 0xb8, 0xbf, 0xc1, 0xc3, 0xe0, 0xe4, 0xed, 0xf0, 0xf4, 0xf7, 0xff,
    ];
    const row = fc.oneof(
      fc.array(fc.constantFrom(...likely), { maxLength: 12 }).map((bytes) => Uint8Array.from(bytes)),
      fc.uint8Array({ maxLength: 12 }),
    );
    const entries = ['a', '.', '丸', 'é', 'ก', '\u{24e38}', '中中', 'á', 'A', '\u0011', '一a'];
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
        matchRows(entries, rows);
      }),
      { numRuns: 1500 },
    );
  });

  it('a longer form of UTF-8 than needed is damage', () => {
    const rows = [[0xe4, 0xb8, 0xb8], [0xf0, 0x84, 0xb8, 0xb8], [0xc0, 0xa1], [0xe0, 0x80, 0xa1], [0x21]].map(
      (bytes) => Uint8Array.from(bytes),
    );
    assert.deepEqual(matchRows(['丸', '!'], rows), [[0], [], [], [], [1]]);
  });

  it('entries inside one another, more than a node lists', () => {
    const entries = Array.from({ length: 60 }, (_, length) => 'ก'.repeat(length + 1));
    const texts = Array.from({ length: 100 }, (_, length) => 'ก'.repeat(length));
    for (const [length, ids] of matchTexts(entries, texts).entries()) {
      assert.deepEqual(ids, [...entries.keys()].slice(0, length));
    }
  });

  it('entries that differ in blanks only, more than a node lists', () => {
    for (const count of [2, 13, 14, 15, 16, 40]) {
      const entries = Array.from({ length: count }, (_, spaces) => `${' '.repeat(spaces)}猫`);
      assert.deepEqual(matchTexts(['犬猫', ...entries], ['犬猫', '猫', '犬'], 'mended'), [
        Array.from({ length: count + 1 }, (_, id) => id),
        Array.from({ length: count }, (_, id) => id + 1),
        [],
      ]);
    }
  });

  it('every substring of a text, more ids than a run and a row have room for', () => {
    const text = Array.from({ length: 90 }, (_, at) => String.fromCodePoint(0x4e00 + at)).join('');
    const entries = new Set<string>();
    for (let start = 0; start < text.length; start++) {
      for (let end = start + 1; end <= text.length; end++) entries.add(text.slice(start, end));
    }
    const rows = matchTexts(
      [...entries],
      [...Array.from({ length: 40 }, () => text), text.repeat(8), '丁', text],
    );
    for (const row of [0, 20, 39, 40, 42]) assert.equal(rows[row]?.length, entries.size);
    assert.equal(rows[41]?.length, 1);
  });

  it('a text longer than the memory, and more rows than a run has', () => {
    const rows = matchTexts(
      ['猫', 'b'],
      ['猫', `${'犬'.repeat(6000)}猫 b`, 'b', ...Array.from({ length: 4100 }, () => '')],
    );
    assert.deepEqual(rows.slice(0, 4), [[0], [0, 1], [1], []]);
  });

  it('lists of words alone, of characters alone, and of neither', () => {
    assert.deepEqual(matchTexts(['고양이', 'cat'], ['cat 고양이는', '고양이 cat']), [[1], [0, 1]]);
    assert.deepEqual(matchTexts(['猫', '犬'], ['cat 猫', '']), [[0], []]);
    assert.deepEqual(matchTexts([' ', '\t'], ['a  b', ''], 'mended'), [[], []]);
  });
});
