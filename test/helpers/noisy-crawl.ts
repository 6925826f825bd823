/** Crawl files of pages that hardly compress, so that few of them make a large file. Every text starts with a number below 900, base 36. */
import { gzipSync } from 'node:zlib';
import { makeResponse, makeWatRecord, watJson } from './crawl.ts';

export type CrawlFormat = 'wat' | 'warc';

/** Numbers that look random, the same each time. */
export function makeRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A page of some kilobytes that hardly compress, with images of every kind, or something odd. */
function makePage(format: CrawlFormat, random: () => number, number: number): Buffer {
  const noise = (length: number): string =>
    Array.from({ length }, () => Math.floor(random() * 36 ** 5).toString(36)).join(' ');
  const images = Array.from({ length: Math.floor(random() * 20) }, (_, i) => {
    const kind = Math.floor(random() * 6);
    return {
      url: kind === 0 ? `/a/${i}.png` : `http://i/${noise(1)}.png`,
      kind,
      alt: kind === 1 ? ' ' : `${Math.floor(random() * 900).toString(36)} ${noise(5)}`,
    };
  });
  const target = `http://h/${number}/p.html`;
  if (format === 'warc') {
    const tags = images.map(({ url, kind, alt }) =>
      kind === 2
        ? `<img alt="${alt}">`
        : kind === 3
          ? `<img src="${url}">`
          : `<img src="${url}" alt="${alt}">`,
    );
    const body =
      random() < 0.02 ? 'HTTP/1.1 200 OK' : `HTTP/1.1 200 OK\r\n\r\n<p>${noise(600)}</p>${tags.join('')}`;
    return makeResponse(target, body);
  }
  const links = images.map(({ url, kind, alt }) => ({
    path: 'IMG@/src',
    ...(kind === 2 ? {} : { url: kind === 4 ? 'http://[x/' : url }),
    ...(kind === 3 ? {} : { alt }),
    text: noise(90),
  }));
  return makeWatRecord(target, random() < 0.02 ? '{"cut' : watJson(links));
}

/**
 * Members of a crawl file, a record each.
 *
 * @param format - of the file
 * @param seed - the same file for the same seed
 * @param count - number of records; each has 3 to 8 kilobytes
 */
export function makeNoisyMembers(format: CrawlFormat, seed: number, count: number): Buffer[] {
  const random = makeRandom(seed);
  return Array.from({ length: count }, (_, i) => gzipSync(makePage(format, random, i)));
}
