/**
 * Counting words and word pairs within bounded memory, of 1 GB of text unless told otherwise.
 *
 *   npm run bench:ngrams [-- MEGABYTES [MEMORY_MB]]
 *
 * First proves the answer: on a piece of the same text, with so little memory that the tables spill, words and pairs are
 * those of a Map, count for count. Then three things run over the whole text, each in a process of its own, in turn: plain
 * reading of the file in Node, the counting of words and pairs with its merge, and, on a tenth of the text, the pipeline
 * that everybody has: `tr -s ' ' '\n' | LC_ALL=C sort | uniq -c`, which counts words only, no pairs. Its rate is that of
 * the tenth, which flatters it: sorting grows faster than the text.
 *
 * The text: sentences of ten words drawn by Zipf's law (exponent 1) from two million made-up words, seeded.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { createReadStream, createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { withWorkplace } from '../../src/metadata/build-control.ts';
import { countSource } from '../../src/metadata/count-sources.ts';
import { makeReadLog } from '../../src/metadata/dumps/read-input.ts';
import { NgramCounter } from '../../src/metadata/ngrams/ngram-counter.ts';
import { forEachCount, type SortedCounts } from '../../src/metadata/ngrams/sorted-counts.ts';
import { createRandom } from '../fixtures/seeded-random.ts';
import { appendRecord } from './bench-record.ts';

const VOCABULARY = 2_000_000;
const BLOCK_SENTENCES = 20_000;
/** Frequent words are short, as in language. */
const WORDS = Array.from({ length: VOCABULARY }, (_, rank) => `w${(rank + 36).toString(36)}`);

/** Writes the text; the same for the same size. */
async function writeText(path: string, sizeBytes: number): Promise<void> {
  const random = createRandom('ngrams');
  const output = createWriteStream(path);
  let written = 0;
  while (written < sizeBytes) {
    let block = '';
    for (let sentence = 0; sentence < BLOCK_SENTENCES; sentence++) {
      for (let word = 0; word < 10; word++) {
        block += `${WORDS[random.zipf(VOCABULARY)] ?? ''} `;
      }
      block += '\n';
    }
    written += block.length;
    if (!output.write(block)) await once(output, 'drain');
  }
  output.end();
  await once(output, 'finish');
}

async function toMap(counts: SortedCounts): Promise<Map<string, number>> {
  const map = new Map<string, number>();
  await forEachCount(
    counts,
    () => Promise.resolve(),
    (record) => void map.set(record.key(), record.count),
  );
  return map;
}

/** Counts a piece both ways and compares. */
async function prove(path: string, folder: string): Promise<number> {
  let text = '';
  for await (const chunk of createReadStream(path, { end: 8 << 20, encoding: 'latin1' }))
    text += String(chunk);
  const counter = new NgramCounter({ folder, memoryBytes: 8 << 20, bigrams: true });
  const words = new Map<string, number>();
  const pairs = new Map<string, number>();
  for (const line of text.split('\n')) {
    counter.addText(line);
    let previous: string | undefined;
    for (const word of line.split(' ')) {
      if (word === '') continue;
      words.set(word, (words.get(word) ?? 0) + 1);
      if (previous !== undefined)
        pairs.set(`${previous}\t${word}`, (pairs.get(`${previous}\t${word}`) ?? 0) + 1);
      previous = word;
    }
  }
  const counts = await counter.finish(() => Promise.resolve());
  for (const [found, expected] of [
    [await toMap(counts.unigrams), words],
    [await toMap(counts.bigrams), pairs],
  ] as const) {
    const differs = [...expected].some(([key, count]) => found.get(key) !== count);
    if (differs || found.size !== expected.size) throw new Error('the counts differ from those of a Map');
  }
  if (counts.runs < 3) throw new Error('nothing spilled');
  return counts.runs;
}

/** What a child process measured of itself. */
interface Measured {
  readonly seconds: number;
  /** Of all threads: what to compare on a machine that does other work too. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
  readonly words?: number;
  readonly distinctPairs?: number;
  readonly runs?: number;
}

async function measureInChild(way: string, path: string, memoryBytes: number): Promise<Measured> {
  const start = performance.now();
  let figures = {};
  if (way === 'read') {
    let sizeBytes = 0;
    for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }))
      sizeBytes += String(chunk).length;
    if (sizeBytes === 0) throw new Error('nothing read');
  } else {
    figures = await withWorkplace(`${path}.list`, { memoryBytes }, async (place) => {
      const { counts } = await countSource({ texts: [path], isPlainText: true }, true, place, makeReadLog());
      return { words: counts.unigrams.total, distinctPairs: counts.bigrams.size, runs: counts.runs };
    });
  }
  return {
    seconds: (performance.now() - start) / 1000,
    cpuSeconds: (process.cpuUsage().user + process.cpuUsage().system) / 1e6,
    peakBytes: process.resourceUsage().maxRSS * 1024,
    ...figures,
  };
}

function runChild(way: string, path: string, memoryBytes: number): Measured {
  const self = fileURLToPath(import.meta.url);
  const args = ['--import', 'tsx', self, 'child', way, path, String(memoryBytes)];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Measured;
}

function measureSort(path: string, sizeBytes: number): { seconds: number; cpuSeconds: number } {
  const start = performance.now();
  const pipeline = `head -c ${sizeBytes} '${path}' | tr -s ' ' '\\n' | LC_ALL=C sort -S 512M | uniq -c > /dev/null; times`;
  const { status, stdout } = spawnSync('sh', ['-c', pipeline], { encoding: 'utf8' });
  if (status !== 0) throw new Error('sort failed');
  // `times` prints user and system time of the shell, then of its children: 0m1.230s 0m0.120s.
  const children = [...(stdout.split('\n')[1] ?? '').matchAll(/(\d+)m([\d.]+)s/g)];
  const cpuSeconds = children.reduce(
    (sum, [, minutes, rest]) => sum + Number(minutes) * 60 + Number(rest),
    0,
  );
  return { seconds: (performance.now() - start) / 1000, cpuSeconds };
}

async function main(megabytes: number, memoryMegabytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
  try {
    const path = join(folder, 'text.txt');
    await writeText(path, megabytes * 1e6);
    const proofRuns = await prove(path, folder);
    console.log(`proved: words and pairs of 8 MB equal those of a Map, with ${proofRuns} runs spilled`);
    const read = runChild('read', path, 0);
    const counted = runChild('count', path, memoryMegabytes * 1e6);
    const tenth = megabytes / 10;
    const sorted = measureSort(path, Math.floor(tenth * 1e6));
    const rate = megabytes / counted.seconds;
    const [readRate, sortRate] = [megabytes / read.seconds, tenth / sorted.seconds];
    const [cpuRate, sortCpuRate] = [megabytes / counted.cpuSeconds, tenth / sorted.cpuSeconds];
    console.log(
      `words and pairs of ${megabytes} MB: ${counted.seconds.toFixed(1)} s, ${rate.toFixed(1)} MB/s, ` +
        `${cpuRate.toFixed(1)} MB a CPU second, ` +
        `peak ${(counted.peakBytes / 1e6).toFixed(0)} MB with --memory ${memoryMegabytes}; ` +
        `${counted.words} words, ${counted.distinctPairs} distinct pairs, ${counted.runs} runs`,
    );
    console.log(`plain reading: ${readRate.toFixed(0)} MB/s; ${(readRate / rate).toFixed(1)} times as fast`);
    console.log(
      `sort | uniq -c, words only: ${sortRate.toFixed(1)} MB/s, ${sortCpuRate.toFixed(1)} MB a CPU second; ours takes ${(sortCpuRate / cpuRate).toFixed(1)} times the CPU time`,
    );
    appendRecord('ngrams', {
      megabytes,
      memoryMegabytes,
      seconds: counted.seconds.toFixed(1),
      megabytesPerSecond: rate.toFixed(1),
      megabytesPerCpuSecond: cpuRate.toFixed(1),
      peakMegabytes: (counted.peakBytes / 1e6).toFixed(0),
      runs: counted.runs ?? 0,
      readMegabytesPerSecond: readRate.toFixed(0),
      sortMegabytesPerSecond: sortRate.toFixed(1),
      sortMegabytesPerCpuSecond: sortCpuRate.toFixed(1),
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const [first, way = '', path = '', memory = '0'] = process.argv.slice(2);
if (first === 'child') console.log(JSON.stringify(await measureInChild(way, path, Number(memory))));
else await main(Number(first ?? 1000), Number(way === '' ? 512 : way));
