/** Specs, their config files, and what a preprocessor promises beside its pixels; these are compared in pillow.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MetaclipError } from '../../../src/common/errors.ts';
import type { DecodedImage } from '../../../src/model/preprocess/decode-image.ts';
import { createPreprocessor } from '../../../src/model/preprocess/preprocess-image.ts';
import {
  CLIP_MEAN,
  CLIP_STD,
  clipPreprocessSpec,
  cropOffset,
  outputSizeOf,
  resizedSize,
  type PreprocessSpec,
} from '../../../src/model/preprocess/preprocess-spec.ts';
import {
  parseOpenClipConfig,
  parsePreprocessorConfig,
} from '../../../src/model/preprocess/preprocessor-config.ts';

const FILE = 'preprocessor_config.json';

/** What a config says that says nothing. */
const DEFAULT: PreprocessSpec = {
  ...clipPreprocessSpec(224),
  pipeline: 'transformers',
  convertRgb: 'before-resize',
};

describe('preprocessor_config.json', () => {
  const squash = (width: number, height: number): PreprocessSpec['resize'] => ({
    mode: 'squash',
    width,
    height,
  });
  const rows: readonly (readonly [name: string, config: object, expected: Partial<PreprocessSpec>])[] = [
    ['nothing', {}, {}],
    [
      'a published CLIP model, new form',
      {
        crop_size: { height: 336, width: 336 },
        do_center_crop: true,
        do_convert_rgb: true,
        do_normalize: true,
        do_rescale: true,
        do_resize: true,
        image_mean: [0.48145466, 0.4578275, 0.40821073],
        image_processor_type: 'CLIPImageProcessor',
        image_std: [0.26862954, 0.26130258, 0.27577711],
        resample: 3,
        rescale_factor: 0.00392156862745098,
        size: { shortest_edge: 336 },
      },
      { resize: { mode: 'shortest', size: 336 }, crop: { width: 336, height: 336 } },
    ],
    [
      'a published CLIP model, old form with plain numbers',
      { crop_size: 288, feature_extractor_type: 'CLIPFeatureExtractor', size: 288, resample: 3 },
      { resize: { mode: 'shortest', size: 288 }, crop: { width: 288, height: 288 } },
    ],
    [
      'both sides',
      { size: { height: 378, width: 336 }, crop_size: { height: 378, width: 336 } },
      { resize: squash(336, 378), crop: { width: 336, height: 378 } },
    ],
    [
      'both sides, no crop',
      { size: { height: 384, width: 384 }, do_center_crop: false, crop_size: 7 },
      { resize: squash(384, 384), crop: null },
    ],
    [
      'a plain number of a processor that means a square',
      { size: 256, do_center_crop: false, image_processor_type: 'SiglipImageProcessor' },
      { resize: squash(256, 256), crop: null },
    ],
    [
      'crop_size by its shorter side',
      { crop_size: { shortest_edge: 99 } },
      { crop: { width: 99, height: 99 } },
    ],
    ['no resize', { do_resize: false, size: 'whatever' }, { resize: { mode: 'none' } }],
    ['bilinear', { resample: 2 }, { filter: 'bilinear' }],
    ['lanczos', { resample: 1 }, { filter: 'lanczos' }],
    ['nearest', { resample: 0 }, { filter: 'nearest' }],
    ['another factor', { rescale_factor: 1 / 127.5 }, { scale: 1 / 127.5 }],
    ['no factor', { do_rescale: false, rescale_factor: 5 }, { scale: 1 }],
    ['no mean', { do_normalize: false, image_mean: 5 }, { mean: [0, 0, 0], std: [1, 1, 1] }],
    [
      'other means',
      { image_mean: [0.5, 0.4, 0.3], image_std: [0.1, 0.2, 0.3] },
      { mean: [0.5, 0.4, 0.3], std: [0.1, 0.2, 0.3] },
    ],
    ['RGB last', { do_convert_rgb: false }, { convertRgb: 'after-resize' }],
    ['a step that is switched off', { do_pad: false, do_convert_rgb: null }, {}],
    ['an image processor inside', { image_processor: { resample: 2 }, size: 5 }, { filter: 'bilinear' }],
  ];
  for (const [name, config, expected] of rows) {
    it(`is read: ${name}`, () => {
      const spec = parsePreprocessorConfig(config, FILE);
      assert.deepEqual(spec, { ...DEFAULT, ...expected });
      // A manifest stores it as JSON.
      assert.deepEqual(JSON.parse(JSON.stringify(spec)), spec);
    });
  }

  const wrong: readonly (readonly [field: string, config: unknown])[] = [
    ['the file', []],
    ['the file', 'text'],
    ['size', { size: 'large' }],
    ['size', { size: { longest_edge: 224 } }],
    ['size', { size: { shortest_edge: 224, longest_edge: 300 } }],
    ['size.shortest_edge', { size: { shortest_edge: 0 } }],
    ['size.height', { size: { height: 1.5, width: 2 } }],
    ['size', { size: 1e9 }],
    ['crop_size.width', { crop_size: { height: 5 } }],
    ['crop_size', { crop_size: -1 }],
    ['resample', { resample: 6 }],
    ['resample', { resample: 'bicubic' }],
    ['rescale_factor', { rescale_factor: 0 }],
    ['image_mean', { image_mean: [1, 2] }],
    ['image_std', { image_std: [1, 0, 1] }],
    ['do_resize', { do_resize: 'yes' }],
    ['do_pad', { do_pad: true }],
    ['do_flip_channel_order', { do_flip_channel_order: true }],
  ];
  for (const [field, config] of wrong) {
    it(`is refused by the field: ${field} in ${JSON.stringify(config)}`, () => {
      assert.throws(
        () => parsePreprocessorConfig(config, FILE),
        (error) =>
          error instanceof MetaclipError &&
          error.code === 'E_PREPROCESS_CONFIG' &&
          error.message.startsWith(`${FILE}: ${field} is `),
      );
    });
  }

  it('is refused where the size would change from image to image', () => {
    assert.throws(
      () => parsePreprocessorConfig({ do_center_crop: false }, FILE),
      (error) =>
        error instanceof MetaclipError && error.code === 'E_PREPROCESS_CONFIG' && /sizes/.test(error.message),
    );
  });
});

describe('open_clip_config.json', () => {
  it('is read in its forms', () => {
    assert.deepEqual(parseOpenClipConfig({}, 224, 'c'), clipPreprocessSpec(224));
    assert.deepEqual(
      parseOpenClipConfig({ resize_mode: 'squash' }, 378, 'c'),
      clipPreprocessSpec(378, 'squash'),
    );
    assert.deepEqual(
      parseOpenClipConfig(
        { size: [30, 40], resize_mode: 'squash', interpolation: 'bilinear', mean: [1, 2, 3] },
        9,
        'c',
      ),
      {
        ...clipPreprocessSpec(1),
        resize: { mode: 'squash', width: 40, height: 30 },
        crop: { width: 40, height: 30 },
        filter: 'bilinear',
        mean: [1, 2, 3],
      },
    );
  });

  for (const config of [
    5,
    { resize_mode: 'longest' },
    { interpolation: 'random' },
    { size: [30, 40] },
    { size: 'x' },
    { std: [0, 1, 1] },
  ]) {
    it(`is refused: ${JSON.stringify(config)}`, () => {
      assert.throws(
        () => parseOpenClipConfig(config, 224, 'c'),
        (error) => error instanceof MetaclipError && error.code === 'E_PREPROCESS_CONFIG',
      );
    });
  }
});

describe('sizes', () => {
  it('truncate the longer side', () => {
    const shortest = { mode: 'shortest', size: 224 } as const;
    // 224 * 333 / 250 = 298.368, 224 * 500 / 375 = 298.666...
    assert.deepEqual(resizedSize(333, 250, shortest), { width: 298, height: 224 });
    assert.deepEqual(resizedSize(375, 500, shortest), { width: 224, height: 298 });
    assert.deepEqual(resizedSize(5, 5, shortest), { width: 224, height: 224 });
    assert.deepEqual(resizedSize(5, 9, { mode: 'none' }), { width: 5, height: 9 });
    assert.deepEqual(resizedSize(5, 9, { mode: 'squash', width: 3, height: 4 }), { width: 3, height: 4 });
  });

  it('put the crop where each pipeline has it', () => {
    const rows: readonly (readonly [from: number, to: number, openClip: number, transformers: number])[] = [
      [224, 224, 0, 0],
      [226, 224, 1, 1],
      [225, 224, 0, 0],
      // Halves: 1.5 to 2, 2.5 to 2, 3.5 to 4; down in the other one.
      [227, 224, 2, 1],
      [229, 224, 2, 2],
      [231, 224, 4, 3],
      [298, 224, 37, 37],
      [299, 224, 38, 37],
      [220, 224, -2, -2],
      [221, 224, -1, -2],
    ];
    for (const [from, to, openClip, transformers] of rows) {
      assert.equal(cropOffset(from, to, 'open_clip'), openClip, `${from} to ${to}`);
      assert.equal(cropOffset(from, to, 'transformers'), transformers, `${from} to ${to}`);
    }
  });

  it('are known before the first image', () => {
    assert.deepEqual(outputSizeOf(clipPreprocessSpec(224)), { width: 224, height: 224 });
    const open: PreprocessSpec = { ...DEFAULT, crop: null };
    assert.throws(() => outputSizeOf(open), MetaclipError);
    assert.throws(() => createPreprocessor(open), MetaclipError);
  });
});

describe('a preprocessor', () => {
  const grey = (width: number, height: number, value: number): DecodedImage => ({
    data: new Uint8Array(width * height).fill(value),
    width,
    height,
    mode: 'L',
    isIndexed: false,
    format: 'png',
    frameCount: 1,
  });

  it('writes channels first, at an offset into a batch', () => {
    const preprocessor = createPreprocessor(clipPreprocessSpec(4));
    assert.deepEqual([preprocessor.width, preprocessor.height, preprocessor.length], [4, 4, 48]);
    const batch = new Float32Array(3 * 48).fill(7);
    assert.equal(preprocessor.run(grey(9, 8, 128), batch, 48), batch);
    assert.ok(batch.subarray(0, 48).every((value) => value === 7));
    assert.ok(batch.subarray(96).every((value) => value === 7));
    for (let channel = 0; channel < 3; channel++) {
      const expected = (128 / 255 - CLIP_MEAN[channel]!) / CLIP_STD[channel]!;
      const plane = batch.subarray(48 + channel * 16, 48 + channel * 16 + 16);
      for (const value of plane) assert.ok(Math.abs(value - expected) < 1e-6, `${value}, not ${expected}`);
    }
  });

  it('refuses arrays of another size', () => {
    const preprocessor = createPreprocessor(clipPreprocessSpec(4));
    const pixels = new Uint8Array(48);
    assert.throws(() => preprocessor.toTensor(new Uint8Array(47)), RangeError);
    assert.throws(() => preprocessor.toTensor(pixels, new Float32Array(47)), RangeError);
    assert.throws(() => preprocessor.toTensor(pixels, new Float32Array(96), 49), RangeError);
    assert.throws(() => preprocessor.toTensor(pixels, new Float32Array(96), -1), RangeError);
  });

  it('leaves the image as it was', () => {
    const image = { ...grey(40, 30, 9), mode: 'RGBA', data: new Uint8Array(40 * 30 * 4).fill(100) } as const;
    createPreprocessor(clipPreprocessSpec(8)).toPixels(image);
    createPreprocessor({ ...DEFAULT, crop: { width: 8, height: 8 } }).toPixels(image);
    assert.ok(image.data.every((value) => value === 100));
  });

  it('pads with black where the image is smaller than the crop', () => {
    const spec: PreprocessSpec = { ...clipPreprocessSpec(4), resize: { mode: 'none' } };
    const pixels = createPreprocessor(spec).toPixels(grey(2, 1, 200));
    const rows = Array.from({ length: 4 }, (_, y) =>
      Array.from({ length: 4 }, (_unused, x) => pixels[(y * 4 + x) * 3]),
    );
    assert.deepEqual(rows, [
      [0, 0, 0, 0],
      [0, 200, 200, 0],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it('refuses a deviation of 0', () => {
    assert.throws(() => createPreprocessor({ ...DEFAULT, std: [1, 0, 1] }), MetaclipError);
  });
});
