import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import {
  resolveColumns,
  TEXT_COLUMN_NAMES,
  URL_COLUMN_NAMES,
  valueByName,
} from '../../../src/curation/sources/columns.ts';

// Column lists as the published pools have them.
const LAYOUTS: [pool: string, columns: string[], url: string, text: string, page?: string][] = [
  [
    'LAION-400M',
    ['SAMPLE_ID', 'URL', 'TEXT', 'HEIGHT', 'WIDTH', 'LICENSE', 'NSFW', 'similarity'],
    'URL',
    'TEXT',
  ],
  [
    'LAION-5B',
    ['URL', 'TEXT', 'WIDTH', 'HEIGHT', 'similarity', 'hash', 'punsafe', 'pwatermark'],
    'URL',
    'TEXT',
  ],
  [
    'DataComp',
    ['uid', 'url', 'text', 'original_width', 'original_height', 'clip_b32_similarity_score', 'sha256'],
    'url',
    'text',
  ],
  [
    'img2dataset',
    ['url', 'caption', 'key', 'status', 'error_message', 'width', 'height', 'exif', 'sha256'],
    'url',
    'caption',
  ],
  [
    'COYO-700M',
    ['id', 'url', 'text', 'width', 'height', 'image_phash', 'text_length', 'word_count'],
    'url',
    'text',
  ],
  ['MetaCLIP', ['url', 'texts', 'uuid'], 'url', 'texts'],
  ['WIT-like', ['language', 'page_url', 'image_url', 'alt_text'], 'image_url', 'alt_text', 'page_url'],
  ['camel case', ['imageUrl', 'altText', 'pageUrl'], 'imageUrl', 'altText', 'pageUrl'],
  ['with spaces', ['Image URL', 'Title'], 'Image URL', 'Title'],
];

for (const [pool, columns, url, text, page] of LAYOUTS) {
  test(`columns of ${pool}`, () => {
    assert.deepEqual(resolveColumns(columns, {}, 'pool'), { url, text, page });
  });
}

test('the lists are in order of precedence, exact spelling before any other', () => {
  assert.equal(resolveColumns(['image_url', 'url', 'alt', 'caption'], {}, 'f').url, 'url');
  assert.equal(
    resolveColumns(['image_url', 'url', 'title', 'alt', 'text', 'caption'], {}, 'f').text,
    'caption',
  );
  assert.equal(resolveColumns(['URL', 'url', 'text'], {}, 'f').url, 'url');
  assert.equal(resolveColumns(['image_url', 'URL', 'text'], {}, 'f').url, 'URL');
  assert.equal(resolveColumns(['Url', 'URL', 'text'], {}, 'f').url, 'Url');
});

test('a given name wins over known ones, exactly first and loosely then', () => {
  const columns = ['url', 'thumb', 'Thumb', 'text', 'my_alt'];
  const given = resolveColumns(columns, { urlColumn: 'Thumb', textColumn: 'MY_ALT' }, 'f');
  assert.deepEqual([given.url, given.text], ['Thumb', 'my_alt']);
});

test('a missing column names the file, its columns and the option', () => {
  const rows: [string[], object, string][] = [
    [['a', 'caption'], {}, 'url'],
    [['url', 'b'], {}, 'text'],
    [['url', 'caption'], { urlColumn: 'nope' }, 'url'],
    [['url', 'caption'], { textColumn: 'nope' }, 'text'],
    [['__proto__', 'constructor'], {}, 'url'],
    [[], {}, 'url'],
  ];
  for (const [columns, choice, role] of rows) {
    assert.throws(
      () => resolveColumns(columns, choice, 'some/file.csv'),
      (error) => {
        assert.ok(error instanceof MetaclipError);
        assert.equal(error.code, 'E_COLUMN_MISSING');
        assert.match(error.message, /^some\/file\.csv: /);
        for (const column of columns) assert.ok(error.message.includes(column));
        assert.ok(error.hint?.includes(`--${role}-column`));
        return true;
      },
    );
  }
});

test('a very wide file does not make a very long message', () => {
  const columns = Array.from({ length: 10_000 }, (_, i) => `c${i}`.padEnd(1000, 'x'));
  assert.throws(
    () => resolveColumns(columns, {}, 'f'),
    (error) => error instanceof Error && error.message.length < 5000,
  );
});

test('values of objects are found among own properties only', () => {
  const record: unknown = JSON.parse(
    '{"__proto__": {"url": "p"}, "Image_URL": "u", "meta": {"url": "m", "a.b": 1}, "x.y": "xy"}',
  );
  assert.ok(typeof record === 'object' && record !== null);
  assert.equal(valueByName(record, undefined, URL_COLUMN_NAMES), 'u');
  assert.equal(valueByName(record, undefined, TEXT_COLUMN_NAMES), undefined);
  assert.equal(valueByName(record, 'meta.url', []), 'm');
  assert.equal(valueByName(record, 'x.y', []), 'xy');
  assert.equal(valueByName(record, '__proto__.url', []), 'p');
  assert.equal(valueByName({}, '__proto__', []), undefined);
  assert.equal(valueByName({}, 'constructor.name', []), undefined);
  assert.equal(valueByName(record, 'meta.url.length', []), undefined);
});
