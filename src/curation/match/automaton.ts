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
 *   8, 9    short table:   first byte, and shift: the hash of a key, shifted right by it, is the number of its bucket
 *   10, 11  medium table:  likewise
 *   12, 13  long table:    likewise
 *   14, 15  huge table:    likewise
 *   16, 17  edge table:    likewise
 *   18, 19  groups:        first byte, count of 32-bit numbers
 *   20, 21  pool:          first byte, count of bytes
 *   22, 23  distinct tokens, edges
 *   24-31   the list's fingerprint, 32 bytes
 *   32-39   SHA-256 of header and tables, with these 8 numbers taken as 0
 *   40-63   0
 *
 * Behind it lie the tables; every place is a byte of the block. A *record* stands for a token, and is known by the place of
 * its first number, which is also the token's id in edges:
 *
 *   +0   entry reference: 0 none; id + 1; or -g, where the group at byte g is a count and then as many ids
 *   +16  neighbour masks: bit b (0-15) is set if some entry starts with this token and goes on with one whose
 *        neighbourBit is b; bit 16 + b if one starts with a token of bit b and goes on with this one
 *
 *   start  content
 *   256    the null record, 64 zeros: "no such token"
 *   320    a bucket of its own for the empty token, as in the short table, with a key of zeros
 *   384    by length 0-8: the bits of eight bytes that belong to a token, 64 bits each
 *   464    257 numbers: record of each one-byte token by its byte, and at 256 of the empty one; the null record where it is
 *          in no entry
 *   1536   a full bucket: its last key is 256, a NUL and so no token's
 *   1600   short table (tokens of 1-4 bytes), medium table (5-8), long table (9-16), edge table, huge table, groups, pool
 *
 * A *bucket* is one cache line of 64 bytes, which holds keys, and behind them what is known of each:
 *
 *   table          keys from +0 on                                          +32            +48
 *   short, medium  four, the eight bytes of a token, zeros after its end    entry refs     neighbour masks
 *   long           two, of sixteen bytes: both first halves, both others    entry refs     neighbour masks
 *   edges          four, state and record of the next token                 entry refs     next states
 *   huge           records of 32 bytes instead: +8 length (0: free), +12 start in the pool, of a token of 17 and more
 *
 * A hash chooses the bucket. It is filled from its first place on, and what finds it full goes into the next one. Whether that has
 * happened is told by the order of its keys: then the last one, as a 64-bit number (of the long table its first half), is larger than
 * the first, else smaller; so a search goes on only where that can help. No table is full. No token holds a NUL, hence zeros
 * mark both the end of a token and a free place without doubt.
 *
 * State = record of the first token, or, deeper, {@link DEEP_STATE} and a number. A next state is 0 when there is none, else
 * that number and, above it, a mask of the tokens that may follow: bit {@link deepBit} of each.
 *
 * Why a table for each length: running text is mostly short, frequent words. Apart they are dense (512 KB for the 23,000
 * tokens of 1-4 bytes of the reference list) and stay in the second-level cache; one table of 32-byte records for all took
 * 20 % off the look-ups. Why buckets: a search sees one cache line and, one key against four, has no branch that depends on
 * where a key lies. Tokens that stand in many entries, and punctuation, are placed first, so that what is frequent lies in its
 * own bucket. Why masks: of the neighbouring known tokens of the reference captions 43 % stand in an entry together; the masks
 * rule out three quarters of the others without touching the edge table, whose misses cost most. Those of next states are
 * for third tokens, which were sought in vain 12 of 13 times.
 */
import { MetaclipError } from '../../common/errors.ts';
import type { Compat } from '../compat.ts';

/** Version of this layout and of the hash functions; part of the cache file's name and header. */
export const LAYOUT_VERSION = 3;

/** "MCA1" read as a little-endian number. */
export const AUTOMATON_MAGIC = 0x3141434d;

export const HEADER_BYTES = 256;
export const NULL_RECORD = 256;
export const EMPTY_BUCKET = 320;
export const LENGTHS_START = 384;
export const SINGLE_BYTES_START = 464;
/** Place of the empty token among the one-byte tokens. */
export const EMPTY_TOKEN_INDEX = 256;
export const FULL_BUCKET = 1536;
export const FIRST_TABLE_START = 1600;

export const BUCKET_BYTES = 64;
/** From the start of a bucket: the entry references of its keys, and their masks or next states. */
export const BUCKET_REFERENCES = 32;
/** From a record or an edge to its masks or its next state. */
export const TO_MASKS = 16;
export const HUGE_BYTES = 32;

/** Set in the states behind two and more tokens, so that they are no records. */
export const DEEP_STATE = 0x80000000 | 0;
/** Bits of a next state that are its number; {@link deepBit} of what may follow stands above them. */
export const DEEP_NUMBER_BITS = 26;

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
  shortStart: 8,
  shortShift: 9,
  mediumStart: 10,
  mediumShift: 11,
  longStart: 12,
  longShift: 13,
  hugeStart: 14,
  hugeShift: 15,
  edgeStart: 16,
  edgeShift: 17,
  groupStart: 18,
  groupLength: 19,
  poolStart: 20,
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
  readonly shortStart: number;
  readonly shortShift: number;
  readonly mediumStart: number;
  readonly mediumShift: number;
  readonly longStart: number;
  readonly longShift: number;
  readonly hugeStart: number;
  readonly hugeShift: number;
  readonly edgeStart: number;
  readonly edgeShift: number;
  /** The whole block as numbers, header included; its pool as bytes. */
  readonly numbers: Int32Array;
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
  checkBounds(header, sizeBytes);
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
    shortStart: read(HEADER.shortStart),
    shortShift: read(HEADER.shortShift),
    mediumStart: read(HEADER.mediumStart),
    mediumShift: read(HEADER.mediumShift),
    longStart: read(HEADER.longStart),
    longShift: read(HEADER.longShift),
    hugeStart: read(HEADER.hugeStart),
    hugeShift: read(HEADER.hugeShift),
    edgeStart: read(HEADER.edgeStart),
    edgeShift: read(HEADER.edgeShift),
    numbers: new Int32Array(shared, 0, sizeBytes / 4),
    pool: new Uint8Array(shared, read(HEADER.poolStart), read(HEADER.poolBytes)),
  });
}

function checkBounds(header: Int32Array, sizeBytes: number): void {
  const read = (position: number): number => header[position] ?? 0;
  const tables = [
    [HEADER.shortStart, BUCKET_BYTES],
    [HEADER.mediumStart, BUCKET_BYTES],
    [HEADER.longStart, BUCKET_BYTES],
    [HEADER.edgeStart, BUCKET_BYTES],
    [HEADER.hugeStart, HUGE_BYTES],
  ] as const;
  for (const [position, bucketBytes] of tables) {
    const start = read(position);
    const shift = read(position + 1);
    const end = start + 2 ** (32 - shift) * bucketBytes;
    const isInside = start >= FIRST_TABLE_START && shift > 0 && shift < 32 && end <= sizeBytes;
    if (!isInside || start % bucketBytes !== 0) {
      throw damaged(`the table at header number ${position} lies outside the file`);
    }
  }
  const groupEnd = read(HEADER.groupStart) + read(HEADER.groupLength) * 4;
  const poolEnd = read(HEADER.poolStart) + read(HEADER.poolBytes);
  const lengths = [read(HEADER.groupLength), read(HEADER.poolBytes), read(HEADER.maxEntryTokens)];
  const isInside = groupEnd <= sizeBytes && poolEnd <= sizeBytes && lengths.every((length) => length >= 0);
  if (!isInside || read(HEADER.groupStart) < 0 || read(HEADER.poolStart) < 0) {
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
