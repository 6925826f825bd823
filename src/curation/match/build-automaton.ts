/**
 * Packs a token trie into the search form (layout: automaton.ts), in five steps: encode the words and sort them
 * by length class; choose table sizes; place the words; place the edges and set the neighbour masks; write the groups.
 * Same list and compat give the same bytes.
 */
import type { EntryList } from '../../metadata/entry-list.ts';
import { formatError } from '../../metadata/entry-list.ts';
import type { Compat } from '../compat.ts';
import * as layout from './automaton.ts';
import type { PackedAutomaton } from './automaton.ts';
import { deepBit, extendHash, hashEdge, hashLong, hashShort, neighbourBit } from './token-hash.ts';
import { SPACED_PUNCTUATION } from './spacing.ts';
import { BucketTable } from './bucket-table.ts';
import { buildTrie } from './token-trie.ts';
import type { TokenTrie } from './token-trie.ts';

const { HEADER } = layout;

/** Tables are at most this full; as their sizes are powers of two, at least half of it. */
const MAX_LOAD = 0.72;
/** Longest run of full buckets, which bounds every search: 13 in the reference list; beyond it the next seed is tried. */
const MAX_PROBES = 256;
const MAX_SEEDS = 8;

/**
 * Builds the automaton of a list.
 *
 * Complexity: linear; 500,000 entries take 0.6 s on one core and make 17 MiB.
 *
 * @param list - checked entries
 * @param compat - the matching rule, see {@link tokenizeEntry}
 * @returns the search form in memory that threads can share; the caller owns it
 * @throws {MetaclipError} `E_METADATA_FORMAT` if the list is too large for one block of memory, or its tokens collide under
 *   every seed (not known to be possible)
 */
export function buildAutomaton(list: EntryList, compat: Compat): PackedAutomaton {
  const trie = buildTrie(list, compat);
  // Frequent in every text, so better found at once than sought in vain.
  const punctuation = SPACED_PUNCTUATION.split('').filter((mark) => !trie.words.includes(mark));
  const words = encodeWords([...trie.words, ...punctuation]);
  const fingerprint = Buffer.from(list.fingerprint, 'hex');
  for (let attempt = 0; attempt < MAX_SEEDS; attempt++) {
    const shared = new Packer(trie, words, fingerprint.readInt32LE(attempt * 4), list).pack();
    if (shared === undefined) continue;
    Buffer.from(shared).set(fingerprint, HEADER.fingerprint * 4);
    return layout.attachAutomaton(shared);
  }
  throw formatError(list.source, `its tokens collide under ${MAX_SEEDS} seeds of the hash`, {});
}

/** All words as UTF-8, one after the other, each at a multiple of 4 and followed by at least 16 zeros. */
interface EncodedWords {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly starts: Int32Array;
  readonly lengths: Int32Array;
}

const WORD_PADDING_BYTES = 20;

function encodeWords(words: readonly string[]): EncodedWords {
  let capacityBytes = 0;
  for (const word of words) capacityBytes += word.length * 3 + WORD_PADDING_BYTES;
  const bytes = new Uint8Array(capacityBytes);
  const starts = new Int32Array(words.length);
  const lengths = new Int32Array(words.length);
  const buffer = Buffer.from(bytes.buffer);
  let used = 0;
  for (const [word, text] of words.entries()) {
    const length = buffer.write(text, used, 'utf8');
    starts[word] = used;
    lengths[word] = length;
    used = (used + length + WORD_PADDING_BYTES) & ~3;
  }
  return { bytes, view: new DataView(bytes.buffer), starts, lengths };
}

/** One attempt at packing under one seed. */
class Packer {
  readonly #trie: TokenTrie;
  readonly #words: EncodedWords;
  readonly #seed: number;
  readonly #list: EntryList;
  #sizeBytes = layout.FIRST_TABLE_START;
  #numbers: Int32Array = new Int32Array(0);
  #pool: Uint8Array = new Uint8Array(0);
  #poolUsed = 0;

  constructor(trie: TokenTrie, words: EncodedWords, seed: number, list: EntryList) {
    this.#trie = trie;
    this.#words = words;
    this.#seed = seed;
    this.#list = list;
  }

  /** @returns the block without fingerprint and checksum, or undefined if some run of full buckets is too long */
  pack(): SharedArrayBuffer | undefined {
    const trie = this.#trie;
    const { lengths } = this.#words;
    const countOfClass = [0, 0, 0, 0];
    let poolBytes = 0;
    let maxTokenBytes = 0;
    for (const length of lengths) {
      maxTokenBytes = Math.max(maxTokenBytes, length);
      if (length > 16) poolBytes += length;
      const lengthClass = classOf(length);
      countOfClass[lengthClass] = (countOfClass[lengthClass] ?? 0) + 1;
    }
    const groupLength = trie.groups.reduce((sum, group) => sum + 1 + group.length, 0);

    const short = this.#reserve(countOfClass[0] ?? 0, 4);
    const medium = this.#reserve(countOfClass[1] ?? 0, 4);
    const long = this.#reserve(countOfClass[2] ?? 0, 2);
    const edges = this.#reserve(trie.edgeStates.length, 4);
    const huge = this.#reserve(countOfClass[3] ?? 0, 1);
    const groupStart = this.#sizeBytes;
    const poolStart = groupStart + groupLength * 4;
    this.#sizeBytes = poolStart + Math.ceil(poolBytes / 4) * 4;
    if (this.#sizeBytes > layout.MAX_AUTOMATON_BYTES) {
      throw formatError(this.#list.source, `its automaton would take ${this.#sizeBytes} bytes`, {
        sizeBytes: this.#sizeBytes,
        limitBytes: layout.MAX_AUTOMATON_BYTES,
      });
    }

    const shared = new SharedArrayBuffer(this.#sizeBytes);
    const numbers = new Int32Array(shared);
    this.#numbers = numbers;
    this.#pool = new Uint8Array(shared, poolStart, poolBytes);
    this.#writeConstants();
    const groupReferences = this.#writeGroups(groupStart);
    const records = this.#placeWords([short, medium, long, huge]);
    if (records === undefined) return undefined;
    for (const [word, reference] of trie.wordEntries.entries()) {
      numbers[(records[word] ?? 0) >> 2] = resolveReference(reference, groupReferences);
    }
    if (!this.#placeEdges(edges, records, groupReferences)) return undefined;

    numbers[HEADER.magic] = layout.AUTOMATON_MAGIC;
    numbers[HEADER.version] = layout.LAYOUT_VERSION;
    numbers[HEADER.sizeBytes] = this.#sizeBytes;
    numbers[HEADER.compat] = trie.compat === 'metaclip' ? 0 : 1;
    numbers[HEADER.entryCount] = trie.entryCount;
    numbers[HEADER.seed] = this.#seed;
    numbers[HEADER.maxEntryTokens] = trie.maxEntryTokens;
    numbers[HEADER.maxTokenBytes] = maxTokenBytes;
    for (const [position, table] of [
      [HEADER.shortStart, short],
      [HEADER.mediumStart, medium],
      [HEADER.longStart, long],
      [HEADER.hugeStart, huge],
      [HEADER.edgeStart, edges],
    ] as const) {
      numbers[position] = table.start;
      numbers[position + 1] = table.shift;
    }
    numbers[HEADER.groupStart] = groupStart;
    numbers[HEADER.groupLength] = groupLength;
    numbers[HEADER.poolStart] = poolStart;
    numbers[HEADER.poolBytes] = poolBytes;
    numbers[HEADER.wordCount] = trie.words.length;
    numbers[HEADER.edgeCount] = trie.edgeStates.length;
    return shared;
  }

  #reserve(keyCount: number, places: number): BucketTable {
    // Two buckets at least, and never full: a search must meet a free place.
    let shift = 31;
    while (keyCount > 2 ** (32 - shift) * places * MAX_LOAD) shift--;
    const bucketBytes = places === 1 ? layout.HUGE_BYTES : layout.BUCKET_BYTES;
    const table = new BucketTable(this.#sizeBytes, shift, places, bucketBytes);
    this.#sizeBytes += table.sizeBytes;
    return table;
  }

  /** For a token of 0-8 bytes the bits that belong to it; and the null record for each byte. */
  #writeConstants(): void {
    const numbers = this.#numbers;
    for (let length = 0; length <= 8; length++) {
      const low = length >= 4 ? -1 : (1 << (8 * length)) - 1;
      const high = length >= 8 ? -1 : length <= 4 ? 0 : (1 << (8 * (length - 4))) - 1;
      numbers.set([low, high], layout.LENGTHS_START / 4 + length * 2);
    }
    numbers[layout.FULL_BUCKET / 4 + 6] = 256;
    const singles = layout.SINGLE_BYTES_START / 4;
    numbers.fill(layout.NULL_RECORD, singles, singles + layout.EMPTY_TOKEN_INDEX + 1);
  }

  /** @returns for each group of the trie the entry reference of its place in the block */
  #writeGroups(groupStart: number): number[] {
    let at = groupStart;
    return this.#trie.groups.map((group) => {
      const reference = -at;
      this.#numbers[at >> 2] = group.length;
      this.#numbers.set(group, (at >> 2) + 1);
      at += 4 + group.length * 4;
      return reference;
    });
  }

  /** @returns the record of each word, or undefined if some run of full buckets is too long */
  #placeWords(tables: readonly [BucketTable, BucketTable, BucketTable, BucketTable]): Int32Array | undefined {
    const { lengths, starts, view, bytes } = this.#words;
    const seed = this.#seed;
    for (const word of byFrequency(this.#trie, lengths.length)) {
      const length = lengths[word] ?? 0;
      const start = starts[word] ?? 0;
      if (length === 0) continue;
      const a = view.getInt32(start, true);
      const b = view.getInt32(start + 4, true);
      let hash = hashShort(seed, a, b);
      if (length > 8)
        hash = hashLong(seed, a, b, view.getInt32(start + 8, true), view.getInt32(start + 12, true));
      for (let at = 16; at < length; at += 4) hash = extendHash(hash, view.getInt32(start + at, true));
      if (!tables[classOf(length)].add(word, hash, MAX_PROBES)) return undefined;
    }
    const records = new Int32Array(lengths.length);
    for (const [lengthClass, table] of tables.entries()) {
      table.arrange((word, other) => {
        const start = starts[word] ?? 0;
        const otherStart = starts[other] ?? 0;
        const difference = view.getUint32(start + 4, true) - view.getUint32(otherStart + 4, true);
        return difference === 0 ? view.getUint32(start, true) - view.getUint32(otherStart, true) : difference;
      });
      table.forEach((word, bucket, place) => {
        const start = starts[word] ?? 0;
        const length = lengths[word] ?? 0;
        if (lengthClass === 3) {
          this.#numbers.set([length, this.#poolUsed], (bucket >> 2) + 2);
          this.#pool.set(bytes.subarray(start, start + length), this.#poolUsed);
          this.#poolUsed += length;
          records[word] = bucket;
          return;
        }
        const key = (bucket >> 2) + place * 2;
        this.#numbers.set([view.getInt32(start, true), view.getInt32(start + 4, true)], key);
        if (lengthClass === 2) {
          this.#numbers.set([view.getInt32(start + 8, true), view.getInt32(start + 12, true)], key + 4);
        }
        records[word] = bucket + layout.BUCKET_REFERENCES + place * 4;
      });
    }
    const singles = layout.SINGLE_BYTES_START / 4;
    for (const [word, length] of lengths.entries()) {
      if (length === 0) {
        records[word] = layout.EMPTY_BUCKET + layout.BUCKET_REFERENCES;
        this.#numbers[singles + layout.EMPTY_TOKEN_INDEX] = records[word];
      } else if (length === 1) {
        this.#numbers[singles + (bytes[starts[word] ?? 0] ?? 0)] = records[word] ?? 0;
      }
    }
    return records;
  }

  #placeEdges(edges: BucketTable, records: Int32Array, groupReferences: readonly number[]): boolean {
    const { edgeStates, edgeWords, edgeEntries, edgeNextStates, deepStateCount } = this.#trie;
    const numbers = this.#numbers;
    const followers = new Uint8Array(deepStateCount);
    for (let edge = 0; edge < edgeStates.length; edge++) {
      const state = edgeStates[edge] ?? 0;
      if (state % 2 === 1) {
        const number = (state - 1) / 2;
        followers[number] = (followers[number] ?? 0) | (1 << deepBit(records[edgeWords[edge] ?? 0] ?? 0));
      }
    }
    // Even states of the trie are words, odd ones are deeper.
    const stateOf = (edge: number): number => {
      const state = edgeStates[edge] ?? 0;
      return state % 2 === 0 ? (records[state / 2] ?? 0) : layout.DEEP_STATE | ((state - 1) / 2);
    };
    const wordOf = (edge: number): number => records[edgeWords[edge] ?? 0] ?? 0;
    for (let edge = 0; edge < edgeStates.length; edge++) {
      if (!edges.add(edge, hashEdge(this.#seed, stateOf(edge), wordOf(edge)), MAX_PROBES)) return false;
    }
    edges.arrange((edge, other) => {
      const difference = wordOf(edge) - wordOf(other);
      return difference === 0 ? (stateOf(edge) >>> 0) - (stateOf(other) >>> 0) : difference;
    });
    edges.forEach((edge, bucket, place) => {
      const state = stateOf(edge);
      const word = wordOf(edge);
      numbers[(bucket >> 2) + place * 2] = state;
      numbers[(bucket >> 2) + place * 2 + 1] = word;
      const at = (bucket + layout.BUCKET_REFERENCES + place * 4) >> 2;
      numbers[at] = resolveReference(edgeEntries[edge] ?? 0, groupReferences);
      const trieNext = edgeNextStates[edge] ?? -1;
      if (trieNext >= 0) {
        const next = (trieNext - 1) / 2;
        numbers[at + layout.TO_MASKS / 4] = ((followers[next] ?? 0) << layout.DEEP_NUMBER_BITS) | next;
      }
      if ((edgeStates[edge] ?? 0) % 2 === 0) {
        const stateMasks = (state + layout.TO_MASKS) >> 2;
        const wordMasks = (word + layout.TO_MASKS) >> 2;
        numbers[stateMasks] = (numbers[stateMasks] ?? 0) | (1 << neighbourBit(word));
        numbers[wordMasks] = (numbers[wordMasks] ?? 0) | (1 << (16 + neighbourBit(state)));
      }
    });
    return true;
  }
}

/**
 * Words that stand in more entries of several tokens first: the best guess at what is frequent in texts that a list allows.
 * Among equals in the list's order.
 */
function byFrequency({ words, edgeStates, edgeWords }: TokenTrie, wordCount: number): Int32Array {
  const MOST = 255;
  const degrees = new Uint8Array(wordCount);
  // Punctuation.
  degrees.fill(MOST, words.length);
  const add = (word: number): void => {
    degrees[word] = Math.min(MOST, (degrees[word] ?? 0) + 1);
  };
  for (const [edge, state] of edgeStates.entries()) {
    if (state % 2 === 0) add(state / 2);
    add(edgeWords[edge] ?? 0);
  }
  const starts = new Int32Array(MOST + 2);
  for (const degree of degrees) starts[MOST - degree + 1] = (starts[MOST - degree + 1] ?? 0) + 1;
  for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0);
  const ordered = new Int32Array(wordCount);
  for (const [word, degree] of degrees.entries()) {
    const at = starts[MOST - degree] ?? 0;
    ordered[at] = word;
    starts[MOST - degree] = at + 1;
  }
  return ordered;
}

/** 0 for the empty token too: it has a record of its own, and one place too many does no harm. */
function classOf(length: number): 0 | 1 | 2 | 3 {
  if (length <= 4) return 0;
  if (length <= 8) return 1;
  return length <= 16 ? 2 : 3;
}

function resolveReference(reference: number, groupReferences: readonly number[]): number {
  return reference >= 0 ? reference : (groupReferences[-reference - 1] ?? 0);
}
