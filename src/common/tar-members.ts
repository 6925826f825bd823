/**
 * Walks the members of a tar (POSIX ustar and pax, GNU, old v7) as they stream by. Only members that are asked for are
 * kept; nothing is ever written to disk, so a name is only a name, `../` and a leading `/` included.
 *
 * An own walker, because `tar-stream` ends the archive at the first header with a wrong checksum: here the damage is
 * reported, and reading goes on with the next block that is a header.
 *
 *   header block   bytes     meaning
 *   name           0-99      `prefix/name` together
 *   size           124-135   octal, or base-256 when the first byte has its top bit set
 *   checksum       148-155   octal sum of the header's bytes, these eight counted as spaces
 *   type           156       '0' or NUL file, 'x' pax header of the next, 'g' of all, 'L' GNU long name of the next
 *   magic          257-261   `ustar`
 *   prefix         345-499   in ustar; GNU uses the place for other things
 */

/** Size of a tar block; members are padded to it. */
export const TAR_BLOCK_BYTES = 512;
/** Longest pax header or long name that is kept. */
const MAX_EXTENSION_BYTES = 1 << 20;

/** A regular file in the archive. */
export interface TarMember {
  readonly kind: 'member';
  readonly name: string;
  readonly sizeBytes: number;
  /** Where its header starts in the (decompressed) archive. */
  readonly startByte: number;
  /** Its content where it was wanted and is complete; own memory. */
  readonly data: Buffer | undefined;
}

/** Blocks that are no header; reading resumed after them. */
export interface TarGap {
  readonly kind: 'bad-header';
  readonly startByte: number;
  readonly skippedBytes: number;
}

/** The archive ends too early; nothing follows. */
export interface TarCut {
  readonly kind: 'truncated';
  readonly startByte: number;
  /** The member that is cut; '' where the cut lies in a header, or before the zero block that ends every archive. */
  readonly name: string;
}

/**
 * Reads a tar in one pass. Memory: the members asked for, one at a time, and one chunk of the source.
 *
 * @param source - the archive's bytes in chunks of any size; chunks must stay untouched until the next is asked for
 * @param wants - told name and size of each regular file; true to have its content
 * @yields members in order, wanted or not, and damage where it lies
 */
export async function* readTarMembers(
  source: AsyncIterable<Buffer>,
  wants: (name: string, sizeBytes: number) => boolean,
): AsyncGenerator<TarMember | TarGap | TarCut, void, void> {
  const bytes = new ByteCursor(source);
  try {
    yield* walkMembers(bytes, wants);
  } finally {
    await bytes.close();
  }
}

async function* walkMembers(
  bytes: ByteCursor,
  wants: (name: string, sizeBytes: number) => boolean,
): AsyncGenerator<TarMember | TarGap | TarCut, void, void> {
  let next: { path?: string; sizeBytes?: number } = {};
  let badStart = -1;
  let hasEnd = true; // Of an empty file; then of the last member seen.
  for (;;) {
    const startByte = bytes.position;
    const block = await bytes.take(TAR_BLOCK_BYTES);
    if (block.length === 0) break;
    const isZero = block.every((byte) => byte === 0);
    const header = isZero ? undefined : readTarHeader(block);
    hasEnd = isZero;
    if (header === undefined) {
      if (block.length < TAR_BLOCK_BYTES) break;
      if (!isZero && badStart < 0) badStart = startByte;
      continue;
    }
    if (badStart >= 0) {
      yield { kind: 'bad-header', startByte: badStart, skippedBytes: startByte - badStart };
      badStart = -1;
      next = {};
    }
    const isExtension = header.type === 'x' || header.type === 'L';
    const sizeBytes = isExtension ? header.sizeBytes : (next.sizeBytes ?? header.sizeBytes);
    const name = isExtension ? header.name : (next.path ?? header.name);
    const isFile = header.type === '0' || header.type === '\0' || header.type === '7';
    const isKept = isExtension ? sizeBytes <= MAX_EXTENSION_BYTES : isFile && wants(name, sizeBytes);
    const data = isKept ? await bytes.take(sizeBytes) : undefined;
    const gotBytes = data?.length ?? (await bytes.skip(sizeBytes));
    if (gotBytes < sizeBytes) {
      yield { kind: 'truncated', startByte, name };
      return;
    }
    await bytes.skip(-sizeBytes & (TAR_BLOCK_BYTES - 1));
    if (isExtension) {
      if (data !== undefined) next = { ...next, ...readExtension(header.type, data) };
    } else {
      next = {};
      if (isFile) yield { kind: 'member', name, sizeBytes, startByte, data };
    }
  }
  if (badStart >= 0) {
    yield { kind: 'bad-header', startByte: badStart, skippedBytes: bytes.position - badStart };
  }
  if (!hasEnd) yield { kind: 'truncated', startByte: bytes.position, name: '' };
}

/** What a header block says. */
export interface TarHeader {
  readonly name: string;
  readonly sizeBytes: number;
  /** The type character. */
  readonly type: string;
}

/**
 * @param block - 512 bytes
 * @returns what the header says, or undefined when the block is none: wrong checksum, no size
 */
export function readTarHeader(block: Buffer): TarHeader | undefined {
  if (block.length < TAR_BLOCK_BYTES) return undefined;
  let sum = 8 * 0x20;
  for (let at = 0; at < TAR_BLOCK_BYTES; at++) if (at < 148 || at >= 156) sum += block[at] ?? 0;
  if (readNumber(block, 148, 8) !== sum) return undefined;
  const sizeBytes = readNumber(block, 124, 12);
  if (sizeBytes === undefined) return undefined;
  const type = String.fromCharCode(block[156] ?? 0);
  let name = readName(block, 0, 100);
  // GNU writes `ustar ` with a space and has no prefix.
  const isPosix = block.toString('latin1', 257, 262) === 'ustar' && block[262] === 0;
  if (isPosix && block[345] !== 0) name = `${readName(block, 345, 155)}/${name}`;
  return { name, sizeBytes, type: type === '0' && name.endsWith('/') ? '5' : type };
}

function readName(block: Buffer, start: number, length: number): string {
  const field = block.subarray(start, start + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}

/** Octal text, or base-256 for sizes from 8 GiB on. */
function readNumber(block: Buffer, start: number, length: number): number | undefined {
  if (((block[start] ?? 0) & 0x80) !== 0) {
    let value = (block[start] ?? 0) & 0x7f;
    for (let at = start + 1; at < start + length; at++) value = value * 256 + (block[at] ?? 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const digits = /^[ \0]*([0-7]+)[ \0]*$/.exec(block.toString('latin1', start, start + length))?.[1];
  return digits === undefined ? undefined : parseInt(digits, 8);
}

/** Path and size of the next member, from a GNU long name or the `LENGTH KEY=VALUE\n` records of a pax header. */
function readExtension(type: string, data: Buffer): { path?: string; sizeBytes?: number } {
  if (type === 'L') return { path: readName(data, 0, data.length) };
  const found: { path?: string; sizeBytes?: number } = {};
  for (let at = 0; at < data.length;) {
    const space = data.indexOf(0x20, at);
    const length = space < 0 ? NaN : Number(data.toString('latin1', at, space));
    if (!Number.isInteger(length) || length <= space - at || at + length > data.length) break;
    const record = data.toString('utf8', space + 1, at + length - 1);
    if (record.startsWith('path=')) found.path = record.slice('path='.length);
    if (/^size=\d{1,15}$/.test(record)) found.sizeBytes = Number(record.slice('size='.length));
    at += length;
  }
  return found;
}

/** Takes and skips exact numbers of bytes from chunks of any size. */
class ByteCursor {
  readonly #chunks: AsyncIterator<Buffer>;
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  position = 0;

  constructor(source: AsyncIterable<Buffer>) {
    this.#chunks = source[Symbol.asyncIterator]();
  }

  /** @returns that many bytes in own memory, fewer only at the end */
  async take(byteCount: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    await this.#pass(byteCount, (part) => parts.push(part));
    return Buffer.concat(parts);
  }

  /** @returns how many bytes were skipped; fewer only at the end */
  async skip(byteCount: number): Promise<number> {
    return this.#pass(byteCount, () => undefined);
  }

  /** Lets go of the source when reading ends before it does. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #pass(byteCount: number, see: (part: Buffer) => void): Promise<number> {
    let passed = 0;
    while (passed < byteCount) {
      if (this.#at === this.#chunk.length) {
        const next = await this.#chunks.next();
        if (next.done === true) break;
        this.#chunk = next.value;
        this.#at = 0;
      }
      const end = Math.min(this.#chunk.length, this.#at + byteCount - passed);
      if (end > this.#at) see(this.#chunk.subarray(this.#at, end));
      passed += end - this.#at;
      this.#at = end;
    }
    this.position += passed;
    return passed;
  }
}
