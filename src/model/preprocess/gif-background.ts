/**
 * What stands where the first frame of a GIF shows nothing. Transparency is an entry of the palette there, and that entry has a
 * colour, which the published pipelines see, inside of the frame and around it; the decoding library gives black.
 */
import type { PixelArray } from './resample-passes.ts';

/** Blocks of a GIF file, by their first byte. */
const EXTENSION = 0x21;
const IMAGE = 0x2c;
/** Extension that says which entry is transparent. */
const GRAPHIC_CONTROL = 0xf9;
const HEADER_BYTES = 13;
const HAS_TABLE = 0x80;

/** The first frame of a GIF. */
export interface GifFrame {
  /** Its place on the canvas, in pixels; right and bottom are the first ones outside. */
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
  /** Red, green and blue of its transparent entry; of entry 0 where none is. */
  readonly background: readonly [number, number, number];
}

/**
 * Reads the head of the first frame.
 *
 * Complexity: O(blocks before it).
 *
 * @param bytes - the file
 * @returns the frame, or undefined where the file ends before it
 */
export function readFirstGifFrame(bytes: Uint8Array): GifFrame | undefined {
  const byteAt = (at: number): number => bytes[at] ?? 0;
  const numberAt = (at: number): number => byteAt(at) | (byteAt(at + 1) << 8);
  const tableBytes = (flags: number): number => ((flags & HAS_TABLE) === 0 ? 0 : 3 * 2 ** ((flags & 7) + 1));
  const globalBytes = tableBytes(byteAt(10));
  let transparent = 0;
  let at = HEADER_BYTES + globalBytes;
  while (at < bytes.length) {
    const block = byteAt(at);
    if (block === IMAGE) {
      const left = numberAt(at + 1);
      const top = numberAt(at + 3);
      const localBytes = tableBytes(byteAt(at + 9));
      const [table, size] = localBytes > 0 ? [at + 10, localBytes] : [HEADER_BYTES, globalBytes];
      const entry = table + transparent * 3;
      return {
        left,
        top,
        right: left + numberAt(at + 5),
        bottom: top + numberAt(at + 7),
        background:
          transparent * 3 < size ? [byteAt(entry), byteAt(entry + 1), byteAt(entry + 2)] : [0, 0, 0],
      };
    }
    if (block !== EXTENSION) break;
    if (byteAt(at + 1) === GRAPHIC_CONTROL && (byteAt(at + 3) & 1) === 1) transparent = byteAt(at + 6);
    // Sub-blocks, each with its length in front, up to one of length 0.
    at += 2;
    while (at < bytes.length && byteAt(at) !== 0) at += 1 + byteAt(at);
    at++;
  }
  return undefined;
}

/**
 * Paints what shows nothing: pixels around the frame, and those of alpha 0 inside.
 *
 * Complexity: O(pixels).
 *
 * @param image - RGB or RGBA pixels of the canvas; changed
 * @param frame - from {@link readFirstGifFrame}
 */
export function paintBackground(image: PixelArray, frame: GifFrame): void {
  const { data, width, height, channels } = image;
  for (let y = 0; y < height; y++) {
    const isOutside = y < frame.top || y >= frame.bottom;
    for (let x = 0; x < width; x++) {
      const at = (y * width + x) * channels;
      const isEmpty =
        isOutside || x < frame.left || x >= frame.right || (channels === 4 && data[at + 3] === 0);
      if (isEmpty) data.set(frame.background, at);
    }
  }
}
