/**
 * The YAML head of a dataset card, in the form that the hub reads: features of the shards, the files that make up the
 * split, licence and size. Strings are written as JSON, which is YAML.
 */
import { SHARD_FORMATS, type ShardSchema } from '../write/shard-schema.ts';
import type { RunStats } from './run-stats.ts';
import type { CardChoices } from './data-card.ts';

const ID_COLUMNS = ['uid: string', 'uuid: string'] as const;
const REST_COLUMNS = [
  'text_key: string',
  'lang: string',
  'page_url: string',
  'entry_ids: uint32[]',
  'keep_prob: float32',
] as const;

/** Columns of each schema in file order, `name: type`; `[]` for a list, once for each level. */
const FEATURES: Readonly<Record<ShardSchema, readonly string[]>> = {
  default: [...ID_COLUMNS, 'url: string', 'caption: string', ...REST_COLUMNS],
  img2dataset: [...ID_COLUMNS, 'url: string', 'caption: string', ...REST_COLUMNS],
  laion: [...ID_COLUMNS, 'URL: string', 'TEXT: string', ...REST_COLUMNS],
  datacomp: ['uid: string', 'url: string', 'text: string', 'uuid: string', ...REST_COLUMNS],
  metaclip: ['uuid: string', 'url: string', 'texts: string[][]', 'entry_ids: int64[]'],
};

/** The hub's size classes: each reaches up to the next one. */
const SIZE_CLASSES = [
  [1e3, 'n<1K'],
  [1e4, '1K<n<10K'],
  [1e5, '10K<n<100K'],
  [1e6, '100K<n<1M'],
  [1e7, '1M<n<10M'],
  [1e8, '10M<n<100M'],
  [1e9, '100M<n<1B'],
  [1e10, '1B<n<10B'],
  [1e11, '10B<n<100B'],
  [1e12, '100B<n<1T'],
] as const;

/** Name of a licence that is still to be chosen; the hub takes any name under `other`. */
export const LICENSE_PLACEHOLDER = 'FILL-IN-the-licence-of-this-data-set';

/**
 * @param stats - statistics of the run
 * @param sizeBytes - of all shards
 * @param choices - name and licence
 * @returns the head, with its lines of dashes
 */
export function describeCardHead(stats: RunStats, sizeBytes: number, choices: CardChoices): string {
  const { schema } = stats.run.write;
  const license =
    choices.license === undefined
      ? ['license: other', `license_name: ${LICENSE_PLACEHOLDER}`]
      : [`license: ${JSON.stringify(choices.license)}`];
  const language = stats.languages.mode === 'off' ? [] : ['language:', `- ${stats.languages.mode}`];
  return [
    '---',
    `pretty_name: ${JSON.stringify(nameOf(choices))}`,
    ...license,
    ...language,
    'task_categories:',
    '- image-to-text',
    '- text-to-image',
    '- zero-shot-image-classification',
    'tags:',
    '- image-text-pairs',
    '- metaclip',
    'size_categories:',
    `- ${JSON.stringify(SIZE_CLASSES.find(([limit]) => stats.pairs.kept < limit)?.[1] ?? 'n>1T')}`,
    'configs:',
    '- config_name: default',
    '  data_files:',
    '  - split: train',
    `    path: ${JSON.stringify(`curated/*${SHARD_FORMATS[schema].extension}`)}`,
    'dataset_info:',
    '  config_name: default',
    '  features:',
    ...FEATURES[schema].flatMap(featureLines),
    '  splits:',
    '  - name: train',
    `    num_examples: ${stats.pairs.kept}`,
    `  download_size: ${sizeBytes}`,
    '---',
    '',
  ].join('\n');
}

/**
 * @param choices - name and licence
 * @returns name of the data set
 */
export function nameOf(choices: CardChoices): string {
  return choices.name ?? 'Curated image-text pairs';
}

function featureLines(feature: string): string[] {
  const [name = '', type = ''] = feature.split(': ');
  const depth = (type.length - type.replaceAll('[]', '').length) / 2;
  const lines = [`  - name: ${name}`];
  for (let level = 1; level < depth; level++) lines.push(`${'  '.repeat(level + 1)}sequence:`);
  const key = depth === 0 ? 'dtype' : 'sequence';
  lines.push(`${'  '.repeat(Math.max(depth, 1) + 1)}${key}: ${type.replaceAll('[]', '')}`);
  return lines;
}
