import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LineSplitter, skipByteOrderMark } from '../../../src/curation/sources/line-splitter.ts';

function split(
  bytes: Buffer,
  chunkBytes: number,
  maxLineBytes = 1 << 20,
): [string | undefined, number, number][] {
  const splitter = new LineSplitter(maxLineBytes);
  const lines: [string | undefined, number, number][] = [];
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    for (const line of splitter.push(bytes.subarray(at, at + chunkBytes))) {
      lines.push([line.bytes?.toString(), line.startByte, line.lengthBytes]);
    }
  }
  const last = splitter.finish();
  if (last !== undefined) lines.push([last.bytes?.toString(), last.startByte, last.lengthBytes]);
  return lines;
}

const ROWS: [name: string, input: string, expected: [string | undefined, number, number][]][] = [
  ['no bytes', '', []],
  ['one newline', '\n', [['', 0, 0]]],
  [
    'last line without newline',
    'a\nbc',
    [
      ['a', 0, 1],
      ['bc', 2, 2],
    ],
  ],
  [
    'CRLF',
    'a\r\nb\r\n',
    [
      ['a', 0, 2],
      ['b', 3, 2],
    ],
  ],
  ['a lone CR and Unicode line ends are text', 'a\rb\u2028\u0085\n', [['a\rb\u2028\u0085', 0, 8]]],
  ['at the limit', '12345678\n', [['12345678', 0, 8]]],
  [
    'at the limit with CR',
    '12345678\r\nx',
    [
      ['12345678', 0, 9],
      ['x', 10, 1],
    ],
  ],
  [
    'over the limit',
    '123456789\nx\n',
    [
      [undefined, 0, 9],
      ['x', 10, 1],
    ],
  ],
  [
    'over the limit at the end',
    'x\n1234567890',
    [
      ['x', 0, 1],
      [undefined, 2, 10],
    ],
  ],
];

for (const chunkBytes of [Infinity, 7, 1]) {
  for (const [name, input, expected] of ROWS) {
    test(`${name}, in chunks of ${chunkBytes}`, () => {
      const bytes = Buffer.from(input);
      assert.deepEqual(split(bytes, Math.min(chunkBytes, bytes.length || 1), 8), expected);
    });
  }
}

test('lines do not depend on the chunks', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\r', '\r\n', ' ') });
  fc.assert(
    fc.property(
      text,
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 0, max: 6 }),
      (input, chunk, limit) => {
        const bytes = Buffer.from(input);
        assert.deepEqual(split(bytes, chunk, limit), split(bytes, bytes.length || 1, limit));
      },
    ),
  );
});

test('an endless line is not kept', () => {
  const splitter = new LineSplitter(1 << 16);
  const chunk = Buffer.alloc(1 << 16, 'x');
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 1600; i++) assert.deepEqual([...splitter.push(chunk)], []);
  assert.ok(process.memoryUsage().arrayBuffers - before < 16 << 20);
  const [line] = [...splitter.push(Buffer.from('\n'))];
  assert.equal(line?.bytes, undefined);
  assert.equal(line?.lengthBytes, 1600 << 16);
});

test('a byte order mark is cut only where it is whole', () => {
  assert.equal(skipByteOrderMark(Buffer.from('\ufeffa')).toString(), 'a');
  assert.equal(skipByteOrderMark(Buffer.from([0xef, 0xbb])).length, 2);
});
