/**
 * report.html as one text: style, data and script are inside, nothing is fetched. A content security policy says so to the
 * browser too: only this script runs (by its hash), and nothing is loaded or sent.
 */
import { createHash } from 'node:crypto';
import type { RunStats } from '../stats/run-stats.ts';
import { type EntryList, packEntryTable } from './entry-table.ts';
import { factsOf, flowOf, ledeOf, sourcesOf, tilesOf } from './html-parts.ts';
import { escapeHtml, scriptJson, visibleText } from './html-text.ts';
import { percent, tenths, whole } from './page/format.ts';
import type { ReportPayload } from './page/payload.ts';
import { PAGE_STYLE } from './page-style.ts';
import { makePayload } from './report-data.ts';

/**
 * Memory: a few times the size of the page. For 500,000 entries some 4 MB.
 *
 * @param title - heading; the name of the run directory
 * @param stats - of the run
 * @param script - see `loadPageScript`
 * @returns the page; the same bytes for the same run
 */
export function renderReport(title: string, stats: RunStats, script: string): string {
  const { entries, before, after } = stats.perEntry;
  const list: EntryList = { entries, counts: before, after };
  const table = packEntryTable(list);
  const payload = makePayload(stats, table.rows);
  const heading = escapeHtml(visibleText(title));
  const hash = createHash('sha256').update(script).digest('base64');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="metaclip ${escapeHtml(stats.toolVersion)}">
<title>${heading} · curation report</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<a class="skip" href="#entries">Skip to the table of entries</a>
<header>
<p class="kicker">metaclip curation report</p>
<h1>${heading}</h1>
<button id="theme" type="button" aria-pressed="false" hidden>Dark</button>
${ledeOf(stats)}
${tilesOf(stats)}
</header>
<main>
<noscript><p class="no-script">Figures, slider and table need JavaScript; all of it is in this file, and nothing is fetched.</p></noscript>
<section aria-labelledby="flow-title">
<h2 id="flow-title">Where the pairs went</h2>
${flowOf(stats)}
</section>
${capSection(stats)}
${figuresSection(stats, payload)}
${sourcesOf(stats)}
${tableSection(stats, payload)}
</main>
<footer>
<h2>The run</h2>
${factsOf(stats)}
</footer>
<script type="application/json" id="payload">${scriptJson(payload)}</script>
<script type="text/plain" id="entry-block">${table.base64}</script>
<script type="module">${script}</script>
</body>
</html>
`;
}

function capSection(stats: RunStats): string {
  const value = (id: string, label: string, note: string): string =>
    `<div><dt>${label}</dt><dd class="value" id="${id}"></dd><dd class="note faint" id="${note}"></dd></div>`;
  return `<section aria-labelledby="cap-title">
<h2 id="cap-title">The cap</h2>
<p>Entries with a count below <i class="var">t</i> are the tail and kept whole; the pairs of the others are sampled so that each
entry is drawn about <i class="var">t</i> times. Move the slider to see what another cap would have kept.</p>
<div class="cap" role="group" aria-labelledby="cap-title">
<div class="cap-controls">
<label for="cap-field">Cap <i class="var">t</i> =</label>
<input id="cap-field" type="number" step="any" inputmode="decimal">
<button id="cap-reset" type="button">Back to ${tenths(stats.t)}</button>
<div class="cap-track"><input id="cap-slider" type="range" aria-label="Cap t, logarithmic; Page Up and Page Down go to the next evaluated cap"><div id="cap-marks" aria-hidden="true"></div></div>
</div>
<dl class="cap-values">
<div><dt>expected pairs kept</dt><dd class="value"><span id="cap-kept"></span><span id="cap-badge"></span></dd><dd class="note faint" id="cap-kept-share"></dd></div>
<div><dt>tail share</dt><dd class="value" id="cap-tail"></dd><dd class="note faint">of all matches</dd></div>
${value('cap-head', 'head entries', 'cap-head-note')}
${value('cap-capped', 'sum of capped counts', 'cap-capped-note')}
</dl>
</div>
<div class="figures">
${figure('figure-cumulative', 'Cumulative counts', `Entries from the rarest to the most frequent. ${key('before')} as counted, ${key('chosen')} capped at the chosen <i class="var">t</i>, ${key('own')} at this run’s <i class="var">t</i> = ${tenths(stats.t)} where it differs. The line marks where the head begins. <label class="switch"><input id="cumulative-log" type="checkbox" autocomplete="off"> logarithmic counts</label>`)}
${figure('figure-rank', 'Rank and frequency', `Both axes are logarithmic. ${key('before')} as counted, ${key('chosen')} what the cap leaves.`)}
${figure('figure-kept', 'Pairs kept', `Points were evaluated over all ${whole(stats.pairs.matched)} pairs with a match and are exact expectations; the dotted line between them is interpolated.`)}
${explained(stats)}
</div>
</section>`;
}

/** Why the kept pairs are fewer than the capped counts; see `Explanation`. */
function explained({ explain, t }: RunStats): string {
  const { cappedMatches, expectedKept, repeats } = explain;
  const share = cappedMatches === 0 ? '' : ` (${percent(repeats / cappedMatches)})`;
  return `<div><h3>Why fewer pairs than capped counts</h3>
<p class="note">At <i class="var">t</i> = ${tenths(t)} the capped counts add up to ${whole(cappedMatches)}, but only ${whole(expectedKept)} pairs are
expected. A text with several entries is drawn by each of them and kept once: ${whole(repeats)} draws${share} fall on a pair that
another entry keeps anyway.</p></div>`;
}

function figuresSection({ pairs }: RunStats, payload: ReportPayload): string {
  const captions: Readonly<Record<string, readonly [string, string]>> = {
    'figure-matches': ['Matches in a text', 'Distinct entries found in one text.'],
    'figure-lengths': ['Length of the texts', 'Characters of a text with a match.'],
    'figure-images': ['Texts of an image', 'Different texts with a match for one image address.'],
  };
  const bars = `${key('before tall')} pairs with a match, ${key('chosen tall')} kept.`;
  const figures = payload.histograms.map(({ id, histogram }) => {
    const [title = id, text = ''] = captions[id] ?? [];
    const open = histogram.end === null ? ' The last bar stands for all above it.' : '';
    return figure(id, title, `${text} ${bars}${open}`);
  });
  if (payload.table.hasAfter)
    figures.unshift(
      figure(
        'figure-after',
        'Each entry before and after',
        'Entries on the diagonal lost nothing; a stronger colour means more entries. A frequent entry ends above <i class="var">t</i>, because rare entries in the same texts keep some of its pairs.',
      ),
    );
  return `<section aria-labelledby="texts-title"><h2 id="texts-title">What the balance did</h2>
<p class="note">At the run’s own cap; ${whole(pairs.kept)} pairs kept.</p>
<div class="figures">${figures.join('\n')}</div></section>`;
}

function figure(id: string, title: string, caption: string): string {
  return `<figure><div class="plot" id="${id}"></div><p class="readout" aria-live="polite"></p><figcaption><b>${title}.</b> ${caption}</figcaption></figure>`;
}

function key(name: string): string {
  return `<span class="key ${name}" aria-hidden="true"></span>`;
}

function tableSection(stats: RunStats, { table }: ReportPayload): string {
  const { total } = stats.entries;
  const part =
    table.rows < total
      ? ` The ${whole(table.rows)} most frequent of ${whole(total)}; entry_counts.parquet has all.`
      : '';
  const header = (name: string, text: string, isNumber: boolean): string =>
    `<th scope="col" data-key="${name}"${isNumber ? ' class="number"' : ''}><button type="button">${text}</button></th>`;
  return `<section id="entries" aria-labelledby="entries-title" tabindex="-1">
<h2 id="entries-title">Entries</h2>
<p class="note">Count: pairs with the entry. <i class="var">q</i>: probability with which one draw for the entry keeps a pair, at <span id="entry-q-cap">t = ${tenths(stats.t)}</span>.${table.hasAfter ? ` Kept: pairs with the entry in the result, at t = ${tenths(stats.t)}.` : ''}${part}</p>
<div class="tools needs-table">
<label class="search">Search, or #id <input id="entry-search" type="search" autocomplete="off" spellcheck="false"></label>
<label>Rows <select id="entry-size"><option>25</option><option>50</option><option>100</option></select></label>
</div>
<p id="entry-found" class="note" aria-live="polite"></p>
<div class="scroll needs-table"><table>
<caption class="visually-hidden">Entries of the list with their counts; the headers sort</caption>
<thead><tr>${header('id', 'id', true)}${header('entry', 'entry', false)}${header('count', 'count', true)}${header('q', 'q', true)}${table.hasAfter ? header('after', 'kept', true) : ''}</tr></thead>
<tbody id="entry-rows"></tbody></table></div>
<nav class="pages needs-table" aria-label="Pages of the table">
<button id="entry-first" type="button" aria-label="First page">«</button>
<button id="entry-previous" type="button" aria-label="Previous page">‹</button>
<label>Page <input id="entry-page" type="number" min="1" value="1"></label> <span class="note" id="entry-pages"></span>
<button id="entry-next" type="button" aria-label="Next page">›</button>
<button id="entry-last" type="button" aria-label="Last page">»</button>
</nav>
</section>`;
}
