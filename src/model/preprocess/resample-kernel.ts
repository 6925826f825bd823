/**
 * The WebAssembly twin of {@link resampleWindow}: the same bytes, several times as fast, in memory of a fixed size. Rows pass
 * through in blocks, so the size of the image does not matter; what is too wide or has too many weights does not fit and is
 * left to the TypeScript twin.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { loadKernel } from '../../common/kernels.ts';
import type { AxisWeights } from './resample-coefficients.ts';
import type { ResampleRequest } from './resample-passes.ts';

// Layout of the kernel's memory; see kernels/resample.ts.
const STARTS = 4096;
const GROUPS = 20480;
const MAX_OUTPUTS = 4096;
const ROW_WEIGHTS = 36864;
const COLUMN_WEIGHTS = 3182592;
const WEIGHT_BYTES = COLUMN_WEIGHTS - ROW_WEIGHTS;
const INPUT = 6328320;
const NARROW = 8486912;
const INPUT_BYTES = NARROW - INPUT;
const SUMS = 9535488;
const NARROW_BYTES = SUMS - NARROW;
const SUM_BYTES = 16 * 2 ** 20 - SUMS;
/** Bytes that loads may reach behind the last pixel. */
const SLACK = 32;

/** Source bytes of a block: it and what is made of it stay in the second cache. Half and double were no faster. */
const BLOCK_BYTES = 256 * 1024;

const LOW_BITS = 11;
const LOW_MASK = 2 ** LOW_BITS - 1;

/** Inputs of one group of weights in the row pass. */
const GROUP_OF_COLOUR = 4;
const GROUP_OF_GREY = 8;

/** One instance of the kernel; 16 MiB of address space, of which what is used becomes memory. */
export class ResampleKernel {
  readonly #bytes: Uint8Array;
  readonly #narrowColours: (...values: number[]) => number;
  readonly #narrowGrey: (...values: number[]) => number;
  readonly #addRows: (...values: number[]) => number;
  readonly #finish: (...values: number[]) => number;
  /** What lies in the kernel's memory now. */
  #columns: AxisWeights | undefined;
  #columnsChannels = 0;
  #rows: AxisWeights | undefined;

  constructor() {
    const kernel = loadKernel('resample');
    this.#bytes = new Uint8Array(kernel.buffer);
    this.#narrowColours = kernel.getFunction('narrowColours');
    this.#narrowGrey = kernel.getFunction('narrowGrey');
    this.#addRows = kernel.getFunction('addRows');
    this.#finish = kernel.getFunction('finish');
  }

  /**
   * Resizes; see {@link ResampleRequest}.
   *
   * @param request - the image, its window and the weights; an image of 1, 3 or 4 channels
   * @returns the window's pixels, owned by the caller; undefined where the request does not fit into the kernel's memory
   */
  resample(request: ResampleRequest): Uint8Array | undefined {
    const { image, window, columns, rows, firstRow, endRow } = request;
    const { channels } = image;
    const firstColumn = columns?.firstInput ?? window.left;
    const rowBytes = ((columns?.endInput ?? window.left + window.width) - firstColumn) * channels;
    const outRowBytes = window.width * channels;
    const pitch = (outRowBytes + 16) & ~15;
    const blockRows = rowsOfBlock(rowBytes, pitch);
    if (blockRows < 2 || !fits(request, pitch)) return undefined;
    if (columns !== undefined) this.#setColumns(columns, channels);
    if (rows !== undefined) this.#setRows(rows);

    const out = new Uint8Array(window.height * outRowBytes);
    let firstOutput = 0;
    for (let row = firstRow; row < endRow; row += blockRows) {
      const end = Math.min(endRow, row + blockRows);
      const count = end - row;
      if (columns === undefined) {
        this.#copyRows(request, row, count, firstColumn, rowBytes, NARROW, pitch);
      } else {
        this.#copyRows(request, row, count, firstColumn, rowBytes, INPUT, rowBytes);
        const { outputs } = columns;
        const stride = groupsOf(columns, channels) * (channels === 1 ? 32 : 16);
        if (channels === 1) this.#narrowGrey(count, rowBytes, outputs, pitch, stride);
        else this.#narrowColours(count, rowBytes, outputs, pitch, channels, stride);
      }
      if (rows === undefined) {
        this.#takeRows(out, row - firstRow, count, NARROW, pitch, outRowBytes);
      } else {
        firstOutput = this.#addBlock(rows, row, end, pitch, firstOutput);
      }
    }
    if (rows !== undefined) {
      this.#finish(window.height * pitch);
      this.#takeRows(out, 0, window.height, SUMS, pitch, outRowBytes);
    }
    return out;
  }

  // Adds the rows [row, end), which lie at NARROW, to the outputs that need them; those before `firstOutput` are full.
  #addBlock(rows: AxisWeights, row: number, end: number, pitch: number, firstOutput: number): number {
    const { starts, counts, stride, outputs } = rows;
    let first = firstOutput;
    while (first < outputs && starts[first]! + counts[first]! <= row) first++;
    for (let y = first; y < outputs && starts[y]! < end; y++) {
      const start = starts[y]!;
      const from = Math.max(start, row);
      const to = Math.min(start + counts[y]!, end);
      if (to <= from) continue;
      const address = NARROW + (from - row) * pitch;
      this.#addRows(address, to - from, pitch, y * stride + from - start, y, from === start ? 1 : 0);
    }
    return first;
  }

  #copyRows(
    { image }: ResampleRequest,
    row: number,
    count: number,
    column: number,
    rowBytes: number,
    to: number,
    pitch: number,
  ): void {
    const { data, width, channels } = image;
    const sourceBytes = width * channels;
    const from = row * sourceBytes + column * channels;
    if (rowBytes === sourceBytes && pitch === rowBytes) {
      this.#bytes.set(data.subarray(from, from + count * rowBytes), to);
      return;
    }
    for (let i = 0; i < count; i++) {
      const start = from + i * sourceBytes;
      this.#bytes.set(data.subarray(start, start + rowBytes), to + i * pitch);
    }
  }

  #takeRows(
    out: Uint8Array,
    row: number,
    count: number,
    from: number,
    pitch: number,
    rowBytes: number,
  ): void {
    for (let i = 0; i < count; i++) {
      const start = from + i * pitch;
      out.set(this.#bytes.subarray(start, start + rowBytes), (row + i) * rowBytes);
    }
  }

  // Writes the weights of the row pass, split into high and low parts and grouped as the kernel reads them.
  #setColumns(columns: AxisWeights, channels: number): void {
    if (this.#columns === columns && this.#columnsChannels === channels) return;
    this.#columns = columns;
    this.#columnsChannels = channels;
    const { outputs, starts, counts, weights, stride, firstInput } = columns;
    const groupSize = channels === 1 ? GROUP_OF_GREY : GROUP_OF_COLOUR;
    const groups = groupsOf(columns, channels);
    const startView = new Int32Array(this.#bytes.buffer, STARTS, outputs);
    const groupView = new Int32Array(this.#bytes.buffer, GROUPS, outputs);
    const packed = new Int16Array(this.#bytes.buffer, ROW_WEIGHTS, outputs * groups * groupSize * 2);
    packed.fill(0);
    // Parts of a group: pairs of inputs for colours [high high low low], all eight at once for grey.
    const run = channels === 1 ? GROUP_OF_GREY : 2;
    for (let x = 0; x < outputs; x++) {
      startView[x] = (starts[x]! - firstInput) * channels;
      const count = counts[x]!;
      groupView[x] = Math.ceil(count / groupSize);
      const base = x * groups * groupSize * 2;
      for (let i = 0; i < count; i++) {
        const weight = weights[x * stride + i]!;
        const at = base + Math.floor(i / run) * run * 2 + (i % run);
        packed[at] = weight >> LOW_BITS;
        packed[at + run] = weight & LOW_MASK;
      }
    }
  }

  #setRows(rows: AxisWeights): void {
    if (this.#rows === rows) return;
    this.#rows = rows;
    new Int32Array(this.#bytes.buffer, COLUMN_WEIGHTS, rows.weights.length).set(rows.weights);
  }
}

/** Groups of weights that each output has room for. */
function groupsOf(columns: AxisWeights, channels: number): number {
  return Math.ceil(columns.stride / (channels === 1 ? GROUP_OF_GREY : GROUP_OF_COLOUR));
}

/** Even number of source rows taken at a time; below 2 where they do not fit. One row more is read, so there is room for it. */
function rowsOfBlock(rowBytes: number, pitch: number): number {
  const wanted = Math.max(2, Math.floor(BLOCK_BYTES / rowBytes));
  const inInput = Math.floor((INPUT_BYTES - SLACK) / rowBytes) - 1;
  const inNarrow = Math.floor(NARROW_BYTES / pitch) - 1;
  return Math.min(wanted, inInput, inNarrow) & ~1;
}

function fits({ image, window, columns, rows }: ResampleRequest, pitch: number): boolean {
  if (window.width > MAX_OUTPUTS || pitch * window.height * 4 > SUM_BYTES) return false;
  if (columns !== undefined) {
    const groupBytes = image.channels === 1 ? 32 : 16;
    if (columns.outputs * groupsOf(columns, image.channels) * groupBytes > WEIGHT_BYTES) return false;
  }
  return rows === undefined || rows.weights.byteLength <= WEIGHT_BYTES;
}
