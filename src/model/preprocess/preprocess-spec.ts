/**
 * How an image becomes the input of a model, as data: what a model folder stores, what {@link createPreprocessor} follows.
 *
 * Two published pipelines differ where images are odd, so a spec says which one it follows:
 *
 *   open_clip     torchvision on the image as it is stored: resize, centre crop, then RGB. The crop's offset is rounded
 *                 half to even. Palette and 1-bit images are resized by picking the nearest pixel (Pillow does so in
 *                 these modes whatever filter is asked for), alpha weighs the colours of a resize, CMYK is resized as CMYK.
 *                 MetaCLIP's own code does this; it is the default.
 *   transformers  RGB first (palette expanded, alpha dropped), then resize and centre crop; the crop's offset is rounded
 *                 down. Folders with a preprocessor_config.json ask for this one.
 *
 * The float arithmetic of each (float32 division by 255 here, float64 product rounded to float32 there) is kept too.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { ResampleFilter } from './resample-coefficients.ts';

/** Which published pipeline is followed where they differ; see the head of this file. */
export type PreprocessPipeline = 'open_clip' | 'transformers';

/** How the size of an image is changed. */
export type ResizeRule =
  /** The shorter side becomes `size`, the longer one `trunc(size * longer / shorter)`. */
  | { readonly mode: 'shortest'; readonly size: number }
  /** Both sides are set; the shape of the image is not kept. */
  | { readonly mode: 'squash'; readonly width: number; readonly height: number }
  | { readonly mode: 'none' };

/** Sizes in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** From decoded image to tensor; plain JSON. */
export interface PreprocessSpec {
  readonly pipeline: PreprocessPipeline;
  /** Whether palette, alpha, CMYK and grey become RGB before or after the resize. */
  readonly convertRgb: 'before-resize' | 'after-resize';
  readonly resize: ResizeRule;
  readonly filter: ResampleFilter | 'nearest';
  /** Centre crop, padded with zeros where the image is smaller; null for none. */
  readonly crop: Size | null;
  /** Factor of each byte, 1/255 as a rule. */
  readonly scale: number;
  /** Subtracted from red, green and blue after the factor. */
  readonly mean: readonly [number, number, number];
  /** Divides red, green and blue after that. */
  readonly std: readonly [number, number, number];
}

/** Mean and standard deviation of CLIP's training images, as published with it. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
/** See {@link CLIP_MEAN}. */
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/**
 * The preprocessing of MetaCLIP's own code for a model of a given image size.
 *
 * @param size - side of the model's square input, in pixels
 * @param mode - `shortest` (default) resizes the shorter side and crops the middle, `squash` sets both sides
 * @returns a spec of the open_clip pipeline with CLIP's mean and standard deviation
 */
export function clipPreprocessSpec(size: number, mode: 'shortest' | 'squash' = 'shortest'): PreprocessSpec {
  return {
    pipeline: 'open_clip',
    convertRgb: 'after-resize',
    resize: mode === 'shortest' ? { mode, size } : { mode, width: size, height: size },
    filter: 'bicubic',
    crop: { width: size, height: size },
    scale: 1 / 255,
    mean: CLIP_MEAN,
    std: CLIP_STD,
  };
}

/**
 * Finds the size that every image has after a spec.
 *
 * @param spec - the preprocessing
 * @returns width and height of the tensor
 * @throws {MetaclipError} `E_PREPROCESS_CONFIG` where the size would change from image to image
 */
export function outputSizeOf(spec: PreprocessSpec): Size {
  if (spec.crop !== null) return { width: spec.crop.width, height: spec.crop.height };
  if (spec.resize.mode === 'squash') return { width: spec.resize.width, height: spec.resize.height };
  throw new MetaclipError(
    'E_PREPROCESS_CONFIG',
    `the preprocessing gives images of different sizes: resize is "${spec.resize.mode}" and there is no crop`,
    { hint: 'give crop_size, or size as {height, width}, in preprocessor_config.json', details: {} },
  );
}

/**
 * Finds what a resize makes of a size.
 *
 * @param width - pixels of the image
 * @param height - pixels of the image
 * @param rule - the resize
 * @returns the size after the resize, at least 1 x 1
 */
export function resizedSize(width: number, height: number, rule: ResizeRule): Size {
  switch (rule.mode) {
    case 'none':
      return { width, height };
    case 'squash':
      return { width: rule.width, height: rule.height };
    case 'shortest': {
      // The order of operations matters: size * (long / short) would round otherwise.
      const { size } = rule;
      return width <= height
        ? { width: size, height: Math.trunc((size * height) / width) }
        : { width: Math.trunc((size * width) / height), height: size };
    }
  }
}

/**
 * Finds where a centre crop begins along one axis.
 *
 * @param from - pixels of the resized image
 * @param to - pixels of the crop
 * @param pipeline - whose rounding
 * @returns index of the first pixel kept; negative where the image is smaller, then that many zeros stand before it
 */
export function cropOffset(from: number, to: number, pipeline: PreprocessPipeline): number {
  // Both pad the smaller image first: torchvision with half of the missing pixels rounded down in front, transformers
  // with half rounded up.
  if (to > from) return pipeline === 'open_clip' ? -Math.floor((to - from) / 2) : -Math.ceil((to - from) / 2);
  const spare = from - to;
  if (pipeline === 'transformers' || spare % 2 === 0) return Math.floor(spare / 2);
  const lower = (spare - 1) / 2;
  return lower % 2 === 0 ? lower : lower + 1;
}
