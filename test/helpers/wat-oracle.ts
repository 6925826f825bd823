/** The slow and obvious reading of a WAT record: parse all of it, then look. Kept for ever as the skimmer's oracle. */
import { isUtf8 } from 'node:buffer';
import { IMAGE_PATH_PREFIX, LINK_FIELDS, LINKS_PATH } from '../../src/curation/sources/wat-links.ts';

/** The four values of an image link; undefined where the key is absent. */
export type OracleLink = readonly unknown[];

function getOwn(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.getOwnPropertyDescriptor(value, key)?.value;
}

/**
 * @param bytes - JSON of a record
 * @returns its image links, or undefined when it is no JSON in UTF-8
 */
export function findLinksSlowly(bytes: Buffer): OracleLink[] | undefined {
  if (!isUtf8(bytes)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
  for (const key of LINKS_PATH) value = getOwn(value, key);
  if (!Array.isArray(value)) return [];
  return value
    .filter((link) => {
      const path = getOwn(link, 'path');
      return typeof path === 'string' && path.startsWith(IMAGE_PATH_PREFIX);
    })
    .map((link) => LINK_FIELDS.map((field) => getOwn(link, field)));
}
