/**
 * What an input file is. The content decides, because downloads are renamed, error pages are saved as data, and `.gz` is
 * put on and left off names at will; the name decides only what the content leaves open (an empty file, a file that
 * starts with damage, a CSV without known column names).
 */
import { basename } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { readHeader } from './delimited.ts';
import { skipByteOrderMark } from './line-splitter.ts';
import { openTextStream } from './open-text-stream.ts';
import { DropLog } from './source.ts';
import { readTarHeader, TAR_BLOCK_BYTES } from '../../common/tar-members.ts';

/** Formats that can be read. */
export const INPUT_FORMATS = ['wat', 'warc', 'parquet', 'jsonl', 'delimited', 'webdataset'] as const;

/** Name of a format; see {@link INPUT_FORMATS}. */
export type InputFormat = (typeof INPUT_FORMATS)[number];

/** Extensions that say a format, each also with `.gz` after it. */
export const FORMAT_OF_EXTENSION: ReadonlyMap<string, InputFormat> = new Map([
  ['wat', 'wat'],
  ['warc', 'warc'],
  ['parquet', 'parquet'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'jsonl'],
  ['csv', 'delimited'],
  ['tsv', 'delimited'],
  ['tar', 'webdataset'],
]);

/** What can be read, in words, for messages. */
export const UNDERSTOOD_FORMATS =
  'WAT and WARC (.warc.wat.gz, .warc.gz), Parquet (.parquet), JSON lines (.jsonl, .ndjson, .json), CSV and TSV (.csv, .tsv) ' +
  'and webdataset tars (.tar), each also gzipped';

/** Bytes looked at, once inflated: enough for a warcinfo record and the head of the one after it. */
const HEAD_BYTES = 64 << 10;

/** First bytes of files that are often found under a wrong name. */
const FOREIGN_MAGIC: readonly (readonly [magic: string, what: string])[] = [
  ['\xff\xd8\xff', 'a JPEG image'],
  ['\x89PNG\r\n', 'a PNG image'],
  ['GIF8', 'a GIF image'],
  ['RIFF', 'a RIFF file (WebP, WAV)'],
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive'],
  ['\x28\xb5\x2f\xfd', 'zstd-compressed data'],
  ['BZh', 'bzip2-compressed data'],
  ['\xfd7zXZ\x00', 'xz-compressed data'],
  ['\x89HDF\r\n', 'an HDF5 file'],
  ['\x93NUMPY', 'a NumPy array'],
  ['ARROW1', 'an Arrow file'],
  ['ORC', 'an ORC file'],
  ['SQLite format 3', 'an SQLite database'],
  ['\x7fELF', 'a program'],
  ['PARE', 'an encrypted Parquet file'],
  ['\xff\xfe', 'UTF-16 text'],
  ['\xfe\xff', 'UTF-16 text'],
];

/**
 * Finds the format of one file. Reads its first 64 KiB (inflated where it is gzip), whatever its size.
 *
 * @param path - the file
 * @returns the format
 * @throws MetaclipError E_FORMAT_UNKNOWN when neither content nor name is known; E_INPUT_UNREADABLE when the name is
 *   known and the content is something else; E_INPUT_NOT_FOUND
 */
export async function detectFormat(path: string): Promise<InputFormat> {
  const { head, isGzip } = await readHead(path);
  const named = formatOfName(path);
  const found = formatOfContent(head, path, named);
  if (found === 'parquet' && isGzip) {
    throw unreadable(
      path,
      'a Parquet file inside gzip',
      'Parquet is read from its end: gunzip the file first',
    );
  }
  if (found !== undefined) return found;
  const foreign = describeForeign(head);
  const isContradiction =
    foreign !== undefined || (head.length > 0 && (named === 'parquet' || named === 'webdataset'));
  if (named !== undefined && !isContradiction) return named;
  if (named !== undefined) {
    const hint = `check where the file comes from; understood are ${UNDERSTOOD_FORMATS}`;
    throw unreadable(path, `${foreign ?? 'something else'} (it starts with ${showBytes(head)})`, hint, named);
  }
  const seen = head.length === 0 ? 'the file is empty' : `it starts with ${showBytes(head)}`;
  throw new MetaclipError(
    'E_FORMAT_UNKNOWN',
    `${path}: neither its name nor its content is of a known format: ${foreign === undefined ? seen : `it is ${foreign}`}`,
    { hint: `understood are ${UNDERSTOOD_FORMATS}`, details: { path } },
  );
}

/**
 * @param path - a file name; nothing is opened
 * @returns the format that the extension says, or undefined
 */
export function formatOfName(path: string): InputFormat | undefined {
  const parts = basename(path).toLowerCase().split('.');
  if (parts.at(-1) === 'gz') parts.pop();
  return parts.length < 2 ? undefined : FORMAT_OF_EXTENSION.get(parts.at(-1) ?? '');
}

async function readHead(path: string): Promise<{ head: Buffer; isGzip: boolean }> {
  const parts: Buffer[] = [];
  let sizeBytes = 0;
  const drops = new DropLog(); // Damage is counted when the file is read, not here.
  const stream = openTextStream(path, { drops, onBytes: () => undefined });
  for await (const chunk of stream) {
    parts.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes >= HEAD_BYTES) break;
  }
  return { head: Buffer.concat(parts).subarray(0, HEAD_BYTES), isGzip: stream.isGzip };
}

function formatOfContent(
  head: Buffer,
  path: string,
  named: InputFormat | undefined,
): InputFormat | undefined {
  if (startsWith(head, 'PAR1')) return 'parquet';
  if (startsWith(head, 'WARC/')) return kindOfWarc(head, path);
  if (head.length < TAR_BLOCK_BYTES && named === 'webdataset') return named; // A tar cut in its first header.
  if (readTarHeader(head.subarray(0, TAR_BLOCK_BYTES)) !== undefined) return 'webdataset';
  const text = skipByteOrderMark(head).toString('utf8').trimStart();
  if (/^(?:\{|\[\s*[{"])/.test(text)) return 'jsonl';
  if (named !== undefined || head.includes(0)) return undefined;
  const header = /^[^\n]*(?=\n)/.exec(text)?.[0];
  return header !== undefined && isKnownHeader(header.trimEnd(), path) ? 'delimited' : undefined;
}

function isKnownHeader(header: string, path: string): boolean {
  try {
    return readHeader(header, {}, path).cellCount > 1;
  } catch {
    return false;
  }
}

/**
 * A WAT file is a WARC file of metadata records in JSON. The first record that is no warcinfo tells; where the head
 * holds none, the file's own name of itself does, then its name.
 */
function kindOfWarc(head: Buffer, path: string): 'wat' | 'warc' {
  const text = head.toString('latin1');
  for (let at = 0; at >= 0 && at < text.length;) {
    const blank = /\r?\n\r?\n/g;
    blank.lastIndex = at;
    const end = blank.exec(text);
    const fields = text.slice(at, end?.index ?? text.length).toLowerCase();
    const type = /^warc-type:[ \t]*([a-z]+)/m.exec(fields)?.[1];
    if (type !== undefined && type !== 'warcinfo') {
      return type === 'metadata' && /^content-type:[ \t]*application\/json/m.test(fields) ? 'wat' : 'warc';
    }
    if (/^warc-filename:.*\.wat(?:\.gz)?\s*$/m.test(fields)) return 'wat';
    if (end === null) break;
    const length = Number(/^content-length:[ \t]*(\d{1,15})/m.exec(fields)?.[1] ?? '0');
    at = text.indexOf('WARC/', end.index + end[0].length + length);
  }
  return formatOfName(path) === 'wat' ? 'wat' : 'warc';
}

function describeForeign(head: Buffer): string | undefined {
  for (const [magic, what] of FOREIGN_MAGIC) if (startsWith(head, magic)) return what;
  const text = skipByteOrderMark(head).toString('latin1', 0, 1024).trimStart().toLowerCase();
  if (/^<(?:!doctype html|html|head|body)/.test(text)) return 'an HTML page';
  return text.startsWith('<?xml') ? 'an XML document' : undefined;
}

function startsWith(head: Buffer, magic: string): boolean {
  return head.subarray(0, magic.length).equals(Buffer.from(magic, 'latin1'));
}

function unreadable(path: string, what: string, hint: string, named?: InputFormat): MetaclipError {
  const claim =
    named === undefined ? '' : ` although it is named like ${named === 'delimited' ? 'CSV or TSV' : named}`;
  return new MetaclipError('E_INPUT_UNREADABLE', `${path}: the content is ${what}${claim}`, {
    hint,
    details: { path },
  });
}

/** The first bytes as text where they are printable, else in hexadecimal. */
function showBytes(head: Buffer): string {
  const start = head.subarray(0, 16);
  const text = start.toString('latin1');
  return /^[\x20-\x7e\s]+$/.test(text)
    ? JSON.stringify(text)
    : `bytes ${start.toString('hex').replace(/..(?=.)/g, '$& ')}`;
}
