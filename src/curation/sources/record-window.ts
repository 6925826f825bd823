/**
 * The part of a stream that the record reader looks at: bytes from the start of the current record on, in one piece.
 * A chunk that starts a record is used where it lies; only what straddles chunks is copied.
 */
import { StreamGap } from './stream-gap.ts';

/** Smallest buffer for straddling records. */
const MIN_BUFFER_BYTES = 256 << 10;

/**
 * A sliding window over decompressed chunks. Positions are relative to {@link RecordWindow.start}, because filling may
 * move the bytes. A *stretch* is a run of bytes without a gap in it; filling stops at its end.
 */
export class RecordWindow {
  /** Holds the window at [start, end); other bytes are free for reuse. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** What ended the stretch, once {@link RecordWindow.fill} returned false; undefined at the end of the stream. */
  gap: StreamGap | undefined;
  readonly #chunks: AsyncIterator<Uint8Array | StreamGap>;
  #ownsBytes = false;
  #isStretchOver = false;
  #isStreamOver = false;
  #startOffset = 0;

  /** @param chunks - decompressed bytes with gaps; read to the end or closed with {@link RecordWindow.close} */
  constructor(chunks: AsyncIterable<Uint8Array | StreamGap>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** @returns number of bytes at hand */
  get size(): number {
    return this.end - this.start;
  }

  /** @returns offset of the window's first byte in the decompressed stream */
  get offset(): number {
    return this.#startOffset;
  }

  /** @param byteCount - bytes at the front that are done with */
  discard(byteCount: number): void {
    this.start += byteCount;
    this.#startOffset += byteCount;
  }

  /**
   * Appends the next chunk. Amortised linear: the buffer doubles, and moves its content only when half of it is free.
   *
   * @returns false when the stretch has ended and nothing was added
   */
  async fill(): Promise<boolean> {
    if (this.#isStretchOver) return false;
    for (;;) {
      const next = await this.#chunks.next();
      if (next.done === true || next.value instanceof StreamGap) {
        this.#isStretchOver = true;
        this.#isStreamOver = next.done === true;
        this.gap = next.value instanceof StreamGap ? next.value : undefined;
        return false;
      }
      if (next.value.length === 0) continue;
      this.#append(next.value);
      return true;
    }
  }

  /**
   * @param byteCount - bytes wanted from the start of the window on
   * @returns false when the stretch ends before that
   */
  async ensure(byteCount: number): Promise<boolean> {
    while (this.size < byteCount) if (!(await this.fill())) return false;
    return true;
  }

  /**
   * Drops what is left of this stretch and goes on behind the gap.
   *
   * @returns false at the end of the stream
   */
  startNextStretch(): boolean {
    this.discard(this.size);
    if (this.#isStreamOver) return false;
    this.#isStretchOver = false;
    this.gap = undefined;
    return true;
  }

  /** Stops reading the stream before its end. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  #append(chunk: Uint8Array): void {
    const { size } = this;
    if (size === 0) {
      this.bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      this.#ownsBytes = false;
      this.start = 0;
      this.end = chunk.length;
      return;
    }
    const needed = size + chunk.length;
    if (
      !this.#ownsBytes ||
      needed > this.bytes.length ||
      (this.end + chunk.length > this.bytes.length && size > this.start)
    ) {
      const grown = Buffer.allocUnsafe(Math.max(MIN_BUFFER_BYTES, needed * 2));
      this.bytes.copy(grown, 0, this.start, this.end);
      this.bytes = grown;
      this.#ownsBytes = true;
      this.start = 0;
      this.end = size;
    } else if (this.end + chunk.length > this.bytes.length) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.start = 0;
      this.end = size;
    }
    this.bytes.set(chunk, this.end);
    this.end += chunk.length;
  }
}
