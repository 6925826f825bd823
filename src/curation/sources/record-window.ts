/**
 * The part of a stream that the record reader looks at: bytes from the start of the current record on, in one piece. They are used
 * where they lie, as long as their source can keep them; only what straddles pieces elsewhere, or is too long, is copied.
 */
import type { DecodedSource } from './decoded-bytes.ts';
import { StreamGap } from './stream-gap.ts';

/** Smallest buffer for straddling records. */
const MIN_BUFFER_BYTES = 256 << 10;

/**
 * A sliding window over decompressed pieces. Positions are relative to {@link RecordWindow.start}, because filling may
 * move the bytes. A *stretch* is a run of bytes without a gap in it; filling stops at its end.
 */
export class RecordWindow {
  /** Holds the window at [start, end); other bytes are not its own. */
  bytes: Buffer = Buffer.alloc(0);
  start = 0;
  end = 0;
  /** What ended the stretch, once {@link RecordWindow.fill} returned false; undefined at the end of the stream. */
  gap: StreamGap | undefined;
  readonly #source: DecodedSource;
  /** A buffer for windows that had to be copied. */
  #own: Buffer = Buffer.alloc(0);
  #isStretchOver = false;
  #isStreamOver = false;
  #startOffset: number;

  /**
   * @param source - decompressed bytes with gaps; read to the end or closed with {@link RecordWindow.close}
   * @param startOffset - offset of its first byte
   */
  constructor(source: DecodedSource, startOffset: number) {
    this.#source = source;
    this.#startOffset = startOffset;
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
   * Appends the next piece. Amortised linear: the buffer doubles, and moves its content only when half of it is free.
   *
   * @returns false when the stretch has ended and nothing was added
   */
  async fill(): Promise<boolean> {
    if (this.#isStretchOver) return false;
    if (this.size > this.#source.maxKeptBytes) this.#own = this.#copyTo(this.#own, 0);
    const isOwn = this.bytes === this.#own;
    const piece = await this.#source.next(isOwn ? 0 : this.size);
    if (piece === undefined || piece instanceof StreamGap) {
      this.#isStretchOver = true;
      this.#isStreamOver = piece === undefined;
      this.gap = piece;
      return false;
    }
    const { size } = this;
    if (size === 0 || (piece.isBehindKept && !isOwn)) {
      // Not kept for the next time: it may have grown to twice the largest record.
      if (isOwn) this.#own = Buffer.alloc(0);
      this.bytes = piece.bytes;
      this.start = piece.start - size;
      this.end = piece.end;
    } else {
      this.#own = this.#copyTo(this.#own, piece.end - piece.start);
      piece.bytes.copy(this.#own, this.end, piece.start, piece.end);
      this.end += piece.end - piece.start;
    }
    // An empty piece tells where the bytes that were kept have moved.
    return piece.start < piece.end || this.fill();
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
    await this.#source.close();
  }

  // Moves the window into a buffer of its own, that given or a larger one, with room behind it; returns that buffer.
  #copyTo(own: Buffer, roomBytes: number): Buffer {
    const { size } = this;
    const needed = size + roomBytes;
    if (this.bytes !== own || this.end + roomBytes > own.length) {
      // Moving within a buffer pays when half of it is free.
      const isEnough = needed <= own.length && (this.bytes !== own || size <= this.start);
      const target = isEnough ? own : Buffer.allocUnsafe(Math.max(MIN_BUFFER_BYTES, needed * 2));
      this.bytes.copy(target, 0, this.start, this.end);
      this.bytes = target;
      this.start = 0;
      this.end = size;
    }
    return this.bytes;
  }
}
