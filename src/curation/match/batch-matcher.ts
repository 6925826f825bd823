/**
 * Matches the texts of a batch, a run of them at a time: by the WebAssembly kernel `matcher` where it can, else by
 * {@link Matcher}, its twin. The answers are the same to the bit.
 */
import { loadKernel } from '../../common/kernels.ts';
import { attachAutomaton } from './automaton.ts';
import { Matcher } from './matcher.ts';
import { kernelOfThread, type MatcherMemory, sharedBytesOf } from './matcher-memory.ts';
import { type RowKernel, RowMatcher, type TextColumn } from './row-matcher.ts';

// Layout of a slot; see kernels/matcher.ts.
const OFFSETS = 0;
const COUNTS = 8192;
const IDS = 16384;
const MAX_IDS = 16384;
const TEXT = 81920;
const TEXT_BYTES = 16384;
/** Rows of one run; below what the kernel has room for. */
export const MAX_ROWS = 2000;

/** Matches row after row. One for each thread, all over the same automaton. */
export class BatchMatcher extends RowMatcher {
  /** @param shared - the automaton, as {@link shareAutomaton} gave it to all threads */
  constructor(shared: MatcherMemory) {
    const kernel = kernelOfThread(shared, (slot) => new MatcherKernel(shared.memory, slot));
    super(new Matcher(attachAutomaton(sharedBytesOf(shared))), kernel);
  }
}

/** The kernel over one slot. */
export class MatcherKernel implements RowKernel {
  readonly counts: Uint32Array;
  readonly ids: Uint32Array;
  user: object | undefined;
  readonly #slot: number;
  readonly #offsets: Int32Array;
  readonly #text: Uint8Array;
  readonly #matchRows: (slot: number, rowCount: number) => number;

  /**
   * @param memory - starts with the automaton
   * @param slot - first byte of `MATCHER_SLOT_BYTES` that no other thread uses
   */
  constructor(memory: WebAssembly.Memory, slot: number) {
    const { buffer } = memory;
    this.#slot = slot;
    this.counts = new Uint32Array(buffer, slot + COUNTS, MAX_ROWS);
    this.ids = new Uint32Array(buffer, slot + IDS, MAX_IDS);
    this.#offsets = new Int32Array(buffer, slot + OFFSETS, MAX_ROWS + 1);
    this.#text = new Uint8Array(buffer, slot + TEXT, TEXT_BYTES);
    this.#matchRows = loadKernel('matcher', memory).getFunction('matchRows');
  }

  match(column: TextColumn, row: number): number {
    return row + this.matchTaken(this.takeTexts(column, row));
  }

  /**
   * Copies texts into the slot.
   *
   * @param column - texts
   * @param row - the first of them
   * @returns how many have room
   */
  takeTexts(column: TextColumn, row: number): number {
    const { rowCount, textOffsets, textBytes } = column;
    const start = textOffsets[row] ?? 0;
    const lastRow = Math.min(rowCount, row + MAX_ROWS);
    let end = row;
    while (end < lastRow && (textOffsets[end + 1] ?? 0) - start <= TEXT_BYTES) end++;
    this.#offsets.set(textOffsets.subarray(row, end + 1));
    this.#text.set(textBytes.subarray(start, textOffsets[end]));
    return end - row;
  }

  /**
   * @param rowCount - of the texts copied
   * @returns number of them that are matched, from the first on
   */
  matchTaken(rowCount: number): number {
    return this.#matchRows(this.#slot, rowCount);
  }
}
