import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { parseFastTextFile } from '../../../src/curation/language/fasttext-file.ts';
import {
  findLidModel,
  LID_MODEL,
  openLidModel,
  packLidModel,
  readLidModel,
} from '../../../src/curation/language/lid-model.ts';
import { loadFastTextOracle } from '../../helpers/fasttext-oracle.ts';

const file = new Uint8Array(readFileSync(findLidModel()));

/** The file with some bytes replaced. */
function withBytes(at: number, ...bytes: number[]): Uint8Array {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

function parseError(bytes: Uint8Array): MetaclipError {
  try {
    parseFastTextFile(bytes, 'model.ftz');
  } catch (error) {
    if (error instanceof MetaclipError) return error;
    throw error;
  }
  return assert.fail('was taken');
}

describe('the installed model', () => {
  it('is the one that the constants name', () => {
    assert.equal(createHash('sha256').update(file).digest('hex'), LID_MODEL.sha256);
    assert.ok(findLidModel().endsWith(LID_MODEL.name));
  });

  it('decodes to the rows that fastText decodes', async () => {
    const oracle = await loadFastTextOracle();
    const { rows, words } = parseFastTextFile(file, 'model.ftz');
    assert.equal(words.length, 7235);
    assert.equal(rows.length, 50_000 * 16);
    for (let row = 0; row < 50_000; row += 37) {
      assert.deepEqual(rows.slice(row * 16, row * 16 + 16), oracle.inputRow(row), `row ${row}`);
    }
  });
});

describe('packLidModel and openLidModel', () => {
  it('share one block and carry the hash', () => {
    const shared = readLidModel();
    const one = openLidModel(shared);
    const other = openLidModel(shared);
    assert.equal(one.rows.buffer, shared);
    assert.equal(other.rows.buffer, shared);
    assert.equal(one.sha256, LID_MODEL.sha256);
    assert.equal(one.labels.length, 176);
    assert.deepEqual(one.labels.slice(0, 3), ['en', 'ru', 'de']);
    assert.ok(shared.byteLength < 8_000_000, `${shared.byteLength} bytes`);
  });

  it('hold what the parser gives', () => {
    const parsed = parseFastTextFile(file, 'model.ftz');
    const opened = openLidModel(packLidModel(file));
    assert.deepEqual(opened.labels, parsed.labels);
    assert.ok(Buffer.compare(Buffer.from(opened.wordBytes), Buffer.concat(parsed.words)) === 0);
    assert.ok(opened.rows.every((value, i) => value === parsed.rows[i]));
    assert.ok(opened.output.every((value, i) => value === parsed.output[i]));
    assert.ok(opened.bucketRows.every((value, i) => value === parsed.bucketRows[i]));
  });

  for (const [name, block] of [
    ['an empty block', new SharedArrayBuffer(0)],
    ['zeros', new SharedArrayBuffer(4096)],
    ['a cut block', readLidModel().slice(0, 5_000_000)],
  ] as const) {
    it(`refuses ${name}`, () => {
      assert.throws(() => openLidModel(block), { name: 'MetaclipError', code: 'E_FORMAT_UNKNOWN' });
    });
  }
});

describe('a model file that is not there', () => {
  it('is named, with the command that installs it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'metaclip-lid-'));
    try {
      assert.throws(
        () => readLidModel(join(folder, 'lid.176.ftz')),
        (error) =>
          error instanceof MetaclipError &&
          error.code === 'E_MODEL_MISSING' &&
          error.message.includes(folder) &&
          error.hint?.includes('npm install fasttext.wasm.js') === true,
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe('a model file that cannot be used', () => {
  // Offsets of lid.176.ftz: magic 0, version 4, arguments from 8, dictionary sizes from 64.
  const rows: readonly (readonly [name: string, bytes: Uint8Array, code: string, says: RegExp])[] = [
    ['an empty file', new Uint8Array(0), 'E_FORMAT_UNKNOWN', /magic number/],
    ['a text', new TextEncoder().encode('<!doctype html><p>not found'), 'E_FORMAT_UNKNOWN', /magic number/],
    ['another version', withBytes(4, 11), 'E_FORMAT_UNKNOWN', /version 11/],
    ['another dimension', withBytes(8, 32), 'E_FORMAT_UNKNOWN', /dim 32/],
    ['word n-grams', withBytes(28, 2), 'E_FORMAT_UNKNOWN', /wordNgrams 2/],
    ['another loss', withBytes(32, 2), 'E_FORMAT_UNKNOWN', /loss 2/],
    ['other n-gram lengths', withBytes(44, 3), 'E_FORMAT_UNKNOWN', /minn 3/],
    ['not pruned', withBytes(84, 255, 255, 255, 255, 255, 255, 255, 255), 'E_FORMAT_UNKNOWN', /not pruned/],
    ['a wrong number of entries', withBytes(64, 1, 0, 0, 0), 'E_INPUT_UNREADABLE', /1 entries, 7235 words/],
    ['too many rows', withBytes(87, 1), 'E_FORMAT_UNKNOWN', /rows, the limit is 65535/],
    ['a word as end of line', withBytes(92, 0x5b), 'E_INPUT_UNREADABLE', /end of line/],
    ['a word marked as a label', withBytes(92 + 4 + 1 + 8, 1), 'E_INPUT_UNREADABLE', /entry 0 "<\/s>"/],
    ['a byte too many', Uint8Array.from([...file, 0]), 'E_INPUT_UNREADABLE', /bytes after/],
    ['the last byte missing', file.subarray(0, -1), 'E_INPUT_UNREADABLE', /output matrix needs 11264 bytes/],
    ['a value that is no number', withBytes(file.length - 2, 0xc0, 0x7f), 'E_INPUT_UNREADABLE', /holds NaN/],
  ];
  for (const [name, bytes, code, says] of rows) {
    it(`is refused: ${name}`, () => {
      const error = parseError(bytes);
      assert.equal(error.code, code, error.message);
      assert.match(error.message, says);
      assert.match(error.message, /^model\.ftz: /);
      assert.match(error.hint ?? '', /fasttext\.wasm\.js/);
    });
  }

  it('is refused wherever it is cut', () => {
    fc.assert(
      fc.property(fc.integer({ min: 8, max: file.length - 1 }), (length) => {
        assert.equal(parseError(file.subarray(0, length)).code, 'E_INPUT_UNREADABLE');
      }),
      { numRuns: 40 },
    );
  });

  it('never gives anything but a model or our error, whatever bytes are wrong', () => {
    const change = fc.tuple(fc.integer({ min: 0, max: file.length - 1 }), fc.integer({ min: 0, max: 255 }));
    const header = fc.tuple(fc.integer({ min: 0, max: 300 }), fc.integer({ min: 0, max: 255 }));
    fc.assert(
      fc.property(fc.array(fc.oneof(change, header), { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = file.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          openLidModel(packLidModel(bytes));
        } catch (error) {
          assert.ok(error instanceof MetaclipError, String(error));
        }
      }),
      { numRuns: 40 },
    );
  });
});
