/**
 * The ids of a pair, and the number in [0, 1) that decides whether it is kept.
 *
 * uuid  first 24 hex digits of sha224(url): the original's id of an image, so that results can be joined with it.
 * uid   first 32 hex digits of sha256(byteLength(url) + ":" + url + text): id of the pair. The length prefix makes the
 *       concatenation unambiguous. A cryptographic hash, because equal uids are taken for equal pairs by the
 *       de-duplication: with xxHash or MurmurHash a hostile page could forge a text that erases another page's pair.
 *       `crypto.hash` takes 0.35 us a pair, 1.4 us through `createHash`.
 */
import { hash } from 'node:crypto';

/** Bytes of a uuid (24 hex digits). */
export const UUID_BYTES = 12;
/** 32-bit words of a uid (32 hex digits). */
export const UID_WORDS = 4;

/** Digits of the largest length of a buffer. */
const MAX_LENGTH_DIGITS = 16;
let scratch = Buffer.alloc(4096);

/**
 * @param urlBytes - buffer that holds the url as UTF-8
 * @param urlStart - first byte of the url
 * @param urlEnd - byte after it
 * @param out - receives {@link UUID_BYTES} bytes
 * @param outStart - where in `out`
 */
export function writeUuid(
  urlBytes: Uint8Array,
  urlStart: number,
  urlEnd: number,
  out: Uint8Array,
  outStart: number,
): void {
  const digest = hash('sha224', urlBytes.subarray(urlStart, urlEnd), 'binary');
  for (let i = 0; i < UUID_BYTES; i++) out[outStart + i] = digest.charCodeAt(i);
}

/**
 * @param urlBytes - buffer that holds the url as UTF-8
 * @param urlStart - first byte of the url
 * @param urlEnd - byte after it
 * @param textBytes - buffer that holds the text as UTF-8
 * @param textStart - first byte of the text
 * @param textEnd - byte after it
 * @param out - receives the 16 bytes of the uid
 * @param outStart - where in `out`
 */
export function writeUid(
  urlBytes: Uint8Array,
  urlStart: number,
  urlEnd: number,
  textBytes: Uint8Array,
  textStart: number,
  textEnd: number,
  out: Uint8Array,
  outStart: number,
): void {
  const urlLength = urlEnd - urlStart;
  const needed = MAX_LENGTH_DIGITS + 1 + urlLength + textEnd - textStart;
  if (scratch.length < needed) scratch = Buffer.alloc(needed * 2);
  // The decimal length ends right before the colon, so the message starts wherever its first digit comes to lie.
  let start = MAX_LENGTH_DIGITS;
  let rest = urlLength;
  do {
    scratch[--start] = 0x30 + (rest % 10);
    rest = Math.floor(rest / 10);
  } while (rest > 0);
  scratch[MAX_LENGTH_DIGITS] = 0x3a;
  let end = MAX_LENGTH_DIGITS + 1;
  // Byte by byte: `set(subarray)` allocates two views, which costs more than copying 100 bytes.
  for (let i = urlStart; i < urlEnd; i++) scratch[end++] = urlBytes[i] ?? 0;
  for (let i = textStart; i < textEnd; i++) scratch[end++] = textBytes[i] ?? 0;
  const digest = hash('sha256', scratch.subarray(start, end), 'binary');
  for (let i = 0; i < UID_WORDS * 4; i++) out[outStart + i] = digest.charCodeAt(i);
}

/**
 * @param url - image url
 * @returns 24 hex digits, equal to the original's uuid
 */
export function uuidOf(url: string): string {
  return hash('sha224', Buffer.from(url), 'hex').slice(0, UUID_BYTES * 2);
}

/**
 * @param url - image url
 * @param text - text as it is matched
 * @returns 32 hex digits that identify the pair
 */
export function uidOf(url: string, text: string): string {
  const out = Buffer.alloc(UID_WORDS * 4);
  const [urlBytes, textBytes] = [Buffer.from(url), Buffer.from(text)];
  writeUid(urlBytes, 0, urlBytes.length, textBytes, 0, textBytes.length, out, 0);
  return out.toString('hex');
}

/**
 * Mixes a seed into a key for {@link drawOf}.
 *
 * @param seed - integer in [0, 2^53)
 * @returns four 32-bit words
 */
export function keyOfSeed(seed: number): Int32Array {
  const low = seed | 0;
  const high = Math.floor(seed / 2 ** 32) | 0;
  const key = new Int32Array(UID_WORDS);
  for (let i = 0; i < UID_WORDS; i++) {
    key[i] = finalMix(finalMix(Math.imul(low, 0x9e3779b1) + i) ^ Math.imul(high, 0x85ebca77) ^ (i + 1));
  }
  return key;
}

/**
 * The draw of a pair: a hash of (seed, url, text) as a number in [0, 1). It reaches url and text through the uid, which
 * is 128 uniform bits of both, so mixing 32-bit words is enough; no SHA is needed a second time.
 *
 * @param uidWords - uids, four words each (the 16 bytes of the uid read as little-endian 32-bit words)
 * @param wordStart - first word of the pair's uid
 * @param key - what {@link keyOfSeed} gave
 * @returns a multiple of 2^-53 in [0, 1)
 */
export function drawOf(uidWords: Uint32Array, wordStart: number, key: Int32Array): number {
  const a = (uidWords[wordStart] ?? 0) ^ (key[0] ?? 0);
  const b = (uidWords[wordStart + 1] ?? 0) ^ (key[1] ?? 0);
  const c = (uidWords[wordStart + 2] ?? 0) ^ (key[2] ?? 0);
  const d = (uidWords[wordStart + 3] ?? 0) ^ (key[3] ?? 0);
  const high = finalMix(finalMix(a) ^ Math.imul(c, 0x27d4eb2f)) >>> 0;
  const low = finalMix(finalMix(b) ^ Math.imul(d, 0x165667b1)) >>> 0;
  // 53 bits exactly: 32 + 21, so the sum can't round up to 1.
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** The 32-bit finaliser of MurmurHash3: a bijection in which every input bit reaches every output bit. */
function finalMix(word: number): number {
  let h = word;
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return h ^ (h >>> 16);
}
