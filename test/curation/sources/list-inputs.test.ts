import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import { expandBraces } from '../../../src/curation/sources/glob-pattern.ts';
import { listInputs } from '../../../src/curation/sources/list-inputs.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const FILES = [
  'b.jsonl',
  'a.jsonl',
  'B.csv',
  'notes.txt',
  'part-0',
  '.hidden.jsonl',
  '_temporary.jsonl',
  '00000_stats.json',
  'sub/c.jsonl',
  'sub/deep/d.jsonl.gz',
  'sub/_delta_log/0.json',
  'sub/.cache/e.jsonl',
  'weird/[x]*?.jsonl',
  "weird/it's {1,2}.jsonl",
  'empty/README',
];

function makePool(context: { after: (hook: () => void) => void }): string {
  const root = makeTempFolder(context);
  for (const name of FILES) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    const content = name.endsWith('.csv') ? 'url,caption\n' : '{"url":"u","text":"t"}\n';
    writeFileSync(join(root, name), /README|notes/.test(name) ? 'words' : content);
  }
  return root;
}

async function list(root: string, inputs: string[]): Promise<{ files: string[]; ignored: string[] }> {
  const ignored: string[] = [];
  const files = await listInputs(inputs, (path) => ignored.push(relative(root, path)));
  return { files: files.map(({ path }) => relative(root, path)), ignored: ignored.sort() };
}

const inFolders = [
  'B.csv',
  'a.jsonl',
  'b.jsonl',
  'sub/c.jsonl',
  'sub/deep/d.jsonl.gz',
  'weird/[x]*?.jsonl',
  "weird/it's {1,2}.jsonl",
];

test('a folder gives its recognised files, sorted by code unit, hidden ones left out', async (context) => {
  const root = makePool(context);
  assert.deepEqual(await list(root, [root]), {
    files: inFolders,
    ignored: ['empty/README', 'notes.txt', 'part-0'],
  });
});

const PATTERNS: [pattern: string, expected: string[]][] = [
  ['*.jsonl', ['a.jsonl', 'b.jsonl']],
  ['?.jsonl', ['a.jsonl', 'b.jsonl']],
  ['[!a].jsonl', ['b.jsonl']],
  ['[a-b].*', ['a.jsonl', 'b.jsonl']],
  ['{a,sub/c}.jsonl', ['a.jsonl', 'sub/c.jsonl']],
  ['{a,{b,B}}.{jsonl,csv}', ['B.csv', 'a.jsonl', 'b.jsonl']],
  ['**/*.jsonl', ['a.jsonl', 'b.jsonl', 'sub/c.jsonl', 'weird/[x]*?.jsonl', "weird/it's {1,2}.jsonl"]],
  ['sub/**', ['sub/c.jsonl', 'sub/deep/d.jsonl.gz']],
  ['sub/**/*.gz', ['sub/deep/d.jsonl.gz']],
  ['s*', ['sub/c.jsonl', 'sub/deep/d.jsonl.gz']],
  ['part-*', ['part-0']],
  ['.h*', ['.hidden.jsonl']],
  ['_t*', ['_temporary.jsonl']],
  ['weird/[[]x]*', ['weird/[x]*?.jsonl']],
  ['weird/[x]*?.jsonl', ['weird/[x]*?.jsonl']],
  ["weird/it's {1,2}.jsonl", ["weird/it's {1,2}.jsonl"]],
  ['**/**/****d.jsonl*', ['sub/deep/d.jsonl.gz']],
];

for (const [pattern, expected] of PATTERNS) {
  test(`pattern ${pattern}`, async (context) => {
    const root = makePool(context);
    assert.deepEqual((await list(root, [join(root, pattern)])).files, expected);
  });
}

test('files named twice, by link and by pattern are listed once; sizes and formats are told', async (context) => {
  const root = makePool(context);
  const got = await listInputs([
    join(root, 'a.jsonl'),
    root,
    `${root}/sub/../a.jsonl`,
    `${root}/*.jsonl`,
    `${root}/sub`,
  ]);
  assert.deepEqual(
    got.map(({ path }) => relative(root, path)),
    inFolders,
  );
  assert.deepEqual(got[0], { path: join(root, 'B.csv'), sizeBytes: 12, format: 'delimited' });
  assert.deepEqual(got[1], { path: join(root, 'a.jsonl'), sizeBytes: 23, format: 'jsonl' });
});

test('a named file is taken whatever its name', async (context) => {
  const root = makePool(context);
  const named = ['part-0', '.hidden.jsonl', '_temporary.jsonl'];
  assert.deepEqual(
    (
      await list(
        root,
        named.map((name) => join(root, name)),
      )
    ).files,
    ['.hidden.jsonl', '_temporary.jsonl', 'part-0'],
  );
});

test('loops of links end, linked folders are followed once, broken links are passed', async (context) => {
  const root = makePool(context);
  symlinkSync(root, join(root, 'sub/loop'));
  symlinkSync(join(root, 'sub'), join(root, 'zlink'));
  symlinkSync(join(root, 'a.jsonl'), join(root, 'second-way.jsonl'));
  symlinkSync('/nowhere/at/all.jsonl', join(root, 'broken.jsonl'));
  symlinkSync('self.jsonl', join(root, 'self.jsonl'));
  for (const input of [root, `${root}/**/*`, `${root}/**`]) {
    const { files } = await list(root, [input]);
    const byContent = input.endsWith('*') ? ['part-0'] : [];
    assert.deepEqual(files, [...inFolders, ...byContent].sort(), input);
  }
});

test('mistakes have their codes and say what was asked', async (context) => {
  const root = makePool(context);
  const rows: [inputs: string[], code: string, message: RegExp][] = [
    [[], 'E_INPUT_EMPTY', /empty list/],
    [[join(root, 'empty')], 'E_INPUT_EMPTY', /empty/],
    [[join(root, '*.txt')], 'E_INPUT_EMPTY', /\*\.txt/],
    [[root, join(root, 'nope.jsonl')], 'E_INPUT_NOT_FOUND', /nope\.jsonl: no such file or folder/],
    [[join(root, 'nope/*.jsonl')], 'E_INPUT_NOT_FOUND', /nope\/\*\.jsonl: no file matches/],
    [[join(root, '*temporary*')], 'E_INPUT_NOT_FOUND', /no file matches/],
    [[''], 'E_INPUT_NOT_FOUND', /no such file/],
    [[join(root, 'notes.txt')], 'E_FORMAT_UNKNOWN', /notes\.txt/],
    [['/dev/null'], 'E_INPUT_UNREADABLE', /neither a file nor a folder/],
    [[join(root, '{a,b}'.repeat(20))], 'E_USAGE', /more than 4096/],
  ];
  for (const [inputs, code, message] of rows) {
    await assert.rejects(listInputs(inputs), (error) => {
      assert.ok(error instanceof MetaclipError, inputs.join());
      assert.equal(error.code, code, inputs.join());
      assert.match(error.message, message);
      return true;
    });
  }
});

test('one file of wrong content does not end a run, all of them do', async (context) => {
  const root = makeTempFolder(context);
  writeFileSync(join(root, 'bad.parquet'), '<html>404</html>');
  writeFileSync(join(root, 'good.jsonl'), '{"url":"u"}\n');
  const [bad, good] = await listInputs([root]);
  assert.equal(bad?.format, 'parquet');
  assert.equal(bad.problem?.code, 'E_INPUT_UNREADABLE');
  assert.deepEqual([good?.format, good?.problem], ['jsonl', undefined]);
  await assert.rejects(listInputs([join(root, 'bad.parquet')]), bad.problem);
});

test('braces', () => {
  assert.deepEqual(expandBraces('a{b,c{d,e}}f'), ['abf', 'acdf', 'acef']);
  assert.deepEqual(expandBraces('{a}{b,}{'), ['{a}b{', '{a}{']);
  assert.deepEqual(expandBraces('{,}'), ['', '']);
  assert.deepEqual(expandBraces('}{,'), ['}{,']);
});
