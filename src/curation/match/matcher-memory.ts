/**
 * The memory that the matcher's kernel works in, one for all threads of a run: the automaton, and behind it scratch memory
 * for each thread. A {@link WebAssembly.Memory}, because a kernel can see no other; it can be sent to a thread like a
 * SharedArrayBuffer.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { PackedAutomaton } from './automaton.ts';
import type { RowKernel } from './row-matcher.ts';

const PAGE_BYTES = 65536;
/** Scratch memory that the kernel `matcher` needs; its layout is in kernels/matcher.ts. */
export const MATCHER_SLOT_BYTES = 17 * PAGE_BYTES;
/** Threads that can have scratch memory; memory that no thread has used is not resident. Others match without the kernel. */
const MAX_SLOTS = 96;

/** An automaton in a kernel's memory; plain data that can be posted to threads. */
export interface MatcherMemory {
  readonly memory: WebAssembly.Memory;
  /** First byte of the scratch memory, at which a 32-bit counter of the slots taken lies. */
  readonly scratchStart: number;
  readonly slotBytes: number;
}

/**
 * Copies an automaton into memory for the kernel.
 *
 * Complexity: linear; 10 ms for 500,000 entries. The automaton may be dropped afterwards.
 *
 * @param automaton - what to copy
 * @returns memory owned by the caller; freed when the last thread lets go of it
 * @throws {@link MetaclipError} `E_USAGE` for an automaton over 2 GiB
 */
export function shareAutomaton(automaton: PackedAutomaton): MatcherMemory {
  return shareBytes(automaton.shared, MATCHER_SLOT_BYTES);
}

/**
 * The same for any block.
 *
 * @param bytes - what the memory will start with
 * @param slotBytes - scratch memory of a thread; rounded up to pages
 * @returns memory owned by the caller
 * @throws {@link MetaclipError} `E_USAGE` if that is over 4 GiB
 */
export function shareBytes(bytes: SharedArrayBuffer, slotBytes: number): MatcherMemory {
  const scratchStart = toPages(bytes.byteLength);
  const slotPagesBytes = toPages(slotBytes);
  const pages = (scratchStart + PAGE_BYTES + MAX_SLOTS * slotPagesBytes) / PAGE_BYTES;
  if (pages > 65536) {
    throw new MetaclipError('E_USAGE', `the automaton has ${bytes.byteLength} bytes, the limit is 2 GiB`, {
      hint: 'split the metadata list',
    });
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(new Uint8Array(bytes));
  return { memory, scratchStart, slotBytes: slotPagesBytes };
}

function toPages(bytes: number): number {
  return Math.ceil(bytes / PAGE_BYTES) * PAGE_BYTES;
}

/** Kernels of this thread: each memory has one, whoever matches with it. */
const kernels = new WeakMap<WebAssembly.Memory, RowKernel | 'none'>();

/**
 * Gives this thread's kernel over a memory. Its scratch memory is never given back.
 *
 * @param shared - the memory
 * @param makeKernel - called with the first byte of the scratch memory, the first time that the thread asks
 * @returns the kernel, or undefined when all scratch memory is taken
 */
export function kernelOfThread(
  shared: MatcherMemory,
  makeKernel: (slot: number) => RowKernel,
): RowKernel | undefined {
  let kernel = kernels.get(shared.memory);
  if (kernel === undefined) {
    const { memory, scratchStart, slotBytes } = shared;
    const slot = Atomics.add(new Int32Array(memory.buffer, scratchStart, 1), 0, 1);
    kernel = slot < MAX_SLOTS ? makeKernel(scratchStart + PAGE_BYTES + slot * slotBytes) : 'none';
    kernels.set(shared.memory, kernel);
  }
  return kernel === 'none' ? undefined : kernel;
}

/**
 * @param shared - the memory
 * @returns its bytes, which start with the automaton
 */
export function sharedBytesOf(shared: MatcherMemory): SharedArrayBuffer {
  const { buffer } = shared.memory;
  if (buffer instanceof SharedArrayBuffer) return buffer;
  throw new Error('the memory of a matcher is not shared');
}
