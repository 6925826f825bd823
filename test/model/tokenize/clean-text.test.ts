/** Text cleaning as Python's html.unescape, str.strip and the white space of its regex module have it. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { cleanText, unescapeHtml } from '../../../src/model/tokenize/clean-text.ts';

const PYTHON = 'python3';
const SCRIPT = `
import html, json, sys
texts = json.load(sys.stdin)
json.dump([[html.unescape(text), html.unescape(html.unescape(text)).strip(), text.lower()] for text in texts], sys.stdout)
`;
const probe = spawnSync(PYTHON, ['-c', 'import sys; print(sys.version_info[:2] >= (3, 8))']);
const skip =
  probe.status === 0 && probe.stdout.toString().trim() === 'True'
    ? false
    : 'skipped: no python3 here to compare with';

/** A space, or one of the four separators that only `strip` knows, at either end. */
const STRIPPED = ' \x1c-\x1f';
const ENDS = new RegExp(`^[${STRIPPED}]+|[${STRIPPED}]+$`, 'g');

/** @returns for each text: unescaped, unescaped twice and stripped, lower-cased; all by Python */
function askPython(texts: readonly string[]): [once: string, twice: string, lower: string][] {
  const run = spawnSync(PYTHON, ['-c', SCRIPT], { input: JSON.stringify(texts), maxBuffer: 1 << 28 });
  assert.equal(run.status, 0, run.stderr.toString());
  return JSON.parse(run.stdout.toString()) as [string, string, string][];
}

describe('unescapeHtml', () => {
  const rows: readonly (readonly [text: string, expected: string])[] = [
    ['no reference', 'no reference'],
    ['&amp;', '&'],
    ['&amp;amp;', '&amp;'],
    ['fish &amp chips', 'fish & chips'],
    ['&lt;b&gt;', '<b>'],
    ['&notit; &notin;', '¬it; ∉'],
    ['&NotAName; & &; &#; &#x;', '&NotAName; & &; &#; &#x;'],
    ['&#65;&#x42;&#X43&#68x', 'ABCDx'],
    ['&#0;&#128;&#x81;&#xD800;&#x110000;', '\ufffd€\x81\ufffd\ufffd'],
    ['a&#1;b&#11;c&#xFFFE;d&#127;', 'abcd'],
    ['&#9;&#10;&#12;&#13;', '\t\n\f\r'],
    ['&CounterClockwiseContourIntegral;', '∳'],
    ['&hearts;&eacute;&Eacute&nbsp;', '♥éÉ\u00a0'],
    [`&#${'9'.repeat(400)};`, '\ufffd'],
    ['&constructor; &__proto__; &toString', '&constructor; &__proto__; &toString'],
  ];
  for (const [text, expected] of rows) {
    it(`makes ${JSON.stringify(expected.slice(0, 30))} of ${JSON.stringify(text.slice(0, 40))}`, () => {
      assert.equal(unescapeHtml(text), expected);
    });
  }

  it(
    'is that of Python: every number up to 300, every odd code point, names with and without an end',
    { skip },
    () => {
      const numbers = Array.from({ length: 300 }, (_, code) => [
        `&#${code};`,
        `&#x${code.toString(16)} x`,
      ]).flat();
      const odd = [0xd7ff, 0xd800, 0xdfff, 0xe000, 0xfdcf, 0xfdd0, 0xfdef, 0xfdf0, 0x10ffff, 0x110000].map(
        (c) => `&#${c};`,
      );
      for (let plane = 0; plane <= 16; plane++) {
        for (const low of [0xfffd, 0xfffe, 0xffff]) odd.push(`&#x${(plane * 0x10000 + low).toString(16)};`);
      }
      const names =
        'amp AMP lt gt quot apos nbsp copy reg not notin times timesbar ang angle sup sup1 sup2 frac12 para parallel'
          .split(' ')
          .flatMap((name) => [`&${name};`, `&${name}`, `&${name}x;`, `&${name} `, `x&${name}&${name};=`]);
      const texts = [...numbers, ...odd, ...names];
      for (const [i, [once]] of askPython(texts).entries())
        assert.equal(unescapeHtml(texts[i]!), once, texts[i]);
    },
  );
});

describe('cleanText', () => {
  it('is that of Python on any mixture of references, spaces and letters', { skip }, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '&',
        ';',
        '#',
        'x',
        '&amp;',
        '&amp;amp;lt;',
        '&lt',
        '&#x2028;',
        '&#32;',
        '&nbsp',
        '&#31;',
        '&#38;#65;',
      ),
      fc.constantFrom(
        ' ',
        '\t',
        '\n',
        '\x1c',
        '\x1f',
        '\x85',
        '\xa0',
        '\u2003',
        '\u3000',
        '\ufeff',
        '\u200b',
        '\u180e',
      ),
      fc.constantFrom('ΣΑΣ', 'Σ', 'İ', 'ǅ', 'ß', 'A\u0345', 'é', '猫', '😀', 'ΑΣ\u0301', '\u00adΣ'),
      fc.string({ maxLength: 5 }),
    );
    const texts = fc.sample(
      fc.array(piece, { maxLength: 10 }).map((pieces) => pieces.join('')),
      { numRuns: 3000, seed: 11 },
    );
    for (const [i, [, twice, lower]] of askPython(texts).entries()) {
      const text = texts[i]!;
      // What the regex module calls white space is str.isspace() less four separators.
      const collapsed = twice.replaceAll(
        /[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/g,
        ' ',
      );
      assert.equal(cleanText(text), collapsed.replace(ENDS, ''), JSON.stringify(text));
      assert.equal(text.toLowerCase(), lower, JSON.stringify(text));
    }
  });

  it('lower-cases every letter of Unicode 13 as Python does', { skip }, () => {
    // But for blocks that have grown since: a letter of a newer Unicode than Python's is no failure.
    const texts: string[] = [];
    for (let code = 0; code < 0x20000; code++) {
      const letter = String.fromCodePoint(code);
      if (/^(?:\p{Lu}|\p{Lt})$/u.test(letter) && code < 0xa7c0 && code >> 4 !== 0x1c8)
        texts.push(letter, `A${letter}`, `${letter}a`);
    }
    assert.ok(texts.length > 3000);
    for (const [i, [, , lower]] of askPython(texts).entries()) {
      const text = texts[i]!;
      assert.equal(text.toLowerCase(), lower, text);
    }
  });

  it('takes linear time on references and spaces without end', () => {
    const hostile = [
      '&'.repeat(300_000),
      ' \x1f'.repeat(300_000),
      '&amp;'.repeat(100_000),
      `x${' '.repeat(500_000)}\ufeff`,
    ];
    assert.deepEqual(
      hostile.map((text) => cleanText(text).length),
      [300_000, 0, 100_000, 3],
    );
  });
});
