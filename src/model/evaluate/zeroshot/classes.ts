/** Which class each label of the data is. */
import { MetaclipError } from '../../../common/errors.ts';
import { type DataSet, nameOfLabel } from '../data/data-set.ts';
import type { DataSetRow, MetricName } from '../names/data-sets.ts';
import { PHOTO_TEMPLATES } from '../names/clip-templates.ts';
import type { ClassList } from '../names/read-names.ts';

/** Classes of an evaluation. */
export interface ClassPlan {
  /** In their order; two may have one name. */
  readonly classes: readonly string[];
  /** For each label of the data its class; null when they are the same. */
  readonly classOfLabel: readonly number[] | null;
  readonly templates: readonly string[];
  readonly metric: MetricName;
}

/** What the user gave. */
export interface ClassChoices {
  readonly classes?: ClassList;
  readonly templates?: readonly string[];
  /** Row of the table of known data sets. */
  readonly row?: DataSetRow;
  readonly metric?: MetricName;
}

/**
 * Names: those given, else those of the known data set, else those that the data bring. A given list without labels is tied to the
 * data by name when every label of the data is in it (underscores are spaces, case doesn't count), else by number when all labels
 * are numbers, else by position when it is as long as theirs. Templates: given, else of the data, else of the known data set, else `a photo of a {}.`.
 *
 * @param data - data set
 * @param choices - what the user gave
 * @returns classes and how labels lead to them
 * @throws {@link MetaclipError} `E_USAGE` when there are no names, or they don't fit the data
 */
export function planClasses(data: DataSet, choices: ClassChoices): ClassPlan {
  const templates = choices.templates ?? data.templates ?? choices.row?.templates ?? PHOTO_TEMPLATES;
  const metric = choices.metric ?? choices.row?.metric ?? 'acc1';
  const given =
    choices.classes ??
    (choices.row?.classes === undefined ? undefined : { names: choices.row.classes, labels: null });
  if (given === undefined) {
    if (data.classNames === null) {
      throw new MetaclipError('E_USAGE', `${data.name}: its labels are numbers without names`, {
        hint: 'give the names: --classes FILE with one a line, label 0 first',
      });
    }
    return { classes: data.classNames, classOfLabel: null, templates, metric };
  }
  return { classes: given.names, classOfLabel: tie(data, given), templates, metric };
}

function tie(data: DataSet, given: ClassList): readonly number[] | null {
  const { labels } = data;
  if (labels === null) {
    if (given.labels === null) return null;
    return orderOfNumbers(data, given.labels);
  }
  if (given.labels !== null) {
    const classOfLabel = new Map(given.labels.map((label, at) => [label, at]));
    const missing = labels.filter((label) => !classOfLabel.has(label));
    if (missing.length === 0) return labels.map((label) => classOfLabel.get(label) ?? -1);
    throw wrong(`the list has no line for ${some(missing)} of ${data.name}`);
  }
  const plain = (name: string): string => nameOfLabel(name).toLowerCase();
  const classOfName = new Map<string, number>();
  given.names.forEach((name, at) => {
    if (!classOfName.has(plain(name))) classOfName.set(plain(name), at);
  });
  const missing = labels.filter((label) => !classOfName.has(plain(label)));
  if (missing.length === 0) return labels.map((label) => classOfName.get(plain(label)) ?? -1);
  // Folders 0 to 999, as ImageNetV2 has them, stand as 0, 1, 10, 100 when they are sorted as texts.
  const numbers = labels.map((label) => (/^\d{1,6}$/.test(label) ? Number(label) : Infinity));
  if (numbers.every((number) => number < given.names.length)) return numbers;
  if (labels.length === given.names.length) return null;
  throw wrong(
    `${given.names.length} classes for the ${labels.length} labels of ${data.name}, and ${some(missing)} not among them`,
  );
}

/** `NUMBER<TAB>NAME` for data whose labels are numbers. */
function orderOfNumbers(data: DataSet, labels: readonly string[]): readonly number[] {
  const numbers = labels.map((label) => (/^\d{1,6}$/.test(label) ? Number(label) : NaN));
  const bad = labels.find((_, at) => Number.isNaN(numbers[at]));
  if (bad !== undefined) throw wrong(`${data.name} has numbers for labels, ${JSON.stringify(bad)} is none`);
  const classOfLabel = new Array<number>(Math.max(...numbers) + 1).fill(-1);
  numbers.forEach((label, at) => (classOfLabel[label] = at));
  return classOfLabel;
}

const some = (labels: readonly string[]): string =>
  labels
    .slice(0, 3)
    .map((label) => JSON.stringify(label))
    .join(', ') + (labels.length > 3 ? ` and ${labels.length - 3} more` : '');

function wrong(message: string): MetaclipError {
  return new MetaclipError('E_USAGE', message, {
    hint: 'give one name for each label in their order, or lines LABEL<TAB>NAME',
  });
}
