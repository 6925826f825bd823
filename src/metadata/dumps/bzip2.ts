/**
 * bzip2, as Wikipedia's dumps come: one stream, or many one behind the other ("multistream"). Every block and every stream
 * has a checksum, and all of them are checked.
 */
import unbzip2 from 'unbzip2-stream';
import { damaged } from './damaged.ts';

/** Input given at a time. A block of 900,000 bytes is decoded once enough input for any block is there. */
const FEED_BYTES = 64 * 1024;
/**
 * Most output of one step. A dump expands about five times, so a step (64 KiB, at the end up to 1 MiB of input) gives a
 * few MiB; only a file made to fill the memory gives more.
 */
const MAX_STEP_BYTES = 128 << 20;

/**
 * Decompresses bzip2, 11 MB of output a second: decompress with lbzip2
 * beforehand where that matters.
 *
 * Memory: 4 MiB for a block and the output of a step, at most {@link MAX_STEP_BYTES}. The decoder keeps the bytes of a block
 * as numbers, 8 bytes each, so a file made to fill the memory can take 2 GB before it is refused; a dump takes 60 MB.
 *
 * @param path - for messages
 * @param chunks - compressed bytes
 * @yields decompressed bytes
 * @throws {@link MetaclipError} `E_INPUT_UNREADABLE` when a checksum is wrong or a stream ends early
 */
export async function* readBzip2(
  path: string,
  chunks: AsyncIterable<Buffer>,
): AsyncGenerator<Buffer, void, void> {
  const decoder = unbzip2();
  let output: Buffer[] = [];
  let stepBytes = 0;
  let failure: unknown;
  decoder.on('data', (data: Buffer) => {
    stepBytes += data.length;
    // The decoder turns what a listener throws into its error, and stops.
    if (stepBytes > MAX_STEP_BYTES) throw new TooMuchError(`more than ${MAX_STEP_BYTES} bytes at once`);
    output.push(data);
  });
  decoder.on('error', (error: unknown) => {
    failure ??= error;
  });
  let takenBytes = 0;
  const take = (): Buffer[] => {
    if (failure !== undefined) throw describe(path, failure, takenBytes);
    const taken = output;
    output = [];
    stepBytes = 0;
    return taken;
  };
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += FEED_BYTES) {
      const part = chunk.subarray(from, from + FEED_BYTES);
      decoder.write(part);
      takenBytes += part.length;
      yield* take();
    }
  }
  decoder.end();
  yield* take();
}

class TooMuchError extends Error {}

function describe(path: string, failure: unknown, takenBytes: number): Error {
  const where = `within the first ${takenBytes} bytes`;
  if (failure instanceof TooMuchError)
    return damaged(path, `bzip2 data that expands to ${failure.message}, ${where}`);
  // At its end the decoder runs out of bytes in the middle of a block, which it reports as a fault of its own.
  const isCut =
    failure instanceof TypeError || (failure instanceof Error && /prematurely/.test(failure.message));
  return damaged(
    path,
    isCut ? 'the bzip2 data is cut short' : `the bzip2 data is damaged, ${where}`,
    failure,
  );
}
