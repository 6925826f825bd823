/**
 * A WAT file that never ends, record by record: for benchmarks and tests of extraction, where no crawl file is at hand.
 *
 * Like Common Crawl's own: a warcinfo record, then for each page one metadata record about the request, one about the
 * response (with head, links and image links) and one about the crawler's own metadata; HTTP header names in mixed
 * case; heavy-tailed pages (median 95 links, mean about 190); 14.5% of the links are images, four of five of them with
 * an alt; 40% of all urls relative; icons and logos repeated within and across pages; more than half of the pages not
 * in English; texts with quotes, line ends and entities; redirects and non-HTML answers without links.
 *
 * Where it differs from real files, so what not to conclude from it:
 *   - words are drawn one by one, so there are no phrases: fewer entries of several words hit, the language of a
 *     text is clearer than on the web, and gzip finds a little less to squeeze;
 *   - digests, checksums, offsets and lengths inside the JSON are random numbers of the right shape;
 *   - 5% of the response records escape everything beyond ASCII and each slash; the present extractor writes UTF-8
 *     and escapes only quotes, backslashes and control characters, but readers must take both;
 *   - hosts are on the reserved domain `.example`; no record is damaged.
 */
import { createRandom } from '../fixtures/seeded-random.ts';
import type { Random } from '../fixtures/seeded-random.ts';
import { drawTextLength, englishWords, FOREIGN_SOURCES, writeText } from './synthetic-words.ts';
import type { WordSource } from './synthetic-words.ts';

/** How much to make; whichever limit is reached first, checked after each page. */
export interface WatOptions {
  /** English words, most frequent first; see `loadVocabulary`. */
  readonly vocabulary: readonly string[];
  /** Stop once this many bytes of records were given; endless when absent. */
  readonly rawBytes?: number;
  /** Stop after this many pages; endless when absent. */
  readonly pageCount?: number;
}

/** One WARC record of the file, not compressed. */
export interface SyntheticRecord {
  /** Header, block and the two line ends; belongs to the consumer. */
  readonly bytes: Buffer;
  /** Links in it, images included. */
  readonly linkCount: number;
  /** Links whose path is `IMG@/src`. */
  readonly imageCount: number;
}

/** One site: what its pages share. */
interface Site {
  readonly host: string;
  readonly source: WordSource;
  readonly furniture: readonly string[];
}

const ENGLISH_SHARE = 0.46;
const IMAGE_SHARE = 0.145;
const MAX_LINKS = 6000;
/** Sites kept to draw repeated ones from: the memory of the generator. */
const SITE_COUNT = 512;

/**
 * Gives the records of a WAT file; equal seeds and options give equal bytes.
 *
 * Memory: the vocabulary, 512 sites and one record, whatever the size of the file.
 * @param seed - names the stream
 * @param options - vocabulary and limits
 * @yields {SyntheticRecord} records in file order; compress each as a gzip member of its own
 */
export function* generateWatRecords(
  seed: number,
  options: WatOptions,
): Generator<SyntheticRecord, void, undefined> {
  const { vocabulary, rawBytes = Number.POSITIVE_INFINITY, pageCount = Number.POSITIVE_INFINITY } = options;
  const random = createRandom(`wat-${seed}`);
  const english = englishWords(vocabulary);
  const sites: Site[] = [];
  let givenBytes = 0;
  const give = (bytes: Buffer, linkCount = 0, imageCount = 0): SyntheticRecord => {
    givenBytes += bytes.length;
    return { bytes, linkCount, imageCount };
  };

  yield give(writeWarcinfo(random));
  for (let page = 0; page < pageCount && givenBytes < rawBytes; page++) {
    const site = drawSite(random, sites, english);
    const path = writePagePath(random, drawName(random, site.source));
    const pageUrl = `https://${site.host}${path}`;
    yield give(writeMetadata(random, pageUrl, writeRequest(random, site.host, path)));
    const response = writeResponse(random, site, pageUrl);
    yield give(writeMetadata(random, pageUrl, response.json), response.linkCount, response.imageCount);
    yield give(writeMetadata(random, pageUrl, writeCrawlerMetadata(random, pageUrl, site.source.language)));
  }
}

/** An earlier site in one of five pages, else a new one. */
function drawSite(random: Random, sites: Site[], english: WordSource): Site {
  if (sites.length > 0 && random.chance(0.2)) return random.pick(sites);
  const source = random.chance(ENGLISH_SHARE) ? english : random.pick(FOREIGN_SOURCES);
  const words = slug(random, english, 2).replaceAll(/%../g, '');
  const host = `${random.chance(0.6) ? 'www.' : ''}${words}-${random.below(10_000)}.example`;
  const furniture: string[] = [];
  for (const [file, alt] of [
    ['logo.png', `${writeText(random, source, 2)} logo`],
    ['icons/search.svg', 'search'],
    ['icons/cart.png', ''],
    ['avatar-default.png', 'avatar'],
    ['spacer.gif', undefined],
    ['flags/en.png', 'English'],
  ] as const) {
    const alternative = alt === undefined ? '' : `,"alt":${JSON.stringify(alt)}`;
    furniture.push(`{"path":"IMG@/src","url":"/assets/${file}"${alternative}}`);
  }
  const site: Site = { host, source, furniture };
  if (sites.length < SITE_COUNT) sites.push(site);
  else sites[random.below(SITE_COUNT)] = site;
  return site;
}

/** JSON of the answer of a page: HTML with its links in nine of ten, else a redirect or another kind of file. */
function writeResponse(
  random: Random,
  site: Site,
  pageUrl: string,
): { json: string; linkCount: number; imageCount: number } {
  const kind = random.next();
  if (kind < 0.1) {
    const status = kind < 0.06 ? 301 : 200;
    const type = status === 301 ? 'text/html' : 'application/pdf';
    return { json: wrapResponse(random, pageUrl, status, type, ''), linkCount: 0, imageCount: 0 };
  }
  const linkCount = Math.min(MAX_LINKS, Math.round(random.logNormal(105, 1.15)));
  const links: string[] = [];
  let imageCount = 0;
  while (links.length < linkCount) {
    if (random.chance(IMAGE_SHARE)) {
      imageCount++;
      links.push(random.chance(0.15) ? random.pick(site.furniture) : writeImage(random, site.source));
    } else {
      links.push(writeLink(random, site.source));
    }
  }
  const linksJson = links.length === 0 ? '' : `,"Links":[${links.join(',')}]`;
  const html = `,"HTML-Metadata":{"Head":${writeHead(random, site, pageUrl)}${linksJson}}`;
  let json = wrapResponse(random, pageUrl, 200, 'text/html; charset=UTF-8', html);
  if (random.chance(0.05)) json = escapeToAscii(json);
  return { json, linkCount, imageCount };
}

/** One `IMG@/src` link. */
function writeImage(random: Random, source: WordSource): string {
  const url = random.chance(0.03)
    ? 'data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=='
    : drawPath(random, source, 'image');
  let json = `{"path":"IMG@/src","url":"${url}"`;
  const draw = random.next();
  if (draw < 0.68) {
    let alt = writeText(random, source, drawTextLength(random));
    if (draw < 0.01) alt = alt.replace(source.separator, '\n');
    else if (draw < 0.03) alt = `${alt} — é & “${source.nextWord(random)}”`;
    json += `,"alt":${JSON.stringify(alt)}`;
    if (draw > 0.58) json += `,"title":${JSON.stringify(draw > 0.62 ? alt : writeText(random, source, 4))}`;
    else if (draw > 0.575) json += `,"data-image-title":${JSON.stringify(alt.slice(0, 40))}`;
  } else if (draw < 0.8) {
    json += ',"alt":""';
  } else if (draw < 0.84) {
    json += `,"alt":"${random.pick(['image', 'photo', 'logo', 'icon', 'IMG_2041.JPG', '1', 'banner'])}"`;
  }
  return json + '}';
}

/** One link that is no image: mostly anchors, with their text. */
function writeLink(random: Random, source: WordSource): string {
  const draw = random.next();
  if (draw < 0.01)
    return `{"path":"FORM@/action","url":"${drawPath(random, source, 'page')}","method":"post"}`;
  if (draw < 0.02) return `{"path":"IFRAME@/src","url":"${drawPath(random, source, 'page')}"}`;
  const path = drawPath(random, source, 'page');
  if (draw < 0.15) return `{"path":"A@/href","url":"${path}"}`;
  let text = writeText(random, source, 1 + random.below(5));
  if (draw < 0.4) text += ' ' + writeText(random, source, 3);
  const target = draw > 0.93 ? ',"target":"_blank","rel":"nofollow noopener"' : '';
  return `{"path":"A@/href","url":"${path}"${target},"text":${JSON.stringify(text)}}`;
}

/** Title, metas and style sheets. */
function writeHead(random: Random, site: Site, pageUrl: string): string {
  const title = JSON.stringify(writeText(random, site.source, 4 + random.below(6)));
  const description = JSON.stringify(writeText(random, site.source, 12 + random.below(20)));
  const image = drawPath(random, site.source, 'image');
  return (
    `{"Metas":[{"name":"HTML@/lang","content":"${site.source.language}"},` +
    `{"name":"viewport","content":"width=device-width, initial-scale=1"},` +
    `{"name":"description","content":${description}},{"content":${title},"property":"og:title"},` +
    `{"content":${description},"property":"og:description"},{"content":"${image}","property":"og:image"},` +
    `{"content":"website","property":"og:type"},{"name":"robots","content":"max-image-preview:large"}],` +
    `"Title":${title},"Link":[{"path":"LINK@/href","url":"${pageUrl}","rel":"canonical"},` +
    `{"path":"LINK@/href","url":"/assets/css/main.css?ver=${random.below(99)}","rel":"stylesheet"},` +
    `{"path":"LINK@/href","url":"/favicon.ico","rel":"icon"}],` +
    `"Scripts":[{"path":"SCRIPT@/src","url":"/assets/js/app.js?v=${random.below(9999)}"},` +
    `{"path":"SCRIPT@/src","url":"https://cdn.example.net/lib/${random.below(99)}/all.min.js"}]}`
  );
}

function drawName(random: Random, source: WordSource): string {
  return source.separator === ''
    ? `item${random.below(1_000_000)}`
    : slug(random, source, 1 + random.below(5));
}

function writePagePath(random: Random, name: string): string {
  return `/${random.pick(SECTIONS)}/${name}${random.chance(0.5) ? '/' : '.html'}`;
}

/** A url; relative in about 40% of the images and links, in the forms the web writes. */
function drawPath(random: Random, source: WordSource, kind: 'page' | 'image'): string {
  const draw = random.next();
  const name = drawName(random, source);
  if (kind === 'page') {
    const path = writePagePath(random, name);
    if (draw < 0.34) return path;
    if (draw < 0.38) return `#${name.slice(0, 12)}`;
    if (draw < 0.4) return `../${name}.php?id=${random.below(99_999)}&page=${random.below(9)}`;
    return `https://www.${random.pick(SECTIONS)}${random.zipf(50_000)}.example${path}`;
  }
  const size = draw > 0.5 ? `-${100 + 50 * random.below(20)}x${100 + 50 * random.below(16)}` : '';
  const path = `/wp-content/uploads/20${10 + random.below(15)}/${10 + random.below(3)}/${name}${size}.jpg`;
  if (draw < 0.18) return path;
  if (draw < 0.24) return `images/${name}.png`;
  if (draw < 0.28) return `//cdn${random.below(9)}.example.net${path}`;
  if (draw < 0.31) return `../img/${name}.gif?v=${random.below(99)}`;
  return `https://cdn${random.zipf(5000)}.example${path}`;
}

const SECTIONS = ['blog', 'shop', 'news', 'category', 'product', 'tag', 'wiki', 'en', 'archive', 'user'];

/** Words joined by hyphens; letters beyond ASCII are percent-encoded, as a crawler finds them. */
function slug(random: Random, source: WordSource, wordCount: number): string {
  let text = source.nextWord(random);
  for (let word = 1; word < wordCount; word++) text += `-${source.nextWord(random)}`;
  return encodeURIComponent(text.replaceAll(/[ '.]/g, '-').toLowerCase());
}

/** WARC record of the file itself. */
function writeWarcinfo(random: Random): Buffer {
  const block =
    'Software-Info: metaclip scripts/bench/generate-wat.ts\r\nformat: WARC File Format 1.0\r\n' +
    'description: synthetic, for benchmarks\r\n\r\n';
  return Buffer.from(
    'WARC/1.0\r\nWARC-Type: warcinfo\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n' +
      `WARC-Filename: synthetic.warc.wat.gz\r\nWARC-Record-ID: <urn:uuid:${drawUuid(random)}>\r\n` +
      `Content-Type: application/warc-fields\r\nContent-Length: ${block.length}\r\n\r\n${block}\r\n\r\n`,
  );
}

/** WARC record that holds one JSON text. */
function writeMetadata(random: Random, pageUrl: string, json: string): Buffer {
  return Buffer.from(
    `WARC/1.0\r\nWARC-Type: metadata\r\nWARC-Target-URI: ${pageUrl}\r\nWARC-Date: 2026-01-01T00:00:00Z\r\n` +
      `WARC-Record-ID: <urn:uuid:${drawUuid(random)}>\r\nWARC-Refers-To: <urn:uuid:${drawUuid(random)}>\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}\r\n\r\n`,
  );
}

/** JSON about the request. */
function writeRequest(random: Random, host: string, path: string): string {
  const headers =
    '"User-Agent":"ExampleBot/1.0 (https://bot.example/)","Accept":"text/html,application/xhtml+xml,*/*;q=0.8",' +
    `"Accept-Language":"en-US,en;q=0.5","Accept-Encoding":"br,gzip","Host":"${host}","Connection":"Keep-Alive"`;
  return wrapEnvelope(
    random,
    'request',
    `https://${host}${path}`,
    '"Actual-Content-Type":"application/http; msgtype=request","HTTP-Request-Metadata":{"Request-Message":' +
      `{"Method":"GET","Path":"${path}","Version":"HTTP/1.1"},"Headers-Length":"${240 + random.below(60)}",` +
      `"Headers":{${headers}},"Entity-Length":"0","Entity-Digest":"sha1:${drawDigest(random)}",` +
      '"Entity-Trailing-Slop-Length":"0"}',
  );
}

/** JSON about the answer. */
function wrapResponse(
  random: Random,
  pageUrl: string,
  status: number,
  contentType: string,
  html: string,
): string {
  const lower = random.chance(0.4);
  const name = (header: string): string => (lower ? header.toLowerCase() : header);
  const length = random.below(200_000);
  const headers =
    `"${name('Date')}":"Thu, 01 Jan 2026 00:00:00 GMT","${name('Server')}":"${random.pick(['nginx', 'Apache', 'cloudflare'])}",` +
    `"${name('Content-Type')}":"${contentType}","${name('Cache-Control')}":"max-age=${random.below(86_400)}, must-revalidate",` +
    (status === 301 ? `"${name('Location')}":"${pageUrl}/",` : '') +
    `"${name('Set-Cookie')}":["sid=${drawDigest(random)}; path=/; HttpOnly","lang=en; path=/; Max-Age=3600"],` +
    `"${name('Strict-Transport-Security')}":"max-age=31536000; includeSubDomains","ETag":"W/\\"${drawDigest(random).slice(0, 12)}\\"",` +
    `"X-Crawler-content-encoding":"gzip","Content-Length":"${length}"`;
  const reason = status === 301 ? 'Moved Permanently' : 'OK';
  return wrapEnvelope(
    random,
    'response',
    pageUrl,
    '"Actual-Content-Type":"application/http; msgtype=response","HTTP-Response-Metadata":{"Response-Message":' +
      `{"Status":"${status}","Version":"HTTP/1.1","Reason":"${reason}"},"Headers-Length":"${400 + random.below(900)}",` +
      `"Headers":{${headers}}${html},"Entity-Length":"${length}","Entity-Digest":"sha1:${drawDigest(random)}",` +
      '"Entity-Trailing-Slop-Length":"0"}',
  );
}

/** JSON about what the crawler noted. */
function writeCrawlerMetadata(random: Random, pageUrl: string, language: string): string {
  const languages = JSON.stringify(
    `{"reliable":true,"text-bytes":${random.below(20_000)},"languages":[{"code":"${language}","text-covered":0.97}]}`,
  );
  return wrapEnvelope(
    random,
    'metadata',
    pageUrl,
    '"Actual-Content-Type":"application/metadata-fields","WARC-Metadata-Metadata":{"Metadata-Records":[' +
      `{"Name":"fetchTimeMs","Value":"${random.below(3000)}"},{"Name":"charset-detected","Value":"UTF-8"},` +
      `{"Name":"languages-cld2","Value":${languages}}]}`,
  );
}

/** Puts payload metadata into the envelope that every record has. */
function wrapEnvelope(random: Random, type: string, pageUrl: string, payload: string): string {
  const length = random.below(200_000);
  return (
    `{"Container":{"Filename":"synthetic.warc.gz","Compressed":true,"Offset":"${random.below(1_000_000_000)}",` +
    `"Gzip-Metadata":{"Deflate-Length":"${random.below(60_000)}","Header-Length":"10","Footer-Length":"8",` +
    `"Inflated-CRC":"${random.below(0x7fff_ffff)}","Inflated-Length":"${length + 600}"}},"Envelope":{"Payload-Metadata":{` +
    `${payload},"Actual-Content-Length":"${length}","Trailing-Slop-Length":"4",` +
    `"Block-Digest":"sha1:${drawDigest(random)}"},"Format":"WARC/1.0","WARC-Header-Length":"${450 + random.below(200)}",` +
    `"WARC-Header-Metadata":{"WARC-Type":"${type}","WARC-Date":"2026-01-01T00:00:00Z",` +
    `"WARC-Record-ID":"<urn:uuid:${drawUuid(random)}>","Content-Length":"${length}",` +
    `"Content-Type":"application/http; msgtype=${type}","WARC-Warcinfo-ID":"<urn:uuid:${drawUuid(random)}>",` +
    `"WARC-IP-Address":"192.0.2.${random.below(256)}","WARC-Target-URI":"${pageUrl}",` +
    `"WARC-Payload-Digest":"sha1:${drawDigest(random)}","WARC-Block-Digest":"sha1:${drawDigest(random)}"}}}`
  );
}

/** The other way to write JSON: ASCII only, each slash escaped. */
function escapeToAscii(json: string): string {
  return json
    .replaceAll(/[\u0080-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/');
}

function drawHex(random: Random, digits: number): string {
  return random
    .below(16 ** digits)
    .toString(16)
    .padStart(digits, '0');
}

function drawUuid(random: Random): string {
  const words = [drawHex(random, 8), drawHex(random, 8), drawHex(random, 8), drawHex(random, 8)] as const;
  const [a, b, c, d] = words;
  return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** 32 letters, the shape of a SHA-1 in base 32. */
function drawDigest(random: Random): string {
  let digest = '';
  for (let letter = 0; letter < 32; letter += 2) {
    const bits = random.below(1024);
    digest += BASE32.charAt(bits & 31) + BASE32.charAt(bits >> 5);
  }
  return digest;
}
