/**
 * Sorts byte strings that lie in one block of memory, by their bytes.
 *
 * The next four bytes of each key and its number are put into one 64-bit word; the words are sorted in native code, and
 * groups of equal bytes are sorted again by the bytes behind. For 5 million bigrams this takes a quarter of the time of an
 * index array sorted with a comparison function.
 *
 * Word, from the top bit: 32 bits of key bytes, 4 bits for how many of them the key has (so that `a` stands before
 * `a\0`), 24 bits of the key's number, 4 bits unused.
 */

/** Most keys in one call: their numbers take 24 bits. */
export const MAX_SORTED_KEYS = 1 << 24;

const BYTES_A_ROUND = 4;
/** Groups up to this size are sorted by insertion. */
const SMALL_GROUP = 12;

/**
 * Sorts keys.
 *
 * Complexity: about n log n native comparisons for each four bytes that keys have in common; memory 12 bytes a key.
 *
 * @param arena - bytes of the keys
 * @param starts - key i is arena[starts[i], starts[i + 1])
 * @param keyCount - number of keys, at most {@link MAX_SORTED_KEYS}
 * @returns numbers of the keys in ascending byte order; equal keys in any order
 */
export function sortKeys(arena: Uint8Array, starts: Uint32Array, keyCount: number): Uint32Array {
  const order = new Uint32Array(keyCount);
  for (let i = 0; i < keyCount; i++) order[i] = i;
  const words = new Uint32Array(2 * keyCount);
  // A stack instead of recursion: keys may have thousands of bytes in common.
  const pending: [from: number, to: number, depth: number][] = [[0, keyCount, 0]];
  for (let group = pending.pop(); group !== undefined; group = pending.pop()) {
    const [from, to, depth] = group;
    if (to - from <= SMALL_GROUP) {
      insertionSort(arena, starts, order, from, to, depth);
      continue;
    }
    fillWords(arena, starts, order, words, from, to, depth);
    new BigUint64Array(words.buffer, from * 8, to - from).sort();
    let groupStart = from;
    for (let i = from; i < to; i++) {
      const low = words[2 * i] ?? 0;
      order[i] = (low >>> 4) & 0xffffff;
      const isLast =
        i + 1 === to ||
        words[2 * i + 1] !== words[2 * i + 3] ||
        low >>> 28 !== (words[2 * i + 2] ?? 0) >>> 28;
      if (!isLast) continue;
      // With fewer bytes than a round has, nothing comes behind, so such keys are equal.
      if (i > groupStart && low >>> 28 === BYTES_A_ROUND)
        pending.push([groupStart, i + 1, depth + BYTES_A_ROUND]);
      groupStart = i + 1;
    }
  }
  return order;
}

function fillWords(
  arena: Uint8Array,
  starts: Uint32Array,
  order: Uint32Array,
  words: Uint32Array,
  from: number,
  to: number,
  depth: number,
): void {
  for (let i = from; i < to; i++) {
    const key = order[i] ?? 0;
    const start = (starts[key] ?? 0) + depth;
    const left = Math.max(0, Math.min(BYTES_A_ROUND, (starts[key + 1] ?? 0) - start));
    let high = 0;
    for (let at = 0; at < left; at++) high |= (arena[start + at] ?? 0) << (24 - 8 * at);
    // Little-endian on every platform that Node runs on: the low half comes first.
    words[2 * i] = (left << 28) | (key << 4);
    words[2 * i + 1] = high;
  }
}

function insertionSort(
  arena: Uint8Array,
  starts: Uint32Array,
  order: Uint32Array,
  from: number,
  to: number,
  depth: number,
): void {
  for (let i = from + 1; i < to; i++) {
    const key = order[i] ?? 0;
    let at = i;
    while (at > from && compareKeys(arena, starts, order[at - 1] ?? 0, key, depth) > 0) {
      order[at] = order[at - 1] ?? 0;
      at--;
    }
    order[at] = key;
  }
}

function compareKeys(arena: Uint8Array, starts: Uint32Array, a: number, b: number, depth: number): number {
  const [startA, startB] = [starts[a] ?? 0, starts[b] ?? 0];
  const [lengthA, lengthB] = [(starts[a + 1] ?? 0) - startA, (starts[b + 1] ?? 0) - startB];
  const shared = Math.min(lengthA, lengthB);
  for (let i = depth; i < shared; i++) {
    const difference = (arena[startA + i] ?? 0) - (arena[startB + i] ?? 0);
    if (difference !== 0) return difference;
  }
  return lengthA - lengthB;
}
