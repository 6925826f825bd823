/** Class names and templates as users give them: a built-in list by its name, or a file with one a line. */
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../../common/errors.ts';
import { checkTemplates } from '../../score/templates.ts';
import { CIFAR10_CLASSES, CIFAR100_CLASSES } from './cifar-classes.ts';
import {
  CIFAR_TEMPLATES,
  IMAGENET_SIMPLE_TEMPLATES,
  IMAGENET_TEMPLATES,
  PHOTO_TEMPLATES,
} from './clip-templates.ts';
import { IMAGENET_CLASSES } from './imagenet-classes.ts';

/** Lists of class names that are built in. */
export const CLASS_LISTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['imagenet', IMAGENET_CLASSES],
  ['cifar10', CIFAR10_CLASSES],
  ['cifar100', CIFAR100_CLASSES],
]);

/** Lists of templates that are built in. */
export const TEMPLATE_LISTS: ReadonlyMap<string, readonly string[]> = new Map([
  ['imagenet', IMAGENET_TEMPLATES],
  ['imagenet-simple', IMAGENET_SIMPLE_TEMPLATES],
  ['cifar', CIFAR_TEMPLATES],
  ['photo', PHOTO_TEMPLATES],
  ['plain', Object.freeze(['{}'])],
]);

/** Class names; with `labels` each is tied to a label of the data, else to a position. */
export interface ClassList {
  readonly names: readonly string[];
  /** What the data call each class; null when the file has one column. */
  readonly labels: readonly string[] | null;
}

/** Longest list of classes. */
const MAX_CLASSES = 100_000;

/**
 * @param given - `imagenet`, `cifar10`, `cifar100`, or a UTF-8 file with one name a line; `LABEL<TAB>NAME` ties a name to a label
 *   of the data (a folder, or a string label)
 * @returns the names in order
 * @throws {@link MetaclipError} `E_USAGE` for an empty list, an empty name, labels on some lines only or twice, over 100,000
 *   lines; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readClassList(given: string): Promise<ClassList> {
  const known = CLASS_LISTS.get(given);
  if (known !== undefined) return { names: known, labels: null };
  const lines = await readLines(given, [...CLASS_LISTS.keys()]);
  const wrong = (what: string): MetaclipError =>
    new MetaclipError('E_USAGE', `${given}: ${what}`, {
      hint: 'one class name a line, or LABEL<TAB>NAME on every line',
      details: { path: given },
    });
  if (lines.length > MAX_CLASSES) throw wrong(`${lines.length} lines, the limit is ${MAX_CLASSES}`);
  const rows = lines.map((line) => line.split('\t'));
  const tabbed = rows.filter((row) => row.length > 1).length;
  if (tabbed !== 0 && tabbed !== rows.length) throw wrong('some lines have a label and some have none');
  const names = rows.map((row) => (row.at(-1) ?? '').trim());
  const empty = names.indexOf('');
  if (empty >= 0) throw wrong(`line ${empty + 1} has no name`);
  if (tabbed === 0) return { names, labels: null };
  const labels = rows.map(([label = '']) => label.trim());
  const twice = labels.find((label, at) => labels.indexOf(label) !== at);
  if (twice !== undefined) throw wrong(`the label ${JSON.stringify(twice)} stands there twice`);
  return { names, labels };
}

/**
 * @param given - `imagenet` (80), `imagenet-simple` (7), `cifar` (18), `photo` (1), `plain` (the name alone), or a UTF-8 file with
 *   one template a line
 * @returns the templates in order
 * @throws {@link MetaclipError} `E_USAGE` for an empty list or a template without `{}`; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readTemplates(given: string): Promise<readonly string[]> {
  const templates = TEMPLATE_LISTS.get(given) ?? (await readLines(given, [...TEMPLATE_LISTS.keys()]));
  checkTemplates(templates);
  return templates;
}

/**
 * @param path - UTF-8 text
 * @param builtIn - names that would have been understood, for the hint
 * @returns its lines without the empty ones at the end
 * @throws {@link MetaclipError} `E_USAGE` when there is none; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readLines(path: string, builtIn: readonly string[] = []): Promise<string[]> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    const described = describeSystemError(error, path, 'read');
    if (!(described instanceof MetaclipError) || builtIn.length === 0) throw described;
    throw new MetaclipError(described.code, described.message, {
      hint: `give a file, or one of the built-in lists: ${builtIn.join(', ')}`,
      details: { path },
      cause: error,
    });
  }
  const lines = text.split(/\r?\n/);
  while (lines.at(-1)?.trim() === '') lines.pop();
  if (lines.length > 0) return lines;
  throw new MetaclipError('E_USAGE', `${path}: the file is empty`, {
    hint: 'one line each',
    details: { path },
  });
}
