/**
 * Which column or key of a pool holds the image url, the text and the page. Names are found by themselves, because every
 * published pool has its own (LAION `URL, TEXT`; DataComp `uid, url, text`; img2dataset `url, caption, key, status`;
 * COYO `id, url, text`), and given by hand where they are not among the known ones.
 *
 * Precedence: the lists below are tried in order. For each name the exact spelling comes first, then any column that is
 * equal once case, `_`, `-`, `.` and spaces are ignored (`imageUrl`, `Image URL`), in the order of the file's columns.
 */
import { MetaclipError } from '../../common/errors.ts';

/** Names of the url column, most likely first. */
export const URL_COLUMN_NAMES = [
  'url',
  'image_url',
  'img_url',
  'image_link',
  'img_link',
  'image_uri',
  'image_src',
  'img_src',
  'src',
  'uri',
  'link',
] as const;

/** Names of the text column, most likely first. `texts` is MetaCLIP's own list of `[key, text]`. */
export const TEXT_COLUMN_NAMES = [
  'caption',
  'text',
  'alt_text',
  'alt',
  'title',
  'image_caption',
  'image_alt',
  'image_text',
  'texts',
  'captions',
  'description',
] as const;

/** Names of the column with the url of the page that holds the image. */
export const PAGE_COLUMN_NAMES = [
  'page_url',
  'source_page',
  'source_page_url',
  'page_link',
  'page',
  'document_url',
  'referrer',
] as const;

/** What the user said about columns; both may be absent. */
export interface ColumnChoice {
  readonly urlColumn?: string;
  readonly textColumn?: string;
}

/** Names of columns as the file spells them. */
export interface PoolColumns {
  readonly url: string;
  readonly text: string;
  readonly page: string | undefined;
}

/**
 * Finds the columns of a table with a header or schema. Linear in the number of columns.
 *
 * @param available - the file's column names, in its order
 * @param choice - names given by the user; they win, and are matched exactly first, then loosely
 * @param path - the file, for the error
 * @returns the names as the file spells them
 * @throws MetaclipError E_COLUMN_MISSING when there is no url or no text column
 */
export function resolveColumns(
  available: readonly string[],
  choice: ColumnChoice,
  path: string,
): PoolColumns {
  const url = findColumn(available, choice.urlColumn === undefined ? URL_COLUMN_NAMES : [choice.urlColumn]);
  if (url === undefined) throw missingColumn('url', available, choice.urlColumn, path);
  const text = findColumn(
    available,
    choice.textColumn === undefined ? TEXT_COLUMN_NAMES : [choice.textColumn],
  );
  if (text === undefined) throw missingColumn('text', available, choice.textColumn, path);
  return { url, text, page: findColumn(available, PAGE_COLUMN_NAMES) };
}

/**
 * @param available - column names as the file spells them
 * @param names - wanted names in order of precedence
 * @returns the first column that is one of them, or undefined
 */
export function findColumn(available: readonly string[], names: readonly string[]): string | undefined {
  let folded: string[] | undefined;
  for (const name of names) {
    if (available.includes(name)) return name;
    folded ??= available.map(foldName);
    const at = folded.indexOf(foldName(name));
    if (at >= 0) return available[at];
  }
  return undefined;
}

function foldName(name: string): string {
  return name.toLowerCase().replace(/[_\-. ]/g, '');
}

/**
 * @param role - which column is missing
 * @param available - the columns or keys that the file has
 * @param wanted - the name given by the user, if any
 * @param path - the file
 * @returns the error to throw
 */
export function missingColumn(
  role: 'url' | 'text',
  available: readonly string[],
  wanted: string | undefined,
  path: string,
): MetaclipError {
  const known = role === 'url' ? URL_COLUMN_NAMES : TEXT_COLUMN_NAMES;
  const looked = wanted === undefined ? `none of ${known.join(', ')}` : `no column "${wanted}"`;
  const shown = available.slice(0, 40).map((name) => name.slice(0, 80));
  const more = available.length > shown.length ? ` and ${available.length - shown.length} more` : '';
  return new MetaclipError(
    'E_COLUMN_MISSING',
    `${path}: ${looked} for the ${role}; the file has ${shown.join(', ') || 'no columns'}${more}`,
    { hint: `name the column with --${role}-column NAME`, details: { path, role, wanted: wanted ?? null } },
  );
}

/**
 * Reads one value of a JSON object by the names above. Own properties only, so `__proto__` and `constructor` are keys
 * like any other.
 *
 * @param record - a parsed JSON object
 * @param wanted - a key or a path of keys joined by dots, given by the user; the whole string is tried as one key first
 * @param names - known names, for when nothing is given
 * @returns the value, or undefined when there is no such key; null is a value
 */
export function valueByName(record: object, wanted: string | undefined, names: readonly string[]): unknown {
  if (wanted !== undefined) return valueByPath(record, wanted);
  for (const name of names) if (Object.hasOwn(record, name)) return ownValue(record, name);
  const found = findColumn(Object.keys(record), names);
  return found === undefined ? undefined : ownValue(record, found);
}

function valueByPath(record: object, path: string): unknown {
  if (Object.hasOwn(record, path)) return ownValue(record, path);
  let value: unknown = record;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined;
    value = ownValue(value, key);
  }
  return value;
}

function ownValue(record: object, key: string): unknown {
  return Reflect.get(record, key);
}
