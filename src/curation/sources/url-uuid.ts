/** The id of an image: the first 96 bits of the SHA-224 of its url, as hex. */
import { createHash } from 'node:crypto';

/** Characters of an id. */
export const URL_UUID_LENGTH = 24;

/**
 * @param url - joined image url
 * @returns 24 lower-case hex characters; equal urls have equal ids
 */
export function hashUrl(url: string): string {
  return createHash('sha224').update(url, 'utf8').digest('hex').slice(0, URL_UUID_LENGTH);
}
