/**
 * Matches the texts of a batch, a run of them at a time: by the WebAssembly kernel `matcher` where it can, else by
 * {@link Matcher}, its twin. The answers are the same to the bit.
 */
import { loadKernel } from '../../common/kernels.ts';
import { attachAutomaton } from './automaton.ts';
import { Matcher } from './matcher.ts';
import { type MatcherMemory, sharedBytesOf, takeSlot } from './matcher-memory.ts';

// Layout of a slot; see kernels/matcher.ts.
const OFFSETS = 0;
const COUNTS = 8192;
const IDS = 16384;
const MAX_IDS = 16384;
const TEXT = 81920;
const TEXT_BYTES = 16384;
/** Rows of one run; below what the kernel has room for. */
const MAX_ROWS = 2000;

/** Count of a row that the kernel leaves to its twin. */
const TOO_LARGE = 0xffffffff;

/** Texts as a column: text i is textBytes[textOffsets[i], textOffsets[i + 1]). */
export interface TextColumn {
  readonly rowCount: number;
  readonly textOffsets: Int32Array;
  readonly textBytes: Uint8Array;
}

/** Matches row after row; {@link BatchMatcher.matchRow} works ahead. */
export class BatchMatcher {
  /** Where the ids of the row asked for last lie. */
  ids: Uint32Array;
  idStart = 0;
  readonly #twin: Matcher;
  readonly #kernel: Kernel | undefined;
  #column: TextColumn | undefined;
  /** Rows [#firstRow, #endRow) of the column are matched; the next id to give out is that of #nextRow. */
  #firstRow = 0;
  #endRow = 0;
  #nextRow = 0;
  #nextId = 0;

  /** @param shared - the automaton, as {@link shareAutomaton} gave it to all threads */
  constructor(shared: MatcherMemory) {
    this.#twin = new Matcher(attachAutomaton(sharedBytesOf(shared)));
    this.#kernel = findKernel(shared);
    this.ids = this.#twin.ids;
  }

  /**
   * Finds the entries of a text. Rows are to be asked for in ascending order; a column is known by its identity, so one that was
   * asked about must not change.
   *
   * @param column - texts in UTF-8
   * @param row - which
   * @returns number of distinct entries; their ids, ascending, are {@link BatchMatcher.ids} from {@link BatchMatcher.idStart} on,
   *   until the next call
   */
  matchRow(column: TextColumn, row: number): number {
    const kernel = this.#kernel;
    if (kernel === undefined) return this.#matchAlone(column, row);
    if (column !== this.#column || row !== this.#nextRow || row >= this.#endRow) {
      this.#column = column;
      this.#firstRow = row;
      this.#endRow = kernel.match(column, row);
      this.#nextRow = row;
      this.#nextId = 0;
      if (this.#endRow === row) return this.#matchAlone(column, row);
    }
    this.#nextRow = row + 1;
    const count = kernel.counts[row - this.#firstRow] ?? 0;
    if (count === TOO_LARGE) return this.#matchAlone(column, row);
    this.ids = kernel.ids;
    this.idStart = this.#nextId;
    this.#nextId += count;
    return count;
  }

  #matchAlone({ textBytes, textOffsets }: TextColumn, row: number): number {
    const count = this.#twin.matchBytes(textBytes, textOffsets[row] ?? 0, textOffsets[row + 1] ?? 0);
    this.ids = this.#twin.ids;
    this.idStart = 0;
    return count;
  }
}

/** The kernel over one slot. */
class Kernel {
  readonly counts: Uint32Array;
  readonly ids: Uint32Array;
  readonly #slot: number;
  readonly #offsets: Int32Array;
  readonly #text: Uint8Array;
  readonly #matchRows: (slot: number, rowCount: number) => number;

  constructor({ memory }: MatcherMemory, slot: number) {
    const { buffer } = memory;
    this.#slot = slot;
    this.counts = new Uint32Array(buffer, slot + COUNTS, MAX_ROWS);
    this.ids = new Uint32Array(buffer, slot + IDS, MAX_IDS);
    this.#offsets = new Int32Array(buffer, slot + OFFSETS, MAX_ROWS + 1);
    this.#text = new Uint8Array(buffer, slot + TEXT, TEXT_BYTES);
    this.#matchRows = loadKernel('matcher', memory).getFunction('matchRows');
  }

  /** Matches as many rows from `row` on as there is room for; returns the row behind them. */
  match({ rowCount, textOffsets, textBytes }: TextColumn, row: number): number {
    const start = textOffsets[row] ?? 0;
    const lastRow = Math.min(rowCount, row + MAX_ROWS);
    let end = row;
    while (end < lastRow && (textOffsets[end + 1] ?? 0) - start <= TEXT_BYTES) end++;
    if (end === row) return row;
    this.#offsets.set(textOffsets.subarray(row, end + 1));
    this.#text.set(textBytes.subarray(start, textOffsets[end]));
    return row + this.#matchRows(this.#slot, end - row);
  }
}

/** Kernels of this thread: each memory has one, whoever matches with it. */
const kernels = new WeakMap<WebAssembly.Memory, Kernel | 'none'>();

function findKernel(shared: MatcherMemory): Kernel | undefined {
  let kernel = kernels.get(shared.memory);
  if (kernel === undefined) {
    const slot = takeSlot(shared);
    kernel = slot === undefined ? 'none' : new Kernel(shared, slot);
    kernels.set(shared.memory, kernel);
  }
  return kernel === 'none' ? undefined : kernel;
}
