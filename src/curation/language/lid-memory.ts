/**
 * The memory in which the WebAssembly kernel `language` works: the language model, and scratch memory for each thread; see
 * thread-scratch.ts.
 */
import { type Kernel, loadKernel } from '../../common/kernels.ts';
import { type ScratchMemory, shareWithScratch, takeScratch } from '../../common/thread-scratch.ts';
import { locateLidTables } from './lid-model.ts';

const PAGE_BYTES = 65536;
/** Of a thread's scratch memory: the kernel's own, and behind it texts. */
const OWN_BYTES = PAGE_BYTES;
/** Bytes of texts that can lie in it; behind them some can be read. */
export const MAX_TEXTS_BYTES = 2 << 20;
const SLOT_BYTES = OWN_BYTES + MAX_TEXTS_BYTES + PAGE_BYTES;

/** A model in memory for the kernel; plain data that can be posted to threads. */
export interface LidMemory extends ScratchMemory {
  /** Length of the model, from the first byte on. */
  readonly modelBytes: number;
}

/**
 * Copies a packed model into memory for the kernel.
 *
 * @param model - what `readLidModel` gave, 8 MB; may be dropped afterwards
 * @returns memory owned by the caller; freed when the last thread lets go of it
 */
export function shareLidModel(model: SharedArrayBuffer): LidMemory {
  const shared = shareWithScratch(model, SLOT_BYTES);
  if (shared === undefined) throw new RangeError(`a language model of ${model.byteLength} bytes`);
  return { ...shared, modelBytes: model.byteLength };
}

/** The kernel with this thread's scratch memory. */
export interface LidKernel {
  /** Mean vector of the text asked about last. */
  readonly hidden: Float32Array;
  /** Where texts are put, {@link MAX_TEXTS_BYTES} of them. */
  readonly texts: Uint8Array;
  /**
   * @param start - first byte of a text among those put
   * @param end - the byte after it
   * @returns false when the text has to be looked at without the kernel
   */
  readonly average: (start: number, end: number) => boolean;
}

/**
 * Takes scratch memory for this thread; it is never given back.
 *
 * @param shared - the memory
 * @returns the kernel, or undefined when all scratch memory is taken
 */
export function openLidKernel(shared: LidMemory): LidKernel | undefined {
  const slotStart = takeScratch(shared);
  if (slotStart === undefined) return undefined;
  const { memory } = shared;
  const { buffer } = memory;
  const kernel: Kernel = loadKernel('language', memory);
  const { rows, bucketRows, wordSlots, wordEnds, wordBytes } = locateLidTables(buffer);
  kernel.getFunction('setUp')(
    rows.start,
    bucketRows.start,
    wordSlots.start,
    wordSlots.length - 1,
    wordEnds.start,
    wordBytes.start,
    slotStart,
  );
  const average = kernel.getFunction('average');
  const textsStart = slotStart + OWN_BYTES;
  return {
    hidden: new Float32Array(buffer, slotStart, 16),
    texts: new Uint8Array(buffer, textsStart, MAX_TEXTS_BYTES),
    average: (start, end) => average(textsStart + start, textsStart + end) > 0,
  };
}
