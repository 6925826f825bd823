/** The result files. */
import { sortedReasons } from '../../refusals.ts';
import type { DataSet } from '../data/data-set.ts';
import type { ClassCounts, ClassMetrics, ClassRow } from '../metrics/metrics.ts';
import type { MetricName } from '../names/data-sets.ts';
import type { ClassPlan } from './classes.ts';
import type { Mistake } from './shard-result.ts';

/** Who was evaluated on what. */
export interface EvaluationIdentity {
  readonly dataset: string;
  readonly language: string;
  /** Name of the model. */
  readonly model: string;
  readonly fingerprint: string;
}

/** A result in clip_benchmark's form, which its `build` puts into one table with others. */
export interface BenchmarkResult {
  readonly dataset: string;
  readonly model: string;
  readonly pretrained: string;
  readonly task: 'zeroshot_classification';
  readonly metrics: {
    readonly acc1: number | null;
    /** Null with fewer than five classes, where clip_benchmark writes NaN, which is no JSON. */
    readonly acc5: number | null;
    readonly mean_per_class_recall: number | null;
  };
  readonly language: string;
}

/** All figures; see the file of that name. */
export interface ZeroshotDetail {
  readonly dataset: string;
  readonly format: DataSet['format'];
  readonly language: string;
  readonly model: { readonly name: string; readonly fingerprint: string };
  readonly metric: MetricName;
  /** Value of `metric`. */
  readonly headline: number | null;
  readonly metrics: ClassMetrics;
  readonly refused: Readonly<Record<string, number>>;
  readonly refusedExamples: readonly {
    readonly image: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly templates: readonly string[];
  readonly classes: readonly ClassRow[];
  /** [true class, predicted class, images] where there are any, by position in `classes`. */
  readonly confusion: readonly (readonly [number, number, number])[];
  /** The most confident ones. */
  readonly mistakes: readonly (Omit<Mistake, 'thumbnail' | 'truth' | 'predicted'> & {
    readonly truth: string;
    readonly predicted: string;
  })[];
}

/**
 * @param identity - who and what
 * @param metrics - figures
 * @returns the result
 */
export function benchmarkResult(identity: EvaluationIdentity, metrics: ClassMetrics): BenchmarkResult {
  return {
    dataset: identity.dataset,
    model: identity.model,
    pretrained: identity.fingerprint.slice(0, 12),
    task: 'zeroshot_classification',
    metrics: { acc1: metrics.acc1, acc5: metrics.acc5, mean_per_class_recall: metrics.meanPerClassRecall },
    language: identity.language,
  };
}

/**
 * @param identity - who and what
 * @param data - data set
 * @param plan - classes and templates
 * @param found - figures
 * @param found.metrics - of all images
 * @param found.headline - value of the data set's metric
 * @param found.rows - table of classes
 * @param found.counts - confusion matrix
 * @param found.refused - left-out images by reason
 * @param found.refusedExamples - some of them
 * @param found.mistakes - the most confident ones
 * @returns the detail file's content
 */
export function detailOf(
  identity: EvaluationIdentity,
  data: DataSet,
  plan: ClassPlan,
  found: {
    readonly metrics: ClassMetrics;
    readonly headline: number | null;
    readonly rows: readonly ClassRow[];
    readonly counts: ClassCounts;
    readonly refused: ReadonlyMap<string, number>;
    readonly refusedExamples: ZeroshotDetail['refusedExamples'];
    readonly mistakes: readonly Mistake[];
  },
): ZeroshotDetail {
  const { counts } = found;
  const confusion: [number, number, number][] = [];
  for (let truth = 0; truth < counts.classCount; truth++) {
    for (let predicted = 0; predicted < counts.classCount; predicted++) {
      const count = counts.count(truth, predicted);
      if (count > 0) confusion.push([truth, predicted, count]);
    }
  }
  return {
    dataset: identity.dataset,
    format: data.format,
    language: identity.language,
    model: { name: identity.model, fingerprint: identity.fingerprint },
    metric: plan.metric,
    headline: found.headline,
    metrics: found.metrics,
    refused: sortedReasons(found.refused),
    refusedExamples: found.refusedExamples,
    templates: plan.templates,
    classes: found.rows,
    confusion,
    mistakes: found.mistakes.map(({ image, truth, predicted, confidence, truthConfidence, rank }) => ({
      image,
      truth: plan.classes[truth] ?? '',
      predicted: plan.classes[predicted] ?? '',
      confidence,
      truthConfidence,
      rank,
    })),
  };
}
