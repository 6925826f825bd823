/** The style of the evaluation pages: light and dark as the system says, always light on paper. */

const LIGHT = `
  color-scheme: light;
  --paper: #fcfbf8; --card: #ffffff; --ink: #1c2026; --muted: #5a626d; --line: #dedbd3; --grid: #ebe9e3;
  --good: #0a6c6c; --good-soft: #0a6c6c26; --bad: #b3501a; --focus: #1d5fd0; --checker: #ffffff;`;

const DARK = `
  color-scheme: dark;
  --paper: #14171a; --card: #1b1f23; --ink: #e9e7e1; --muted: #a0a8b2; --line: #31373d; --grid: #262b30;
  --good: #55c8ba; --good-soft: #55c8ba2b; --bad: #f2a66c; --focus: #86b4ff; --checker: #ffffff;`;

/** Content of the style element. */
export const PAGE_STYLE = `
:root {${LIGHT}
  --sans: system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif;
  --serif: 'Iowan Old Style', 'Palatino Linotype', Palatino, Charter, 'Source Serif 4', 'Noto Serif', Georgia, serif;
}
@media (prefers-color-scheme: dark) { :root {${DARK} } }
* { box-sizing: border-box; }
html { background: var(--paper); color: var(--ink); font: 16px/1.55 var(--sans); -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 68rem; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 4rem; }
h1, h2 { font-family: var(--serif); font-weight: 600; line-height: 1.2; text-wrap: balance; }
h1 { font-size: clamp(1.7rem, 4.5vw, 2.5rem); margin: 0.2rem 0 0.8rem; overflow-wrap: anywhere; }
h2 { font-size: 1.4rem; margin: 0 0 0.35rem; }
p { margin: 0 0 0.8rem; max-width: 46rem; }
section { margin-top: 2.8rem; }
.kicker { color: var(--muted); font-size: 0.82rem; letter-spacing: 0.09em; text-transform: uppercase; margin: 0; }
.lede { font-family: var(--serif); font-size: clamp(1.08rem, 2.4vw, 1.25rem); line-height: 1.5; }
.note, figcaption, footer { color: var(--muted); font-size: 0.88rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }

.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: 1px; margin: 1.8rem 0 0; background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden; }
.tiles > div { background: var(--card); padding: 0.9rem 1rem 0.8rem; }
.tiles dt { color: var(--muted); font-size: 0.82rem; }
.tiles dd { margin: 0; }
.tiles dd.value { font: 600 1.6rem/1.25 var(--serif); font-variant-numeric: lining-nums tabular-nums; overflow-wrap: anywhere; }
.tiles dd.note { line-height: 1.35; font-size: 0.8rem; }

.scroll { overflow-x: auto; margin: 0.8rem 0; }
table { border-collapse: collapse; font-size: 0.9rem; width: 100%; }
th, td { padding: 0.32rem 0.6rem; text-align: left; border-bottom: 1px solid var(--grid); font-weight: 400; vertical-align: top; }
thead th { color: var(--muted); font-size: 0.8rem; border-bottom-color: var(--line); white-space: nowrap; }
th[scope='row'] { overflow-wrap: anywhere; min-width: 7rem; }
th.number, td.number { text-align: right; }
.bar { display: block; min-width: 5rem; height: 0.7rem; margin-top: 0.4rem; background: var(--grid); border-radius: 2px; overflow: hidden; }
.bar i { display: block; height: 100%; background: var(--good); }
details summary { cursor: pointer; color: var(--good); margin-top: 0.8rem; }

figure { margin: 0.8rem 0 0; }
.matrix { width: 100%; max-width: 46rem; height: auto; display: block; }
.matrix text { fill: var(--muted); font: 11px var(--sans); }
.matrix .cell { fill: var(--bad); } .matrix .cell.hit { fill: var(--good); }
.matrix .frame { fill: var(--card); stroke: var(--line); }
.matrix .count { fill: var(--ink); font-size: 10px; text-anchor: middle; } .matrix .count.strong { fill: var(--card); }
.map { position: relative; width: 100%; max-width: 46rem; aspect-ratio: 1; background: var(--card); border: 1px solid var(--line); }
.map div { position: absolute; inset: 0; -webkit-mask-size: 100% 100%; mask-size: 100% 100%; }
.map .hit { background: var(--good); } .map .miss { background: var(--bad); }
.swatch { display: inline-block; width: 0.8em; height: 0.8em; border-radius: 2px; vertical-align: -0.05em; background: var(--bad); }
.swatch.hit, .swatch.second { background: var(--good); }

.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: 0.9rem; padding: 0; margin: 1rem 0 0; list-style: none; }
.mistakes li { background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.6rem; font-size: 0.85rem; line-height: 1.35; overflow-wrap: anywhere; break-inside: avoid; }
.mistakes .picture { display: flex; align-items: center; justify-content: center; height: 104px; background: var(--checker); border-radius: 5px; margin-bottom: 0.5rem; }
.mistakes img { max-width: 96px; max-height: 96px; }
.mistakes b { display: block; font-weight: 600; color: var(--bad); }
.mistakes span { display: block; color: var(--muted); }
.mistakes span.file { font-size: 0.75rem; margin-top: 0.2rem; }

.plot { width: 100%; max-width: 46rem; height: auto; display: block; }
.plot text { fill: var(--muted); font: 12px var(--sans); font-variant-numeric: tabular-nums; }
.plot .grid { stroke: var(--grid); } .plot .base { stroke: var(--muted); }
.plot .area { fill: var(--bad); fill-opacity: 0.16; stroke: var(--bad); stroke-width: 1.6; stroke-linejoin: round; }
.plot .area.second { fill: var(--good); fill-opacity: 0.16; stroke: var(--good); }
.plot .mean { stroke: var(--bad); stroke-dasharray: 4 3; } .plot .mean.second { stroke: var(--good); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: 1rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding-top: 1.4rem; }
  .tiles { grid-template-columns: 1fr 1fr; } .tiles > div:last-child:nth-child(odd) { grid-column: span 2; }
  .tiles dd.value { font-size: 1.35rem; }
  .mistakes { grid-template-columns: repeat(auto-fill, minmax(8rem, 1fr)); }
  td, th { padding-inline: 0.35rem; }
  .plot text { font-size: 17px; }
}
@media print {
  :root {${LIGHT} --paper: #fff; }
  html { font-size: 10.5pt; } body { max-width: none; padding: 0; }
  tr, figure { break-inside: avoid; }
}
`;
