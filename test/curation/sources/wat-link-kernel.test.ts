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
      // Half a pair of surrogates has no UTF-8: an id can't be made of it, in a text U+FFFD stands for it.
      if (url === undefined || /\p{Surrogate}/u.test(url)) {
        drops.add('bad-url', 1);
        break;
      }
      if (!/^[\0- ]*[a-z][a-z0-9+.-]*:/i.test(asText(href))) relative++;
      const written = cleaned.replace(/\p{Surrogate}/gu, '\ufffd');
      pairs.push({ url, text: written, textKey: TEXT_KEYS[key] ?? 'caption', pageUrl: page });
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

/** JSON of a value, with some characters of its strings written as escapes that need not be. */
function writeJson(value: unknown, pick: number): string {
  if (typeof value === 'string') {
    const units = Array.from({ length: value.length }, (_, i) => {
      const unit = value.charCodeAt(i);
      if (pick > 0 && (i * 7 + unit) % pick === 0) return `\\u${unit.toString(16).padStart(4, '0')}`;
      return pick > 0 && unit === 0x2f && i % 2 === 0 ? '\\/' : value.charAt(i);
    });
    // What is left must be escaped; halves of a pair stay together.
    return `"${units.join('').replace(/\\(?!u[0-9a-f]{4}|\/)|["\p{Cc}]|\p{Surrogate}/gu, (part) => JSON.stringify(part).slice(1, -1))}"`;
  }
  if (Array.isArray(value)) return `[${value.map((item) => writeJson(item, pick)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).filter(([, field]) => field !== undefined);
  return `{${fields.map(([key, field]) => `"${key}":${writeJson(field, pick)}`).join(',')}}`;
}

const BLANKS_AND_NEIGHBOURS = [
  0x1b, 0x1c, 0x1f, 0x20, 0x7f, 0x80, 0x84, 0x85, 0x86, 0x9f, 0xa0, 0xa1, 0x105, 0x167f, 0x1680, 0x1681,
  0x1fff, 0x2000, 0x2005, 0x200a, 0x200b, 0x2027, 0x2028, 0x2029, 0x202a, 0x202e, 0x202f, 0x2030, 0x205e,
  0x205f, 0x2060, 0x2fff, 0x3000, 0x3001, 0xfeff, 0x1f000,
].map((point) => String.fromCodePoint(point));

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
  fc
    .tuple(
      fc.array(fc.constantFrom('../', './', '/', '//', 'data:', '..', '.'), { maxLength: 6 }),
      fc.constantFrom(
        '',
        'a.jpg',
        'b/c.png?d',
        'h.example/e',
        '.f',
        'g/../h',
        'image/png;base64,AA==',
        '\ud800',
        '😀',
      ),
    )
    .map(([parts, rest]) => parts.join('') + rest),
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
        '😀',
        '\ud83d',
        '\t',
        '\u007f',
      ),
      { maxLength: 6 },
    )
    .map((parts) => parts.join('')),
  // Every blank of Python and its neighbours, at both ends.
  fc
    .tuple(fc.nat(BLANKS_AND_NEIGHBOURS.length - 1), fc.boolean())
    .map(([at, isFirst]) =>
      isFirst ? `${BLANKS_AND_NEIGHBOURS[at] ?? ''}猫` : `猫${BLANKS_AND_NEIGHBOURS[at] ?? ''}`,
    ),
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
          fc.constantFrom(0, 0, 2, 3, 9),
          async (records, pick) => {
            const expected: Pair[] = [];
            const drops = new Map<string, number>();
            let relative = 0;
            const bytes = records.map(([target, links]) => {
              const json = watJson([]).replace('[]', () => writeJson(links, pick));
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
        { numRuns: 400 },
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
