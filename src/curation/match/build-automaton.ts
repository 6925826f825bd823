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
import { extendHash, hashEdge, hashLong, hashMedium, neighbourBit } from './token-hash.ts';
import { buildTrie } from './token-trie.ts';
import type { TokenTrie } from './token-trie.ts';

const { HEADER } = layout;

/** Tables are at most this full: at 0.72 a miss costs 7 steps on average, in neighbouring records. */
const MAX_LOAD = 0.72;
/** Longest run of full records, which bounds every search: 107 in the reference list; beyond it the next seed is tried. */
const MAX_PROBE_RECORDS = 1024;
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
  readonly base: number;
  readonly mask: number;
  readonly stride: number;
}

/** One attempt at packing under one seed. */
class Packer {
  readonly #trie: TokenTrie;
  readonly #words: EncodedWords;
  readonly #seed: number;
  readonly #list: EntryList;
  #numberCount = layout.FIRST_TABLE_BASE;
  #tables: Int32Array = new Int32Array(0);
  #pool: Uint8Array = new Uint8Array(0);
  #poolUsed = 0;

  constructor(trie: TokenTrie, words: EncodedWords, seed: number, list: EntryList) {
    this.#trie = trie;
    this.#words = words;
    this.#seed = seed;
    this.#list = list;
  }

  /** @returns the block without fingerprint and checksum, or undefined if some run of full records is too long */
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
    const long = this.#reserve(countOfClass[2] ?? 0, 8);
    const huge = this.#reserve(countOfClass[3] ?? 0, 8);
    const edges = this.#reserve(trie.edgeStates.length, 4);
    const groupBase = this.#numberCount;
    const poolBase = groupBase + groupLength;
    this.#numberCount = poolBase + Math.ceil(poolBytes / 4);
    const sizeBytes = layout.HEADER_BYTES + this.#numberCount * 4;
    // States deeper than one token are numbered past the tables, and must fit as well.
    if (sizeBytes + trie.deepStateCount > layout.MAX_AUTOMATON_BYTES) {
      throw formatError(this.#list.source, `its automaton would take ${sizeBytes} bytes`, {
        sizeBytes,
        limitBytes: layout.MAX_AUTOMATON_BYTES,
      });
    }

    const shared = new SharedArrayBuffer(sizeBytes);
    this.#tables = new Int32Array(shared, layout.HEADER_BYTES);
    this.#pool = new Uint8Array(shared, layout.HEADER_BYTES + poolBase * 4, poolBytes);
    const groupReferences = this.#writeGroups(groupBase);
    const records = new Int32Array(lengths.length);
    for (let word = 0; word < records.length; word++) {
      const record = this.#placeWord(word, [short, medium, long, huge]);
      if (record === undefined) return undefined;
      records[word] = record;
      this.#tables[record] = resolveReference(trie.wordEntries[word] ?? 0, groupReferences);
    }
    if (!this.#placeEdges(edges, records, groupReferences)) return undefined;

    const header = new Int32Array(shared, 0, layout.HEADER_BYTES / 4);
    header[HEADER.magic] = layout.AUTOMATON_MAGIC;
    header[HEADER.version] = layout.LAYOUT_VERSION;
    header[HEADER.sizeBytes] = sizeBytes;
    header[HEADER.compat] = trie.compat === 'metaclip' ? 0 : 1;
    header[HEADER.entryCount] = trie.entryCount;
    header[HEADER.seed] = this.#seed;
    header[HEADER.maxEntryTokens] = trie.maxEntryTokens;
    header[HEADER.maxTokenBytes] = maxTokenBytes;
    for (const [position, table] of [
      [HEADER.shortBase, short],
      [HEADER.mediumBase, medium],
      [HEADER.longBase, long],
      [HEADER.hugeBase, huge],
      [HEADER.edgeBase, edges],
    ] as const) {
      header[position] = table.base;
      header[position + 1] = table.mask;
    }
    header[HEADER.groupBase] = groupBase;
    header[HEADER.groupLength] = groupLength;
    header[HEADER.poolBase] = poolBase;
    header[HEADER.poolBytes] = poolBytes;
    header[HEADER.wordCount] = lengths.length;
    header[HEADER.edgeCount] = trie.edgeStates.length;
    return shared;
  }

  #reserve(recordCount: number, stride: number): Table {
    let capacity = 4; // never full: a search must meet a free record
    while (recordCount > capacity * MAX_LOAD) capacity *= 2;
    const table = { base: this.#numberCount, mask: (capacity - 1) * stride, stride };
    this.#numberCount += capacity * stride;
    return table;
  }

  /** @returns for each group of the trie the entry reference of its place in the block */
  #writeGroups(groupBase: number): number[] {
    let at = groupBase;
    return this.#trie.groups.map((group) => {
      const reference = -at;
      this.#tables[at] = group.length;
      this.#tables.set(group, at + 1);
      at += 1 + group.length;
      return reference;
    });
  }

  #placeWord(word: number, tables: readonly [Table, Table, Table, Table]): number | undefined {
    const length = this.#words.lengths[word] ?? 0;
    const start = this.#words.starts[word] ?? 0;
    if (length === 0) {
      this.#tables[layout.SINGLE_BYTE_BASE + layout.EMPTY_TOKEN_INDEX] = layout.EMPTY_RECORD;
      return layout.EMPTY_RECORD;
    }
    const { view } = this.#words;
    const a = view.getInt32(start, true);
    const b = view.getInt32(start + 4, true);
    const c = view.getInt32(start + 8, true);
    const d = view.getInt32(start + 12, true);
    const seed = this.#seed;
    switch (classOf(length)) {
      case 0: {
        const record = this.#claim(tables[0], hashMedium(seed, a, 0), 2);
        if (record === undefined) return undefined;
        this.#tables[record + 2] = a;
        if (length === 1) this.#tables[layout.SINGLE_BYTE_BASE + a] = record;
        return record;
      }
      case 1: {
        const record = this.#claim(tables[1], hashMedium(seed, a, b), 2);
        if (record !== undefined) this.#tables.set([a, b], record + 2);
        return record;
      }
      case 2: {
        const record = this.#claim(tables[2], hashLong(seed, a, b, c, d), 2);
        if (record !== undefined) this.#tables.set([a, b, c, d], record + 2);
        return record;
      }
      default: {
        let hash = hashLong(seed, a, b, c, d);
        for (let at = 16; at < length; at += 4) hash = extendHash(hash, view.getInt32(start + at, true));
        const record = this.#claim(tables[3], hash, 3);
        if (record === undefined) return undefined;
        this.#tables.set([hash, length, this.#poolUsed], record + 2);
        this.#pool.set(this.#words.bytes.subarray(start, start + length), this.#poolUsed);
        this.#poolUsed += length;
        return record;
      }
    }
  }

  #placeEdges(edges: Table, records: Int32Array, groupReferences: readonly number[]): boolean {
    const { edgeStates, edgeWords, edgeEntries, edgeNextStates } = this.#trie;
    const tables = this.#tables;
    // Even states of the trie are words, odd ones are deeper: those get the numbers past the end of the tables.
    const stateNumber = (state: number): number =>
      state % 2 === 0 ? (records[state / 2] ?? 0) : this.#numberCount + (state - 1) / 2;
    for (let edge = 0; edge < edgeStates.length; edge++) {
      const trieState = edgeStates[edge] ?? 0;
      const state = stateNumber(trieState);
      const word = records[edgeWords[edge] ?? 0] ?? 0;
      const at = this.#claim(edges, hashEdge(this.#seed, state, word), 1);
      if (at === undefined) return false;
      const nextState = edgeNextStates[edge] ?? -1;
      tables[at] = state;
      tables[at + 1] = word;
      tables[at + 2] = resolveReference(edgeEntries[edge] ?? 0, groupReferences);
      tables[at + 3] = nextState < 0 ? 0 : stateNumber(nextState);
      if (trieState % 2 === 0) {
        tables[state + 1] = (tables[state + 1] ?? 0) | (1 << neighbourBit(word));
        tables[word + 1] = (tables[word + 1] ?? 0) | (1 << (16 + neighbourBit(state)));
      }
    }
    return true;
  }

  /** Finds the free record for a hash; what is placed is distinct, so nothing needs comparing. */
  #claim(table: Table, hash: number, occupiedAt: number): number | undefined {
    let offset = Math.imul(hash, table.stride) & table.mask;
    for (let probed = 0; probed < MAX_PROBE_RECORDS; probed++) {
      const record = table.base + offset;
      if (this.#tables[record + occupiedAt] === 0) return record;
      offset = (offset + table.stride) & table.mask;
    }
    return undefined;
  }
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
