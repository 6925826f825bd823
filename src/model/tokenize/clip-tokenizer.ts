/**
 * CLIP's tokenizer: text cleaned and lower-cased, cut into words by one pattern, each word byte-pair encoded.
 *
 * Equal to the original's ids with its mojibake repair switched off (see clean-text.ts). Two things besides are another's:
 * a lone surrogate counts as U+FFFD, where Python would refuse the text; and what is a letter follows the Unicode version of
 * the running Node, so letters that were added to Unicode in recent years may be told apart differently.
 */
import { BytePairEncoder } from './byte-pairs.ts';
import { cleanText, SPACE } from './clean-text.ts';
import type { ClipVocabulary } from './clip-vocabulary.ts';
import type { TokenBatch, Tokenizer } from './tokenizer.ts';

/**
 * Contractions, runs of letters, single digits, runs of anything else but white space; tried in this order. The original's pattern
 * ignores case, which in a lower-cased text has two effects, kept here: the long s counts as s, and U+0345 (a Greek mark with a
 * letter for its capital) is in no class at all and is dropped.
 */
const WORDS = `'[sſ]|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${SPACE}\\p{L}\\p{N}\\u0345]+`;

/** Words in each of the two halves of the cache: about 3 MB a half. */
const CACHED_WORDS = 16_384;
/** Longest word that is kept, in UTF-16 units. */
const CACHED_LENGTH = 64;

/** How a {@link ClipTokenizer} works; nothing is optional. */
export interface ClipTokenizerSettings {
  readonly contextLength: number;
  readonly padId: number;
  readonly specialTokens: 'text' | 'token';
  readonly unicodeForm: 'as-is' | 'NFC';
}

/** Tokenizer of MetaCLIP 1. Holds up to 6 MB of encoded words; not for several threads, each makes its own. */
export class ClipTokenizer implements Tokenizer {
  readonly kind = 'clip';
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly padId: number;
  readonly startId: number;
  readonly endId: number;
  readonly #settings: ClipTokenizerSettings;
  readonly #encoder: BytePairEncoder;
  readonly #words: RegExp;
  /** Ids of special tokens by how they are written; empty where they are words like any others. */
  readonly #specials: ReadonlyMap<string, number>;
  // Two halves: when the young one is full it becomes the old one, so what is used stays and what is not goes.
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  /**
   * @param vocabulary - its tables are kept, not changed
   * @param settings - see {@link ClipTokenizerSettings}
   */
  constructor(vocabulary: ClipVocabulary, settings: ClipTokenizerSettings) {
    const { startText, endText, startId, endId } = vocabulary;
    this.vocabSize = vocabulary.size;
    this.contextLength = settings.contextLength;
    this.padId = settings.padId;
    this.startId = startId;
    this.endId = endId;
    this.#settings = settings;
    this.#encoder = new BytePairEncoder(vocabulary.tables);
    const isToken = settings.specialTokens === 'token';
    this.#specials = new Map(
      isToken
        ? [
            [startText, startId],
            [endText, endId],
          ]
        : [],
    );
    const specials = isToken ? [startText, endText].map((text) => `${patternOf(text)}|`).join('') : '';
    this.#words = new RegExp(specials + WORDS, 'gu');
  }

  encode(texts: readonly string[]): TokenBatch {
    const { contextLength, padId } = this;
    const ids = new Int32Array(texts.length * contextLength).fill(padId);
    const lengths = new Int32Array(texts.length);
    const room = contextLength - 2;
    for (const [row, text] of texts.entries()) {
      const found = this.#encode(text, room);
      const count = Math.min(room, found.length);
      const start = row * contextLength;
      ids[start] = this.startId;
      for (let i = 0; i < count; i++) ids[start + 1 + i] = found[i] ?? 0;
      ids[start + 1 + count] = this.endId;
      lengths[row] = count + 2;
    }
    return { ids, lengths, count: texts.length, contextLength };
  }

  encodeWhole(text: string): number[] {
    return this.#encode(text, Infinity);
  }

  // Ids of a text's words, until there are `enough`; the last word may bring more.
  #encode(text: string, enough: number): number[] {
    const composed = this.#settings.unicodeForm === 'NFC' ? text.normalize('NFC') : text;
    const lower = cleanText(composed).toLowerCase();
    const ids: number[] = [];
    const words = this.#words;
    words.lastIndex = 0;
    for (let match = words.exec(lower); match !== null && ids.length < enough; match = words.exec(lower)) {
      const special = this.#specials.get(match[0]);
      if (special !== undefined) ids.push(special);
      else for (const id of this.#encodeWord(match[0])) ids.push(id);
    }
    return ids;
  }

  #encodeWord(word: string): readonly number[] {
    const known = this.#young.get(word);
    if (known !== undefined) return known;
    const ids = this.#old.get(word) ?? this.#encoder.encode(Buffer.from(word, 'utf8'));
    if (word.length <= CACHED_LENGTH) {
      if (this.#young.size >= CACHED_WORDS) {
        this.#old = this.#young;
        this.#young = new Map();
      }
      // A copy of its own: a match holds the whole text in memory.
      this.#young.set(Buffer.from(word, 'utf16le').toString('utf16le'), ids);
    }
    return ids;
  }
}

function patternOf(special: string): string {
  return special.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('s', '[sſ]');
}
