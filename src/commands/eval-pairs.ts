/** `metaclip eval pairs`: whether texts fit their images, for curated shards and the raw pool beside them. */
import { join } from 'node:path';
import { cacheFolder } from '../common/cache-folder.ts';
import { formatCount, ProgressLine } from '../common/progress.ts';
import { readClassList, readTemplates } from '../model/evaluate/names/read-names.ts';
import { evaluatePairs } from '../model/evaluate/pairs/evaluate-pairs.ts';
import type { PairsResult } from '../model/evaluate/pairs/results.ts';
import type { PairsProgress } from '../model/evaluate/pairs/sample-pairs.ts';
import type { Command, CommandIo } from './command.ts';
import { MODEL_OPTIONS, withModel } from './model-options.ts';

/** The command. */
export const evalPairsCommand: Command = {
  name: 'eval pairs',
  summary: 'whether texts fit their images: curated shards against the raw pool',
  positionals: 'INPUT...',
  arity: [1, 4],
  description: [
    'INPUT is the folder of a curation run, Parquet shards, or tars of img2dataset (KEY.jpg with KEY.txt or KEY.json). Shards hold no',
    'images: --images names the tars or the folder that img2dataset made of them, or a folder of image files. An image is found by',
    'its uid or url in KEY.json, by a file named after the uid, or by its path as url; pairs without an image at hand are counted.',
    '',
    'Writes OUT/pairs.json and OUT/report.html: the similarity of images and texts, retrieval both ways, and what the images show.',
    'With several inputs the last is compared with the first. Figures come from a sample that depends only on the pairs and the seed.',
  ].join('\n'),
  options: {
    images: { type: 'string', value: 'DIR', help: 'images of shards: tars, or a folder' },
    out: { type: 'string', value: 'DIR', help: 'results; default eval/pairs' },
    name: { type: 'string', multiple: true, value: 'NAME', help: 'what an input is called; once for each' },
    limit: {
      type: 'string',
      value: 'N',
      help: 'pairs of each input that are judged, at most 100000; default 5000',
    },
    seed: { type: 'string', value: 'N', help: 'another seed is another sample; default 0' },
    classes: {
      type: 'string',
      value: 'FILE',
      help: 'classes whose share is shown: imagenet (default), cifar10, cifar100, or a file',
    },
    templates: {
      type: 'string',
      value: 'FILE',
      help: 'their prompt templates, as for `eval zeroshot`; default photo',
    },
    cache: {
      type: 'string',
      value: 'DIR',
      help: 'folder of kept text weights; default in the cache folder of the user',
    },
    json: { type: 'boolean', help: 'print pairs.json' },
    model: MODEL_OPTIONS.model,
    threads: MODEL_OPTIONS.threads,
  },
  examples: [
    {
      command: 'metaclip eval pairs run --images images --model b32',
      what: 'curated pairs whose images img2dataset fetched',
    },
    {
      command: 'metaclip eval pairs raw-tars run --name raw --name curated --images raw-tars --model b32',
      what: 'is the curated data better than the raw',
    },
  ],
  run: async (args, io) => {
    const names = args.texts('name');
    const progress = showProgress(io);
    const out = args.text('out') ?? join('eval', 'pairs');
    const images = args.text('images');
    const { names: classes } = await readClassList(args.text('classes') ?? 'imagenet');
    const templates = await readTemplates(args.text('templates') ?? 'photo');
    const result = await withModel(args, io, (model) =>
      evaluatePairs(model, {
        inputs: args.positionals,
        ...(names.length === 0 ? {} : { names }),
        ...(images === undefined ? {} : { images }),
        out,
        limit: args.number('limit') ?? 5000,
        seed: args.number('seed') ?? 0,
        classes,
        templates,
        weightCache: args.text('cache') ?? cacheFolder('text-weights'),
        signal: io.signal,
        onProgress: progress.show,
      }),
    ).finally(progress.end);
    io.out(args.flag('json') ? `${JSON.stringify(result, null, 2)}\n` : describe(result, out));
    return 0;
  },
};

function describe(result: PairsResult, out: string): string {
  const percent = (value: number): string => `${(value * 100).toFixed(1)}%`;
  const rows: string[][] = [
    ['', ...result.inputs.map(({ name }) => name)],
    ['pairs', ...result.inputs.map(({ pairs }) => formatCount(pairs))],
    ['with an image', ...result.inputs.map(({ pairsWithImage }) => formatCount(pairsWithImage))],
    ['judged', ...result.inputs.map(({ judged }) => formatCount(judged))],
    [
      'mean similarity',
      ...result.inputs.map(
        ({ similarity }) => `${similarity.mean.toFixed(3)} ±${similarity.standardError.toFixed(3)}`,
      ),
    ],
    [
      'image to text R@1, 5, 10',
      ...result.inputs.map(({ retrieval: { imageToText: r } }) => [r.r1, r.r5, r.r10].map(percent).join(' ')),
    ],
    [
      'text to image R@1, 5, 10',
      ...result.inputs.map(({ retrieval: { textToImage: r } }) => [r.r1, r.r5, r.r10].map(percent).join(' ')),
    ],
    ['effective classes', ...result.inputs.map(({ classes }) => classes.effective.toFixed(1))],
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  const [mean] = result.comparison;
  const refused = result.inputs.flatMap(({ name, refused: reasons }) =>
    Object.entries(reasons).map(([reason, count]) => `${name}: ${reason} ${formatCount(count)}`),
  );
  return [
    ...lines,
    `Retrieval is over ${formatCount(result.retrievalPairs)} pairs${result.inputs.length > 1 ? ' of each' : ''}.`,
    ...(refused.length === 0 ? [] : [`left out: ${refused.join(', ')}`]),
    ...(mean === undefined
      ? []
      : [
          `${result.inputs.at(-1)?.name ?? ''} against ${result.inputs[0]?.name ?? ''}: mean similarity ${mean.difference < 0 ? '' : '+'}${mean.difference.toFixed(3)} (standard error ${(mean.standardError ?? 0).toFixed(3)})`,
        ]),
    `Results: ${join(out, 'pairs.json')}   page: ${join(out, 'report.html')}`,
    '',
  ].join('\n');
}

const PHASE_LABELS: Readonly<Record<PairsProgress['phase'], string>> = {
  look: 'look through images',
  match: 'pairs',
  images: 'images',
  texts: 'texts',
  classes: 'classes',
  retrieval: 'retrieval',
};

function showProgress(io: CommandIo): { show: (progress: PairsProgress) => void; end: () => void } {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let latest: PairsProgress | undefined;
  let phase: PairsProgress['phase'] | undefined;
  return {
    show: (progress) => {
      latest = progress;
      if (progress.phase === phase) return;
      phase = progress.phase;
      line.begin({
        label: PHASE_LABELS[progress.phase],
        position: () => {
          const total = latest?.total ?? 0;
          return `${formatCount(latest?.done ?? 0)}${total > 0 ? ` of ${formatCount(total)}` : ''}`;
        },
        amount: () => ({ done: latest?.done ?? 0, total: latest?.total ?? 0 }),
        details: (seconds) => `${formatCount((latest?.done ?? 0) / seconds)}/s`,
      });
    },
    end: () => {
      line.end();
    },
  };
}
