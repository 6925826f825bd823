import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import { openFileSource } from '../../../src/curation/sources/byte-source.ts';
import { DropLog } from '../../../src/curation/sources/source.ts';
import {
  FIELD_ABSENT,
  FIELD_NO_STRING,
  FIELD_NULL,
  FIELD_PLAIN,
  type ImageLinks,
  LINK_FIELDS,
  LINKS_PATH,
  WatLinkSkimmer,
} from '../../../src/curation/sources/wat-links.ts';
import { WatLinkKernel } from '../../../src/curation/sources/wat-link-kernel.ts';
import { readFileRecords, watJson } from '../../helpers/crawl.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';
import { findLinksSlowly } from '../../helpers/wat-oracle.ts';

const NO_STRING = Symbol('no string');
const skimmer = new WatLinkSkimmer();
const kernel = new WatLinkKernel();

function listLinks(links: ImageLinks): unknown[][] {
  return Array.from({ length: links.imageCount }, (_, image) =>
    LINK_FIELDS.map((_name, field) => {
      const kind = links.getKind(image, field);
      if (kind === FIELD_ABSENT) return undefined;
      if (kind === FIELD_NULL) return null;
      if (kind === FIELD_NO_STRING) return NO_STRING;
      const text = links.getField(image, field);
      if (kind === FIELD_PLAIN) {
        const bytes = links.bytes.subarray(links.getStart(image, field), links.getEnd(image, field));
        assert.equal(bytes.toString(), text);
      }
      return text;
    }),
  );
}

function skimLinks(bytes: Buffer): unknown[][] | undefined {
  const isJson = skimmer.skim(bytes);
  if (!isJson) assert.equal(skimmer.imageCount, 0);
  const found = isJson ? listLinks(skimmer) : undefined;
  // The kernel's memory holds the record before, longer or shorter.
  const byKernel = kernel.skim(bytes);
  assert.deepEqual(byKernel === undefined ? undefined : listLinks(byKernel), found, bytes.toString());
  return found;
}

/** Skimmers and oracle must agree on the links, and on whether the bytes are JSON at all. */
function assertSame(bytes: Buffer): unknown[][] | undefined {
  const expected = findLinksSlowly(bytes)?.map((link) =>
    link.map((value) =>
      value === undefined || value === null || typeof value === 'string' ? value : NO_STRING,
    ),
  );
  const got = skimLinks(bytes);
  assert.deepEqual(got, expected, bytes.toString());
  return got;
}

const same = (json: string): unknown[][] | undefined => assertSame(Buffer.from(json));
const wrap = (links: string): string =>
  LINKS_PATH.reduceRight((inner, key) => `{${JSON.stringify(key)}:${inner}}`, links);
const IMAGE = '{"path":"IMG@/src","url":"u","alt":"a"}';
const FOUND = [['u', 'a', undefined, undefined]];

// JSON text, links found; undefined where it is no JSON.
const ROWS: readonly { name: string; json: string; expected: unknown[][] | undefined }[] = [
  { name: 'an image', json: wrap(`[${IMAGE}]`), expected: FOUND },
  {
    name: 'another path',
    json: wrap('[{"path":"A@/href","url":"u"},{"path":"IMG@/longdesc"},{"path":""}]'),
    expected: [],
  },
  {
    name: 'srcset',
    json: wrap('[{"path":"IMG@/srcset","url":"u"}]'),
    expected: [['u', undefined, undefined, undefined]],
  },
  { name: 'path last', json: wrap('[{"alt":"a","url":"u","path":"IMG@/src"}]'), expected: FOUND },
  {
    name: 'an escaped path',
    json: wrap('[{"p\\u0061th":"\\u0049MG@\\/src","url":"u","\\u0061lt":"a"}]'),
    expected: FOUND,
  },
  {
    name: 'an escaped way',
    json: wrap(`[${IMAGE}]`).replace('Links', '\\u004cinks').replace('Envelope', 'Env\\u0065lope'),
    expected: FOUND,
  },
  {
    name: 'a path that is no longer one',
    json: wrap('[{"path":"IMG@/src","path":"A@/href"},{"path":"IMG@/src","path":5}]'),
    expected: [],
  },
  {
    name: 'values twice',
    json: wrap('[{"path":"A","url":"x","alt":1,"url":"u","path":"IMG@/src","alt":"a"}]'),
    expected: FOUND,
  },
  {
    name: 'a value replaced by null',
    json: wrap('[{"path":"IMG@/src","url":"u","alt":"a","title":"t","title":null}]'),
    expected: [['u', 'a', null, undefined]],
  },
  {
    name: 'links twice, last wins',
    json: `{"Envelope":1,${wrap('[{"path":"IMG@/src","url":"old"}]').slice(1, -1)},${wrap(`[${IMAGE}]`).slice(1)}`,
    expected: FOUND,
  },
  { name: 'links replaced by none', json: `${wrap(`[${IMAGE}]`).slice(0, -1)},"Envelope":[]}`, expected: [] },
  {
    name: 'white space everywhere',
    json: wrap(` [ ${IMAGE.replaceAll(/[{}:,]/g, '\t\n $& \r')} ] `),
    expected: FOUND,
  },
  {
    name: 'no strings',
    json: wrap('[{"path":"IMG@/src","url":1.5e-3,"alt":{"a":[true,{}]},"title":false}]'),
    expected: [[NO_STRING, NO_STRING, NO_STRING, undefined]],
  },
  {
    name: 'elements that are no links',
    json: wrap(`[null,1,"IMG@/src",[${IMAGE}],{},${IMAGE}]`),
    expected: FOUND,
  },
  {
    name: 'links in the wrong place',
    json: `{"Links":[${IMAGE}],"Envelope":{"Links":[${IMAGE}]}}`,
    expected: [],
  },
  { name: 'a string that looks like links', json: wrap(JSON.stringify([wrap(`[${IMAGE}]`)])), expected: [] },
  {
    name: '__proto__ is a key like others',
    json: wrap(`[{"__proto__":{"path":"IMG@/src"},"url":"u"},${IMAGE}]`),
    expected: FOUND,
  },
  {
    name: 'a lone surrogate',
    json: wrap('[{"path":"IMG@/src","url":"\\ud800","alt":"\\udc00x"}]'),
    expected: [['\ud800', '\udc00x', undefined, undefined]],
  },
  { name: 'NUL in a string', json: wrap('[{"path":"IMG@/src","alt":"\0"}]'), expected: undefined },
  {
    name: 'an escaped NUL',
    json: wrap('[{"path":"IMG@/src","alt":"\\u0000"}]'),
    expected: [[undefined, '\0', undefined, undefined]],
  },
  { name: 'a scalar', json: '5', expected: [] },
  { name: 'nothing', json: '', expected: undefined },
  { name: 'two values', json: `${wrap(`[${IMAGE}]`)}{}`, expected: undefined },
  { name: 'NUL behind', json: `${wrap(`[${IMAGE}]`)}\0`, expected: undefined },
  { name: 'a comma too many', json: wrap(`[${IMAGE},]`), expected: undefined },
  { name: 'no colon', json: wrap('[{"path" "IMG@/src"}]'), expected: undefined },
  { name: 'a key that is no string', json: wrap('[{1:2}]'), expected: undefined },
  ...[
    '01',
    '1.',
    '.5',
    '-',
    '1e',
    '+1',
    'tru',
    'nulll',
    'NaN',
    "'a'",
    '"\\x"',
    '"\\u12g4"',
    '"\n"',
    '"',
    '[',
    '{',
    ']',
    '}',
  ].map((value) => ({
    name: `a value that is none: ${value}`,
    json: wrap(`[{"path":"IMG@/src","alt":${value}}]`),
    expected: undefined,
  })),
];

describe('skimming WAT records', () => {
  for (const { name, json, expected } of ROWS) {
    it(name, () => {
      assert.deepEqual(same(json), expected);
    });
  }

  it('any cut of a record is no JSON', () => {
    const json = wrap(`[${IMAGE}, {"path":"IMG@/src","url":"\\u00e9","x":[{"y":-1.5e+3},null,true]}]`);
    for (let length = 0; length < json.length; length++) assert.equal(same(json.slice(0, length)), undefined);
  });

  it('any changed byte of a record is judged as JSON.parse does', () => {
    const bytes = Buffer.from(
      wrap(`[${IMAGE}, {"path":"IMG@/src","url":"\\u00e9é","x":[{"y":-1.5e+3},null]}]`),
    );
    for (let at = 0; at < bytes.length; at++) {
      for (const byte of Buffer.from('"\\{}[],:0e-u \n\0\x80')) {
        const changed = Buffer.from(bytes);
        changed[at] = byte;
        assertSame(changed);
      }
    }
  });

  it('nesting of 100,000 levels is skipped', () => {
    const deep = '[{"a":'.repeat(50_000) + '1' + '}]'.repeat(50_000);
    assert.deepEqual(same(wrap(`[{"path":"IMG@/src","url":"u","alt":"a","x":${deep}}]`)), FOUND);
    assert.equal(same(wrap(`[{"path":"IMG@/src","x":${deep.slice(0, -1)}}]`)), undefined);
  });

  it('more images than the tables first hold', () => {
    assert.equal(same(wrap(`[${Array.from({ length: 5000 }, () => IMAGE).join(',')}]`))?.length, 5000);
  });

  // Small alphabets make the rare things frequent: wanted keys and paths, doubled, escaped, in any place.
  const key = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.constantFrom(...LINKS_PATH, ...LINK_FIELDS, 'path', 'text', '__proto__', 'constructor'),
    },
    { weight: 1, arbitrary: fc.string() },
  );
  const string = fc.oneof(
    fc.constantFrom(
      'IMG@/src',
      'IMG@/srcset',
      'IMG@/sr',
      'A@/href',
      'a',
      '',
      '"',
      '\\',
      ']}',
      '","url":"',
      'é\n',
    ),
    fc.string({ unit: 'binary' }),
  );
  /** Text of a JSON string, some of its characters written as escapes though they need none. */
  const quoted = (content: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(content, fc.nat(7))
      .map(([value, mode]) =>
        mode > 1
          ? JSON.stringify(value)
          : `"${Array.from({ length: value.length }, (_, i) => `\\u${value.charCodeAt(i).toString(16).padStart(4, '0')}`).join('')}"`,
      );
  const blank = fc.constantFrom('', '', '', ' ', '\n\t', '\r ');
  const scalar = fc.oneof(
    quoted(string),
    fc.constantFrom('null', 'true', 'false', '0', '-1.5E+10', '1e999', '123456789012345678901'),
  );
  const objectOf = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .array(fc.tuple(blank, quoted(key), blank, value, blank), { maxLength: 5 })
      .map(
        (members) =>
          `{${members.map(([a, name, b, content, c]) => `${a}${name}${b}:${b}${content}${c}`).join(',')}}`,
      );
  const arrayOf = (value: fc.Arbitrary<string>): fc.Arbitrary<string> =>
    fc
      .tuple(blank, fc.array(value, { maxLength: 4 }))
      .map(([a, values]) => `[${a}${values.join(`${a},${a}`)}]`);
  const anyValue = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof({ maxDepth: 4 }, scalar, objectOf(tie('value')), arrayOf(tie('value'))),
  })).value;
  const link = fc.oneof(
    objectOf(scalar),
    objectOf(anyValue),
    quoted(string).map((alt) => `{"path":"IMG@/src","url":"u","alt":${alt}}`),
    anyValue,
  );
  /** Objects nested along the wanted path, with other members around, some of which repeat the wanted key. */
  const record = LINKS_PATH.reduceRight<fc.Arbitrary<string>>(
    (inner, name) =>
      fc
        .tuple(objectOf(anyValue), quoted(fc.constant(name)), inner, objectOf(anyValue))
        .map(([before, own, value, after]) => {
          const parts = [before.slice(1, -1), `${own}:${value}`, after.slice(1, -1)];
          return `{${parts.filter((part) => part.trim() !== '').join(',')}}`;
        }),
    arrayOf(link),
  );

  it('finds what JSON.parse finds', () => {
    fc.assert(
      fc.property(record, (json) => void same(json)),
      { numRuns: 1500 },
    );
  });

  it('judges damaged records as JSON.parse does', () => {
    fc.assert(
      fc.property(record, fc.nat(), fc.nat(3), fc.nat(255), (json, place, cut, byte) => {
        const bytes = Buffer.from(json);
        const at = place % (bytes.length + 1);
        assertSame(Buffer.concat([bytes.subarray(0, at), Buffer.from([byte]), bytes.subarray(at + cut)]));
        assertSame(bytes.subarray(0, at));
      }),
      { numRuns: 1500 },
    );
  });

  it('finds the same in every real record', { skip: skipWithoutReference }, async () => {
    const folder = referencePath('warc');
    let imageCount = 0;
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.wat.gz'))) {
      const source = openFileSource(`${folder}/${name}`);
      for await (const { block } of readFileRecords(source, new DropLog(), 64 << 20)) {
        imageCount += assertSame(block)?.length ?? 0;
      }
    }
    assert.ok(imageCount > 900);
  });

  it('the oracle agrees with a record built by hand', () => {
    assert.deepEqual(
      findLinksSlowly(Buffer.from(watJson([{ path: 'IMG@/src', url: 'u', alt: 'a' }]))),
      FOUND,
    );
  });
});
