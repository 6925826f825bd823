/** Inputs plain, gzipped and bzipped, whole and damaged, in chunks of any size. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readBzip2 } from '../../../src/metadata/dumps/bzip2.ts';
import { dateInName, makeReadLog, readInput } from '../../../src/metadata/dumps/read-input.ts';
import { decodeText, splitLines } from '../../../src/metadata/dumps/text-blocks.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

/** Three bzip2 streams one behind the other, made with Python's bz2. */
const MULTISTREAM = Buffer.from(
  'QlpoOTFBWSZTWYJ2hskAAALZgAAQUAAAFyavAMAgACKA9TQZqeoU0yMTExBwtGHawc3Yn2RBW1JfF3JFOFCQgnaGyUJaaDkxQVkmU1nhZJJmAAAo' +
    'VYwAEEAAAQAKQAgAAAQIACAAVEGTEBSpBtGvhNVHmCYJsTBOCcE8XckU4UJDhZJJmEJaaDkxQVkmU1ntvnOqAAABWYAAEAAAgAUmKgCAIAAiBoaa' +
    'CAaaaAJLFJda7xdyRThQkO2+c6o=',
  'base64',
);
const PLAIN = `<mediawiki xml:lang="en">\n${'Füchse '.repeat(40)}\n</mediawiki>\n`;
const STREAM_ENDS = [64, 131];

async function* inChunks(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, void> {
  for (let from = 0; from < bytes.length; from += size)
    yield await Promise.resolve(bytes.subarray(from, from + size));
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<string> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(Buffer.from(chunk));
  return Buffer.concat(all).toString();
}

describe('bzip2', () => {
  for (const size of [1, 7, 1000]) {
    it(`reads several streams in chunks of ${size}`, async () => {
      assert.equal(await collect(readBzip2('x.bz2', inChunks(MULTISTREAM, size))), PLAIN);
    });
  }

  it('notices every cut but one between two streams, which nothing shows', async () => {
    const silent: number[] = [];
    for (let length = 1; length < MULTISTREAM.length; length++) {
      const read = collect(readBzip2('x.bz2', inChunks(MULTISTREAM.subarray(0, length), 50)));
      const outcome = await read.then(
        () => 'whole',
        (error: unknown) => error,
      );
      if (outcome === 'whole') silent.push(length);
      else assert.match(String(outcome), /MetaclipError: x\.bz2: the bzip2 data is (cut short|damaged)/);
    }
    assert.equal(silent.length, STREAM_ENDS.length);
    for (const length of silent) assert.equal(MULTISTREAM.toString('latin1', length, length + 3), 'BZh');
  });

  it('notices every changed byte but those that mean nothing', async () => {
    let noticed = 0;
    for (let at = 0; at < MULTISTREAM.length; at++) {
      const bytes = Buffer.from(MULTISTREAM);
      bytes[at] = (bytes[at] ?? 0) ^ 0x55;
      const outcome = await collect(readBzip2('x.bz2', inChunks(bytes, 64))).catch((error: unknown) => error);
      // Padding at the end of a stream and the block size are the only bytes without a checksum.
      if (outcome === PLAIN) continue;
      noticed++;
      assert.match(String(outcome), /MetaclipError: x\.bz2/);
    }
    assert.ok(noticed >= MULTISTREAM.length - 6, `${noticed} of ${MULTISTREAM.length}`);
  });
});

describe('readInput', () => {
  it('tells the packing by content, and records name, size, checksum and date', async (test) => {
    const folder = makeTempFolder(test);
    for (const [name, bytes] of [
      ['x-20240131-a.xml', Buffer.from(PLAIN)],
      ['x-20240131-b.bz2', gzipSync(PLAIN)],
      ['x-20240131-c.gz', MULTISTREAM],
      ['x-20240131-d', Buffer.concat([gzipSync(PLAIN.slice(0, 30)), gzipSync(PLAIN.slice(30))])],
    ] as const) {
      const path = join(folder, name);
      writeFileSync(path, bytes);
      const log = makeReadLog();
      assert.equal(await collect(readInput(path, log)), PLAIN);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      assert.deepEqual(log, {
        bytesRead: bytes.length,
        inputs: [{ name, sizeBytes: bytes.length, sha256, date: '2024-01-31' }],
      });
    }
  });

  const rows: [name: string, bytes: Buffer, message: RegExp][] = [
    ['cut gzip', gzipSync(PLAIN).subarray(0, -9), /the gzip data is cut short/],
    [
      'damaged gzip',
      Buffer.concat([gzipSync(PLAIN).subarray(0, 20), Buffer.alloc(20)]),
      /the gzip data is (damaged|cut short)/,
    ],
    [
      'gzip with a wrong checksum',
      Buffer.concat([gzipSync(PLAIN).subarray(0, -8), Buffer.alloc(8)]),
      /the gzip data is damaged/,
    ],
    ['cut bzip2', MULTISTREAM.subarray(0, 100), /the bzip2 data is cut short/],
    ['an empty file', Buffer.alloc(0), /the file is empty/],
  ];
  for (const [name, bytes, message] of rows) {
    it(`refuses ${name}`, async (test) => {
      const path = join(makeTempFolder(test), 'input');
      writeFileSync(path, bytes);
      await assert.rejects(collect(readInput(path, makeReadLog())), { code: 'E_INPUT_UNREADABLE', message });
    });
  }

  it('refuses what is absent or a folder', async (test) => {
    const folder = makeTempFolder(test);
    mkdirSync(join(folder, 'sub'));
    await assert.rejects(collect(readInput(join(folder, 'no'), makeReadLog())), {
      code: 'E_INPUT_NOT_FOUND',
    });
    await assert.rejects(collect(readInput(join(folder, 'sub'), makeReadLog())), {
      code: 'E_INPUT_UNREADABLE',
    });
  });

  it('can be left before the end', async (test) => {
    const path = join(makeTempFolder(test), 'input.gz');
    writeFileSync(path, gzipSync(Buffer.alloc(20 << 20, 'abc')));
    const log = makeReadLog();
    for await (const chunk of readInput(path, log)) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.deepEqual(log.inputs, []);
  });
});

describe('text', () => {
  it('is decoded over the borders of chunks and cut at line ends', async () => {
    const text = 'é\r\n漢字 😀\n\nlast';
    for (const size of [1, 3, 100]) {
      const lines: string[] = [];
      for await (const block of splitLines('x', decodeText(inChunks(Buffer.from(text), size))))
        lines.push(...block);
      assert.deepEqual(lines, ['é', '漢字 😀', '', 'last']);
    }
  });

  it('dates are found in names', () => {
    const rows: [string, string | null][] = [
      ['/a/20200101/enwiki-20240131-pages.xml', '2024-01-31'],
      ['pageviews-20220829-230000.gz', '2022-08-29'],
      ['enwiki-latest-pages.xml', null],
      ['x123456789.txt', null],
    ];
    for (const [name, date] of rows) assert.equal(dateInName(name), date, name);
  });
});
