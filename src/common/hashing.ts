/** Fingerprints of structured values. */
import { createHash } from 'node:crypto';

/**
 * @param value - plain JSON value
 * @returns JSON text with the keys of every object sorted, so that equal values give equal texts
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (inner === null || typeof inner !== 'object' || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
  });
}

/**
 * @param value - plain JSON value
 * @returns sha256 of its canonical JSON, 64 hex digits
 */
export function fingerprintOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
