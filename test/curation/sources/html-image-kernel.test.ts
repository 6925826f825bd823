/** What the kernel leaves of a page has the same images as the page. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { HtmlImageKernel } from '../../../src/curation/sources/html-image-kernel.ts';
import { type PageTag, scanPage } from '../../../src/curation/sources/html-images.ts';
import { listRealPages } from '../../helpers/real-pages.ts';

const kernel = new HtmlImageKernel();
const scan = (page: Buffer): PageTag[] => [...scanPage(page.toString('utf8'))];

/** Returns whether the kernel took the page. */
function assertSame(page: Buffer): boolean {
  if (!kernel.findTags(page)) return false;
  const tags = Array.from({ length: kernel.tagCount }, (_, tag) => scan(kernel.getTag(tag)));
  assert.deepEqual(tags.flat(), scan(page), page.toString());
  return true;
}

// Page; whether the kernel follows it.
const ROWS: readonly (readonly [string, boolean])[] = [
  ['', true],
  ['<img src=a alt=b>', true],
  ['<IMG SRC="a" ALT=\'b > c\'><image src=x><imgx src=y><im g src=z>', true],
  ['<img src="a', true],
  ['<img src=a/><img/src=b/alt=c><img src = "d"title=e>', true],
  ['<img alt=a=b src==c "d" =e>', true],
  [
    '<!-- <img src=a> --><img src=b><!--><img src=c><!---><img src=d><!--x--!><img src=e><!-- -- --- ->-->',
    true,
  ],
  ['<!-- a --!b--><img src=a><!-----><img src=b><!--a---->', true],
  ['<!doctype html><!><!-><!x <img src=a>><img src=b><!d>', true],
  ['<?php <img src=a> ?><img src=b></ img src=c></><img src=d></3><img src=e>', true],
  ['<script>"<img src=a>"</scripty></SCRIPT ><img src=b><style/><img src=c></style>', true],
  ['<script>a<b</ script><</script><img src=a>', true],
  ['<title>&lt;<img src=a></title><textarea><img src=b></textarea><xmp><img src=c></xmp>', true],
  ['<iframe><img src=a></iframe><noframes><img src=b></noframes><noembed><img src=c></noembed>', true],
  ['<noscript><img src=a></noscript><template><img src=b></template>', true],
  ['<plaintext><img src=a></plaintext>', true],
  ['<plaintexts><img src=a>', true],
  ['<base href="/x/"><img src=a><base>', true],
  ['<svg><title>t</title><path d="M0>"/><g><image href=a /></g></svg><img src=b><image src=c>', true],
  ['<svg/><image src=a><svg><svg><circle/></svg><image src=b></svg><image src=c>', true],
  ['<math><semantics><image src=a></semantics></math><image src=b>', true],
  ['<svg><style><image src=a></style></svg><img src=b>', true],
  ['<svg / ><image src=a><svg a=b/><image src=b></svg><svg a="b"/ ><image src=c>', true],
  ['<a b="c"="d><img src=e>"><img src=f>', true],
  ['<a="><img src=b>"><a\x01b="><img src=c>"><a b c ="d>e"f=\'>\'><img src=g>', true],
  ['<a/b="c>d"><img src=e></a b="><img src=f>"><img src=g></a><img src=h>', true],
  ['<p>a<a href=x/y>b</a><a title=""><a href="a=b"c=d><img src=e>', true],
  ['<svg><title><b>t</b></title></svg><img src=a>', false],
  ['<svg><foreignObject><image src=a></foreignObject></svg>', false],
  ['<svg><p><image src=a>', false],
  ['<svg><math><image src=a>', false],
  ['<![CDATA[<img src=a>]]><img src=b>', false],
  ['a < b <img src=a> 3<4 <<img src=b>>', true],
  ['<img src="\u00e9\u732b" alt="&eacute;&amp;&quot;&#10;&notanentity">', true],
];

describe('HtmlImageKernel', () => {
  for (const [page, isFollowed] of ROWS) {
    it(page.slice(0, 60) || 'an empty page', () => {
      assert.equal(assertSame(Buffer.from(page)), isFollowed);
    });
  }

  it('any cut of a page', () => {
    for (const [page] of ROWS) {
      const bytes = Buffer.from(page);
      for (let length = 0; length < bytes.length; length++) assertSame(bytes.subarray(0, length));
    }
  });

  it('random pages of the pieces that matter', () => {
    const piece = fc.constantFrom(
      ...'< > </ /> = " \' <img <IMG <image <base src=a alt="b" title=\'c\' <!-- --> --!> - ! -- <! <? <![CDATA[ ]]> <script </script <style </style'.split(
        ' ',
      ),
      ...'<title </title <textarea </textarea <svg </svg <math </math <g <path/> <p <div </div <foreignobject </foreignobject <desc </desc'.split(
        ' ',
      ),
      ...[
        '>',
        '>',
        '>',
        ' ',
        '\n',
        '\f',
        'x',
        'é',
        '&lt;',
        '&',
        '<plaintext',
        '<noscript',
        '<xmp',
        '</xmp',
        '<mi',
        '</mi',
        '<b',
        '<br/>',
        '<h1',
        '<TITLE',
        '</Svg',
      ],
    );
    let followed = 0;
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        if (assertSame(Buffer.from(pieces.join('')))) followed++;
      }),
      { numRuns: 20_000 },
    );
    assert.ok(followed > 5_000, `only ${followed} pages were followed`);
  });

  it('random insides of tags', () => {
    const inside = fc.array(fc.constantFrom(...'= = " " \' / / > a b \n \x01'.split(' '), ' ', ' '), {
      maxLength: 16,
    });
    const name = fc.constantFrom('<a', '<a ', '<img ', '</a ', '<svg ', '<script ', '<br');
    const page = fc.array(fc.tuple(name, inside), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(page, (tags) => {
        const text = tags.map(([start, pieces]) => start + pieces.join('')).join('>');
        assertSame(Buffer.from(`${text}><img src=x>"><img src=y>'><img src=z></script>`));
      }),
      { numRuns: 100_000 },
    );
  });

  it('more tags than there is room for, and a page too long', () => {
    assert.equal(kernel.findTags(Buffer.from('<img src=a>'.repeat(65_537))), false);
    assert.ok(assertSame(Buffer.from('<img src=a>'.repeat(65_536))));
    assert.equal(kernel.findTags(Buffer.alloc((4 << 20) + 1)), false);
  });

  it('every real page of installed packages and documentation', () => {
    const pages = listRealPages();
    const followed = pages.filter(assertSame).length;
    assert.ok(
      pages.length > 50 && followed >= pages.length * 0.9,
      `${followed} of ${pages.length} pages were followed`,
    );
  });
});
