import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { StreamGap } from '../../../src/curation/sources/stream-gap.ts';
import { cutSource, gzipEach, readDecoded } from '../../helpers/crawl.ts';

/** Delivered bytes with the gaps in their places, and the bytes reported. */
async function decode(
  bytes: Uint8Array,
  chunkBytes = Infinity,
): Promise<{ parts: string[]; readBytes: number }> {
  const parts: string[] = [''];
  let readBytes = 0;
  for await (const chunk of readDecoded(cutSource(bytes, chunkBytes), (count) => (readBytes += count))) {
    if (chunk instanceof StreamGap) parts.push(`<${chunk.reason}>`, '');
    else parts.push((parts.pop() ?? '') + Buffer.from(chunk).toString('latin1'));
  }
  return { parts: parts.filter((part) => part !== ''), readBytes };
}

/** Text that does not compress away, so that members span several blocks. */
function noise(length: number, seed: number): string {
  let state = seed;
  let text = '';
  while (text.length < length) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, length);
}

const flip = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy[at] = copy[at]! ^ 0xff;
  return copy;
};

const A = Buffer.from('first member ');
const B = Buffer.from(noise(300_000, 1), 'latin1');
const C = Buffer.from('third member');
const [gzA, gzB, gzC] = [gzipSync(A), gzipSync(B), gzipSync(C)];
const text = (...parts: Buffer[]): string => Buffer.concat(parts).toString('latin1');

const ROWS: readonly { name: string; bytes: Buffer; expected: string[] }[] = [
  { name: 'nothing', bytes: Buffer.alloc(0), expected: [] },
  { name: 'plain', bytes: A, expected: [text(A)] },
  { name: 'a single byte of the magic', bytes: Buffer.from([0x1f]), expected: ['\x1f'] },
  { name: 'one member', bytes: gzB, expected: [text(B)] },
  { name: 'three members', bytes: gzipEach([A, B, C]), expected: [text(A, B, C)] },
  { name: 'an empty member', bytes: gzipEach([A, Buffer.alloc(0), C]), expected: [text(A, C)] },
  { name: 'zero padding', bytes: Buffer.concat([gzA, Buffer.alloc(200_000)]), expected: [text(A)] },
  {
    name: 'a member behind zeros',
    bytes: Buffer.concat([gzA, Buffer.alloc(200_000), gzC]),
    expected: [text(A), '<garbage-bytes>', text(C)],
  },
  {
    name: 'garbage between members',
    bytes: Buffer.concat([gzA, gzB, Buffer.from('WARC/1.0\r\nno member'), gzC]),
    expected: [text(A, B), '<garbage-bytes>', text(C)],
  },
  {
    name: 'garbage in front',
    bytes: Buffer.concat([Buffer.from('\x1e\x8brubbish'), gzA, gzC]),
    expected: ['<garbage-bytes>', text(A, C)],
  },
  {
    name: 'garbage behind',
    bytes: Buffer.concat([gzA, gzC, Buffer.from('rubbish')]),
    expected: [text(A, C), '<garbage-bytes>'],
  },
  {
    name: 'a wrong checksum',
    bytes: Buffer.concat([flip(gzA, gzA.length - 8), gzC]),
    expected: [text(A), '<damaged-gzip>', text(C)],
  },
  {
    name: 'a wrong length',
    bytes: Buffer.concat([flip(gzA, gzA.length - 1), gzC]),
    expected: [text(A), '<damaged-gzip>', text(C)],
  },
  {
    name: 'a damaged header',
    bytes: Buffer.concat([gzA, flip(gzC, 2), gzA]),
    expected: [text(A), '<garbage-bytes>', text(A)],
  },
  {
    name: 'a magic number that is no member',
    bytes: Buffer.concat([gzA, Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 7, 7, 7]), gzC]),
    expected: [text(A), '<damaged-gzip>', text(C)],
  },
  {
    name: 'the end inside the checksum',
    bytes: Buffer.concat([gzA, gzC.subarray(0, -3)]),
    expected: [text(A, C), '<truncated-record>'],
  },
  {
    name: 'the end inside a header',
    bytes: Buffer.concat([gzA, gzC.subarray(0, 7)]),
    expected: [text(A), '<truncated-record>'],
  },
];

describe('decompressing', () => {
  for (const { name, bytes, expected } of ROWS) {
    for (const chunkBytes of [Infinity, 4093, 7, 1]) {
      // Tiny chunks through long files prove nothing more.
      if (bytes.length > 10_000 && chunkBytes < 10) continue;
      it(`${name}, in chunks of ${chunkBytes}`, async () => {
        const got = await decode(bytes, chunkBytes);
        assert.deepEqual(got.parts, expected);
        assert.equal(got.readBytes, bytes.length);
      });
    }
  }

  it('delivers what can be inflated of a large damaged member', async () => {
    const damaged = flip(gzB, gzB.length >> 1);
    const { parts, readBytes } = await decode(Buffer.concat([gzA, damaged, gzC]));
    assert.equal(readBytes, gzA.length + damaged.length + gzC.length);
    assert.equal(parts.length, 3);
    assert.deepEqual(parts.slice(1), ['<damaged-gzip>', text(C)]);
    const whole = text(A, B);
    // Whatever comes behind the flipped byte may be wrong; the first third cannot be.
    assert.ok(parts[0]!.length > whole.length / 3);
    assert.equal(parts[0]!.slice(0, whole.length / 3), whole.slice(0, whole.length / 3));
  });

  it('loses no member behind one damaged byte, wherever it is', async () => {
    const members = Array.from({ length: 12 }, (_, i) => Buffer.from(`[${i}:${noise(900, i)}]`));
    const packed = members.map((member) => gzipSync(member));
    const bytes = Buffer.concat(packed);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, mask) => {
        const copy = Buffer.from(bytes);
        copy[at] = copy[at]! ^ mask;
        const { parts, readBytes } = await decode(copy);
        assert.equal(readBytes, copy.length);
        const joined = parts.join('');
        let start = 0;
        packed.forEach((member, i) => {
          const isHit = at >= start && at < start + member.length;
          start += member.length;
          if (!isHit)
            assert.ok(joined.includes(members[i]!.toString()), `member ${i} with byte ${at} damaged`);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('a file cut anywhere gives its whole members', async () => {
    const members = ['one ', 'two ', 'three '].map((word) => Buffer.from(word + noise(60, word.length)));
    const packed = members.map((member) => gzipSync(member));
    const bytes = Buffer.concat(packed);
    for (let length = 0; length < bytes.length; length++) {
      const { parts, readBytes } = await decode(bytes.subarray(0, length));
      assert.equal(readBytes, length);
      let end = 0;
      let whole = '';
      packed.forEach((member, i) => {
        end += member.length;
        if (end <= length) whole += members[i]!.toString();
      });
      const isBetween = [0, packed[0]!.length, packed[0]!.length + packed[1]!.length].includes(length);
      // Too short for the magic number, a file is taken as plain text.
      if (length >= 2) assert.ok(parts.join('').startsWith(whole), `cut at ${length}`);
      assert.equal(
        parts.includes('<truncated-record>') || parts.includes('<garbage-bytes>') || length < 2,
        !isBetween || length < 2,
      );
    }
  });

  it('a bomb is passed on in pieces', async () => {
    const bomb = gzipSync(Buffer.alloc(300 << 20));
    let byteCount = 0;
    let largest = 0;
    for await (const chunk of readDecoded(cutSource(bomb), () => undefined)) {
      assert.ok(chunk instanceof Uint8Array);
      byteCount += chunk.length;
      largest = Math.max(largest, chunk.length);
    }
    assert.equal(byteCount, 300 << 20);
    assert.ok(largest <= 4 << 20);
  });
});
