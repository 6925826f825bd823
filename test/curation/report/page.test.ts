/** The page in a real browser: drawn, moved, searched, by mouse and by keyboard, in both themes, on a phone and on paper. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import type { Page } from 'playwright-core';
import { loadPageScript } from '../../../src/curation/report/page-script.ts';
import { percent, tenths, whole } from '../../../src/curation/report/page/format.ts';
import { renderReport } from '../../../src/curation/report/report-html.ts';
import type { RunStats } from '../../../src/curation/stats/run-stats.ts';
import { skipWithoutBrowser, startBrowser, type TestBrowser } from '../../helpers/browser.ts';
import { expectedKept, HOSTILE, makePairs, makeStats, tailShare } from '../../helpers/report-stats.ts';
import { makeTempFolder } from '../../helpers/temp-folder.ts';

const ENTRIES = [
  ...HOSTILE,
  ...Array.from({ length: 490 }, (_, i) => `${i % 3 === 0 ? 'golden ' : ''}word ${i}`),
];
const PAIRS = makePairs(500, 2500);
const T = 20;
const stats: RunStats = makeStats({
  entries: ENTRIES,
  pairs: PAIRS,
  t: T,
  sweepCaps: [1, 2, 5, 10, 20, 50, 100, 200],
});
const counts = stats.perEntry.before;

// Expressions for the page are texts: these tests are compiled without the names of a browser.
describe('the page in a browser', { skip: skipWithoutBrowser }, () => {
  let browser: TestBrowser;
  let folder: string;
  let page: Page;
  const problems: string[] = [];
  const requests: string[] = [];
  const hooks: (() => void)[] = [];
  const text = async (id: string): Promise<string> => (await page.textContent(`#${id}`)) ?? '';
  const cap = (): Promise<string> => page.inputValue('#cap-field');
  const found = (start: string): Promise<void> =>
    page.locator('#entry-found').filter({ hasText: start }).waitFor();
  const firstEntry = async (): Promise<string> =>
    (await page.textContent('#entry-rows tr:first-child th')) ?? '';
  const open = async (name: string, shown: RunStats): Promise<void> => {
    const path = join(folder, `${name}.html`);
    writeFileSync(path, renderReport(name, shown, await loadPageScript()));
    await page.goto(pathToFileURL(path).href);
    await page.waitForSelector('#entries[data-state="ready"]');
  };
  const assertCap = async (t: number): Promise<void> => {
    const isExact = stats.sweep?.some((point) => point.t === t) === true || t >= stats.counts.maxCount;
    assert.equal(await text('cap-tail'), percent(tailShare(counts, t)));
    assert.equal(await text('cap-head'), whole(counts.filter((count) => count >= t).length));
    assert.equal(await text('cap-badge'), isExact ? 'exact' : 'interpolated');
    const kept = expectedKept(PAIRS, counts, t);
    const shown = await text('cap-kept');
    if (isExact) assert.equal(shown, tenths(Number(kept.toFixed(3))));
    else {
      assert.match(shown, /^≈ [\d,]+$/);
      const off = Math.abs(Number(shown.replace(/[^\d]/g, '')) - kept);
      assert.ok(off < PAIRS.length * 0.01, `${shown}, really ${kept}`);
    }
  };

  before(async () => {
    folder = makeTempFolder({ after: (hook) => hooks.push(hook) });
    browser = await startBrowser();
    page = browser.context.pages()[0] ?? (await browser.context.newPage());
    page.on('console', (message) => problems.push(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await open('run', stats);
  });
  after(async () => {
    await browser.close();
    for (const hook of hooks) hook();
  });

  it('draws every figure and asks nobody for anything', async () => {
    const figures = ['cumulative', 'rank', 'kept', 'after', 'matches', 'lengths'];
    for (const name of figures) {
      const paths = await page.locator(`#figure-${name} svg :is(path, rect, circle)`).count();
      assert.ok(paths > 0, name);
      const label = await page.getAttribute(`#figure-${name} svg`, 'aria-label');
      assert.match(label ?? '', /\d/);
    }
    assert.doesNotMatch(await page.innerHTML('main'), /NaN|Infinity|undefined/);
    assert.equal(requests.length, 1);
    assert.deepEqual(problems, []);
    await assertCap(T);
    assert.equal(await cap(), String(T));
  });

  it('moves with the mouse', async () => {
    const before = await page.innerHTML('#figure-cumulative');
    await page.locator('#cap-slider').scrollIntoViewIfNeeded();
    const box = await page.locator('#cap-slider').boundingBox();
    assert.ok(box);
    await page.mouse.click(box.x + box.width * 0.8, box.y + box.height / 2);
    const t = Number(await cap());
    assert.ok(t > T);
    await assertCap(t);
    assert.notEqual(await page.innerHTML('#figure-cumulative'), before);
    await page.mouse.move(box.x + box.width * 0.8, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.25, box.y + box.height / 2, { steps: 4 });
    await page.mouse.up();
    assert.ok(Number(await cap()) < T);
    await assertCap(Number(await cap()));
    await page.click('#cap-reset');
    await assertCap(T);
  });

  it('moves with the keys, and is exact at every evaluated cap', async () => {
    await page.focus('#cap-slider');
    await page.keyboard.press('Home');
    for (const { t } of stats.sweep ?? []) {
      assert.equal(await cap(), String(t));
      await assertCap(t);
      assert.match((await page.getAttribute('#cap-slider', 'aria-valuetext')) ?? '', /exact; tail share/);
      await page.keyboard.press('PageUp');
    }
    await page.keyboard.press('End');
    assert.equal(await cap(), String(stats.counts.maxCount));
    assert.equal(await text('cap-kept'), whole(PAIRS.length));
    await page.keyboard.press('PageDown');
    await page.keyboard.press('ArrowLeft');
    await assertCap(Number(await cap()));
    assert.equal(await text('cap-badge'), 'interpolated');
    await page.keyboard.press('ArrowRight');
    await assertCap(200);
  });

  it('takes any number, and shows the probabilities for it', async () => {
    await page.fill('#cap-field', '33');
    await assertCap(33);
    const [row] = await page.locator('#entry-rows tr').all();
    const cells = (await row?.locator('td').allTextContents()) ?? [];
    const count = Number(cells[1]?.replaceAll(',', ''));
    assert.equal(count, stats.counts.maxCount);
    assert.equal(cells[2], (33 / count).toPrecision(3));
    assert.match(await text('entry-q-cap'), /t = 33/);
    await page.fill('#cap-field', '');
    await page.press('#cap-field', 'Tab');
    await assertCap(T);
    await page.fill('#cap-field', '1e12');
    await page.press('#cap-field', 'Tab');
    assert.equal(await cap(), String(stats.counts.maxCount));
    await page.click('#cap-reset');
  });

  it('finds, sorts and turns pages', async () => {
    const golden = ENTRIES.filter((entry) => entry.includes('golden')).length;
    await page.fill('#entry-search', 'GOLDEN');
    await found('Found');
    assert.equal(await text('entry-found'), `Found: 1 to 25 of ${golden}`);
    await page.click('th[data-key="entry"] button');
    assert.equal(await page.getAttribute('th[data-key="entry"]', 'aria-sort'), 'ascending');
    assert.equal(await firstEntry(), 'golden word 0');
    await page.focus('th[data-key="id"] button');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Enter');
    assert.equal(await page.getAttribute('th[data-key="id"]', 'aria-sort'), 'descending');
    assert.equal(await firstEntry(), 'golden word 489');
    await page.click('#entry-next');
    assert.equal(await text('entry-found'), `Found: 26 to 50 of ${golden}`);
    await page.click('#entry-last');
    assert.equal(await page.isDisabled('#entry-next'), true);
    await page.selectOption('#entry-size', '100');
    await page.fill('#entry-page', '99');
    await page.press('#entry-page', 'Enter');
    assert.equal(await page.inputValue('#entry-page'), '2');
    await page.fill('#entry-search', 'no such thing');
    await found('No entry');
    assert.equal(await page.locator('#entry-rows tr').count(), 0);
    await page.fill('#entry-search', '');
    await found('Entries');
  });

  it('shows hostile entries and runs none of them', async () => {
    await page.click('th[data-key="id"] button');
    await page.fill('#entry-page', '1');
    await page.press('#entry-page', 'Enter');
    const shown = await page.locator('#entry-rows th').allTextContents();
    assert.deepEqual(shown.slice(0, 5), [...HOSTILE.slice(0, 4), 'turned \\u{202e}round\\u{2066}']);
    assert.match(shown[5] ?? '', /^x{200}… \(10000 characters\)$/);
    assert.equal(shown[8], 'line\\u{a}feed');
    await page.hover('#entry-rows tr:nth-child(7) th');
    assert.equal(await page.evaluate(`'pwned' in window`), false);
    assert.equal(await page.locator('#entry-rows :is(img, script, svg)').count(), 0);
  });

  it('shows the cumulative counts on either scale', async () => {
    const labels = (): Promise<string[]> => page.locator('#figure-cumulative text').allTextContents();
    const linear = await labels();
    await page.check('#cumulative-log');
    assert.ok((await labels()).includes('1k') && (await labels()).includes('10'));
    await page.uncheck('#cumulative-log');
    assert.deepEqual(await labels(), linear);
  });

  it('reads out what stands under the pointer and under the arrow keys', async () => {
    await page.hover('#figure-rank svg');
    const readout = page.locator('#figure-rank + .readout');
    assert.match((await readout.textContent()) ?? '', /^The entry of rank \d+ has a count of \d+/);
    await page.focus('#figure-cumulative svg');
    await page.keyboard.press('End');
    assert.match(
      (await page.textContent('#figure-cumulative + .readout')) ?? '',
      /hold 100\.0% of all matches/,
    );
  });

  it('has a dark theme, by the system and by the button', async () => {
    const paper = (): Promise<string> =>
      page.evaluate<string>('getComputedStyle(document.documentElement).backgroundColor');
    const light = await paper();
    await page.emulateMedia({ colorScheme: 'dark' });
    const dark = await paper();
    assert.notEqual(dark, light);
    await page.locator('#theme[aria-pressed="true"]').waitFor();
    await page.click('#theme');
    assert.equal(await paper(), light);
    await page.emulateMedia({ colorScheme: 'light' });
    await page.click('#theme');
    assert.equal(await paper(), dark);
    // Whatever was chosen, paper is white.
    await page.emulateMedia({ media: 'print' });
    assert.equal(await paper(), 'rgb(255, 255, 255)');
    assert.equal(await page.isVisible('#cap-slider'), false);
    assert.ok((await page.pdf({ format: 'A4' })).length > 10_000);
    await page.emulateMedia({ media: 'screen' });
    await page.click('#theme');
  });

  it('fits a phone without scrolling sideways', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.locator('#figure-rank svg[viewBox^="0 0 3"]').waitFor();
    const widths = await page.evaluate<number[]>('[document.documentElement.scrollWidth, window.innerWidth]');
    assert.equal(widths[0], widths[1]);
    await page.setViewportSize({ width: 1200, height: 900 });
  });

  it('names every control and image for a screen reader', async () => {
    const unnamed = await page.evaluate<string[]>(`
      [...document.querySelectorAll('button, input, select, svg[role=img]')]
        .filter((one) => !(one.getAttribute('aria-label') ?? one.labels?.[0]?.textContent ?? one.textContent).trim())
        .map((one) => one.outerHTML.slice(0, 80))`);
    assert.deepEqual(unnamed, []);
  });

  it('stays whole for a run without a match, and where the browser cannot unpack the table', async () => {
    await open('empty', makeStats({ entries: ['a', 'b'], pairs: [], t: 20_000 }));
    assert.equal(await text('cap-tail'), '0.0%');
    assert.doesNotMatch(await page.innerHTML('main'), /NaN|Infinity|undefined/);
    await page.addInitScript('delete window.DecompressionStream');
    await page.goto(pathToFileURL(join(folder, 'run.html')).href);
    await page.waitForSelector('#entries[data-state="unsupported"]');
    assert.match(await text('entry-found'), /too old/);
    assert.equal(await page.isVisible('#entry-search'), false);
    await assertCap(T);
    assert.deepEqual(problems, []);
  });
});
