/**
 * The memory that the matcher's kernel works in: the automaton, and scratch memory for each thread; see thread-scratch.ts.
 */
import { MetaclipError } from '../../common/errors.ts';
import { type ScratchMemory, shareWithScratch, takeScratch } from '../../common/thread-scratch.ts';
import type { PackedAutomaton } from './automaton.ts';
import type { RowKernel } from './row-matcher.ts';

/** Scratch memory that the kernel `matcher` needs; its layout is in kernels/matcher.ts. */
export const MATCHER_SLOT_BYTES = 17 * 65536;

/** An automaton in a kernel's memory, from the first byte on; plain data that can be posted to threads. */
export type MatcherMemory = ScratchMemory;

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
  const shared = shareWithScratch(bytes, slotBytes);
  if (shared !== undefined) return shared;
  throw new MetaclipError('E_USAGE', `the automaton has ${bytes.byteLength} bytes, the limit is 2 GiB`, {
    hint: 'split the metadata list',
  });
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
    const slot = takeScratch(shared);
    kernel = slot === undefined ? 'none' : makeKernel(slot);
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
