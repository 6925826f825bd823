/** The text of a run's data card: what it is, how it was made, numbers, limits. */
import { formatBytes, formatCount } from '../../common/progress.ts';
import { describeCardHead, LICENSE_PLACEHOLDER, nameOf } from './card-head.ts';
import type { CountStats, RunStats } from './run-stats.ts';

/** What a run does not know of itself. */
export interface CardChoices {
  /** Name of the data set. */
  readonly name?: string;
  /** Licence id of the hub, e.g. `cc-by-4.0`. */
  readonly license?: string;
}

/**
 * @param stats - statistics of the run
 * @param shards - number and size of the shards
 * @param shards.count - files below `curated/`
 * @param shards.sizeBytes - bytes of all of them
 * @param choices - name and licence
 * @returns Markdown with its YAML head, ending with a line feed
 */
export function describeDataCard(
  stats: RunStats,
  shards: { readonly count: number; readonly sizeBytes: number },
  choices: CardChoices,
): string {
  return [
    describeCardHead(stats, shards.sizeBytes, choices),
    `# ${nameOf(choices)}`,
    '',
    ...describeContent(stats, shards),
    ...describeMaking(stats),
    ...describeNumbers(stats),
    ...describeLimits(stats),
    ...describeLicence(choices),
  ].join('\n');
}

function describeContent({ pairs, run }: RunStats, shards: { count: number; sizeBytes: number }): string[] {
  return [
    `${formatCount(pairs.kept)} pairs of an image address and a text, chosen by MetaCLIP's`,
    'curation so that frequent concepts do not crowd out rare ones. The images themselves are not part of the data.',
    '',
    `- Shards: \`curated/\`, ${formatCount(shards.count)} file${shards.count === 1 ? '' : 's'}, ${formatBytes(shards.sizeBytes)}, schema \`${run.write.schema}\``,
    '- `entry_counts.parquet`: for each entry of the list its count before balancing and its sampling rate',
    '- `datacard.json`: for each entry of the list the number of pairs of this data set with it',
    '- `stats.json`: every number below, and more',
    '',
  ];
}

function describeMaking(stats: RunStats): string[] {
  const { run, toolVersion, seed } = stats;
  const { match } = run;
  const inputs = Object.entries(run.formats).map(([format, count]) => `${formatCount(count)} ${format}`);
  const language =
    match.langModel === null
      ? 'Language: not asked.'
      : `Language: texts that ${match.langModel.split(' ')[0] ?? ''} calls English${match.langThreshold > 0 ? ` with at least ${match.langThreshold}` : ''}.`;
  return [
    '## How it was made',
    '',
    `By metaclip ${toolVersion}, after *Demystifying CLIP Data* (arXiv 2309.16671), from ${formatCount(stats.tasks)} input file${stats.tasks === 1 ? '' : 's'}`,
    `(${inputs.join(', ')}; ${formatBytes(run.inputBytes)}).`,
    '',
    '1. Pairs of image address and text are extracted.',
    `2. Texts are matched against a list of ${formatCount(run.list.entryCount)} entries: ${run.list.source}`,
    `   (sha256 \`${run.list.fingerprint}\`). Texts without an entry are dropped. Rules: \`${match.compat}\`.`,
    `3. ${language}${match.dropList === null ? '' : ` A drop list of words and hosts was used (sha256 \`${match.dropList}\`).`}`,
    '4. Pairs that occur twice are dropped; then the pairs of each entry are counted.',
    `5. A pair is kept with probability \`1 - prod(1 - t / max(count, t))\` over its entries, t = ${formatCount(stats.t)}, seed ${seed}.`,
    '',
  ];
}

function describeNumbers(stats: RunStats): string[] {
  const { pairs, counts, matchesPerText } = stats;
  const rows: (readonly [string, string])[] = [
    ['pairs extracted', formatCount(pairs.extracted)],
    ['dropped: no entry in the text', formatCount(pairs.dropped['no-match'])],
    ['dropped: drop list', formatCount(pairs.dropped['drop-list'])],
    ['dropped: language', formatCount(pairs.dropped.language)],
    ['dropped: duplicate', formatCount(pairs.dropped.duplicate)],
    ['dropped: over the cap', formatCount(pairs.dropped['not-sampled'])],
    ['**pairs kept**', `**${formatCount(pairs.kept)}**`],
    ['expected over seeds', `${formatCount(pairs.expectedKept)} ± ${pairs.expectedSd.toFixed(1)}`],
    ['entries hit', `${formatCount(counts.hit)} of ${formatCount(counts.total)}`],
    ['entries hit by a kept pair', formatCount(counts.hitAfter ?? 0)],
    ['head entries (count at least t)', formatCount(counts.head ?? 0)],
    ['share of the matches on head entries', percent(counts.headMatchShare)],
    ['tail share', percent(counts.tailShare)],
    [
      'matches a text, before and after',
      `${matchesPerText.before.mean.toFixed(2)}, ${matchesPerText.after.mean.toFixed(2)}`,
    ],
  ];
  return [
    '## Numbers',
    '',
    '| | |',
    '| --- | ---: |',
    ...rows.map(([name, value]) => `| ${name} | ${value} |`),
    '',
    ...describeSources(counts),
    'Most frequent entries before balancing:',
    '',
    '| entry | before | after |',
    '| --- | ---: | ---: |',
    ...counts.top
      .slice(0, 10)
      .map(
        ({ entry, before, after }) =>
          `| ${cell(entry)} | ${formatCount(before)} | ${formatCount(after ?? 0)} |`,
      ),
    '',
  ];
}

function describeSources({ sources }: CountStats): string[] {
  if (sources === null) return [];
  return [
    '| part of the list | entries | hit | matches before | after |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...sources.map(
      ({ name, entries, hit, before, after }) =>
        `| ${cell(name)} | ${formatCount(entries)} | ${formatCount(hit)} | ${formatCount(before)} | ${formatCount(after ?? 0)} |`,
    ),
    '',
  ];
}

function describeLimits({ run, unreadable, leftOut }: RunStats): string[] {
  const left = Object.values(leftOut).reduce((sum, count) => sum + count, 0);
  return [
    '## Limits',
    '',
    '- Texts are as their pages have them: they may be wrong, offensive, private or protected, and nobody has read them.',
    '- Addresses die and what lies at them changes; nothing here says what an image shows.',
    '- No filter for unsafe images, for faces or for copies of test sets was applied.',
    '- A match is a word or phrase of the text, not its meaning: an entry with several meanings counts once.',
    ...(run.match.lang === 'off' ? ['- The language of the texts was not looked at.'] : []),
    ...(left === 0
      ? []
      : [
          `- ${formatCount(left)} records, images or rows were left out while reading; the reasons are in \`stats.json\`.`,
        ]),
    ...(unreadable.length === 0
      ? []
      : [`- ${formatCount(unreadable.length)} input files could not be read at all.`]),
    '',
  ];
}

function describeLicence({ license }: CardChoices): string[] {
  return [
    '## Licence',
    '',
    license === undefined
      ? `**${LICENSE_PLACEHOLDER}**: state it here and in the head of this file before you publish. It depends on the`
      : `This data set: ${license}. What it points to depends on the`,
    'terms of the pool that the pairs come from; texts and images belong to their authors, whatever is stated.',
    '',
  ];
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(100 * share).toFixed(1)}%`;
}

/** Text that is safe in a cell of a Markdown table. */
function cell(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replace(/[\\`*_[\]|]/g, (character) => `\\${character}`)
    .replace(/[\r\n\t]/g, ' ');
}
