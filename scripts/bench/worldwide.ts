/**
 * How fast texts are matched by the worldwide rule on one core, beside the original's way in the same run.
 *
 *   npm run bench:worldwide -- [--entries 300000] [--rounds 5] [--record] [--list FILE --texts FILE]
 *
 * Lists and texts are generated, one of each for Chinese, Thai and Korean: words of one to four characters (Thai: three to seven)
 * out of the script's real ones, drawn by Zipf's law; texts of 20 words, of which a third are of no entry, and some Latin between.
 * Or they are given, as files of one entry and one text a line. In every round the ids of all texts are proved equal to those
 * that the original finds.
 *
 * More than one entry ends at each character of the generated Chinese and Thai. So it is in earnest: with the 348,982 words of a
 * Chinese dictionary as list, and a novel as text, 1.1 do.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildWorldwideAutomaton } from '../../src/curation/match/worldwide/worldwide-automaton.ts';
import {
  shareWorldwideAutomaton,
  WorldwideBatchMatcher,
} from '../../src/curation/match/worldwide/worldwide-batch-matcher.ts';
import type { TextColumn } from '../../src/curation/match/row-matcher.ts';
import { createEntryList } from '../../src/metadata/entry-list.ts';
import { createRandom } from '../fixtures/seeded-random.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const MIN_RATIO = 8;
const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '5' },
    record: { type: 'boolean', default: false },
    list: { type: 'string' },
    texts: { type: 'string' },
  },
});

const TEXTS = 20_000;

/** How a language is made up: first and last character, characters used, how words are put together. */
const LANGUAGES = {
  Chinese: { first: 0x4e00, count: 3000, gap: '' },
  Thai: { first: 0x0e01, count: 46, gap: '' },
  Korean: { first: 0xac00, count: 2000, gap: ' ' },
} as const;

/** A list in order, and texts. */
interface Corpus {
  readonly entries: readonly string[];
  readonly texts: readonly string[];
}

function makeCorpus(
  { first, count, gap }: (typeof LANGUAGES)[keyof typeof LANGUAGES],
  entryCount: number,
): Corpus {
  const random = createRandom(7);
  const draw = (limit: number): number => Math.floor(limit ** random.next()) - 1;
  const makeWord = (): string => {
    const length = count < 100 ? 3 + Math.floor(random.next() * 5) : 1 + Math.floor(random.next() * 4);
    return Array.from({ length }, () => String.fromCodePoint(first + draw(count + 1))).join('');
  };
  const entries = new Set<string>();
  while (entries.size < entryCount) entries.add(makeWord());
  const list = [...entries];
  const texts = Array.from({ length: TEXTS }, () =>
    Array.from({ length: 20 }, () => {
      const kind = random.next();
      if (kind < 0.05) return ' photo 2024, ';
      return kind < 0.35 ? makeWord() : (list[draw(list.length + 1)] ?? '');
    }).join(gap),
  );
  return { entries: list, texts };
}

function makeColumn(texts: readonly string[]): TextColumn {
  const parts = texts.map((text) => Buffer.from(text));
  const textOffsets = new Int32Array(texts.length + 1);
  for (const [row, part] of parts.entries()) textOffsets[row + 1] = (textOffsets[row] ?? 0) + part.length;
  return { rowCount: texts.length, textOffsets, textBytes: Buffer.concat(parts) };
}

/** SHA-256 over the ids of every text, comma-separated, a line each. */
function digestAll(matcher: WorldwideBatchMatcher, column: TextColumn): string {
  const hash = createHash('sha256');
  for (let row = 0; row < column.rowCount; row++) {
    const count = matcher.matchRow(column, row);
    hash.update(`${matcher.ids.subarray(matcher.idStart, matcher.idStart + count).join(',')}\n`);
  }
  return hash.digest('hex');
}

function* corpora(): Generator<[string, Corpus]> {
  const { list, texts } = values;
  if (list !== undefined && texts !== undefined) {
    const linesOf = (path: string): string[] => readFileSync(path, 'utf8').split('\n').filter(Boolean);
    yield ['files', { entries: linesOf(list), texts: linesOf(texts) }];
    return;
  }
  const entryCount = Number(values.entries);
  for (const language of ['Chinese', 'Thai', 'Korean'] as const) {
    yield [language, makeCorpus(LANGUAGES[language], entryCount)];
  }
}

interface Round {
  readonly seconds: number;
  readonly matches: number;
  readonly digest: string;
}

async function startOriginal(
  listPath: string,
  textsPath: string,
): Promise<(() => Promise<Round>) | undefined> {
  const script = fileURLToPath(new URL('original_worldwide.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, listPath, textsPath], {
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  child.on('error', () => undefined);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).done === true) return undefined;
  return async () => {
    child.stdin.write('\n');
    const line = await lines.next();
    if (line.done === true) throw new Error('original_worldwide.py ended early');
    return JSON.parse(line.value) as Round;
  };
}

async function measure(name: string, { entries, texts }: Corpus, folder: string): Promise<boolean> {
  const listPath = join(folder, 'list.json');
  const textsPath = join(folder, 'texts.json');
  writeFileSync(listPath, JSON.stringify(entries));
  writeFileSync(textsPath, JSON.stringify(texts));
  const buildStartMs = performance.now();
  const automaton = buildWorldwideAutomaton(createEntryList(entries, name), 'metaclip');
  const buildSeconds = (performance.now() - buildStartMs) / 1000;
  const matcher = new WorldwideBatchMatcher(shareWorldwideAutomaton(automaton));
  const column = makeColumn(texts);
  const megabytes = (column.textOffsets[texts.length] ?? 0) / 1e6;
  const matchAll = (): number => {
    let matches = 0;
    for (let row = 0; row < column.rowCount; row++) matches += matcher.matchRow(column, row);
    return matches;
  };
  const original = await startOriginal(listPath, textsPath);
  const ours: number[] = [];
  const theirs: number[] = [];
  const expected = matchAll();
  const digest = digestAll(matcher, column);
  for (let round = 0; round < Math.max(5, Number(values.rounds)); round++) {
    const startMs = performance.now();
    if (matchAll() !== expected) throw new Error('another number of matches');
    ours.push((performance.now() - startMs) / 1000);
    if (original === undefined) continue;
    const answer = await original();
    if (answer.matches !== expected || answer.digest !== digest)
      throw new Error(`${name}: ${expected} matches, the original found ${answer.matches}, or others`);
    theirs.push(answer.seconds);
  }
  const rate = megabytes / median(ours);
  const line = `${name.padEnd(8)} ${entries.length} entries, ${(expected / texts.length).toFixed(1)} matches a text, ${megabytes.toFixed(1)} MB: ours ${rate.toFixed(1)} MB/s, built in ${buildSeconds.toFixed(1)} s`;
  if (original === undefined) {
    console.log(
      `${line}; no comparison: /usr/bin/python3 with ahocorasick is missing (apt-get install python3-ahocorasick)`,
    );
    return true;
  }
  const ratio = median(theirs) / median(ours);
  console.log(
    `${line}; original ${(megabytes / median(theirs)).toFixed(1)} MB/s; ours / original ${ratio.toFixed(1)} (at least ${MIN_RATIO})`,
  );
  if (values.record) {
    appendRecord('worldwide', {
      language: name,
      entries: entries.length,
      ours_mb_per_s: rate.toFixed(1),
      original_mb_per_s: (megabytes / median(theirs)).toFixed(2),
      ratio: ratio.toFixed(1),
    });
  }
  return ratio >= MIN_RATIO;
}

const machine = describeMachine();
console.log(
  `${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}, one thread`,
);
const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
let isEnough = true;
for (const [name, corpus] of corpora()) {
  if (!(await measure(name, corpus, folder))) isEnough = false;
}
rmSync(folder, { recursive: true });
process.exit(isEnough ? 0 : 1);
