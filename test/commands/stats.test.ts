import assert from 'node:assert/strict';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type CommandResult, runCommand } from '../helpers/run-command.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const run = (...argv: string[]): Promise<CommandResult> => runCommand(argv);

describe('metaclip stats and card', () => {
  let folder: string;
  let dir: string;
  let other: string;
  const hooks: (() => void)[] = [];

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    process.env['METACLIP_CACHE'] = join(folder, 'cache');
    const metadata = join(folder, 'entries.txt');
    writeFileSync(metadata, SMALL_ENTRIES.map((entry) => `${entry}\n`).join(''));
    const pool = writeSmallPool(join(folder, 'pool'), 2, 200);
    dir = join(folder, 'run');
    other = join(folder, 'other');
    const options = ['--metadata', metadata, '--lang', 'off', '--workers', '1'];
    assert.equal((await run('curate', ...pool, '--out', dir, '--t', '10', ...options)).code, 0);
    cpSync(dir, other, { recursive: true });
    assert.equal((await run('write', other, '--t', '3', '--workers', '1')).code, 0);
  });
  after(() => {
    delete process.env['METACLIP_CACHE'];
    for (const hook of hooks) hook();
  });

  it('shows the numbers of a run, and says why they are not the sum of the capped counts', async () => {
    const classes = join(folder, 'classes.txt');
    writeFileSync(classes, 'dog\ncat\nno such entry\n');
    const { code, out, note } = await run(
      'stats',
      dir,
      '--explain',
      '--classes',
      classes,
      '--top',
      '3',
      '--workers',
      '1',
    );
    assert.equal(code, 0, note);
    for (const part of [
      /entries never hit +\d/,
      /matches on head entries/,
      /texts per image/,
      /most frequent +before +after\n {2}the /,
      /10 \* /,
      /Why [\d,]+ pairs and not [\d,]+:/,
      /classes\.txt: 2 of 3 classes are entries/,
    ]) {
      assert.match(out, part);
    }
    const again = await run('stats', dir, '--json', '--sweep', '10,100', '--workers', '1');
    const stats = JSON.parse(again.out) as { sweep: { t: number }[]; counts: object; perEntry?: unknown };
    assert.deepEqual(
      stats.sweep.map(({ t }) => t),
      [10, 100],
    );
    assert.equal(stats.perEntry, undefined);
    const imagenet = await run('stats', dir, '--classes', 'imagenet', '--quick');
    assert.match(imagenet.out, /^imagenet: \d+ of 998 classes are entries$/m);
    const quick = JSON.parse((await run('stats', dir, '--quick', '--json')).out) as { sweep: unknown };
    assert.equal(quick.sweep, null);
  });

  it('shows what a file of counts or a data card knows', async () => {
    const counts = await run('stats', join(dir, 'entry_counts.parquet'), '--top', '2');
    assert.equal(counts.code, 0);
    assert.match(counts.out, /counts of matched pairs/);
    assert.match(counts.out, /t = 10/);
    const card = await run('stats', join(dir, 'datacard.json'), '--json');
    const { over, counts: numbers } = JSON.parse(card.out) as { over: string; counts: { matches: number } };
    assert.equal(over, 'kept pairs');
    const text = readFileSync(join(dir, 'stats.json'), 'utf8');
    const { counts: ofRun } = JSON.parse(text) as { counts: { matchesAfter: number } };
    assert.equal(numbers.matches, ofRun.matchesAfter);
  });

  it('compares two runs, and a run with a data card', async () => {
    const { code, out } = await run('stats', dir, other, '--top', '2');
    assert.equal(code, 0);
    assert.match(out, /Jensen-Shannon divergence 0\.000000 bit/);
    assert.match(out, /greatest change of share/);
    const same = await run('stats', dir, join(dir, 'datacard.json'), '--json');
    const { counts } = JSON.parse(same.out) as { counts: { a: { kind: string }; jsDivergence: number }[] };
    assert.deepEqual(
      counts.map(({ a, jsDivergence }) => [a.kind, jsDivergence]),
      [['after', 0]],
    );
    const foreign = join(folder, 'foreign.json');
    writeFileSync(foreign, '{"elsewhere": 3}');
    const refused = await run('stats', dir, foreign);
    assert.equal(refused.code, 3);
    assert.match(refused.note, /^E_METADATA_MISMATCH/);
  });

  it('refuses options that would have no effect, and values that are none', async () => {
    const counts = join(dir, 'entry_counts.parquet');
    for (const argv of [
      ['stats', counts, '--explain'],
      ['stats', dir, other, '--quick'],
      ['stats', dir, other, '--classes', 'x'],
      ['stats', dir, '--top', '-1'],
      ['stats', dir, '--quick', '--languages'],
      ['stats', dir, '--quick', '--sweep', '5'],
      ['stats', counts, '--languages'],
      ['stats', dir, '--sweep', '10,x'],
      ['stats', dir, '--sweep', ''],
      ['stats', dir, '--sweep', '1.5'],
      ['stats'],
      ['stats', join(folder, 'absent')],
      ['stats', join(folder, 'pool')],
      ['card', dir, '--license', 'Not An Id'],
      ['card', dir, '--name', 'two\nlines'],
      ['card', join(folder, 'pool')],
    ]) {
      const { code, note } = await run(...argv);
      assert.equal(code, 2, `${argv.join(' ')}: ${note}`);
      assert.match(note, /hint: /);
    }
  });

  it('writes the card anew, with a name and a licence', async () => {
    const { code, out } = await run('card', other, '--name', 'My pairs', '--license', 'cc0-1.0');
    assert.equal(code, 0);
    assert.match(out, /^Card: .*README\.md\nDistribution: .*datacard\.json\n$/);
    const card = readFileSync(join(other, 'README.md'), 'utf8');
    assert.match(card, /^pretty_name: "My pairs"\nlicense: "cc0-1\.0"$/m);
    writeFileSync(join(other, 'README.md'), `${card}And more.\n`);
    const kept = await run('card', other);
    assert.match(kept.note, /left as it is/);
    const json = JSON.parse((await run('card', other, '--force', '--json')).out) as { wasEdited: boolean };
    assert.equal(json.wasEdited, false);
  });
});
