/** Pixels and tensors equal to those of the published pipelines, which run on Pillow: to the last bit. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import sharp from 'sharp';
import { createRandom } from '../../../scripts/fixtures/seeded-random.ts';
import {
  CHANNELS,
  decodeImage,
  type DecodedImage,
  type ImageMode,
} from '../../../src/model/preprocess/decode-image.ts';
import { createPreprocessor } from '../../../src/model/preprocess/preprocess-image.ts';
import { clipPreprocessSpec, type PreprocessSpec } from '../../../src/model/preprocess/preprocess-spec.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';
import {
  type Answer,
  askPillow,
  IMAGES,
  type Job,
  listJobs,
  skipWithoutPillow,
  SPECS,
} from './image-jobs.ts';

const goldens = JSON.parse(readFileSync(new URL('./goldens.json', import.meta.url), 'utf8')) as Record<
  string,
  [pixels: string, tensor: string]
>;
const sha256 = (data: Uint8Array | Float32Array): string =>
  createHash('sha256')
    .update(Buffer.from(data.buffer, data.byteOffset, data.byteLength))
    .digest('hex');

function answerOf(image: DecodedImage, spec: PreprocessSpec): Answer {
  const preprocessor = createPreprocessor(spec);
  const pixels = preprocessor.toPixels(image);
  return { pixels: sha256(pixels), tensor: sha256(preprocessor.toTensor(pixels)) };
}

describe('the preprocessor and Pillow', () => {
  for (const image of IMAGES.keys()) {
    it(`make the same of ${image}`, async () => {
      const decoded = await decodeImage(IMAGES.get(image)!);
      for (const [name, spec] of Object.entries(SPECS)) {
        const { pixels, tensor } = answerOf(decoded, spec);
        const golden = goldens[`${image}, ${name}`] ?? assert.fail(`no golden of ${image}, ${name}`);
        assert.deepEqual([pixels.slice(0, 16), tensor.slice(0, 16)], golden, name);
      }
    });
  }

  it('the goldens are what Pillow says here, too', { skip: skipWithoutPillow }, () => {
    const jobs = listJobs();
    const answers = askPillow(jobs.map(({ job }) => job));
    const found = Object.fromEntries(
      jobs.map(({ name }, i) => [name, [answers[i]!.pixels.slice(0, 16), answers[i]!.tensor.slice(0, 16)]]),
    );
    assert.deepEqual(found, goldens);
  });

  it('make the same of pixels of any mode, size and filter', { skip: skipWithoutPillow }, (test) => {
    const folder = makeTempFolder(test);
    const { next: random } = createRandom(5);
    const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
    const modes: readonly ImageMode[] = ['L', 'RGB', 'RGBA', 'CMYK'];
    const images: DecodedImage[] = [];
    const jobs: Job[] = [];
    for (let i = 0; i < 300; i++) {
      const mode = pick(modes);
      const width = 1 + Math.floor(random() ** 3 * pick([8, 300, 900]));
      const height = 1 + Math.floor(random() ** 3 * pick([8, 300, 900]));
      const data = new Uint8Array(width * height * CHANNELS[mode]);
      // Noise, and in half of them only the extremes: clipping, overshoot, alpha of 0 and 255.
      const isExtreme = random() < 0.5;
      for (let at = 0; at < data.length; at++)
        data[at] = isExtreme ? (random() < 0.5 ? 0 : 255) : random() * 256;
      const size = 1 + Math.floor(random() * 60);
      const spec: PreprocessSpec = {
        ...clipPreprocessSpec(size, pick(['shortest', 'squash'])),
        filter: pick(['bicubic', 'bicubic', 'bilinear', 'lanczos', 'hamming', 'box', 'nearest']),
        pipeline: pick(['open_clip', 'transformers']),
        convertRgb: pick(['before-resize', 'after-resize']),
        crop: { width: 1 + Math.floor(random() * size), height: 1 + Math.floor(random() * size) },
      };
      // Each pipeline's own order, so that the oracle has no third one.
      const ordered =
        spec.pipeline === 'open_clip' ? ({ ...spec, convertRgb: 'after-resize' } as const) : spec;
      images.push({ data, width, height, mode, isIndexed: false, format: 'png', frameCount: 1 });
      const raw = join(folder, `${i}.raw`);
      writeFileSync(raw, data);
      jobs.push({ raw, mode, size: [width, height], spec: ordered });
    }
    for (const [i, answer] of askPillow(jobs).entries()) {
      const { data, ...shape } = images[i]!;
      assert.deepEqual(answerOf(images[i]!, jobs[i]!.spec), answer, JSON.stringify([shape, jobs[i]!.spec]));
    }
  });

  it(
    'make the same of JPEG files of any size, sampling and quality',
    { skip: skipWithoutPillow },
    async (test) => {
      const folder = makeTempFolder(test);
      const { next: random } = createRandom(6);
      const jobs: Job[] = [];
      const paths: string[] = [];
      for (let i = 0; i < 40; i++) {
        const width = 1 + Math.floor(random() * 200);
        const height = 1 + Math.floor(random() * 200);
        const noise = Uint8Array.from({ length: 12 * 12 * 3 }, () => random() * 256);
        const image = sharp(noise, { raw: { width: 12, height: 12, channels: 3 } }).resize(width, height, {
          fit: 'fill',
        });
        const path = join(folder, `${i}.jpg`);
        await image
          .jpeg({
            quality: 20 + Math.floor(random() * 80),
            chromaSubsampling: random() < 0.5 ? '4:2:0' : '4:4:4',
            progressive: random() < 0.3,
          })
          .toFile(path);
        paths.push(path);
        jobs.push({ path, spec: clipPreprocessSpec(40) });
      }
      // A colour profile that would change every pixel is ignored by both.
      const profiled = join(folder, 'p3.jpg');
      await sharp(IMAGES.get('rgb.png')).withIccProfile('p3').jpeg().toFile(profiled);
      paths.push(profiled);
      jobs.push({ path: profiled, spec: clipPreprocessSpec(40) });
      for (const [i, answer] of askPillow(jobs).entries()) {
        assert.deepEqual(answerOf(await decodeImage(paths[i]!), jobs[i]!.spec), answer, paths[i]);
      }
    },
  );
});
