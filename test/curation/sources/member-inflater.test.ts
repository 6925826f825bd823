/** The inflate kernel against zlib: every kind of block, any cut of input and room, and nothing accepted that zlib refuses. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { constants, deflateRawSync, gunzipSync, gzipSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import fc from 'fast-check';
import { CrawlMemory, INPUT_START, WINDOW_START } from '../../../src/curation/sources/crawl-memory.ts';
import { type InflateStop, MemberInflater } from '../../../src/curation/sources/member-inflater.ts';

const memory = new CrawlMemory();
const kernel = memory.loadKernel('inflate');
const [NEEDS_INPUT, NEEDS_ROOM, AT_END] = [0, 1, 2];
kernel.getFunction('setUp')();

/** Deflate data through the kernel, `inputBytes` and `roomBytes` at a time; undefined when it is refused or not whole. */
function inflateRaw(data: Uint8Array, inputBytes: number, roomBytes: number): Buffer | undefined {
  const inflate = kernel.getFunction('inflate');
  kernel.getFunction('reset')(WINDOW_START);
  let at = INPUT_START;
  let end = INPUT_START;
  let fed = 0;
  let room = WINDOW_START + roomBytes;
  for (;;) {
    const stop = inflate(at, end, room);
    if (stop !== NEEDS_INPUT && stop !== NEEDS_ROOM && stop !== AT_END) return undefined;
    at = kernel.getFunction('getInputAt')();
    const out = kernel.getFunction('getOutputAt')();
    assert.ok(out <= room);
    if (stop === AT_END) {
      assert.ok(end - at >= 0);
      return Buffer.from(memory.bytes.subarray(WINDOW_START, out));
    }
    if (stop === NEEDS_ROOM) {
      room = out + roomBytes;
      continue;
    }
    if (fed === data.length) return undefined;
    const piece = data.subarray(fed, fed + inputBytes);
    memory.bytes.copyWithin(INPUT_START, at, end);
    end = INPUT_START + end - at;
    at = INPUT_START;
    memory.bytes.set(piece, end);
    // What stands behind the input must not matter.
    memory.bytes.fill(0xa5, end + piece.length, end + piece.length + 64);
    end += piece.length;
    fed += piece.length;
  }
}

function inflateByZlib(data: Uint8Array): Buffer | undefined {
  try {
    return inflateRawSync(data);
  } catch {
    return undefined;
  }
}

/** Text with repeats near and far, runs, and bytes that do not compress. */
const content = fc
  .array(
    fc.oneof(
      fc.string({ maxLength: 40 }).map((text) => Buffer.from(text)),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc.tuple(fc.nat(255), fc.nat(2000)).map(([byte, count]) => Buffer.alloc(count, byte)),
      fc
        .tuple(fc.string({ minLength: 1, maxLength: 17 }), fc.nat(200))
        .map(([text, count]) => Buffer.from(text.repeat(count))),
      fc.constantFrom('{"path":"IMG@/src","url":"', 'the quick brown fox ').map((text) => Buffer.from(text)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => {
    const once = Buffer.concat(parts);
    // The same once more, so that matches reach far back.
    return parts.length > 6 ? Buffer.concat([once, once]) : once;
  });
const options = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
});
const stepBytes = fc.constantFrom(1, 7, 100, 3000, 400_000);

function deflate(bytes: Uint8Array, zlibOptions: ZlibOptions): Buffer {
  return deflateRawSync(bytes, zlibOptions);
}

describe('the inflate kernel', () => {
  it('gives what went in, however the input and the room are cut', () => {
    fc.assert(
      fc.property(content, options, stepBytes, stepBytes, (bytes, zlibOptions, inputBytes, roomBytes) => {
        // A match needs its whole length of room.
        const got = inflateRaw(deflate(bytes, zlibOptions), inputBytes, Math.max(258, roomBytes));
        assert.ok(got?.equals(bytes));
      }),
      { numRuns: 1000 },
    );
  });

  it('codes of 15 bits, far distances, a window’s worth of bytes', () => {
    // Frequencies like Fibonacci numbers give the longest codes.
    const counts = [1, 1];
    while (counts.length < 24) counts.push(Math.min(9000, (counts.at(-1) ?? 1) + (counts.at(-2) ?? 1)));
    const skewed = Buffer.concat(counts.map((count, byte) => Buffer.alloc(count, byte * 7)));
    let state = 1;
    const shuffled = Buffer.from(skewed).sort(() => ((state = (state * 75 + 74) % 65537) % 3) - 1);
    const noise = Buffer.from(
      Array.from({ length: 32_768 }, () => (state = (state * 75 + 74) % 65537) & 255),
    );
    const far = Buffer.concat([noise, noise.subarray(0, 300), noise.subarray(1, 5000), noise]);
    for (const bytes of [shuffled, far]) {
      for (const level of [1, 6, 9]) {
        for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_HUFFMAN_ONLY]) {
          for (const step of [1, 7, 1 << 19]) {
            const got = inflateRaw(
              deflate(bytes, { level, strategy, memLevel: 9 }),
              step,
              Math.max(258, step),
            );
            assert.ok(got?.equals(bytes), `level ${level}, strategy ${strategy}, step ${step}`);
          }
        }
      }
    }
  });

  it('refuses what zlib refuses, and else gives the same', () => {
    let refused = 0;
    fc.assert(
      fc.property(
        content,
        options,
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 3 }),
        stepBytes,
        (bytes, zlibOptions, changes, inputBytes) => {
          const data = deflate(bytes, zlibOptions);
          for (const [at, byte] of changes) data[at % data.length] = byte;
          const got = inflateRaw(data, inputBytes, 1 << 20);
          const expected = inflateByZlib(data);
          if (expected === undefined) refused++;
          assert.equal(got === undefined, expected === undefined);
          if (got !== undefined && expected !== undefined) assert.ok(got.equals(expected));
        },
      ),
      { numRuns: 3000 },
    );
    assert.ok(refused > 500);
  });

  it('any bytes: the same as zlib', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), (data) => {
        const expected = inflateByZlib(data);
        const got = inflateRaw(data, 1 << 19, 1 << 20);
        assert.deepEqual(got, expected);
      }),
      { numRuns: 5000 },
    );
  });

  it('a cut stream is never whole', () => {
    const bytes = Buffer.from('a word, another word, and the same word again '.repeat(30));
    for (const strategy of [constants.Z_DEFAULT_STRATEGY, constants.Z_FIXED]) {
      const data = deflate(bytes, { strategy });
      for (let length = 0; length < data.length; length++) {
        assert.equal(inflateRaw(data.subarray(0, length), 1 << 19, 1 << 20), undefined, `cut at ${length}`);
      }
    }
  });
});

/** Members through {@link MemberInflater}, keeping `kept` bytes of what was given. */
function inflateMembers(
  bytes: Uint8Array,
  inputBytes: number,
  kept: number,
): { output: Buffer; stop: InflateStop; inflater: MemberInflater } {
  const own = new CrawlMemory();
  const inflater = new MemberInflater(own);
  const parts: Buffer[] = [];
  let fed = 0;
  let stop: InflateStop;
  let given = Buffer.alloc(0);
  do {
    inflater.startPiece(Math.min(kept, given.length));
    const keptNow = Math.min(kept, given.length);
    while ((stop = inflater.inflate(fed >= bytes.length)) === 'input') {
      inflater.feed(bytes.subarray(fed, fed + inputBytes));
      fed += inputBytes;
    }
    const before = own.bytes.subarray(inflater.pieceStart - keptNow, inflater.pieceStart);
    assert.ok(before.equals(given.subarray(given.length - keptNow)));
    const piece = Buffer.from(own.bytes.subarray(inflater.pieceStart, inflater.pieceEnd));
    parts.push(piece);
    given = Buffer.concat([given.subarray(given.length - keptNow), piece]);
  } while (stop === 'piece');
  return { output: Buffer.concat(parts), stop, inflater };
}

describe('inflating members', () => {
  const long = Buffer.from(Array.from({ length: 9 << 20 }, (_, i) => ((i * i) >> 7) & 0x3f));

  for (const inputBytes of [1 << 17, 4093]) {
    for (const kept of [0, 100_000, 5 << 20]) {
      it(`one of 9 MiB, ${inputBytes} bytes of input at a time, ${kept} kept`, () => {
        const { output, stop } = inflateMembers(gzipSync(long, { level: 1 }), inputBytes, kept);
        assert.equal(stop, 'end');
        assert.ok(output.equals(long));
      });
    }
  }

  it('headers with name, comment, extra field and checksum', () => {
    const name = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, ...Buffer.from('a name\0')]);
    const all = Buffer.from([0x1f, 0x8b, 8, 0x1e, 0, 0, 0, 0, 0, 3, 3, 0, 7, 7, 7, 0x61, 0, 0x62, 0, 9, 9]);
    const data = gzipSync('content').subarray(10);
    const { output, stop } = inflateMembers(Buffer.concat([name, data, all, data]), 5, 0);
    assert.equal(stop, 'end');
    assert.equal(output.toString(), 'contentcontent');
  });

  it('says where the member starts that is not whole, and what it gave', () => {
    const [first, second] = [gzipSync('first'), gzipSync('second'.repeat(50))];
    const rows: [Buffer, number][] = [
      [Buffer.concat([first, second.subarray(0, -1)]), 300],
      [Buffer.concat([first, second.subarray(0, 5)]), 0],
      [Buffer.concat([first, Buffer.from('no member')]), 0],
      [Buffer.concat([first, Buffer.alloc(3)]), 0],
    ];
    for (const [bytes, memberBytes] of rows) {
      const { stop, inflater } = inflateMembers(bytes, 1000, 0);
      assert.equal(stop, 'odd');
      assert.equal(inflater.memberStartByte, first.length);
      assert.equal(inflater.memberBytes, memberBytes);
    }
  });

  it('equals gunzip for any members', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(content, options), { maxLength: 8 }),
        stepBytes,
        (members, inputBytes) => {
          const bytes = Buffer.concat(members.map(([member, zlibOptions]) => gzipSync(member, zlibOptions)));
          const { output, stop } = inflateMembers(bytes, Math.min(inputBytes, 100_000), 0);
          assert.equal(stop, 'end');
          assert.ok(output.equals(bytes.length === 0 ? bytes : gunzipSync(bytes)));
        },
      ),
      { numRuns: 200 },
    );
  });
});
