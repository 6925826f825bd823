import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { runCli, startCli } from '../helpers/run-cli.ts';
import { runCommand } from '../helpers/run-command.ts';
import { SMALL_ENTRIES, writeSmallPool } from '../helpers/small-pool.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const COMMANDS = ['curate', 'status', 'extract', 'match', 'count', 'balance', 'write', 'stats', 'card'];

describe('the command line', () => {
  let folder: string;
  let pool: string[];
  let metadata: string;
  const hooks: (() => void)[] = [];

  before(() => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    process.env['METACLIP_CACHE'] = join(folder, 'cache');
    pool = writeSmallPool(join(folder, 'pool'), 2, 200);
    metadata = join(folder, 'entries.json');
    writeFileSync(metadata, JSON.stringify(SMALL_ENTRIES));
    writeFileSync(join(folder, 'picture.jpg'), Buffer.from('ffd8ffe000104a46494600', 'hex'));
    writeFileSync(join(folder, 'page.parquet'), '<!DOCTYPE html><html><body>not found</body></html>');
    writeFileSync(join(folder, 'other.csv'), 'a,b\n1,2\n');
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'empty'));
  });
  after(() => {
    delete process.env['METACLIP_CACHE'];
    for (const hook of hooks) hook();
  });
  const path = (name: string): string => join(folder, name);
  const small = (): string[] => [...pool, '--metadata', metadata, '--lang', 'off', '--workers', '1'];

  it('shows help with examples for every command, and an overview', async () => {
    const overview = await runCommand(['--help']);
    assert.equal(overview.code, 0);
    for (const command of COMMANDS) {
      assert.match(overview.out, new RegExp(`^  ${command} `, 'm'));
      for (const argv of [
        [command, '--help'],
        [command, '-h'],
        ['help', command],
      ]) {
        const help = await runCommand(argv);
        assert.equal(help.code, 0);
        assert.match(help.out, /^Usage: metaclip /m);
        assert.match(help.out, /^Examples:\n {2}# .*\n {2}metaclip /m);
      }
    }
    assert.match((await runCommand(['--version'])).out, /^\d+\.\d+\.\d+\n$/);
  });

  const mistakes: [string, () => string[], number, RegExp][] = [
    ['no command', () => [], 2, /^$/],
    ['an unknown command', () => ['curat'], 2, /E_USAGE {2}metaclip curat: no such command\nhint: .*curate/],
    [
      'an unknown option',
      () => ['curate', 'x', '--ouut', 'y'],
      2,
      /E_USAGE .*--ouut.*\nhint: .*curate --help/,
    ],
    ['no input', () => ['curate', '--out', 'y'], 2, /E_USAGE .*takes at least 1 argument/],
    ['no --out', () => ['curate', ...pool], 2, /E_USAGE {2}--out DIR is missing/],
    [
      'a cap that is no number',
      () => ['curate', ...small(), '--out', path('m'), '--t', 'many'],
      2,
      /--t "many" is not a number/,
    ],
    [
      'a cap of 0',
      () => ['curate', ...small(), '--out', path('m'), '--t', '0'],
      2,
      /--t 0 is not a whole number of at least 1/,
    ],
    [
      'a cap that is given twice',
      () => ['curate', ...small(), '--out', path('m'), '--t', '1', '--target', '5'],
      2,
      /given twice/,
    ],
    [
      'a share above 1',
      () => ['curate', ...small(), '--out', path('m'), '--tail-share', '6'],
      2,
      /--tail-share 6 is not between 0 and 1/,
    ],
    ['a negative seed', () => ['curate', ...small(), '--out', path('m'), '--seed=-1'], 2, /--seed -1/],
    [
      'too many workers',
      () => ['curate', ...pool, '--out', path('m'), '--workers', '5000'],
      2,
      /limit of 1024/,
    ],
    [
      'an unknown language',
      () => ['curate', ...pool, '--out', path('m'), '--lang', 'de'],
      2,
      /--lang "de" is not known\nhint: it can be en, off/,
    ],
    [
      'an unknown schema',
      () => ['curate', ...pool, '--out', path('m'), '--schema', 'x'],
      2,
      /it can be default, img2dataset/,
    ],
    [
      'an input that is not there',
      () => ['curate', path('nothing.parquet'), '--out', path('m')],
      2,
      /E_INPUT_NOT_FOUND .*nothing\.parquet/,
    ],
    ['an empty folder', () => ['curate', path('empty'), '--out', path('m')], 2, /E_INPUT_EMPTY .*empty/],
    [
      'a picture',
      () => ['curate', path('picture.jpg'), '--out', path('m')],
      3,
      /E_FORMAT_UNKNOWN .*picture\.jpg/,
    ],
    [
      'a page under the name of a Parquet file',
      () => ['curate', path('page.parquet'), '--out', path('m2')],
      3,
      /page\.parquet/,
    ],
    [
      'a column that is not there',
      () => ['curate', path('other.csv'), '--out', path('m3')],
      3,
      /E_COLUMN_MISSING .*other\.csv[^]*--url-column/,
    ],
    [
      'a list that is not there',
      () => ['curate', ...pool, '--metadata', path('no.json'), '--out', path('m')],
      2,
      /E_INPUT_NOT_FOUND .*no\.json/,
    ],
    [
      'a list that is no list',
      () => ['curate', ...pool, '--metadata', path('picture.jpg'), '--out', path('m')],
      3,
      /E_METADATA_FORMAT/,
    ],
    [
      'a folder below a file',
      () => ['curate', ...small(), '--out', path('file/run')],
      4,
      /E_OUTPUT_UNWRITABLE .*file\/run/,
    ],
    [
      'a folder with other things in it',
      () => ['curate', ...small(), '--out', path('pool')],
      2,
      /E_OUTPUT_NOT_EMPTY .*pool-00/,
    ],
    [
      'a run that is not there',
      () => ['balance', path('empty')],
      2,
      /E_RUN_MISSING .*\nhint: start one: metaclip curate/,
    ],
    ['the status of no run', () => ['status', path('empty')], 2, /E_RUN_MISSING/],
  ];
  for (const [name, argv, code, message] of mistakes) {
    it(`answers ${name} with exit code ${code}, what and where, and no stack`, async () => {
      const outcome = await runCommand(argv());
      assert.match(outcome.note, message);
      assert.equal(outcome.code, code);
      assert.doesNotMatch(outcome.note, /\n {4}at /);
    });
  }

  it('prints a summary for people, or as JSON, and the state of the run', async () => {
    const table = await runCommand(['curate', ...small(), '--out', path('run'), '--t', '10']);
    assert.equal(table.code, 0, table.note);
    for (const label of [
      'pairs in',
      'duplicate',
      'over the cap',
      'kept',
      'entries hit',
      'head, tail',
      'seconds',
    ]) {
      assert.match(table.out, new RegExp(`^ {2}(- )?${label}`, 'm'));
    }
    assert.match(table.out, /Shards: .*run\/curated {3}look at them: metaclip report .*run\n$/);
    const json = await runCommand(['curate', ...small(), '--out', path('run'), '--t', '10', '--json']);
    const result = JSON.parse(json.out) as { executedPieces: number; summary: { pairs: { kept: number } } };
    assert.equal(result.executedPieces, 0);
    assert.equal(
      result.summary.pairs.kept,
      (JSON.parse(readFileSync(path('run/stats.json'), 'utf8')) as typeof result.summary).pairs.kept,
    );

    const status = await runCommand(['status', path('run')]);
    assert.match(status.out, /match +2 of 2\n/);
    assert.match(status.out, /complete: the shards are in/);
    const parsed = JSON.parse((await runCommand(['status', path('run'), '--json'])).out) as {
      stages: { done: number; total: number }[];
    };
    assert.ok(parsed.stages.every(({ done, total }) => done === total));
  });

  it('says which shards are of another cap than was chosen since', async () => {
    const status = async (): Promise<string> => (await runCommand(['status', path('capped')])).out;
    await runCommand(['curate', ...small(), '--out', path('capped'), '--t', '10']);
    await runCommand(['balance', path('capped'), '--t', '3', '--metadata', metadata]);
    assert.match(await status(), /balance +2 of 2\n +write +0 of 2\n[^]*next: metaclip write/);
    await runCommand(['write', path('capped'), '--metadata', metadata]);
    assert.match(await status(), /write +2 of 2\n[^]*complete: the shards are in/);
    // Decisions that are made again with the same choices are the same.
    rmSync(path('capped/balanced'), { recursive: true });
    await runCommand(['balance', path('capped'), '--metadata', metadata]);
    assert.match(await status(), /complete: the shards are in/);
  });

  it('writes the columns of each schema', async () => {
    await runCommand(['curate', ...small(), '--out', path('schemas'), '--t', '10']);
    for (const schema of ['laion', 'datacomp', 'img2dataset', 'default']) {
      const outcome = await runCommand([
        'write',
        path('schemas'),
        '--schema',
        schema,
        '--metadata',
        metadata,
      ]);
      assert.equal(outcome.code, 0, outcome.note);
      const names = readdirSync(path('schemas/curated')).sort();
      const shards = ['00000.parquet', '00001.parquet'];
      assert.deepEqual(names, schema === 'datacomp' ? [...shards, 'uids.npy'] : shards);
      const again = await runCommand(['extract', path('schemas/curated/00000.parquet'), '--limit', '1']);
      assert.match(
        again.out,
        /^\{"uid":"[0-9a-f]{32}","uuid":"[0-9a-f]{24}","url":"http/,
        `our own reader finds the columns of ${schema}`,
      );
    }
    assert.equal((await runCommand(['write', path('schemas'), '--schema', 'metaclip'])).code, 0);
    assert.deepEqual(readdirSync(path('schemas/curated')).sort(), ['00000.jsonl.gz', '00001.jsonl.gz']);
    const lines = await runCommand(['extract', path('schemas/curated/00000.jsonl.gz'), '--limit', '2']);
    assert.match(lines.note, /^2 pairs/);
  });

  it('lists the uids of the DataComp schema as NumPy does, sorted', async (test) => {
    const outcome = await runCommand([
      'curate',
      ...small(),
      '--out',
      path('npy'),
      '--t',
      '10',
      '--schema',
      'datacomp',
      '--json',
    ]);
    const { summary } = JSON.parse(outcome.out) as { summary: { pairs: { kept: number } } };
    const bytes = readFileSync(path('npy/curated/uids.npy'));
    const start = 10 + bytes.readUInt16LE(8);
    assert.equal(start % 64, 0);
    assert.equal((bytes.length - start) / 16, summary.pairs.kept);
    const numbers = Array.from({ length: summary.pairs.kept }, (_, i) => {
      const high = bytes.readBigUInt64LE(start + i * 16);
      return (high << 64n) | bytes.readBigUInt64LE(start + i * 16 + 8);
    });
    assert.deepEqual(
      numbers,
      numbers.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    );
    try {
      execFileSync('/usr/bin/python3', ['-c', 'import numpy']);
    } catch {
      test.diagnostic('not read back by NumPy: no python3 with numpy here');
      return;
    }
    const script = 'import numpy,sys; a=numpy.load(sys.argv[1]); print(a.dtype, len(a), a[0][0], a[-1][1])';
    const shown = execFileSync('/usr/bin/python3', ['-c', script, path('npy/curated/uids.npy')])
      .toString()
      .trim();
    const last = numbers.at(-1)! & (2n ** 64n - 1n);
    assert.equal(shown, `[('f0', '<u8'), ('f1', '<u8')] ${numbers.length} ${numbers[0]! >> 64n} ${last}`);
  });

  it('reads gzipped inputs and mixes formats', async () => {
    const mixed = path('mixed');
    mkdirSync(mixed);
    writeFileSync(join(mixed, 'a.jsonl.gz'), gzipSync('{"URL":"http://example.com/1","TEXT":"the zebra"}\n'));
    writeFileSync(join(mixed, 'b.tsv'), 'url\tcaption\nhttp://example.com/2\tthe zebra\n');
    writeFileSync(join(mixed, 'c.csv.gz'), gzipSync('url,caption\nhttp://example.com/3,the zebra\n'));
    const outcome = await runCommand([
      'curate',
      mixed,
      '--metadata',
      metadata,
      '--out',
      path('mixed-run'),
      '--lang',
      'off',
      '--json',
    ]);
    assert.equal((JSON.parse(outcome.out) as { summary: { pairs: { kept: number } } }).summary.pairs.kept, 3);
  });

  it('says when no input is readable, as data', async () => {
    writeFileSync(path('cut.parquet'), 'PAR1');
    const outcome = await runCommand(['curate', path('cut.parquet'), '--out', path('cut-run')]);
    assert.equal(outcome.code, 3);
    assert.match(outcome.note, /E_INPUT_UNREADABLE .*cut\.parquet/);
  });

  it('leaves a resumable run on Ctrl-C, with exit code 130', async () => {
    const big = writeSmallPool(path('big'), 3, 40_000);
    const args = [
      'curate',
      ...big,
      '--metadata',
      metadata,
      '--lang',
      'off',
      '--workers',
      '1',
      '--out',
      path('ctrl-c'),
    ];
    const { child, done } = startCli(args);
    const marker = path('ctrl-c/done/match/00000.json');
    const waiting = setInterval(() => {
      try {
        readFileSync(marker);
        clearInterval(waiting);
        child.kill('SIGINT');
      } catch {
        // not there yet
      }
    }, 20);
    const result = await done;
    clearInterval(waiting);
    assert.equal(result.code, 130, result.stderr);
    assert.match(result.stderr, /E_INTERRUPTED .*finished tasks are kept\nhint: run the same command again/);
    assert.match(
      (await runCommand(['status', path('ctrl-c')])).out,
      /next: run the command that started this run again/,
    );
    const resumed = await runCli(args);
    assert.equal(resumed.code, 0, resumed.stderr);
    assert.match(resumed.stderr, /taking up: [12] of 3 tasks are matched/);
  });

  it('reports a full disk with what to do, and goes on when there is room', async (test) => {
    const disk = path('disk');
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', disk], { stdio: 'ignore' });
    } catch {
      test.skip('skipped: not allowed to mount a small tmpfs here');
      return;
    }
    try {
      const args = [
        'curate',
        ...writeSmallPool(path('for-disk'), 3, 4000),
        '--metadata',
        metadata,
        '--lang',
        'off',
        '--out',
        join(disk, 'run'),
      ];
      const full = await runCommand(args);
      assert.equal(full.code, 4, full.note);
      assert.match(full.note, /E_DISK_FULL .*no space left.*\nhint: free some space/);
      const names = readdirSync(disk, { recursive: true }).map(String);
      assert.deepEqual(
        names.filter((name) => name.includes('.tmp-')),
        [],
      );
      execFileSync('mount', ['-o', 'remount,size=64m', disk]);
      const freed = await runCommand(args);
      assert.equal(freed.code, 0, freed.note);
    } finally {
      execFileSync('umount', [disk]);
    }
  });
});
