/**
 * The committed sample is what its README says, can be read by readers that are not ours, and can be made again; and
 * the generators of benchmark inputs write what they promise.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { buildSample, describeTools } from '../scripts/fixtures/build-sample.ts';
import { createRandom } from '../scripts/fixtures/seeded-random.ts';
import { generateCaptionRows } from '../scripts/bench/synthetic-captions.ts';
import { generateWatRecords } from '../scripts/bench/synthetic-wat.ts';

const SAMPLE = new URL('../sample/', import.meta.url);
const README = readFileSync(new URL('README.md', SAMPLE), 'utf8');
const FOLDER_LIMIT_BYTES = 1_500_000;

interface ListedFile {
  readonly name: string;
  readonly sizeBytes: number;
  readonly recordCount: number;
  readonly textCount: number;
  readonly sha256: string;
}

/** Rows of the table of files in the README. */
const listed: ListedFile[] = [
  ...README.matchAll(/^\| (\S+) +\| (\d+) +\| (\d+) +\| (\d+) +\| ([0-9a-f]{64}) \|$/gm),
].map((match) => ({
  name: match[1]!,
  sizeBytes: Number(match[2]),
  recordCount: Number(match[3]),
  textCount: Number(match[4]),
  sha256: match[5]!,
}));

function listedFile(name: string): ListedFile {
  const file = listed.find((candidate) => candidate.name === name);
  assert.ok(file, `sample/README.md does not list ${name}`);
  return file;
}

function readSample(name: string): Buffer {
  return readFileSync(new URL(name, SAMPLE));
}

/** Splits a file at the headers that the sample's gzip members all have; a chance hit would change the counts below. */
function splitMembers(file: Buffer): Buffer[] {
  const header = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255]);
  const starts: number[] = [];
  for (let at = file.indexOf(header); at >= 0; at = file.indexOf(header, at + 1)) starts.push(at);
  return starts.map((start, index) => file.subarray(start, starts[index + 1] ?? file.length));
}

/** A WARC record taken apart the simple way; fails where header and block contradict each other. */
function parseRecord(record: Buffer): { type: string; url: string; block: Buffer } {
  const headEnd = record.indexOf('\r\n\r\n');
  const head = record.subarray(0, headEnd).toString('utf8');
  assert.match(head, /^WARC\/1\.0\r\n/);
  const length = Number(/\r\nContent-Length: (\d+)/.exec(head)?.[1]);
  const block = record.subarray(headEnd + 4, headEnd + 4 + length);
  assert.equal(record.subarray(headEnd + 4 + length).toString('latin1'), '\r\n\r\n');
  return {
    type: /\r\nWARC-Type: (\S+)/.exec(head)?.[1] ?? '',
    url: /\r\nWARC-Target-URI: (\S+)/.exec(head)?.[1] ?? '',
    block,
  };
}

/** Texts of the image links of a WAT record. */
function countImageTexts(json: unknown): { images: number; links: number; texts: number } {
  const found = { images: 0, links: 0, texts: 0 };
  const html = dig(json, [
    'Envelope',
    'Payload-Metadata',
    'HTTP-Response-Metadata',
    'HTML-Metadata',
    'Links',
  ]);
  for (const link of Array.isArray(html) ? (html as unknown[]) : []) {
    found.links++;
    if (dig(link, ['path']) !== 'IMG@/src') continue;
    found.images++;
    for (const key of ['alt', 'title', 'data-image-title']) {
      const text = dig(link, [key]);
      if (typeof text === 'string' && text.trim() !== '') found.texts++;
    }
  }
  return found;
}

function dig(value: unknown, path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = new Map<string, unknown>(Object.entries(at)).get(key);
  }
  return at;
}

describe('sample folder', () => {
  it('lists every file that is there, with its size and checksum', () => {
    const present = readdirSync(SAMPLE).filter((name) => !name.endsWith('.md'));
    assert.deepEqual(listed.map(({ name }) => name).sort(), present.sort());
    for (const file of listed) {
      const bytes = readSample(file.name);
      assert.equal(bytes.length, file.sizeBytes, file.name);
      assert.equal(createHash('sha256').update(bytes).digest('hex'), file.sha256, file.name);
    }
  });

  it('stays small', () => {
    const sizes = readdirSync(SAMPLE).map((name) => statSync(new URL(name, SAMPLE)).size);
    assert.ok(sizes.reduce((sum, size) => sum + size, 0) < FOLDER_LIMIT_BYTES);
  });

  it('names the licence of every source and carries its text', () => {
    const licences = readFileSync(new URL('LICENSES.md', SAMPLE), 'utf8');
    for (const name of ['WordNet', 'Unicode', 'unicode-emoji-json']) assert.ok(README.includes(name), name);
    for (const holder of ['Princeton University', 'Unicode, Inc.', 'Mu-An Chiou']) {
      assert.ok(licences.includes(holder), holder);
    }
  });
});

describe('sample WAT file', () => {
  const file = listedFile('articles.warc.wat.gz');
  const records = splitMembers(readSample(file.name)).map((member) => parseRecord(gunzipSync(member)));

  it('holds the stated records and texts, with exactly one whose JSON is broken', () => {
    assert.equal(records.length, file.recordCount);
    let texts = 0;
    let broken = 0;
    for (const { block } of records.slice(1)) {
      try {
        texts += countImageTexts(JSON.parse(block.toString('utf8'))).texts;
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
        broken++;
      }
    }
    assert.equal(broken, 1);
    assert.equal(texts, file.textCount);
  });

  it('describes requests, responses and crawler notes', () => {
    const kinds = new Set<string>();
    for (const { block } of records.slice(1)) {
      const type = /"WARC-Type":"(\w+)"/.exec(block.toString('utf8'))?.[1];
      if (type !== undefined) kinds.add(type);
    }
    assert.deepEqual([...kinds].sort(), ['metadata', 'request', 'response', 'warcinfo']);
  });
});

describe('sample WARC file', () => {
  const file = listedFile('gallery.warc.gz');

  it('holds the stated records, with exactly one member that cannot be inflated', () => {
    const members = splitMembers(readSample(file.name));
    assert.equal(members.length, file.recordCount);
    const types: Record<string, number> = {};
    let damaged = 0;
    for (const member of members) {
      let bytes: Buffer;
      try {
        bytes = gunzipSync(member);
      } catch {
        damaged++;
        continue;
      }
      const { type } = parseRecord(bytes);
      types[type] = (types[type] ?? 0) + 1;
    }
    assert.equal(damaged, 1);
    assert.equal(types['warcinfo'], 1);
    // The damaged member is a response.
    assert.equal(types['request'], (types['response'] ?? 0) + 1);
    assert.equal(types['metadata'], types['request']);
  });

  it('stores bodies plain, gzipped, chunked and both, and answers that are no page', () => {
    const seen = new Set<string>();
    for (const member of splitMembers(readSample(file.name))) {
      let text: string;
      try {
        text = gunzipSync(member).toString('latin1');
      } catch {
        continue;
      }
      if (!text.includes('WARC-Type: response')) continue;
      const head = text.slice(0, text.indexOf('\r\n\r\n', text.indexOf('HTTP/1.1 ')));
      const coding = `${/Content-Encoding: (\w+)/.exec(head)?.[1] ?? 'plain'} ${/Transfer-Encoding: (\w+)/.exec(head)?.[1] ?? 'whole'}`;
      seen.add(coding);
      seen.add(/content-type: (\S+)/i.exec(head.slice(head.indexOf('HTTP/1.1 ')))?.[1] ?? '');
    }
    for (const wanted of ['plain whole', 'gzip whole', 'plain chunked', 'gzip chunked', 'application/json']) {
      assert.ok(seen.has(wanted), wanted);
    }
  });
});

describe('sample caption pool', () => {
  const file = listedFile('captions.parquet');
  const path = fileURLToPath(new URL(file.name, SAMPLE));

  it('is read by hyparquet with the stated columns and rows', async () => {
    const buffer = await asyncBufferFromFile(path);
    const metadata = await parquetMetadataAsync(buffer);
    assert.deepEqual(
      metadata.schema.slice(1).map(({ name, converted_type }) => [name, converted_type]),
      [
        ['url', 'UTF8'],
        ['caption', 'UTF8'],
      ],
    );
    assert.equal(Number(metadata.num_rows), file.recordCount);
    assert.ok(metadata.row_groups.length > 1);
    const rows = await parquetReadObjects({ file: buffer, compressors });
    assert.equal(rows.length, file.recordCount);
    let texts = 0;
    let missing = 0;
    let blank = 0;
    for (const { url, caption } of rows as { url: unknown; caption: string | null | undefined }[]) {
      assert.match(String(url), /^https:\/\//);
      if (caption === null || caption === undefined) missing++;
      else if (caption.trim() === '') blank++;
      else texts++;
    }
    assert.equal(texts, file.textCount);
    assert.ok(missing > 0 && blank > 0);
  });
});

describe('making the sample', () => {
  it('gives the committed bytes, and the same ones twice', async (context) => {
    const first = await buildSample();
    if (typeof first === 'string') {
      context.skip(`${first} is not installed`);
      return;
    }
    const second = await buildSample();
    assert.ok(typeof second !== 'string');
    const digests = (files: typeof first): string[][] =>
      files.map(({ name, bytes }) => [name, createHash('sha256').update(bytes).digest('hex')]);
    assert.deepEqual(digests(second), digests(first));

    const madeWith = /^Made with: (.*)$/m.exec(README)?.[1];
    if (madeWith !== describeTools()) {
      context.skip(`the sample was made with ${String(madeWith)}, this is ${describeTools()}`);
      return;
    }
    assert.deepEqual(
      digests(first),
      listed.map(({ name, sha256 }) => [name, sha256]),
    );
  });
});

describe('random streams', () => {
  it('depend on the seed alone, and forks do not disturb each other', () => {
    const take = (seed: string): number[] => {
      const random = createRandom(seed);
      return Array.from({ length: 5 }, () => random.next());
    };
    assert.deepEqual(take('a'), take('a'));
    assert.notDeepEqual(take('a'), take('b'));
    const parent = createRandom('a');
    parent.fork('x').next();
    assert.equal(parent.next(), take('a')[0]);
  });

  it('stay in range', () => {
    const random = createRandom(7);
    for (let draw = 0; draw < 10_000; draw++) {
      const number = random.next();
      assert.ok(number >= 0 && number < 1);
      const rank = random.zipf(13);
      assert.ok(Number.isInteger(rank) && rank >= 0 && rank < 13, String(rank));
    }
    assert.throws(() => random.pick([]), RangeError);
  });

  it('draw ranks by Zipf: rank 0 about as often as its share says', () => {
    const random = createRandom('zipf');
    const draws = 20_000;
    let first = 0;
    for (let draw = 0; draw < draws; draw++) if (random.zipf(1000) === 0) first++;
    const expected = draws * (Math.log(2) / Math.log(1001));
    assert.ok(Math.abs(first - expected) < 5 * Math.sqrt(expected), `${first} of ${expected} expected`);
  });
});

describe('benchmark inputs', () => {
  const vocabulary = ['the', 'red', 'fox', 'coffee table', 'Åland', 'U.S.', 'logo', 'of', 'and', 'river'];

  it('WAT records parse, and the stated numbers of links and images are in them', () => {
    const records = [...generateWatRecords(3, { vocabulary, pageCount: 120 })];
    assert.equal(records.length, 1 + 3 * 120);
    let texts = 0;
    let images = 0;
    let links = 0;
    let escaped = 0;
    for (const [index, record] of records.entries()) {
      const { block } = parseRecord(record.bytes);
      if (index === 0) continue;
      const [, target = ''] = /WARC-Target-URI: (\S+)/.exec(record.bytes.toString('utf8')) ?? [];
      assert.match(target, /^https:\/\/[a-z0-9.-]+\.example\/[^:]+$/);
      const found = countImageTexts(JSON.parse(block.toString('utf8')));
      assert.equal(found.links, record.linkCount);
      assert.equal(found.images, record.imageCount);
      links += found.links;
      images += found.images;
      texts += found.texts;
      if (block.includes('\\/')) escaped++;
    }
    assert.ok(links > 120 * 50, `${links} links`);
    assert.ok(images / links > 0.12 && images / links < 0.17, `${images} of ${links}`);
    assert.ok(texts > images * 0.6);
    assert.ok(escaped > 0 && escaped < 40);
  });

  it('stop at the first page past the wanted bytes, and are equal for equal seeds', () => {
    const bytes = (seed: number): Buffer =>
      Buffer.concat(
        [...generateWatRecords(seed, { vocabulary, rawBytes: 200_000 })].map((record) => record.bytes),
      );
    const first = bytes(1);
    assert.ok(first.length >= 200_000);
    assert.ok(first.equals(bytes(1)));
    assert.ok(!first.equals(bytes(2)));
  });

  it('caption rows are as many as asked for, never blank, repeated at the given rate', () => {
    const rows = [...generateCaptionRows(5, { vocabulary, rowCount: 4000, duplicateShare: 0.1 })];
    assert.equal(rows.length, 4000);
    assert.ok(rows.every(({ url, caption }) => url.startsWith('https://') && caption.trim() !== ''));
    const distinct = new Set(rows.map(({ url, caption }) => `${url} ${caption}`)).size;
    assert.ok(distinct > 3500 && distinct < 3700, String(distinct));
    assert.deepEqual(rows.slice(0, 50), [
      ...generateCaptionRows(5, { vocabulary, rowCount: 50, duplicateShare: 0.1 }),
    ]);
    const english = [...generateCaptionRows(5, { vocabulary, rowCount: 200, englishShare: 1 })];
    assert.ok(english.every(({ caption }) => !/[а-яぁ-ん]/.test(caption)));
  });
});
