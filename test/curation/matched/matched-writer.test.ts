import assert from 'node:assert/strict';
import { readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { KEYS_BLOCK_ROWS, readKeys } from '../../../src/curation/matched/keys-file.ts';
import { FOOTER_KEY } from '../../../src/common/parquet/flat-parquet.ts';
import { uidOf, uuidOf } from '../../../src/curation/pair-ids.ts';
import { RunLayout } from '../../../src/curation/run/layout.ts';
import { type MatchedRow, writeMatchedRows } from '../../helpers/matched-files.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const rowsOf = (count: number): MatchedRow[] =>
  Array.from({ length: count }, (_, i) => ({
    url: `http://example.com/${i % 977}.jpg`,
    text: `text ${i} Ünï ${'x'.repeat(i % 60)}`,
    ids: Array.from({ length: 1 + (i % 5) }, (_unused, k) => i * 7 + k),
    textKey: i % 2 === 0 ? ('alt' as const) : ('title' as const),
    pageUrl: i % 3 === 0 ? '' : `http://example.org/${i >> 4}`,
  }));

async function readParquet(path: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return parquetReadObjects({ file, compressors, utf8: false });
}

describe('matched rows', () => {
  for (const count of [0, 1, KEYS_BLOCK_ROWS, KEYS_BLOCK_ROWS * 2 + 5]) {
    it(`${count} rows read back by an independent Parquet reader and from the keys file`, async (test) => {
      const root = makeTempFolder(test);
      const rows = rowsOf(count);
      await writeMatchedRows(root, 3, rows);
      const layout = new RunLayout(root);

      const read = await readParquet(layout.matched(3));
      assert.equal(read.length, count);
      read.forEach((row, i) => {
        const { url, text, ids, textKey, pageUrl } = rows[i]!;
        assert.equal(row['url'], url);
        assert.equal(row['caption'], text);
        assert.equal(row['text_key'], textKey);
        assert.equal(row['page_url'], pageUrl);
        assert.deepEqual(row['entry_ids'], ids);
        assert.equal(Buffer.from(row['uid'] as Uint8Array).toString('hex'), uidOf(url, text));
        assert.equal(Buffer.from(row['uuid'] as Uint8Array).toString('hex'), uuidOf(url));
      });

      let next = 0;
      for (const block of readKeys(layout.keys(3))) {
        assert.equal(block.firstRow, next);
        for (let i = 0; i < block.rowCount; i++, next++) {
          const { url, text, ids } = rows[next]!;
          const start = i === 0 ? 0 : block.idEnds[i - 1]!;
          assert.deepEqual([...block.ids.subarray(start, block.idEnds[i])], ids);
          const uid = Buffer.from(block.uids.slice(i * 4, i * 4 + 4).buffer).toString('hex');
          assert.equal(uid, uidOf(url, text));
        }
      }
      assert.equal(next, count);
    });
  }

  it('has the metadata in the footer and row groups of the stated size', async (test) => {
    const root = makeTempFolder(test);
    await writeMatchedRows(root, 0, rowsOf(KEYS_BLOCK_ROWS + 1));
    const bytes = readFileSync(new RunLayout(root).matched(0));
    const metadata = parquetMetadata(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
    assert.deepEqual(
      metadata.row_groups.map((group) => Number(group.num_rows)),
      [KEYS_BLOCK_ROWS, 1],
    );
    const entry = metadata.key_value_metadata?.find(({ key }) => key === FOOTER_KEY);
    assert.equal(entry?.value, '{"test.key":"value"}');
  });

  it('reads a range of rows without the blocks outside', async (test) => {
    const root = makeTempFolder(test);
    await writeMatchedRows(root, 0, rowsOf(KEYS_BLOCK_ROWS * 3));
    const firstRows: number[] = [];
    const range = { startRow: KEYS_BLOCK_ROWS + 1, endRow: KEYS_BLOCK_ROWS * 2 };
    for (const block of readKeys(new RunLayout(root).keys(0), range)) firstRows.push(block.firstRow);
    assert.deepEqual(firstRows, [KEYS_BLOCK_ROWS]);
  });

  it('refuses a damaged keys file with its place', async (test) => {
    const root = makeTempFolder(test);
    await writeMatchedRows(root, 0, rowsOf(100));
    const path = new RunLayout(root).keys(0);
    const drain = (): void => {
      for (const block of readKeys(path)) assert.ok(block.rowCount > 0);
    };
    truncateSync(path, 600);
    assert.throws(drain, { code: 'E_DAMAGED_RUN_FILE', message: /at byte 8/ });
    writeFileSync(path, 'something else');
    assert.throws(drain, { code: 'E_DAMAGED_RUN_FILE', message: /magic/ });
  });
});
