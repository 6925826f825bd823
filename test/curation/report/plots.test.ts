import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Parser } from 'htmlparser2';
import sharp from 'sharp';
import { writePlots } from '../../../src/curation/report/write-plots.ts';
import { makePairs, makeStats } from '../../helpers/report-stats.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const stats = makeStats({
  entries: Array.from({ length: 400 }, (_, i) => `word ${i}`),
  pairs: makePairs(400, 1500),
  t: 12,
});
const NAMES = [
  'before-after',
  'cumulative-counts',
  'matches-per-text',
  'pairs-kept',
  'rank-frequency',
  'text-lengths',
];

describe('the plots', () => {
  it('are an SVG and a PNG for each figure, with the same bytes every time', async (test) => {
    const folder = makeTempFolder(test);
    const [first, second] = [join(folder, 'a'), join(folder, 'b', 'deeper')];
    const paths = await writePlots(first, stats);
    await writePlots(second, stats);
    const names = NAMES.flatMap((name) => [`${name}.png`, `${name}.svg`]);
    assert.deepEqual(readdirSync(first).sort(), names.sort());
    assert.deepEqual(paths.map((path) => path.slice(first.length + 1)).sort(), names);
    for (const name of names)
      assert.ok(readFileSync(join(first, name)).equals(readFileSync(join(second, name))), name);
    for (const name of NAMES) {
      const svg = readFileSync(join(first, `${name}.svg`), 'utf8');
      const texts: string[] = [];
      const open: string[] = [];
      const parser = new Parser(
        {
          onopentag: (tag) => void open.push(tag),
          onclosetag: (tag, isImplied) => {
            assert.equal(isImplied && svg.includes(`<${tag}>`), false);
            assert.equal(open.pop(), tag);
          },
          ontext: (text) => void texts.push(text),
        },
        { xmlMode: true },
      );
      parser.end(svg);
      assert.deepEqual(open, []);
      assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
      assert.ok(
        texts.some((text) => /^(grey|points|darker): /.test(text)),
        name,
      );
      const { width, height, channels } = await sharp(join(first, `${name}.png`)).metadata();
      assert.ok(width > 1000 && height > 600, `${name}: ${width} x ${height}`);
      const { channels: levels } = await sharp(join(first, `${name}.png`)).stats();
      assert.ok(channels >= 3 && levels.slice(0, 3).every(({ min, max }) => min < 80 && max === 255), name);
    }
    // What the picture says, in numbers: the axis of the cumulative curve ends at the sum of all counts.
    const cumulative = readFileSync(join(first, 'cumulative-counts.svg'), 'utf8');
    assert.match(cumulative, />t = 12</);
  });

  it('end between two plots when interrupted, and say where they cannot be written', async (test) => {
    const folder = makeTempFolder(test);
    await assert.rejects(writePlots(join(folder, 'c'), stats, AbortSignal.abort()), {
      code: 'E_INTERRUPTED',
    });
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(writePlots(join(folder, 'file', 'plots'), stats), { code: 'E_OUTPUT_UNWRITABLE' });
  });
});
