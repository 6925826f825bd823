/**
 * The preprocessor of a model: decoded image in, normalised tensor out, by the rules of a {@link PreprocessSpec}.
 *
 * Two steps that may run in different threads: {@link Preprocessor.toPixels} does all the work and gives bytes, a quarter of
 * the tensor's size; {@link Preprocessor.toTensor} looks each byte up in a table of 256 floats per channel.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { MetaclipError } from '../../common/errors.ts';
import { premultiplyAlpha, toRgb, unpremultiplyAlpha } from './colour-modes.ts';
import { CHANNELS, type DecodedImage } from './decode-image.ts';
import { cropOffset, outputSizeOf, resizedSize, type PreprocessSpec, type Size } from './preprocess-spec.ts';
import { resizeWindow } from './resize-window.ts';

/** Follows one spec; holds its table (3 KiB). */
export class Preprocessor {
  readonly spec: PreprocessSpec;
  /** Pixels of a row of the tensor. */
  readonly width: number;
  /** Rows of the tensor. */
  readonly height: number;
  /** Floats of one image's tensor: 3 * height * width. */
  readonly length: number;
  /** 256 floats per channel: what each byte becomes. */
  readonly #values: Float32Array;

  /**
   * @param spec - the preprocessing
   * @throws {MetaclipError} `E_PREPROCESS_CONFIG` where the spec gives images of different sizes
   */
  constructor(spec: PreprocessSpec) {
    const { width, height } = outputSizeOf(spec);
    this.spec = spec;
    this.width = width;
    this.height = height;
    this.length = 3 * width * height;
    this.#values = valuesOfBytes(spec);
  }

  /**
   * Resizes, crops and converts to RGB.
   *
   * Complexity: O(pixels of the source that the crop needs).
   *
   * @param image - from `decodeImage`; not changed
   * @returns height x width RGB bytes, interleaved, owned by the caller
   */
  toPixels(image: DecodedImage): Uint8Array {
    const { spec } = this;
    if (spec.convertRgb === 'before-resize' && (image.mode !== 'RGB' || image.isIndexed)) {
      const rgb = { ...image, isIndexed: false };
      // Grey stays one channel: the same bytes in a third of the time.
      if (image.mode !== 'L') Object.assign(rgb, { data: toRgb(image.data, image.mode), mode: 'RGB' });
      return this.#resize(rgb);
    }
    return this.#resize(image);
  }

  /**
   * Writes the tensor of one image, channels first.
   *
   * @param pixels - from {@link Preprocessor.toPixels}, of this or an equal preprocessor; not changed
   * @param out - where to write; a new array when absent
   * @param offset - first float to write, default 0; `length` floats are written
   * @returns `out`
   * @throws {RangeError} when `pixels` is no image of this preprocessor or does not fit into `out`
   */
  toTensor(pixels: Uint8Array, out: Float32Array = new Float32Array(this.length), offset = 0): Float32Array {
    if (pixels.length !== this.length || offset < 0 || offset + this.length > out.length) {
      throw new RangeError(
        `${pixels.length} bytes to ${out.length} floats at ${offset}: ${this.length} of each are needed`,
      );
    }
    const values = this.#values;
    const plane = this.length / 3;
    let red = offset;
    let green = offset + plane;
    let blue = green + plane;
    for (let i = 0; i < pixels.length; i += 3) {
      out[red++] = values[pixels[i]!]!;
      out[green++] = values[256 + pixels[i + 1]!]!;
      out[blue++] = values[512 + pixels[i + 2]!]!;
    }
    return out;
  }

  /**
   * Both steps: {@link Preprocessor.toPixels}, then {@link Preprocessor.toTensor}.
   *
   * @param image - from `decodeImage`; not changed
   * @param out - where to write; a new array when absent
   * @param offset - first float to write, default 0
   * @returns `out`
   */
  run(image: DecodedImage, out?: Float32Array, offset = 0): Float32Array {
    return this.toTensor(this.toPixels(image), out, offset);
  }

  #resize(image: DecodedImage): Uint8Array {
    const { spec } = this;
    const target = resizedSize(image.width, image.height, spec.resize);
    const { window, left, top } = placeCrop(target, spec);
    const isSameSize = target.width === image.width && target.height === image.height;
    const filter = image.isIndexed ? 'nearest' : spec.filter;
    const isWeighed = !isSameSize && filter !== 'nearest' && image.mode === 'RGBA';
    const { width, height, mode } = image;
    const data = isWeighed ? premultiplyAlpha(image.data) : image.data;
    const source = { data, width, height, channels: CHANNELS[mode] };
    const resized = resizeWindow(source, target, window, filter);
    if (isWeighed) unpremultiplyAlpha(resized);
    const rgb = toRgb(resized, image.mode);
    if (window.width === this.width && window.height === this.height) return rgb;

    const padded = new Uint8Array(this.length);
    // Pillow pads in the image's own mode: zeros are black, but in CMYK they are white paper.
    if (image.mode === 'CMYK' && spec.convertRgb === 'after-resize') padded.fill(255);
    for (let y = 0; y < window.height; y++) {
      const row = rgb.subarray(y * window.width * 3, (y + 1) * window.width * 3);
      padded.set(row, ((y + top) * this.width + left) * 3);
    }
    return padded;
  }
}

/**
 * Makes a preprocessor.
 *
 * @param spec - the preprocessing
 * @returns the preprocessor; not for several threads, each makes its own
 * @throws {MetaclipError} `E_PREPROCESS_CONFIG` where the spec gives images of different sizes
 */
export function createPreprocessor(spec: PreprocessSpec): Preprocessor {
  return new Preprocessor(spec);
}

/** The window of the resized image that the crop keeps, and where it lies in the output. */
function placeCrop(
  target: Size,
  spec: PreprocessSpec,
): { window: Size & { left: number; top: number }; left: number; top: number } {
  const crop = spec.crop ?? target;
  const x = cropOffset(target.width, crop.width, spec.pipeline);
  const y = cropOffset(target.height, crop.height, spec.pipeline);
  return {
    window: {
      left: Math.max(0, x),
      top: Math.max(0, y),
      width: Math.min(target.width, crop.width),
      height: Math.min(target.height, crop.height),
    },
    left: Math.max(0, -x),
    top: Math.max(0, -y),
  };
}

/** The tensor's value of each byte, in the float arithmetic of the pipeline. */
function valuesOfBytes(spec: PreprocessSpec): Float32Array {
  const values = new Float32Array(3 * 256);
  for (let channel = 0; channel < 3; channel++) {
    const mean = Math.fround(spec.mean[channel] ?? 0);
    const std = Math.fround(spec.std[channel] ?? 1);
    if (std === 0) {
      throw new MetaclipError('E_PREPROCESS_CONFIG', `the standard deviation of channel ${channel} is 0`, {
        hint: 'correct image_std in preprocessor_config.json',
        details: { channel },
      });
    }
    for (let byte = 0; byte < 256; byte++) {
      // torchvision divides float32 by 255; transformers multiplies in float64 and rounds.
      const scaled =
        spec.pipeline === 'open_clip' && spec.scale === 1 / 255
          ? Math.fround(byte / 255)
          : Math.fround(byte * spec.scale);
      values[channel * 256 + byte] = Math.fround(Math.fround(scaled - mean) / std);
    }
  }
  return values;
}
