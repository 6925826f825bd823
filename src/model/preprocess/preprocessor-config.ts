/**
 * Reads the preprocessing that a model comes with: transformers' preprocessor_config.json in the forms of its versions, and the
 * `preprocess_cfg` of open_clip_config.json.
 *
 * What is not understood is refused by name: a step that is left out gives wrong embeddings without any error.
 */
import { MetaclipError } from '../../common/errors.ts';
import {
  CLIP_MEAN,
  CLIP_STD,
  clipPreprocessSpec,
  outputSizeOf,
  type PreprocessSpec,
  type ResizeRule,
  type Size,
} from './preprocess-spec.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Filters by their numbers in Pillow. */
const FILTERS: readonly PreprocessSpec['filter'][] = [
  'nearest',
  'lanczos',
  'bilinear',
  'bicubic',
  'box',
  'hamming',
];

/** Switches of transformers' image processors that are followed. */
const KNOWN_STEPS = new Set([
  'do_resize',
  'do_center_crop',
  'do_rescale',
  'do_normalize',
  'do_convert_rgb',
  'do_convert_rgba',
]);

/** Processors whose whole-number `size` means the shorter side; for others it is the side of a square. */
const SHORTEST_BY_DEFAULT = /^(?:CLIP|ChineseCLIP|MetaClip)/;

/**
 * Reads the content of a preprocessor_config.json (transformers).
 *
 * `size` may be a number (shorter side), `{shortest_edge}` or `{height, width}`; `crop_size` a number or `{height, width}`.
 * `do_resize`, `do_center_crop`, `do_rescale`, `do_normalize` and `do_convert_rgb` default to true, `resample` to 3 (bicubic),
 * `rescale_factor` to 1/255, mean and standard deviation to CLIP's.
 *
 * @param config - the parsed JSON
 * @param where - the file, for messages
 * @returns a spec of the transformers pipeline
 * @throws {MetaclipError} `E_PREPROCESS_CONFIG` naming the field that is wrong, unknown or missing
 */
export function parsePreprocessorConfig(config: unknown, where: string): PreprocessSpec {
  if (!isObject(config)) throw wrong(where, 'the file', config, 'an object');
  // Processors of text and image together keep the image's part under this name.
  const nested = config['image_processor'];
  if (isObject(nested)) return parsePreprocessorConfig(nested, `${where}: image_processor`);
  for (const [name, value] of Object.entries(config)) {
    if (name.startsWith('do_') && value === true && !KNOWN_STEPS.has(name)) {
      throw wrong(where, name, value, 'false: this step is not known');
    }
  }
  const isOn = (name: string): boolean => readFlag(config, name, where);
  const crop = isOn('do_center_crop') ? readSquareSize(config['crop_size'] ?? 224, 'crop_size', where) : null;
  const spec: PreprocessSpec = {
    pipeline: 'transformers',
    convertRgb: isOn('do_convert_rgb') ? 'before-resize' : 'after-resize',
    resize: isOn('do_resize') ? readResize(config, where) : { mode: 'none' },
    filter: readFilter(config['resample'] ?? 3, where),
    crop,
    scale: isOn('do_rescale')
      ? readPositive(config['rescale_factor'] ?? 1 / 255, 'rescale_factor', where)
      : 1,
    mean: isOn('do_normalize')
      ? readTriple(config['image_mean'] ?? CLIP_MEAN, 'image_mean', where)
      : [0, 0, 0],
    std: isOn('do_normalize') ? readStd(config['image_std'] ?? CLIP_STD, 'image_std', where) : [1, 1, 1],
  };
  outputSizeOf(spec);
  return spec;
}

/**
 * Reads the `preprocess_cfg` of an open_clip_config.json.
 *
 * `size` is a number or `[height, width]`; `resize_mode` is `shortest` (default) or `squash`; `interpolation` is `bicubic`
 * (default) or `bilinear`; `mean` and `std` default to CLIP's.
 *
 * @param config - the parsed object, `{}` for the defaults
 * @param imageSize - the model's image size in pixels, where `size` is absent
 * @param where - the file, for messages
 * @returns a spec of the open_clip pipeline
 * @throws {MetaclipError} `E_PREPROCESS_CONFIG` naming the field that is wrong
 */
export function parseOpenClipConfig(config: unknown, imageSize: number, where: string): PreprocessSpec {
  if (!isObject(config)) throw wrong(where, 'preprocess_cfg', config, 'an object');
  const size = Array.isArray(config['size'])
    ? {
        height: readSide(config['size'][0], 'size', where),
        width: readSide(config['size'][1], 'size', where),
      }
    : readSquareSize(config['size'] ?? imageSize, 'size', where);
  const mode = config['resize_mode'] ?? 'shortest';
  if (mode !== 'shortest' && mode !== 'squash') {
    throw wrong(where, 'resize_mode', mode, '"shortest" or "squash"');
  }
  if (mode === 'shortest' && size.width !== size.height) {
    throw wrong(where, 'size', config['size'], 'equal sides with resize_mode "shortest"');
  }
  const filter = config['interpolation'] ?? 'bicubic';
  if (filter !== 'bicubic' && filter !== 'bilinear') {
    throw wrong(where, 'interpolation', filter, '"bicubic" or "bilinear"');
  }
  return {
    ...clipPreprocessSpec(size.width),
    resize: mode === 'shortest' ? { mode, size: size.width } : { mode, ...size },
    filter,
    crop: size,
    mean: readTriple(config['mean'] ?? CLIP_MEAN, 'mean', where),
    std: readStd(config['std'] ?? CLIP_STD, 'std', where),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readFlag(config: JsonObject, name: string, where: string): boolean {
  const value = config[name] ?? true;
  if (typeof value !== 'boolean') throw wrong(where, name, value, 'true or false');
  return value;
}

function readResize(config: JsonObject, where: string): ResizeRule {
  const size = config['size'] ?? { shortest_edge: 224 };
  if (typeof size === 'number') {
    const side = readSide(size, 'size', where);
    const named = config['image_processor_type'] ?? config['feature_extractor_type'];
    const type = typeof named === 'string' ? named : 'CLIPImageProcessor';
    if (SHORTEST_BY_DEFAULT.test(type)) return { mode: 'shortest', size: side };
    return { mode: 'squash', width: side, height: side };
  }
  if (!isObject(size)) throw wrong(where, 'size', size, 'a number, {shortest_edge} or {height, width}');
  const names = Object.keys(size).sort().join(', ');
  if (names === 'shortest_edge') {
    return { mode: 'shortest', size: readSide(size['shortest_edge'], 'size.shortest_edge', where) };
  }
  if (names === 'height, width') return { mode: 'squash', ...readSquareSize(size, 'size', where) };
  throw wrong(where, 'size', size, '{shortest_edge} or {height, width}');
}

/** A number, or both sides. */
function readSquareSize(value: unknown, name: string, where: string): Size {
  if (isObject(value)) {
    const known = value['shortest_edge'];
    if (known !== undefined && Object.keys(value).length === 1) return readSquareSize(known, name, where);
    return {
      width: readSide(value['width'], `${name}.width`, where),
      height: readSide(value['height'], `${name}.height`, where),
    };
  }
  const side = readSide(value, name, where);
  return { width: side, height: side };
}

/** Sides of models are below 1,100 pixels; the limit keeps a typing error from asking for gigabytes. */
const MAX_MODEL_SIDE = 8192;

function readSide(value: unknown, name: string, where: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < 1 || value > MAX_MODEL_SIDE) {
    throw wrong(where, name, value, `a whole number from 1 to ${MAX_MODEL_SIDE}`);
  }
  return value;
}

function readFilter(value: unknown, where: string): PreprocessSpec['filter'] {
  const filter = typeof value === 'number' ? FILTERS[value] : undefined;
  if (filter === undefined) {
    throw wrong(where, 'resample', value, 'a number from 0 to 5 (3 is bicubic, 2 is bilinear)');
  }
  return filter;
}

function readPositive(value: unknown, name: string, where: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0) {
    throw wrong(where, name, value, 'a number above 0');
  }
  return value;
}

function readTriple(value: unknown, name: string, where: string): [number, number, number] {
  const values: unknown[] = Array.isArray(value) ? value : [];
  const [red, green, blue] = values;
  if (
    typeof red !== 'number' ||
    typeof green !== 'number' ||
    typeof blue !== 'number' ||
    values.length !== 3
  ) {
    throw wrong(where, name, value, 'three numbers');
  }
  return [red, green, blue];
}

function readStd(value: unknown, name: string, where: string): [number, number, number] {
  const std = readTriple(value, name, where);
  for (const each of std) readPositive(each, name, where);
  return std;
}

function wrong(where: string, name: string, got: unknown, wanted: string): MetaclipError {
  return new MetaclipError(
    'E_PREPROCESS_CONFIG',
    `${where}: ${name} is ${got === undefined ? 'missing' : JSON.stringify(got)}, it must be ${wanted}`,
    {
      hint: 'correct the file, or import the model with the size and mode given by hand',
      details: { where, name },
    },
  );
}
