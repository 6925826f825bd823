/**
 * The memory that the matcher's kernel works in, one for all threads of a run: the automaton, and behind it scratch memory
 * for each thread. A {@link WebAssembly.Memory}, because a kernel can see no other; it can be sent to a thread like a
 * SharedArrayBuffer.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { PackedAutomaton } from './automaton.ts';

const PAGE_BYTES = 65536;
/** Scratch memory of a thread. */
export const SLOT_BYTES = 17 * PAGE_BYTES;
/** Threads that can have scratch memory; memory that no thread has used is not resident. Others match without the kernel. */
const MAX_SLOTS = 96;

/** An automaton in a kernel's memory; plain data that can be posted to threads. */
export interface MatcherMemory {
  readonly memory: WebAssembly.Memory;
  /** First byte of the scratch memory, at which a 32-bit counter of the slots taken lies. */
  readonly scratchStart: number;
  /** Number of slots. */
  readonly slotCount: number;
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
  const scratchStart = Math.ceil(automaton.sizeBytes / PAGE_BYTES) * PAGE_BYTES;
  const pages = (scratchStart + PAGE_BYTES + MAX_SLOTS * SLOT_BYTES) / PAGE_BYTES;
  if (pages > 65536) {
    throw new MetaclipError('E_USAGE', `the automaton has ${automaton.sizeBytes} bytes, the limit is 2 GiB`, {
      hint: 'split the metadata list',
    });
  }
  const memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
  new Uint8Array(memory.buffer).set(new Uint8Array(automaton.shared));
  return { memory, scratchStart, slotCount: MAX_SLOTS };
}

/**
 * Takes scratch memory for this thread; it is never given back.
 *
 * @param shared - the memory
 * @returns first byte of {@link SLOT_BYTES} of its own, or undefined when all are taken
 */
export function takeSlot(shared: MatcherMemory): number | undefined {
  const { memory, scratchStart, slotCount } = shared;
  const slot = Atomics.add(new Int32Array(memory.buffer, scratchStart, 1), 0, 1);
  return slot < slotCount ? scratchStart + PAGE_BYTES + slot * SLOT_BYTES : undefined;
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
