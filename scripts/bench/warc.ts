/**
 * A WARC file to pairs with their ids on one core, beside the original's way in the same run.
 *
 *   npm run bench:warc -- [--megabytes 100] [--rounds 5] [--file FILE] [--record]
 *
 * The file is made of the real pages that installed packages and documentation bring, and of galleries: pages of 60 images
 * with texts, as those packages have few. One gzip member a record; a request record before each response. First the answer
 * is proved: the pairs are those of reading every page whole with htmlparser2. The peer is a Python script with lxml's parser
 * (the original's warcio and selectolax are in no Debian package); lxml mends broken pages its own way, so its count of pairs
 * may differ by a little, which is printed.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { PairHasher } from '../../src/curation/hash-pairs.ts';
import { BATCH_ROWS, type Pair } from '../../src/curation/pair-batch.ts';
import { scanPage } from '../../src/curation/sources/html-images.ts';
import { DropLog } from '../../src/curation/sources/source.ts';
import { stripText } from '../../src/curation/sources/strip-text.ts';
import { UrlJoiner } from '../../src/curation/sources/url-join.ts';
import { readWarc } from '../../src/curation/sources/warc.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const MIN_RATIO = 5;
const root = fileURLToPath(new URL('../../', import.meta.url));

const { values } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '100' },
    rounds: { type: 'string', default: '5' },
    file: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

/** Real pages in UTF-8, by path; those over 1 MiB are cut there, as Common Crawl does. */
function readRealPages(): Buffer[] {
  const pages: Buffer[] = [];
  for (const folder of [join(root, 'node_modules'), '/usr/share/doc']) {
    if (!existsSync(folder)) continue;
    for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile() || !/\.html?$/i.test(entry.name)) continue;
      pages.push(readFileSync(join(entry.parentPath, entry.name)).subarray(0, 1 << 20));
    }
  }
  return pages;
}

function makeGallery(page: number): Buffer {
  const figures = Array.from({ length: 60 }, (_, i) => {
    const name = createHash('sha1').update(`${page} ${i}`).digest('hex').slice(0, 12);
    return (
      `<div class="card"><a href="/view/${name}.html" class="link thumb"><img class="lazy" width="320" height="240" ` +
      `src="/media/${name}-320x240.jpg" srcset="/media/${name}-640.jpg 2x" alt="Photo ${i} of the series &quot;${name}&quot;"` +
      `${i % 3 === 0 ? ` title="View ${name} in full size"` : ''}></a><p>Taken on day ${i}, seen ${i * 37} times.</p></div>`
    );
  });
  const style = '.card{display:inline-block;margin:4px}'.repeat(40);
  return Buffer.from(
    `<!doctype html><html><head><meta charset="utf-8"><title>Gallery ${page}</title><style>${style}</style></head>` +
      `<body><nav>${'<a href="/n">n</a>'.repeat(80)}</nav>${figures.join('\n')}<script>${'var a=1;'.repeat(400)}</script></body></html>`,
  );
}

/** Writes the file; gives the pages with their urls. */
function writeWarc(path: string, megabytes: number): { url: string; page: Buffer }[] {
  const real = readRealPages();
  const pages: { url: string; page: Buffer }[] = [];
  const members: Buffer[] = [];
  const addRecord = (type: string, url: string, block: Buffer): void => {
    const head = `WARC/1.0\r\nWARC-Type: ${type}\r\nWARC-Target-URI: ${url}\r\nWARC-Date: 2024-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=${type}\r\nContent-Length: ${block.length}\r\n\r\n`;
    members.push(gzipSync(Buffer.concat([Buffer.from(head), block, Buffer.from('\r\n\r\n')]), { level: 6 }));
  };
  let bytes = 0;
  for (let i = 0; bytes < megabytes * 1e6; i++) {
    const page = i % 2 === 0 ? makeGallery(i) : (real[(i >> 1) % Math.max(1, real.length)] ?? makeGallery(i));
    const url = `https://site-${i % 97}.example/folder/page-${i}.html`;
    addRecord(
      'request',
      url,
      Buffer.from(`GET /folder/page-${i}.html HTTP/1.1\r\nHost: site-${i % 97}.example\r\n\r\n`),
    );
    const http = `HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: ${page.length}\r\n\r\n`;
    addRecord('response', url, Buffer.concat([Buffer.from(http), page]));
    pages.push({ url, page });
    bytes += page.length;
  }
  writeFileSync(path, Buffer.concat(members));
  return pages;
}

/** The pairs of a page by reading it whole. */
function readSlowly(url: string, page: Buffer): string[] {
  const joiner = new UrlJoiner(url);
  const pairs: string[] = [];
  for (const { name, link, texts } of scanPage(new TextDecoder().decode(page))) {
    const href = stripText(link ?? '').replace(/[\r\n]/g, '');
    if (name !== 'img' || href === '') continue;
    for (const { value } of texts) {
      const text = stripText(value).replace(/[\r\n]/g, '');
      const joined = joiner.join(href);
      if (text !== '' && joined !== undefined) pairs.push(`${joined} ${text}`);
    }
  }
  return pairs;
}

const hasher = new PairHasher();
const uids = new Uint8Array(BATCH_ROWS * 16);
const uuids = new Uint8Array(BATCH_ROWS * 12);

async function extract(path: string, onPair?: (pair: Pair) => void): Promise<number> {
  let count = 0;
  const context = { compat: 'metaclip', drops: new DropLog(), onBytes: () => undefined } as const;
  for await (const batch of readWarc(path, context)) {
    const url = { bytes: batch.urlBytes, offsets: batch.urlOffsets };
    hasher.hash(url, { bytes: batch.textBytes, offsets: batch.textOffsets }, batch.rowCount, uids, uuids);
    count += batch.rowCount;
    if (onPair !== undefined) for (const pair of batch) onPair(pair);
  }
  return count;
}

async function startOriginal(
  path: string,
): Promise<(() => Promise<{ seconds: number; pairs: number }>) | undefined> {
  const script = fileURLToPath(new URL('original_warc.py', import.meta.url));
  const child = spawn('/usr/bin/python3', [script, path], { stdio: ['pipe', 'pipe', 'ignore'] });
  child.on('error', () => undefined);
  child.unref();
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  if ((await lines.next()).done === true) return undefined;
  return async () => {
    child.stdin.write('\n');
    const line = await lines.next();
    if (line.done === true) throw new Error('original_warc.py ended early');
    return JSON.parse(line.value) as { seconds: number; pairs: number };
  };
}

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
  try {
    const path = values.file ?? join(folder, 'bench.warc.gz');
    let rawBytes = 0;
    let pairCount: number;
    if (values.file === undefined) {
      const pages = writeWarc(path, Number(values.megabytes));
      const expected = createHash('sha256');
      for (const { url, page } of pages) {
        rawBytes += page.length;
        for (const pair of readSlowly(url, page)) expected.update(`${pair}\n`);
      }
      const got = createHash('sha256');
      pairCount = await extract(path, ({ url, text }) => got.update(`${url} ${text}\n`));
      if (got.digest('hex') !== expected.digest('hex'))
        throw new Error('pairs differ from reading pages whole');
    } else {
      pairCount = await extract(path);
    }
    const original = await startOriginal(path);
    const seconds: { ours: number[]; original: number[] } = { ours: [], original: [] };
    let originalPairs = 0;
    for (let round = 0; round < Math.max(5, Number(values.rounds)); round++) {
      const startMs = performance.now();
      if ((await extract(path)) !== pairCount) throw new Error('another number of pairs');
      seconds.ours.push((performance.now() - startMs) / 1000);
      if (original === undefined) continue;
      const answer = await original();
      seconds.original.push(answer.seconds);
      originalPairs = answer.pairs;
    }
    const machine = describeMachine();
    console.log(`${machine['cpu'] ?? ''}, Node ${machine['node'] ?? ''}, commit ${machine['commit'] ?? ''}`);
    console.log(
      `${pairCount} pairs of ${(rawBytes / 1e6).toFixed(0)} MB of pages, ids included; equal to reading each page whole`,
    );
    const rate = (name: 'ours' | 'original'): number => rawBytes / 1e6 / median(seconds[name]);
    console.log(
      `  ours      ${median(seconds.ours).toFixed(2).padStart(6)} s  ${rate('ours').toFixed(0)} MB/s of pages`,
    );
    if (original === undefined) {
      console.log('  no comparison: /usr/bin/python3 with lxml is missing (apt-get install python3-lxml)');
      return;
    }
    const ratio = median(seconds.original) / median(seconds.ours);
    console.log(
      `  original  ${median(seconds.original).toFixed(2).padStart(6)} s  ${rate('original').toFixed(0)} MB/s (lxml; ${originalPairs} pairs)`,
    );
    console.log(`  ours / original ${ratio.toFixed(1)} (at least ${MIN_RATIO})`);
    if (values.file === undefined && Math.abs(originalPairs - pairCount) > pairCount * 0.01)
      throw new Error('the original found other pairs');
    if (ratio < MIN_RATIO) process.exitCode = 1;
    if (values.record) {
      console.log(
        `recorded in ${appendRecord('warc', { pairs: pairCount, page_bytes: rawBytes, ours_s: median(seconds.ours).toFixed(2), original_s: median(seconds.original).toFixed(2), ratio: ratio.toFixed(1) })}`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

await main();
process.exit();
