/**
 * The memory in which the WebAssembly kernel `language` works: the language model, and behind it scratch memory for each thread. A
 * {@link WebAssembly.Memory}, because a kernel can see no other; it can be sent to a thread like a SharedArrayBuffer.
 */
import { type Kernel, loadKernel } from '../../common/kernels.ts';
import { locateLidTables } from './lid-model.ts';

const PAGE_BYTES = 65536;
/** Of a thread's scratch memory: the kernel's own, and behind it texts. */
const OWN_BYTES = PAGE_BYTES;
/** Bytes of texts that can lie in it; behind them some can be read. */
export const MAX_TEXTS_BYTES = 2 << 20;
const SLOT_BYTES = OWN_BYTES + MAX_TEXTS_BYTES + PAGE_BYTES;
/** Threads that can have scratch memory; memory that no thread has used is not resident. Others do without the kernel. */
const MAX_SLOTS = 96;

/** A model in memory for the kernel; plain data that can be posted to threads. */
export interface LidMemory {
  readonly memory: WebAssembly.Memory;
  /** Length of the model, from the first byte on. */
  readonly modelBytes: number;
}

/**
 * Copies a packed model into memory for the kernel.
 *
 * @param model - what `readLidModel` gave; may be dropped afterwards
 * @returns memory owned by the caller; freed when the last thread lets go of it
 */
export function shareLidModel(model: SharedArrayBuffer): LidMemory {
  const pages = Math.ceil(model.byteLength / PAGE_BYTES) + 1 + (MAX_SLOTS * SLOT_BYTES) / PAGE_BYTES;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(new Uint8Array(model));
  return { memory, modelBytes: model.byteLength };
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
  const { memory, modelBytes } = shared;
  const { buffer } = memory;
  // Behind the model a page with the counter of the threads, then their memory.
  const counterStart = Math.ceil(modelBytes / PAGE_BYTES) * PAGE_BYTES;
  const slot = Atomics.add(new Int32Array(buffer, counterStart, 1), 0, 1);
  if (slot >= MAX_SLOTS) return undefined;
  const slotStart = counterStart + PAGE_BYTES + slot * SLOT_BYTES;
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
