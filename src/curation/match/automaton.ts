/**
 * The search form of the matcher: one block of memory that any number of threads read at once, and that is written to
 * the cache file as it lies.
 *
 * Header, 256 bytes, as 32-bit numbers in the machine's byte order (a file from a machine of the other order has another
 * magic):
 *
 *   number  meaning
 *   0       magic
 *   1       {@link LAYOUT_VERSION}
 *   2       size of the whole block in bytes
 *   3       0 metaclip, 1 mended
 *   4       entries of the list
 *   5       seed of the hash functions
 *   6       most tokens of any entry
 *   7       bytes of the longest token
 *   8, 9    short table:   first number, and mask of an offset in it
 *   10, 11  medium table:  likewise
 *   12, 13  long table:    likewise
 *   14, 15  huge table:    likewise
 *   16, 17  edge table:    likewise
 *   18, 19  groups:        first number, count of numbers
 *   20, 21  pool:          first number, count of bytes
 *   22, 23  distinct tokens, edges
 *   24-31   the list's fingerprint, 32 bytes
 *   32-39   SHA-256 of header and tables, with these 8 numbers taken as 0
 *   40-63   0
 *
 * Tables: 32-bit numbers counted from the end of the header. A *record* is known by the number at which it starts, and
 * that is also the token's id in edges. Every record starts with
 *
 *   +0  entry reference: 0 none; id + 1; or -g, where the group at number g is a count and then as many ids
 *   +1  neighbour masks: bit b (0-15) is set if some entry starts with this token and goes on with one whose
 *       neighbourBit is b; bit 16 + b if one starts with a token of bit b and goes on with this one
 *
 *   start  content
 *   0      the null record, 4 zeros: "no such token"
 *   4      the record of the empty token, 4 numbers
 *   8      257 numbers: record of each one-byte token by its byte, and at 256 of the empty one; 0 where it is in no entry
 *   272    short table, records of 4:   +2 bytes 0-3 of a token of 1-4 bytes, zeros after its end (0: free), +3 is 0
 *          medium table, records of 4:  +2 bytes 0-3 (0: free), +3 bytes 4-7, of a token of 5-8 bytes
 *          long table, records of 8:    +2 to +5 the bytes of a token of 9-16 bytes (+2 is 0: free), +6, +7 unused
 *          huge table, records of 8:    +2 hash, +3 length in bytes (0: free), +4 start in the pool; tokens of 17 and more
 *          edge table, records of 4:    +0 state, +1 token (0: free), +2 entry reference at its end, +3 next state or 0
 *          groups, pool
 *
 * Every table starts at a multiple of 16 numbers, so that no record straddles two cache lines.
 *
 * No entry holds a NUL, hence zeros mark both the end of a token and a free record without doubt. State = record of the
 * first token, or, deeper, a number past the end of the tables. All tables are open-addressed with linear probing, a power
 * of two in size and never full, so a search ends at a free record.
 *
 * Why a table for each length: running text is mostly short, frequent words. Apart they are dense (370 KB for the 23,000
 * tokens of 1-4 bytes of the reference list) and stay in the second-level cache; one table of 32-byte records for all took
 * 20 % off the look-ups. Why masks: of the neighbouring known tokens of the reference captions 43 % stand in an entry
 * together; the masks rule out three quarters of the others without touching the edge table, whose misses cost most.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { Compat } from '../compat.ts';

/** Version of this layout and of the hash functions; part of the cache file's name and header. */
export const LAYOUT_VERSION = 2;

/** "MCA1" read as a little-endian number. */
export const AUTOMATON_MAGIC = 0x3141434d;

export const HEADER_BYTES = 256;
export const EMPTY_RECORD = 4;
export const SINGLE_BYTE_BASE = 8;
export const EMPTY_TOKEN_INDEX = 256;
export const FIRST_TABLE_BASE = 272;

/** Largest block: numbers and states must fit 31 bits, and the runtime allows no more in one piece on every platform. */
export const MAX_AUTOMATON_BYTES = 2 ** 31 - 8;

/** Positions in the header. */
export const HEADER = Object.freeze({
  magic: 0,
  version: 1,
  sizeBytes: 2,
  compat: 3,
  entryCount: 4,
  seed: 5,
  maxEntryTokens: 6,
  maxTokenBytes: 7,
  shortBase: 8,
  shortMask: 9,
  mediumBase: 10,
  mediumMask: 11,
  longBase: 12,
  longMask: 13,
  hugeBase: 14,
  hugeMask: 15,
  edgeBase: 16,
  edgeMask: 17,
  groupBase: 18,
  groupLength: 19,
  poolBase: 20,
  poolBytes: 21,
  wordCount: 22,
  edgeCount: 23,
  fingerprint: 24,
  checksum: 32,
});

/** A view of the block with its header read; cheap to make, one for each thread. */
export interface PackedAutomaton {
  /** The block itself: send this to a worker and {@link attachAutomaton} it there. Read only by agreement. */
  readonly shared: SharedArrayBuffer;
  readonly compat: Compat;
  readonly fingerprint: string;
  readonly entryCount: number;
  readonly wordCount: number;
  readonly edgeCount: number;
  readonly sizeBytes: number;
  readonly seed: number;
  readonly maxEntryTokens: number;
  readonly maxTokenBytes: number;
  readonly shortBase: number;
  readonly shortMask: number;
  readonly mediumBase: number;
  readonly mediumMask: number;
  readonly longBase: number;
  readonly longMask: number;
  readonly hugeBase: number;
  readonly hugeMask: number;
  readonly edgeBase: number;
  readonly edgeMask: number;
  /** Everything after the header, as numbers and as bytes. */
  readonly tables: Int32Array;
  readonly pool: Uint8Array;
}

/**
 * Reads the header of a block and checks that it is whole and that its tables lie inside it.
 *
 * Complexity: constant; copies nothing.
 *
 * @param shared - memory that starts with the block of an automaton, of this or of another thread
 * @returns the view for a {@link Matcher}
 * @throws {MetaclipError} `E_AUTOMATON_VERSION` if it is no automaton or of another layout version, `E_INPUT_UNREADABLE` if
 *   it is cut short or its header contradicts itself
 */
export function attachAutomaton(shared: SharedArrayBuffer): PackedAutomaton {
  if (shared.byteLength < HEADER_BYTES) throw damaged(`${shared.byteLength} bytes, less than a header`);
  const header = new Int32Array(shared, 0, HEADER_BYTES / 4);
  const read = (position: number): number => header[position] ?? 0;
  if (read(HEADER.magic) !== AUTOMATON_MAGIC) throw otherVersion('not an automaton of this tool');
  if (read(HEADER.version) !== LAYOUT_VERSION) {
    throw otherVersion(`layout version ${read(HEADER.version)}, this tool reads ${LAYOUT_VERSION}`);
  }
  const sizeBytes = read(HEADER.sizeBytes);
  if (sizeBytes > shared.byteLength || sizeBytes < HEADER_BYTES) {
    throw damaged(`${shared.byteLength} bytes, its header says ${sizeBytes}`);
  }
  checkBounds(header, (sizeBytes - HEADER_BYTES) / 4);
  const poolStart = HEADER_BYTES + read(HEADER.poolBase) * 4;
  return Object.freeze({
    shared,
    compat: read(HEADER.compat) === 0 ? 'metaclip' : 'mended',
    fingerprint: Buffer.from(shared, HEADER.fingerprint * 4, 32).toString('hex'),
    entryCount: read(HEADER.entryCount),
    wordCount: read(HEADER.wordCount),
    edgeCount: read(HEADER.edgeCount),
    sizeBytes,
    seed: read(HEADER.seed),
    maxEntryTokens: read(HEADER.maxEntryTokens),
    maxTokenBytes: read(HEADER.maxTokenBytes),
    shortBase: read(HEADER.shortBase),
    shortMask: read(HEADER.shortMask),
    mediumBase: read(HEADER.mediumBase),
    mediumMask: read(HEADER.mediumMask),
    longBase: read(HEADER.longBase),
    longMask: read(HEADER.longMask),
    hugeBase: read(HEADER.hugeBase),
    hugeMask: read(HEADER.hugeMask),
    edgeBase: read(HEADER.edgeBase),
    edgeMask: read(HEADER.edgeMask),
    tables: new Int32Array(shared, HEADER_BYTES, (sizeBytes - HEADER_BYTES) / 4),
    pool: new Uint8Array(shared, poolStart, read(HEADER.poolBytes)),
  });
}

function checkBounds(header: Int32Array, numberCount: number): void {
  const read = (position: number): number => header[position] ?? 0;
  const tables = [
    [HEADER.shortBase, 4],
    [HEADER.mediumBase, 4],
    [HEADER.longBase, 8],
    [HEADER.hugeBase, 8],
    [HEADER.edgeBase, 4],
  ] as const;
  for (const [position, stride] of tables) {
    const base = read(position);
    const length = read(position + 1) + stride;
    // A mask is (records - 1) * stride, records a power of two.
    const isPowerOfTwo = length > 0 && (length & (length - 1)) === 0;
    if (base < FIRST_TABLE_BASE || !isPowerOfTwo || base + length > numberCount) {
      throw damaged(`the table at header number ${position} lies outside the file`);
    }
  }
  const groupEnd = read(HEADER.groupBase) + read(HEADER.groupLength);
  const poolEnd = read(HEADER.poolBase) + read(HEADER.poolBytes) / 4;
  const lengths = [read(HEADER.groupLength), read(HEADER.poolBytes), read(HEADER.maxEntryTokens)];
  const isInside =
    groupEnd <= numberCount && poolEnd <= numberCount && lengths.every((length) => length >= 0);
  if (!isInside || read(HEADER.groupBase) < 0 || read(HEADER.poolBase) < 0) {
    throw damaged('its groups or its pool lie outside the file');
  }
}

const REBUILD_HINT = 'delete the cache file; it is built again from the list in about a second';

function otherVersion(what: string): MetaclipError {
  return new MetaclipError('E_AUTOMATON_VERSION', `automaton: ${what}`, { hint: REBUILD_HINT });
}

function damaged(what: string): MetaclipError {
  return new MetaclipError('E_INPUT_UNREADABLE', `automaton: damaged: ${what}`, { hint: REBUILD_HINT });
}
