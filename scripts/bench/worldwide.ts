/**
 * How fast texts are matched by the worldwide rule on one core, beside the original's way in the same run.
 *
 *   npm run bench:worldwide -- [--entries 300000] [--rounds 5] [--record]
 *
 * Lists and texts are generated, one of each for Chinese, Thai and Korean: words of one to four syllables out of the
 * script's real characters, drawn by Zipf's law; texts of 20 words, of which a third are of no entry, and some Latin between.
 * Real lists have more words in common with the texts' grammar. First the number of matches is proved equal, in every round.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
const TEXTS = 20_000;
const { values } = parseArgs({
  options: {
    entries: { type: 'string', default: '300000' },
    rounds: { type: 'string', default: '5' },
    record: { type: 'boolean', default: false },
  },
});

/** How a language is made up: first and last character, characters used, how words are put together. */
const LANGUAGES = {
  Chinese: { first: 0x4e00, count: 3000, gap: '' },
  Thai: { first: 0x0e01, count: 46, gap: '' },
  Korean: { first: 0xac00, count: 2000, gap: ' ' },
} as const;

function makeCorpus(
  { first, count, gap }: (typeof LANGUAGES)[keyof typeof LANGUAGES],
  entryCount: number,
): { entries: string[]; texts: string[] } {
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

interface Round {
  readonly seconds: number;
  readonly matches: number;
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

async function measure(language: keyof typeof LANGUAGES, folder: string): Promise<boolean> {
  const { entries, texts } = makeCorpus(LANGUAGES[language], Number(values.entries));
  const listPath = join(folder, `${language}.list.json`);
  const textsPath = join(folder, `${language}.texts.json`);
  writeFileSync(listPath, JSON.stringify(entries));
  writeFileSync(textsPath, JSON.stringify(texts));
  const buildStartMs = performance.now();
  const automaton = buildWorldwideAutomaton(createEntryList(entries, language), 'metaclip');
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
  for (let round = 0; round < Math.max(5, Number(values.rounds)); round++) {
    const startMs = performance.now();
    if (matchAll() !== expected) throw new Error('another number of matches');
    ours.push((performance.now() - startMs) / 1000);
    if (original === undefined) continue;
    const answer = await original();
    if (answer.matches !== expected)
      throw new Error(`${language}: ${expected} matches, the original found ${answer.matches}`);
    theirs.push(answer.seconds);
  }
  const rate = megabytes / median(ours);
  const line = `${language.padEnd(8)} ${entries.length} entries, ${megabytes.toFixed(1)} MB, ${expected} matches: ours ${rate.toFixed(1)} MB/s, built in ${buildSeconds.toFixed(1)} s`;
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
      language,
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
for (const language of ['Chinese', 'Thai', 'Korean'] as const) {
  if (!(await measure(language, folder))) isEnough = false;
}
rmSync(folder, { recursive: true });
process.exit(isEnough ? 0 : 1);
