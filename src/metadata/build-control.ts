/** What the list builders have in common: temporary folder, interruption, memory. */
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { MetaclipError } from '../common/errors.ts';
import { ensureFolder, removeStaleTemporaries, temporaryPathFor } from '../common/files.ts';
import type { ReadLog } from './dumps/read-input.ts';

/** Bytes that the tables of a builder may take unless another number is given. */
export const DEFAULT_MEMORY_BYTES = 512 << 20;
/** Less is a wrong unit, not a small machine. */
const MIN_MEMORY_BYTES = 1_000_000;

/** How a builder is steered; all fields are optional. */
export interface BuildControl {
  /** Bound of the counting tables in bytes; default {@link DEFAULT_MEMORY_BYTES}. */
  readonly memoryBytes?: number | undefined;
  /** Stops the work with `E_INTERRUPTED`. */
  readonly signal?: AbortSignal | undefined;
  /** Bytes read so far can be looked up here while the work goes on. */
  readonly log?: ReadLog | undefined;
}

/** What a builder works with. */
export interface Workplace {
  /** Temporary folder beside the output, where there is room for the output too. */
  readonly folder: string;
  readonly memoryBytes: number;
  /** Lets the event loop run; throws `E_INTERRUPTED` when the work is to stop. */
  readonly breathe: () => Promise<void>;
}

/**
 * Runs a builder with a temporary folder, which is removed at the end in any case.
 *
 * @param out - file that is to be written
 * @param control - see {@link BuildControl}
 * @param work - the builder
 * @returns what it returned
 * @throws {@link MetaclipError} `E_USAGE` for too little memory, `E_INTERRUPTED`, `E_OUTPUT_UNWRITABLE`, and what the
 *   builder throws
 */
export async function withWorkplace<T>(
  out: string,
  control: BuildControl,
  work: (place: Workplace) => Promise<T>,
): Promise<T> {
  const memoryBytes = control.memoryBytes ?? DEFAULT_MEMORY_BYTES;
  if (!(memoryBytes >= MIN_MEMORY_BYTES)) {
    throw new MetaclipError(
      'E_USAGE',
      `${memoryBytes} bytes of memory, at least ${MIN_MEMORY_BYTES} are needed`,
      {
        hint: 'the unit is MB: --memory 512',
      },
    );
  }
  removeStaleTemporaries(dirname(out));
  const folder = temporaryPathFor(out);
  await ensureFolder(folder);
  const breathe = async (): Promise<void> => {
    if (control.signal?.aborted === true) {
      throw new MetaclipError('E_INTERRUPTED', 'interrupted; nothing was written', {
        hint: 'run the same command again: a list is built in one go',
      });
    }
    await setImmediate();
  };
  try {
    return await work({ folder, memoryBytes, breathe });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
