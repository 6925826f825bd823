/**
 * Matches the texts of a batch by the worldwide rule, a run of them at a time: by the WebAssembly kernels `matcher` and
 * `worldwide` where they can, else by {@link WorldwideMatcher}, their twin. The answers are the same to the bit.
 */
import { loadKernel } from '../../../common/kernels.ts';
import { MatcherKernel, MAX_ROWS } from '../batch-matcher.ts';
import {
  kernelOfThread,
  MATCHER_SLOT_BYTES,
  type MatcherMemory,
  shareBytes,
  sharedBytesOf,
} from '../matcher-memory.ts';
import { type RowKernel, RowMatcher, type TextColumn } from '../row-matcher.ts';
import { CHARACTER_HEADER } from './character-automaton.ts';
import type { WorldwideAutomaton } from './worldwide-automaton.ts';
import { WorldwideMatcher } from './worldwide-matcher.ts';

// Layout of a slot, behind that of `matcher`; see kernels/worldwide.ts.
const COUNTS = 0;
const IDS = 8192;
const MAX_IDS = 65536;
const BITS = 918912;

/** A list in the kernels' memory; plain data that can be posted to threads. */
export interface WorldwideMemory extends MatcherMemory {
  readonly automaton: Omit<WorldwideAutomaton, 'shared'>;
}

/**
 * Copies a list into memory for the kernels.
 *
 * @param automaton - what to copy; may be dropped afterwards
 * @returns memory owned by the caller; freed when the last thread lets go of it
 * @throws {@link MetaclipError} `E_USAGE` if that is over 4 GiB
 */
export function shareWorldwideAutomaton(automaton: WorldwideAutomaton): WorldwideMemory {
  const { shared, ...layout } = automaton;
  const header = new Uint32Array(shared, automaton.charactersStart);
  // A bit for each entry, and one for each 64 of those; both in whole words.
  const words = Math.ceil((header[CHARACTER_HEADER.entryCount] ?? 0) / 4096) * 65;
  return { ...shareBytes(shared, MATCHER_SLOT_BYTES + BITS + words * 8), automaton: layout };
}

/** Matches row after row. One for each thread, all over the same list. */
export class WorldwideBatchMatcher extends RowMatcher {
  /** @param shared - the list, as {@link shareWorldwideAutomaton} gave it to all threads */
  constructor(shared: WorldwideMemory) {
    const kernel = kernelOfThread(shared, (slot) => new WorldwideKernel(shared, slot));
    super(new WorldwideMatcher({ ...shared.automaton, shared: sharedBytesOf(shared) }), kernel);
  }
}

/** Both kernels over one slot. */
class WorldwideKernel implements RowKernel {
  readonly counts: Uint32Array;
  readonly ids: Uint32Array;
  user: object | undefined;
  readonly #hasWords: boolean;
  readonly #words: MatcherKernel;
  readonly #matchRows: (rowCount: number) => number;

  constructor({ memory, automaton }: WorldwideMemory, slot: number) {
    const ownSlot = slot + MATCHER_SLOT_BYTES;
    this.counts = new Uint32Array(memory.buffer, ownSlot + COUNTS, MAX_ROWS);
    this.ids = new Uint32Array(memory.buffer, ownSlot + IDS, MAX_IDS);
    this.#hasWords = automaton.hasWords;
    this.#words = new MatcherKernel(memory, slot);
    const matchRows = loadKernel('worldwide', memory).getFunction('matchRows');
    this.#matchRows = (rowCount) => matchRows(automaton.charactersStart, ownSlot, slot, rowCount);
  }

  match(column: TextColumn, row: number): number {
    const taken = this.#words.takeTexts(column, row);
    return row + this.#matchRows(this.#hasWords ? this.#words.matchTaken(taken) : taken);
  }
}
