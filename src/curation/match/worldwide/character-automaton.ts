/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * The search form of the entries that may stand in the middle of a run of characters: an Aho-Corasick automaton (1975) as a
 * double array, in one block of memory. The kernel `worldwide` and its twin {@link WorldwideMatcher} walk it.
 *
 * The block starts with a header of 32-bit numbers. Places in it are bytes of the memory in which the block lies:
 *
 *   number  meaning
 *   0       entries of the list
 *   1       code table: 196,608 16-bit numbers, by code point that of a character, 0 if it is in no entry
 *   2       ASCII table: for each of 128 bytes four 32-bit numbers, up to three characters, and how many
 *   3       nodes
 *   4       lists of ids, 32 bits each
 *   5       word ids: the id in the list of each entry of the token automaton
 *   6       count of these
 *   7       end of the block
 *   8       count of patterns
 *
 * A *node* has 96 bits, no more, so that the most of a large list stays in a processor's caches:
 *
 *   0-23    base: the child by character c is the node of number base + c
 *   24-47   fail: where to look when there is no such child, a node that has children; 0 is the root
 *   48-63   the character that leads here; no two bases are equal, so it proves whose child this is. 0 where nobody's
 *   64-95   output
 *
 * A node without children has base and fail of the next one on its way of fails that has some: where it would be sought anyway.
 * The child of the root by character c is node c, and where there is none, node c is like the root itself: so a failure at the
 * root needs no second look.
 *
 * An *output* says in its lowest four bits how many entries end at a node, also along the way of fails, so that taking them is
 * one access to one place. 0: none; 1: above these bits is its id; 2-14: above is the index of the first of as many ids in the
 * lists; 15: there are a count, as many ids, and another output. The last is for nodes where more than 14 entries end, and
 * keeps the block linear in the list.
 */
import { MetaclipError } from '../../../common/errors.ts';
import { BYTE_ENDS_TOKEN, BYTE_IS_TOKEN, makeByteClasses } from '../spacing.ts';
import { buildCharacterTrie, type CharacterTrie, CODE_TABLE_SIZE, type Pattern } from './character-trie.ts';
import { placeNodes } from './double-array.ts';

export const CHARACTER_HEADER = Object.freeze({
  entryCount: 0,
  codes: 1,
  ascii: 2,
  nodes: 3,
  lists: 4,
  wordIds: 5,
  wordCount: 6,
  end: 7,
  patternCount: 8,
});
const HEADER_BYTES = 64;
export const NODE_NUMBERS = 3;
/** Ids that an output lists before it refers to another. */
const MAX_LISTED = 14;
/** Lowest bits of an output that refers to another. */
export const CHAINED = 15;
/** Base and fail have 24 bits, ids and indices in the lists 28. */
const MAX_NODES = 2 ** 24;
const MAX_IDS = 2 ** 28;
const MAX_BYTES = 2 ** 31 - 8;
/** Of a list sixteen ids may be read, however many it has. */
const LISTED_OVERREAD = 64;

const SPACE = 0x20;

/**
 * Builds the automaton.
 *
 * Time: about linear in the characters. Memory: 12 bytes for each node of the trie, 4 for each id listed.
 *
 * @param patterns - in any order; equal ones are allowed
 * @param entryCount - above every id
 * @param wordIds - written into the block as they are
 * @param start - byte of the memory at which the block will lie, a multiple of 64
 * @returns the block, to be copied there
 * @throws {@link MetaclipError} `E_METADATA_FORMAT` if it has more than 16 million nodes or would end beyond 2 GiB
 */
export function packCharacters(
  patterns: readonly Pattern[],
  entryCount: number,
  wordIds: Uint32Array,
  start: number,
): Uint32Array {
  const trie = buildCharacterTrie(patterns);
  const { places, bases, placeCount } = placeNodes(trie);
  const { fails, goesOnAt } = linkFails(trie, places, bases);
  const { lists, outputOf } = listOutputs(trie, fails);
  const codesStart = start + HEADER_BYTES;
  const asciiStart = codesStart + CODE_TABLE_SIZE * 2;
  const nodesStart = asciiStart + 128 * 16;
  const listsStart = nodesStart + placeCount * NODE_NUMBERS * 4;
  const wordIdsStart = listsStart + lists.length * 4;
  const end = Math.ceil((wordIdsStart + wordIds.length * 4 + LISTED_OVERREAD) / 64) * 64;
  if (placeCount > MAX_NODES || Math.max(lists.length, entryCount) > MAX_IDS || end > MAX_BYTES) {
    throw new MetaclipError(
      'E_METADATA_FORMAT',
      `the automaton would have ${placeCount} nodes and ${end} bytes`,
      {
        hint: 'split the metadata list; the limits are 16 million nodes and 2 GiB',
      },
    );
  }
  const block = new Uint32Array((end - start) / 4);
  for (const [position, value] of [
    [CHARACTER_HEADER.entryCount, entryCount],
    [CHARACTER_HEADER.codes, codesStart],
    [CHARACTER_HEADER.ascii, asciiStart],
    [CHARACTER_HEADER.nodes, nodesStart],
    [CHARACTER_HEADER.lists, listsStart],
    [CHARACTER_HEADER.wordIds, wordIdsStart],
    [CHARACTER_HEADER.wordCount, wordIds.length],
    [CHARACTER_HEADER.end, end],
    [CHARACTER_HEADER.patternCount, patterns.length],
  ] as const) {
    block[position] = value;
  }
  new Uint16Array(block.buffer, HEADER_BYTES, CODE_TABLE_SIZE).set(trie.codes);
  writeAscii(block.subarray((asciiStart - start) / 4), trie.codes);
  const nodes = block.subarray((nodesStart - start) / 4);
  for (let node = 1; node < places.length; node++) {
    const from = goesOnAt[node]!;
    const fail = places[goesOnAt[fails[from]!]!]!;
    const at = places[node]! * NODE_NUMBERS;
    nodes[at] = bases[from]! | (fail << 24);
    nodes[at + 1] = (fail >>> 8) | (trie.characters[node]! << 16);
    nodes[at + 2] = outputOf[node]!;
  }
  block.set(lists, (listsStart - start) / 4);
  block.set(wordIds, (wordIdsStart - start) / 4);
  return block;
}

/** What becomes of each ASCII character by the spacing rule. */
function writeAscii(table: Uint32Array, codes: Uint16Array): void {
  const classes = makeByteClasses();
  const space = codes[SPACE]!;
  for (let byte = 0; byte < 128; byte++) {
    const byteClass = classes[byte]!;
    const isToken = (byteClass & BYTE_IS_TOKEN) !== 0;
    const isBlank = !isToken && (byteClass & BYTE_ENDS_TOKEN) !== 0;
    const row = isToken ? [space, codes[byte]!, space, 3] : [isBlank ? space : codes[byte]!, 0, 0, 1];
    table.set(row, byte * 4);
  }
}

/** By node its fail, and the nearest node on its way of fails that has children, itself included. */
function linkFails(
  { firstChild, parents, characters }: CharacterTrie,
  places: Int32Array,
  bases: Int32Array,
): { fails: Int32Array; goesOnAt: Int32Array } {
  const nodeCount = parents.length;
  const highest = places.reduce((most, place) => Math.max(most, place), 0);
  const nodesByPlace = new Int32Array(highest + 1);
  for (let node = 1; node < nodeCount; node++) nodesByPlace[places[node]!] = node;
  const fails = new Int32Array(nodeCount);
  const goesOnAt = new Int32Array(nodeCount);
  for (let node = 1; node < nodeCount; node++) {
    const parent = parents[node]!;
    for (let suffix = parent; suffix !== 0;) {
      suffix = fails[suffix]!;
      const child = nodesByPlace[bases[suffix]! + characters[node]!] ?? 0;
      if (child !== 0 && parents[child] === suffix) {
        fails[node] = child;
        break;
      }
    }
    goesOnAt[node] = firstChild[node] === firstChild[node + 1] ? goesOnAt[fails[node]!]! : node;
  }
  return { fails, goesOnAt };
}

/** The lists of ids, and by node its output. */
function listOutputs(
  { idEnds, ids, parents }: CharacterTrie,
  fails: Int32Array,
): { lists: Uint32Array; outputOf: Uint32Array } {
  const lists: number[] = [];
  const outputOf = new Uint32Array(parents.length);
  for (let node = 1; node < parents.length; node++) {
    const inherited = outputOf[fails[node]!]!;
    const first = idEnds[node - 1]!;
    const last = idEnds[node]!;
    if (first === last) {
      outputOf[node] = inherited;
      continue;
    }
    const inheritedCount = inherited & 15;
    const count = last - first + inheritedCount;
    if (count === 1) {
      outputOf[node] = ids[first]! * 16 + 1;
      continue;
    }
    const isChained = inheritedCount === CHAINED || count > MAX_LISTED;
    outputOf[node] = lists.length * 16 + (isChained ? CHAINED : count);
    if (isChained) lists.push(last - first);
    for (let at = first; at < last; at++) lists.push(ids[at]!);
    if (isChained) lists.push(inherited);
    else if (inheritedCount === 1) lists.push(inherited >>> 4);
    else for (let at = 0; at < inheritedCount; at++) lists.push(lists[(inherited >>> 4) + at]!);
  }
  return { lists: Uint32Array.from(lists), outputOf };
}
