/** The style of report.html. Two palettes: as the system says, as the reader chose, and always light on paper. */

const LIGHT = `
  color-scheme: light;
  --paper: #fcfbf8; --card: #ffffff; --ink: #1c2026; --muted: #5a626d; --line: #dedbd3; --grid: #ebe9e3;
  --before: #8a92a0; --before-soft: #c9cdd4; --chosen: #0a6c6c; --chosen-soft: #0a6c6c26; --chosen-bar: #2f8f8d;
  --own: #b3501a; --focus: #1d5fd0; --badge: #e3f1ef; --badge-warm: #fbeadd;`;

const DARK = `
  color-scheme: dark;
  --paper: #14171a; --card: #1b1f23; --ink: #e9e7e1; --muted: #a0a8b2; --line: #31373d; --grid: #262b30;
  --before: #8c96a4; --before-soft: #4a525c; --chosen: #55c8ba; --chosen-soft: #55c8ba2b; --chosen-bar: #3fa79b;
  --own: #f2a66c; --focus: #86b4ff; --badge: #173532; --badge-warm: #3a281a;`;

/** Content of the page's style element. */
export const PAGE_STYLE = `
:root {${LIGHT}
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  --serif: 'Iowan Old Style', 'Palatino Linotype', Palatino, Charter, 'Source Serif 4', 'Noto Serif', Georgia, serif;
}
@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) {${DARK} } }
:root[data-theme='dark'] {${DARK} }

* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); -webkit-text-size-adjust: 100%; scroll-padding-top: 11rem; }
body { margin: 0 auto; max-width: 70rem; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 4rem; }
h1, h2, h3 { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); margin: 0.2rem 0 0.8rem; overflow-wrap: anywhere; }
h2 { font-size: 1.45rem; margin: 0 0 0.35rem; }
p { margin: 0 0 0.8rem; max-width: 46rem; }
a { color: var(--chosen); }
.kicker { color: var(--muted); font-size: 0.82rem; letter-spacing: 0.09em; text-transform: uppercase; margin: 0; }
.lede { font-family: var(--serif); font-size: clamp(1.08rem, 2.4vw, 1.25rem); line-height: 1.5; }
.note, figcaption { color: var(--muted); font-size: 0.88rem; }
.faint { color: var(--muted); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
i.var { font-family: var(--serif); }
section { margin-top: 3rem; }
header { position: relative; }
.visually-hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 0; top: -2rem; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; border-radius: 3px; }

button, input, select { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: 0.3rem 0.6rem; min-height: 2.3rem; }
button { cursor: pointer; }
button:hover:not(:disabled) { border-color: var(--muted); }
button:disabled { opacity: 0.45; cursor: default; }
#theme { position: absolute; right: 0; top: 0; font-size: 0.85rem; }
#theme[aria-pressed='true']::before { content: '☾ '; }
#theme[aria-pressed='false']::before { content: '☀ '; }

.tiles { display: grid; grid-template-columns: repeat(6, 1fr); gap: 1px; margin: 2rem 0 0; background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.tiles > div { background: var(--card); padding: 0.9rem 1rem 0.8rem; }
.tiles dt { color: var(--muted); font-size: 0.82rem; }
.tiles dd { margin: 0; }
.tiles dd.value { font: 600 1.7rem/1.25 var(--serif); font-variant-numeric: lining-nums tabular-nums; overflow-wrap: anywhere; }
.tiles dd.note { font-size: 0.8rem; line-height: 1.35; }

.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.93rem; }
caption { text-align: left; }
th { text-align: left; font-weight: 600; }
td, th { padding: 0.36rem 0.6rem; border-bottom: 1px solid var(--grid); vertical-align: baseline; }
thead th { border-bottom: 1px solid var(--muted); color: var(--muted); font-size: 0.83rem; white-space: nowrap; }
tbody th { font-weight: 400; }
tr.total th, tr.total td { font-weight: 600; border-bottom: none; }
.flow td.bar { width: 46%; min-width: 6rem; padding-right: 0; }
.flow svg { display: block; width: 100%; height: 0.85rem; }
.flow rect.out { fill: var(--before-soft); } .flow rect.in { fill: var(--chosen-bar); }

.cap { position: sticky; top: 0; z-index: 2; background: var(--paper); border-bottom: 1px solid var(--line); padding: 0.8rem 0 0.9rem; margin-bottom: 1.2rem; }
.cap-controls { display: grid; grid-template-columns: auto auto 1fr; gap: 0.2rem 0.7rem; align-items: center; }
.cap-controls label { font-family: var(--serif); font-weight: 600; font-size: 1.15rem; white-space: nowrap; }
#cap-reset { justify-self: start; }
#cap-field { width: 7.5rem; font-variant-numeric: tabular-nums; }
.cap-track { position: relative; padding-bottom: 1.15rem; grid-column: 1 / -1; }
#cap-slider { width: 100%; margin: 0; padding: 0; border: 0; background: none; min-height: 2rem; accent-color: var(--chosen); display: block; touch-action: pan-y; }
#cap-marks { position: absolute; left: 8px; right: 8px; bottom: 0; height: 1.25rem; pointer-events: none; font-size: 0.75rem; color: var(--own); }
#cap-marks i { position: absolute; top: 0; width: 1px; height: 5px; background: var(--before); }
#cap-marks b { position: absolute; top: 0; font-weight: 600; transform: translateX(-50%); white-space: nowrap; padding-top: 5px; line-height: 1; }
#cap-marks b::before { content: ''; position: absolute; left: calc(50% - 1px); top: -3px; width: 2px; height: 9px; background: var(--own); display: none; }
#cap-marks b.at-start { transform: none; } #cap-marks b.at-end { transform: translateX(-100%); }
.cap-values { display: grid; grid-template-columns: 1.35fr 1fr 1fr 1.1fr; gap: 0.3rem 1.2rem; margin: 0.5rem 0 0; }
.cap-values dt { color: var(--muted); font-size: 0.78rem; }
.cap-values dd { margin: 0; font-variant-numeric: tabular-nums; }
.cap-values dd.value { font: 600 1.2rem/1.3 var(--serif); font-variant-numeric: lining-nums tabular-nums; }
.cap-values dd.value { display: flex; flex-wrap: wrap; align-items: center; gap: 0.1rem 0.4rem; }
.cap-values dd.note { font-size: 0.76rem; line-height: 1.25; min-height: 1em; }
.badge { display: inline-block; font: 600 0.7rem/1 var(--sans); padding: 0.22rem 0.42rem; border-radius: 99px; vertical-align: 0.15em; }
.badge.exact { background: var(--badge); color: var(--chosen); } .badge.interpolated { background: var(--badge-warm); color: var(--own); }

.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap: 2rem 2.2rem; }
figure { margin: 0; min-width: 0; break-inside: avoid; }
.plot { min-height: 230px; }
figcaption { margin-top: 0.35rem; line-height: 1.45; }
body { counter-reset: figure; }
figcaption b::before { counter-increment: figure; content: 'Figure ' counter(figure) '. '; }
figcaption b { color: var(--ink); font-weight: 600; }
.switch { white-space: nowrap; color: var(--ink); } .switch input { min-height: 0; accent-color: var(--chosen); vertical-align: -0.1em; }
.readout { color: var(--ink); font-size: 0.82rem; min-height: 1.3em; margin: -0.3rem 0 0; font-variant-numeric: tabular-nums; }
.chart { display: block; width: 100%; height: auto; touch-action: pan-y; }
.chart text { fill: var(--muted); font: 11.5px var(--sans); font-variant-numeric: tabular-nums; }
.chart .axis-label { font-size: 12px; }
.chart .grid { stroke: var(--grid); } .chart .base, .chart .tick { stroke: var(--muted); }
.chart .line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.chart .line.before { stroke: var(--before); } .chart .line.chosen { stroke: var(--chosen); stroke-width: 2.2; }
.chart .line.own { stroke: var(--own); stroke-dasharray: 5 4; } .chart .line.guide { stroke: var(--before); stroke-dasharray: 2 4; }
.chart .line.dotted { stroke-dasharray: 1 4; stroke-linecap: round; stroke-width: 2; }
.chart .area.chosen { fill: var(--chosen-soft); }
.chart .dots.before { fill: var(--before); } .chart .dots.chosen { fill: var(--chosen); } .chart .dots.own { fill: var(--own); }
.chart .bars.before { fill: var(--before-soft); } .chart .bars.chosen { fill: var(--chosen-bar); }
.chart .cells rect { fill: var(--chosen); }
.chart .rule line { stroke: var(--chosen); stroke-dasharray: 4 3; } .chart .rule.own line { stroke: var(--own); }
.chart .rule text { fill: var(--chosen); font-weight: 600; paint-order: stroke; stroke: var(--paper); stroke-width: 3px; } .chart .rule.own text { fill: var(--own); }
.chart .crosshair { stroke: var(--ink); stroke-width: 1; opacity: 0.5; }
.key { display: inline-block; width: 1.1em; height: 0.3em; border-radius: 1px; vertical-align: 0.22em; margin: 0 0.25em 0 0.1em; }
.key.before { background: var(--before); } .key.chosen { background: var(--chosen); } .key.own { background: var(--own); }
.key.tall { height: 0.75em; vertical-align: -0.05em; } .key.tall.before { background: var(--before-soft); } .key.tall.chosen { background: var(--chosen-bar); }

.tools { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: end; margin: 0.8rem 0 0.4rem; }
.tools label, .pages label { font-size: 0.82rem; color: var(--muted); }
.tools .search { flex: 1 1 16rem; } .tools .search input { display: block; width: 100%; }
.tools select { display: block; }
#entry-found { min-height: 1.4em; margin: 0; }
#entries thead button { all: unset; cursor: pointer; padding: 0.2rem 0; }
#entries thead button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
#entries thead button::after { content: ' ↕'; opacity: 0.35; }
#entries th[aria-sort='ascending'] button::after { content: ' ↑'; opacity: 1; } #entries th[aria-sort='descending'] button::after { content: ' ↓'; opacity: 1; }
#entries th[aria-sort] { color: var(--ink); }
#entries tbody th { overflow-wrap: anywhere; min-width: 8rem; }
#entries bdi { white-space: pre-wrap; }
#entries th.number { text-align: right; }
#entries:not([data-state='ready']) .needs-table { display: none; }
.pages { display: flex; flex-wrap: wrap; gap: 0.4rem; align-items: center; margin-top: 0.8rem; }
#entry-page { width: 5.5rem; }
.facts { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.3rem 1.4rem; font-size: 0.9rem; margin: 0.6rem 0 0; }
.facts dt { color: var(--muted); } .facts dd { margin: 0; overflow-wrap: anywhere; }
footer { margin-top: 3.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
.no-script { border-left: 3px solid var(--own); padding-left: 0.8rem; }

@media (max-width: 62rem) { .tiles { grid-template-columns: repeat(3, 1fr); } }
@media (max-width: 44rem) {
  body { padding-top: 1.4rem; }
  #theme { position: static; margin-bottom: 0.8rem; }
  .cap { position: static; }
  .cap-values { grid-template-columns: 1fr 1fr; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles dd.value { font-size: 1.4rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 0.5rem; }
  td, th { padding-inline: 0.35rem; }
  thead th, thead th.number { white-space: normal; vertical-align: bottom; } table { font-size: 0.88rem; }
  #entries tbody th { min-width: 6rem; } #entries th:not([aria-sort]) button::after { content: ''; }
  .flow td.bar { min-width: 3rem; width: 26%; }
}
@media (prefers-reduced-motion: no-preference) { html { scroll-behavior: smooth; } }
@media print {
  :root, :root[data-theme='dark'], :root:not([data-theme='light']) {${LIGHT} --paper: #fff; }
  @page { margin: 16mm 14mm; }
  html { font-size: 10.5pt; } body { max-width: none; padding: 0; }
  #theme, .skip, .tools, .pages, .cap-track, #cap-reset, .switch, .readout { display: none !important; }
  .cap { position: static; break-inside: avoid; } #cap-reset { justify-self: start; }
#cap-field { border: 0; padding: 0; background: none; }
  .figures { grid-template-columns: 1fr 1fr; gap: 1.2rem; } .plot { min-height: 0; }
  section { margin-top: 1.6rem; } h2 { break-after: avoid; } tr { break-inside: avoid; }
  .tiles { grid-template-columns: repeat(6, 1fr); } .tiles > div { padding: 0.5rem 0.6rem; } .tiles dd.value { font-size: 1.3rem; }
}
`;
