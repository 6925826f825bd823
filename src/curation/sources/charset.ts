/**
 * Decodes the bytes of a page. In this order: a byte order mark, the charset of the HTTP head, a `<meta>` in the first
 * 1,024 bytes; then UTF-8 where the bytes are valid UTF-8, else windows-1252, as browsers do. Bytes that fit no character
 * become U+FFFD, so no page is lost for one of them.
 */
import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';

/** Bytes of a page in which a charset declaration counts; HTML says 1,024. */
const META_BYTES = 1024;

const META_CHARSET = /<meta[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)/i;
const HEADER_CHARSET = /;\s*charset\s*=\s*["']?\s*([^\s"';]+)/i;

/**
 * Chooses the encoding of a page. Looks at all bytes only when nothing declares it.
 *
 * @param bytes - body of a page
 * @param contentType - `Content-Type` of its HTTP head, or ''
 * @returns a decoder for it, byte order mark ignored
 */
export function chooseDecoder(bytes: Buffer, contentType: string): TextDecoder {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return new TextDecoder('utf-8');
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  const fromHead = createDecoder(HEADER_CHARSET.exec(contentType)?.[1]);
  if (fromHead !== undefined) return fromHead;
  const fromMeta = createDecoder(META_CHARSET.exec(bytes.toString('latin1', 0, META_BYTES))?.[1]);
  // A page whose meta could be read as ASCII is not UTF-16, whatever it says.
  if (fromMeta !== undefined) {
    return fromMeta.encoding.startsWith('utf-16') ? new TextDecoder('utf-8') : fromMeta;
  }
  return new TextDecoder(isUtf8(bytes) ? 'utf-8' : 'windows-1252');
}

/** Undefined for no label and for one that names no known encoding. */
function createDecoder(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
