/** Titles from pageview files: the published rules, and what is no pageview file. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { buildTitles } from '../../src/metadata/wiki-titles.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

/** Writes hours and gives the folder. */
function writeHours(folder: string, hours: Readonly<Record<string, string>>): string {
  const views = join(folder, 'pageviews');
  mkdirSync(views);
  for (const [hour, lines] of Object.entries(hours)) {
    writeFileSync(join(views, `pageviews-20220829-${hour}0000.gz`), gzipSync(lines));
  }
  return views;
}

const FIRST = [
  'de Fuchs 5000 0',
  'en Red_fox 50 0',
  'en.m Red_fox 9000 0',
  'en Dog 49 0',
  'en Cat 69 0',
  'en Horse 70 0',
  'en Special:Search 900 0',
  'en Broken 12',
  'en Too many 12 0',
  'en Views 1e3 0',
  'en __ 100 0',
  '"" x 100 0',
  'en Caf%C3%A9_(Paris) 80 0',
  'en Café 80 0',
].join('\n');

describe('buildTitles', () => {
  it('follows the published rules', async (test) => {
    const folder = makeTempFolder(test);
    const inputs = [writeHours(folder, { '00': FIRST, '01': 'en Red_fox 60 0\nen Dog 49 0\n' })];
    const out = join(folder, 'titles.txt');
    const provenance = await buildTitles({ out, inputs });
    assert.equal(readFileSync(out, 'utf8'), 'Red fox\nCaf%C3%A9 (Paris)\nCafé\nHorse\n');
    assert.deepEqual(provenance.counts, {
      files: 2,
      lines: 16,
      badLines: 3,
      otherDomains: 3,
      belowHourlyViews: 2,
      withColon: 1,
      emptyTitles: 1,
      distinctTitles: 5,
      views: 409,
    });
    assert.deepEqual(
      provenance.inputs.map(({ name, date }) => [name, date]),
      [
        ['pageviews-20220829-000000.gz', '2022-08-29'],
        ['pageviews-20220829-010000.gz', '2022-08-29'],
      ],
    );
    assert.deepEqual(readdirSync(folder).sort(), ['pageviews', 'titles.txt', 'titles.txt.provenance.json']);
  });

  it('takes other domains, thresholds and numbers, spilled or not', async (test) => {
    const folder = makeTempFolder(test);
    const inputs = [writeHours(folder, { '00': FIRST })];
    const out = join(folder, 'titles.json');
    const options = { out, inputs, domains: ['en', 'en.m'], minHourlyViews: 1, minViews: 1, top: 3 };
    for (const memoryBytes of [1_000_000, 100_000_000]) {
      await buildTitles({ ...options, memoryBytes });
      assert.deepEqual(JSON.parse(readFileSync(out, 'utf8')), ['Red fox', 'Caf%C3%A9 (Paris)', 'Café']);
    }
  });

  const refusals: [name: string, hours: Record<string, string>, code: string, message: RegExp][] = [
    [
      'lines of three fields',
      { '00': 'en Red_fox 50\nen Dog 60\n' },
      'E_FORMAT_UNKNOWN',
      /2 of 2 lines are not/,
    ],
    ['no title of that domain', { '00': 'de Fuchs 500 0\n' }, 'E_INPUT_EMPTY', /0 titles of en/],
  ];
  for (const [name, hours, code, message] of refusals) {
    it(`refuses ${name}`, async (test) => {
      const folder = makeTempFolder(test);
      const inputs = [writeHours(folder, hours)];
      await assert.rejects(buildTitles({ out: join(folder, 't.txt'), inputs }), { code, message });
      assert.deepEqual(readdirSync(folder), ['pageviews']);
    });
  }

  it('refuses an hour given twice, a cut file, a wrong output name, and too little memory', async (test) => {
    const folder = makeTempFolder(test);
    const views = writeHours(folder, { '00': FIRST });
    const file = join(views, 'pageviews-20220829-000000.gz');
    const out = join(folder, 't.txt');
    await assert.rejects(buildTitles({ out, inputs: [views, file] }), {
      code: 'E_USAGE',
      message: /the same hour/,
    });
    await assert.rejects(buildTitles({ out: 't.csv', inputs: [views] }), {
      code: 'E_USAGE',
      message: /--out t\.csv/,
    });
    await assert.rejects(buildTitles({ out, inputs: [views], memoryBytes: 512 }), {
      code: 'E_USAGE',
      message: /memory/,
    });
    await assert.rejects(buildTitles({ out, inputs: [views], signal: AbortSignal.abort() }), {
      code: 'E_INTERRUPTED',
    });
    writeFileSync(file, gzipSync(FIRST).subarray(0, 100));
    await assert.rejects(buildTitles({ out, inputs: [views] }), {
      code: 'E_INPUT_UNREADABLE',
      message: /cut short/,
    });
    assert.deepEqual(readdirSync(folder), ['pageviews']);
  });
});
