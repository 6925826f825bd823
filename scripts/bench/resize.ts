/**
 * Resizing: ours against Pillow's, on the same pixels in the same run; and the whole way from a JPEG file to a tensor.
 *
 *   npm run bench:resize [-- --record]          needs /usr/bin/python3 with PIL and numpy
 *
 * First proves that both give the same bytes, and ends with exit code 1 if not. Then times them in turn on one thread each and
 * prints medians of five rounds. Pillow resizes whole images; ours is timed so ("whole") and as it is used, computing only what
 * the centre crop keeps ("cropped"). The second table reads and decodes a JPEG file, too, and is the same work for both.
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { decodeImage } from '../../src/model/preprocess/decode-image.ts';
import { createPreprocessor } from '../../src/model/preprocess/preprocess-image.ts';
import { clipPreprocessSpec, cropOffset, resizedSize } from '../../src/model/preprocess/preprocess-spec.ts';
import { resizeWindow } from '../../src/model/preprocess/resize-window.ts';
import { appendRecord, median } from './bench-record.ts';

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false } } });
const ROUNDS = 5;
const SIDE = 224;
/** Seconds that one measurement takes, about. */
const SECONDS = 0.2;

const sizes: readonly (readonly [width: number, height: number])[] = [
  [320, 240],
  [640, 480],
  [1024, 768],
  [1920, 1080],
  [4000, 3000],
];
const modes: readonly (readonly [mode: string, channels: number])[] = [
  ['RGB', 3],
  ['L', 1],
];

const folder = mkdtempSync(join(tmpdir(), 'metaclip-bench-'));
const pillow = spawn('/usr/bin/python3', [fileURLToPath(new URL('./pillow_resize.py', import.meta.url))], {
  stdio: ['pipe', 'pipe', 'inherit'],
});
const answers = createInterface({ input: pillow.stdout })[Symbol.asyncIterator]();

async function ask(command: object): Promise<unknown> {
  pillow.stdin.write(`${JSON.stringify(command)}\n`);
  const answer = await answers.next();
  if (answer.done === true) throw new Error('/usr/bin/python3 with PIL and numpy is needed');
  return JSON.parse(answer.value);
}

const sha256 = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

/** Something like a photo: slow changes, edges and a little noise. */
function makePixels(width: number, height: number, channels: number): Uint8Array {
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (Math.floor((x * 13) / width) ^ Math.floor((y * 9) / height)) & 1;
      const noise = (Math.imul(y * width + x, 2_654_435_761) >>> 28) - 8;
      for (let channel = 0; channel < channels; channel++, i++) {
        data[i] = 90 + edge * 60 + (x * 50) / width + (channel * y * 30) / height + noise;
      }
    }
  }
  return data;
}

async function meanSeconds(work: () => unknown, count: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < count; i++) await work();
  return (performance.now() - start) / 1000 / count;
}

/** Medians of all ways, which take turns. */
async function measure(
  ways: readonly ((count: number) => Promise<number>)[],
  first: number,
): Promise<number[]> {
  const count = Math.max(2, Math.ceil(SECONDS / first));
  const seconds = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [i, way] of ways.entries()) seconds[i]?.push(await way(count));
  }
  return seconds.map((values) => median(values));
}

const milliseconds = (seconds: number): string => (seconds * 1000).toFixed(2).padStart(8);
const record: Record<string, string> = {};
let isEqual = true;

try {
  console.log(
    `node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}; bicubic to ${SIDE}, one thread`,
  );
  console.log(
    'pixels             Pillow ms  whole ms  cropped ms    whole  cropped  (times as fast as Pillow)',
  );
  for (const [mode, channels] of modes) {
    for (const [width, height] of sizes) {
      const image = { data: makePixels(width, height, channels), width, height, channels };
      const raw = join(folder, 'pixels.raw');
      writeFileSync(raw, image.data);
      const version = await ask({ load: raw, mode, size: [width, height] });
      record['pillow'] = String(version);
      const target = resizedSize(width, height, { mode: 'shortest', size: SIDE });
      const whole = { left: 0, top: 0, ...target };
      const left = cropOffset(target.width, SIDE, 'open_clip');
      const top = cropOffset(target.height, SIDE, 'open_clip');
      const cropped = { left, top, width: SIDE, height: SIDE };
      for (const window of [whole, cropped]) {
        const box = [window.left, window.top, window.left + window.width, window.top + window.height];
        const expected = await ask({ hash: [target.width, target.height], box });
        if (sha256(resizeWindow(image, target, window, 'bicubic')) !== expected) {
          isEqual = false;
          console.error(`${mode} ${width} x ${height}: the bytes differ from Pillow's`);
        }
      }
      const size = [target.width, target.height];
      const first = Number(await ask({ time: size, count: 3 }));
      const [theirs = NaN, own = NaN, ownCropped = NaN] = await measure(
        [
          async (count) => Number(await ask({ time: size, count })),
          (count) => meanSeconds(() => resizeWindow(image, target, whole, 'bicubic'), count),
          (count) => meanSeconds(() => resizeWindow(image, target, cropped, 'bicubic'), count),
        ],
        first,
      );
      const name = `${mode} ${width} x ${height}`.padEnd(18);
      const ratios = [theirs / own, theirs / ownCropped].map((ratio) => `x${ratio.toFixed(2)}`.padStart(8));
      console.log(
        `${name} ${milliseconds(theirs)}  ${milliseconds(own)}    ${milliseconds(ownCropped)} ${ratios.join(' ')}`,
      );
      if (mode === 'RGB') record[`${width}x${height}`] = (theirs / ownCropped).toFixed(2);
    }
  }

  console.log('JPEG file to tensor Pillow ms   own ms');
  const preprocessor = createPreprocessor(clipPreprocessSpec(SIDE));
  const tensor = new Float32Array(preprocessor.length);
  sharp.concurrency(1);
  for (const [width, height] of sizes) {
    const path = join(folder, 'photo.jpg');
    const pixels = makePixels(width, height, 3);
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .jpeg({ quality: 90 })
      .toFile(path);
    const run = async (): Promise<void> => {
      preprocessor.run(await decodeImage(path), tensor);
    };
    await run();
    if (sha256(new Uint8Array(tensor.buffer)) !== (await ask({ hash_file: path, side: SIDE }))) {
      isEqual = false;
      console.error(`JPEG ${width} x ${height}: the tensor differs from that of Pillow and numpy`);
    }
    const first = Number(await ask({ time_file: path, side: SIDE, count: 3 }));
    const [theirs = NaN, own = NaN] = await measure(
      [
        async (count) => Number(await ask({ time_file: path, side: SIDE, count })),
        (count) => meanSeconds(run, count),
      ],
      first,
    );
    const ratio = `x${(theirs / own).toFixed(2)}`;
    console.log(
      `${`${width} x ${height}`.padEnd(18)} ${milliseconds(theirs)} ${milliseconds(own)} ${ratio.padStart(8)}`,
    );
    record[`jpeg ${width}x${height}`] = (theirs / own).toFixed(2);
  }
  console.log(isEqual ? 'all bytes equal' : 'NOT equal');
  if (!isEqual) process.exitCode = 1;
  else if (values.record) console.log(`recorded in ${appendRecord('resize', record)}`);
} finally {
  pillow.stdin.end();
  rmSync(folder, { recursive: true, force: true });
}
