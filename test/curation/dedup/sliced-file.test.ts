import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import {
  type Slice,
  type SlicedFormat,
  withSlice,
  writeSlices,
} from '../../../src/curation/dedup/sliced-file.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const FORMAT: SlicedFormat = { magic: 0x1234, itemWords: 2, name: 'test file', stage: 'resolve' };

function readSlice(path: string, slice: number, expectedSlices?: number): number[] {
  const use = ({ wordCount, read }: Slice): number[] => {
    const target = new Uint32Array(wordCount + 1);
    read(target);
    return [...target.subarray(0, wordCount)];
  };
  return withSlice(FORMAT, path, slice, use, expectedSlices);
}

it('a slice is read back, and a file that is not the one written is refused', (test) => {
  const path = join(makeTempFolder(test), 'slices.bin');
  const sizeBytes = writeSlices(FORMAT, path, Uint32Array.of(0, 2, 2, 3), Uint32Array.of(1, 2, 3, 4, 5, 6));
  const bytes = readFileSync(path);
  assert.equal(bytes.length, sizeBytes);
  assert.deepEqual(readSlice(path, 0, 3), [1, 2, 3, 4]);
  assert.deepEqual(readSlice(path, 1), []);
  assert.deepEqual(readSlice(path, 2), [5, 6]);

  const refused = { code: 'E_DAMAGED_RUN_FILE', hint: /done\/resolve/ };
  assert.throws(() => readSlice(path, 3), refused);
  assert.throws(() => readSlice(path, 2, 4), refused);
  for (const length of [0, 3, 8, 23, bytes.length - 1]) {
    writeFileSync(path, bytes.subarray(0, length));
    assert.throws(() => readSlice(path, 2), refused, `${length} bytes`);
  }
  // Another magic; a start behind its end; an end far behind the file.
  for (const [place, byte] of [
    [0, 0],
    [16, 9],
    [23, 0x70],
  ] as const) {
    const changed = Buffer.from(bytes);
    changed[place] = byte;
    writeFileSync(path, changed);
    assert.throws(() => readSlice(path, 2), refused, `byte ${place}`);
  }
});
