/**
 * Turns a source into decompressed bytes: gzip is recognised by its magic bytes and never by the name, and what is gzip
 * is never read as plain text however damaged it is.
 *
 * The healthy path inflates member after member in the reader's own memory, see {@link MemberInflater}. At the first member that is
 * not whole it hands over to {@link salvageMembers}, which reads the file again from there.
 */
import { readBlocks, type ByteSource } from './byte-source.ts';
import { CrawlMemory } from './crawl-memory.ts';
import { findMember, salvageMembers } from './gzip-members.ts';
import { MAX_KEPT_BYTES, MemberInflater } from './member-inflater.ts';
import type { MemberCuts } from './member-relay.ts';
import { ByteMeter, StreamGap } from './stream-gap.ts';

/** Decompressed bytes: [start, end) of a buffer. */
export interface DecodedPiece {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Whether the bytes that were to be kept stand in front of the piece; else they are where they were. */
  readonly isBehindKept: boolean;
}

/** Decompressed bytes in order, piece by piece. */
export interface DecodedSource {
  /** How many bytes can be kept. */
  readonly maxKeptBytes: number;
  /**
   * @param keptBytes - of the bytes given last, so many must stay; the others may be overwritten
   * @returns the next piece, valid until the next call, and an empty one where the kept bytes moved and none followed; a
   *   {@link StreamGap} where bytes are lost; undefined at the end
   * @throws MetaclipError E_INPUT_NOT_FOUND or E_INPUT_UNREADABLE when the source cannot be read
   */
  next(keptBytes: number): Promise<DecodedPiece | StreamGap | undefined>;
  /** Stops reading, also before the end. */
  close(): Promise<void>;
}

/**
 * Opens a source. Memory: one input block and {@link CrawlMemory}, whatever the file; members are never held whole unless they are
 * damaged and small.
 *
 * @param source - file or other bytes
 * @param onBytes - told of every further byte of the source as it lies there, once
 * @param memory - where gzip is inflated; of no other reader
 * @param cuts - may take members out, which then are not among the bytes
 * @returns its decompressed bytes
 */
export function openDecoded(
  source: ByteSource,
  onBytes: (byteCount: number) => void,
  memory: CrawlMemory = new CrawlMemory(),
  cuts?: MemberCuts,
): DecodedSource {
  return new DecodedFile(source, new ByteMeter(onBytes), memory, cuts);
}

class DecodedFile implements DecodedSource {
  readonly maxKeptBytes = MAX_KEPT_BYTES;
  readonly #source: ByteSource;
  readonly #meter: ByteMeter;
  readonly #memory: CrawlMemory;
  readonly #cuts: MemberCuts | undefined;
  #decodedBytes = 0;
  readonly #blocks: AsyncGenerator<Uint8Array, void, void>;
  #readBytes = 0;
  #isInputOver = false;
  #inflater: MemberInflater | undefined;
  /** Takes over for plain and for damaged files. */
  #chunks: DecodedSource | undefined;

  constructor(source: ByteSource, meter: ByteMeter, memory: CrawlMemory, cuts: MemberCuts | undefined) {
    this.#source = source;
    this.#meter = meter;
    this.#memory = memory;
    this.#cuts = cuts;
    this.#blocks = readBlocks(source.open(0));
  }

  async next(keptBytes: number): Promise<DecodedPiece | StreamGap | undefined> {
    if (this.#chunks === undefined && this.#inflater === undefined) await this.#start();
    if (this.#inflater !== undefined) return this.#inflatePiece(this.#inflater, keptBytes);
    return this.#chunks?.next(0);
  }

  async close(): Promise<void> {
    await this.#blocks.return();
    await this.#chunks?.close();
  }

  /** Looks at the first block and decides. */
  async #start(): Promise<void> {
    const block = await this.#readBlock();
    const isGzip = block[0] === 0x1f && block[1] === 0x8b;
    if (isGzip) {
      this.#inflater = new MemberInflater(this.#memory);
      this.#inflater.feed(block);
    } else if (hidesGzip(block)) {
      // Garbage in front of the first member.
      this.#chunks = wrapDecoded(salvageMembers(this.#source, { startByte: 0, skipBytes: 0 }, this.#meter));
    } else {
      this.#chunks = wrapDecoded(this.#readPlain(block));
    }
  }

  /** The next piece; after the last one, and where the file is odd, #chunks takes over. */
  async #inflatePiece(inflater: MemberInflater, keptBytes: number): Promise<DecodedPiece> {
    const cuts = this.#cuts;
    const wantedBytes = cuts?.countWanted(this.#decodedBytes) ?? 0;
    if (cuts !== undefined && wantedBytes > 0) await this.#cutMembers(inflater, cuts, wantedBytes);
    inflater.startPiece(keptBytes);
    for (;;) {
      const stop = inflater.inflate(this.#isInputOver);
      if (stop === 'input') {
        inflater.feed(await this.#readBlock());
        continue;
      }
      if (stop === 'odd') {
        this.#cuts?.refuseOddity();
        const { memberStartByte: startByte, memberBytes: skipBytes } = inflater;
        this.#chunks = wrapDecoded(salvageMembers(this.#source, { startByte, skipBytes }, this.#meter));
      }
      if (stop !== 'piece') this.#inflater = undefined;
      const { pieceStart: start, pieceEnd: end } = inflater;
      this.#decodedBytes += end - start;
      if (stop !== 'piece') this.#chunks ??= NOTHING;
      if (start < end || stop !== 'piece') {
        return { bytes: this.#memory.bytes, start, end, isBehindKept: true };
      }
    }
  }

  /** Cuts members of `wantedBytes` and up to half a MiB more, or fewer; none where they can't be told from each other. */
  async #cutMembers(inflater: MemberInflater, cuts: MemberCuts, wantedBytes: number): Promise<void> {
    for (let byteCount = 0; byteCount < wantedBytes && !this.#isInputOver;) {
      const part = inflater.cutMembers();
      if (part === undefined) break;
      cuts.add(part, this.#decodedBytes);
      byteCount += part.length;
      inflater.feed(await this.#readBlock());
    }
  }

  /** The next block; an empty one at the end. */
  async #readBlock(): Promise<Uint8Array> {
    const next = await this.#blocks.next();
    if (next.done === true) {
      this.#isInputOver = true;
      return new Uint8Array(0);
    }
    this.#readBytes += next.value.length;
    this.#meter.reach(this.#readBytes);
    return next.value;
  }

  async *#readPlain(first: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
    for (let block = first; block.length > 0; block = await this.#readBlock()) yield block;
  }
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

/**
 * @param chunks - decompressed bytes with gaps in them, of which each chunk stays as it is
 * @returns them as a source
 */
export function wrapDecoded(chunks: AsyncIterable<Uint8Array | StreamGap>): DecodedSource {
  const iterator = chunks[Symbol.asyncIterator]();
  return {
    maxKeptBytes: Infinity,
    async next() {
      for (;;) {
        const next = await iterator.next();
        if (next.done === true) return undefined;
        const chunk: Uint8Array | StreamGap = next.value;
        if (chunk instanceof StreamGap) return chunk;
        if (chunk.length === 0) continue;
        const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
        return { bytes, start: 0, end: bytes.length, isBehindKept: false };
      }
    },
    async close() {
      await iterator.return?.();
    },
  };
}

const NOTHING: DecodedSource = {
  maxKeptBytes: Infinity,
  next: () => Promise.resolve(undefined),
  close: () => Promise.resolve(),
};
