/** Wikitext to plain text, a row for each kind of markup. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { stripWikitext } from '../../../src/metadata/dumps/wikitext.ts';

const words = (text: string): string => text.trim().split(/\s+/).join(' ');

describe('stripWikitext', () => {
  const rows: [name: string, wikitext: string, plain: string][] = [
    ['plain text', 'A red fox.', 'A red fox.'],
    ['bold and italic', "'''A''' ''red'' '''''fox'''''", 'A red fox'],
    ['a link', 'the [[red fox]]es', 'the red foxes'],
    ['a link with a label', 'the [[Vulpes vulpes|red fox]]', 'the red fox'],
    ['links to other languages and categories', '[[de:Fuchs]]a[[Category:Foxes]]b[[zh-min-nan:x]]c', 'a b c'],
    [
      'a link that only looks like one',
      '[[Star Trek: Picard]] [[:Category:Foxes]]',
      'Star Trek: Picard Category:Foxes',
    ],
    ['a file with links in its caption', 'x [[File:A.jpg|thumb|A [[fox]] in {{snow}}]] y', 'x y'],
    ['a template', 'a {{lang|la|Vulpes}} b', 'a b'],
    ['nested templates', 'a {{x|{{y|{{z}}}}|1}} b', 'a b'],
    ['an empty last argument', 'a {{x|1|}} b', 'a b'],
    ['a link never closed inside a template', 'a {{x|[[y}} b', 'a b'],
    ['a table', 'a\n{| class="x"\n|-\n| b || {{c}}\n|}\nd', 'a d'],
    ['a table in a table', 'a {| b {| c |} d |} e', 'a e'],
    ['a comment', 'a<!-- b\n -->c', 'ac'],
    ['references', 'a<ref name="x">b</ref> c<ref name=x/> d', 'a c d'],
    ['formulas and code', 'a <math>x^2</math> b <syntaxhighlight lang="c">int</syntaxhighlight> c', 'a b c'],
    ['tags', 'H<sub>2</sub>O <br/> <div class="x">in</div>', 'H 2 O in'],
    ['entities', 'a&nbsp;&mdash;b &amp; &lt;c&gt;', 'a —b & <c>'],
    ['headings and lists', '== Head ==\n* one\n## two\n:; three', 'Head one two three'],
    ['addresses', 'see [http://x.y/z?a=b its site] or http://x.y [//x.y z]', 'see its site or z'],
    ['magic words', '__NOTOC__a', 'a'],
    ['markup never closed', 'a {{b [[c {| d', 'a b c d'],
    ['a reference never closed', 'a <ref>b', 'a b'],
    ['closing marks alone', 'a }} b ]] c |} d', 'a b c d'],
    ['a template argument', 'a {{{1|b}}} c', 'a } c'],
    ['namespaces in capitals', 'a [[FILE:x.jpg]] b', 'a b'],
  ];
  for (const [name, wikitext, plain] of rows) {
    it(name, () => {
      assert.equal(words(stripWikitext(wikitext)), plain);
    });
  }

  it('leaves out the namespaces of the wiki by their own names', () => {
    const names = { dropped: new Set(['datei', 'kategorie']) };
    assert.equal(words(stripWikitext('a [[Datei:x.jpg|mini|y]] [[Kategorie:z]] b', names)), 'a b');
  });

  it('takes any markup in linear time', () => {
    for (const piece of [
      '{{',
      '[[',
      '{|',
      '<ref>',
      '<!--',
      '}}',
      '|}',
      '<',
      '[[a|',
      '&lt;',
      '=',
      "''",
      '[http://',
    ]) {
      assert.equal(typeof stripWikitext(piece.repeat(50_000)), 'string');
    }
  });

  it('never gives more than it was given', () => {
    const mark = fc.constantFrom(
      '{{',
      '}}',
      '[[',
      ']]',
      '{|',
      '|}',
      '|',
      'a',
      ' ',
      '\n',
      '<ref>',
      '</ref>',
      '<b>',
      '<!--',
      '-->',
      "''",
      'File:',
    );
    fc.assert(
      fc.property(fc.array(mark, { maxLength: 40 }), (marks) => {
        const letters = (text: string): number => text.split('a').length - 1;
        const wikitext = marks.join('');
        assert.ok(letters(stripWikitext(wikitext)) <= letters(wikitext), wikitext);
      }),
    );
  });
});
