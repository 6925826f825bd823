import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { folderNameOf, nameClassFolders } from '../../../src/model/label/class-folders.ts';
import { checkShares, DEFAULT_SHARES, splitOf, SPLITS } from '../../../src/model/label/split.ts';

const hashOf = (value: number): string => createHash('sha256').update(String(value)).digest('hex');

describe('splitOf', () => {
  it('gives each part its share', () => {
    const counts = { train: 0, valid: 0, test: 0 };
    for (let i = 0; i < 20_000; i++) counts[splitOf(hashOf(i), 0, DEFAULT_SHARES)]++;
    // Four standard deviations of 20,000 draws.
    assert.ok(Math.abs(counts.train - 16_000) < 230, JSON.stringify(counts));
    assert.ok(
      Math.abs(counts.valid - 2000) < 170 && Math.abs(counts.test - 2000) < 170,
      JSON.stringify(counts),
    );
  });

  it('depends on the seed, and for one seed a larger share of train keeps what a smaller one had', () => {
    let moved = 0;
    for (let i = 0; i < 1000; i++) {
      const small = splitOf(hashOf(i), 3, { train: 0.5, valid: 0.25, test: 0.25 });
      const large = splitOf(hashOf(i), 3, { train: 0.7, valid: 0.15, test: 0.15 });
      if (small === 'train') assert.equal(large, 'train');
      if (splitOf(hashOf(i), 4, DEFAULT_SHARES) !== splitOf(hashOf(i), 3, DEFAULT_SHARES)) moved++;
    }
    assert.ok(moved > 200);
  });

  it('gives nothing to a part without a share', () => {
    for (const only of SPLITS) {
      const shares = { train: 0, valid: 0, test: 0, [only]: 1 };
      for (let i = 0; i < 100; i++) assert.equal(splitOf(hashOf(i), 0, shares), only);
    }
  });

  it('takes only shares that add up to 1', () => {
    for (const [train, valid, test] of [
      [0.8, 0.1, 0.2],
      [1.5, -0.5, 0],
      [NaN, 0, 1],
    ] as const) {
      assert.throws(
        () => {
          checkShares({ train, valid, test });
        },
        { code: 'E_USAGE', message: /add up to 1/ },
      );
    }
    checkShares({ train: 0.7, valid: 0.2, test: 0.1 });
  });
});

describe('folderNameOf', () => {
  const names: readonly (readonly [string, string])[] = [
    ['golden retriever', 'golden retriever'],
    ['../../etc', '__' + '_.._etc'],
    ['/', '_'],
    ['..', '__'],
    ['.hidden', '_hidden'],
    ['CON', '_CON'],
    ['nul.txt', '_nul.txt'],
    ['a\u0000b\nc', 'a_b_c'],
    ['end. ', 'end_'],
    ['a:b*c?"<>|', 'a_b_c_____'],
    ['C:\\temp', 'C__temp'],
    ['猫', '猫'],
    ['   ', '_'],
  ];
  for (const [name, expected] of names) {
    it(`makes ${JSON.stringify(expected)} of ${JSON.stringify(name)}`, () => {
      assert.equal(folderNameOf(name), expected);
    });
  }

  it('gives one folder name for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (text) => {
        const name = folderNameOf(text);
        assert.ok(name.length > 0 && Buffer.byteLength(name) <= 200);
        assert.doesNotMatch(name, /[/\\\p{Cc}]|^\.|[. ]$/u);
        assert.equal(folderNameOf(name), name);
      }),
      { numRuns: 500 },
    );
  });

  it('refuses classes that would share a folder', () => {
    const wrong = { code: 'E_USAGE', message: /same folder/ };
    assert.throws(() => nameClassFolders(['a/b', 'a:b']), wrong);
    assert.throws(() => nameClassFolders(['Cat', 'cat']), wrong);
    assert.deepEqual(nameClassFolders(['Cat', 'dog']), ['Cat', 'dog']);
  });
});
