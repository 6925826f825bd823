/** The page of a zero-shot evaluation. */
import type { MetricName } from '../names/data-sets.ts';
import type { ZeroshotDetail } from '../zeroshot/results.ts';
import type { Mistake } from '../zeroshot/shard-result.ts';
import { confusionPicture } from './confusion-picture.ts';
import { barHtml, decimal, escapeHtml, pageHtml, percent, tableHtml, tilesHtml, whole } from './html.ts';

/** Rows of the table of confusions. */
const CONFUSIONS_SHOWN = 20;
/** Rows of the table of classes that are shown at once. */
const CLASSES_OPEN = 40;

const METRIC_TITLES: Readonly<Record<MetricName, string>> = {
  acc1: 'top-1 accuracy',
  mean_per_class_recall: 'mean per class',
  roc_auc: 'ROC-AUC',
  mean_acc1_acc5: 'mean of top-1 and top-5',
};

/**
 * @param detail - figures
 * @param mistakes - the most confident ones, with pictures
 * @returns a self-contained page; some 100 KB, its size is bounded by the number of classes and of mistakes
 */
export async function zeroshotPage(detail: ZeroshotDetail, mistakes: readonly Mistake[]): Promise<string> {
  const { metrics, classes } = detail;
  const refusedCount = Object.values(detail.refused).reduce((total, count) => total + count, 0);
  const title = `${detail.dataset}, zero-shot by ${detail.model.name}`;
  const lede = `${percent(detail.metrics.acc1)} of ${whole(metrics.images)} images are given their class, out of ${whole(classes.length)}; by chance it would be ${percent(1 / Math.max(1, classes.length))}. The figure of this data set, ${METRIC_TITLES[detail.metric]}, is ${percent(detail.headline)}.`;
  const body = [
    `<header><p class="kicker">Zero-shot classification</p><h1>${escapeHtml(title)}</h1><p class="lede">${escapeHtml(lede)}</p></header>`,
    tilesHtml([
      { label: 'top-1', value: percent(metrics.acc1), note: 'best class is right' },
      { label: 'top-5', value: percent(metrics.acc5), note: 'right one among the best five' },
      {
        label: 'mean per class',
        value: percent(metrics.meanPerClassRecall),
        note: 'every class counts the same',
      },
      {
        label: 'ROC-AUC',
        value: decimal(metrics.rocAuc),
        note: classes.length === 2 ? 'of the second class' : 'one class against the rest, mean',
      },
      { label: 'images', value: whole(metrics.images), note: `${whole(refusedCount)} left out` },
    ]),
    mistakesSection(detail, mistakes),
    await confusionSection(detail),
    classSection(detail),
    refusedSection(detail),
    `<footer>Model ${escapeHtml(detail.model.name)}, fingerprint <code>${escapeHtml(detail.model.fingerprint)}</code>. ${whole(detail.templates.length)} ${detail.templates.length === 1 ? 'template' : 'templates'}, the first one “${escapeHtml(detail.templates[0] ?? '')}”.</footer>`,
  ];
  return pageHtml(title, body.join('\n'));
}

function mistakesSection(detail: ZeroshotDetail, mistakes: readonly Mistake[]): string {
  if (mistakes.length === 0) return '';
  const items = mistakes.map((mistake) => {
    const truth = detail.classes[mistake.truth]?.class ?? '';
    const predicted = detail.classes[mistake.predicted]?.class ?? '';
    const picture =
      mistake.thumbnail === null
        ? ''
        : `<img src="${mistake.thumbnail}" alt="${escapeHtml(truth)}" loading="lazy">`;
    return `<li><div class="picture">${picture}</div><b>${escapeHtml(predicted)} ${percent(mistake.confidence)}</b><span>is ${escapeHtml(truth)}, ${percent(mistake.truthConfidence)}, place ${mistake.rank}</span><span class="file">${escapeHtml(mistake.image)}</span></li>`;
  });
  return `<section><h2>The most confident mistakes</h2><p class="note">What the model said, how sure it was, and what it is. Often the label is wrong, or both are right.</p><ul class="mistakes">${items.join('\n')}</ul></section>`;
}

async function confusionSection(detail: ZeroshotDetail): Promise<string> {
  const nameOf = (at: number): string => detail.classes[at]?.class ?? '';
  const worst = detail.confusion
    .filter(([truth, predicted]) => truth !== predicted)
    .sort((a, b) => b[2] - a[2] || a[0] - b[0] || a[1] - b[1])
    .slice(0, CONFUSIONS_SHOWN);
  const table = tableHtml(
    ['is', 'taken for', 'images', 'of its images'],
    worst.map(([truth, predicted, count]) => [
      nameOf(truth),
      nameOf(predicted),
      whole(count),
      percent(count / Math.max(1, detail.classes[truth]?.images ?? 1)),
    ]),
    { numbers: [2, 3], caption: 'Most frequent confusions' },
  );
  return `<section><h2>What is taken for what</h2><figure>${await confusionPicture(detail)}<figcaption>A row is a class, a column what its images are taken for: <span class="swatch hit"></span> right, <span class="swatch"></span> wrong; the stronger, the greater the share of the row.</figcaption></figure>${worst.length === 0 ? '' : table}</section>`;
}

function classSection(detail: ZeroshotDetail): string {
  const rows = detail.classes
    .filter(({ images }) => images > 0)
    .sort((a, b) => (a.recall ?? 0) - (b.recall ?? 0) || b.images - a.images)
    .map((row) => [
      row.class,
      whole(row.images),
      barHtml(row.recall),
      percent(row.recall),
      percent(row.precision),
      decimal(row.auc),
      row.mistakenFor === null ? '' : `${row.mistakenFor} (${whole(row.mistakenCount)})`,
    ]);
  const head = ['class', 'images', '', 'right', 'precision', 'AUC', 'most often taken for'];
  const options = { numbers: [1, 3, 4, 5], caption: 'Classes' };
  const rest = rows.slice(CLASSES_OPEN);
  const more =
    rest.length === 0
      ? ''
      : `<details><summary>${whole(rest.length)} more classes</summary>${tableHtml(head, rest, { ...options, caption: 'More classes' })}</details>`;
  return `<section><h2>Classes, the worst first</h2>${tableHtml(head, rows.slice(0, CLASSES_OPEN), options)}${more}</section>`;
}

function refusedSection(detail: ZeroshotDetail): string {
  const reasons = Object.entries(detail.refused);
  if (reasons.length === 0) return '';
  const examples = detail.refusedExamples
    .slice(0, 20)
    .map(({ image, reason, message }) => [image, reason, message]);
  return `<section><h2>Left out</h2>${tableHtml(
    ['reason', 'images'],
    reasons.map(([reason, count]) => [reason, whole(count)]),
    { numbers: [1], caption: 'Left out, by reason' },
  )}<details><summary>Examples</summary>${tableHtml(['image', 'reason', 'message'], examples, { numbers: [], caption: 'Examples of left-out images' })}</details></section>`;
}
