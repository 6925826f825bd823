import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { drawOf, keyOfSeed, uidOf, uuidOf, writeUid, writeUuid } from '../../src/curation/pair-ids.ts';

describe('uuid and uid', () => {
  it('are the published hash of the url, and sha256 of length-prefixed url and text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (url, text) => {
        assert.equal(uuidOf(url), createHash('sha224').update(url).digest('hex').slice(0, 24));
        const bytes = `${Buffer.byteLength(url)}:${url}${text}`;
        assert.equal(uidOf(url, text), createHash('sha256').update(bytes).digest('hex').slice(0, 32));
      }),
    );
  });

  it('write the same bytes as the string forms, also beyond the first scratch buffer', () => {
    const url = `http://example.com/${'x'.repeat(9000)}é`;
    const text = 'ein Bär';
    const [urlBytes, textBytes] = [Buffer.from(url), Buffer.from(text)];
    const out = Buffer.alloc(40);
    writeUid(urlBytes, 0, urlBytes.length, textBytes, 0, textBytes.length, out, 3);
    writeUuid(urlBytes, 0, urlBytes.length, out, 20);
    assert.equal(out.subarray(3, 19).toString('hex'), uidOf(url, text));
    assert.equal(out.subarray(20, 32).toString('hex'), uuidOf(url));
  });

  it('tell apart pairs whose concatenation is equal', () => {
    assert.notEqual(uidOf('http://a/b', 'c'), uidOf('http://a/', 'bc'));
  });
});

describe('drawOf', () => {
  const uids = new Uint32Array(4 * 20_000);
  for (let i = 0; i < uids.length / 4; i++) {
    const digest = createHash('sha256').update(String(i)).digest();
    for (let word = 0; word < 4; word++) uids[i * 4 + word] = digest.readUInt32LE(word * 4);
  }
  const drawsOf = (seed: number): number[] => {
    const key = keyOfSeed(seed);
    return Array.from({ length: uids.length / 4 }, (_, i) => drawOf(uids, i * 4, key));
  };

  it('is in [0, 1) for extreme words', () => {
    const words = fc.uint32Array({ minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(words, fc.maxSafeNat(), (uid, seed) => {
        const draw = drawOf(uid, 0, keyOfSeed(seed));
        assert.ok(draw >= 0 && draw < 1);
      }),
    );
  });

  it('is uniform: chi-square over 100 cells within 5 sd, for several seeds', () => {
    for (const seed of [0, 1, 2, 42, 2 ** 32, 2 ** 53 - 1]) {
      const draws = drawsOf(seed);
      const cells = new Array<number>(100).fill(0);
      for (const draw of draws) cells[Math.floor(draw * 100)]! += 1;
      const expected = draws.length / 100;
      const chiSquare = cells.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      assert.ok(Math.abs(chiSquare - 99) < 5 * Math.sqrt(2 * 99), `seed ${seed}: chi-square ${chiSquare}`);
    }
  });

  it('is uncorrelated between seeds', () => {
    const seeds = [0, 1, 2, 3, 2 ** 32, 2 ** 32 + 1];
    const columns = seeds.map(drawsOf);
    for (let a = 0; a < seeds.length; a++) {
      for (let b = a + 1; b < seeds.length; b++) {
        const n = columns[a]!.length;
        const covariance =
          columns[a]!.reduce((sum, x, i) => sum + (x - 0.5) * (columns[b]![i]! - 0.5), 0) / n;
        // sd of the correlation of independent columns is 1 / sqrt(n)
        assert.ok(Math.abs(covariance * 12) < 5 / Math.sqrt(n), `seeds ${seeds[a]} and ${seeds[b]}`);
      }
    }
  });
});
