/**
 * From a file's bytes to pixels, as Pillow sees them: no colour management, no rotation unless asked, the first frame of
 * an animation, the high byte of 16-bit samples. The pixels of JPEG, PNG, WebP, GIF and TIFF are equal to Pillow's.
 *
 * One difference, on purpose: a 16-bit grey image keeps its high byte, as 16-bit colour does in both; Pillow cuts every
 * value above 255 off, which turns such an image white.
 */
import { open, type FileHandle } from 'node:fs/promises';
import type { Metadata, Sharp } from 'sharp';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { isCutOff } from './file-end.ts';
import { paintBackground, readFirstGifFrame } from './gif-background.ts';
import { sniffImageFormat, type ImageFormat } from './image-format.ts';
import { findStoredMode } from './stored-mode.ts';

/** Channels of a decoded image, by Pillow's names; grey with alpha becomes RGBA, which changes no result. */
export type ImageMode = 'L' | 'RGB' | 'RGBA' | 'CMYK';

/** Bytes per pixel of each mode. */
export const CHANNELS: Readonly<Record<ImageMode, number>> = { L: 1, RGB: 3, RGBA: 4, CMYK: 4 };

/** Pixels, and what of their origin matters afterwards. */
export interface DecodedImage {
  /** Rows from the top, pixels from the left, channels interleaved; width * height * channels bytes, owned by the caller. */
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly mode: ImageMode;
  /** True for palette and 1-bit images, which Pillow resizes by picking the nearest pixel unless they are made RGB first. */
  readonly isIndexed: boolean;
  readonly format: ImageFormat;
  /** Frames or pages of the file, of which the first was taken; 1 for a still image. */
  readonly frameCount: number;
}

/** What is refused, and how the file is read. */
export interface DecodeOptions {
  /** Largest width * height, checked in the header before any pixel is decoded; default 100 million (400 MB decoded). */
  readonly maxPixels?: number;
  /** Largest width or height, default 1,000,000. */
  readonly maxSide?: number;
  /** Largest file in bytes, default 256 MiB. */
  readonly maxFileBytes?: number;
  /** Turns the image as its EXIF orientation says; default false, as Pillow and the published pipelines. */
  readonly applyOrientation?: boolean;
  /** What to call the image in messages; default the path, or "the image". */
  readonly name?: string;
}

/** The defaults of {@link DecodeOptions}. */
export const DEFAULT_DECODE_OPTIONS = Object.freeze({
  maxPixels: 100_000_000,
  maxSide: 1_000_000,
  maxFileBytes: 256 * 2 ** 20,
  applyOrientation: false,
});

/**
 * Decodes an image.
 *
 * Memory: the file (at most `maxFileBytes`) and the pixels (at most 4 `maxPixels` bytes), and while it runs what the
 * decoder of the format holds. Decoding runs on a thread of Node's pool and does not block.
 *
 * @param source - path of a file, or its bytes, which are not kept
 * @param options - limits and reading
 * @returns the pixels
 * @throws {MetaclipError} `E_IMAGE_UNSUPPORTED` (details.reason: svg, text, document, image-format, unknown-format),
 * `E_IMAGE_UNREADABLE` (details.reason: empty, truncated, damaged), `E_IMAGE_TOO_LARGE` (details.got, details.limit,
 * details.unit: pixels, side or bytes), `E_INPUT_NOT_FOUND` and `E_INPUT_UNREADABLE` for a path
 */
export async function decodeImage(
  source: string | Uint8Array,
  options: DecodeOptions = {},
): Promise<DecodedImage> {
  const name = options.name ?? (typeof source === 'string' ? source : 'the image');
  const limits = { ...DEFAULT_DECODE_OPTIONS, ...options };
  const bytes = typeof source === 'string' ? await readImageFile(source, limits.maxFileBytes) : source;
  if (bytes.length > limits.maxFileBytes) {
    throw tooLarge(name, 'bytes', bytes.length, limits.maxFileBytes, `${bytes.length} bytes`);
  }
  const sniffed = sniffImageFormat(bytes);
  if (sniffed.format === null) throw unsupported(name, sniffed.reason, sniffed.what);
  const { format } = sniffed;
  let metadata: Metadata;
  try {
    metadata = await (await openImage(bytes)).metadata();
  } catch (error) {
    throw unreadable(name, format, bytes, error);
  }
  const { width, height } = metadata;
  checkSize(name, width, height, limits);

  const { mode, isIndexed, frameCount } = findStoredMode(bytes, metadata);
  let image = toMode(await openImage(bytes), mode, metadata);
  if (limits.applyOrientation) image = image.autoOrient();
  try {
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    const frame = format === 'gif' ? readFirstGifFrame(bytes) : undefined;
    if (frame !== undefined) paintBackground({ data, ...info }, frame);
    return {
      data: takeChannels(data, info.channels, mode),
      width: info.width,
      height: info.height,
      mode,
      isIndexed,
      format,
      frameCount,
    };
  } catch (error) {
    throw unreadable(name, format, bytes, error);
  }
}

/** `error`: a cut file and damaged data are refused, warnings of the decoder are not, as in Pillow. Own limits are checked. */
async function openImage(bytes: Uint8Array): Promise<Sharp> {
  // Loaded with the first image: 20 MB of native code, which a program that only embeds texts does without.
  const { default: sharp } = await import('sharp');
  return sharp(bytes, { ignoreIcc: true, failOn: 'error', limitInputPixels: false });
}

/** 16-bit grey goes through RGB, where the library keeps the high byte; as grey it would apply a gamma. */
function toMode(image: Sharp, mode: ImageMode, metadata: Metadata): Sharp {
  if (mode === 'CMYK') return image.pipelineColourspace('cmyk').toColourspace('cmyk');
  return image.toColourspace(mode === 'L' && metadata.depth === 'uchar' ? 'b-w' : 'srgb');
}

/** The channels of the mode out of those that the decoder gave; the same array where nothing is to be dropped. */
function takeChannels(data: Uint8Array, channels: number, mode: ImageMode): Uint8Array {
  const wanted = CHANNELS[mode];
  if (channels === wanted) return data;
  const pixelCount = data.length / channels;
  const taken = new Uint8Array(pixelCount * wanted);
  for (let pixel = 0; pixel < pixelCount; pixel++) {
    for (let channel = 0; channel < wanted; channel++) {
      // Fewer channels than the mode has: grey for each colour, and full alpha.
      const from = channels >= wanted ? channel : channel === 3 ? -1 : 0;
      taken[pixel * wanted + channel] = from < 0 ? 255 : (data[pixel * channels + from] ?? 0);
    }
  }
  return taken;
}

async function readImageFile(path: string, maxFileBytes: number): Promise<Uint8Array> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path, 'r');
    const { size } = await handle.stat();
    if (size > maxFileBytes) throw tooLarge(path, 'bytes', size, maxFileBytes, `${size} bytes`);
    return await handle.readFile();
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  } finally {
    await handle?.close();
  }
}

function checkSize(
  name: string,
  width: number,
  height: number,
  limits: { readonly maxPixels: number; readonly maxSide: number },
): void {
  const shape = `${width} x ${height}`;
  if (width * height > limits.maxPixels) {
    const got = width * height;
    throw tooLarge(name, 'pixels', got, limits.maxPixels, `${shape} = ${got} pixels`);
  }
  const side = Math.max(width, height);
  if (side > limits.maxSide) throw tooLarge(name, 'side', side, limits.maxSide, `${shape} pixels`);
}

function tooLarge(
  name: string,
  unit: 'pixels' | 'side' | 'bytes',
  got: number,
  limit: number,
  shape: string,
): MetaclipError {
  const option = { pixels: 'maxPixels', side: 'maxSide', bytes: 'maxFileBytes' }[unit];
  return new MetaclipError('E_IMAGE_TOO_LARGE', `${name}: ${shape}, the limit is ${limit}`, {
    hint: `make the image smaller, or raise ${option} if the memory is there`,
    details: { name, unit, got, limit },
  });
}

function unsupported(name: string, reason: string, what: string): MetaclipError {
  if (reason === 'empty') {
    return new MetaclipError('E_IMAGE_UNREADABLE', `${name}: the file is empty`, {
      hint: 'get the image anew',
      details: { name, reason },
    });
  }
  const hint =
    reason === 'svg'
      ? 'a drawing has no pixels of its own: render it to PNG at the size that you mean'
      : reason === 'image-format'
        ? 'convert it to PNG or JPEG'
        : 'what can be read: JPEG, PNG, WebP, GIF, TIFF, AVIF';
  return new MetaclipError(
    'E_IMAGE_UNSUPPORTED',
    `${name}: the file is ${what}, not an image that can be read`,
    {
      hint,
      details: { name, reason },
    },
  );
}

function unreadable(name: string, format: ImageFormat, bytes: Uint8Array, error: unknown): MetaclipError {
  const message = error instanceof Error ? error.message : String(error);
  const said = (message.trim().split('\n')[0] ?? '').replace(/:$/, '');
  const isCut = isCutOff(bytes, format);
  return new MetaclipError(
    'E_IMAGE_UNREADABLE',
    `${name}: the ${format.toUpperCase()} file is ${isCut ? 'cut off' : 'damaged'} (${said})`,
    {
      hint: 'get the image anew',
      details: { name, reason: isCut ? 'truncated' : 'damaged', format },
      cause: error,
    },
  );
}
