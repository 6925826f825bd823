/**
 * Counts byte strings in a fixed amount of memory. A table of typed arrays takes keys until it is full; then its keys are
 * sorted, written to a run file, and the table is empty again. {@link KeyCounter.finish} merges the runs into one file in
 * which every key stands once, in byte order (for UTF-8 that is the order of code points).
 *
 * Layout, for key i: bytes arena[starts[i], starts[i + 1]), counts[i]; slots holds pairs of numbers, the hash of a key and
 * i + 1, at the first free place from the hash on, 0 and 0 where there is none. Hash and number stand side by side because
 * the time goes into cache misses. The hash is the caller's, because a caller that walks over text has it already; equal
 * keys must come with equal hashes.
 */
import { join } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { mergeRuns } from './merge-runs.ts';
import { RunWriter } from './run-file.ts';
import { MAX_SORTED_KEYS, sortKeys } from './sort-keys.ts';
import type { SortedCounts } from './sorted-counts.ts';

/** Memory of one key beside its bytes: start, count, two slots on average, and what sorting needs. */
const BYTES_BESIDE_KEY = 4 + 8 + 16 + 12;
/** Bytes of a key that the arena is laid out for; longer ones make it spill earlier. */
const EXPECTED_KEY_BYTES = 18;
const FIRST_CAPACITY = 1 << 12;
/** Longest key: a record keeps its length in 16 bits. */
export const MAX_KEY_BYTES = 0xffff;

/** Where and how much. */
export interface KeyCounterOptions {
  /** Existing folder for run files; the caller removes it. */
  readonly folder: string;
  /** Start of the file names; unique in the folder. */
  readonly name: string;
  /** Bound of the table in bytes; while it grows to that the old half is held beside it. */
  readonly memoryBytes: number;
}

/** See the head of this file. */
export class KeyCounter {
  readonly #options: KeyCounterOptions;
  readonly #maxKeys: number;
  readonly #maxArenaBytes: number;
  readonly #runs: string[] = [];
  #arena = new Uint8Array(FIRST_CAPACITY * EXPECTED_KEY_BYTES);
  #starts = new Uint32Array(FIRST_CAPACITY + 1);
  #counts = new Float64Array(FIRST_CAPACITY);
  #slots = new Uint32Array(FIRST_CAPACITY * 4);
  #keyCount = 0;

  /** @param options - see {@link KeyCounterOptions} */
  constructor(options: KeyCounterOptions) {
    this.#options = options;
    const byMemory = Math.floor(options.memoryBytes / (BYTES_BESIDE_KEY + EXPECTED_KEY_BYTES));
    this.#maxKeys = Math.max(16, Math.min(MAX_SORTED_KEYS, byMemory));
    // Room for one key of the greatest length, or nothing could ever be taken.
    this.#maxArenaBytes = Math.max(this.#maxKeys * EXPECTED_KEY_BYTES, MAX_KEY_BYTES);
  }

  /** @returns how many run files have been written so far */
  get runCount(): number {
    return this.#runs.length;
  }

  /**
   * Adds to the count of a key; may write a run.
   *
   * @param bytes - holds the key; not kept
   * @param start - first byte of the key
   * @param end - behind its last byte; at most {@link MAX_KEY_BYTES} from the start
   * @param hash - any 32 bits that depend on nothing but the key
   * @param amount - a non-negative whole number
   */
  add(bytes: Uint8Array, start: number, end: number, hash: number, amount: number): void {
    const length = end - start;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const mixed = mix(hash);
    let slot = (mixed << 1) & mask;
    for (;;) {
      const key = (slots[slot + 1] ?? 0) - 1;
      if (key < 0) break;
      if (slots[slot] === mixed && this.#equals(key, bytes, start, length)) {
        this.#counts[key] = (this.#counts[key] ?? 0) + amount;
        return;
      }
      slot = (slot + 2) & mask;
    }
    this.#insert(bytes, start, length, mixed, amount);
  }

  /**
   * Adds to the count of a string.
   *
   * @param key - any well-formed string
   * @param amount - a non-negative whole number
   * @throws {@link MetaclipError} `E_INPUT_UNREADABLE` for a key over {@link MAX_KEY_BYTES}
   */
  addText(key: string, amount: number): void {
    const bytes = Buffer.from(key);
    if (bytes.length > MAX_KEY_BYTES) {
      throw new MetaclipError(
        'E_INPUT_UNREADABLE',
        `a key of ${bytes.length} bytes, the limit is ${MAX_KEY_BYTES}`,
        {
          hint: 'the input is no list of words or titles',
        },
      );
    }
    this.add(bytes, 0, bytes.length, hashBytes(bytes, 0, bytes.length), amount);
  }

  /**
   * Ends counting. The counter is of no more use afterwards.
   *
   * Memory: the table, then one buffer of 256 KiB a run (at most 64 runs at a time).
   *
   * @param breathe - awaited now and then, so that the event loop runs; throws to stop
   * @returns the counts in byte order of the keys, in a file of the folder
   */
  async finish(breathe: () => Promise<void>): Promise<SortedCounts> {
    this.#spill();
    this.#arena = new Uint8Array(0);
    this.#slots = new Uint32Array(0);
    this.#starts = new Uint32Array(0);
    this.#counts = new Float64Array(0);
    return mergeRuns(this.#runs, join(this.#options.folder, `${this.#options.name}-sorted`), breathe);
  }

  #equals(key: number, bytes: Uint8Array, start: number, length: number): boolean {
    const from = this.#starts[key] ?? 0;
    if ((this.#starts[key + 1] ?? 0) - from !== length) return false;
    const arena = this.#arena;
    for (let i = 0; i < length; i++) if (arena[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #insert(bytes: Uint8Array, start: number, length: number, hash: number, amount: number): void {
    this.#makeRoom(length);
    const key = this.#keyCount++;
    const from = this.#starts[key] ?? 0;
    const arena = this.#arena;
    for (let i = 0; i < length; i++) arena[from + i] = bytes[start + i] ?? 0;
    this.#starts[key + 1] = from + length;
    this.#counts[key] = amount;
    this.#place(key + 1, hash);
  }

  #place(number: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    while (slots[slot + 1] !== 0) slot = (slot + 2) & mask;
    slots[slot] = hash;
    slots[slot + 1] = number;
  }

  // Grows or spills until one more key fits.
  #makeRoom(length: number): void {
    const used = this.#starts[this.#keyCount] ?? 0;
    if (this.#keyCount >= this.#maxKeys || used + length > this.#maxArenaBytes) this.#spill();
    const from = this.#starts[this.#keyCount] ?? 0;
    if (from + length > this.#arena.length) {
      const wanted = Math.max(this.#arena.length * 2, from + length);
      const arena = new Uint8Array(Math.min(this.#maxArenaBytes, wanted));
      arena.set(this.#arena.subarray(0, from));
      this.#arena = arena;
    }
    if (this.#keyCount < this.#counts.length) return;
    const capacity = Math.min(this.#maxKeys, this.#counts.length * 2);
    this.#starts = enlarge(this.#starts, new Uint32Array(capacity + 1));
    this.#counts = enlarge(this.#counts, new Float64Array(capacity));
    // At most two thirds full: a fuller table costs longer walks than it saves memory.
    const old = this.#slots;
    let slotCount = old.length / 2;
    while (slotCount * 2 < capacity * 3) slotCount *= 2;
    this.#slots = new Uint32Array(slotCount * 2);
    for (let at = 0; at < old.length; at += 2) {
      const number = old[at + 1] ?? 0;
      if (number !== 0) this.#place(number, old[at] ?? 0);
    }
  }

  #spill(): void {
    if (this.#keyCount === 0) return;
    const order = sortKeys(this.#arena, this.#starts, this.#keyCount);
    const path = join(this.#options.folder, `${this.#options.name}-run-${this.#runs.length}`);
    const writer = new RunWriter(path);
    try {
      for (const key of order) {
        writer.write(this.#arena, this.#starts[key] ?? 0, this.#starts[key + 1] ?? 0, this.#counts[key] ?? 0);
      }
    } finally {
      writer.close();
    }
    this.#runs.push(path);
    this.#keyCount = 0;
    this.#slots.fill(0);
  }
}

/**
 * @param bytes - holds a key
 * @param start - first byte
 * @param end - behind the last byte
 * @returns FNV-1a, 32 bits
 */
export function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = HASH_SEED;
  for (let i = start; i < end; i++) hash = hashByte(hash, bytes[i] ?? 0);
  return hash;
}

/** Hash of nothing, to be continued with {@link hashByte}. */
export const HASH_SEED = 0x811c9dc5 | 0;

/**
 * @param hash - hash of what stands before
 * @param byte - next byte
 * @returns the hash with that byte
 */
export function hashByte(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, 0x01000193);
}

/** Spreads all bits to the low ones, which choose the slot (the last steps of MurmurHash3). */
function mix(hash: number): number {
  let mixed = hash ^ (hash >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function enlarge<T extends Uint32Array | Float64Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
