/** The parts of report.html that need no script: what is read first, printed, and read aloud. */
import type { PAIR_REASONS } from '../drop-reasons.ts';
import type { RunStats } from '../stats/run-stats.ts';
import { escapeHtml } from './html-text.ts';
import { percent, tenths, whole } from './page/format.ts';

const REASONS: Readonly<Record<(typeof PAIR_REASONS)[number], string>> = {
  'no-match': 'no entry in the text',
  'drop-list': 'on the drop list',
  language: 'not English',
  duplicate: 'the same pair a second time',
  'not-sampled': 'over the cap',
};

/**
 * @param stats - of the run
 * @returns the sentence that says it all
 */
export function ledeOf(stats: RunStats): string {
  const { pairs, tasks, entries, t } = stats;
  const files = `${whole(tasks)} input ${tasks === 1 ? 'file' : 'files'}`;
  const are = stats.run.match.lang === 'off' ? 'are' : 'are English,';
  const share = pairs.extracted === 0 ? '' : `, ${percent(pairs.kept / pairs.extracted)} of the pool`;
  return `<p class="lede">Of <b>${whole(pairs.extracted)}</b> image-text pairs in ${files}, <b>${whole(pairs.matched)}</b> ${are} distinct,
and hold at least one of ${whole(entries.total)} entries. Balancing with the cap <i class="var">t</i>&nbsp;=&nbsp;${tenths(t)}
keeps <b>${whole(pairs.kept)}</b> of them${share}.</p>`;
}

/**
 * @param stats - of the run
 * @returns the headline numbers
 */
export function tilesOf(stats: RunStats): string {
  const { pairs, entries, tasks } = stats;
  const perText =
    pairs.matched === 0 ? '' : `${(stats.matches / pairs.matched).toFixed(2)} entries in a text`;
  const tiles: readonly (readonly [string, string, string])[] = [
    ['pairs read', whole(pairs.extracted), `${whole(tasks)} input ${tasks === 1 ? 'file' : 'files'}`],
    ['pairs with a match', whole(pairs.matched), perText],
    [
      'pairs kept',
      whole(pairs.kept),
      `expected ${whole(pairs.expectedKept)} ± ${pairs.expectedSd.toFixed(1)}`,
    ],
    [
      'entries hit',
      whole(entries.hit),
      `of ${whole(entries.total)}; ${whole(entries.total - entries.hit)} never`,
    ],
    ['head entries', whole(entries.head), `with a count of at least t = ${tenths(stats.t)}`],
    ['tail share', percent(stats.tailShare), `of all matches, on ${whole(entries.tail)} tail entries`],
  ];
  const rows = tiles.map(
    ([label, value, note]) =>
      `<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="note faint">${note}</dd></div>`,
  );
  return `<dl class="tiles">${rows.join('\n')}</dl>`;
}

/**
 * @param stats - of the run
 * @returns where the pairs went, as a table with bars, and what was left out while reading
 */
export function flowOf(stats: RunStats): string {
  const { extracted, kept, dropped } = stats.pairs;
  let left = extracted;
  const rows = Object.entries(dropped)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => {
      const start = left - count;
      left = start;
      const label = Object.entries(REASONS).find(([name]) => name === reason)?.[1] ?? reason;
      return flowRow(escapeHtml(label), count, extracted, [start, count], 'out');
    });
  const leftOut = Object.entries(stats.leftOut);
  return `<table class="flow">
<thead><tr><th scope="col">reason</th><th scope="col" class="number">pairs</th><th scope="col" class="number">share</th><th scope="col"><span class="visually-hidden">as a bar</span></th></tr></thead>
<tbody>${flowRow('pairs read', extracted, extracted, [0, extracted], 'in')}
${rows.join('\n')}
${flowRow('kept', kept, extracted, [0, kept], 'in', 'total')}</tbody></table>${
    leftOut.length === 0
      ? ''
      : `<p class="note">Left out while reading, and so not among the pairs: ${leftOut
          .map(([reason, count]) => `${whole(count)}&nbsp;${escapeHtml(reason)}`)
          .join(', ')}.</p>`
  }${unreadableOf(stats)}`;
}

function flowRow(
  label: string,
  count: number,
  total: number,
  [start, length]: readonly [number, number],
  name: string,
  rowClass = '',
): string {
  const share = (value: number): string => `${total === 0 ? 0 : ((100 * value) / total).toFixed(3)}%`;
  return `<tr class="${rowClass}"><th scope="row">${label}</th><td class="number">${whole(count)}</td><td class="number">${total === 0 ? '' : percent(count / total)}</td><td class="bar"><svg aria-hidden="true"><rect class="${name}" x="${share(start)}" width="${share(length)}" height="100%" rx="2"/></svg></td></tr>`;
}

function unreadableOf({ unreadable }: RunStats): string {
  if (unreadable.length === 0) return '';
  const shown = unreadable.slice(0, 5).map(({ message }) => `<li>${escapeHtml(message)}</li>`);
  return `<p class="note">Input files that could not be used at all: ${whole(unreadable.length)}.</p><ul class="note">${shown.join('')}</ul>`;
}

/**
 * @param stats - of the run
 * @returns hits by origin of the entries; empty where the list does not say
 */
export function sourcesOf(stats: RunStats): string {
  const { counts } = stats;
  if (counts.sources === null || counts.sources.length === 0) return '';
  const rows = counts.sources.map(
    ({ name, entries, hit, before, after }) =>
      `<tr><th scope="row">${escapeHtml(name)}</th><td class="number">${whole(entries)}</td><td class="number">${whole(hit)}</td><td class="number">${whole(before)}</td><td class="number">${after === null ? '' : whole(after)}</td></tr>`,
  );
  return `<section><h2>Where the matches come from</h2><div class="scroll"><table>
<thead><tr><th scope="col">part of the list</th><th scope="col" class="number">entries</th><th scope="col" class="number">hit</th><th scope="col" class="number">matches before</th><th scope="col" class="number">after</th></tr></thead>
<tbody>${rows.join('\n')}</tbody></table></div></section>`;
}

/**
 * @param stats - of the run
 * @returns what the run was, so that it can be made again
 */
export function factsOf(stats: RunStats): string {
  const { run, languages, texts } = stats;
  const formats = Object.entries(run.formats).map(([format, count]) => `${whole(count)} ${format}`);
  const keys = Object.entries(texts?.textKeys ?? {}).map(([key, { before }]) => `${key} ${whole(before)}`);
  const { cap } = run;
  const facts: readonly (readonly [string, string])[] = [
    ['entry list', `${run.list.source}; ${whole(run.list.entryCount)} entries`],
    ['sha256 of the list', run.list.fingerprint],
    ['input', `${formats.join(', ')}; ${tenths(Math.round(run.inputBytes / 1e5) / 10)} MB`],
    [
      'cap asked for',
      cap.kind === 't'
        ? `t = ${tenths(cap.t)}`
        : cap.kind === 'tail-share'
          ? `tail share ${cap.share}`
          : `${whole(cap.pairCount)} pairs`,
    ],
    ['seed', String(stats.seed)],
    ['compatibility', run.match.compat],
    ['language', languages.mode === 'off' ? 'any' : `${languages.mode}, by ${languages.model ?? 'no model'}`],
    ['texts stood in', keys.join(', ')],
    ['entries that cannot match', whole(stats.entries.unmatchable)],
    ['shard schema', run.write.schema],
    ['metaclip', stats.toolVersion],
  ];
  return `<dl class="facts">${facts
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `<dt>${name}</dt><dd>${escapeHtml(value)}</dd>`)
    .join('\n')}</dl>`;
}
