/**
 * What a file is, from its first bytes, before any decoder sees it. A name says nothing: saved error pages are called
 * photo.jpg. Only formats named here reach the decoding library, so nothing else of it (vector formats, documents,
 * delegates) can be reached through an image file.
 */

/** Formats that are decoded. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'gif' | 'tiff' | 'avif';

/** Why the bytes are no image that can be decoded; `reason` of the error's details. */
export type UnsupportedReason = 'empty' | 'svg' | 'text' | 'document' | 'image-format' | 'unknown-format';

/** What the first bytes say. */
export type Sniffed =
  | { readonly format: ImageFormat }
  | {
      readonly format: null;
      readonly reason: UnsupportedReason;
      /** What it is, as the end of a sentence: "an HTML page". */
      readonly what: string;
    };

/** Bytes of the head that are looked at. */
const HEAD_BYTES = 1024;

/** Formats known by their first bytes, and not decoded. */
const FOREIGN: readonly (readonly [magic: string, reason: UnsupportedReason, what: string])[] = [
  ['BM', 'image-format', 'a BMP image'],
  ['\0\0\x01\0', 'image-format', 'an icon (ICO)'],
  ['8BPS', 'image-format', 'a Photoshop document'],
  ['\0\0\0\x0cjP  ', 'image-format', 'a JPEG 2000 image'],
  ['\xff\x4f\xff\x51', 'image-format', 'a JPEG 2000 image'],
  ['\xff\x0a', 'image-format', 'a JPEG XL image'],
  ['\0\0\0\x0cJXL ', 'image-format', 'a JPEG XL image'],
  ['%PDF-', 'document', 'a PDF document'],
  ['%!PS', 'document', 'a PostScript document'],
  ['PK\x03\x04', 'document', 'a zip archive'],
  ['\x1f\x8b', 'document', 'a gzip file'],
];

/**
 * Tells what a file is.
 *
 * Complexity: O(1); looks at the first 1,024 bytes.
 *
 * @param bytes - the file, or at least its first 1,024 bytes
 * @returns the format, or the reason why there is none
 */
export function sniffImageFormat(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return { format: null, reason: 'empty', what: 'empty' };
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, HEAD_BYTES));
  const text = head.toString('latin1');
  if (text.startsWith('\xff\xd8\xff')) return { format: 'jpeg' };
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return { format: 'png' };
  if (text.startsWith('RIFF') && text.startsWith('WEBP', 8)) return { format: 'webp' };
  if (/^GIF8[79]a/.test(text)) return { format: 'gif' };
  // Plain and big TIFF, in both byte orders.
  if (/^(?:II[*+]\0|MM\0[*+])/.test(text)) return { format: 'tiff' };
  if (text.startsWith('ftyp', 4)) {
    const brands = text.slice(8, Math.max(16, head.readUInt32BE(0)));
    if (/avi[fs]/.test(brands)) return { format: 'avif' };
    return { format: null, reason: 'image-format', what: 'a HEIF image or a video' };
  }
  for (const [magic, reason, what] of FOREIGN) {
    if (text.startsWith(magic)) return { format: null, reason, what };
  }
  const visible = text.replace(/^(?:\xef\xbb\xbf)?\s+/, '');
  if (/<svg[\s>]/i.test(visible) && visible.includes('<')) {
    return { format: null, reason: 'svg', what: 'an SVG drawing' };
  }
  if (/^(?:\xef\xbb\xbf)?<(?:!doctype html|html|head|body)/i.test(visible)) {
    return { format: null, reason: 'text', what: 'an HTML page' };
  }
  if (isText(head)) return { format: null, reason: 'text', what: 'a text file' };
  return { format: null, reason: 'unknown-format', what: 'of a format that is not known' };
}

/** No control characters but white space: text of whatever encoding without NUL bytes. */
function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 9 || byte === 10 || byte === 12 || byte === 13);
}
