/** Images that could not be used, by reason. */
import type { MetaclipError } from '../common/errors.ts';

/** One of them. */
export interface RefusedImage {
  readonly image: string;
  /** Short word, the same for all of a kind: `truncated`, `svg`, `empty`, `too-large`, ... */
  readonly reason: string;
  readonly message: string;
}

/**
 * @param error - why an image could not be used
 * @returns the reason as a short word
 */
export function refusalReason(error: MetaclipError): string {
  const { reason } = error.details;
  if (typeof reason === 'string') return reason;
  if (error.code === 'E_IMAGE_TOO_LARGE') return 'too-large';
  return error.code === 'E_INPUT_NOT_FOUND' ? 'not-found' : 'unreadable';
}

/**
 * @param counts - counted so far; changed
 * @param reason - one more of this
 */
export function countReason(counts: Map<string, number>, reason: string): void {
  counts.set(reason, (counts.get(reason) ?? 0) + 1);
}

/**
 * @param counts - reasons
 * @returns as an object with its keys sorted
 */
export function sortedReasons(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
