/** What the readers of compressed files pass on beside bytes: where bytes are missing, and how far the file was read. */

/**
 * A place in the decompressed stream where bytes are missing. What follows it is not the continuation of what stands
 * before it.
 */
export class StreamGap {
  readonly reason: 'damaged-gzip' | 'garbage-bytes' | 'truncated-record';
  /** What was wrong, with the offset in the compressed file. */
  readonly detail: string;
  /** Bytes in front of the gap that came from the damaged member, so passed no checksum. */
  readonly unprovedBytes: number;

  /**
   * @param reason - why bytes are missing: a damaged member, bytes between members, or the end of the file inside one
   * @param detail - what was wrong and where
   * @param unprovedBytes - bytes in front of the gap that passed no checksum
   */
  constructor(reason: StreamGap['reason'], detail: string, unprovedBytes: number) {
    this.reason = reason;
    this.detail = detail;
    this.unprovedBytes = unprovedBytes;
  }
}

/** Reports each byte of a source once, however often it is read. */
export class ByteMeter {
  readonly #onBytes: (byteCount: number) => void;
  #reportedBytes = 0;

  /** @param onBytes - told of further bytes */
  constructor(onBytes: (byteCount: number) => void) {
    this.#onBytes = onBytes;
  }

  /** @param endByte - the source has been read up to here */
  reach(endByte: number): void {
    if (endByte <= this.#reportedBytes) return;
    this.#onBytes(endByte - this.#reportedBytes);
    this.#reportedBytes = endByte;
  }
}
