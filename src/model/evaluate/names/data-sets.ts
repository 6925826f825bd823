/** What is known of published data sets: the metric that is reported for each, and names and templates where they are built in. */
import { CIFAR10_CLASSES, CIFAR100_CLASSES } from './cifar-classes.ts';
import { CIFAR_TEMPLATES, IMAGENET_TEMPLATES } from './clip-templates.ts';
import { IMAGENET_CLASSES } from './imagenet-classes.ts';

/** How a data set's one figure is made of its metrics; see `headlineOf`. */
export type MetricName = 'acc1' | 'mean_per_class_recall' | 'roc_auc' | 'mean_acc1_acc5';

/** A row of {@link DATA_SETS}. */
export interface DataSetRow {
  /** As clip_benchmark names it, without `wds/` and `vtab/`. */
  readonly name: string;
  readonly metric: MetricName;
  readonly classes?: readonly string[];
  readonly templates?: readonly string[];
}

/** Rows by name. Metrics are those of CLIP's paper (table 9), which later evaluations kept. */
export const DATA_SETS: ReadonlyMap<string, DataSetRow> = new Map(
  (
    [
      {
        name: 'imagenet1k',
        metric: 'acc1',
        classes: IMAGENET_CLASSES,
        templates: IMAGENET_TEMPLATES,
      },
      { name: 'cifar10', metric: 'acc1', classes: CIFAR10_CLASSES, templates: CIFAR_TEMPLATES },
      { name: 'cifar100', metric: 'acc1', classes: CIFAR100_CLASSES, templates: CIFAR_TEMPLATES },
      { name: 'imagenetv2', metric: 'acc1', classes: IMAGENET_CLASSES, templates: IMAGENET_TEMPLATES },
      { name: 'imagenet_sketch', metric: 'acc1', classes: IMAGENET_CLASSES, templates: IMAGENET_TEMPLATES },
      { name: 'imagenet-a', metric: 'acc1' },
      { name: 'imagenet-r', metric: 'acc1' },
      { name: 'objectnet', metric: 'acc1' },
      { name: 'food101', metric: 'acc1' },
      { name: 'birdsnap', metric: 'acc1' },
      { name: 'sun397', metric: 'acc1' },
      { name: 'cars', metric: 'acc1' },
      { name: 'fgvc_aircraft', metric: 'mean_per_class_recall' },
      { name: 'dtd', metric: 'acc1' },
      { name: 'pets', metric: 'mean_per_class_recall' },
      { name: 'caltech101', metric: 'mean_per_class_recall' },
      { name: 'flowers', metric: 'mean_per_class_recall' },
      { name: 'mnist', metric: 'acc1' },
      { name: 'fer2013', metric: 'acc1' },
      { name: 'stl10', metric: 'acc1' },
      { name: 'eurosat', metric: 'acc1' },
      { name: 'resisc45', metric: 'acc1' },
      { name: 'gtsrb', metric: 'acc1' },
      { name: 'country211', metric: 'acc1' },
      { name: 'pcam', metric: 'acc1' },
      { name: 'ucf101', metric: 'acc1' },
      { name: 'kinetics700', metric: 'mean_acc1_acc5' },
      { name: 'clevr_count_all', metric: 'acc1' },
      { name: 'hateful_memes', metric: 'roc_auc' },
      { name: 'renderedsst2', metric: 'acc1' },
    ] satisfies DataSetRow[]
  ).map((row) => [row.name, Object.freeze(row)]),
);
