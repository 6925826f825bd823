/** FNV-1a as fastText computes it: over signed characters, so a byte above 127 flips the upper 24 bits too. */

/** Value before the first byte: 2166136261 as a signed number. */
export const HASH_BASIS = -2128831035;
/** Multiplier after each byte. */
export const HASH_PRIME = 16777619;

/**
 * Hashes a word.
 *
 * Complexity: O(bytes).
 *
 * @param bytes - where the word lies
 * @param start - its first byte
 * @param end - the byte after it
 * @returns the hash as a signed 32-bit number; `>>> 0` gives fastText's
 */
export function hashFastText(bytes: Uint8Array, start: number, end: number): number {
  const prime: typeof HASH_PRIME = 16777619; // a local is folded into the code, a module's constant is not
  let hash: number = HASH_BASIS;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ (((bytes[i] ?? 0) << 24) >> 24), prime);
  return hash;
}
