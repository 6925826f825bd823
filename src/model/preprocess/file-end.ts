/** Tells a cut file from a damaged one by the structure of its format: the decoders' words for the two are the same. */
import type { ImageFormat } from './image-format.ts';

/**
 * Tells whether a file that could not be decoded ends too early.
 *
 * Complexity: O(bytes) at worst.
 *
 * @param bytes - the file
 * @param format - what its first bytes say
 * @returns true where the end that the format asks for is missing
 */
export function isCutOff(bytes: Uint8Array, format: ImageFormat): boolean {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (format) {
    case 'jpeg':
      return !file.includes(Buffer.of(0xff, 0xd9));
    case 'png':
      return !file.includes('IEND');
    case 'gif':
      // A trailer, and in many files a zero or two behind it.
      return file.subarray(-4).lastIndexOf(0x3b) < 0;
    case 'webp':
      return file.length < 12 || file.readUInt32LE(4) + 8 > file.length;
    case 'tiff':
      return isTiffCutOff(file);
    case 'avif':
      return isBoxCutOff(file);
  }
}

const STRIP_OFFSETS = 273;
const STRIP_BYTES = 279;
const TILE_OFFSETS = 324;
const TILE_BYTES = 325;
const TIFF_LONG = 4;

/** The first directory, its values or the pixels that it points at lie behind the end. */
function isTiffCutOff(file: Buffer): boolean {
  if (file.length < 8) return true;
  const isLittle = file[0] === 0x49;
  const u16 = (at: number): number => (isLittle ? file.readUInt16LE(at) : file.readUInt16BE(at));
  const u32 = (at: number): number => (isLittle ? file.readUInt32LE(at) : file.readUInt32BE(at));
  if (u16(2) !== 42) return false;
  const directory = u32(4);
  if (directory + 2 > file.length) return true;
  const tagEnd = directory + 2 + u16(directory) * 12;
  if (tagEnd > file.length) return true;
  const last: Record<number, number> = {};
  for (let at = directory + 2; at < tagEnd; at += 12) {
    const tag = u16(at);
    if (![STRIP_OFFSETS, STRIP_BYTES, TILE_OFFSETS, TILE_BYTES].includes(tag)) continue;
    const isLong = u16(at + 2) === TIFF_LONG;
    const size = isLong ? 4 : 2;
    const count = u32(at + 4);
    const values = count * size <= 4 ? at + 8 : u32(at + 8);
    if (values + count * size > file.length) return true;
    const place = values + (count - 1) * size;
    if (count > 0) last[tag] = isLong ? u32(place) : u16(place);
  }
  const end = Math.max(
    (last[STRIP_OFFSETS] ?? 0) + (last[STRIP_BYTES] ?? 0),
    (last[TILE_OFFSETS] ?? 0) + (last[TILE_BYTES] ?? 0),
  );
  return end > file.length;
}

/** A box at the top reaches over the end. */
function isBoxCutOff(file: Buffer): boolean {
  let at = 0;
  while (at + 8 <= file.length) {
    const size = file.readUInt32BE(at);
    // 0 means up to the end; 1 means a size of 64 bits, which no image has.
    if (size < 8) return false;
    at += size;
  }
  return at !== file.length;
}
