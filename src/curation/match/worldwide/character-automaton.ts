/* eslint-disable @typescript-eslint/no-non-null-assertion -- typed arrays indexed below their length; a default would only hide a wrong index */
/**
 * The search form of the entries that may stand in the middle of a run of characters: an Aho-Corasick automaton (1975) as a
 * double array, in one block of memory. The kernel `worldwide` and its twin {@link WorldwideMatcher} walk it.
 *
 * All places are bytes of the memory in which the block lies. It starts with a header of 32-bit numbers:
 *
 *   number  meaning
 *   0       entries of the list
 *   1       code table: 196,608 16-bit numbers, by code point that of a character, 0 if it is in no entry
 *   2       ASCII table: for each of 128 bytes four numbers, the places of up to three characters, and how many
 *   3       nodes: 16 bytes each; a character is known by the place of the root's child by it
 *   4       outputs
 *   5       word ids: the id in the list of each entry of the token automaton
 *   6       count of these
 *   7       end of the block
 *   8       count of patterns
 *
 * A *node* is four numbers, so that none straddles two cache lines:
 *
 *   +0   base: the child by a character lies at base + the character's place
 *   +4   fail: where to look when there is no such child, a node that has children; 0 is the root
 *   +8   output: in the lowest four bits how many entries end here. 0: none; 1: above them its id; 2-14: above them the place of
 *        a list of their ids; 15: see below
 *   +12  the character that leads here; no two bases are equal, so it proves whose child this is. 0 where nobody's
 *
 * A node without children has base and fail of the next one on its way of fails that has some: where it would be sought anyway.
 * Where the root has no child by a character there is a node like the root itself, so the root needs no second look.
 *
 * An *output* holds the ids of all entries that end at a node, also those along the way of fails, so that taking them is one
 * access to one place. With 15 in the lowest four bits of its place it is: a count, as many ids, and another output; that is
 * for nodes where more than 14 end, and keeps the block linear in the list.
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
  outputs: 4,
  wordIds: 5,
  wordCount: 6,
  end: 7,
  patternCount: 8,
});
const HEADER_BYTES = 64;
const NODE_BYTES = 16;
const NODE_NUMBERS = 4;
/** Ids that an output holds before it refers to another. */
const MAX_LISTED = 14;
/** Lowest bits of an output that refers to another. */
export const CHAINED = 15;
/** Outputs start at multiples of 16, so that four ids lie in one cache line. */
const OUTPUT_NUMBERS = 4;
const MAX_BYTES = 2 ** 31 - 8;
/** An id has 28 bits in an output. */
const MAX_ENTRIES = 2 ** 28;

const SPACE = 0x20;

/**
 * Builds the automaton.
 *
 * Time: about linear in the characters. Memory: some 24 bytes for each node of the trie and 16 for each pattern.
 *
 * @param patterns - in any order; equal ones are allowed
 * @param entryCount - above every id
 * @param wordIds - written into the block as they are
 * @param start - byte of the memory at which the block will lie, a multiple of 64
 * @returns the block, to be copied there
 * @throws {@link MetaclipError} `E_METADATA_FORMAT` if it would end beyond 2 GiB
 */
export function packCharacters(
  patterns: readonly Pattern[],
  entryCount: number,
  wordIds: Uint32Array,
  start: number,
): Uint32Array {
  const trie = buildCharacterTrie(patterns);
  const { places, bases, placeCount } = placeNodes(trie);
  const codesStart = start + HEADER_BYTES;
  const asciiStart = codesStart + CODE_TABLE_SIZE * 2;
  const nodesStart = asciiStart + 128 * 16;
  const outputsStart = nodesStart + placeCount * NODE_BYTES;
  const { fails, goesOnAt } = linkFails(trie, places, bases);
  const { outputs, outputOf } = listOutputs(trie, fails, outputsStart);
  const wordIdsStart = outputsStart + outputs.length * 4;
  const end = wordIdsStart + Math.ceil(wordIds.length / OUTPUT_NUMBERS) * OUTPUT_NUMBERS * 4;
  if (end > MAX_BYTES || entryCount > MAX_ENTRIES) {
    throw new MetaclipError('E_METADATA_FORMAT', `the automaton would take ${end} bytes, the limit is 2 GiB`, {
      hint: 'split the metadata list',
    });
  }
  const block = new Uint32Array((end - start) / 4);
  for (const [position, value] of [
    [CHARACTER_HEADER.entryCount, entryCount],
    [CHARACTER_HEADER.codes, codesStart],
    [CHARACTER_HEADER.ascii, asciiStart],
    [CHARACTER_HEADER.nodes, nodesStart],
    [CHARACTER_HEADER.outputs, outputsStart],
    [CHARACTER_HEADER.wordIds, wordIdsStart],
    [CHARACTER_HEADER.wordCount, wordIds.length],
    [CHARACTER_HEADER.end, end],
    [CHARACTER_HEADER.patternCount, patterns.length],
  ] as const) {
    block[position] = value;
  }
  new Uint16Array(block.buffer, HEADER_BYTES, CODE_TABLE_SIZE).set(trie.codes);
  const placeOf = (character: number): number => nodesStart + character * NODE_BYTES;
  writeAscii(block.subarray((asciiStart - start) / 4), (byte) => placeOf(trie.codes[byte]!));
  const nodes = block.subarray((nodesStart - start) / 4);
  for (let node = 1; node < places.length; node++) {
    const from = goesOnAt[node]!;
    const fail = goesOnAt[fails[from]!]!;
    const at = places[node]! * NODE_NUMBERS;
    nodes[at] = bases[from]! * NODE_BYTES;
    nodes[at + 1] = fail === 0 ? 0 : nodesStart + places[fail]! * NODE_BYTES;
    nodes[at + 2] = outputOf[node]!;
    nodes[at + 3] = placeOf(trie.characters[node]!);
  }
  block.set(outputs, (outputsStart - start) / 4);
  block.set(wordIds, (wordIdsStart - start) / 4);
  return block;
}

/** What becomes of each ASCII character by the spacing rule. */
function writeAscii(table: Uint32Array, placeOf: (byte: number) => number): void {
  const classes = makeByteClasses();
  const space = placeOf(SPACE);
  for (let byte = 0; byte < 128; byte++) {
    const byteClass = classes[byte]!;
    const isToken = (byteClass & BYTE_IS_TOKEN) !== 0;
    const isBlank = !isToken && (byteClass & BYTE_ENDS_TOKEN) !== 0;
    const row = isToken ? [space, placeOf(byte), space, 3] : [isBlank ? space : placeOf(byte), 0, 0, 1];
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

/** The lists of ids, and by node which of them, if any. */
function listOutputs(
  { idEnds, ids, parents }: CharacterTrie,
  fails: Int32Array,
  outputsStart: number,
): { outputs: Uint32Array; outputOf: Uint32Array } {
  const outputs: number[] = [];
  const outputOf = new Uint32Array(parents.length);
  for (let node = 1; node < parents.length; node++) {
    const inherited = outputOf[fails[node]!]!;
    const first = idEnds[node - 1]!;
    const last = idEnds[node]!;
    if (first === last) {
      outputOf[node] = inherited;
      continue;
    }
    const inheritedCount = inherited % 16;
    const count = last - first + inheritedCount;
    if (count === 1) {
      outputOf[node] = ids[first]! * 16 + 1;
      continue;
    }
    const isChained = inheritedCount === CHAINED || count > MAX_LISTED;
    outputOf[node] = outputsStart + outputs.length * 4 + (isChained ? CHAINED : count);
    if (isChained) outputs.push(last - first);
    for (let at = first; at < last; at++) outputs.push(ids[at]!);
    const listed = (inherited - inheritedCount - outputsStart) / 4;
    if (isChained) outputs.push(inherited);
    else if (inheritedCount === 1) outputs.push((inherited - 1) / 16);
    else for (let at = 0; at < inheritedCount; at++) outputs.push(outputs[listed + at]!);
    while (outputs.length % OUTPUT_NUMBERS !== 0) outputs.push(0);
  }
  return { outputs: Uint32Array.from(outputs), outputOf };
}
