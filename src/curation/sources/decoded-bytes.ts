/**
 * Turns a source into decompressed bytes: gzip is recognised by its magic bytes and never by the name, and what is gzip
 * is never read as plain text however damaged it is.
 *
 * The healthy path runs Node's gunzip, which takes member after member in native code (one member per record is the rule
 * in crawl files) and works in the thread pool while the last block's output is being parsed. It cannot say where a
 * member starts. So when it fails, or stops at bytes that are no member, the file is read again by
 * {@link salvageMembers}, which walks member by member and skips what was delivered already.
 */
import { createGunzip } from 'node:zlib';
import { readBlocks, type ByteSource } from './byte-source.ts';
import { findMember, salvageMembers } from './gzip-members.ts';
import { InflateDriver } from './inflate-driver.ts';
import { ByteMeter, type StreamGap } from './stream-gap.ts';

/**
 * Output buffer of the inflater; the default of 16 KiB halves the rate (147 instead of 268 MB/s). Its output has to fit into what is left of the buffer, or the inflater stops until this
 * thread comes back to its event loop: with 1 MiB that happened at every other block and cost 15% of the match stage.
 */
const OUTPUT_BYTES = 4 << 20;

/**
 * Reads a source, decompressed where it is gzip. Memory: two input blocks and the output of two, at most 264 MiB in the
 * worst bomb; members are never held whole unless they are damaged and small.
 *
 * @param source - file or other bytes
 * @param onBytes - told of every further byte of the source as it lies there, once
 * @yields decompressed chunks in order, which the consumer may keep; a {@link StreamGap} wherever bytes are lost
 * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE when the source cannot be read
 */
export async function* readDecoded(
  source: ByteSource,
  onBytes: (byteCount: number) => void,
): AsyncGenerator<Uint8Array | StreamGap, void, void> {
  const meter = new ByteMeter(onBytes);
  const blocks = readBlocks(source.open(0));
  let deliveredBytes = 0;
  try {
    const first = await blocks.next();
    if (first.done === true) return;
    const block = first.value;
    const isGzip = block[0] === 0x1f && block[1] === 0x8b;
    if (!isGzip && !hidesGzip(block)) {
      yield* readPlain(block, blocks, meter);
      return;
    }
    // Garbage in front of the first member would make the healthy path fail at once.
    if (isGzip) {
      const outcome = yield* gunzipBlocks(block, blocks, meter);
      if (outcome.isWhole) return;
      deliveredBytes = outcome.deliveredBytes;
    }
  } finally {
    await blocks.return();
  }
  yield* salvageMembers(source, deliveredBytes, meter);
}

/** True when a file that starts neither like gzip nor like WARC holds a member that inflates: its start is damaged. */
function hidesGzip(block: Uint8Array): boolean {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.length);
  let start = 0;
  while (bytes[start] === 10 || bytes[start] === 13) start++;
  if (bytes.subarray(start, start + 5).equals(WARC_MAGIC)) return false;
  return findMember(bytes, 0) !== undefined;
}

const WARC_MAGIC = Buffer.from('WARC/');

async function* readPlain(
  first: Uint8Array,
  blocks: AsyncIterable<Uint8Array>,
  meter: ByteMeter,
): AsyncGenerator<Uint8Array, void, void> {
  let readBytes = first.length;
  meter.reach(readBytes);
  yield first;
  for await (const block of blocks) {
    readBytes += block.length;
    meter.reach(readBytes);
    yield block;
  }
}

/** How far the healthy path came. */
interface GunzipOutcome {
  readonly isWhole: boolean;
  readonly deliveredBytes: number;
}

/** The healthy path: stops at the first sign of trouble. */
async function* gunzipBlocks(
  first: Uint8Array,
  blocks: AsyncGenerator<Uint8Array, void, void>,
  meter: ByteMeter,
): AsyncGenerator<Uint8Array, GunzipOutcome, void> {
  const driver = new InflateDriver(createGunzip({ chunkSize: OUTPUT_BYTES }));
  let deliveredBytes = 0;
  let readBytes = first.length;
  try {
    // While the caller works on the output of one block, the next one is being inflated and the one after it is read.
    let pending = driver.write(first);
    let current: Uint8Array | undefined = first;
    while (current !== undefined) {
      const next: IteratorResult<Uint8Array, void> = await blocks.next();
      const step = await pending;
      meter.reach(readBytes);
      if (step.state === 'damaged' || step.state === 'cut') return { isWhole: false, deliveredBytes };
      if (step.state === 'more') {
        if (next.done === true) {
          pending = driver.finish();
        } else {
          readBytes += next.value.length;
          pending = driver.write(next.value);
        }
      }
      for (const chunk of step.output) {
        deliveredBytes += chunk.length;
        yield chunk;
      }
      if (step.state === 'end') {
        // Ended before all input was taken: zero padding is harmless, anything else may hide further members.
        const isPadding = isZero(current.subarray(current.length - (readBytes - driver.bytesTaken)));
        return { isWhole: isPadding && (await areZero(next, blocks, meter, readBytes)), deliveredBytes };
      }
      current = next.done === true ? undefined : next.value;
    }
    const last = await pending;
    for (const chunk of last.output) {
      deliveredBytes += chunk.length;
      yield chunk;
    }
    return { isWhole: last.state === 'end', deliveredBytes };
  } finally {
    driver.close();
  }
}

/** True when the rest of the file is zero bytes; reads no further than the first other byte. */
async function areZero(
  next: IteratorResult<Uint8Array, void>,
  blocks: AsyncGenerator<Uint8Array, void, void>,
  meter: ByteMeter,
  startByte: number,
): Promise<boolean> {
  let readBytes = startByte;
  for (let result = next; result.done !== true; result = await blocks.next()) {
    readBytes += result.value.length;
    meter.reach(readBytes);
    if (!isZero(result.value)) return false;
  }
  return true;
}

function isZero(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0);
}
