/** The few facts of a file that the decoding library does not tell: how its pixels are stored, and whether a PNG moves. */
import type { Metadata } from 'sharp';
import type { ImageMode } from './decode-image.ts';

/** How an image is stored, in Pillow's terms. */
export interface StoredMode {
  readonly mode: ImageMode;
  /** Palette or 1 bit. */
  readonly isIndexed: boolean;
  /** Frames or pages of the file, 1 for a still image. */
  readonly frameCount: number;
}

/**
 * Finds the mode that Pillow opens an image in. A transparent colour that stands beside grey, RGB or a palette is no channel
 * there, whatever the decoding library makes of it.
 *
 * Complexity: O(chunks or tags of the header).
 *
 * @param bytes - the file
 * @param metadata - what the decoding library says of it
 * @returns mode, kind and frames
 */
export function findStoredMode(bytes: Uint8Array, metadata: Metadata): StoredMode {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (metadata.format === 'png') return modeOfPng(view);
  const frameCount = metadata.pages ?? 1;
  if (metadata.space === 'cmyk') return { mode: 'CMYK', isIndexed: false, frameCount };
  // Pillow takes the transparent colour of a GIF for one more entry of the palette.
  if (metadata.format === 'gif') return { mode: 'RGB', isIndexed: true, frameCount };
  const isIndexed = metadata.format === 'tiff' && (metadata.bitsPerSample === 1 || hasTiffPalette(view));
  const isGrey = metadata.space === 'b-w' || metadata.space === 'grey16';
  return { mode: metadata.hasAlpha ? 'RGBA' : isGrey ? 'L' : 'RGB', isIndexed, frameCount };
}

const PNG_BIT_DEPTH = 24;
const PNG_COLOUR_TYPE = 25;
const PNG_PALETTE = 3;
const PNG_FIRST_CHUNK = 8;
/** Length, type and checksum of a chunk. */
const PNG_CHUNK_OVERHEAD = 12;
/** Chunk types as big-endian numbers: `acTL` and `IDAT`. */
const ACTL = 0x6163544c;
const IDAT = 0x49444154;

function modeOfPng(view: DataView): StoredMode {
  const colourType = view.getUint8(PNG_COLOUR_TYPE);
  const modes: Readonly<Record<number, ImageMode>> = {
    0: 'L',
    2: 'RGB',
    [PNG_PALETTE]: 'RGB',
    4: 'RGBA',
    6: 'RGBA',
  };
  const isBilevel = colourType === 0 && view.getUint8(PNG_BIT_DEPTH) === 1;
  return {
    mode: modes[colourType] ?? 'RGB',
    isIndexed: colourType === PNG_PALETTE || isBilevel,
    frameCount: countPngFrames(view),
  };
}

/** Frames named by the animation control chunk, which stands before the pixels. */
function countPngFrames(view: DataView): number {
  for (let at = PNG_FIRST_CHUNK; at + PNG_CHUNK_OVERHEAD <= view.byteLength;) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === ACTL && length >= 8) return Math.max(1, view.getUint32(at + 8));
    if (type === IDAT) break;
    at += PNG_CHUNK_OVERHEAD + length;
  }
  return 1;
}

const TIFF_VERSION = 42;
const TIFF_PHOTOMETRIC = 262;
const TIFF_PALETTE = 3;
const TIFF_TAG_BYTES = 12;

/** Whether the first directory of a plain TIFF says that its pixels are indices; in a BigTIFF nobody looks. */
function hasTiffPalette(view: DataView): boolean {
  if (view.byteLength < 8) return false;
  const isLittle = view.getUint16(0) === 0x4949;
  if (view.getUint16(2, isLittle) !== TIFF_VERSION) return false;
  const directory = view.getUint32(4, isLittle);
  if (directory + 2 > view.byteLength) return false;
  const tagCount = view.getUint16(directory, isLittle);
  for (let i = 0; i < tagCount; i++) {
    const at = directory + 2 + i * TIFF_TAG_BYTES;
    if (at + TIFF_TAG_BYTES > view.byteLength) return false;
    if (view.getUint16(at, isLittle) === TIFF_PHOTOMETRIC) {
      return view.getUint16(at + 8, isLittle) === TIFF_PALETTE;
    }
  }
  return false;
}
