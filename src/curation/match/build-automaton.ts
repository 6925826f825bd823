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
import { bucketOf, deepBit, extendHash, hashEdge, hashLong, hashShort, neighbourBit } from './token-hash.ts';
import { buildTrie } from './token-trie.ts';
import type { TokenTrie } from './token-trie.ts';

const { HEADER } = layout;

/** How full tables are: at 0.7 a quarter of the buckets have no free place, which a token in no entry has to see. */
const LOAD = 0.7;
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
  const words = encodeWords(trie.words);
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

/** A table while it is filled. */
interface Table {
  /** First byte. */
  readonly start: number;
  readonly buckets: number;
  /** Keys of a bucket, and numbers of a key. */
  readonly places: number;
  readonly keyNumbers: number;
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

    const short = this.#reserve(countOfClass[0] ?? 0, 4, 2);
    const medium = this.#reserve(countOfClass[1] ?? 0, 4, 2);
    const long = this.#reserve(countOfClass[2] ?? 0, 2, 4);
    const edges = this.#reserve(trie.edgeStates.length, 4, 2);
    const huge = this.#reserve(countOfClass[3] ?? 0, 1, 0);
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
    this.#writeLengths(short, medium);
    const groupReferences = this.#writeGroups(groupStart);
    const records = new Int32Array(lengths.length);
    for (const word of byFrequency(trie)) {
      const record = this.#placeWord(word, [short, medium, long, huge]);
      if (record === undefined) return undefined;
      records[word] = record;
      numbers[record >> 2] = resolveReference(trie.wordEntries[word] ?? 0, groupReferences);
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
      numbers[position + 1] = table.buckets;
    }
    numbers[HEADER.groupStart] = groupStart;
    numbers[HEADER.groupLength] = groupLength;
    numbers[HEADER.poolStart] = poolStart;
    numbers[HEADER.poolBytes] = poolBytes;
    numbers[HEADER.wordCount] = lengths.length;
    numbers[HEADER.edgeCount] = trie.edgeStates.length;
    return shared;
  }

  #reserve(keyCount: number, places: number, keyNumbers: number): Table {
    // One more than needed: a search must meet a free place.
    const buckets = Math.ceil(keyCount / (places * LOAD)) + 1;
    const table = { start: this.#sizeBytes, buckets, places, keyNumbers };
    const bytes = buckets * (places === 1 ? layout.HUGE_BYTES : layout.BUCKET_BYTES);
    this.#sizeBytes += Math.ceil(bytes / layout.BUCKET_BYTES) * layout.BUCKET_BYTES;
    return table;
  }

  /** For a token of 0-8 bytes the bits that belong to it, and its table; and the null record for each byte. */
  #writeLengths(short: Table, medium: Table): void {
    const numbers = this.#numbers;
    for (let length = 0; length <= 8; length++) {
      const low = length >= 4 ? -1 : (1 << (8 * length)) - 1;
      const high = length >= 8 ? -1 : length <= 4 ? 0 : (1 << (8 * (length - 4))) - 1;
      const { start, buckets } = length <= 4 ? short : medium;
      const row =
        length === 0 ? [0, 0, layout.EMPTY_BUCKET, 1] : [low, high, start, buckets];
      numbers.set(row, layout.LENGTHS_START / 4 + length * 4);
    }
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

  #placeWord(word: number, [short, medium, long, huge]: readonly [Table, Table, Table, Table]): number | undefined {
    const length = this.#words.lengths[word] ?? 0;
    const start = this.#words.starts[word] ?? 0;
    const singles = layout.SINGLE_BYTES_START / 4;
    if (length === 0) {
      const record = layout.EMPTY_BUCKET + layout.BUCKET_REFERENCES;
      this.#numbers[singles + layout.EMPTY_TOKEN_INDEX] = record;
      return record;
    }
    const { view } = this.#words;
    const a = view.getInt32(start, true);
    const b = view.getInt32(start + 4, true);
    const c = view.getInt32(start + 8, true);
    const d = view.getInt32(start + 12, true);
    const seed = this.#seed;
    switch (classOf(length)) {
      case 0: {
        const record = this.#place(short, hashShort(seed, a, b), [a, b]);
        if (record !== undefined && length === 1) this.#numbers[singles + a] = record;
        return record;
      }
      case 1:
        return this.#place(medium, hashShort(seed, a, b), [a, b]);
      case 2:
        return this.#place(long, hashLong(seed, a, b, c, d), [a, b, c, d]);
      default: {
        let hash = hashLong(seed, a, b, c, d);
        for (let at = 16; at < length; at += 4) hash = extendHash(hash, view.getInt32(start + at, true));
        const record = this.#placeHuge(huge, hash);
        if (record === undefined) return undefined;
        this.#numbers.set([hash, length, this.#poolUsed], (record >> 2) + 1);
        this.#pool.set(this.#words.bytes.subarray(start, start + length), this.#poolUsed);
        this.#poolUsed += length;
        return record;
      }
    }
  }

  #placeEdges(edges: Table, records: Int32Array, groupReferences: readonly number[]): boolean {
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
    for (let edge = 0; edge < edgeStates.length; edge++) {
      // Even states of the trie are words, odd ones are deeper.
      const trieState = edgeStates[edge] ?? 0;
      const isFirst = trieState % 2 === 0;
      const state = isFirst ? (records[trieState / 2] ?? 0) : layout.DEEP_STATE | ((trieState - 1) / 2);
      const word = records[edgeWords[edge] ?? 0] ?? 0;
      const at = this.#place(edges, hashEdge(this.#seed, state, word), [state, word]);
      if (at === undefined) return false;
      const trieNext = edgeNextStates[edge] ?? -1;
      numbers[at >> 2] = resolveReference(edgeEntries[edge] ?? 0, groupReferences);
      if (trieNext >= 0) {
        const next = (trieNext - 1) / 2;
        numbers[(at + layout.TO_MASKS) >> 2] = ((followers[next] ?? 0) << layout.DEEP_NUMBER_BITS) | next;
      }
      if (isFirst) {
        const stateMasks = (state + layout.TO_MASKS) >> 2;
        const wordMasks = (word + layout.TO_MASKS) >> 2;
        numbers[stateMasks] = (numbers[stateMasks] ?? 0) | (1 << neighbourBit(word));
        numbers[wordMasks] = (numbers[wordMasks] ?? 0) | (1 << (16 + neighbourBit(state)));
      }
    }
    return true;
  }

  /** Writes a key at the first free place; what is placed is distinct, so nothing needs comparing. Gives where it is known from. */
  #place(table: Table, hash: number, key: readonly number[]): number | undefined {
    const { start, buckets, places, keyNumbers } = table;
    const numbers = this.#numbers;
    let bucket = bucketOf(hash, buckets);
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const address = start + bucket * layout.BUCKET_BYTES;
      for (let place = 0; place < places; place++) {
        const at = (address >> 2) + place * keyNumbers;
        // The first number of a token, the second of an edge, is never 0.
        if (numbers[at] !== 0 || numbers[at + 1] !== 0) continue;
        numbers.set(key, at);
        return address + layout.BUCKET_REFERENCES + place * 4;
      }
      bucket = bucket + 1 === buckets ? 0 : bucket + 1;
    }
    return undefined;
  }

  #placeHuge({ start, buckets }: Table, hash: number): number | undefined {
    let place = bucketOf(hash, buckets);
    for (let probes = 0; probes < MAX_PROBES; probes++) {
      const record = start + place * layout.HUGE_BYTES;
      if (this.#numbers[(record >> 2) + 2] === 0) return record;
      place = place + 1 === buckets ? 0 : place + 1;
    }
    return undefined;
  }
}

/**
 * Words that stand in more entries of several tokens first: the best guess at what is frequent in texts that a list allows.
 * Among equals in the list's order.
 */
function byFrequency({ words, edgeStates, edgeWords }: TokenTrie): Int32Array {
  const MOST = 255;
  const degrees = new Uint8Array(words.length);
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
  const ordered = new Int32Array(words.length);
  for (const [word, degree] of degrees.entries()) {
    const at = starts[MOST - degree] ?? 0;
    ordered[at] = word;
    starts[MOST - degree] = at + 1;
  }
  return ordered;
}

/** 0 for the empty token too: it has a record of its own, and one place too many does no harm. */
function classOf(length: number): number {
  if (length <= 4) return 0;
  if (length <= 8) return 1;
  return length <= 16 ? 2 : 3;
}

function resolveReference(reference: number, groupReferences: readonly number[]): number {
  return reference >= 0 ? reference : (groupReferences[-reference - 1] ?? 0);
}
