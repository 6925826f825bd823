/** Lists of words and pairs from dumps and from count files, and what cannot become one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { loadEntries } from '../../src/metadata/entries.ts';
import { buildBigrams, buildUnigrams } from '../../src/metadata/wiki-ngrams.ts';
import { exportOf, pageOf } from '../helpers/wiki-export.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const DUMP = exportOf([
  pageOf('A', "The red fox and the '''red fox''' in New York. New York!"),
  pageOf('B', 'the end'),
]);

describe('lists from a dump', () => {
  it('are the same from xml, gzip and documents, with a record of each', async (test) => {
    const folder = makeTempFolder(test);
    const inputs = {
      'enwiki-20240101-pages-articles.xml': Buffer.from(DUMP),
      'enwiki-20240101-pages-articles.xml.gz': gzipSync(DUMP),
      wiki_00: Buffer.from(
        '<doc id="1" title="A">\nThe red fox and the red fox in New York. New York!\n</doc>\n<doc id="2" title="B">\nthe end\n</doc>\n',
      ),
    };
    const fingerprints = new Set<string>();
    for (const [name, bytes] of Object.entries(inputs)) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const out = join(folder, 'bigrams.txt');
      const provenance = await buildBigrams({ out, texts: [path], top: 3, minCount: 2 });
      fingerprints.add(provenance.fingerprint);
      assert.equal(readFileSync(out, 'utf8'), 'New York\nred fox\n');
      assert.equal((await loadEntries(out)).fingerprint, provenance.fingerprint);
      assert.equal(provenance.inputs[0]?.date, name === 'wiki_00' ? null : '2024-01-01');
      assert.deepEqual(provenance.options['tokenizer'], { name: 'spaces and punctuation', version: '1' });
      assert.deepEqual(JSON.parse(readFileSync(`${out}.provenance.json`, 'utf8')), provenance);
    }
    assert.equal(fingerprints.size, 1);
  });

  it('have words by count, from the threshold on', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'dump.xml');
    writeFileSync(path, DUMP);
    const out = join(folder, 'words.txt');
    const { counts } = await buildUnigrams({ out, texts: [path], minCount: 2 });
    assert.equal(readFileSync(out, 'utf8'), 'New\nYork\nfox\nred\nthe\n');
    assert.deepEqual([counts['words'], counts['distinctWords'], counts['articles']], [14, 9, 2]);
  });

  it('cannot reach a threshold that the corpus does not allow, and the message says why', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'dump.xml');
    writeFileSync(path, DUMP);
    await assert.rejects(buildBigrams({ out: join(folder, 'o.txt'), texts: [path] }), {
      code: 'E_INPUT_EMPTY',
      message: /none has a PMI of 30; with 14 words it can be at most 3\.81/,
    });
    await assert.rejects(buildUnigrams({ out: join(folder, 'o.txt'), texts: [path] }), {
      code: 'E_INPUT_EMPTY',
      message: /9 words, none stands 100 times/,
    });
    assert.deepEqual(readdirSync(folder), ['dump.xml']);
  });
});

describe('lists from count files', () => {
  const write = (folder: string, name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  it('add up repeated lines and count bad ones', async (test) => {
    const folder = makeTempFolder(test);
    const words = write(
      folder,
      'words.txt',
      '3\tfox\n5\tred\r\n2\tfox\n10\t dog \n0\tnone\nx\ty\n1\t\n4\ta\tb\n9007199254740993\tbig\n1\tzoo\n1\tzoom\n1\tzone\n1\tzeal\n',
    );
    const out = join(folder, 'o.txt');
    const { counts } = await buildUnigrams({ out, unigramCounts: [words], minCount: 5 });
    assert.equal(readFileSync(out, 'utf8'), 'dog\nfox\nred\n');
    assert.equal(counts['badLines'], 5);
    const pairs = write(folder, 'pairs.txt', '2\tred\tfox\n1\tfox\tdog\n1\tno\tdog\n');
    const bigrams = await buildBigrams({ out, unigramCounts: [words], bigramCounts: [pairs], top: 9 });
    assert.equal(readFileSync(out, 'utf8'), 'red fox\nfox dog\n');
    assert.equal(bigrams.counts['wordNotCounted'], 1);
  });

  it('are one entry where two pairs read the same', async (test) => {
    const folder = makeTempFolder(test);
    const words = write(folder, 'words.txt', '3\tnew\n3\tyork city\n3\tnew york\n3\tcity\n');
    const pairs = write(folder, 'pairs.txt', '2\tnew\tyork city\n2\tnew york\tcity\n');
    const out = join(folder, 'o.txt');
    await buildBigrams({ out, unigramCounts: [words], bigramCounts: [pairs], top: 9 });
    assert.equal(readFileSync(out, 'utf8'), 'new york city\n');
  });

  it('refuse what is something else', async (test) => {
    const folder = makeTempFolder(test);
    const out = join(folder, 'o.txt');
    const words = write(folder, 'words.txt', '3\tfox\n');
    const pairs = write(folder, 'pairs.txt', '3\tred\tfox\n');
    const other = write(folder, 'other.txt', 'the 3\nof 2\n');
    const rows: [options: Parameters<typeof buildBigrams>[0], code: string, message: RegExp][] = [
      [
        { out, unigramCounts: [other], bigramCounts: [pairs] },
        'E_FORMAT_UNKNOWN',
        /2 of 2 lines are not COUNT<tab>WORD, the first is "the 3"/,
      ],
      [{ out, unigramCounts: [words], bigramCounts: [words] }, 'E_FORMAT_UNKNOWN', /COUNT<tab>WORD<tab>WORD/],
      [{ out, unigramCounts: [words] }, 'E_USAGE', /word counts alone/],
      [{ out, texts: [other], bigramCounts: [pairs] }, 'E_USAGE', /pair counts need word counts/],
      [{ out }, 'E_USAGE', /either texts to count or ready counts/],
      [{ out, texts: [other], unigramCounts: [words] }, 'E_USAGE', /either texts/],
      [{ out, texts: [other], top: 0 }, 'E_USAGE', /--top 0/],
      [{ out, texts: [other], top: 1.5 }, 'E_USAGE', /--top 1\.5/],
      [{ out: 'o.csv', texts: [other] }, 'E_USAGE', /--out o\.csv/],
    ];
    for (const [options, code, message] of rows)
      await assert.rejects(buildBigrams(options), { code, message });
    assert.deepEqual(readdirSync(folder).sort(), ['other.txt', 'pairs.txt', 'words.txt']);
  });
});
