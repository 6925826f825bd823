/** `metaclip eval zeroshot`: how well a model names the images of a labelled data set. */
import { join } from 'node:path';
import { cacheFolder } from '../common/cache-folder.ts';
import { MetaclipError } from '../common/errors.ts';
import { formatCount, ProgressLine } from '../common/progress.ts';
import { openDataSet } from '../model/evaluate/data/open-data-set.ts';
import { METRIC_NAMES } from '../model/evaluate/metrics/metrics.ts';
import { DATA_SETS } from '../model/evaluate/names/data-sets.ts';
import {
  CLASS_LISTS,
  readClassList,
  readTemplates,
  TEMPLATE_LISTS,
} from '../model/evaluate/names/read-names.ts';
import { planClasses } from '../model/evaluate/zeroshot/classes.ts';
import {
  evaluateZeroshot,
  type ZeroshotProgress,
  type ZeroshotResult,
} from '../model/evaluate/zeroshot/evaluate-zeroshot.ts';
import type { Command, CommandIo } from './command.ts';
import { MODEL_OPTIONS, withModel } from './model-options.ts';

/** Classes that are named in the summary. */
const SHOWN_CLASSES = 5;

/** The command. */
export const evalZeroshotCommand: Command = {
  name: 'eval zeroshot',
  summary: 'accuracy of a model on a labelled data set, without training',
  positionals: '',
  arity: [0, 0],
  description: [
    "DATA is a folder with a folder of images for each class; tars with KEY.jpg and KEY.cls, also in clip_benchmark's layout",
    '(classnames.txt, zeroshot_classification_templates.txt, test/nshards.txt, test/0.tar); Parquet with an image and a label',
    'column; or the binary CIFAR-10 or CIFAR-100. Bad images are counted by reason and left out.',
    '',
    "Writes OUT/result.json (clip_benchmark's form), OUT/detail.json and OUT/report.html. Killed or interrupted, the same command",
    'goes on where it was. Text weights are kept in the cache folder and used again for the same model, classes and templates.',
  ].join('\n'),
  options: {
    data: {
      type: 'string',
      multiple: true,
      value: 'DATA',
      help: 'data set; may be repeated for files of one set',
    },
    out: { type: 'string', value: 'DIR', help: 'results; default eval/NAME of the data set' },
    dataset: {
      type: 'string',
      value: 'NAME',
      help: `name in the results; a known one brings its metric, and some their names:\n${wrapList([...DATA_SETS.keys()])}`,
    },
    classes: {
      type: 'string',
      value: 'FILE',
      help: `class names: ${[...CLASS_LISTS.keys()].join(', ')}, or a file with one a line (or LABEL<TAB>NAME);\ndefault: what the data bring`,
    },
    templates: {
      type: 'string',
      value: 'FILE',
      help: `prompt templates: ${[...TEMPLATE_LISTS.keys()].join(', ')}, or a file with one a line;\ndefault: what the data bring, else photo`,
    },
    metric: {
      type: 'string',
      value: 'NAME',
      help: `figure of the data set: ${METRIC_NAMES.join(', ')}; default acc1`,
    },
    split: { type: 'string', value: 'NAME', help: 'part of the data set, default test' },
    'image-column': { type: 'string', value: 'NAME', help: 'Parquet: column of the images' },
    'label-column': { type: 'string', value: 'NAME', help: 'Parquet: column of the labels' },
    language: {
      type: 'string',
      value: 'CODE',
      help: 'language of names and templates, for the results; default en',
    },
    'no-curves': { type: 'boolean', help: 'no ROC-AUC, which keeps 4 bytes an image and class on disk' },
    cache: {
      type: 'string',
      value: 'DIR',
      help: 'folder of kept text weights; default in the cache folder of the user',
    },
    json: { type: 'boolean', help: 'print result.json, with the other figures under "detail"' },
    model: MODEL_OPTIONS.model,
    threads: MODEL_OPTIONS.threads,
  },
  examples: [
    {
      command: 'metaclip eval zeroshot --model b32 --data imagenet/val --dataset imagenet1k',
      what: 'ImageNet, with its names and 80 templates',
    },
    { command: 'metaclip eval zeroshot --model b32 --data cifar-10-batches-bin', what: 'CIFAR-10' },
    {
      command: 'metaclip eval zeroshot --model b32 --data my-photos --templates photo --out eval/photos',
      what: 'own folders',
    },
    {
      command: 'metaclip eval zeroshot --model b32 --data wds_vtab-pets --dataset pets --json',
      what: 'a data set of clip_benchmark',
    },
  ],
  run: async (args, io) => {
    const data = await openDataSet(args.texts('data'), {
      split: args.text('split') ?? 'test',
      ...optional('imageColumn', args.text('image-column')),
      ...optional('labelColumn', args.text('label-column')),
    });
    const known = args.text('dataset') ?? data.preset;
    const dataset = known ?? data.name;
    const [classes, templates] = [args.text('classes'), args.text('templates')];
    const plan = planClasses(data, {
      ...optional('classes', classes === undefined ? undefined : await readClassList(classes)),
      ...optional('templates', templates === undefined ? undefined : await readTemplates(templates)),
      ...optional('row', known === null ? undefined : DATA_SETS.get(known)),
      ...optional(
        'metric',
        METRIC_NAMES.find((name) => name === checkMetric(args.text('metric'))),
      ),
    });
    const progress = showProgress(io);
    const result = await withModel(args, io, (model) =>
      evaluateZeroshot(model, data, plan, {
        out: args.text('out') ?? join('eval', dataset.replaceAll(/[^\w.-]+/g, '_')),
        dataset,
        language: args.text('language') ?? 'en',
        weightCache: args.text('cache') ?? cacheFolder('text-weights'),
        curves: !args.flag('no-curves'),
        signal: io.signal,
        onProgress: progress.show,
      }),
    ).finally(progress.end);
    io.out(args.flag('json') ? jsonOf(result) : describe(result));
    return 0;
  },
};

function checkMetric(metric: string | undefined): string | undefined {
  if (metric === undefined || METRIC_NAMES.some((name) => name === metric)) return metric;
  throw new MetaclipError('E_USAGE', `--metric ${metric}: no such metric`, {
    hint: `it can be ${METRIC_NAMES.join(', ')}`,
  });
}

function optional<const K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> {
  return value === undefined ? {} : ({ [key]: value } as Partial<Record<K, T>>);
}

function jsonOf({ result, detail, out, skippedShards }: ZeroshotResult): string {
  const { metric, headline, metrics, refused, classes, templates } = detail;
  const counts = { classCount: classes.length, templateCount: templates.length, skippedShards };
  return `${JSON.stringify({ ...result, detail: { out, metric, headline, metrics, refused, ...counts } }, null, 2)}\n`;
}

function describe({ detail, out }: ZeroshotResult): string {
  const { metrics } = detail;
  const percent = (value: number | null): string =>
    value === null ? 'none' : `${(value * 100).toFixed(1)}%`;
  const worst = detail.classes
    .filter(({ images, recall }) => images > 0 && recall !== null && recall < 1)
    .sort((a, b) => (a.recall ?? 0) - (b.recall ?? 0) || b.images - a.images)
    .slice(0, SHOWN_CLASSES);
  const names = detail.classes.map((row) => row.class);
  const twice = [...new Set(names.filter((name, at) => names.indexOf(name) !== at))].slice(0, SHOWN_CLASSES);
  const refused = Object.entries(detail.refused).map(([reason, count]) => `${reason} ${formatCount(count)}`);
  return [
    `${detail.dataset}: ${formatCount(metrics.images)} images, ${formatCount(detail.classes.length)} classes, ${formatCount(detail.templates.length)} ${detail.templates.length === 1 ? 'template' : 'templates'}`,
    `  ${'top-1'.padEnd(16)}${percent(metrics.acc1)}`,
    `  ${'top-5'.padEnd(16)}${percent(metrics.acc5)}`,
    `  ${'mean per class'.padEnd(16)}${percent(metrics.meanPerClassRecall)}`,
    `  ${'ROC-AUC'.padEnd(16)}${metrics.rocAuc === null ? 'none' : metrics.rocAuc.toFixed(3)}`,
    ...(detail.metric === 'acc1' ? [] : [`  ${detail.metric.padEnd(16)}${percent(detail.headline)}`]),
    ...(refused.length === 0 ? [] : [`left out: ${refused.join(', ')}`]),
    ...(twice.length === 0
      ? []
      : [`names that occur twice, of which the first takes all: ${twice.join(', ')}`]),
    ...(worst.length === 0 ? [] : ['worst classes:']),
    ...worst.map(
      (row) =>
        `  ${row.class}: ${row.correct} of ${row.images}${row.mistakenFor === null ? '' : `, most often taken for ${row.mistakenFor}`}`,
    ),
    `Results: ${join(out, 'result.json')}   page: ${join(out, 'report.html')}`,
    '',
  ].join('\n');
}

const PHASE_LABELS: Readonly<Record<ZeroshotProgress['phase'], string>> = {
  texts: 'text weights',
  images: 'images',
  curves: 'ROC curves',
};

function showProgress(io: CommandIo): { show: (progress: ZeroshotProgress) => void; end: () => void } {
  const line = new ProgressLine(io.note, io.terminalColumns);
  let latest: ZeroshotProgress | undefined;
  let phase: ZeroshotProgress['phase'] | undefined;
  return {
    show: (progress) => {
      latest = progress;
      if (progress.phase === phase) return;
      phase = progress.phase;
      const startDone = progress.done;
      line.begin({
        label: PHASE_LABELS[progress.phase],
        position: () => {
          const { done = 0, total = 0, doneShards = 0, totalShards = 0 } = latest ?? {};
          const shards =
            totalShards > 1 ? `, ${formatCount(doneShards)} of ${formatCount(totalShards)} shards` : '';
          return `${formatCount(done)}${total > 0 ? ` of ${formatCount(total)}` : ''}${phase === 'images' ? shards : ''}`;
        },
        amount: () => {
          if ((latest?.total ?? 0) > 0)
            return { done: (latest?.done ?? 0) - startDone, total: (latest?.total ?? 0) - startDone };
          return { done: latest?.doneShards ?? 0, total: latest?.totalShards ?? 0 };
        },
        details: (seconds) => `${formatCount(((latest?.done ?? 0) - startDone) / seconds)}/s`,
      });
    },
    end: () => {
      line.end();
    },
  };
}

/** A list in lines of some 80 characters. */
function wrapList(names: readonly string[]): string {
  const lines = [''];
  for (const name of names) {
    const last = lines.length - 1;
    const line = lines[last] ?? '';
    if (line.length + name.length > 80) lines.push(name);
    else lines[last] = line === '' ? name : `${line}, ${name}`;
  }
  return lines.join(',\n');
}
