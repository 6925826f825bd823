import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { MetaclipError } from '../../../src/common/errors.ts';
import { openTextStream } from '../../../src/curation/sources/open-text-stream.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import { writePool } from '../../helpers/read-pool.ts';

const folder = await mkdtemp(join(tmpdir(), 'metaclip-text-'));
after(() => {
  rmSync(folder, { recursive: true });
});

async function read(path: string) {
  const drops = new DropLog();
  let byteCount = 0;
  const stream = openTextStream(path, {
    drops,
    onBytes: (more) => {
      byteCount += more;
    },
  });
  const parts: Buffer[] = [];
  for await (const chunk of stream) parts.push(chunk);
  return { content: Buffer.concat(parts), drops: Object.fromEntries(drops.counts), byteCount, stream };
}

// Incompressible halves make many pieces, compressible ones make large outputs.
const content = Buffer.concat([randomBytes(300_000), Buffer.alloc(500_000, 'abc '), randomBytes(100_000)]);
const packed = gzipSync(content);

test('plain, gzipped, many members, and padded files give the same bytes', async () => {
  const members = Buffer.concat(
    [0, 1, 2, 3].map((i) => gzipSync(content.subarray(i * 225_000, (i + 1) * 225_000))),
  );
  const variants = {
    plain: content,
    'named.txt': packed,
    members,
    padded: Buffer.concat([packed, Buffer.alloc(70_000)]),
  };
  for (const [name, bytes] of Object.entries(variants)) {
    const got = await read(await writePool(folder, name, bytes));
    assert.ok(got.content.equals(content), name);
    assert.deepEqual(got.drops, {}, name);
    assert.equal(got.byteCount, bytes.length, name);
    assert.equal(got.stream.endedEarly, false, name);
    assert.equal(got.stream.isGzip, name !== 'plain', name);
  }
});

test('an empty file and gzip of nothing have no bytes and no drops', async () => {
  for (const bytes of [Buffer.alloc(0), gzipSync('')]) {
    const got = await read(await writePool(folder, 'empty', bytes));
    assert.equal(got.content.length, 0);
    assert.deepEqual(got.drops, {});
  }
});

test('gzip cut anywhere gives a prefix and is counted once', async () => {
  for (const cut of [2, 9, 11, 5_000, 200_000, packed.length - 9, packed.length - 1]) {
    const got = await read(await writePool(folder, 'cut.gz', packed.subarray(0, cut)));
    assert.ok(content.subarray(0, got.content.length).equals(got.content), `cut at ${cut}`);
    assert.deepEqual(got.drops, { 'damaged-gzip': 1 }, `cut at ${cut}`);
    assert.equal(got.stream.endedEarly, true);
    // Stored blocks make the first 300 kB about as long as they were.
    if (cut <= 200_000)
      assert.ok(got.content.length >= cut - 70_000, `${got.content.length} bytes for ${cut}`);
  }
  const all = await read(await writePool(folder, 'cut.gz', packed.subarray(0, packed.length - 1)));
  assert.ok(all.content.equals(content), 'a cut trailer costs no content');
});

test('everything before a damaged byte is delivered, also inside the failing write', async () => {
  // A valid first block of known length, then a block type that does not exist (bits 11).
  const text = Buffer.from('line of text\n'.repeat(3));
  const header = gzipSync('').subarray(0, 10);
  const block = deflateRawSync(text, { finishFlush: 2 /* Z_SYNC_FLUSH: ends on a byte */ });
  const got = await read(
    await writePool(folder, 'bad.gz', Buffer.concat([header, block, Buffer.alloc(64, 0xff)])),
  );
  assert.equal(got.content.toString(), text.toString());
  assert.deepEqual(got.drops, { 'damaged-gzip': 1 });
});

test('damage far into a file costs nothing before it', async () => {
  const header = gzipSync('').subarray(0, 10);
  const block = deflateRawSync(content, { finishFlush: 2 });
  const got = await read(
    await writePool(folder, 'late.gz', Buffer.concat([header, block, Buffer.alloc(64, 0xff)])),
  );
  assert.ok(got.content.equals(content));
  assert.deepEqual(got.drops, { 'damaged-gzip': 1 });
});

test('a wrong checksum is damage, with all content delivered', async () => {
  const wrong = Buffer.from(packed);
  wrong[wrong.length - 6] = (wrong[wrong.length - 6] ?? 0) ^ 0xff;
  const got = await read(await writePool(folder, 'crc.gz', wrong));
  assert.ok(got.content.equals(content));
  assert.deepEqual(got.drops, { 'damaged-gzip': 1 });
});

test('what starts like gzip is never plain text', async () => {
  const got = await read(await writePool(folder, 'fake.jsonl', Buffer.from('\x1f\x8b{"url":"a"}', 'latin1')));
  assert.equal(got.content.length, 0);
  assert.deepEqual(got.drops, { 'damaged-gzip': 1 });
});

test('bytes after the end are counted', async () => {
  const got = await read(
    await writePool(folder, 'tail.gz', Buffer.concat([gzipSync('abc'), Buffer.from('garbage')])),
  );
  assert.equal(got.content.toString(), 'abc');
  assert.deepEqual(got.drops, { 'damaged-gzip': 1 });
  const padded = Buffer.concat([gzipSync('abc'), Buffer.alloc(4), Buffer.from('garbage')]);
  const late = await read(await writePool(folder, 'tail.gz', padded));
  assert.equal(late.content.toString(), 'abc');
  assert.deepEqual(late.drops, { 'garbage-bytes': 1 });
});

test('a bomb is delivered in bounded chunks and can be left', async () => {
  const bomb = gzipSync(Buffer.alloc(200 << 20), { level: 9 });
  const path = await writePool(folder, 'bomb.gz', bomb);
  const before = process.memoryUsage().arrayBuffers;
  let seen = 0;
  for await (const chunk of openTextStream(path, { drops: new DropLog(), onBytes: () => undefined })) {
    seen += chunk.length;
    assert.ok(chunk.length <= 1 << 20);
    if (seen > 100 << 20) break;
  }
  assert.ok(process.memoryUsage().arrayBuffers - before < 150 << 20);
});

test('a missing file and a folder have their codes', async () => {
  const isCode = (code: string) => (error: unknown) => error instanceof MetaclipError && error.code === code;
  await assert.rejects(read(join(folder, 'nowhere')), isCode('E_INPUT_NOT_FOUND'));
  await assert.rejects(read(folder), isCode('E_INPUT_UNREADABLE'));
});
