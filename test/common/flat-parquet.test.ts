/** Parquet files written without a library, read by two libraries and by our own reader. */
import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { sqlPath, withDuckdb } from '../../src/common/duckdb.ts';
import { canonicalJson } from '../../src/common/hashing.ts';
import { CompactWriter, readStruct, THRIFT } from '../../src/common/parquet/compact-protocol.ts';
import {
  type FlatColumn,
  FlatParquetWriter,
  FOOTER_KEY,
  plainStrings,
  plainUint64,
} from '../../src/common/parquet/flat-parquet.ts';
import { hasFooter } from '../../src/common/parquet/parquet-footer.ts';
import { readFlatParquet } from '../../src/common/parquet/read-flat-parquet.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';

const COLUMNS: readonly FlatColumn[] = [
  { name: 'id', type: 'uint32' },
  { name: 'entry', type: 'utf8' },
  { name: 'count', type: 'uint64' },
  { name: 'q', type: 'double', isNullable: true },
  { name: 'keep_prob', type: 'float', isNullable: true },
];
const MAX_UINT32 = 2 ** 32 - 1;

interface Row {
  readonly id: number;
  readonly entry: string;
  readonly count: number;
  readonly q: number | null;
  readonly keep_prob: number | null;
}
const rowArbitrary: fc.Arbitrary<Row> = fc.record({
  id: fc.oneof(fc.nat(300), fc.integer({ min: 0, max: MAX_UINT32 })),
  entry: fc.string({ unit: 'binary', maxLength: 12 }),
  count: fc.oneof(fc.nat(300), fc.maxSafeNat()),
  q: fc.option(fc.double({ noNaN: true })),
  keep_prob: fc.option(fc.float({ noNaN: true })),
});
const blocksArbitrary = fc.array(fc.array(rowArbitrary, { maxLength: 40 }), { maxLength: 20 });

function validityOf(values: readonly (number | null)[]): Uint8Array {
  const bits = new Uint8Array((values.length + 7) >> 3);
  values.forEach((value, i) => {
    if (value !== null) bits[i >> 3] = (bits[i >> 3] ?? 0) | (1 << (i & 7));
  });
  return bits;
}

function write(path: string, blocks: readonly (readonly Row[])[], metadata: Record<string, string>): void {
  const writer = new FlatParquetWriter(path, COLUMNS, metadata);
  for (const rows of blocks) {
    const q = rows.map((row) => row.q);
    const keepProb = rows.map((row) => row.keep_prob);
    writer.write(rows.length, [
      { plain: Uint32Array.from(rows, (row) => row.id) },
      { plain: plainStrings(rows.map((row) => row.entry)) },
      { plain: plainUint64(rows.map((row) => row.count)) },
      { plain: Float64Array.from(q.filter((value) => value !== null)), validity: validityOf(q) },
      {
        plain: Float32Array.from(keepProb.filter((value) => value !== null)),
        validity: validityOf(keepProb),
      },
    ]);
  }
  writer.close();
}

/** -0 is kept by the file and not told from 0 here. */
const shown = (rows: readonly object[]): string =>
  JSON.stringify(rows, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value));

describe('a flat Parquet file', () => {
  it('is read by hyparquet and by DuckDB, whatever is in it', async (test) => {
    const folder = makeTempFolder(test);
    let files = 0;
    await fc.assert(
      fc.asyncProperty(blocksArbitrary, fc.string({ unit: 'grapheme' }), async (blocks, value) => {
        const path = join(folder, `${files++}.parquet`);
        write(path, blocks, { key: value });
        const bytes = Uint8Array.from(readFileSync(path));
        const metadata = parquetMetadata(bytes.buffer);
        assert.equal(metadata.row_groups.length, blocks.length);
        const pairs = metadata.key_value_metadata?.map(({ key, value: text }) => [key, text]);
        assert.deepEqual(pairs, [[FOOTER_KEY, canonicalJson({ key: value })]]);

        const rows = blocks.flat();
        // Strings of any code points: hyparquet decodes as we encode.
        const read = await parquetReadObjects({ file: bytes.buffer });
        assert.equal(shown(read), shown(rows));
        const found = await withDuckdb(async (connection) =>
          (await connection.runAndReadAll(`SELECT * FROM read_parquet(${sqlPath(path)})`)).getRowObjects(),
        );
        assert.equal(shown(found), shown(rows));
      }),
      { numRuns: 60 },
    );
  });

  it('has the same bytes each time', (test) => {
    const folder = makeTempFolder(test);
    const [rows = []] = fc.sample(fc.array(rowArbitrary, { minLength: 50, maxLength: 50 }), {
      numRuns: 1,
      seed: 7,
    });
    const paths = ['a', 'b'].map((name) => join(folder, name));
    for (const path of paths) write(path, [rows, rows], { b: '2', a: '1' });
    const [first, second] = paths.map((path) => readFileSync(path));
    assert.deepEqual(first, second);
  });

  it('is read back column by column where nothing is null', (test) => {
    const folder = makeTempFolder(test);
    let files = 0;
    const columns = COLUMNS.slice(0, 3);
    fc.assert(
      fc.property(blocksArbitrary, (blocks) => {
        const path = join(folder, `${files++}.parquet`);
        const writer = new FlatParquetWriter(path, columns, {});
        const plain = blocks.map((rows) => [
          Uint32Array.from(rows, (row) => row.id),
          plainStrings(rows.map((row) => row.entry)),
          plainUint64(rows.map((row) => row.count)),
        ]);
        blocks.forEach((rows, at) => {
          writer.write(
            rows.length,
            (plain[at] ?? []).map((values) => ({ plain: values })),
          );
        });
        writer.close();
        const read = readFlatParquet(readFileSync(path));
        assert.deepEqual(
          read.map(({ rowCount }) => rowCount),
          blocks.map((rows) => rows.length),
        );
        const bytesOf = (view: NodeJS.ArrayBufferView): Buffer =>
          Buffer.from(view.buffer, view.byteOffset, view.byteLength);
        assert.deepEqual(
          read.map((block) => block.columns.map(bytesOf)),
          plain.map((block) => block.map(bytesOf)),
        );
      }),
    );
  });

  it('is refused where it is cut or changed', (test) => {
    const path = join(makeTempFolder(test), 'a.parquet');
    const writer = new FlatParquetWriter(path, [{ name: 'id', type: 'uint32' }], {});
    writer.write(3, [{ plain: Uint32Array.of(1, 2, 3) }]);
    writer.close();
    const bytes = readFileSync(path);
    const isRefused = (file: Uint8Array): void => {
      assert.throws(() => readFlatParquet(file));
    };
    for (let length = 0; length < bytes.length; length++) isRefused(bytes.subarray(0, length));
    isRefused(Buffer.concat([bytes.subarray(0, 10), bytes.subarray(11)]));
    isRefused(Buffer.concat([Buffer.from('X'), bytes.subarray(1)]));
    isRefused(readFileSync(new URL('../../package.json', import.meta.url)));
  });

  it('is told by its footer', async (test) => {
    const path = join(makeTempFolder(test), 'a.parquet');
    const metadata = { a: 'ä "quoted"', t: '20', long: 'x'.repeat(300) };
    assert.equal(await hasFooter(path, metadata), false);
    const writer = new FlatParquetWriter(path, [{ name: 'id', type: 'uint32' }], metadata);
    for (let block = 0; block < 40; block++) writer.write(1, [{ plain: Uint32Array.of(block) }]);
    writer.close();
    assert.equal(await hasFooter(path, metadata), true);
    assert.equal(await hasFooter(path, { ...metadata, t: '21' }), false);
    assert.equal(await hasFooter(path, { a: metadata.a }), false);
    assert.equal(await hasFooter(path, { a: metadata.a, long: metadata.long }, ['t']), true);
    truncateSync(path, readFileSync(path).length - 1);
    assert.equal(await hasFooter(path, metadata), false);
    writeFileSync(path, 'no Parquet');
    assert.equal(await hasFooter(path, metadata), false);
    writeFileSync(path, '');
    assert.equal(await hasFooter(path, metadata), false);
  });
});

describe('the compact protocol', () => {
  it('gives back what was written', () => {
    const valuesArbitrary = fc.record({
      numbers: fc.array(fc.integer({ min: 1 - 2 ** 52, max: 2 ** 52 - 1 }), { maxLength: 20 }),
      text: fc.string({ unit: 'grapheme' }),
      id: fc.integer({ min: 1, max: 15 }),
    });
    fc.assert(
      fc.property(fc.array(valuesArbitrary, { maxLength: 20 }), (values) => {
        const out = new CompactWriter();
        out.i32(1, -5);
        out.list(2, THRIFT.struct, values, ({ numbers, text, id }) => {
          out.structElement(() => {
            out.list(id, THRIFT.i64, numbers, (value) => {
              out.numberElement(value);
            });
            out.struct(id + 1, () => {
              out.text(1, text);
              out.i64(9, numbers[0] ?? 0);
            });
          });
        });
        const bytes = out.finish();
        const { struct, end } = readStruct(bytes, 0);
        assert.equal(end, bytes.length);
        assert.equal(struct.number(1), -5);
        const read = struct.structs(2);
        assert.equal(read.length, values.length);
        read.forEach((element, at) => {
          const { text = '', numbers = [], id = 0 } = values[at] ?? {};
          assert.equal(element.struct(id + 1).text(1), text);
          assert.equal(element.struct(id + 1).number(9), numbers[0] ?? 0);
        });
        for (let length = 0; length < bytes.length; length++)
          assert.throws(() => readStruct(bytes.subarray(0, length), 0), RangeError);
      }),
    );
  });

  it('skips what it has no use for, and refuses what no footer has', () => {
    // A boolean, a double, a byte and a set, then field 9 with its id in full; zigzag of 3 is 6.
    const bytes = [0x11, 0x17, 1, 2, 3, 4, 5, 6, 7, 8, 0x13, 9, 0x1a, 0x15, 0x02, 0x05, 0x12, 0x06, 0x00];
    const { struct, end } = readStruct(Uint8Array.from(bytes), 0);
    assert.equal(end, bytes.length);
    assert.equal(struct.number(1), 1);
    assert.equal(struct.number(9), 3);
    assert.equal(struct.text(9), '');
    assert.throws(() => readStruct(Uint8Array.of(0x1b, 0x00, 0x00), 0), /type 11/);
  });
});
