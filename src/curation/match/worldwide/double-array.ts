/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * Gives the nodes of a trie their places in a double array (Aoe 1989): the child of a node by character c lies at base + c.
 * No two nodes have the same base, so a place is known to be a node's child by its character alone.
 *
 * The places [0, codeCount) belong to the root, base 0, those of characters by which it has no child as well.
 *
 * Nodes of many children go first: they find no gap among others, while those of few fill what is left between them. Each
 * size has a finger of its own on the list of free places, which only moves on, so that the time stays about linear. Of the
 * places of 300,000 Thai entries (46 characters) 1% stays free, of as many Chinese ones (3,000 characters) 22%. Searching
 * six times as long leaves 13% of these, and makes matching less than a tenth faster.
 */
import type { CharacterTrie } from './character-trie.ts';

/** Places of all nodes, and the base of those that have children. */
export interface Placing {
  readonly places: Int32Array;
  readonly bases: Int32Array;
  /** Places that may be read: every base plus every character lies below. */
  readonly placeCount: number;
}

/**
 * @param trie - to be placed
 * @returns where its nodes lie; the same for the same trie
 */
export function placeNodes(trie: CharacterTrie): Placing {
  const { firstChild, characters, codeCount } = trie;
  const nodeCount = characters.length;
  const places = new Int32Array(nodeCount);
  const bases = new Int32Array(nodeCount);
  for (let child = firstChild[0]!; child < firstChild[1]!; child++) places[child] = characters[child]!;
  const free = new FreePlaces(codeCount, nodeCount + 2 * codeCount);
  let highestBase = 0;
  const placeChildren = (node: number, base: number): void => {
    bases[node] = base;
    highestBase = Math.max(highestBase, base);
    for (let child = firstChild[node]!; child < firstChild[node + 1]!; child++) {
      places[child] = base + characters[child]!;
      free.take(base + characters[child]!);
    }
  };
  for (const node of byChildCount(firstChild)) {
    const first = firstChild[node]!;
    const last = firstChild[node + 1]!;
    if (last - first > FEW) placeChildren(node, free.findBase(characters, first, last));
  }
  // The others in the order of breadth, so that where a node lies is known before its children look for a place.
  for (let node = 1; node < nodeCount; node++) {
    const first = firstChild[node]!;
    const last = firstChild[node + 1]!;
    if (first === last || last - first > FEW) continue;
    const near = free.findBaseNear(places[node]!, characters, first, last);
    placeChildren(node, near === 0 ? free.findBase(characters, first, last) : near);
  }
  return { places, bases, placeCount: highestBase + codeCount };
}

/** Nodes with children but for the root, those with most children first; among equals in the order of breadth. */
function byChildCount(firstChild: Int32Array): Int32Array {
  const counts = firstChild.subarray(1, -1).map((first, at) => firstChild[at + 2]! - first);
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  const starts = new Int32Array(most + 2);
  for (const count of counts) starts[most - count + 1]!++;
  for (let at = 1; at < starts.length; at++) starts[at]! += starts[at - 1]!;
  const parentCount = starts[most]!;
  const ordered = new Int32Array(counts.length);
  for (const [at, count] of counts.entries()) ordered[starts[most - count]!++] = at + 1;
  return ordered.subarray(0, parentCount);
}

/** Nodes of up to so many children have these near by, within so many places: half of a page of memory. */
const FEW = 6;
const NEAR = 128;
/** Sizes up to this have a finger each, larger ones share one with those of the same number of bits. */
const SINGLE_SIZES = 8;
/** Tries after which a finger moves on, and how much later it does again. */
const FIRST_MOVE = 64;
const MOVE_FACTOR = 4;

/** The free places, as a list in ascending order. */
class FreePlaces {
  readonly #firstPlace: number;
  /** Next and previous free place; of a place that is taken the next is 0. */
  #next: Int32Array;
  #previous: Int32Array;
  #isBase: Uint8Array;
  readonly #fingers: Int32Array;

  constructor(firstPlace: number, capacity: number) {
    this.#firstPlace = firstPlace;
    this.#next = new Int32Array(0);
    this.#previous = new Int32Array(0);
    this.#isBase = new Uint8Array(0);
    this.#grow(capacity);
    this.#fingers = new Int32Array(SINGLE_SIZES + 32).fill(firstPlace);
  }

  /** Finds a base, always above 0, at which all children [first, last) have free places. */
  findBase(characters: Uint16Array, first: number, last: number): number {
    const size = last - first;
    const finger = size <= SINGLE_SIZES ? size : SINGLE_SIZES + 32 - Math.clz32(size);
    const smallest = characters[first]!;
    let place = this.#fingers[finger]!;
    // Those behind a place that has been taken are not linked from it any more.
    while (this.#next[place] === 0) place++;
    this.#fingers[finger] = place;
    // The finger follows at some distance, so that the next node may find a gap where this one does not.
    let follower = place;
    let nextMove = FIRST_MOVE;
    for (let tries = 1; ; tries++) {
      if (place + 0x10000 >= this.#next.length) this.#grow(Math.ceil(this.#next.length * 1.5) + 0x10000);
      const base = place - smallest;
      if (this.#isBase[base] === 0) {
        let child = first + 1;
        while (child < last && this.#next[base + characters[child]!] !== 0) child++;
        if (child === last) {
          this.#isBase[base] = 1;
          return base;
        }
      }
      place = this.#next[place]!;
      if (tries === nextMove) {
        this.#fingers[finger] = follower;
        follower = place;
        nextMove *= MOVE_FACTOR;
      }
    }
  }

  /** The same, with the first child near a place; 0 if there is no such base. */
  findBaseNear(near: number, characters: Uint16Array, first: number, last: number): number {
    const smallest = characters[first]!;
    if (near + NEAR + 0x10000 >= this.#next.length) return 0;
    for (let distance = 1; distance <= NEAR; distance++) {
      for (const place of [near + distance, near - distance]) {
        const base = place - smallest;
        if (place < this.#firstPlace || base <= 0) continue;
        if (this.#next[place] === 0 || this.#isBase[base] !== 0) continue;
        let child = first + 1;
        while (child < last && this.#next[base + characters[child]!] !== 0) child++;
        if (child < last) continue;
        this.#isBase[base] = 1;
        return base;
      }
    }
    return 0;
  }

  take(place: number): void {
    const next = this.#next[place]!;
    const previous = this.#previous[place]!;
    if (previous >= this.#firstPlace) this.#next[previous] = next;
    this.#previous[next] = previous;
    this.#next[place] = 0;
  }

  #grow(length: number): void {
    const old = this.#next.length;
    this.#next = growTo(this.#next, new Int32Array(length));
    this.#previous = growTo(this.#previous, new Int32Array(length));
    this.#isBase = growTo(this.#isBase, new Uint8Array(length));
    // The last place is never taken: it stands for those to come.
    for (let place = Math.max(this.#firstPlace, old); place < length; place++) {
      this.#next[place] = place + 1;
      this.#previous[place] = place - 1;
    }
  }
}

function growTo<T extends Uint8Array | Int32Array>(old: T, grown: T): T {
  grown.set(old);
  return grown;
}
