/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * The build form of the character automaton: a trie over numbered characters, with the links of Aho and Corasick (1975).
 * {@link packCharacters} turns it into the search form; nothing else uses it.
 *
 * Nodes are numbered in the order of breadth, the root is 0; so whatever a link leads to is known before what has the link.
 */

/** Characters that can have a number: the first three planes. */
export const CODE_TABLE_SIZE = 0x30000;

/** A pattern, spaces included where it needs them. */
export interface Pattern {
  readonly id: number;
  readonly codePoints: readonly number[];
}

/** See the head of this file. */
export interface CharacterTrie {
  /** Number of each character; 0 for those in no pattern. */
  readonly codes: Uint16Array;
  /** Numbers given, 0 included. */
  readonly codeCount: number;
  /** The children of node i are [firstChild[i], firstChild[i + 1]), their characters ascending. */
  readonly firstChild: Int32Array;
  /** By node: the character that leads to it, and its parent. */
  readonly characters: Uint16Array;
  readonly parents: Int32Array;
  /** By node: where its patterns end in {@link CharacterTrie.ids}; they start where those of the node before end. */
  readonly idEnds: Int32Array;
  /** Ids of all patterns. */
  readonly ids: Int32Array;
}

/**
 * Builds the trie.
 *
 * Time: linear in the characters, but for sorting the patterns.
 *
 * @param patterns - in any order; equal ones are allowed
 * @returns the trie
 */
export function buildCharacterTrie(patterns: readonly Pattern[]): CharacterTrie {
  const { codes, codeCount } = numberCharacters(patterns);
  const coded = patterns
    .map(({ id, codePoints }) => ({ id, text: codePoints.map((point) => codes[point] ?? 0) }))
    .filter(({ text }) => !text.includes(0));
  coded.sort((a, b) => compareTexts(a.text, b.text) || a.id - b.id);
  const firstChild: number[] = [];
  const characters = [0];
  const parents = [-1];
  const idEnds: number[] = [];
  const ids: number[] = [];
  // Each node is a run of the sorted patterns that share its characters.
  let level: (readonly [number, number])[] = [[0, coded.length]];
  for (let depth = 0; level.length > 0; depth++) {
    const nextLevel: (readonly [number, number])[] = [];
    for (const [first, last] of level) {
      const node = firstChild.length;
      firstChild.push(characters.length);
      let at = first;
      for (; at < last && coded[at]!.text.length === depth; at++) ids.push(coded[at]!.id);
      idEnds.push(ids.length);
      while (at < last) {
        const character = coded[at]!.text[depth]!;
        const start = at;
        while (at < last && coded[at]!.text[depth] === character) at++;
        characters.push(character);
        parents.push(node);
        nextLevel.push([start, at]);
      }
    }
    level = nextLevel;
  }
  firstChild.push(characters.length);
  return {
    codes,
    codeCount,
    firstChild: Int32Array.from(firstChild),
    characters: Uint16Array.from(characters),
    parents: Int32Array.from(parents),
    idEnds: Int32Array.from(idEnds),
    ids: Int32Array.from(ids),
  };
}

/** Numbers characters by how often patterns have them, so that the children of a node lie close together. */
function numberCharacters(patterns: readonly Pattern[]): { codes: Uint16Array; codeCount: number } {
  const counts = new Map<number, number>();
  for (const { codePoints } of patterns)
    for (const point of codePoints) counts.set(point, (counts.get(point) ?? 0) + 1);
  const codes = new Uint16Array(CODE_TABLE_SIZE);
  let next = 1;
  // 65,535 characters; what a list has beyond them can't be matched, and no language's list comes near.
  for (const [point] of [...counts].sort(([a, n], [b, m]) => m - n || a - b)) {
    if (point < CODE_TABLE_SIZE && next < 0x10000) codes[point] = next++;
  }
  return { codes, codeCount: next };
}

function compareTexts(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}
