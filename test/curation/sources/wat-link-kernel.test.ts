/** The pairs that the kernel adds to a batch are those of the slow way: parse, clean, join. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Compat, COMPAT_MODES } from '../../../src/curation/compat.ts';
import { type Pair, TEXT_KEYS } from '../../../src/curation/pair-batch.ts';
import { DropLog, type UrlOrigins } from '../../../src/curation/sources/source.ts';
import { stripText } from '../../../src/curation/sources/strip-text.ts';
import { joinUrl } from '../../../src/curation/sources/url-join.ts';
import { WatLinkKernel } from '../../../src/curation/sources/wat-link-kernel.ts';
import { readWatSource } from '../../../src/curation/sources/wat.ts';
import { cutSource, makeWatRecord, watJson } from '../../helpers/crawl.ts';
import { findLinksSlowly } from '../../helpers/wat-oracle.ts';

/** Null stands for an empty string in Python; the links here have nothing but strings besides. */
const asText = (value: unknown): string => (typeof value === 'string' ? value : '');

/** Pairs of a record by the published rule, and how many texts and images brought none. */
function readSlowly(
  page: string,
  json: string,
  compat: Compat,
): { pairs: Pair[]; drops: Map<string, number>; relative: number } {
  const pairs: Pair[] = [];
  const drops = new DropLog();
  let relative = 0;
  for (const [href, ...texts] of findLinksSlowly(Buffer.from(json)) ?? []) {
    if (texts.every((text) => text === undefined || text === null)) drops.add('missing-text', 1);
    for (const [key, text] of texts.entries()) {
      if (text === undefined || text === null) continue;
      const cleaned = stripText(asText(text).replace(/[\r\n]/g, ' '));
      if (cleaned === '') {
        drops.add('empty-text', 1);
        continue;
      }
      if (href === undefined || (compat === 'mended' && stripText(asText(href)) === '')) {
        drops.add('missing-url', 1);
        break;
      }
      const url = joinUrl(page, asText(href));
      if (url === undefined) {
        drops.add('bad-url', 1);
        break;
      }
      if (!/^[\0- ]*[a-z][a-z0-9+.-]*:/i.test(asText(href))) relative++;
      pairs.push({ url, text: cleaned, textKey: TEXT_KEYS[key] ?? 'caption', pageUrl: page });
    }
  }
  return { pairs, drops: drops.counts, relative };
}

async function readPairs(
  records: readonly Buffer[],
  compat: Compat,
): Promise<{ pairs: Pair[]; drops: Map<string, number>; origins: UrlOrigins }> {
  const drops = new DropLog();
  const pairs: Pair[] = [];
  const origins: UrlOrigins = { linked: 0, relative: 0 };
  const context = { compat, drops, origins, onBytes: () => undefined };
  for await (const batch of readWatSource(cutSource(Buffer.concat(records)), context)) pairs.push(...batch);
  return { pairs, drops: drops.counts, origins };
}

const href = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        'a',
        'b.jpg',
        '/',
        '//',
        '..',
        '.',
        '?',
        '#',
        ';',
        ':',
        '[',
        'é',
        ' ',
        '\t',
        'http://',
        'https://',
        'h.example',
        'x'.repeat(17),
      ),
      { maxLength: 7 },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(
    null,
    undefined,
    `https://img.example/${'p/'.repeat(40)}i.jpg`,
    'HTTP://h.example/a',
    'ftp://h/a',
    'data:,x',
  ),
);
const text = fc.oneof(
  fc
    .array(
      fc.constantFrom(
        'a',
        'word',
        ' ',
        '\n',
        '"',
        '\\',
        'é',
        '\u00a0',
        '猫',
        '\u0000',
        '<b>',
        'y'.repeat(16),
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
  fc.constantFrom(null, undefined, undefined, ''),
);
const link = fc.record({
  path: fc.constantFrom('IMG@/src', 'IMG@/srcset', 'A@/href'),
  url: href,
  alt: text,
  title: text,
  'data-image-title': fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: text },
  ),
});
const page = fc.constantFrom(
  'https://page.example/folder/a.html',
  'http://h',
  'https://h.example/a/b/../c?d#e',
  'ftp://h/x',
  '',
);

describe('pairs added by the kernel', () => {
  for (const compat of COMPAT_MODES) {
    it(`equal the slow way, ${compat}`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(page, fc.array(link, { maxLength: 25 })), { maxLength: 6 }),
          async (records) => {
            const expected: Pair[] = [];
            const drops = new Map<string, number>();
            let relative = 0;
            const bytes = records.map(([target, links]) => {
              const json = watJson(links);
              const slow = readSlowly(target, json, compat);
              expected.push(...slow.pairs);
              relative += slow.relative;
              for (const [reason, count] of slow.drops) drops.set(reason, (drops.get(reason) ?? 0) + count);
              return makeWatRecord(target, json);
            });
            const got = await readPairs(bytes, compat);
            assert.deepEqual(got.pairs, expected);
            assert.deepEqual(got.origins, { linked: expected.length, relative });
            assert.deepEqual([...got.drops].sort(), [...drops].sort());
          },
        ),
        { numRuns: 300 },
      );
    });
  }

  it('more rows than a batch, long urls and long texts', async () => {
    const links = Array.from({ length: 9000 }, (_, i) => ({
      path: 'IMG@/src',
      url: i % 1000 === 7 ? `/${'u'.repeat(700_000)}${i}` : `/img/${i}.jpg`,
      alt: i % 1500 === 9 ? 't'.repeat(900_000) : `text ${i}`,
      title: `title ${i}`,
    }));
    const target = 'https://page.example/a/b.html';
    const json = watJson(links.slice(0, 4000));
    const other = watJson(links.slice(4000));
    const got = await readPairs([makeWatRecord(target, json), makeWatRecord(target, other)], 'metaclip');
    assert.deepEqual(got.pairs, [
      ...readSlowly(target, json, 'metaclip').pairs,
      ...readSlowly(target, other, 'metaclip').pairs,
    ]);
  });

  it('an ordinary record is the kernel’s, one with an escaped key or over 16,384 images its twin’s', () => {
    const kernel = new WatLinkKernel();
    const image = { path: 'IMG@/src', url: 'u', alt: 'a' };
    const skim = (json: string): boolean => kernel.skim(Buffer.from(json)) === kernel;
    assert.ok(skim(watJson([image])));
    assert.ok(skim(watJson([image]).replace('IMG@/src', 'IMG@\\/src')));
    assert.ok(!skim(watJson([image]).replace('"path"', '"p\\u0061th"')));
    assert.ok(!skim(watJson(Array.from({ length: 16_385 }, () => image))));
    assert.ok(!skim(`{"a":${'['.repeat(70_000)}${']'.repeat(70_000)}}`));
  });
});
