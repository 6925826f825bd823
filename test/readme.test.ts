/** README.md is executed: its commands in order, its examples as modules, its outputs compared with the real ones. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ERROR_CODES } from '../src/common/errors.ts';
import { runCli, TYPESCRIPT_ARGS } from './helpers/run-cli.ts';
import { runCommand } from './helpers/run-command.ts';
import { makeTempFolder } from './helpers/temp-folder.ts';

const root = fileURLToPath(new URL('../', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

interface Block {
  readonly language: string;
  readonly lines: readonly string[];
  /** Line of its first line in README.md, from 1. */
  readonly line: number;
}

/** The fenced blocks in order. */
const blocks: Block[] = [...readme.matchAll(/^```(\w*)\n([^]*?)^```$/gm)].map((match) => ({
  language: match[1] ?? '',
  lines: (match[2] ?? '').trimEnd().split('\n'),
  line: readme.slice(0, match.index).split('\n').length + 1,
}));

interface ShellCommand {
  readonly line: number;
  readonly text: string;
  /** What README.md shows as its output: the text block that follows the block that has this command alone. */
  readonly shown: readonly string[] | undefined;
}

const commands: ShellCommand[] = blocks.flatMap(({ language, lines, line }, at) => {
  if (language !== 'sh') return [];
  const next = blocks[at + 1];
  const shown = lines.length === 1 && next?.language === 'text' ? next.lines : undefined;
  return lines.map((text, i) => ({ line: line + i, text, shown }));
});

/** The words of a command as a shell makes them, double quotes included. */
function wordsOf(text: string): string[] {
  return (text.match(/(?:"[^"]*"|[^\s"])+/g) ?? []).map((word) => word.replaceAll('"', ''));
}

/** What of a printed summary does not depend on the machine and the place. */
function stableLines(lines: readonly string[]): string[] {
  return lines.filter((line) => !/^ {2}seconds |^Shards: /.test(line));
}

async function helpOf(argv: readonly string[]): Promise<string> {
  const { code, out } = await runCommand(argv);
  assert.equal(code, 0, argv.join(' '));
  return out;
}

describe('README.md', () => {
  it('has its first command before line 30', () => {
    assert.ok((commands[0]?.line ?? Infinity) < 30);
  });

  it('has only blocks that this test knows what to do with', () => {
    assert.deepEqual(
      blocks.filter(({ language }) => !['sh', 'text', 'ts'].includes(language)).map(({ line }) => line),
      [],
    );
    for (const { text, line } of commands) {
      assert.match(text, /^(metaclip|npm run) /, `line ${line}`);
      // Split below as a shell does with these characters only.
      assert.match(text, /^(?:[\w ./:=-]|"[\w {}.]*")+$/, `line ${line}`);
    }
    // Every output is compared below: with a command's, or the demo's.
    const shownCount = commands.filter(({ shown }) => shown !== undefined).length;
    assert.equal(blocks.filter(({ language }) => language === 'text').length, shownCount);
  });

  it('names scripts that package.json has', () => {
    const names = [...readme.matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] ?? '');
    assert.ok(names.includes('demo') && names.includes('verify'));
    for (const name of names) assert.ok(name in scripts, name);
  });

  it('names commands and options that the program has', async () => {
    const names = [...readme.matchAll(/metaclip ([a-z]+)\b(?= |`)/g)].map((match) => match[1] ?? '');
    const overview = await helpOf(['--help']);
    const known = [...overview.matchAll(/^ {2}([a-z]+(?: [a-z-]+)?) {2}/gm)].map((match) => match[1] ?? '');
    assert.ok(known.includes('curate') && known.length >= 7, overview);
    for (const { text } of commands.filter(({ text }) => text.startsWith('metaclip '))) {
      // A command of one word, or of two: those of a group.
      const [first = '', second = ''] = text.split(' ').slice(1);
      assert.ok(known.includes(first) || known.includes(`${first} ${second}`), text);
    }
    assert.ok(names.length > 0);

    const helps = await Promise.all(known.map((name) => helpOf([...name.split(' '), '--help'])));
    const options = new Set(
      helps.flatMap((help) => [...help.matchAll(/^ {2}.{0,4}(--[a-z-]+)/gm)].map((m) => m[1])),
    );
    for (const [option] of readme.matchAll(/(?<![\w-])--[a-z][a-z-]*/g))
      assert.ok(options.has(option), option);
  });

  it('links to files that are there', () => {
    const targets = [...readme.matchAll(/\]\(([^)#]+)/g)].map((match) => match[1] ?? '');
    const own = targets.filter((target) => !/^https?:/.test(target));
    assert.ok(own.length > 3);
    for (const target of own) assert.ok(existsSync(join(root, target)), target);
  });

  it('names only error codes that exist', () => {
    for (const [code] of readme.matchAll(/\bE_[A-Z_]+\b/g))
      assert.ok(
        ERROR_CODES.some((known) => known === code),
        code,
      );
  });
});

describe('what README.md tells to run', () => {
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  const hooks: (() => void)[] = [];

  before(() => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    environment = { METACLIP_CACHE: join(folder, 'cache') };
    mkdirSync(join(folder, 'work'));
    for (const name of ['sample', 'models']) {
      cpSync(join(root, name), join(folder, 'work', name), { recursive: true });
    }
  });
  after(() => {
    for (const hook of hooks) hook();
  });
  const work = (): string => join(folder, 'work');

  // In order: later commands go on with the runs of earlier ones.
  for (const { text, line, shown } of commands) {
    if (!text.startsWith('metaclip ')) continue;
    it(`line ${line}: ${text}`, async () => {
      const { code, stdout, stderr } = await runCli(wordsOf(text).slice(1), environment, work());
      assert.equal(code, 0, stderr);
      assert.notEqual(stdout, '');
      if (shown !== undefined) assert.deepEqual(stdout.trimEnd().split('\n'), shown);
    });
  }

  it('the demo prints what is shown', async () => {
    const demo = commands.find(({ text }) => text === 'npm run demo');
    const shown = demo?.shown ?? assert.fail('no output is shown after npm run demo');
    const script = readFileSync(join(root, 'scripts/demo.mjs'), 'utf8');
    const names = [...(/const inputs = \[([^\]]+)\]/.exec(script)?.[1] ?? '').matchAll(/'([^']+)'/g)];
    assert.equal(names.length, 3, 'the inputs of the demo');
    assert.match(script, /'curate', \.\.\.inputs, '--out', 'demo-run', '--t', '20'\]/);
    const inputs = names.map((match) => `sample/${match[1] ?? ''}`);
    const args = ['curate', ...inputs, '--out', 'demo-run', '--t', '20'];
    const { code, stdout, stderr } = await runCli(args, environment, work());
    assert.equal(code, 0, stderr);
    const printed = stdout.trimEnd().split('\n');
    assert.deepEqual(stableLines(printed), stableLines(shown));
    assert.equal(printed.length, shown.length);
    assert.match(
      shown.at(-1) ?? '',
      /^Shards: demo-run[/]curated {3}look at them: metaclip report demo-run$/,
    );
  });

  for (const { language, lines, line } of blocks) {
    if (language !== 'ts') continue;
    it(`line ${line}: the example runs and prints`, async () => {
      const example = lines.join('\n');
      const library = new URL('../src/index.ts', import.meta.url).href;
      const rewritten = example.replaceAll("from 'metaclip'", `from '${library}'`);
      assert.notEqual(rewritten, example, 'the example imports metaclip');
      const path = join(folder, `line-${line}.mts`);
      writeFileSync(path, rewritten);
      const { stdout } = await promisify(execFile)(process.execPath, [...TYPESCRIPT_ARGS, path], {
        cwd: work(),
        env: { ...process.env, ...environment },
      });
      assert.match(stdout, /\w/);
      assert.ok(!stdout.includes('undefined'), stdout);
    });
  }
});
