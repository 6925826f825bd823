/** Headers of safetensors files: read as they are written, and refused with the tensor's name where they can't be right. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { MetaclipError } from '../../../src/common/errors.ts';
import { openCheckpoint } from '../../../src/model/import/open-checkpoint.ts';
import { readSafetensors } from '../../../src/model/import/safetensors.ts';
import { BYTES_OF, countOf, RangeReader } from '../../../src/model/import/tensors.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import { writeSafetensorsParts } from '../../helpers/write-checkpoint.ts';

describe('readSafetensors', () => {
  let path: string;
  const hooks: (() => void)[] = [];
  const reader = new RangeReader();
  before(() => (path = join(makeTempFolder({ after: (hook) => hooks.push(hook) }), 'a.safetensors')));
  after(async () => {
    await reader.close();
    for (const hook of hooks) hook();
  });
  const read = async (): ReturnType<typeof readSafetensors> => {
    const own = new RangeReader();
    try {
      return await readSafetensors(path, own);
    } finally {
      await own.close();
    }
  };

  it('gives every tensor as it was written, whatever its type, shape and name', async () => {
    const dtype = fc.constantFrom(
      'F64',
      'F32',
      'F16',
      'BF16',
      'I64',
      'I32',
      'I16',
      'I8',
      'U8',
      'BOOL' as const,
    );
    const shape = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    const tensor = fc.record({ name: fc.string({ unit: 'grapheme' }), dtype, shape });
    const tensors = fc.uniqueArray(tensor, { selector: ({ name }) => name, minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(tensors, fc.integer({ min: 0, max: 9 }), async (rows, pad) => {
        const kept = rows.filter(({ name }) => name !== '__metadata__');
        let end = 0;
        const entries = kept.map((row) => {
          const start = end;
          end += countOf(row.shape) * BYTES_OF[row.dtype];
          return [
            row.name,
            { dtype: row.dtype, shape: row.shape, data_offsets: [start, end] as const },
          ] as const;
        });
        const header = JSON.stringify(Object.fromEntries(entries)) + ' '.repeat(pad);
        writeSafetensorsParts(path, header, [() => Buffer.alloc(end)]);
        const { tensors: found } = await read();
        assert.equal(found.size, kept.length);
        for (const [name, { dtype: type, shape: sizes, data_offsets: offsets }] of entries) {
          const got = found.get(name) ?? assert.fail(name);
          assert.deepEqual([got.dtype, got.shape], [type, sizes]);
          assert.equal(got.startByte, 8 + Buffer.byteLength(header) + offsets[0]);
        }
      }),
      { numRuns: 60 },
    );
  });

  const row = (dtype: string, shape: readonly unknown[], from: unknown, to: unknown): object => ({
    dtype,
    shape,
    data_offsets: [from, to],
  });
  const HOSTILE: readonly (readonly [string, object | string, number, RegExp])[] = [
    ['overlapping', { a: row('F32', [2], 0, 8), b: row('F32', [2], 4, 12) }, 12, /tensor b overlaps/],
    ['the same bytes twice', { a: row('F32', [2], 0, 8), b: row('F32', [2], 0, 8) }, 8, /tensor b overlaps/],
    ['a gap', { a: row('F32', [1], 4, 8) }, 8, /tensor a leaves a gap/],
    ['bytes at the end', { a: row('F32', [1], 0, 4) }, 9, /5 bytes after the last tensor/],
    ['out of the file', { a: row('F32', [9], 0, 36) }, 8, /tensor a ends at byte \d+, but the file has only/],
    [
      'another size than the shape',
      { a: row('F32', [3], 0, 8) },
      8,
      /tensor a has 8 bytes, its shape \[3\] needs 12/,
    ],
    ['a shape that overflows', { a: row('F32', [2 ** 52, 2 ** 52], 0, 8) }, 8, /tensor a has 8 bytes/],
    ['descending offsets', { a: row('F32', [1], 8, 4) }, 8, /data_offsets must be two ascending/],
    ['negative offsets', { a: row('F32', [1], -4, 0) }, 8, /data_offsets must be/],
    ['fractions', { a: row('F32', [1.5], 0, 6) }, 6, /shape must be a list/],
    [
      'an unknown type',
      { a: row('F8_E4M3', [1], 0, 1) },
      1,
      /a: dtype must be one of F64, .* it is "F8_E4M3"/,
    ],
    ['a shape of texts', { a: row('F32', ['1'], 0, 4) }, 4, /shape must be a list/],
    ['no object', { a: 3 }, 0, /a must be an object/],
    ['a list', '[]', 0, /not a JSON object/],
    ['no JSON', '{"a":', 0, /not valid JSON/],
    ['inherited names', '{"a":{"__proto__":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}', 4, /must be/],
  ];
  for (const [name, header, dataBytes, message] of HOSTILE) {
    it(`refuses ${name}`, async () => {
      const text = typeof header === 'string' ? header : JSON.stringify(header);
      writeSafetensorsParts(path, text, [() => Buffer.alloc(dataBytes)]);
      await assert.rejects(read(), (error) => {
        assert.ok(error instanceof MetaclipError, String(error));
        assert.equal(error.code, 'E_MODEL_FORMAT');
        assert.match(error.message, message);
        assert.ok(error.message.includes(path) && error.hint !== undefined);
        return true;
      });
    });
  }

  for (const [name, stated] of [
    ['10 GB', 10_000_000_000n],
    ['2^64 - 1 bytes', 2n ** 64n - 1n],
    ['more than the file has', 5000n],
  ] as const) {
    it(`refuses a header of ${name} without reading it`, async () => {
      const bytes = Buffer.alloc(64);
      bytes.writeBigUInt64LE(stated);
      writeFileSync(path, bytes);
      await assert.rejects(read(), { code: 'E_MODEL_FORMAT', message: /states a header of/ });
    });
  }

  it('refuses a file that is cut off anywhere', async () => {
    const header = JSON.stringify({ a: row('F32', [4], 0, 16), b: row('F32', [4], 16, 32) });
    for (let length = 0; length < 8 + header.length + 32; length += 7) {
      writeSafetensorsParts(path, header, [() => Buffer.alloc(32)]);
      truncateSync(path, length);
      await assert.rejects(read(), { code: 'E_MODEL_FORMAT' });
    }
  });
});

describe('an index of several files', () => {
  const rows: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'a path out of the folder',
      { weight_map: { a: '../other.safetensors' } },
      /a must be the name of a file/,
    ],
    ['an absolute path', { weight_map: { a: '/etc/passwd' } }, /a must be the name of a file/],
    [
      'another tensor than the part has',
      { weight_map: { c: 'part.safetensors' } },
      /tensor c is not in part/,
    ],
    ['no map', {}, /weight_map must be an object/],
  ];
  for (const [name, index, message] of rows) {
    it(`with ${name} is refused`, async (test) => {
      const folder = makeTempFolder(test);
      const part = { a: { dtype: 'F32', shape: [1], data_offsets: [0, 4] } };
      writeSafetensorsParts(join(folder, 'part.safetensors'), JSON.stringify(part), [() => Buffer.alloc(4)]);
      const path = join(folder, 'model.safetensors.index.json');
      writeFileSync(path, JSON.stringify(index));
      const reader = new RangeReader();
      await assert.rejects(openCheckpoint(path, reader), { code: 'E_MODEL_FORMAT', message });
      await reader.close();
    });
  }

  it('whose part is missing names the part', async (test) => {
    const folder = makeTempFolder(test);
    const path = join(folder, 'model.safetensors.index.json');
    writeFileSync(path, JSON.stringify({ weight_map: { a: 'part.safetensors' } }));
    const reader = new RangeReader();
    await assert.rejects(openCheckpoint(path, reader), {
      code: 'E_INPUT_NOT_FOUND',
      message: /part\.safetensors/,
    });
    await reader.close();
  });
});
