import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { joinUrl, UrlJoiner } from '../../../src/curation/sources/url-join.ts';
import { uuidOf } from '../../../src/curation/pair-ids.ts';
import { referencePath, skipWithoutReference } from '../../helpers/reference.ts';

const BASE = 'http://a/b/c/d;p?q';

// Base, link, what Python 3.11 makes of it.
const ROWS: readonly (readonly [string, string, string | undefined])[] = [
  // RFC 3986, 5.4
  [BASE, 'g:h', 'g:h'],
  [BASE, 'g', 'http://a/b/c/g'],
  [BASE, './g', 'http://a/b/c/g'],
  [BASE, '/g', 'http://a/g'],
  [BASE, '//g', 'http://g'],
  [BASE, '?y', 'http://a/b/c/d;p?y'],
  [BASE, '#s', 'http://a/b/c/d;p?q#s'],
  [BASE, 'g?y/../x', 'http://a/b/c/g?y/../x'],
  [BASE, ';x', 'http://a/b/c/;x'],
  [BASE, '', 'http://a/b/c/d;p?q'],
  [BASE, '..', 'http://a/b/'],
  [BASE, '../../../../g', 'http://a/g'],
  [BASE, '/../g', 'http://a/g'],
  [BASE, 'http:g', 'http://a/b/c/g'],
  // Python's own ways
  [BASE, 'http://H/a/../b', 'http://H/a/../b'],
  [BASE, 'http://h/?', 'http://h/'],
  [BASE, 'http://h/a?#', 'http://h/a'],
  [BASE, 'http://h/a;', 'http://h/a'],
  [BASE, '/a?', 'http://a/a'],
  [BASE, '/a//b/./c', 'http://a/a//b/c'],
  [BASE, 'a//b', 'http://a/b/c/a/b'],
  [BASE, 'HTTP://h/x', 'http://h/x'],
  [BASE, ' \t/x', 'http://a/x'],
  [BASE, '/x y ', 'http://a/x y '],
  [BASE, '/x\ty\r\nz', 'http://a/xyz'],
  [BASE, 'https://h\t/x', 'https://h\t/x'],
  [BASE, 'data:image/png;base64,AA==', 'data:image/png;base64,AA=='],
  [BASE, 'a:b/c', 'a:b/c'],
  [BASE, '1:b/c', 'http://a/b/c/1:b/c'],
  [BASE, 'é.png', 'http://a/b/c/é.png'],
  [BASE, 'http:///x', 'http://a/x'],
  ['', '/x', '/x'],
  ['/p/q', 'x', '/p/x'],
  ['<http://h/>', '/x', '/x'],
  ['file:///a/b', 'c', 'file:///a/c'],
  ['mailto:x@y', 'z', 'z'],
  ['http://h', 'x', 'http://h/x'],
  ['http://h?q', 'x', 'http://h/x'],
  // Hosts that Python refuses
  [BASE, 'http://[::1]/x', 'http://[::1]/x'],
  [BASE, 'http://[::1%eth0]/x', 'http://[::1%eth0]/x'],
  [BASE, 'http://[::ffff:1.2.3.4]/x', 'http://[::ffff:1.2.3.4]/x'],
  [BASE, 'http://[v1.x]/', 'http://[v1.x]/'],
  [BASE, 'http://[1.2.3.4]/', undefined],
  [BASE, 'http://[::ffff:1.2.3.256]/', undefined],
  [BASE, 'http://[1:2:3:4:5:6:7]/', undefined],
  [BASE, 'http://[1::2::3]/', undefined],
  [BASE, 'http://[::1/x', undefined],
  [BASE, 'https://[x]/', undefined],
  [BASE, 'http://a\u2100b/', undefined],
  [BASE, 'http://bücher/', 'http://bücher/'],
  ['http://[x]/', '/y', undefined],
  ['http://[x]/', '', 'http://[x]/'],
];

describe('joining urls', () => {
  for (const [base, href, expected] of ROWS) {
    it(`${JSON.stringify(base)} + ${JSON.stringify(href)}`, () => {
      assert.equal(joinUrl(base, href), expected);
    });
  }

  it('agrees with 20,000 real joins and their ids', { skip: skipWithoutReference }, () => {
    const lines = gunzipSync(readFileSync(referencePath('urls/urljoin.jsonl.gz')))
      .toString()
      .trim()
      .split('\n');
    assert.equal(lines.length, 20_000);
    for (const line of lines) {
      const [base, href, joined, uuid] = JSON.parse(line) as string[];
      const got = joinUrl(base!, href!);
      assert.equal(got, joined);
      assert.equal(uuidOf(joined!), uuid);
    }
  });

  it('a joiner gives the same for every link of its page, in any order', () => {
    const joiner = new UrlJoiner(BASE);
    for (const [base, href, expected] of [...ROWS, ...ROWS.toReversed()]) {
      if (base === BASE) assert.equal(joiner.join(href), expected);
    }
  });
});

describe('UrlJoiner', () => {
  it('puts plain links where the full rule puts them', () => {
    const piece = fc.constantFrom(
      '/',
      '/',
      '..',
      '.',
      ';',
      '?',
      '#',
      'a',
      'b.c',
      'é',
      ' ',
      '\t',
      ':',
      '@',
      '%2F',
    );
    const base = fc.array(piece, { maxLength: 9 }).map((pieces) => `http://h${pieces.join('')}`);
    fc.assert(
      fc.property(base, (url) => {
        const joiner = new UrlJoiner(url);
        // A link that starts with a dot takes no fast path.
        assert.equal(joiner.join('x'), joiner.join('./x'));
        assert.equal(joiner.join('/x'), joiner.join('/./x'));
      }),
      { numRuns: 20_000 },
    );
  });
});

const PYTHON = `
import json, sys
from urllib.parse import urljoin
out = []
for base, href in json.load(sys.stdin):
    try: out.append(urljoin(base, href))
    except ValueError: out.append(None)
json.dump(out, sys.stdout)
`;

/** Why Python cannot be asked; false where it can. Other versions differ: brackets, empty hosts. */
function findPythonObstacle(): string | false {
  const probe = spawnSync('python3', [
    '-c',
    'import sys; print(sys.version_info >= (3, 11, 4) and sys.version_info < (3, 12))',
  ]);
  if (probe.error !== undefined) return 'skipped: no python3';
  return probe.stdout.toString().trim() === 'True' ? false : 'skipped: python3 is not 3.11.4 or a later 3.11';
}

describe('joining urls as Python does', () => {
  it('agrees with Python on made-up urls', { skip: findPythonObstacle() }, () => {
    const piece = fc.constantFrom(
      ...[
        'http:',
        'https:',
        'ftp:',
        'mailto:',
        'x+y:',
        '//',
        '/',
        '/',
        '..',
        '.',
        ';',
        '?',
        '#',
        ':',
        '@',
        '%41',
        ' ',
        '\t',
      ],
      ...[
        '\n',
        '\0',
        'a',
        'b.png',
        'é',
        '\u2100',
        '\ud83d\ude00',
        '[',
        ']',
        '[::1]',
        '[v1.a]',
        '1',
        '_',
        '&',
        '\\',
        '\u00a0',
      ],
    );
    const url = fc.array(piece, { maxLength: 9 }).map((pieces) => pieces.join(''));
    const base = fc.oneof(
      url,
      url.map((rest) => `http://h/${rest}`),
      url.map((rest) => `https://h${rest}`),
    );
    const href = fc.oneof(
      url,
      url.map((rest) => `http://h${rest}`),
      url.map((rest) => `/${rest}`),
    );
    const pairs = fc.sample(fc.tuple(base, href), 20_000);
    const run = spawnSync('python3', ['-c', PYTHON], { input: JSON.stringify(pairs), maxBuffer: 1 << 28 });
    const expected = JSON.parse(run.stdout.toString()) as (string | null)[];
    assert.equal(expected.length, pairs.length);
    pairs.forEach(([from, to], i) => {
      assert.equal(joinUrl(from, to) ?? null, expected[i], `${JSON.stringify(from)} + ${JSON.stringify(to)}`);
    });
  });
});
