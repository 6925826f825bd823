/**
 * Inflates the members of a healthy gzip file (RFC 1952), one after the other, inside the memory of a reader: what comes out lies in
 * a window in which the next reader looks at it, so nothing is copied. The deflate data go through the WebAssembly kernel `inflate`,
 * checksums through zlib. Whatever is not a whole member with the right checksum and length is called odd and left to
 * {@link salvageMembers}, from the start of that member on.
 *
 * Memory: that of the reader, whatever the file; see crawl-memory.ts.
 */
import { crc32 } from 'node:zlib';
import {
  type CrawlMemory,
  INPUT_BYTES,
  INPUT_START,
  MAX_MEMBERS,
  MEMBERS_START,
  WINDOW_BYTES,
  WINDOW_START,
} from './crawl-memory.ts';
import { HEADER_BYTES, MAX_HEADER_BYTES, skipHeader, TRAILER_BYTES } from './gzip-members.ts';

/** Output after which a piece ends: stays in the second cache until it has been looked at. */
const PIECE_BYTES = 256 << 10;
/** What a piece may have at most: the rest of a member is a piece of its own. */
const MAX_PIECE_BYTES = 512 << 10;
/** How far back deflate data may point. */
const HISTORY_BYTES = 32 << 10;
/** The window starts again from its front behind this, if what must be kept leaves room there. */
const ORDINARY_WINDOW_BYTES = 2 << 20;
/** Bytes that can be kept in front of a piece. */
export const MAX_KEPT_BYTES = WINDOW_BYTES - MAX_PIECE_BYTES - HISTORY_BYTES;

/** Members that together have fewer bytes are not worth to be cut out. */
const MIN_CUT_BYTES = 16 << 10;
/** With more input at hand none are cut out. */
const MAX_CUT_INPUT_BYTES = INPUT_BYTES / 2;

// What the kernel answers; see kernels/inflate.ts.
const NEEDS_INPUT = 0;
const NEEDS_ROOM = 1;
const AT_END = 2;
const AT_HEADER = 4;
const AT_TRAILER = 5;

/**
 * Why {@link MemberInflater.inflate} came back: with a piece; for more input; at the end of the input, between two members; or
 * because what stands there is no whole and healthy member.
 */
export type InflateStop = 'piece' | 'input' | 'end' | 'odd';

/** Inflates, a run of small members by one call; the caller brings input and looks at the pieces. */
export class MemberInflater {
  /** The piece is bytes [pieceStart, pieceEnd) of the memory, valid until the next one is started. */
  pieceStart = WINDOW_START;
  pieceEnd = WINDOW_START;
  /** Where the current member starts in the file; behind the last one between two. */
  memberStartByte = 0;
  /** Output of the current member so far. */
  memberBytes = 0;
  readonly #bytes: Buffer<ArrayBuffer>;
  readonly #reset: (at: number) => number;
  readonly #inflate: (start: number, stop: number, room: number) => number;
  readonly #inflateMembers: (...values: number[]) => number;
  readonly #getMemberAt: () => number;
  readonly #getMemberCount: () => number;
  /** Of each whole member of a run: where its output ends, and the checksum that it should have. */
  readonly #members: Uint32Array;
  readonly #moveOutput: (at: number, low: number) => number;
  readonly #getInputAt: () => number;
  readonly #getOutputAt: () => number;
  #inputAt = INPUT_START;
  #inputEnd = INPUT_START;
  #fedBytes = 0;
  #place: 'header' | 'data' | 'trailer' = 'header';
  /** Of the current member so far. */
  #checksum = 0;

  /** @param memory - of the reader */
  constructor(memory: CrawlMemory) {
    this.#bytes = memory.bytes;
    const kernel = memory.loadKernel('inflate');
    this.#reset = kernel.getFunction('reset');
    this.#inflate = kernel.getFunction('inflate');
    this.#inflateMembers = kernel.getFunction('inflateMembers');
    this.#getMemberAt = kernel.getFunction('getMemberAt');
    this.#getMemberCount = kernel.getFunction('getMemberCount');
    this.#members = new Uint32Array(memory.bytes.buffer, MEMBERS_START, MAX_MEMBERS * 2);
    this.#moveOutput = kernel.getFunction('moveOutput');
    this.#getInputAt = kernel.getFunction('getInputAt');
    this.#getOutputAt = kernel.getFunction('getOutputAt');
    kernel.getFunction('setUp')();
  }

  /**
   * Adds input, after {@link MemberInflater.inflate} asked for it.
   *
   * @param input - the next bytes of the file, at most 512 KiB; copied
   */
  feed(input: Uint8Array): void {
    const left = this.#inputEnd - this.#inputAt;
    if (left + input.length > INPUT_BYTES) throw new RangeError(`${input.length} bytes of input at once`);
    this.#bytes.copyWithin(INPUT_START, this.#inputAt, this.#inputEnd);
    this.#bytes.set(input, INPUT_START + left);
    this.#inputAt = INPUT_START;
    this.#inputEnd = INPUT_START + left + input.length;
    this.#fedBytes += input.length;
  }

  /**
   * Starts a piece, for which the window may move.
   *
   * @param keptBytes - of the bytes given last, so many stand in front of the piece afterwards; at most {@link MAX_KEPT_BYTES}
   */
  startPiece(keptBytes: number): void {
    const end = this.pieceEnd;
    const kept = Math.max(HISTORY_BYTES, keptBytes);
    const usedBytes = end - WINDOW_START;
    const isLong = usedBytes >= ORDINARY_WINDOW_BYTES && kept <= ORDINARY_WINDOW_BYTES / 2;
    if (isLong || usedBytes > WINDOW_BYTES - MAX_PIECE_BYTES) {
      const movedBytes = Math.min(kept, usedBytes);
      this.#bytes.copyWithin(WINDOW_START, end - movedBytes, end);
      this.pieceEnd = WINDOW_START + movedBytes;
      this.#moveOutput(this.pieceEnd, this.pieceEnd - Math.min(movedBytes, this.memberBytes));
    }
    this.pieceStart = this.pieceEnd;
  }

  /**
   * Takes members out: those from here on up to the last one at hand whose header is that of the next. Whether that really is one, and
   * whether those taken are whole, is not looked at.
   *
   * @returns their bytes, owned by the caller; undefined where this is no place between two members, or there are few at hand
   */
  cutMembers(): Uint8Array<ArrayBuffer> | undefined {
    if (this.#place !== 'header') return undefined;
    const input = this.#bytes.subarray(this.#inputAt, this.#inputEnd);
    // A block is fed for each cut, which may have been smaller.
    if (input.length > MAX_CUT_INPUT_BYTES) return undefined;
    if (input.length < MIN_CUT_BYTES + HEADER_BYTES || this.#measureHeader() !== HEADER_BYTES)
      return undefined;
    const cutBytes = input.lastIndexOf(input.subarray(0, HEADER_BYTES));
    if (cutBytes < MIN_CUT_BYTES) return undefined;
    const members = new Uint8Array(input.subarray(0, cutBytes));
    this.#inputAt += cutBytes;
    this.#startMember(this.#inputAt, this.pieceEnd);
    return members;
  }

  /**
   * Goes on with the piece. Time: linear.
   *
   * @param isInputOver - true when there is no more input than what was fed
   * @returns why it stopped
   */
  inflate(isInputOver: boolean): InflateStop {
    for (;;) {
      if (this.#place === 'header') {
        const stop = this.#inflateRun();
        if (stop !== undefined) return stop;
      }
      if (this.#place === 'header') {
        const left = this.#inputEnd - this.#inputAt;
        if (left === 0 && isInputOver) return 'end';
        const headerBytes = this.#measureHeader();
        if (headerBytes === undefined) return isInputOver || left > MAX_HEADER_BYTES ? 'odd' : 'input';
        if (headerBytes === 0) return 'odd';
        this.#inputAt += headerBytes;
        this.#checksum = 0;
        this.#reset(this.pieceEnd);
        this.#place = 'data';
      }
      if (this.#place === 'data') {
        const stop = this.#inflate(this.#inputAt, this.#inputEnd, this.#roomEnd);
        if (stop !== NEEDS_INPUT && stop !== NEEDS_ROOM && stop !== AT_END) return 'odd';
        this.#takePart();
        if (stop === NEEDS_ROOM) return 'piece';
        if (stop === NEEDS_INPUT) return isInputOver ? 'odd' : 'input';
        this.#place = 'trailer';
      }
      if (this.#inputEnd - this.#inputAt < TRAILER_BYTES) return isInputOver ? 'odd' : 'input';
      if (this.#bytes.readUInt32LE(this.#inputAt) !== this.#checksum) return 'odd';
      if (this.#bytes.readUInt32LE(this.#inputAt + 4) !== this.memberBytes % 2 ** 32) return 'odd';
      this.#inputAt += TRAILER_BYTES;
      this.#startMember(this.#inputAt, this.pieceEnd);
    }
  }

  get #roomEnd(): number {
    return Math.min(this.pieceStart + MAX_PIECE_BYTES, WINDOW_START + WINDOW_BYTES);
  }

  // Takes as many whole members as there are, and what there is of the next; undefined where its header or trailer has to be read.
  #inflateRun(): InflateStop | undefined {
    const runStart = this.pieceEnd;
    this.#startMember(this.#inputAt, runStart);
    const enough = this.pieceStart + PIECE_BYTES;
    const stop = this.#inflateMembers(this.#inputAt, this.#inputEnd, runStart, enough, this.#roomEnd);
    // Each by itself, though one call for the whole run would do with a little algebra: it was no faster in builds that took turns, and
    // two wrong checksums can be such that they cancel each other. Which member is damaged somebody else finds out.
    let wholeEnd = runStart;
    for (let member = 0; member < this.#getMemberCount() * 2; member += 2) {
      const end = this.#members[member] ?? 0;
      if (crc32(this.#bytes.subarray(wholeEnd, end)) !== this.#members[member + 1]) return 'odd';
      wholeEnd = end;
    }
    this.#startMember(this.#getMemberAt(), wholeEnd);
    if (stop === AT_HEADER) {
      this.#inputAt = this.#getMemberAt();
      return wholeEnd >= enough ? 'piece' : undefined;
    }
    if (stop !== NEEDS_INPUT && stop !== NEEDS_ROOM && stop !== AT_TRAILER) return 'odd';
    this.#checksum = 0;
    this.#takePart();
    this.#place = stop === AT_TRAILER ? 'trailer' : 'data';
    return stop === NEEDS_ROOM ? 'piece' : undefined;
  }

  // Takes what the kernel made of a part of a member.
  #takePart(): void {
    this.#inputAt = this.#getInputAt();
    const end = this.#getOutputAt();
    this.#checksum = crc32(this.#bytes.subarray(this.pieceEnd, end), this.#checksum);
    this.memberBytes += end - this.pieceEnd;
    this.pieceEnd = end;
  }

  // A member starts here, in the input and in the window.
  #startMember(inputAt: number, outputAt: number): void {
    this.#place = 'header';
    this.pieceEnd = outputAt;
    this.memberBytes = 0;
    this.memberStartByte = this.#fedBytes - (this.#inputEnd - inputAt);
  }

  // Length of the header at hand; 0 for what is none, undefined for what may be one with more input.
  #measureHeader(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#inputAt;
    const left = this.#inputEnd - start;
    if (left < HEADER_BYTES) return undefined;
    if (bytes[start] !== 0x1f || bytes[start + 1] !== 0x8b || bytes[start + 2] !== 8) return 0;
    // Nearly always.
    if (bytes[start + 3] === 0) return HEADER_BYTES;
    const headerBytes = skipHeader(bytes.subarray(start, this.#inputEnd), 0);
    // However much is at hand.
    return headerBytes !== undefined && headerBytes > MAX_HEADER_BYTES ? 0 : headerBytes;
  }
}
