/** The few facts of a PNG file that the decoding library does not tell: the stored colour type, and whether it moves. */
import type { ImageMode } from './decode-image.ts';

/** What the chunks before the pixels say. */
export interface PngHeader {
  readonly mode: ImageMode;
  /** Palette, or 1-bit grey. */
  readonly isIndexed: boolean;
  /** Frames of an animated PNG, else 1. */
  readonly frameCount: number;
}

const IHDR_BIT_DEPTH = 24;
const IHDR_COLOUR_TYPE = 25;
const FIRST_CHUNK = 8;
/** Length, type and checksum of a chunk. */
const CHUNK_OVERHEAD = 12;

/**
 * Reads the header of a PNG file.
 *
 * Complexity: O(chunks before the pixels).
 *
 * @param bytes - the file, which begins with PNG's signature
 * @returns the header, or undefined where the file ends inside of it or has no known colour type
 */
export function readPngHeader(bytes: Uint8Array): PngHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length <= IHDR_COLOUR_TYPE) return undefined;
  const colourType = view.getUint8(IHDR_COLOUR_TYPE);
  const modes: Readonly<Record<number, ImageMode>> = { 0: 'L', 2: 'RGB', 3: 'RGB', 4: 'LA', 6: 'RGBA' };
  const mode = modes[colourType];
  if (mode === undefined) return undefined;
  const isIndexed = colourType === 3 || (colourType === 0 && view.getUint8(IHDR_BIT_DEPTH) === 1);
  return { mode, isIndexed, frameCount: countFrames(view) };
}

/** Frames named by the animation control chunk, which stands before the pixels. */
function countFrames(view: DataView): number {
  for (let at = FIRST_CHUNK; at + CHUNK_OVERHEAD <= view.byteLength;) {
    const length = view.getUint32(at);
    const type = view.getUint32(at + 4);
    if (type === ACTL && length >= 8) return Math.max(1, view.getUint32(at + 8));
    if (type === IDAT) break;
    at += CHUNK_OVERHEAD + length;
  }
  return 1;
}

/** Chunk types, as big-endian numbers: `acTL` and `IDAT`. */
const ACTL = 0x6163544c;
const IDAT = 0x49444154;
