import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../helpers/run-command.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

describe('metaclip report', () => {
  let folder: string;
  let dir: string;
  const hooks: (() => void)[] = [];
  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    process.env['METACLIP_CACHE'] = join(folder, 'cache');
    dir = join(folder, 'a <run>');
    const metadata = join(folder, 'entries.json');
    writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
    const pool = writeSmallPool(join(folder, 'pool'), 2, 200);
    const done = await runCommand([
      'curate',
      ...pool,
      '--metadata',
      metadata,
      '--lang',
      'off',
      '--workers',
      '1',
      '--out',
      dir,
      '--t',
      '5',
    ]);
    assert.equal(done.code, 0, done.note);
  });
  after(() => {
    delete process.env['METACLIP_CACHE'];
    for (const hook of hooks) hook();
  });

  it('writes the page into the run directory, the same bytes each time', async () => {
    const { code, out, note } = await runCommand(['report', dir, '--workers', '1']);
    assert.equal(code, 0, note);
    assert.match(out, /^Report: .*a <run>[\\/]report\.html \([\d.]+ kB\)\n$/);
    const page = readFileSync(join(dir, 'report.html'), 'utf8');
    assert.match(page, /<h1>a &lt;run&gt;<\/h1>/);
    const stats = JSON.parse(readFileSync(join(dir, 'stats.json'), 'utf8')) as { pairs: { kept: number } };
    assert.ok(page.includes(`<dd class="value">${stats.pairs.kept}</dd>`));
    await runCommand(['report', dir, '--workers', '1']);
    assert.equal(readFileSync(join(dir, 'report.html'), 'utf8'), page);
    assert.equal((await runCommand(['status', dir])).code, 0);
  });

  it('writes elsewhere, with plots, and says what it wrote', async () => {
    const [file, plots] = [join(folder, 'elsewhere', 'page.html'), join(folder, 'plots')];
    const { code, out, note } = await runCommand([
      'report',
      dir,
      '--out',
      file,
      '--plots',
      plots,
      '--json',
      '--workers',
      '1',
    ]);
    assert.equal(code, 0, note);
    const result = JSON.parse(out) as { file: string; sizeBytes: number; plots: string[] };
    assert.equal(result.file, file);
    assert.equal(result.sizeBytes, readFileSync(file).length);
    assert.deepEqual(
      result.plots.map((path) => path.slice(plots.length + 1)).sort(),
      readdirSync(plots).sort(),
    );
    assert.ok(result.plots.length >= 10);
    assert.equal(note, '');
  });

  it('says what is missing', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const missing = await runCommand(['report', empty]);
    assert.equal(missing.code, 2);
    assert.match(missing.note, /^E_RUN_MISSING /);
    const matched = join(folder, 'matched');
    await runCommand([
      'match',
      join(folder, 'pool'),
      '--metadata',
      join(folder, 'entries.json'),
      '--lang',
      'off',
      '--workers',
      '1',
      '--out',
      matched,
    ]);
    const early = await runCommand(['report', matched]);
    assert.equal(early.code, 2);
    assert.match(early.note, /^E_RUN_INCOMPLETE /);
    assert.ok(!existsSync(join(matched, 'report.html')));
    const wrong = await runCommand(['report', dir, '--out', join(folder, 'pool', 'pool-00.jsonl', 'x.html')]);
    assert.equal(wrong.code, 4);
    assert.match(wrong.note, /^E_OUTPUT_UNWRITABLE /);
    assert.equal((await runCommand(['report'])).code, 2);
  });
});
