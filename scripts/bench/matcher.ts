/**
 * How fast texts are matched on one core, beside the original's way in the same run.
 *
 *   npx tsx scripts/bench/matcher.ts [--rounds 9] [--record]
 *
 * First the ids of all 29,824 reference captions are proved equal to the reference's and to what the original's way gives
 * here; then rounds of both take turns, so that whatever else the machine does hits both. Every round's answer is
 * checked by its total. Beside it stands the limit: the same texts against an automaton of one entry that no text has, which
 * is tokenising and hashing with look-ups that cost nothing, and what two threads do together, each with all the texts. `--record` appends the figures to records/matcher.csv.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { gunzipSync } from 'node:zlib';
import { buildAutomaton } from '../../src/curation/match/build-automaton.ts';
import { BatchMatcher } from '../../src/curation/match/batch-matcher.ts';
import type { TextColumn } from '../../src/curation/match/row-matcher.ts';
import { type MatcherMemory, shareAutomaton } from '../../src/curation/match/matcher-memory.ts';
import { createEntryList } from '../../src/metadata/entry-list.ts';
import { loadEntries } from '../../src/metadata/entries.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const MIN_RATIO = 12;
const MIN_RATIO_OF_TWO = 20;
const WORKERS = 2;
/** Passes that are timed together. */
const PASSES = 6;
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '9' }, record: { type: 'boolean', default: false } },
});

function readTexts(path: string): TextColumn {
  const encoder = new TextEncoder();
  const parts = gunzipSync(readFileSync(path))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => encoder.encode((JSON.parse(line) as { text: string }).text));
  const offsets = new Int32Array(parts.length + 1);
  for (const [row, part] of parts.entries()) offsets[row + 1] = (offsets[row] ?? 0) + part.length;
  const bytes = new Uint8Array((offsets[parts.length] ?? 0) + 16);
  for (const [row, part] of parts.entries()) bytes.set(part, offsets[row]);
  return { rowCount: parts.length, textBytes: bytes, textOffsets: offsets };
}

/** One pass over all texts: total of matches. */
function matchAll(matcher: BatchMatcher, texts: TextColumn): number {
  let total = 0;
  for (let row = 0; row < texts.rowCount; row++) total += matcher.matchRow(texts, row);
  return total;
}

/** SHA-256 over the ids of every text, comma-separated, a line each. */
function digestAll(matcher: BatchMatcher, texts: TextColumn): string {
  const hash = createHash('sha256');
  for (let row = 0; row < texts.rowCount; row++) {
    const count = matcher.matchRow(texts, row);
    hash.update(`${matcher.ids.subarray(matcher.idStart, matcher.idStart + count).join(',')}\n`);
  }
  return hash.digest('hex');
}

/** Threads that match at the same time. */
class Workers {
  readonly #workers: readonly Worker[];

  constructor(count: number, memory: MatcherMemory, texts: TextColumn) {
    const file = new URL('start-matcher-worker.mjs', import.meta.url);
    this.#workers = Array.from({ length: count }, () => new Worker(file, { workerData: { memory, texts } }));
  }

  /** Lets each make as many passes over all texts; gives the seconds for one of all threads together. */
  async round(passes: number, expected: number): Promise<number> {
    const start = performance.now();
    const totals = await Promise.all(
      this.#workers.map(async (worker) => {
        worker.postMessage(passes);
        const [total] = (await once(worker, 'message')) as [number];
        return total;
      }),
    );
    const seconds = (performance.now() - start) / 1000;
    for (const total of totals) {
      if (total !== passes * expected) throw new Error(`${total} matches, expected ${passes * expected}`);
    }
    return seconds / passes / this.#workers.length;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

/** What original_matcher.py answers. */
interface OriginalRound {
  readonly seconds: number;
  readonly matches: number;
  readonly digest: string;
  readonly peakMemoryMb: number;
}

/** The original's way, in a process of its own that does a round when told. */
class Original {
  readonly buildSeconds: number;
  readonly #child: ReturnType<typeof spawn>;
  readonly #lines: AsyncIterator<string>;

  private constructor(child: ReturnType<typeof spawn>, lines: AsyncIterator<string>, ready: string) {
    this.#child = child;
    this.#lines = lines;
    this.buildSeconds = (JSON.parse(ready) as { buildSeconds: number }).buildSeconds;
  }

  /** Gives undefined, and says what is missing, where Python or its package is absent. */
  static async start(metadata: string, captions: string): Promise<Original | undefined> {
    const script = fileURLToPath(new URL('original_matcher.py', import.meta.url));
    const child = spawn('/usr/bin/python3', [script, metadata, captions], {
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    child.on('error', () => undefined);
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const ready = await lines.next();
    return ready.done === true ? undefined : new Original(child, lines, ready.value);
  }

  async round(): Promise<OriginalRound> {
    this.#child.stdin?.write('\n');
    const line = await this.#lines.next();
    if (line.done === true) throw new Error('original_matcher.py ended early');
    return JSON.parse(line.value) as OriginalRound;
  }

  stop(): void {
    this.#child.stdin?.end();
  }
}

async function main(): Promise<void> {
  if (skipWithoutReference !== false) throw new Error(skipWithoutReference);
  const rounds = Math.max(5, Number(values.rounds));
  const captionsPath = referencePath('captions/captions.jsonl.gz');
  const metadataPath = referencePath('captions/metadata_500k.json.gz');
  const list = await loadEntries(metadataPath);
  const texts = readTexts(captionsPath);
  const textCount = texts.rowCount;
  const megabytes = (texts.textOffsets[textCount] ?? 0) / 1e6;
  const automaton = buildAutomaton(list, 'metaclip');
  const memory = shareAutomaton(automaton);
  const matcher = new BatchMatcher(memory);

  // The answer first.
  const expectedIds = gunzipSync(readFileSync(referencePath('captions/matches.jsonl.gz')))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => (JSON.parse(line) as { entry_ids: number[] }).entry_ids);
  const expectedTotal = expectedIds.reduce((sum, ids) => sum + ids.length, 0);
  const expectedDigest = createHash('sha256')
    .update(expectedIds.map((ids) => `${ids.join(',')}\n`).join(''))
    .digest('hex');
  if (digestAll(matcher, texts) !== expectedDigest) throw new Error('ids differ from the reference');

  const original = await Original.start(metadataPath, captionsPath);
  if (original === undefined) {
    console.log(
      'no comparison: /usr/bin/python3 with ahocorasick is missing (apt-get install python3-ahocorasick)',
    );
  }
  const limitList = createEntryList(['\u0001'], 'limit');
  const limitMatcher = new BatchMatcher(shareAutomaton(buildAutomaton(limitList, 'metaclip')));
  const workers = new Workers(WORKERS, memory, texts);
  const seconds: Record<'ours' | 'two' | 'limit' | 'original', number[]> = {
    ours: [],
    two: [],
    limit: [],
    original: [],
  };
  let originalMemoryMb = 0;
  for (let warmUp = 0; warmUp < 5; warmUp++) {
    matchAll(matcher, texts);
    matchAll(limitMatcher, texts);
    await workers.round(1, expectedTotal);
  }
  for (let round = 0; round < rounds; round++) {
    if (original !== undefined) {
      const answer = await original.round();
      if (answer.digest !== expectedDigest) throw new Error('the original gives other ids');
      seconds.original.push(answer.seconds);
      originalMemoryMb = answer.peakMemoryMb;
    }
    seconds.ours.push(timePass(() => matchAll(matcher, texts), expectedTotal));
    seconds.limit.push(timePass(() => matchAll(limitMatcher, texts), 0));
    seconds.two.push(await workers.round(2 * PASSES, expectedTotal));
  }
  original?.stop();
  await workers.stop();

  const rate = (name: keyof typeof seconds): number => megabytes / median(seconds[name]);
  const ratio = rate('ours') / rate('original');
  const ratioOfTwo = rate('two') / rate('original');
  const machine = describeMachine();
  console.log(
    `${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}, one thread but where it says two`,
  );
  console.log(
    `${textCount} captions, ${megabytes.toFixed(2)} MB, ${list.entries.length} entries, ${expectedTotal} matches,`,
  );
  console.log(`ids equal to the reference; medians of ${rounds} rounds`);
  const line = (name: string, key: keyof typeof seconds, note: string): void => {
    const textsPerSecond = Math.round(textCount / median(seconds[key]));
    console.log(
      `  ${name.padEnd(10)} ${rate(key).toFixed(1).padStart(6)} MB/s ${String(textsPerSecond).padStart(8)} texts/s  ${note}`,
    );
  };
  line('ours', 'ours', `${(automaton.sizeBytes / 2 ** 20).toFixed(1)} MiB automaton, shared by all threads`);
  if (original !== undefined)
    line(
      'original',
      'original',
      `${originalMemoryMb} MB process, built in ${original.buildSeconds.toFixed(1)} s`,
    );
  line('limit', 'limit', 'tokenised and hashed, tables of one entry');
  line('two', 'two', `${WORKERS} threads, ${(rate('two') / rate('ours')).toFixed(2)} times one`);
  if (original !== undefined) {
    console.log(
      `  ours / original ${ratio.toFixed(1)} (at least ${MIN_RATIO}), two threads ${ratioOfTwo.toFixed(1)} (at least ${MIN_RATIO_OF_TWO}), ours / limit ${(rate('ours') / rate('limit')).toFixed(2)}`,
    );
    if (ratio < MIN_RATIO || ratioOfTwo < MIN_RATIO_OF_TWO) process.exitCode = 1;
  }
  if (values.record) {
    const path = appendRecord('matcher', {
      texts: textCount,
      entries: list.entries.length,
      ours_mb_per_s: rate('ours').toFixed(1),
      original_mb_per_s: original === undefined ? '' : rate('original').toFixed(2),
      ratio: original === undefined ? '' : ratio.toFixed(1),
      limit_mb_per_s: rate('limit').toFixed(1),
      automaton_bytes: automaton.sizeBytes,
      two_threads_mb_per_s: rate('two').toFixed(1),
    });
    console.log(`recorded in ${path}`);
  }
}

/**
 * Seconds of one pass, as the mean of as many as take about as long as one of the original's; a pass before them is not
 * timed, since the caches hold the other process's data then.
 */
function timePass(pass: () => number, expected: number): number {
  pass();
  const start = performance.now();
  for (let done = 0; done < PASSES; done++) {
    const total = pass();
    if (total !== expected) throw new Error(`${total} matches, expected ${expected}`);
  }
  return (performance.now() - start) / 1000 / PASSES;
}

await main();
