/** The ids of the kernel are those of Node's own SHA-2, for any lengths and any number of rows. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PairHasher } from '../../src/curation/hash-pairs.ts';
import { uidOf, uuidOf } from '../../src/curation/pair-ids.ts';

const hasher = new PairHasher();

/** Columns with some bytes in front, as those of a block in the middle have. */
function columnOf(strings: readonly string[]): { bytes: Uint8Array; offsets: Int32Array } {
  const parts = strings.map((text) => Buffer.from(text));
  const offsets = new Int32Array(parts.length + 1);
  offsets[0] = 5;
  parts.forEach((part, row) => (offsets[row + 1] = (offsets[row] ?? 0) + part.length));
  return { bytes: Buffer.concat([Buffer.alloc(5, 1), ...parts]), offsets };
}

function checkIds(pairs: readonly (readonly [string, string])[]): void {
  const uids = new Uint8Array(pairs.length * 16);
  const uuids = new Uint8Array(pairs.length * 12);
  const [url, text] = [columnOf(pairs.map(([url]) => url)), columnOf(pairs.map(([, text]) => text))];
  hasher.hash(url, text, pairs.length, uids, uuids);
  pairs.forEach(([url, text], row) => {
    assert.equal(Buffer.from(uids.subarray(row * 16, row * 16 + 16)).toString('hex'), uidOf(url, text));
    assert.equal(Buffer.from(uuids.subarray(row * 12, row * 12 + 12)).toString('hex'), uuidOf(url));
  });
}

describe('PairHasher', () => {
  it('every length of url and text around the blocks of SHA-2', () => {
    const pairs: [string, string][] = [];
    for (let length = 0; length <= 200; length++) {
      pairs.push(['u'.repeat(length), 't'.repeat(200 - length)], ['v'.repeat(length), '']);
    }
    checkIds(pairs);
  });

  for (const rowCount of [0, 1, 2, 3, 4, 5, 1023, 1024, 1025, 3000]) {
    it(`${rowCount} rows`, () => {
      checkIds(
        Array.from({ length: rowCount }, (_, row) => [`https://a.example/${row}.jpg`, `text ${row * 7}`]),
      );
    });
  }

  it('strings longer than the kernel has room for, between short ones', () => {
    const long = 'x'.repeat(300_000);
    checkIds([
      ['a', 'b'],
      [long, 'short'],
      ['c', long],
      ['d', 'e'],
      [long, long],
      ...Array.from({ length: 20 }, (_, row): [string, string] => [
        'u'.repeat(30_000 + row),
        'v'.repeat(50_000),
      ]),
      ['f', 'g'],
    ]);
  });

  it('any strings', () => {
    const pair = fc.tuple(fc.string({ unit: 'grapheme', maxLength: 150 }), fc.string({ maxLength: 400 }));
    fc.assert(fc.property(fc.array(pair, { maxLength: 40 }), checkIds), { numRuns: 200 });
  });
});
