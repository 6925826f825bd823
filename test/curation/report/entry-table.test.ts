import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { packEntryTable } from '../../../src/curation/report/entry-table.ts';
import { scriptJson, SHOWN_LENGTH, visibleText } from '../../../src/curation/report/html-text.ts';
import {
  decodeEntryBlock,
  type EntryColumns,
  inflateBlock,
} from '../../../src/curation/report/page/entry-block.ts';
import { EntryOrder, type SortKey } from '../../../src/curation/report/page/entry-order.ts';

async function unpack(base64: string): Promise<EntryColumns> {
  return decodeEntryBlock(await inflateBlock(base64));
}

describe('the entry table', () => {
  it('comes out as it went in, whatever the entries are', async () => {
    const row = fc.tuple(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', '__proto__', 'a\nb', '\ud800')),
      fc.oneof(fc.nat(3), fc.maxSafeNat()),
      fc.double({ min: 0, max: 1, noNaN: true }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 60 }), fc.boolean(), async (rows, hasAfter) => {
        const counts = Float64Array.from(rows, ([, count]) => count);
        const after = hasAfter
          ? Float64Array.from(rows, ([, count, share]) => Math.floor(count * share))
          : null;
        const packed = packEntryTable({ entries: rows.map(([entry]) => entry), counts, after });
        const columns = await unpack(packed.base64);
        assert.equal(packed.rows, rows.length);
        assert.deepEqual(
          columns.names,
          rows.map(([entry]) => visibleText(entry)),
        );
        assert.deepEqual([...columns.ids], [...rows.keys()]);
        assert.deepEqual(columns.counts, counts);
        assert.deepEqual(columns.after, after);
      }),
      { numRuns: 50 },
    );
  });

  it('keeps the most frequent of a longer list, with their ids', async () => {
    const counts = Float64Array.from([5, 0, 9, 5, 7]);
    const packed = packEntryTable({ entries: ['a', 'b', 'c', 'd', 'e'], counts, after: null }, 3);
    const columns = await unpack(packed.base64);
    assert.deepEqual([...columns.ids], [0, 2, 4]);
    assert.deepEqual(columns.names, ['a', 'c', 'e']);
    assert.equal(columns.after, null);
  });

  it('says where a block is cut', () => {
    assert.throws(() => decodeEntryBlock(Uint8Array.from([3, 0, 1])), /cut/);
    assert.throws(() => decodeEntryBlock(Uint8Array.from([2, 0, 1, 1, 0, 0, 97])), /1 entries for 2 rows/);
  });
});

describe('the order of the table', () => {
  const names = ['Zebra', 'apple', 'an apple', 'zoo', 'Apple'];
  const columns: EntryColumns = {
    ids: Float64Array.from([0, 1, 2, 3, 7]),
    counts: Float64Array.from([4, 9, 4, 0, 9]),
    after: Float64Array.from([4, 2, 3, 0, 9]),
    names,
  };
  const order = new EntryOrder(columns);
  const shown = (search: string, key: SortKey, isDescending: boolean): string[] =>
    Array.from(order.rows(search, key, isDescending), (row) => names[row] ?? '');

  it('sorts by each column, ties in list order both ways', () => {
    assert.deepEqual(shown('', 'count', true), ['apple', 'Apple', 'Zebra', 'an apple', 'zoo']);
    assert.deepEqual(shown('', 'count', false), ['zoo', 'Zebra', 'an apple', 'apple', 'Apple']);
    assert.deepEqual(shown('', 'q', false), shown('', 'count', true));
    assert.deepEqual(shown('', 'after', true), ['Apple', 'Zebra', 'an apple', 'apple', 'zoo']);
    assert.deepEqual(shown('', 'entry', false), ['Apple', 'Zebra', 'an apple', 'apple', 'zoo']);
    assert.deepEqual(shown('', 'id', true), names.toReversed());
  });

  it('finds parts without case, ids by #, and nothing', () => {
    assert.deepEqual(shown(' APPLE ', 'id', false), ['apple', 'an apple', 'Apple']);
    assert.deepEqual(shown('#7', 'id', false), ['Apple']);
    assert.deepEqual(shown('#1234', 'id', false), []);
    assert.deepEqual(shown('<img', 'id', false), []);
  });
});

describe('text for the page', () => {
  it('shows what cannot be seen, and cuts what is too long', () => {
    assert.equal(visibleText('a\u202eb\u0000\n\u2066c'), 'a\\u{202e}b\\u{0}\\u{a}\\u{2066}c');
    assert.equal(visibleText('\ud83d\ude00 \ud83d'), '\ud83d\ude00 \\u{d83d}');
    assert.equal(visibleText('x'.repeat(10_000)), `${'x'.repeat(SHOWN_LENGTH)}… (10000 characters)`);
    const astral = visibleText('x'.repeat(SHOWN_LENGTH - 1) + '\ud83d\ude00y');
    assert.equal(astral, `${'x'.repeat(SHOWN_LENGTH - 1)}… (${SHOWN_LENGTH + 2} characters)`);
  });

  it('is JSON that cannot end its element', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', '<script'), (value, hostile) => {
        const json = scriptJson([value, hostile]);
        assert.ok(!json.includes('<'));
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify([value, hostile])));
      }),
    );
  });
});
