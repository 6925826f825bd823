/**
 * The HTTP response in a WARC block: head, then a body as it went over the wire. Bodies are de-chunked and decompressed
 * when the head says so and the bytes agree. Many archives store decoded bodies under the head of the encoded ones, so
 * a body that visibly is not what the head says is taken as it lies.
 */
import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

const CR = 13;
const LF = 10;
const LOWER_C = 0x63;
const LOWER_T = 0x74;
/** Longest HTTP head taken. */
const MAX_HTTP_HEAD_BYTES = 256 << 10;
/** Longest chunk-size line looked at, extensions included. */
const MAX_SIZE_LINE_BYTES = 4096;

/** A response, its body still encoded. */
export interface HttpResponse {
  /** `Content-Type`, or '' when absent. */
  readonly contentType: string;
  /** True when `Transfer-Encoding` names `chunked`. */
  readonly isChunked: boolean;
  /** Content encodings in the order they were applied, lower-cased, `identity` left out. */
  readonly encodings: readonly string[];
  /** A view of the block. */
  readonly body: Buffer;
}

/** A body, or why there is none. */
export type DecodedBody =
  { readonly body: Buffer } | { readonly reason: 'bad-http' | 'oversized-record'; readonly detail: string };

/**
 * Cuts a response block into head and body. A block without a status line (responses of other protocols, very old
 * servers) is all body.
 *
 * @param block - block of a `response` record
 * @returns the response, or undefined when its head does not end
 */
export function parseHttpResponse(block: Buffer): HttpResponse | undefined {
  if (block.toString('latin1', 0, 5) !== 'HTTP/') {
    return { contentType: '', isChunked: false, encodings: [], body: block };
  }
  const headBytes = measureHead(block);
  if (headBytes < 0) return undefined;
  const head = block.toString('latin1', 0, headBytes);
  let contentType: string | undefined;
  let encoding = '';
  let transfer = '';
  let colon = -1;
  let lineEnd = -1;
  while (lineEnd < head.length) {
    const at = lineEnd + 1;
    lineEnd = head.indexOf('\n', at);
    if (lineEnd < 0) lineEnd = head.length;
    // Most lines have another first letter than the names that are wanted, and are not looked at.
    const first = head.charCodeAt(at);
    if (first > 32 && first < 128 && (first | 32) !== LOWER_C && (first | 32) !== LOWER_T) continue;
    if (colon < at) colon = head.indexOf(':', at);
    if (colon < 0) break;
    if (colon > lineEnd) continue;
    const name = head.slice(at, colon).trim().toLowerCase();
    const isWanted = name === 'content-type' || name === 'content-encoding' || name === 'transfer-encoding';
    const value = isWanted ? head.slice(colon + 1, lineEnd).trim() : '';
    // Of a content type the first counts; encodings add up.
    if (name === 'content-type') contentType ??= value;
    else if (name === 'content-encoding') encoding += `,${value}`;
    else if (name === 'transfer-encoding') transfer += `,${value}`;
  }
  const transfers = splitList(transfer);
  return {
    contentType: contentType ?? '',
    isChunked: transfers.includes('chunked'),
    encodings: [...splitList(encoding), ...transfers.filter((word) => word !== 'chunked')],
    body: block.subarray(headBytes),
  };
}

/** The words of a list with commas, lower-cased, without those that mean nothing. */
function splitList(list: string): string[] {
  if (list === '') return [];
  return list
    .toLowerCase()
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '' && word !== 'identity');
}

/** Place behind the empty line, which LF or CRLF may end; a block that is all head has an empty body; -1 for no end. */
function measureHead(block: Buffer): number {
  const limit = Math.min(block.length, MAX_HTTP_HEAD_BYTES);
  for (let at = block.indexOf(LF); at >= 0 && at < limit; at = block.indexOf(LF, at + 1)) {
    if (block[at + 1] === LF) return at + 2;
    if (block[at + 1] === CR && block[at + 2] === LF) return at + 3;
    if (at + 1 === block.length) return at + 1;
  }
  return -1;
}

/**
 * Undoes chunking and compression.
 *
 * Time: linear in the result. Memory: the result of each step, at most `maxBytes` each.
 *
 * @param response - from {@link parseHttpResponse}
 * @param maxBytes - longest body given out
 * @returns the body (a view of the block where nothing had to be undone), `oversized-record` for one that grows over the
 *   limit, `bad-http` for one that cannot be decompressed
 */
export function decodeBody(response: HttpResponse, maxBytes: number): DecodedBody {
  let body = response.isChunked ? joinChunks(response.body) : response.body;
  for (const encoding of [...response.encodings].reverse()) {
    const decoded = decompress(body, encoding, maxBytes);
    if ('reason' in decoded) return decoded;
    body = decoded.body;
  }
  return { body };
}

/**
 * Joins the chunks of a body (RFC 9112, section 7.1). Where the chunking breaks off, the rest is taken as it lies: a body
 * that is not chunked at all, or whose sizes are wrong, still holds its page.
 *
 * @param body - chunked bytes
 * @returns the bytes without sizes, extensions and trailers
 */
export function joinChunks(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  let at = 0;
  while (at < body.length) {
    const lineEnd = body.indexOf(LF, at);
    const isLine = lineEnd >= 0 && lineEnd - at <= MAX_SIZE_LINE_BYTES;
    const size = isLine ? parseChunkSize(body.toString('latin1', at, lineEnd)) : undefined;
    if (size === undefined) {
      parts.push(body.subarray(at));
      break;
    }
    if (size === 0) break;
    const start = lineEnd + 1;
    const end = Math.min(body.length, start + size);
    parts.push(body.subarray(start, end));
    at = end;
    if (body[at] === CR && body[at + 1] === LF) at += 2;
    else if (body[at] === LF) at += 1;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

/** The size in a chunk line, its extension ignored; undefined when it is none. Sizes beyond 2^52 are cut to it. */
function parseChunkSize(line: string): number | undefined {
  const digits = /^[ \t]*([0-9a-fA-F]+)[ \t]*(?:;.*)?\r?$/.exec(line)?.[1];
  return digits === undefined ? undefined : Math.min(Number.parseInt(digits, 16), 2 ** 52);
}

function decompress(body: Buffer, encoding: string, maxBytes: number): DecodedBody {
  const isGzip = body[0] === 0x1f && body[1] === 0x8b;
  try {
    // A cut body gives what it holds, as a cut page does.
    const options = { maxOutputLength: maxBytes, finishFlush: constants.Z_SYNC_FLUSH };
    switch (encoding) {
      case 'gzip':
      case 'x-gzip':
        return { body: isGzip ? gunzipSync(body, options) : body };
      case 'deflate':
        // Servers disagree on whether this means zlib or raw deflate.
        if (isGzip) return { body: gunzipSync(body, options) };
        return { body: isZlib(body) ? inflateSync(body, options) : inflateRawSync(body, options) };
      case 'br':
        return {
          body: brotliDecompressSync(body, {
            maxOutputLength: maxBytes,
            finishFlush: constants.BROTLI_OPERATION_FLUSH,
          }),
        };
      case 'utf-8':
      case 'none':
      case 'text/html':
        return { body };
      default:
        return { reason: 'bad-http', detail: `content encoding "${encoding}" is not known` };
    }
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') {
      return { reason: 'oversized-record', detail: `a ${encoding} body over ${maxBytes} bytes` };
    }
    // Stored decoded, under the head of the compressed one.
    if (!isGzip && looksLikeMarkup(body)) return { body };
    const what = error instanceof Error ? error.message : String(error);
    return { reason: 'bad-http', detail: `its ${encoding} body is damaged: ${what}` };
  }
}

function isZlib(body: Buffer): boolean {
  const [first = 0, second = 0] = body;
  return (first & 15) === 8 && ((first << 8) | second) % 31 === 0;
}

/** True when the first byte behind white space and a byte order mark opens a tag. */
function looksLikeMarkup(body: Buffer): boolean {
  return body
    .toString('latin1', 0, 256)
    .replace(/^\xef\xbb\xbf/, '')
    .trimStart()
    .startsWith('<');
}
