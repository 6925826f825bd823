/** Records that the kernel finds are those that the reader in TypeScript finds, whatever their heads look like. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { CrawlMemory } from '../../../src/curation/sources/crawl-memory.ts';
import { openDecoded, wrapDecoded } from '../../../src/curation/sources/decoded-bytes.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import { FoundRecord, HeadKernel } from '../../../src/curation/sources/warc-head-kernel.ts';
import { openWarcRecords } from '../../../src/curation/sources/warc-records.ts';
import { cutSource, makeRecord, readFileRecords, readWarcRecords } from '../../helpers/crawl.ts';

/** Everything that can be seen of the records. */
async function describeRecords(
  records: ReturnType<typeof readWarcRecords>,
  drops: DropLog,
): Promise<unknown> {
  const seen: unknown[] = [];
  for await (const { head, block, number, startByte } of records) {
    seen.push({ ...head, block: block.toString('latin1'), number, startByte });
  }
  return { seen, counts: [...drops.counts], samples: drops.samples };
}

async function assertSame(bytes: Buffer, maxRecordBytes = 1 << 20): Promise<void> {
  const [drops, dropsByTwin] = [new DropLog(), new DropLog()];
  // Compressed, the bytes come to lie in the memory of the kernel; plain they do not.
  const found = await describeRecords(
    readFileRecords(cutSource(gzipSync(bytes)), drops, maxRecordBytes),
    drops,
  );
  const plain = wrapDecoded(cutSource(bytes).open(0));
  const expected = await describeRecords(readWarcRecords(plain, dropsByTwin, maxRecordBytes), dropsByTwin);
  assert.deepEqual(found, expected);
}

const name = fc.constantFrom(
  'WARC-Type',
  'warc-type',
  'WARC-Target-URI',
  'wArC-TaRgEt-uRi',
  'Content-Type',
  'Content-Length',
  'CONTENT-LENGTH',
  'WARC-Date',
  'WARC\rType',
  'Content-Lengt\u0008',
  ' Content-Type',
  'Content-Type ',
  '',
  'x'.repeat(70),
);
const value = fc.oneof(
  fc.constantFrom(
    'response',
    'http://h/a',
    '<http://h/a:b>',
    '5',
    ' 5 ',
    '\t5',
    '005',
    '5x',
    '',
    '-1',
    '9999999999',
    'é',
    'a\u0000b',
  ),
  fc.constantFrom('application/json', 'x\r\n folded', 'x\n\ty', 'A:B', ' ', '\u00a0'),
  fc.string({ maxLength: 40 }),
);
const head = fc
  .record({
    version: fc.constantFrom('WARC/1.0', 'WARC/1.1', 'WARC/0.17', 'warc/1.0', 'WARC/1.0 '),
    fields: fc.array(fc.tuple(name, value), { maxLength: 6 }),
    lineEnd: fc.constantFrom('\r\n', '\r\n', '\n', '\r'),
    block: fc.constantFrom('first', '{"a":1}', '', 'WARC/1.0\r\nx: y\r\n\r\n'),
    isPlain: fc.boolean(),
    end: fc.constantFrom('\r\n\r\n', '\n\n', '', '\r\n', '\r\n'.repeat(40), 'x'),
  })
  .map(({ version, fields, lineEnd, block, isPlain, end }) => {
    if (isPlain) return makeRecord({ 'WARC-Type': 'metadata', 'WARC-Target-URI': 'http://h/' }, block);
    const lines = [
      version,
      ...fields.map(([key, text]) => `${key}:${text}`),
      `Content-Length: ${block.length}`,
    ];
    return Buffer.from(`${lines.join(lineEnd)}${lineEnd}${lineEnd}${block}${end}`, 'latin1');
  });

describe('heads found by the kernel', () => {
  it('equal those of the reader, for any heads', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(head, { maxLength: 8 }), async (records) => {
        await assertSame(Buffer.concat(records));
      }),
      { numRuns: 500 },
    );
  });

  it('and with any byte changed or the end cut off', async () => {
    const records = ['one', 'two', 'three'].map((block) =>
      makeRecord(
        { 'WARC-Type': 'metadata', 'WARC-Target-URI': `http://h/${block}`, 'Content-Type': 'a/b' },
        block,
      ),
    );
    const bytes = Buffer.concat(records);
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of [0, 10, 13, 32, 58, 200]) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        await assertSame(changed);
      }
      await assertSame(bytes.subarray(0, at));
    }
  });

  it('lengths around the limits', async () => {
    for (const length of [99, 100, 101]) {
      const long = makeRecord({ 'WARC-Type': 'a' }, 'x'.repeat(length));
      await assertSame(Buffer.concat([long, long, long]), 100);
    }
    for (const bytes of [65_400, 65_536, 70_000]) {
      const long = makeRecord({ 'X-Long': 'y'.repeat(bytes) }, 'block');
      await assertSame(Buffer.concat([long, makeRecord({}, 'next')]));
    }
  });

  it('all of an ordinary file but its last record', async () => {
    const record = makeRecord({ 'WARC-Type': 'metadata', 'WARC-Target-URI': 'http://h/' }, '{}');
    const memory = new CrawlMemory();
    const source = openDecoded(
      cutSource(gzipSync(Buffer.concat(Array(10).fill(record)))),
      () => undefined,
      memory,
    );
    const records = openWarcRecords(source, new DropLog(), 1 << 20, new HeadKernel(memory));
    let foundCount = 0;
    for (;;) {
      const next = records.nextInWindow() ?? (await records.next());
      if (next === undefined) break;
      if (next instanceof FoundRecord) foundCount++;
    }
    assert.equal(foundCount, 9);
    await records.close();
  });
});
