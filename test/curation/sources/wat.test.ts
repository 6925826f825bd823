import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import type { Compat } from '../../../src/curation/compat.ts';
import { BATCH_ROWS } from '../../../src/curation/pair-batch.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import { readWat, readWatSource } from '../../../src/curation/sources/wat.ts';
import { cutSource, extract, gzipEach, makeRecord, makeWatRecord, watJson } from '../../helpers/crawl.ts';
import { flatten, flattenPairs, readExpected } from '../../helpers/expected-pairs.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

const FILES = [
  'IAH-urls-wget.warc.gz',
  'example-bad-non-chunked.warc.gz',
  'example-trunc.warc',
  'example-wrong-chunks.warc.gz',
  'example.warc.gz',
  'issue-514.warc',
  'link-extraction-test.warc',
  'whirlwind.warc.gz',
];
const watOf = (name: string): string => referencePath(`warc/${name.replace('.gz', '')}.wat.gz`);

describe('WAT files of the reference', { skip: skipWithoutReference }, () => {
  for (const name of FILES) {
    it(name, async () => {
      const { pairs, readBytes } = await extract((context) => readWat(watOf(name), context));
      assert.deepEqual(flattenPairs(pairs, true), flatten(readExpected(`${name}.wat`)));
      assert.deepEqual(flattenPairs(pairs, false), flatten(readExpected(`${name}.wat_nodedup`)));
      assert.equal(readBytes, statSync(watOf(name)).size);
    });

    it(`${name} in small pieces`, async () => {
      const whole = await extract((context) => readWat(watOf(name), context));
      const bytes = readFileSync(watOf(name));
      for (const chunkBytes of bytes.length > 100_000 ? [7] : [1, 7]) {
        const cut = await extract((context) => readWatSource(cutSource(bytes, chunkBytes), context));
        assert.deepEqual(cut.pairs, whole.pairs);
        assert.deepEqual(cut.drops, whole.drops);
      }
    });
  }
});

const PAGE = 'http://h/p/q.html';
const image = (fields: Record<string, unknown>): unknown => ({ path: 'IMG@/src', url: 'x.png', ...fields });

interface Row {
  name: string;
  links: unknown;
  /** `url key text` of each pair, in both modes unless `mended` says otherwise. */
  pairs: string[];
  counts?: Record<string, number>;
  mended?: { pairs: string[]; counts?: Record<string, number> };
}

const URL_X = 'http://h/p/x.png';
const ROWS: readonly Row[] = [
  {
    name: 'three texts in the order alt, title, data-image-title',
    links: [image({ 'data-image-title': 'c', title: 'b', alt: 'a' })],
    pairs: [`${URL_X} alt a`, `${URL_X} title b`, `${URL_X} data-image-title c`],
  },
  {
    name: 'each line end becomes a space, then trim',
    links: [image({ alt: '\n\x85 a\r\nb\u00a0' })],
    pairs: [`${URL_X} alt a  b`],
  },
  { name: 'U+FEFF is no white space', links: [image({ alt: '\ufeff' })], pairs: [`${URL_X} alt \ufeff`] },
  { name: 'no text', links: [image({}), image({ alt: null })], pairs: [], counts: { 'missing-text': 2 } },
  {
    name: 'empty texts',
    links: [image({ alt: ' \x1f', title: 't' })],
    pairs: [`${URL_X} title t`],
    counts: { 'empty-text': 1 },
  },
  {
    name: 'a text that is none',
    links: [image({ alt: 5, title: ['t'] })],
    pairs: [],
    counts: { 'bad-row': 2 },
  },
  { name: 'a url that is none', links: [image({ url: {}, alt: 'a' })], pairs: [], counts: { 'bad-row': 1 } },
  { name: 'no url', links: [image({ url: undefined, alt: 'a' })], pairs: [], counts: { 'missing-url': 1 } },
  {
    name: 'an empty url is the page, as published, or none',
    links: [image({ url: '', alt: 'a' }), image({ url: null, alt: 'b' })],
    pairs: [`${PAGE} alt a`, `${PAGE} alt b`],
    mended: { pairs: [], counts: { 'missing-url': 2 } },
  },
  {
    name: 'urls that Python refuses',
    links: [image({ url: 'http://[x]/', alt: 'a' }), image({ url: '\ud800', alt: 'a' })],
    pairs: [],
    counts: { 'bad-url': 2 },
  },
  {
    name: 'a url on another host',
    links: [image({ url: '//i/%41 b?c=d e', alt: 'a' })],
    pairs: ['http://i/%41 b?c=d e alt a'],
  },
  { name: 'other links', links: [{ path: 'A@/href', url: 'x', alt: 'a' }, null, 3], pairs: [] },
  { name: 'links that are no list', links: { path: 'IMG@/src' }, pairs: [] },
];

async function run(bytes: Uint8Array, compat: Compat = 'metaclip'): ReturnType<typeof extract> {
  return extract((context) => readWatSource(cutSource(bytes), context), { compat });
}

describe('WAT records', () => {
  for (const { name, links, pairs, counts = {}, mended = { pairs, counts } } of ROWS) {
    it(name, async () => {
      const bytes = gzipEach([makeWatRecord(PAGE, watJson(links))]);
      for (const [compat, expected] of [
        ['metaclip', { pairs, counts }],
        ['mended', mended],
      ] as const) {
        const got = await run(bytes, compat);
        assert.deepEqual(
          got.pairs.map((pair) => `${pair.url} ${pair.textKey} ${pair.text}`),
          expected.pairs,
        );
        assert.deepEqual(got.counts, expected.counts ?? {});
        for (const pair of got.pairs) assert.equal(pair.pageUrl, PAGE);
      }
    });
  }

  it('angle brackets around the target stay in the base, as published, or go', async () => {
    const bytes = makeWatRecord('<http://h/p/>', watJson([image({ url: '/x', alt: 'a' })]));
    const published = await run(bytes);
    const mended = await run(bytes, 'mended');
    assert.deepEqual([published.pairs[0]?.url, published.pairs[0]?.pageUrl], ['/x', 'http://h/p/']);
    assert.deepEqual([mended.pairs[0]?.url, mended.pairs[0]?.pageUrl], ['http://h/x', 'http://h/p/']);
  });

  it('a bad record is counted with its place, and the next one is read', async () => {
    const good = makeWatRecord(PAGE, watJson([image({ alt: 'good' })]));
    const bad = [
      makeWatRecord(PAGE, watJson([image({ alt: 'a' })]).slice(0, -1)),
      makeWatRecord(PAGE, Buffer.from(watJson([image({ alt: 'a\xff' })]), 'latin1')),
      makeWatRecord(PAGE, 'null'),
      makeWatRecord(PAGE, ''),
    ];
    const noTarget = makeRecord({ 'WARC-Type': 'metadata' }, watJson([image({ alt: 'a' })]));
    const info = makeRecord({ 'WARC-Type': 'warcinfo' }, 'software: x');
    const got = await run(Buffer.concat([info, ...bad, noTarget, good]));
    assert.deepEqual(
      got.pairs.map((pair) => pair.text),
      ['good'],
    );
    assert.deepEqual(got.counts, { 'bad-json': 4, 'bad-record': 1 });
    const lengths = [info, ...bad].map((record) => record.length);
    assert.deepEqual(
      got.drops.samples.map(({ record, byte }) => [record, byte]),
      [
        [1, lengths[0]],
        [2, lengths[0]! + lengths[1]!],
        [3, lengths[0]! + lengths[1]! + lengths[2]!],
        [5, lengths.reduce((sum, length) => sum + length)],
      ],
    );
  });

  it('batches are full or the last, keep the order, and never lose a row', async () => {
    const links = Array.from({ length: BATCH_ROWS }, (_, i) =>
      image({ url: `${i}`, alt: `a${i}`, title: `b${i}`, 'data-image-title': `c${i}` }),
    );
    const bytes = Buffer.concat([
      makeWatRecord(PAGE, watJson(links)),
      makeWatRecord(PAGE, watJson(links.slice(0, 5))),
    ]);
    const sizes: number[] = [];
    const texts: string[] = [];
    for await (const batch of readWatSource(cutSource(bytes), {
      compat: 'metaclip',
      drops: new DropLog(),
      onBytes: () => undefined,
    })) {
      sizes.push(batch.rowCount);
      for (const pair of batch) texts.push(pair.text);
    }
    const expected = [...Array(BATCH_ROWS).keys(), 0, 1, 2, 3, 4].flatMap((i) => [`a${i}`, `b${i}`, `c${i}`]);
    assert.deepEqual(texts, expected);
    for (const size of sizes.slice(0, -1)) assert.ok(size > BATCH_ROWS - 3 && size <= BATCH_ROWS);
  });

  it('a record over the limit is passed over', async () => {
    const big = makeWatRecord(PAGE, watJson([image({ alt: 'x'.repeat(5000) })]));
    const small = makeWatRecord(PAGE, watJson([image({ alt: 'small' })]));
    const got = await extract((context) => readWatSource(cutSource(gzipEach([big, small])), context), {
      maxRecordBytes: 2000,
    });
    assert.deepEqual(
      [got.pairs.map((pair) => pair.text), got.counts],
      [['small'], { 'oversized-record': 1 }],
    );
  });

  it('a file that is no crawl file gives nothing and says so', async () => {
    const got = await run(Buffer.from('{"a": 1}\n'.repeat(1000)));
    assert.deepEqual([got.pairs, got.counts], [[], { 'garbage-bytes': 1 }]);
  });

  it('an absent file and a folder end with a code', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'metaclip-wat-'));
    try {
      for (const [path, code] of [
        [join(folder, 'absent.wat.gz'), 'E_INPUT_NOT_FOUND'],
        [folder, 'E_INPUT_UNREADABLE'],
      ] as const) {
        await assert.rejects(
          extract((context) => readWat(path, context)),
          (error) => error instanceof MetaclipError && error.code === code && error.message.includes(path),
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
