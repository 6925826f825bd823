/** The pairs of a page by the published rule, the slow way: htmlparser2 over the whole page, clean, join. */
import type { Compat } from '../../src/curation/compat.ts';
import { type Pair, TEXT_KEYS } from '../../src/curation/pair-batch.ts';
import { scanPage } from '../../src/curation/sources/html-images.ts';
import type { DropLog } from '../../src/curation/sources/source.ts';
import { stripText } from '../../src/curation/sources/strip-text.ts';
import { joinUrl } from '../../src/curation/sources/url-join.ts';

/** Pairs in order, and how many of them have a relative link; what brings none is counted. */
export function readPageSlowly(
  pageUrl: string,
  html: string,
  compat: Compat,
  drops: DropLog,
): { pairs: Pair[]; relative: number } {
  const pairs: Pair[] = [];
  const lineEnd = compat === 'mended' ? ' ' : '';
  let relative = 0;
  let base = pageUrl;
  let hasBase = false;
  for (const { name, link, texts } of scanPage(html)) {
    if (name === 'base') {
      if (compat === 'mended' && !hasBase) base = joinUrl(pageUrl, stripText(link ?? '')) ?? pageUrl;
      hasBase = true;
      continue;
    }
    const href = stripText(link ?? '').replace(/[\r\n]/g, '');
    if (href === '') {
      drops.add('missing-url', 1);
      continue;
    }
    const found: { text: string; textKey: number }[] = [];
    for (const { textKey, value } of texts) {
      const text = stripText(value).replace(/[\r\n]/g, lineEnd);
      if (text === '') drops.add('empty-text', 1);
      else found.push({ text, textKey });
    }
    if (texts.length === 0) drops.add('missing-text', 1);
    if (found.length === 0) continue;
    const url = joinUrl(base, href);
    if (url === undefined) {
      drops.add('bad-url', 1);
      continue;
    }
    if (!/^[\0- ]*[a-z][a-z0-9+.-]*:/i.test(href)) relative += found.length;
    for (const { text, textKey } of found)
      pairs.push({ url, text, textKey: TEXT_KEYS[textKey] ?? 'caption', pageUrl });
  }
  return { pairs, relative };
}
