/**
 * Counts words and pairs of neighbouring words. A bigram never reaches over punctuation, over a word that is left out,
 * or from one text into the next. Case is kept: matching distinguishes it.
 *
 * A key is the UTF-8 of the word, or of both words with a tab between them. Control characters separate words, so the tab
 * sorts below every byte of a word, and bigrams in byte order are bigrams in the order of their first words.
 */
import {
  CLASS_OF_UNIT,
  isPunctuationOnly,
  ORDINARY,
  PUNCTUATION,
  SINGLE,
  SPACE,
  classOf,
} from '../words/character-classes.ts';
import type { WordSplitter } from '../words/word-splitter.ts';
import { HASH_SEED, hashByte, KeyCounter } from './key-counter.ts';
import type { SortedCounts } from './sorted-counts.ts';

/** Longest word that is counted, in UTF-16 units: the published limit of an entry. */
export const MAX_WORD_LENGTH = 256;
/** A word takes at most three bytes a unit, so two words, two tabs and one more byte fit. */
const LINE_BYTES = 4096;
const TAB = 9;
/** Share of the memory that words get; bigrams are many more. */
const WORD_SHARE = 0.2;

/** Where and how much. */
export interface NgramCounterOptions {
  /** Existing folder for temporary files; the caller removes it. */
  readonly folder: string;
  /** Bound of the tables in bytes. */
  readonly memoryBytes: number;
  /** Whether pairs are counted too. */
  readonly bigrams: boolean;
  /** Splitter of a language written without spaces; undefined: split at spaces and punctuation. */
  readonly splitter?: WordSplitter | undefined;
}

/** Finished n-gram counts. */
export interface NgramCounts {
  readonly unigrams: SortedCounts;
  /** Empty when pairs were not counted. */
  readonly bigrams: SortedCounts;
  /** Words over {@link MAX_WORD_LENGTH}, which were left out. */
  readonly longWords: number;
  /** Run files that the tables spilled. */
  readonly runs: number;
}

/** See the head of this file. Memory: `memoryBytes` for the tables, and as much again while one of them grows. */
export class NgramCounter {
  readonly #unigrams: KeyCounter;
  readonly #bigrams: KeyCounter | undefined;
  readonly #splitter: WordSplitter | undefined;
  readonly #line = Buffer.allocUnsafe(LINE_BYTES);
  /** The word before: #line[#previousStart, #start - 1), a tab behind it; none when #start is 0. */
  #previousStart = 0;
  #previousHash = 0;
  #start = 0;
  #longWords = 0;

  /** @param options - see {@link NgramCounterOptions} */
  constructor(options: NgramCounterOptions) {
    const { folder, memoryBytes } = options;
    const wordBytes = options.bigrams ? memoryBytes * WORD_SHARE : memoryBytes;
    this.#unigrams = new KeyCounter({ folder, name: 'unigrams', memoryBytes: wordBytes });
    if (options.bigrams) {
      this.#bigrams = new KeyCounter({ folder, name: 'bigrams', memoryBytes: memoryBytes - wordBytes });
    }
    this.#splitter = options.splitter;
  }

  /**
   * Counts the words of one text.
   *
   * @param text - plain text, as long as you like
   */
  addText(text: string): void {
    this.#breakChain();
    if (this.#splitter === undefined) this.#addSpaced(text);
    else
      for (const piece of text.split(/\s+/)) if (piece !== '') this.#addPieces(this.#splitter.split(piece));
  }

  /**
   * Ends counting.
   *
   * @param breathe - awaited now and then; throws to stop
   * @returns the counts, in files of the folder
   */
  async finish(breathe: () => Promise<void>): Promise<NgramCounts> {
    const runs = this.#unigrams.runCount + (this.#bigrams?.runCount ?? 0);
    const unigrams = await this.#unigrams.finish(breathe);
    const bigrams = (await this.#bigrams?.finish(breathe)) ?? { path: '', size: 0, total: 0 };
    return { unigrams, bigrams, longWords: this.#longWords, runs };
  }

  // One pass over the units of the text, which are encoded and hashed on the way: words never become strings.
  #addSpaced(text: string): void {
    const line: Uint8Array = this.#line;
    const classes = CLASS_OF_UNIT;
    let at = this.#start;
    let hash = HASH_SEED;
    let length = 0;
    for (let i = 0; i < text.length; i++) {
      let code = text.charCodeAt(i);
      // Most of most texts; the rest of the loop is the general way of the same.
      if (code < 0x80 && classes[code] === ORDINARY) {
        if (++length > MAX_WORD_LENGTH) continue;
        line[at++] = code;
        hash = hashByte(hash, code);
        continue;
      }
      if ((code & 0xfc00) === 0xd800) {
        const low = text.charCodeAt(i + 1);
        if ((low & 0xfc00) === 0xdc00) {
          code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
          i++;
        }
      }
      const kind = classOf(code);
      if (kind !== ORDINARY) {
        if (length > 0) {
          this.#endWord(at, hash, length);
          at = this.#start;
          hash = HASH_SEED;
          length = 0;
        }
        if (kind === SPACE) continue;
        if (kind === PUNCTUATION) {
          this.#breakChain();
          at = 0;
          continue;
        }
      }
      // What is over the limit is counted but no longer kept.
      length += code > 0xffff ? 2 : 1;
      if (length <= MAX_WORD_LENGTH) {
        const from = at;
        at = encode(code, line, at);
        for (let byte = from; byte < at; byte++) hash = hashByte(hash, line[byte] ?? 0);
      }
      if (kind === SINGLE) {
        this.#endWord(at, hash, length);
        at = this.#start;
        hash = HASH_SEED;
        length = 0;
      }
    }
    if (length > 0) this.#endWord(at, hash, length);
  }

  #addPieces(pieces: Iterable<string>): void {
    for (const untrimmed of pieces) {
      const piece = untrimmed.replaceAll(/[\s\p{Cc}\p{Surrogate}]/gu, '');
      if (piece === '') continue;
      if (isPunctuationOnly(piece) || isOddPiece(piece)) {
        this.#breakChain();
        continue;
      }
      const from = this.#start;
      let end = from;
      if (piece.length <= MAX_WORD_LENGTH) end += this.#line.write(piece, from, 'utf8');
      let hash = HASH_SEED;
      for (let byte = from; byte < end; byte++) hash = hashByte(hash, this.#line[byte] ?? 0);
      this.#endWord(end, hash, piece.length);
    }
  }

  // Counts the word #line[#start, end) and the pair that ends with it.
  #endWord(end: number, hash: number, length: number): void {
    if (length > MAX_WORD_LENGTH) {
      this.#longWords++;
      this.#breakChain();
      return;
    }
    const line = this.#line;
    const start = this.#start;
    this.#unigrams.add(line, start, end, hash, 1);
    if (start > 0) {
      this.#bigrams?.add(line, this.#previousStart, end, Math.imul(this.#previousHash, 0x9e3779b1) ^ hash, 1);
    }
    this.#previousStart = start;
    this.#previousHash = hash;
    line[end] = TAB;
    this.#start = end + 1;
    // Room for one more word and its tab must be left.
    if (this.#start + MAX_WORD_LENGTH * 3 + 1 <= LINE_BYTES) return;
    line.copyWithin(0, start, this.#start);
    this.#previousStart = 0;
    this.#start -= start;
  }

  #breakChain(): void {
    this.#start = 0;
  }
}

/**
 * The published rule for pieces of splitters: no piece that starts with punctuation or has one bracket of a pair.
 *
 * @param piece - not empty
 * @returns whether it is left out
 */
function isOddPiece(piece: string): boolean {
  if (isPunctuationOnly(piece.slice(0, 1))) return true;
  return BRACKETS.some(([open, close]) => piece.includes(open) !== piece.includes(close));
}

const BRACKETS: readonly (readonly [string, string])[] = [
  ['(', ')'],
  ['[', ']'],
  ['{', '}'],
  ['“', '”'],
  ['‘', '’'],
  ['（', '）'],
  ['【', '】'],
  ['《', '》'],
  ['〈', '〉'],
  ['「', '」'],
  ['『', '』'],
];

/** Writes the UTF-8 of a code point; returns the place behind it. */
function encode(code: number, into: Uint8Array, at: number): number {
  if (code < 0x80) {
    into[at] = code;
    return at + 1;
  }
  if (code < 0x800) {
    into[at] = 0xc0 | (code >> 6);
    into[at + 1] = 0x80 | (code & 0x3f);
    return at + 2;
  }
  if (code < 0x10000) {
    into[at] = 0xe0 | (code >> 12);
    into[at + 1] = 0x80 | ((code >> 6) & 0x3f);
    into[at + 2] = 0x80 | (code & 0x3f);
    return at + 3;
  }
  into[at] = 0xf0 | (code >> 18);
  into[at + 1] = 0x80 | ((code >> 12) & 0x3f);
  into[at + 2] = 0x80 | ((code >> 6) & 0x3f);
  into[at + 3] = 0x80 | (code & 0x3f);
  return at + 4;
}
