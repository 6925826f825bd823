/**
 * Inflates deflate data (RFC 1951) and runs of gzip members (RFC 1952). AssemblyScript; zlib is its oracle, and has the last word on
 * whatever this refuses: crawl files that are not whole, gzip that no ordinary program writes. What a kernel buys: 64 bits of input
 * at a time, symbols of up to eleven bits by one look-up, copies of 16 bytes, and output that stays where the next reader looks at it.
 *
 * A stream goes through in pieces: {@link inflate} returns when the input or the room is used up, and goes on where it was.
 * Nothing is read behind the input and written behind the room but what the pieces' margins hold: 16 bytes behind the input must
 * be readable, {@link COPY_MARGIN} bytes behind the room writable.
 */

// Layout, known to src/curation/sources/crawl-memory.ts: the 64 KiB from BASE on are this kernel's, input and output the caller's.
const BASE: i32 = 8126464;
const COUNTS: i32 = BASE; // of code lengths while a table is built, and where the symbols of a length start; 16 of four bytes each
const STARTS: i32 = BASE + 64;
const PATTERNS: i32 = BASE + 256; // for each distance below 16 the 16 byte numbers that repeat it
const LENGTHS: i32 = BASE + 512; // code lengths while a header is read, a byte each
const SORTED: i32 = BASE + 1024; // symbols in the order of their codes, two bytes each
const PRECODE_RESULTS: i32 = BASE + 2048; // what a symbol stands for, as in a table
const DIST_RESULTS: i32 = BASE + 2304;
const LITLEN_RESULTS: i32 = BASE + 2560;
const PRECODE_TABLE: i32 = BASE + 4096;
const DIST_TABLE: i32 = BASE + 8192;
const LITLEN_TABLE: i32 = BASE + 16384;
const MEMBERS: i32 = BASE + 32768; // of each whole member of a run: where its output ends, and the checksum that it should have

const PRECODE_BITS: i32 = 7;
/** Bits looked up at once; longer codes take a second look. At most 2,342 and 402 entries (the usual bounds for 286 and 30 symbols). */
const LITLEN_BITS: i32 = 11;
const DIST_BITS: i32 = 8;
const MAX_CODE_BITS: i32 = 15;

/**
 * Entries of a table. Bits 0 to 5: bits to drop, the extra ones included. Bits 8 to 11: bits of the code alone; of a pointer
 * to a second table, the bits that index it. Bits 16 to 30: literal, length, distance, or where the second table starts.
 */
const IS_LITERAL: u32 = 0x80000000;
const IS_ODD: u32 = 0x8000; // neither literal nor length nor distance
const IS_POINTER: u32 = 0x4000;
const IS_END: u32 = 0x2000;
const BITS_MASK: u32 = 63;

const MAX_MATCH: i32 = 258;
/** Bytes that a copy may write too much. */
const COPY_MARGIN: i32 = 32;

const NEEDS_INPUT: i32 = 0;
const NEEDS_ROOM: i32 = 1;
const AT_END: i32 = 2;
const DAMAGED: i32 = 3;
/** Of {@link inflateMembers}: the next member's header, or this one's trailer, is for the caller to read. */
const AT_HEADER: i32 = 4;
const AT_TRAILER: i32 = 5;

/** What is being read. */
const IN_HEADER: i32 = 0;
const IN_STORED: i32 = 1;
const IN_CODES: i32 = 2;
const BEHIND_LAST: i32 = 3;

let bits: u64 = 0;
let bitCount: i32 = 0;
let inAt: i32 = 0;
let inEnd: i32 = 0;
let outAt: i32 = 0;
let outEnd: i32 = 0;
/** First byte of the window that belongs to this stream. */
let outLow: i32 = 0;
let state: i32 = IN_HEADER;
let isLast: bool = false;
let storedLeft: i32 = 0;
let isFixed: bool = false;

/** The tables that never change; to be called once. */
export function setUp(): void {
  for (let symbol = 0; symbol < 256; symbol++) store<u32>(LITLEN_RESULTS + symbol * 4, IS_LITERAL | (u32(symbol) << 16));
  store<u32>(LITLEN_RESULTS + 256 * 4, IS_ODD | IS_END);
  let base: u32 = 3;
  for (let symbol = 257; symbol < 285; symbol++) {
    const extra: u32 = symbol < 265 ? 0 : u32(symbol - 261) >> 2;
    store<u32>(LITLEN_RESULTS + symbol * 4, (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(LITLEN_RESULTS + 285 * 4, 258 << 16);
  store<u32>(LITLEN_RESULTS + 286 * 4, IS_ODD);
  store<u32>(LITLEN_RESULTS + 287 * 4, IS_ODD);
  base = 1;
  for (let symbol = 0; symbol < 30; symbol++) {
    const extra: u32 = symbol < 4 ? 0 : u32(symbol - 2) >> 1;
    store<u32>(DIST_RESULTS + symbol * 4, (base << 16) | extra);
    base += 1 << extra;
  }
  store<u32>(DIST_RESULTS + 30 * 4, IS_ODD);
  store<u32>(DIST_RESULTS + 31 * 4, IS_ODD);
  for (let symbol = 0; symbol < 19; symbol++) store<u32>(PRECODE_RESULTS + symbol * 4, u32(symbol) << 16);
  for (let distance = 1; distance < 16; distance++) {
    for (let i = 0; i < 16; i++) store<u8>(PATTERNS + distance * 16 + i, u8(i % distance));
  }
}

/**
 * Starts a new stream.
 *
 * @param at - where its first byte of output will go
 */
export function reset(at: i32): void {
  bits = 0;
  bitCount = 0;
  state = IN_HEADER;
  isLast = false;
  outAt = at;
  outLow = at;
}

/** @returns behind the input that the stream has taken; whole bytes at its end */
export function getInputAt(): i32 {
  return inAt;
}

/** @returns behind the output written */
export function getOutputAt(): i32 {
  return outAt;
}

/**
 * Tells that the window was moved: its last bytes, at most 32 KiB of which the stream can still ask for, end at `at` now.
 *
 * @param at - where output goes on
 * @param low - first byte of the window that belongs to the stream
 */
export function moveOutput(at: i32, low: i32): void {
  outAt = at;
  outLow = low;
}

/**
 * Goes on with the stream.
 *
 * @param start - the input, from here
 * @param stop - to here; what was not taken must come again in front of the next piece
 * @param room - where output must end
 * @returns NEEDS_INPUT, NEEDS_ROOM, AT_END or DAMAGED
 */
export function inflate(start: i32, stop: i32, room: i32): i32 {
  inAt = start;
  inEnd = stop;
  outEnd = room;
  while (true) {
    let step: i32;
    if (state == IN_CODES) step = readCodes();
    else if (state == IN_HEADER) step = readHeader();
    else if (state == IN_STORED) step = copyStored();
    else return finish();
    if (step >= 0) return step;
  }
}

/** Members of a run, as many as have room at MEMBERS. */
const MAX_MEMBERS: i32 = 3072;
const HEADER_BYTES: i32 = 10;
const TRAILER_BYTES: i32 = 8;

let memberAt: i32 = 0;
let memberOut: i32 = 0;
let memberCount: i32 = 0;

/** @returns where the header of the member that was begun last starts in the input, or of the one that is to be begun */
export function getMemberAt(): i32 {
  return memberAt;
}

/** @returns number of whole members of the run, which are listed at MEMBERS */
export function getMemberCount(): i32 {
  return memberCount;
}

/**
 * Inflates members one after the other, from the header of one on; each has the length that its trailer says. Their checksums are
 * listed, not checked: the caller does that.
 *
 * @param start - the input, from a member's first byte
 * @param stop - to here
 * @param at - where output starts
 * @param enough - output from which on no further member is begun
 * @param room - where output must end
 * @returns NEEDS_INPUT or NEEDS_ROOM inside a member, with which {@link inflate} goes on; AT_HEADER between two; AT_TRAILER behind the
 *   data of one; DAMAGED
 */
export function inflateMembers(start: i32, stop: i32, at: i32, enough: i32, room: i32): i32 {
  memberAt = start;
  memberOut = at;
  memberCount = 0;
  outAt = at;
  inAt = start;
  while (true) {
    // No optional fields: nearly always.
    if (stop - memberAt < HEADER_BYTES || outAt >= enough || load<u32>(memberAt) != 0x00088b1f) return AT_HEADER;
    if (memberCount == MAX_MEMBERS) return AT_HEADER;
    reset(memberOut);
    const step = inflate(memberAt + HEADER_BYTES, stop, room);
    if (step != AT_END) return step;
    if (stop - inAt < TRAILER_BYTES) return AT_TRAILER;
    const length = outAt - memberOut;
    if (load<i32>(inAt + 4) != length) return DAMAGED;
    const member = MEMBERS + (memberCount++ << 3);
    store<i32>(member, outAt);
    store<u32>(member, load<u32>(inAt), 4);
    inAt += TRAILER_BYTES;
    memberAt = inAt;
    memberOut = outAt;
  }
}

/** Behind the last block: bytes that were read ahead are given back. */
function finish(): i32 {
  inAt -= bitCount >> 3;
  bits = 0;
  bitCount = 0;
  return AT_END;
}

/** What a step returns when the next one may follow at once. */
const GO_ON: i32 = -1;

/** Fills up the bits: 56 at least, or all that are left. */
// @ts-ignore: decorator
@inline
function fill(): void {
  if (inAt + 8 <= inEnd) {
    bits |= load<u64>(inAt) << u64(bitCount);
    inAt += (63 - bitCount) >> 3;
    bitCount |= 56;
  } else {
    while (bitCount < 56 && inAt < inEnd) {
      bits |= u64(load<u8>(inAt)) << u64(bitCount);
      inAt++;
      bitCount += 8;
    }
  }
}

// @ts-ignore: decorator
@inline
function drop(count: i32): void {
  bits >>= u64(count);
  bitCount -= count;
}

/** A header is read as a whole: if the input ends inside, it is read anew with more. */
function readHeader(): i32 {
  // What is left over of the bits goes back to the input, so that there is one place to start again from.
  const bitsBefore = bits;
  const countBefore = bitCount;
  const inBefore = inAt;
  const step = tryHeader();
  if (step == NEEDS_INPUT) {
    bits = bitsBefore;
    bitCount = countBefore;
    inAt = inBefore;
  }
  return step;
}

function tryHeader(): i32 {
  fill();
  if (bitCount < 3) return NEEDS_INPUT;
  const last = bool(bits & 1);
  const type = i32((bits >> 1) & 3);
  drop(3);
  if (type == 0) {
    drop(bitCount & 7);
    fill();
    if (bitCount < 32) return NEEDS_INPUT;
    const length = i32(bits & 0xffff);
    if (length != (i32((bits >> 16) & 0xffff) ^ 0xffff)) return DAMAGED;
    drop(32);
    // Whole bytes that were read ahead are stored bytes.
    inAt -= bitCount >> 3;
    bits = 0;
    bitCount = 0;
    storedLeft = length;
    state = IN_STORED;
  } else if (type == 1) {
    if (!isFixed) {
      for (let symbol = 0; symbol < 288; symbol++) {
        store<u8>(LENGTHS + symbol, symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
      }
      buildTable(LENGTHS, 288, LITLEN_RESULTS, LITLEN_TABLE, LITLEN_BITS);
      for (let symbol = 0; symbol < 32; symbol++) store<u8>(LENGTHS + symbol, 5);
      buildTable(LENGTHS, 32, DIST_RESULTS, DIST_TABLE, DIST_BITS);
      isFixed = true;
    }
    state = IN_CODES;
  } else if (type == 2) {
    const step = readDynamicHeader();
    if (step != GO_ON) return step;
    state = IN_CODES;
  } else {
    return DAMAGED;
  }
  isLast = last;
  return GO_ON;
}

/** In which order the lengths of the code of code lengths stand: 16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15. */
// @ts-ignore: decorator
@inline
function precodeSymbolAt(place: i32): i32 {
  if (place < 3) return 16 + place;
  if (place == 3) return 0;
  return (place & 1) == 0 ? 8 + ((place - 4) >> 1) : 7 - ((place - 5) >> 1);
}

function readDynamicHeader(): i32 {
  fill();
  if (bitCount < 14) return NEEDS_INPUT;
  const litlenCount = i32(bits & 31) + 257;
  const distCount = i32((bits >> 5) & 31) + 1;
  const precodeCount = i32((bits >> 10) & 15) + 4;
  drop(14);
  if (litlenCount > 286 || distCount > 30) return DAMAGED;
  store<u64>(LENGTHS, 0);
  store<u64>(LENGTHS + 8, 0);
  store<u64>(LENGTHS + 16, 0);
  for (let place = 0; place < precodeCount; place++) {
    if (bitCount < 3) {
      fill();
      if (bitCount < 3) return NEEDS_INPUT;
    }
    store<u8>(LENGTHS + precodeSymbolAt(place), u8(bits & 7));
    drop(3);
  }
  if (!buildTable(LENGTHS, 19, PRECODE_RESULTS, PRECODE_TABLE, PRECODE_BITS)) return DAMAGED;
  const total = litlenCount + distCount;
  let at = 0;
  while (at < total) {
    if (bitCount < 14) fill();
    const entry = load<u32>(PRECODE_TABLE + (i32(bits & 127) << 2));
    if ((entry & IS_ODD) != 0) return bitCount < PRECODE_BITS ? NEEDS_INPUT : DAMAGED;
    const codeBits = i32(entry & BITS_MASK);
    const symbol = i32(entry >> 16);
    // Codes 16 to 18 have 2, 3 and 7 bits behind them.
    const extraBits = symbol < 16 ? 0 : symbol == 18 ? 7 : symbol - 14;
    if (bitCount < codeBits + extraBits) return NEEDS_INPUT;
    drop(codeBits);
    if (symbol < 16) {
      store<u8>(LENGTHS + at++, u8(symbol));
      continue;
    }
    const extra = i32(bits) & ((1 << extraBits) - 1);
    drop(extraBits);
    if (symbol == 16 && at == 0) return DAMAGED;
    const repeated = symbol == 16 ? load<u8>(LENGTHS + at - 1) : 0;
    const stop = at + extra + (symbol == 18 ? 11 : 3);
    if (stop > total) return DAMAGED;
    for (; at < stop; at++) store<u8>(LENGTHS + at, repeated);
  }
  // A block without an end can't be.
  if (load<u8>(LENGTHS + 256) == 0) return DAMAGED;
  isFixed = false;
  // Distances first: the other table's sorting does not touch the lengths.
  if (!buildTable(LENGTHS + litlenCount, distCount, DIST_RESULTS, DIST_TABLE, DIST_BITS)) return DAMAGED;
  if (!buildTable(LENGTHS, litlenCount, LITLEN_RESULTS, LITLEN_TABLE, LITLEN_BITS)) return DAMAGED;
  return GO_ON;
}

/**
 * Builds the table of a code from the lengths of its symbols' codes. Codes are gone through in the order of their bits as they
 * are read (lowest first), so that the table grows by doubling: a code of n bits stands at every place that ends in it.
 *
 * @returns false when the lengths make no complete code; a single code of one bit, or none, is let through, as zlib does
 */
function buildTable(lengths: i32, symbolCount: i32, results: i32, table: i32, tableBits: i32): bool {
  memory.fill(COUNTS, 0, 64);
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    const at = COUNTS + (i32(load<u8>(lengths + symbol)) << 2);
    store<i32>(at, load<i32>(at) + 1);
  }
  let space = 1;
  let start = 0;
  let used = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length++) {
    const count = load<i32>(COUNTS + (length << 2));
    space = (space << 1) - count;
    if (space < 0) return false;
    store<i32>(STARTS + (length << 2), start);
    start += count;
    used += count;
  }
  for (let symbol = 0; symbol < symbolCount; symbol++) {
    const length = i32(load<u8>(lengths + symbol));
    if (length == 0) continue;
    const at = STARTS + (length << 2);
    const place = load<i32>(at);
    store<i32>(at, place + 1);
    store<u16>(SORTED + (place << 1), u16(symbol));
  }
  if (space > 0) {
    if (results == PRECODE_RESULTS || used > 1 || (used == 1 && load<i32>(COUNTS + 4) != 1)) return false;
    for (let place = 0; place < 1 << tableBits; place++) store<u32>(table + (place << 2), IS_ODD);
    if (used == 1) {
      const entry = load<u32>(results + (i32(load<u16>(SORTED)) << 2)) + 0x101;
      for (let place = 0; place < 1 << tableBits; place += 2) store<u32>(table + (place << 2), entry);
    }
    return true;
  }
  let sorted = SORTED;
  let length = 1;
  let count = load<i32>(COUNTS + 4);
  while (count == 0) count = load<i32>(COUNTS + (++length << 2));
  let code = 0;
  let size = 1 << length;
  while (length <= tableBits) {
    const codeBits = u32(length) * 0x101;
    do {
      store<u32>(table + (code << 2), load<u32>(results + (i32(load<u16>(sorted)) << 2)) + codeBits);
      sorted += 2;
      if (code == size - 1) {
        // The last code: all bits are ones.
        for (; length < tableBits; length++) {
          memory.copy(table + (size << 2), table, size << 2);
          size <<= 1;
        }
        return true;
      }
      code = nextCode(code, size);
      count--;
    } while (count > 0);
    do {
      length++;
      if (length <= tableBits) {
        memory.copy(table + (size << 2), table, size << 2);
        size <<= 1;
      }
      count = load<i32>(COUNTS + (length << 2));
    } while (count == 0);
  }
  // Longer codes: tables of their own behind the first, one for each beginning.
  size = 1 << tableBits;
  const mask = size - 1;
  let first = -1;
  let second = 0;
  while (true) {
    if ((code & mask) != first) {
      first = code & mask;
      second = size;
      let moreBits = length - tableBits;
      let filled = count;
      while (filled < 1 << moreBits) {
        moreBits++;
        filled = (filled << 1) + load<i32>(COUNTS + ((tableBits + moreBits) << 2));
      }
      size = second + (1 << moreBits);
      store<u32>(
        table + (first << 2),
        (u32(second) << 16) | IS_ODD | IS_POINTER | (u32(moreBits) << 8) | u32(tableBits),
      );
    }
    const entry = load<u32>(results + (i32(load<u16>(sorted)) << 2)) + u32(length - tableBits) * 0x101;
    sorted += 2;
    const stride = 1 << (length - tableBits);
    for (let place = second + (code >> tableBits); place < size; place += stride) store<u32>(table + (place << 2), entry);
    if (code == (1 << length) - 1) return true;
    code = nextCode(code, 1 << length);
    count--;
    while (count == 0) count = load<i32>(COUNTS + (++length << 2));
  }
}

/** The next code of the same or a greater length, its bits in the order of reading; `size` is 2 to the length. */
// @ts-ignore: decorator
@inline
function nextCode(code: i32, size: i32): i32 {
  // Adds one at the highest bit and carries downwards.
  const bit = 1 << (31 - clz(code ^ (size - 1)));
  return (code & (bit - 1)) | bit;
}

function copyStored(): i32 {
  let length = min(storedLeft, inEnd - inAt);
  const room = outEnd - outAt;
  length = min(length, room);
  memory.copy(outAt, inAt, length);
  outAt += length;
  inAt += length;
  storedLeft -= length;
  if (storedLeft > 0) return inAt == inEnd ? NEEDS_INPUT : NEEDS_ROOM;
  state = isLast ? BEHIND_LAST : IN_HEADER;
  return GO_ON;
}

/** Copies `length` bytes from `distance` before `to`; up to 31 too many. Most matches are shorter than 32 bytes: no loop for them. */
// @ts-ignore: decorator
@inline
function copyMatch(to: i32, distance: i32, length: i32): void {
  const stop = to + length;
  let from = to - distance;
  if (distance >= 16) {
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
    to += 32;
    from += 32;
    while (to < stop) {
      v128.store(to, v128.load(from));
      to += 16;
      from += 16;
    }
  } else {
    const pattern = v128.swizzle(v128.load(from), v128.load(PATTERNS + (distance << 4)));
    // As many bytes as hold whole repetitions.
    const step = 16 - (16 % distance);
    do {
      v128.store(to, pattern);
      to += step;
    } while (to < stop);
  }
}

/** Literals, lengths and distances up to the end of the block, the input or the room. */
function readCodes(): i32 {
  const fastIn = inEnd - 16;
  const fastOut = outEnd - MAX_MATCH - 3;
  let at = inAt;
  let to = outAt;
  let b = bits;
  // Only its lowest six bits count: whole entries are taken off.
  let n = u64(bitCount);
  const low = outLow;
  while (at <= fastIn && to <= fastOut) {
    b |= load<u64>(at) << n;
    at += i32((63 - (n & 63)) >> 3);
    n |= 56;
    let entry = load<u32>(LITLEN_TABLE + (i32(b & ((1 << LITLEN_BITS) - 1)) << 2));
    // Four literals of a look-up each, 44 bits at most. Two streams at a time, so that their look-ups overlap, were slower: what costs is
    // not knowing which symbol is a literal.
    if (i32(entry) < 0) {
      b >>= u64(entry);
      n -= u64(entry);
      store<u8>(to, u8(entry >> 16));
      to++;
      entry = load<u32>(LITLEN_TABLE + (i32(b & ((1 << LITLEN_BITS) - 1)) << 2));
      if (i32(entry) < 0) {
        b >>= u64(entry);
        n -= u64(entry);
        store<u8>(to, u8(entry >> 16));
        to++;
        entry = load<u32>(LITLEN_TABLE + (i32(b & ((1 << LITLEN_BITS) - 1)) << 2));
        if (i32(entry) < 0) {
          b >>= u64(entry);
          n -= u64(entry);
          store<u8>(to, u8(entry >> 16));
          to++;
          entry = load<u32>(LITLEN_TABLE + (i32(b & ((1 << LITLEN_BITS) - 1)) << 2));
          if (i32(entry) < 0) {
            b >>= u64(entry);
            n -= u64(entry);
            store<u8>(to, u8(entry >> 16));
            to++;
            continue;
          }
        }
      }
    }
    if ((entry & IS_ODD) != 0) {
      if ((entry & IS_POINTER) != 0) {
        b >>= u64(LITLEN_BITS);
        n -= u64(LITLEN_BITS);
        entry = load<u32>(LITLEN_TABLE + ((i32(entry >> 16) + (i32(b) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
        if (i32(entry) < 0) {
          b >>= u64(entry);
          n -= u64(entry);
          store<u8>(to, u8(entry >> 16));
          to++;
          continue;
        }
      }
      if ((entry & IS_ODD) != 0) {
        if ((entry & IS_END) == 0) return DAMAGED;
        b >>= u64(entry);
        n -= u64(entry);
        state = isLast ? BEHIND_LAST : IN_HEADER;
        inAt = at;
        outAt = to;
        bitCount = i32(n & 63);
        bits = b & ((u64(1) << (n & 63)) - 1);
        return GO_ON;
      }
    }
    const length = i32((entry >> 16) + (u32(b & ((u64(1) << u64(entry)) - 1)) >> ((entry >> 8) & 63)));
    b >>= u64(entry);
    n -= u64(entry);
    b |= load<u64>(at) << n;
    at += i32((63 - (n & 63)) >> 3);
    n |= 56;
    entry = load<u32>(DIST_TABLE + (i32(b & ((1 << DIST_BITS) - 1)) << 2));
    if ((entry & IS_ODD) != 0) {
      if ((entry & IS_POINTER) == 0) return DAMAGED;
      b >>= u64(DIST_BITS);
      n -= u64(DIST_BITS);
      entry = load<u32>(DIST_TABLE + ((i32(entry >> 16) + (i32(b) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
      if ((entry & IS_ODD) != 0) return DAMAGED;
    }
    const distance = i32((entry >> 16) + (u32(b & ((u64(1) << u64(entry)) - 1)) >> ((entry >> 8) & 63)));
    b >>= u64(entry);
    n -= u64(entry);
    if (to - distance < low) return DAMAGED;
    copyMatch(to, distance, length);
    to += length;
  }
  inAt = at;
  outAt = to;
  bitCount = i32(n & 63);
  bits = b & ((u64(1) << (n & 63)) - 1);
  return readCodesCarefully();
}

/** The same near the end of the input or the room: nothing is taken before all of a symbol is there. */
function readCodesCarefully(): i32 {
  const fastIn = inEnd - 16;
  const fastOut = outEnd - MAX_MATCH - 3;
  while (inAt > fastIn || outAt > fastOut) {
    fill();
    let entry = load<u32>(LITLEN_TABLE + (i32(bits & ((1 << LITLEN_BITS) - 1)) << 2));
    let taken = 0;
    let rest = bits;
    if ((entry & IS_POINTER) != 0 && (entry & IS_ODD) != 0 && i32(entry) >= 0) {
      rest >>= u64(LITLEN_BITS);
      taken = LITLEN_BITS;
      entry = load<u32>(LITLEN_TABLE + ((i32(entry >> 16) + (i32(rest) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
    }
    taken += i32(entry & BITS_MASK);
    if (taken > bitCount) return NEEDS_INPUT;
    if (i32(entry) < 0) {
      if (outAt == outEnd) return NEEDS_ROOM;
      drop(taken);
      store<u8>(outAt++, u8(entry >> 16));
      continue;
    }
    if ((entry & IS_ODD) != 0) {
      if ((entry & IS_END) == 0) return DAMAGED;
      drop(taken);
      state = isLast ? BEHIND_LAST : IN_HEADER;
      return GO_ON;
    }
    const length = i32((entry >> 16) + (u32(rest & ((u64(1) << u64(entry)) - 1)) >> ((entry >> 8) & 63)));
    rest >>= u64(entry);
    // 20 bits at most so far, 28 to come, and 56 are there unless the input ends.
    entry = load<u32>(DIST_TABLE + (i32(rest & ((1 << DIST_BITS) - 1)) << 2));
    if ((entry & IS_ODD) != 0) {
      if ((entry & IS_POINTER) == 0) return taken + DIST_BITS > bitCount && inAt == inEnd ? NEEDS_INPUT : DAMAGED;
      rest >>= u64(DIST_BITS);
      taken += DIST_BITS;
      entry = load<u32>(DIST_TABLE + ((i32(entry >> 16) + (i32(rest) & ((1 << ((entry >> 8) & 15)) - 1))) << 2));
      if ((entry & IS_ODD) != 0) return taken + MAX_CODE_BITS > bitCount && inAt == inEnd ? NEEDS_INPUT : DAMAGED;
    }
    taken += i32(entry & BITS_MASK);
    if (taken > bitCount) return NEEDS_INPUT;
    const distance = i32((entry >> 16) + (u32(rest & ((u64(1) << u64(entry)) - 1)) >> ((entry >> 8) & 63)));
    if (outAt - distance < outLow) return DAMAGED;
    if (length > outEnd - outAt) return NEEDS_ROOM;
    drop(taken);
    copyMatch(outAt, distance, length);
    outAt += length;
  }
  return GO_ON;
}
