/** The group `metadata` as a user meets it: help, results, exit codes. Runs in this process; no command starts threads. */
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type CommandResult, runCommand } from '../helpers/run-command.ts';
import { exportOf, pageOf } from '../helpers/wiki-export.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const run = (args: readonly string[], signal?: AbortSignal): Promise<CommandResult> =>
  runCommand(['metadata', ...args], signal);

const COMMANDS = [
  'wordnet',
  'wiki-unigrams',
  'wiki-bigrams',
  'wiki-titles',
  'merge',
  'check',
  'pull',
  'worldwide',
];

describe('metaclip metadata', () => {
  it('lists its commands, each with help and examples', async () => {
    const { code, out } = await run([]);
    assert.equal(code, 2);
    for (const command of COMMANDS) {
      assert.match(out, new RegExp(`metadata ${command} `));
      const help = await run([command, '--help']);
      assert.equal(help.code, 0);
      assert.match(help.out, new RegExp(`Examples:\\n {2}# .*\\n {2}metaclip metadata ${command}`));
      for (const line of help.out.split('\n')) assert.ok(line.length <= 150, line);
    }
  });

  it('says in the help of bigrams that a threshold depends on the size of the corpus', async () => {
    const { out } = await run(['wiki-bigrams', '--help']);
    assert.match(out, /A threshold depends on the size of the corpus: PMI cannot be higher than log2\(N/);
  });

  it('builds a list from its four sources, which a run can read', async (test) => {
    const folder = makeTempFolder(test);
    const path = (name: string): string => join(folder, name);
    writeFileSync(
      path('enwiki-20240101-pages-articles.xml'),
      exportOf([pageOf('A', 'the red panda, the red panda of Nepal.')]),
    );
    mkdirSync(path('views'));
    writeFileSync(
      path('views/pageviews-20240101-000000.gz'),
      gzipSync('en Red_panda 99 0\nen Kathmandu 80 0\n'),
    );
    const dump = path('enwiki-20240101-pages-articles.xml');
    const steps = [
      ['wiki-unigrams', dump, '--min-count', '2', '--out', path('unigrams.txt')],
      ['wiki-bigrams', dump, '--top', '1', '--min-count', '2', '--memory', '2', '--out', path('bigrams.txt')],
      ['wiki-titles', path('views'), '--out', path('titles.txt')],
      [
        'merge',
        '--titles',
        path('titles.txt'),
        '--unigrams',
        path('unigrams.txt'),
        '--bigrams',
        path('bigrams.txt'),
        '--out',
        path('all.txt'),
      ],
    ];
    for (const step of steps) {
      const { code, note } = await run(step);
      assert.equal(code, 0, note);
    }
    const entries = readFileSync(path('all.txt'), 'utf8').split('\n').slice(0, -1);
    assert.equal(entries[86_653], 'zymotic');
    assert.deepEqual(entries.slice(86_654), ['panda', 'the', 'red panda', 'Red panda', 'Kathmandu']);
    const checked = await run(['check', path('all.txt'), '--json']);
    assert.equal(checked.code, 0);
    const report = JSON.parse(checked.out) as { fingerprint: string; isUsable: boolean };
    const provenance = JSON.parse(readFileSync(path('all.txt.provenance.json'), 'utf8')) as {
      fingerprint: string;
    };
    assert.ok(report.isUsable);
    assert.equal(report.fingerprint, provenance.fingerprint);
  });

  it('checks a list: faults and their exit code, what can never match, overlap', async (test) => {
    const folder = makeTempFolder(test);
    const [good, bad] = [join(folder, 'good.txt'), join(folder, 'bad.txt')];
    writeFileSync(good, 'fox\nSt. Louis\na\tb\nU.S.\nred fox\n, .\n');
    writeFileSync(bad, 'fox\nfox\n\nb\0c\n');
    const { code, out } = await run(['check', good, bad]);
    assert.equal(code, 0);
    assert.match(out, /good\.txt: usable\n/);
    assert.match(
      out,
      /can never match: 4 \(66\.7%\)\n {4}2 punctuation inside a word: .*"St\. Louis", "U\.S\."/,
    );
    assert.match(out, /1 a tab or line end/);
    assert.match(out, /in both: 1, 16\.7% of .*good\.txt, 33\.3% of /);
    const mended = await run(['check', good, '--compat', 'mended', '--json']);
    assert.deepEqual((JSON.parse(mended.out) as { unmatchable: unknown }).unmatchable, []);
    const refused = await run(['check', bad]);
    assert.equal(refused.code, 3);
    assert.match(
      refused.out,
      /NOT usable[^]*fault: duplicate, 1: 1 "fox"[^]*fault: empty[^]*fault: nul, 1: 3 "b\\u0000c"/,
    );
  });

  it('prints the provenance as JSON', async (test) => {
    const folder = makeTempFolder(test);
    const { out } = await run(['wordnet', '--out', join(folder, 'w.json'), '--json']);
    assert.equal((JSON.parse(out) as { entryCount: number }).entryCount, 86_654);
  });

  const mistakes: [name: string, args: string[], code: number, note: RegExp][] = [
    ['no output', ['wordnet'], 2, /^E_USAGE {2}where to\? --out is missing\nhint: /],
    ['an output of another kind', ['wordnet', '--out', 'list.csv'], 2, /a \.txt file .* or a \.json file/],
    ['no input', ['wiki-unigrams', '--out', 'o.txt'], 2, /either texts to count or ready counts/],
    ['an absent input', ['wiki-unigrams', 'absent.xml', '--out', 'o.txt'], 2, /^E_INPUT_NOT_FOUND/],
    ['a threshold below 0', ['wiki-unigrams', 'x', '--min-count', '-1', '--out', 'o.txt'], 2, /./],
    ['no language', ['worldwide', 'x', '--out', 'o.txt'], 2, /--lang is missing/],
    ['nothing to merge', ['merge', '--no-wordnet', '--out', 'o.txt'], 2, /nothing to merge/],
    ['a wrong address', ['pull', '--url', 'x', '--out', 'o.json'], 2, /not an http or https address/],
    ['a wrong rule', ['check', 'x', '--compat', 'none'], 2, /--compat/],
    ['an unknown command', ['build'], 2, /no such command/],
  ];
  for (const [name, args, code, note] of mistakes) {
    it(`answers ${name}`, async () => {
      const result = await run(args);
      assert.equal(result.code, code);
      assert.match(result.note, note);
      assert.doesNotMatch(result.note, /\n\s+at /);
    });
  }

  it('shows the licence before it downloads, and stops on Ctrl-C', async (test) => {
    const folder = makeTempFolder(test);
    const { code, note } = await run(['pull', '--out', join(folder, 'm.json')], AbortSignal.abort());
    assert.equal(code, 130);
    assert.match(note, /^licence of the list: CC BY-NC 4\.0/);
    const dump = join(folder, 'dump.xml');
    writeFileSync(dump, exportOf([pageOf('A', 'text')]));
    const counted = await run(
      ['wiki-unigrams', dump, '--top', '5', '--out', join(folder, 'o.txt')],
      AbortSignal.abort(),
    );
    assert.equal(counted.code, 130);
    assert.deepEqual(readdirSync(folder), ['dump.xml']);
  });
});
