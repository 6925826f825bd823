/**
 * Hash functions of the packed automaton. Packing and matching must agree on them to the bit: a change here is a new
 * {@link LAYOUT_VERSION}.
 *
 * They only choose where a search begins; what is found there is compared whole, so no answer ever rests on a hash.
 * A token enters as little-endian 32-bit words, zeros after its end. Each word is multiplied by a constant of its own, and the
 * upper bits of the sum, on which all bits of the words have a bearing, are the number of the bucket. The seed comes from the list's own
 * fingerprint, so nobody can prepare entries that collide: they would change the seed.
 */

/**
 * @param seed - the automaton's seed
 * @param a - bytes 0-3
 * @param b - bytes 4-7
 * @returns 32-bit hash of a token of 0-8 bytes
 */
export function hashShort(seed: number, a: number, b: number): number {
  return (Math.imul(a ^ seed, 0x9e3779b1) + Math.imul(b + seed, 0x85ebca6b)) | 0;
}

/**
 * @param seed - the automaton's seed
 * @param a - bytes 0-3
 * @param b - bytes 4-7
 * @param c - bytes 8-11
 * @param d - bytes 12-15
 * @returns 32-bit hash of a token of 9-16 bytes, and of the first 16 bytes of a longer one
 */
export function hashLong(seed: number, a: number, b: number, c: number, d: number): number {
  return (hashShort(seed, a, b) + Math.imul(c, 0x2c1b3c6d) + Math.imul(d, 0x297a2d39)) | 0;
}

/**
 * Takes the bytes after the 16th into the hash of a token of 17 and more.
 *
 * @param hash - {@link hashLong} of the first 16 bytes, or what this gave for the word before
 * @param word - the next 4 bytes
 * @returns 32-bit hash
 */
export function extendHash(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x2c1b3c6d);
  return Math.imul(h ^ (h >>> 15), 0x297a2d39) ^ (h >>> 13);
}

/**
 * @param seed - the automaton's seed
 * @param state - state
 * @param word - record of the next token
 * @returns 32-bit hash of an edge
 */
export function hashEdge(seed: number, state: number, word: number): number {
  return (Math.imul(state ^ seed, 0x9e3779b1) + Math.imul(word, 0x85ebca6b)) | 0;
}

/**
 * @param word - record of a token
 * @returns its bit (0-15) in the neighbour masks of other records
 */
export function neighbourBit(word: number): number {
  return Math.imul(word, 0x9e3779b1) >>> 28;
}

/**
 * @param word - record of a token
 * @returns its bit (0-5) in the mask of a next state
 */
export function deepBit(word: number): number {
  return (neighbourBit(word) * 3) >>> 3;
}
