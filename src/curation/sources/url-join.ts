/**
 * Resolves a link against the url of its page, to the byte as Python's `urllib.parse.urljoin` does (3.11): every id of
 * the published pool is a hash of its result. `new URL()` differs in 3.8% of real links: it percent-encodes, lower-cases
 * hosts, drops default ports and resolves dot segments of absolute urls, none of which Python does.
 *
 * Rules that surprise: an absolute link is only cut apart and put together again, so `http://h/a/../b?` loses its empty
 * query and keeps its dots; an unknown scheme passes through unchanged; tabs and newlines vanish, other blanks stay.
 */
import { isBracketedHost } from './bracketed-host.ts';

/** Schemes against which a relative link is resolved. All of them also have a network location. */
const RELATIVE_SCHEMES: ReadonlySet<string> = new Set(
  ' ftp http gopher nntp imap wais file https shttp mms prospero rtsp rtsps rtspu sftp svn svn+ssh ws wss'.split(
    ' ',
  ),
);
/** Schemes written with `//`, whether or not they have a host. */
const NETLOC_SCHEMES: ReadonlySet<string> = new Set([
  ...RELATIVE_SCHEMES,
  ...'telnet snews rsync nfs git git+ssh'.split(' '),
]);
/** Schemes whose last path segment may carry `;params`. */
const PARAMS_SCHEMES: ReadonlySet<string> = new Set(
  ' ftp hdl prospero http imap https shttp rtsp rtsps rtspu sip sips mms sftp tel'.split(' '),
);

/** A url cut apart; what is absent is empty, as in Python. */
interface UrlParts {
  readonly scheme: string;
  readonly netloc: string;
  readonly path: string;
  readonly params: string;
  readonly query: string;
  readonly fragment: string;
}

/**
 * @param href - a link as it stands in a page
 * @returns whether it has no scheme of its own (RFC 3986, 4.2), so that it means nothing without its page
 */
export function isRelativeLink(href: string): boolean {
  return !/^[\0- ]*[a-z][a-z0-9+.-]*:/i.test(href);
}

/**
 * Joins links to one base url. Make one per page: the base is parsed once, and the three commonest kinds of link
 * (absolute, from the root, below the page's folder) are recognised in one pass over their characters and never parsed.
 */
export class UrlJoiner {
  /** The base as it was given; what an empty link stands for. */
  readonly base: string;
  readonly #parts: UrlParts | undefined;
  /** `scheme://host` of an http base, put before links that start with one slash; '' where no link may take a fast path. */
  readonly root: string;
  /** The page's folder with its slash, put before plain relative links; '' where {@link UrlJoiner.root} is. */
  readonly folder: string;
  #rootBytes: Uint8Array | undefined;
  #folderBytes: Uint8Array | undefined;

  /** @param base - url of the page; '' leaves links as they are */
  constructor(base: string) {
    this.base = base;
    const parts = base === '' ? undefined : splitUrl(base, '');
    this.#parts = parts;
    const isPlain =
      parts !== undefined && parts.netloc !== '' && (parts.scheme === 'http' || parts.scheme === 'https');
    this.root = parts !== undefined && isPlain ? `${parts.scheme}://${parts.netloc}` : '';
    this.folder = parts !== undefined && isPlain ? folderOf(parts, this.root) : '';
  }

  /** @returns {@link UrlJoiner.root} in UTF-8 */
  get rootBytes(): Uint8Array {
    return (this.#rootBytes ??= encoder.encode(this.root));
  }

  /** @returns {@link UrlJoiner.folder} in UTF-8 */
  get folderBytes(): Uint8Array {
    return (this.#folderBytes ??= encoder.encode(this.folder));
  }

  /**
   * The same for a link that lies in a buffer: where a fast path applies, the joined url is this prefix and the link's bytes
   * as they are.
   *
   * @param bytes - buffer that holds the link as UTF-8
   * @param start - its first byte
   * @param end - byte after it
   * @returns the prefix, not to be changed; undefined where the link has to go through {@link UrlJoiner.join}
   */
  findPrefix(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
    if (this.root === '' || start === end) return undefined;
    switch (classifyHref(bytes, start, end)) {
      case HREF_ABSOLUTE:
        return NO_BYTES;
      case HREF_ROOTED:
        return this.rootBytes;
      case HREF_BELOW:
        return this.folderBytes;
      default:
        return undefined;
    }
  }

  /**
   * Linear in the link; the fast paths allocate at most the result.
   *
   * @param href - the link as it stands in the page
   * @returns the joined url, or undefined where Python raises: a bad bracketed host, or a host that normalises to one
   *   with delimiters in it; counted as `bad-url`
   */
  join(href: string): string | undefined {
    if (this.base === '') return href;
    if (href === '') return this.base;
    if (this.#parts === undefined) return undefined;
    if (this.root !== '') {
      if (scratch.length < href.length * 3) scratch = new Uint8Array(href.length * 6);
      switch (classifyHref(scratch, 0, encoder.encodeInto(href, scratch).written)) {
        case HREF_ABSOLUTE:
          return href;
        case HREF_ROOTED:
          return this.root + href;
        case HREF_BELOW:
          return this.folder + href;
        default:
      }
    }
    return joinParts(this.#parts, href);
  }
}

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);
let scratch = new Uint8Array(1024);

/**
 * Resolves one link; for many links of a page use {@link UrlJoiner}.
 *
 * @param base - url of the page
 * @param href - the link as it stands in the page
 * @returns the joined url, or undefined where Python raises
 */
export function joinUrl(base: string, href: string): string | undefined {
  return new UrlJoiner(base).join(href);
}

const HREF_OTHER = 0;
const HREF_ABSOLUTE = 1;
const HREF_ROOTED = 2;
const HREF_BELOW = 3;

// What the characters of a link can be, for the one pass of classifyHref.
const TRAIT_CONTROL = 1; // vanishes, or is cut off at the front
const TRAIT_DELICATE = 2; // `;` may open params, `[` and `]` need their host checked
const TRAIT_COLON = 4;
const TRAIT_SLASH = 8;
const TRAIT_DOT = 16;
const TRAIT_SPLIT = 32; // `?` and `#`
const HTTP_BYTES = encoder.encode('http');
const TRAITS_OF = new Uint8Array(256);
TRAITS_OF.fill(TRAIT_CONTROL, 0, 0x20);
for (const [characters, trait] of [
  [';[]', TRAIT_DELICATE],
  [':', TRAIT_COLON],
  ['/', TRAIT_SLASH],
  ['.', TRAIT_DOT],
  ['?#', TRAIT_SPLIT],
] as const) {
  for (const character of characters) TRAITS_OF[character.charCodeAt(0)] = trait;
}

/** Tells which fast path a link may take; anything with the least doubt is HREF_OTHER and gets the full treatment. */
function classifyHref(bytes: Uint8Array, start: number, end: number): number {
  let seen = 0;
  let previous = 0;
  let hasDotSegment = false;
  let hasEmptySegment = false;
  let isAscii = true;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    if (byte >= 128) {
      isAscii = false;
      previous = 0;
      continue;
    }
    const trait = TRAITS_OF[byte] ?? 0;
    seen |= trait;
    if (previous === TRAIT_SLASH) {
      if (trait === TRAIT_DOT) hasDotSegment = true;
      if (trait === TRAIT_SLASH) hasEmptySegment = true;
    }
    // Two separators in a row: an empty query or the like, which Python drops.
    if (previous === TRAIT_SPLIT && trait === TRAIT_SPLIT) return HREF_OTHER;
    previous = trait;
  }
  if ((seen & (TRAIT_CONTROL | TRAIT_DELICATE)) !== 0 || previous === TRAIT_SPLIT) return HREF_OTHER;
  const first = bytes[start] ?? 0;
  if (first === 0x2f) {
    // From the root: empty segments stay, dot segments are resolved.
    return hasDotSegment || (end - start > 1 && bytes[start + 1] === 0x2f) ? HREF_OTHER : HREF_ROOTED;
  }
  if ((seen & TRAIT_COLON) === 0) {
    const isBelow = first > 0x20 && (TRAITS_OF[first] ?? 0) === 0 && !hasDotSegment && !hasEmptySegment;
    return isBelow || (first >= 128 && !hasDotSegment && !hasEmptySegment) ? HREF_BELOW : HREF_OTHER;
  }
  // A host outside ASCII has to pass the check of its normal form.
  const hostStart = start + measureHttpScheme(bytes, start, end);
  if (hostStart === start || !isAscii || hostStart === end) return HREF_OTHER;
  const hostTrait = TRAITS_OF[bytes[hostStart] ?? 0] ?? 0;
  return (hostTrait & (TRAIT_SLASH | TRAIT_SPLIT)) === 0 ? HREF_ABSOLUTE : HREF_OTHER;
}

/** Length of `http://` or `https://` at the start of a link; 0 when neither stands there. */
function measureHttpScheme(bytes: Uint8Array, start: number, end: number): number {
  for (let i = 0; i < HTTP_BYTES.length; i++) if (bytes[start + i] !== HTTP_BYTES[i]) return 0;
  const colon = bytes[start + 4] === 0x73 ? start + 5 : start + 4;
  const isWhole = bytes[colon] === 0x3a && bytes[colon + 1] === 0x2f && bytes[colon + 2] === 0x2f;
  return isWhole && colon + 3 <= end ? colon + 3 - start : 0;
}

/** The full rule, with the base already cut apart. */
function joinParts(base: UrlParts, href: string): string | undefined {
  const link = splitUrl(href, base.scheme);
  if (link === undefined) return undefined;
  if (link.scheme !== base.scheme || !RELATIVE_SCHEMES.has(link.scheme)) return href;
  if (link.netloc !== '') return unsplitUrl(link);
  const { netloc } = base;
  if (link.path === '' && link.params === '') {
    const query = link.query === '' ? base.query : link.query;
    return unsplitUrl({ ...link, netloc, path: base.path, params: base.params, query });
  }
  return unsplitUrl({ ...link, netloc, path: resolvePath(base.path, link.path) });
}

/** What a plain relative link is put behind; most bases have nothing to resolve in them. */
function folderOf(base: UrlParts, root: string): string {
  const folder = base.path.slice(0, base.path.lastIndexOf('/') + 1);
  if (folder.startsWith('/') && !/\/[/.]/.test(folder)) return root + folder;
  return (joinParts(base, 'x') ?? '').slice(0, -1);
}

/** Puts a path onto the folder of the base path and takes the dot segments out. */
function resolvePath(basePath: string, path: string): string {
  let segments: string[];
  if (path.startsWith('/')) {
    segments = path.split('/');
  } else {
    const folder = basePath.split('/');
    if (folder[folder.length - 1] !== '') folder.pop();
    segments = [...folder, ...path.split('/')];
    // Empty segments inside vanish here, but not in a path from the root.
    const lastIndex = segments.length - 1;
    segments = segments.filter((segment, i) => segment !== '' || i === 0 || i === lastIndex);
  }
  const resolved: string[] = [];
  for (const segment of segments) {
    if (segment === '..') resolved.pop();
    else if (segment !== '.') resolved.push(segment);
  }
  const last = segments[segments.length - 1];
  if (last === '.' || last === '..') resolved.push('');
  const joined = resolved.join('/');
  return joined === '' ? '/' : joined;
}

const SCHEME = /^[a-zA-Z][a-zA-Z0-9+.-]*$/;

/** Cuts a url apart; undefined where Python raises. */
function splitUrl(url: string, defaultScheme: string): UrlParts | undefined {
  let rest = withoutControls(url);
  let scheme = defaultScheme;
  const colon = rest.indexOf(':');
  if (colon > 0 && SCHEME.test(rest.slice(0, colon))) {
    scheme = rest.slice(0, colon).toLowerCase();
    rest = rest.slice(colon + 1);
  }
  let netloc = '';
  if (rest.startsWith('//')) {
    const found = rest.slice(2).search(/[/?#]/);
    const end = found < 0 ? rest.length : found + 2;
    netloc = rest.slice(2, end);
    rest = rest.slice(end);
    if (!isNetloc(netloc)) return undefined;
  }
  let fragment = '';
  let query = '';
  let params = '';
  const hash = rest.indexOf('#');
  if (hash >= 0) {
    fragment = rest.slice(hash + 1);
    rest = rest.slice(0, hash);
  }
  const mark = rest.indexOf('?');
  if (mark >= 0) {
    query = rest.slice(mark + 1);
    rest = rest.slice(0, mark);
  }
  if (PARAMS_SCHEMES.has(scheme)) {
    const semicolon = rest.indexOf(';', rest.lastIndexOf('/') + 1);
    if (semicolon >= 0) {
      params = rest.slice(semicolon + 1);
      rest = rest.slice(0, semicolon);
    }
  }
  return { scheme, netloc, path: rest, params, query, fragment };
}

/** Cuts control characters and blanks off the front, and takes every tab, CR and LF out. */
function withoutControls(url: string): string {
  let start = 0;
  while (start < url.length && url.charCodeAt(start) <= 0x20) start++;
  const cut = start === 0 ? url : url.slice(start);
  return /[\t\r\n]/.test(cut) ? cut.replace(/[\t\r\n]/g, '') : cut;
}

function isNetloc(netloc: string): boolean {
  const open = netloc.indexOf('[');
  if (open >= 0 !== netloc.includes(']')) return false;
  if (open >= 0) {
    // Without a `]` behind the first `[`, everything behind it is taken as the host.
    const close = netloc.indexOf(']', open + 1);
    if (!isBracketedHost(netloc.slice(open + 1, close < 0 ? netloc.length : close))) return false;
  }
  return isNormalSafe(netloc);
}

/** False for hosts like `a\u2100b`, whose compatibility form `aa/cb` has a delimiter in it. */
function isNormalSafe(netloc: string): boolean {
  if (!/[^\0-\x7f]/.test(netloc)) return true;
  const bare = netloc.replace(/[@:#?]/g, '');
  const normal = bare.normalize('NFKC');
  return normal === bare || !/[/?#@:]/.test(normal);
}

/** Puts a url together again. Empty parts leave no separator behind. */
function unsplitUrl(parts: UrlParts): string {
  const { scheme, netloc } = parts;
  let url = parts.params === '' ? parts.path : `${parts.path};${parts.params}`;
  if (netloc !== '' || (scheme !== '' && NETLOC_SCHEMES.has(scheme) && !url.startsWith('//'))) {
    if (url !== '' && !url.startsWith('/')) url = `/${url}`;
    url = `//${netloc}${url}`;
  }
  if (scheme !== '') url = `${scheme}:${url}`;
  if (parts.query !== '') url = `${url}?${parts.query}`;
  if (parts.fragment !== '') url = `${url}#${parts.fragment}`;
  return url;
}
