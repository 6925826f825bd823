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
 * @returns a decoder for it, byte order mark ignored; shared, so not to be used for streams
 */
export function chooseDecoder(bytes: Buffer, contentType: string): TextDecoder {
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) return UTF_8;
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be');
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le');
  const fromHead = findDecoder(HEADER_CHARSET.exec(contentType)?.[1]);
  if (fromHead !== undefined) return fromHead;
  const fromMeta = findDecoder(META_CHARSET.exec(bytes.toString('latin1', 0, META_BYTES))?.[1]);
  // A page whose meta could be read as ASCII is not UTF-16, whatever it says.
  if (fromMeta !== undefined) {
    return fromMeta.encoding.startsWith('utf-16') ? UTF_8 : fromMeta;
  }
  return isUtf8(bytes) ? UTF_8 : WINDOWS_1252;
}

const UTF_8 = new TextDecoder('utf-8');
const WINDOWS_1252 = new TextDecoder('windows-1252');

/** Labels that pages use are few; those of one that makes up ever more are not kept. */
const MAX_KEPT_DECODERS = 256;
const decoders = new Map<string, TextDecoder | undefined>();

/** Undefined for no label and for one that names no known encoding. Making a decoder takes longer than reading most heads. */
function findDecoder(label: string | undefined): TextDecoder | undefined {
  if (label === undefined) return undefined;
  if (decoders.has(label)) return decoders.get(label);
  const decoder = createDecoder(label);
  if (decoders.size < MAX_KEPT_DECODERS && label.length <= MAX_LABEL_LENGTH) decoders.set(label, decoder);
  return decoder;
}

/** Longer labels name no encoding. */
const MAX_LABEL_LENGTH = 32;

function createDecoder(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
