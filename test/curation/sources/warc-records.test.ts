import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { wrapDecoded } from '../../../src/curation/sources/decoded-bytes.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import { StreamGap } from '../../../src/curation/sources/stream-gap.ts';
import { cutSource, gzipEach, makeRecord, readFileRecords, readWarcRecords } from '../../helpers/crawl.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

interface Read {
  blocks: string[];
  numbers: number[];
  starts: number[];
  counts: Record<string, number>;
  drops: DropLog;
}

async function collect(records: ReturnType<typeof readWarcRecords>, drops: DropLog): Promise<Read> {
  const read: Read = { blocks: [], numbers: [], starts: [], counts: {}, drops };
  for await (const record of records) {
    read.blocks.push(record.block.toString('latin1'));
    read.numbers.push(record.number);
    read.starts.push(record.startByte);
  }
  return { ...read, counts: Object.fromEntries(drops.counts) };
}

/** Reads decompressed bytes cut into chunks, straight into the record reader. */
function readPlain(bytes: Uint8Array, chunkBytes = Infinity, maxRecordBytes = 1 << 20): Promise<Read> {
  return readChunks(cutSource(bytes, chunkBytes).open(0), maxRecordBytes);
}

function readChunks(chunks: AsyncIterable<Uint8Array | StreamGap>, maxRecordBytes: number): Promise<Read> {
  const drops = new DropLog();
  return collect(readWarcRecords(wrapDecoded(chunks), drops, maxRecordBytes), drops);
}

function readFile(bytes: Uint8Array, maxRecordBytes = 1 << 20): Promise<Read> {
  const drops = new DropLog();
  return collect(readFileRecords(cutSource(bytes), drops, maxRecordBytes), drops);
}

const one = makeRecord({ 'WARC-Type': 'response' }, 'first');
const two = makeRecord({ 'WARC-Type': 'response' }, 'second block');
const three = makeRecord({ 'WARC-Type': 'response' }, 'third');
const text = (value: string): Buffer => Buffer.from(value, 'latin1');
const toLf = (bytes: Buffer): Buffer => text(bytes.toString('latin1').replaceAll('\r\n', '\n'));
const withLength = (length: string, block = 'second block'): Buffer =>
  makeRecord({ 'WARC-Type': 'response', 'Content-Length': length }, block);
const ALL = ['first', 'second block', 'third'];

const ROWS: readonly { name: string; bytes: Buffer[]; blocks: string[]; counts?: Record<string, number> }[] =
  [
    { name: 'nothing', bytes: [], blocks: [] },
    { name: 'three records', bytes: [one, two, three], blocks: ALL },
    { name: 'line ends only', bytes: [text('\r\n\r\n')], blocks: [] },
    { name: 'more line ends than needed', bytes: [one, text('\r\n\r\n\n\n'), two, three], blocks: ALL },
    { name: 'no line ends behind a block', bytes: [one.subarray(0, -4), two, three], blocks: ALL },
    { name: 'the end right behind a block', bytes: [one, two, three.subarray(0, -4)], blocks: ALL },
    { name: 'LF only, lengths right', bytes: [toLf(one), toLf(two), toLf(three)], blocks: ALL },
    {
      name: 'CRLF turned into LF, lengths as they were',
      bytes: [
        toLf(makeRecord({ 'WARC-Type': 'x' }, 'a\r\nb\r\n\r\nc')),
        toLf(makeRecord({}, 'd\r\n\r\n\r\ne')),
        toLf(three),
      ],
      blocks: ['a\nb\n\nc', 'd\n\n\ne', 'third'],
    },
    {
      name: 'versions 0.17, 0.18 and 1.1',
      bytes: ['0.17', '0.18', '1.1'].map((version, i) => makeRecord({}, ALL[i]!, `WARC/${version}`)),
      blocks: ALL,
    },
    {
      name: 'names in odd case, blanks around values, folded lines, a name twice',
      bytes: [
        text(
          'WARC/1.0\r\nwArC-tYpE:\t x\r\n y\r\nCONTENT-LENGTH:   5  \r\nContent-Length: 99\r\n\r\nfirst\r\n\r\n',
        ),
        two,
      ],
      blocks: ['first', 'second block'],
    },
    {
      name: 'garbage between records',
      bytes: [one, text('garbage\n\nWARC nonsense WARC/x'), two, text('rest'), three],
      blocks: ALL,
      counts: { 'garbage-bytes': 2 },
    },
    {
      name: 'garbage in front',
      bytes: [text('\ufeffx'), one],
      blocks: ['first'],
      counts: { 'garbage-bytes': 1 },
    },
    { name: 'only garbage', bytes: [text('not a crawl file')], blocks: [], counts: { 'garbage-bytes': 1 } },
    {
      name: 'a length that is too short',
      bytes: [one, withLength('9'), three],
      blocks: ['first', 'second bl', 'third'],
      counts: { 'garbage-bytes': 1 },
    },
    {
      name: 'a length that ends inside the next record',
      bytes: [one, withLength('60'), three],
      blocks: ['first', 'third'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'a length that ends behind the last record',
      bytes: [one, withLength('5000'), three],
      blocks: ['first', 'third'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'a length over the limit that is not true',
      bytes: [one, withLength('999999999999'), three],
      blocks: ['first', 'third'],
      counts: { 'oversized-record': 1 },
    },
    {
      name: 'a record over the limit',
      bytes: [one, makeRecord({}, 'x'.repeat(2 << 20)), three],
      blocks: ['first', 'third'],
      counts: { 'oversized-record': 1 },
    },
    {
      name: 'a record over the limit that the end cuts',
      bytes: [one, makeRecord({ 'Content-Length': '3000000' }, 'x'.repeat(2 << 20))],
      blocks: ['first'],
      counts: { 'oversized-record': 1 },
    },
    {
      name: 'no length',
      bytes: [one, text('WARC/1.0\r\na: b\r\n\r\nxyz\r\n\r\n'), three],
      blocks: ['first', 'third'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'a length that is no number',
      bytes: [one, withLength('-5'), three],
      blocks: ['first', 'third'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'a block that speaks of WARC',
      bytes: [makeRecord({}, 'see\r\nWARC/1.0\r\nWARC-Type: x\r\n\r\nend'), two],
      blocks: ['see\r\nWARC/1.0\r\nWARC-Type: x\r\n\r\nend', 'second block'],
    },
    {
      name: 'an endless head line',
      bytes: [one, text(`WARC/1.0\r\nx: ${'y'.repeat(300_000)}`), text('\r\n'), three],
      blocks: ['first', 'third'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'a head without end',
      bytes: [one, text(`WARC/1.0\r\n${'x: y\r\n'.repeat(50_000)}`)],
      blocks: ['first'],
      counts: { 'bad-record': 1 },
    },
    {
      name: 'the end inside a head',
      bytes: [one, two.subarray(0, 20)],
      blocks: ['first'],
      counts: { 'truncated-record': 1 },
    },
    {
      name: 'the end inside a block',
      bytes: [one, two.subarray(0, -8)],
      blocks: ['first'],
      counts: { 'truncated-record': 1 },
    },
  ];

describe('WARC records', () => {
  for (const { name, bytes, blocks, counts = {} } of ROWS) {
    for (const chunkBytes of [Infinity, 4093, 7, 1]) {
      // Tiny chunks through megabytes prove nothing more.
      if (Buffer.concat(bytes).length > (chunkBytes === 1 ? 50_000 : 1 << 20) && chunkBytes < 10) continue;
      it(`${name}, in chunks of ${chunkBytes}`, async () => {
        const read = await readPlain(Buffer.concat(bytes), chunkBytes);
        assert.deepEqual(read.blocks, blocks);
        assert.deepEqual(read.counts, counts);
      });
    }
  }

  it('number and place of a record, with one left out before it', async () => {
    const bad = withLength('60');
    const read = await readPlain(Buffer.concat([one, bad, three]));
    assert.deepEqual(read.numbers, [0, 2]);
    assert.deepEqual(read.starts, [0, one.length + bad.length]);
    assert.deepEqual(
      read.drops.samples.map(({ record, byte }) => [record, byte]),
      [[1, one.length]],
    );
  });

  it('a gap takes the record across it, and no other', async () => {
    const parts = async function* (
      reason: StreamGap['reason'],
      cut: number,
      unprovedBytes = reason === 'damaged-gzip' ? two.length - cut : 0,
    ): AsyncGenerator<Uint8Array | StreamGap> {
      await Promise.resolve();
      yield Buffer.concat([one, two.subarray(0, two.length - cut)]);
      yield new StreamGap(reason, '', unprovedBytes);
      yield three;
    };
    // In front of a failed checksum even a record that seems whole is not trusted, but one of an earlier member is.
    const earlier = await readChunks(parts('damaged-gzip', 0, 0), 1000);
    assert.deepEqual([earlier.blocks, earlier.counts], [ALL, { 'damaged-gzip': 1 }]);
    for (const cut of [0, 4, 8]) {
      const read = await readChunks(parts('damaged-gzip', cut), 1000);
      assert.deepEqual([read.blocks, read.counts], [['first', 'third'], { 'damaged-gzip': 1 }]);
    }
    const between = await readChunks(parts('garbage-bytes', 0), 1000);
    assert.deepEqual([between.blocks, between.counts], [ALL, { 'garbage-bytes': 1 }]);
    const inside = await readChunks(parts('garbage-bytes', 8), 1000);
    assert.deepEqual(
      [inside.blocks, inside.counts],
      [['first', 'third'], { 'garbage-bytes': 1, 'truncated-record': 1 }],
    );
    const cutOff = await readChunks(parts('truncated-record', 4), 1000);
    assert.deepEqual([cutOff.blocks, cutOff.counts], [ALL, { 'truncated-record': 1 }]);
  });

  it('a damaged member takes nothing of the member in front of it', async () => {
    const members = [one, two, three].map((record) => gzipSync(record));
    members[1]!.fill(0xff, 10, 20);
    const read = await readFile(Buffer.concat(members));
    assert.deepEqual([read.blocks, read.counts], [['first', 'third'], { 'damaged-gzip': 1 }]);
  });

  it('several records in one member: those before the damage are kept, the last is not', async () => {
    const member = gzipSync(Buffer.concat([one, two]));
    member[member.length - 6]! ^= 1;
    const read = await readFile(Buffer.concat([member, gzipSync(three)]));
    assert.deepEqual([read.blocks, read.counts], [['first', 'third'], { 'damaged-gzip': 1 }]);
  });

  it('a file cut at every byte gives its whole records and says that it is cut', async () => {
    for (const pack of [
      (records: Buffer[]) => Buffer.concat(records),
      gzipEach,
      (records: Buffer[]) => gzipSync(Buffer.concat(records)),
    ]) {
      const records = [one, two, three];
      const bytes = pack(records);
      const ends = records.map((_, i) => pack(records.slice(0, i + 1)).length);
      const isPlain = bytes[0] !== 0x1f;
      for (let length = 0; length < bytes.length; length++) {
        const read = await readFile(bytes.subarray(0, length));
        // Gzip in one piece gives records as they come; elsewhere a record is whole when its last byte is there.
        const sure = pack === gzipEach || isPlain ? ends.filter((end) => end <= length).length : 0;
        assert.ok(read.blocks.length >= sure, `cut at ${length}`);
        assert.deepEqual(read.blocks, ALL.slice(0, read.blocks.length), `cut at ${length}`);
        const losesNothing =
          length === 0 ||
          ends.includes(length) ||
          (isPlain && ends.some((end) => end > length && end - length <= 4));
        if (!losesNothing) assert.notDeepEqual(read.counts, {}, `cut at ${length}`);
      }
    }
  });

  it('a 100 MB line of nothing is passed over in bounded memory', async () => {
    const piece = Buffer.alloc(1 << 20, 'a');
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield one;
      yield text('WARC/1.0\r\nWARC-Type: ');
      for (let i = 0; i < 100; i++) yield piece;
      yield Buffer.concat([text('\r\n'), three]);
    };
    const before = process.memoryUsage().arrayBuffers;
    const read = await readChunks(chunks(), 1 << 20);
    assert.deepEqual([read.blocks, read.counts], [['first', 'third'], { 'bad-record': 1 }]);
    assert.ok(process.memoryUsage().arrayBuffers - before < 40 << 20);
  });
});

/**
 * All are variants of a file of 36 records (warcinfo, 16 requests, 16 responses, 3 resources).
 *   content_length_long  one length 500 too large: that record is lost, and none behind it
 *   crc_error            one member of one record with a wrong checksum: that record is lost
 *   garbage_between      63 bytes between two members: nothing is lost
 *   lf_only              every CRLF became LF, the lengths stayed: nothing is lost
 *   trunc_mid_member     cut inside the 24th member
 *   trunc_plain          cut inside the block of the 33rd record
 */
const MALFORMED: readonly (readonly [string, number, Record<string, number>])[] = [
  ['content_length_long.warc', 35, { 'bad-record': 1 }],
  ['crc_error.warc.gz', 35, { 'damaged-gzip': 1 }],
  ['empty.warc.gz', 0, {}],
  ['garbage_between.warc.gz', 36, { 'garbage-bytes': 1 }],
  ['lf_only.warc', 36, {}],
  ['plain_named_gz.warc.gz', 36, {}],
  ['single_member.warc.gz', 36, {}],
  ['trunc_mid_member.warc.gz', 23, { 'truncated-record': 1 }],
  ['trunc_plain.warc', 32, { 'truncated-record': 1 }],
];

describe('damaged WARC files', { skip: skipWithoutReference }, () => {
  for (const [name, recordCount, counts] of MALFORMED) {
    it(`${name}: ${recordCount} of 36 records`, async () => {
      const read = await readFile(readFileSync(referencePath(`warc/malformed/${name}`)));
      assert.equal(read.blocks.length, recordCount);
      assert.deepEqual(read.counts, counts);
    });
  }
});
