/** Figures of a classification, out of counts that add up over shards. */
import type { MetricName } from '../names/data-sets.ts';

/** Counts of some images; those of several shards are added with {@link ClassCounts.add}. */
export class ClassCounts {
  readonly classCount: number;
  /** Images by true class and predicted class, row by row: `classCount * classCount`. */
  readonly confusion: Uint32Array;
  /** Images of each class whose class is among the five best. */
  readonly inFive: Uint32Array;

  /**
   * Memory: 4 bytes for each pair of classes (4 MB for ImageNet).
   *
   * @param classCount - number of classes
   */
  constructor(classCount: number) {
    this.classCount = classCount;
    this.confusion = new Uint32Array(classCount * classCount);
    this.inFive = new Uint32Array(classCount);
  }

  /**
   * @param truth - class of an image
   * @param predicted - its best class
   * @param rank - of its class, 0 when that is the best
   * @param count - images of this kind
   */
  note(truth: number, predicted: number, rank: number, count = 1): void {
    const at = truth * this.classCount + predicted;
    this.confusion[at] = (this.confusion[at] ?? 0) + count;
    if (rank < 5) this.inFive[truth] = (this.inFive[truth] ?? 0) + count;
  }

  /**
   * @param other - counts of other images of the same classes
   */
  add(other: ClassCounts): void {
    for (let at = 0; at < this.confusion.length; at++) {
      this.confusion[at] = (this.confusion[at] ?? 0) + (other.confusion[at] ?? 0);
    }
    for (let at = 0; at < this.classCount; at++)
      this.inFive[at] = (this.inFive[at] ?? 0) + (other.inFive[at] ?? 0);
  }

  /**
   * @param truth - class
   * @param predicted - class
   * @returns images of one taken for the other
   */
  count(truth: number, predicted: number): number {
    return this.confusion[truth * this.classCount + predicted] ?? 0;
  }
}

/** What became of one class. */
export interface ClassRow {
  readonly class: string;
  readonly images: number;
  readonly correct: number;
  /** Share of its images that are taken for it; null without images. */
  readonly recall: number | null;
  /** Share of what is taken for it that is it; null when nothing is. */
  readonly precision: number | null;
  /** Images of it that have it among the five best. */
  readonly inFive: number;
  /** The class that its images are most often taken for by mistake, and how often. */
  readonly mistakenFor: string | null;
  readonly mistakenCount: number;
  /** Area under the ROC curve of this class against all others; null when it was not asked for, or one side is empty. */
  readonly auc: number | null;
}

/** Figures of a data set; null where one has no meaning. */
export interface ClassMetrics {
  readonly images: number;
  readonly acc1: number | null;
  /** Null with fewer than five classes. */
  readonly acc5: number | null;
  /** Mean of the classes' recalls, over classes that have images. */
  readonly meanPerClassRecall: number | null;
  /** Two classes: that of the second class. More: mean over classes of one against all others. */
  readonly rocAuc: number | null;
}

/**
 * @param counts - of all images
 * @param names - of the classes
 * @param aucs - for each class, or null
 * @returns the table of classes, in their order
 */
export function classRows(
  counts: ClassCounts,
  names: readonly string[],
  aucs: readonly (number | null)[],
): ClassRow[] {
  const taken = new Float64Array(counts.classCount);
  for (let truth = 0; truth < counts.classCount; truth++) {
    for (let predicted = 0; predicted < counts.classCount; predicted++) {
      taken[predicted] = (taken[predicted] ?? 0) + counts.count(truth, predicted);
    }
  }
  return names.map((name, truth) => {
    let images = 0;
    let worst = -1;
    for (let predicted = 0; predicted < counts.classCount; predicted++) {
      const count = counts.count(truth, predicted);
      images += count;
      if (predicted === truth || count === 0) continue;
      if (worst < 0 || count > counts.count(truth, worst)) worst = predicted;
    }
    const correct = counts.count(truth, truth);
    return {
      class: name,
      images,
      correct,
      recall: share(correct, images),
      precision: share(correct, taken[truth] ?? 0),
      inFive: counts.inFive[truth] ?? 0,
      mistakenFor: worst < 0 ? null : (names[worst] ?? null),
      mistakenCount: worst < 0 ? 0 : counts.count(truth, worst),
      auc: aucs[truth] ?? null,
    };
  });
}

/**
 * @param rows - from {@link classRows}
 * @returns the figures
 */
export function metricsOf(rows: readonly ClassRow[]): ClassMetrics {
  const images = sum(rows.map((row) => row.images));
  const recalls = rows.flatMap(({ recall }) => (recall === null ? [] : [recall]));
  const aucs = rows.flatMap(({ auc }) => (auc === null ? [] : [auc]));
  return {
    images,
    acc1: share(sum(rows.map((row) => row.correct)), images),
    acc5: rows.length < 5 ? null : share(sum(rows.map((row) => row.inFive)), images),
    meanPerClassRecall: share(sum(recalls), recalls.length),
    rocAuc: rows.length === 2 ? (rows[1]?.auc ?? null) : share(sum(aucs), aucs.length),
  };
}

/** How each metric is made of the figures. */
const HEADLINES: Readonly<Record<MetricName, (metrics: ClassMetrics) => number | null>> = {
  acc1: ({ acc1 }) => acc1,
  mean_per_class_recall: ({ meanPerClassRecall }) => meanPerClassRecall,
  roc_auc: ({ rocAuc }) => rocAuc,
  mean_acc1_acc5: ({ acc1, acc5 }) => (acc1 === null || acc5 === null ? null : (acc1 + acc5) / 2),
};

/** Names of the metrics. */
export const METRIC_NAMES = Object.freeze(Object.keys(HEADLINES)) as readonly MetricName[];

/**
 * @param metric - which
 * @param metrics - figures
 * @returns the one figure that is reported for the data set
 */
export function headlineOf(metric: MetricName, metrics: ClassMetrics): number | null {
  return HEADLINES[metric](metrics);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const share = (part: number, whole: number): number | null => (whole === 0 ? null : part / whole);
