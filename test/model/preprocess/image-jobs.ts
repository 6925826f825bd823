/** What the preprocessing is tested on: committed images of every kind, and specs; and Pillow to compare with. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { clipPreprocessSpec, type PreprocessSpec } from '../../../src/model/preprocess/preprocess-spec.ts';

const folder = new URL('./images/', import.meta.url);

/** Paths of the committed images by name. */
export const IMAGES: ReadonlyMap<string, string> = new Map(
  readdirSync(folder)
    .sort()
    .map((name) => [name, fileURLToPath(new URL(name, folder))]),
);

const small = clipPreprocessSpec(32);
const odd = { ...clipPreprocessSpec(21), crop: { width: 20, height: 21 } };
const transformers = { pipeline: 'transformers', convertRgb: 'before-resize' } as const;

/** Preprocessing by name. */
export const SPECS: Readonly<Record<string, PreprocessSpec>> = {
  'open_clip 224': clipPreprocessSpec(224),
  'open_clip 32': small,
  'open_clip odd crop': odd,
  'open_clip squash': clipPreprocessSpec(32, 'squash'),
  'open_clip bilinear': { ...small, filter: 'bilinear' },
  'transformers 32': { ...small, ...transformers },
  'transformers odd crop': { ...odd, ...transformers },
  'transformers squash': {
    ...clipPreprocessSpec(1),
    ...transformers,
    resize: { mode: 'squash', width: 30, height: 17 },
    crop: null,
  },
  'transformers without factor and mean': {
    ...small,
    ...transformers,
    scale: 1,
    mean: [0, 0, 0],
    std: [1, 1, 1],
  },
  'transformers lanczos, RGB last': {
    ...small,
    ...transformers,
    convertRgb: 'after-resize',
    filter: 'lanczos',
  },
};

/** What Pillow is asked; see pillow_oracle.py. */
export type Job = { readonly spec: PreprocessSpec } & (
  | { readonly path: string }
  | { readonly raw: string; readonly mode: string; readonly size: readonly [number, number] }
);

/** sha256 of the RGB bytes, and of the float32 tensor. */
export interface Answer {
  readonly pixels: string;
  readonly tensor: string;
}

const PYTHON = '/usr/bin/python3';

/** Reason to skip what needs Pillow and numpy; `false` when they are there. */
export const skipWithoutPillow: string | false =
  spawnSync(PYTHON, ['-c', 'import PIL, numpy']).status === 0
    ? false
    : 'skipped: no /usr/bin/python3 with PIL and numpy here';

/**
 * @param jobs - images and specs
 * @returns Pillow's answers, in the order of the jobs
 */
export function askPillow(jobs: readonly Job[]): Answer[] {
  const script = fileURLToPath(new URL('./pillow_oracle.py', import.meta.url));
  const run = spawnSync(PYTHON, [script], { input: JSON.stringify(jobs), maxBuffer: 1 << 28 });
  if (run.status !== 0) throw new Error(run.stderr.toString());
  return JSON.parse(run.stdout.toString()) as Answer[];
}

/**
 * @returns a job for each image and spec, with its name in the goldens
 */
export function listJobs(): {
  readonly name: string;
  readonly image: string;
  readonly spec: string;
  readonly job: Job;
}[] {
  return [...IMAGES].flatMap(([image, path]) =>
    Object.entries(SPECS).map(([name, spec]) => ({
      name: `${image}, ${name}`,
      image,
      spec: name,
      job: { path, spec },
    })),
  );
}
