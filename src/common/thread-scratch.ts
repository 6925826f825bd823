/**
 * Memory that a WebAssembly kernel works in, one for all threads: content that they share, and behind it scratch memory for each.
 * A {@link WebAssembly.Memory}, because a kernel can see no other; it can be sent to a thread like a SharedArrayBuffer.
 *
 *   content    rounded up to pages
 *   a page     32-bit counter of the slots taken
 *   96 slots   whole pages each; what no thread has used is not resident
 */

const PAGE_BYTES = 65536;
const MAX_PAGES = 65536;
/** Threads that can have scratch memory; others do without the kernel. */
const MAX_SLOTS = 96;

/** Content and scratch memory; plain data that can be posted to threads. */
export interface ScratchMemory {
  readonly memory: WebAssembly.Memory;
  /** First byte of the page behind the content. */
  readonly scratchStart: number;
  readonly slotBytes: number;
}

/**
 * Copies content into memory for a kernel. Complexity: linear; 10 ms for 18 MB. The content may be dropped afterwards.
 *
 * @param content - what the memory will start with
 * @param slotBytes - scratch memory of a thread; rounded up to pages
 * @returns memory owned by the caller, freed when the last thread lets go of it; undefined when it would be over 4 GiB
 */
export function shareWithScratch(content: SharedArrayBuffer, slotBytes: number): ScratchMemory | undefined {
  const scratchStart = toPages(content.byteLength);
  const slotPagesBytes = toPages(slotBytes);
  const pages = (scratchStart + PAGE_BYTES + MAX_SLOTS * slotPagesBytes) / PAGE_BYTES;
  if (pages > MAX_PAGES) return undefined;
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(new Uint8Array(content));
  return { memory, scratchStart, slotBytes: slotPagesBytes };
}

/**
 * Takes scratch memory, which is never given back: once a thread, not once a task.
 *
 * @param shared - of any thread
 * @returns first byte of the slot, or undefined when all are taken
 */
export function takeScratch(shared: ScratchMemory): number | undefined {
  const { memory, scratchStart, slotBytes } = shared;
  const slot = Atomics.add(new Int32Array(memory.buffer, scratchStart, 1), 0, 1);
  return slot < MAX_SLOTS ? scratchStart + PAGE_BYTES + slot * slotBytes : undefined;
}

function toPages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}
