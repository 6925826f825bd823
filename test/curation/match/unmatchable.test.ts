import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { describeUnmatchable } from '../../../src/curation/match/unmatchable.ts';
import { oracleMatch } from '../../helpers/oracle.ts';

describe('describeUnmatchable', () => {
  it('says which and why', () => {
    const entries = [
      'a',
      'St. Louis',
      'St . Louis',
      '.',
      '. .',
      '.  .',
      'a\tb',
      'a b!',
      ' a',
      ' ',
      '3.5',
      "o'clock",
    ];
    assert.deepEqual(describeUnmatchable(entries, 'metaclip'), [
      { id: 1, entry: 'St. Louis', reason: 'punctuation-in-token' },
      { id: 4, entry: '. .', reason: 'adjacent-punctuation' },
      { id: 6, entry: 'a\tb', reason: 'blank-in-token' },
      { id: 7, entry: 'a b!', reason: 'punctuation-in-token' },
      { id: 10, entry: '3.5', reason: 'punctuation-in-token' },
    ]);
    assert.deepEqual(describeUnmatchable([...entries, '\t '], 'mended'), [
      { id: 9, entry: ' ', reason: 'no-token' },
      { id: 12, entry: '\t ', reason: 'no-token' },
    ]);
  });

  const string = fc.array(fc.constantFrom('a', ' ', '.', ',', '\t'), { minLength: 1, maxLength: 7 });

  it('what it names is in no text', () => {
    fc.assert(
      fc.property(string, fc.array(string, { maxLength: 5 }), (parts, others) => {
        const entry = parts.join('');
        for (const compat of ['metaclip', 'mended'] as const) {
          if (describeUnmatchable([entry], compat).length === 0) continue;
          for (const text of [entry, ...others.map((other) => other.join(''))]) {
            assert.deepEqual(oracleMatch(`${text}${entry}${text}`, [entry], compat), []);
          }
        }
      }),
    );
  });

  it('what it does not name is in some text', () => {
    fc.assert(
      fc.property(string, (parts) => {
        const entry = parts.join('');
        if (describeUnmatchable([entry], 'mended').length === 0) {
          assert.deepEqual(oracleMatch(entry, [entry], 'mended'), [0]);
        }
        if (describeUnmatchable([entry], 'metaclip').length === 0) {
          // Spacing puts back the spaces around punctuation that are taken away here.
          const text = entry.replace(/ ?([.,]) ?/g, '$1');
          assert.deepEqual(oracleMatch(text, [entry], 'metaclip'), [0]);
        }
      }),
    );
  });
});
