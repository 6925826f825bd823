/**
 * Finds the entries of a zip file (APPNOTE.TXT 6.3, with zip64) as torch.save writes it: stored, one disk, no encryption.
 * Nothing is unpacked, so there is nothing to inflate and no name becomes a path; odd archives are refused all the same.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { RangeReader } from './tensors.ts';

/** An entry whose bytes lie in the file as they are. */
export interface ZipEntry {
  readonly name: string;
  readonly startByte: number;
  readonly byteLength: number;
}

const END_MARK = 0x06054b50;
const END64_LOCATOR_MARK = 0x07064b50;
const END64_MARK = 0x06064b50;
const DIRECTORY_MARK = 0x02014b50;
const LOCAL_MARK = 0x04034b50;
/** Fixed part of the end record, and the longest comment. */
const END_BYTES = 22;
const MAX_COMMENT = 65_535;
const U32_MAX = 0xffff_ffff;
/** Far above any checkpoint: bigG has some 1,200 tensors. */
const MAX_ENTRIES = 1_000_000;
const MAX_DIRECTORY_BYTES = 256 << 20;

/** An archive whose directory is read; data offsets are looked up in the local headers when asked for. */
export class ZipDirectory {
  readonly #path: string;
  readonly #reader: RangeReader;
  readonly #sizeBytes: number;
  readonly #entries: ReadonlyMap<string, DirectoryRow>;

  private constructor(
    path: string,
    reader: RangeReader,
    sizeBytes: number,
    entries: ReadonlyMap<string, DirectoryRow>,
  ) {
    this.#path = path;
    this.#reader = reader;
    this.#sizeBytes = sizeBytes;
    this.#entries = entries;
  }

  /**
   * @param path - file
   * @param reader - reads it
   * @returns its directory; memory: the directory
   * @throws {@link MetaclipError} `E_MODEL_FORMAT` when it is no zip file or a damaged or hostile one
   */
  static async open(path: string, reader: RangeReader): Promise<ZipDirectory> {
    const sizeBytes = await reader.sizeOf(path);
    const { startByte, byteLength, count } = await findDirectory(path, reader, sizeBytes);
    const bytes = await reader.read(path, startByte, byteLength);
    const entries = new Map<string, DirectoryRow>();
    let at = 0;
    for (let index = 0; index < count; index++) {
      const row = readRow(path, bytes, at);
      if (entries.has(row.name)) throw wrong(path, `two entries are called ${JSON.stringify(row.name)}`);
      entries.set(row.name, row);
      at = row.endInDirectory;
    }
    return new ZipDirectory(path, reader, sizeBytes, entries);
  }

  /** @returns names of the entries */
  get names(): readonly string[] {
    return [...this.#entries.keys()];
  }

  /**
   * @param name - entry
   * @returns where its bytes lie, or undefined when there is no such entry
   * @throws {@link MetaclipError} `E_MODEL_FORMAT` when it is compressed, encrypted, or reaches out of the file
   */
  async find(name: string): Promise<ZipEntry | undefined> {
    const row = this.#entries.get(name);
    if (row === undefined) return undefined;
    const shown = JSON.stringify(name);
    if (row.method !== 0) {
      throw wrong(this.#path, `entry ${shown} is compressed, which torch.save never does`);
    }
    if ((row.flags & 1) !== 0) throw wrong(this.#path, `entry ${shown} is encrypted`);
    if (row.headerByte + 30 > this.#sizeBytes)
      throw wrong(this.#path, `entry ${shown} begins after the end of the file`);
    const header = await this.#reader.read(this.#path, row.headerByte, 30);
    if (header.readUInt32LE(0) !== LOCAL_MARK) throw wrong(this.#path, `entry ${shown} has no local header`);
    const startByte = row.headerByte + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
    if (startByte + row.byteLength > this.#sizeBytes) {
      throw wrong(
        this.#path,
        `entry ${shown} ends at byte ${startByte + row.byteLength}, but the file has only ${this.#sizeBytes}`,
      );
    }
    return { name, startByte, byteLength: row.byteLength };
  }
}

interface DirectoryRow {
  readonly name: string;
  readonly method: number;
  readonly flags: number;
  readonly byteLength: number;
  readonly headerByte: number;
  readonly endInDirectory: number;
}

async function findDirectory(
  path: string,
  reader: RangeReader,
  sizeBytes: number,
): Promise<{ startByte: number; byteLength: number; count: number }> {
  const tailStart = Math.max(0, sizeBytes - END_BYTES - MAX_COMMENT - 20);
  const tail = await reader.read(path, tailStart, sizeBytes - tailStart);
  let at = tail.length - END_BYTES;
  while (at >= 0 && tail.readUInt32LE(at) !== END_MARK) at--;
  if (at < 0) {
    throw new MetaclipError(
      'E_MODEL_FORMAT',
      `${path}: no zip archive: cut off, or in PyTorch's format of before 1.6`,
      {
        hint: 'download it again, or load it in PyTorch and torch.save its state dict again (or save it as safetensors)',
        details: { path },
      },
    );
  }
  let count = tail.readUInt16LE(at + 10);
  let byteLength = tail.readUInt32LE(at + 12);
  let startByte = tail.readUInt32LE(at + 16);
  if (at >= 20 && tail.readUInt32LE(at - 20) === END64_LOCATOR_MARK) {
    const recordByte = Number(tail.readBigUInt64LE(at - 12));
    if (recordByte + 56 > sizeBytes) throw wrong(path, 'its zip64 record lies outside of the file');
    const record = await reader.read(path, recordByte, 56);
    if (record.readUInt32LE(0) !== END64_MARK) throw wrong(path, 'its zip64 record is damaged');
    count = Number(record.readBigUInt64LE(32));
    byteLength = Number(record.readBigUInt64LE(40));
    startByte = Number(record.readBigUInt64LE(48));
  }
  if (count > MAX_ENTRIES || byteLength > MAX_DIRECTORY_BYTES) {
    throw wrong(
      path,
      `its directory states ${count} entries in ${byteLength} bytes; the limit is ${MAX_ENTRIES}`,
    );
  }
  if (startByte + byteLength > sizeBytes) throw wrong(path, 'its directory lies outside of the file');
  return { startByte, byteLength, count };
}

function readRow(path: string, bytes: Buffer, at: number): DirectoryRow {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_MARK) {
    throw wrong(path, 'its directory is damaged');
  }
  const nameBytes = bytes.readUInt16LE(at + 28);
  const extraBytes = bytes.readUInt16LE(at + 30);
  const endInDirectory = at + 46 + nameBytes + extraBytes + bytes.readUInt16LE(at + 32);
  if (endInDirectory > bytes.length) throw wrong(path, 'its directory is damaged');
  const name = bytes.toString('utf8', at + 46, at + 46 + nameBytes);
  if (/^[/\\]|^[a-z]:|\\|\0|(?:^|\/)\.\.(?:\/|$)/i.test(name)) {
    throw wrong(path, `an entry is called ${JSON.stringify(name)}, which leads out of the archive`);
  }
  let byteLength = bytes.readUInt32LE(at + 24);
  let packedBytes = bytes.readUInt32LE(at + 20);
  let headerByte = bytes.readUInt32LE(at + 42);
  const extraEnd = at + 46 + nameBytes + extraBytes;
  for (let extra = at + 46 + nameBytes; extra + 4 <= extraEnd;) {
    const end = extra + 4 + bytes.readUInt16LE(extra + 2);
    if (bytes.readUInt16LE(extra) === 1 && end <= extraEnd) {
      // Zip64: only the fields that are full in the fixed part, in this order.
      let field = extra + 4;
      const next = (): number => {
        if (field + 8 > end) throw wrong(path, `entry ${JSON.stringify(name)} has a damaged zip64 field`);
        field += 8;
        return Number(bytes.readBigUInt64LE(field - 8));
      };
      if (byteLength === U32_MAX) byteLength = next();
      if (packedBytes === U32_MAX) packedBytes = next();
      if (headerByte === U32_MAX) headerByte = next();
    }
    extra = end;
  }
  const method = bytes.readUInt16LE(at + 10);
  if (method === 0 && packedBytes !== byteLength) {
    throw wrong(path, `entry ${JSON.stringify(name)} is stored, but states two sizes`);
  }
  return { name, method, flags: bytes.readUInt16LE(at + 8), byteLength, headerByte, endInDirectory };
}

function wrong(path: string, message: string): MetaclipError {
  return new MetaclipError('E_MODEL_FORMAT', `${path}: ${message}`, {
    hint: 'the file is damaged, or was not written by torch.save: download it again',
    details: { path },
  });
}
