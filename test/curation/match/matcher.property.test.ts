/** Random lists and texts over tiny alphabets, rich in spaces and punctuation, against the oracle. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Compat } from '../../../src/curation/compat.ts';
import { COMPAT_MODES } from '../../../src/curation/compat.ts';
import { buildAutomaton } from '../../../src/curation/match/build-automaton.ts';
import { Matcher } from '../../../src/curation/match/matcher.ts';
import { tokenizeEntry } from '../../../src/curation/match/spacing.ts';
import { createEntryList } from '../../../src/metadata/entry-list.ts';
import { oracleMatch } from '../../helpers/oracle.ts';
import { fastSearches } from './configurations.ts';

/** Strings of a few pieces: few pieces make matches likely, the pieces make every class of byte and length meet. */
const piecesOf = (pieces: readonly string[], maxPieces: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...pieces), { maxLength: maxPieces }).map((parts) => parts.join(''));

const ALPHABETS = {
  'letters and spaces': ['a', 'b', ' '],
  'spaces and punctuation': ['a', ' ', '.', ',', '`'],
  'all blanks': ['a', 'b', ' ', '\t', '\n', '\r', '!'],
  'lengths around words of four bytes': ['abcd', 'abc', 'x', ' ', ' ', '-', '0', '?'],
  'long tokens': ['abcdefgh', 'ijklmnop', 'q', '7', ' ', ' ', ':'],
  'several bytes a character': ['é', '猫', '😀', '\u00a0', ' ', '@', '@`', ';', 'a'],
} as const;

const NUL_FREE = { minLength: 1, maxLength: 12 } as const;

for (const compat of COMPAT_MODES) {
  describe(`matching equals the oracle, ${compat}`, () => {
    for (const [name, pieces] of Object.entries(ALPHABETS)) {
      it(name, () => {
        const entry = piecesOf(pieces, 6).filter((text) => text !== '');
        fc.assert(
          fc.property(
            fc.uniqueArray(entry, NUL_FREE),
            fc.array(piecesOf([...pieces, '\0'], 25), { minLength: 1, maxLength: 6 }),
            (entries, texts) => {
              const searches = fastSearches(createEntryList(entries, 'property'), compat);
              for (const text of texts) {
                const expected = oracleMatch(text, entries, compat);
                for (const [search, match] of Object.entries(searches)) {
                  assert.deepEqual(match(text), expected, search);
                }
              }
            },
          ),
          { numRuns: 150 },
        );
      });
    }

    it('every text bytes, valid UTF-8 or not', () => {
      const byte = fc.constantFrom(0x61, 0x62, 0x20, 0x2e, 0x00, 0x60, 0x80, 0xc3, 0xa9, 0xff, 0xe2, 0xf0);
      // The oracle sees bytes as Latin-1 characters: the rule looks at ASCII only, so it is the same on both.
      const toLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
      fc.assert(
        fc.property(
          fc.uniqueArray(
            piecesOf(['a', 'b', ' ', '.', 'é', '`'], 5).filter((text) => text !== ''),
            NUL_FREE,
          ),
          fc.uint8Array({ maxLength: 40 }),
          fc.array(byte, { maxLength: 40 }),
          fc.nat(8),
          (entries, anyBytes, likelyBytes, offset) => {
            const matcher = new Matcher(buildAutomaton(createEntryList(entries, 'property'), compat));
            for (const bytes of [anyBytes, Uint8Array.from(likelyBytes)]) {
              const expected = oracleMatch(
                Buffer.from(bytes).toString('latin1'),
                entries.map(toLatin1),
                compat,
              );
              // At any offset, at the end of its array or with likely continuations behind it.
              for (const padding of [0, 1, 3, 5]) {
                const array = new Uint8Array(offset + bytes.length + padding).fill(0x61);
                array.set(bytes, offset);
                const count = matcher.matchBytes(array, offset, offset + bytes.length);
                assert.deepEqual(Array.from(matcher.ids.subarray(0, count)), expected);
              }
            }
          },
        ),
        { numRuns: 300 },
      );
    });

    it('one matcher, many texts: nothing is left of the text before', () => {
      fc.assert(
        fc.property(
          fc.array(piecesOf(['a', 'b', 'c', ' ', ' ', '.'], 60), { minLength: 2, maxLength: 20 }),
          (texts) => {
            const entries = ['a', 'b', 'a b', 'b a', 'a b c', 'b .', 'ab', ' c'];
            const matcher = new Matcher(buildAutomaton(createEntryList(entries, 'property'), compat));
            for (const text of texts)
              assert.deepEqual(matcher.matchText(text), oracleMatch(text, entries, compat));
          },
        ),
        { numRuns: 100 },
      );
    });

    it('a text over several windows, entries over the seams', () => {
      fc.assert(
        fc.property(
          fc.integer({ min: 4070, max: 4130 }),
          fc.integer({ min: 1, max: 40 }),
          (before, depth) => {
            const needle = Array.from({ length: depth }, (_, at) => `n${at}`);
            const entries = [needle.join(' '), 'n0', 'f n0', `n${depth - 1} f`];
            const distinct = [...new Set(entries)];
            const text = `${'f '.repeat(before)}${needle.join(' ')}${' f'.repeat(5000)}`;
            const automaton = buildAutomaton(createEntryList(distinct, 'property'), compat);
            assert.deepEqual(new Matcher(automaton).matchText(text), oracleMatch(text, distinct, compat));
          },
        ),
        { numRuns: 60 },
      );
    });
  });
}

describe('the rule', () => {
  const rowsOf = (compat: Compat): void => {
    it(`a mended or plain entry is found in itself unless it has no token, ${compat}`, () => {
      fc.assert(
        fc.property(
          piecesOf(['a', ' ', '.', '\t', 'é'], 8).filter((entry) => entry !== ''),
          (entry) => {
            const isFound = oracleMatch(entry, [entry], compat).length === 1;
            if (compat === 'mended') assert.equal(isFound, tokenizeEntry(entry, compat).length > 0);
            else if (/^[aé ]+$/.test(entry)) assert.ok(isFound);
          },
        ),
      );
    });
  };
  COMPAT_MODES.forEach(rowsOf);
});
