/**
 * Any tokenizer.json but CLIP's (XLM-V of the worldwide models, mT5, ...), run by `@huggingface/tokenizers`. Texts are cleaned as
 * the original does for these models: HTML references and white space, letters left as they are.
 *
 * The library truncates nothing and pads nothing, and takes special tokens that stand in a text for real; all three are done
 * here. What surrounds a text (`<s> ... </s>`, or an end token alone) is found by encoding a letter with and without it.
 */
import * as library from '@huggingface/tokenizers';
import { cleanText } from './clean-text.ts';
import { malformed } from './clip-vocabulary.ts';
import type { TokenBatch, Tokenizer } from './tokenizer.ts';
import { readUnigramPieces } from './unigram-pieces.ts';

/** The model inside the library's tokenizer: words to pieces. */
interface LibraryModel {
  vocab: string[];
  tokens_to_ids: Map<string, number>;
  unk_token_id: number | undefined;
  unk_token: string | undefined;
  encode: (words: readonly string[]) => string[];
}

/** What is used of the library's tokenizer. */
interface LibraryTokenizer {
  readonly model: LibraryModel;
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
  token_to_id(token: string): number | undefined;
  get_added_tokens_decoder(): ReadonlyMap<
    number,
    { readonly id: number; readonly content: string; readonly special: boolean }
  >;
}

// The library's declarations import each other without file extensions, which this project's module resolution does not
// find, so they come out as `any`; the interface above is checked by the tests.
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
const LibraryTokenizer: new (json: object, config: object) => LibraryTokenizer = library.Tokenizer;

/** How a {@link HubTokenizer} works; nothing is optional. */
export interface HubTokenizerSettings {
  readonly contextLength: number;
  readonly padId: number;
  readonly specialTokens: 'text' | 'token';
  /** The file, for messages. */
  readonly where: string;
}

/** Longest piece of a text that is given to the library at a time, in characters; see {@link HubTokenizer}. */
const MAX_PIECE = 8192;

/**
 * Tokenizer of a tokenizer.json.
 *
 * Bound: of a text only the first 8,192 characters are tokenized by `encode`, which is more than 77 tokens of 100 characters;
 * no vocabulary in use has tokens that long.
 */
export class HubTokenizer implements Tokenizer {
  readonly kind = 'huggingface';
  readonly vocabSize: number;
  readonly contextLength: number;
  readonly padId: number;
  readonly endId: number;
  readonly #tokenizer: LibraryTokenizer;
  readonly #prefix: readonly number[];
  readonly #suffix: readonly number[];
  readonly #specialIds: ReadonlySet<number>;
  readonly #specials: RegExp | undefined;

  /**
   * Complexity: O(vocabulary); 2 s and 300 MB for one of 900,000 pieces.
   *
   * @param json - parsed tokenizer.json
   * @param config - parsed tokenizer_config.json, `{}` for none
   * @param settings - see {@link HubTokenizerSettings}
   * @throws {MetaclipError} `E_TOKENIZER_FORMAT` where the library refuses it, or texts get no end token
   */
  constructor(json: object, config: object, settings: HubTokenizerSettings) {
    const { where } = settings;
    try {
      this.#tokenizer = makeLibraryTokenizer(json, config);
      const { prefix, suffix } = findSurroundings(this.#tokenizer);
      this.#prefix = prefix;
      this.#suffix = suffix;
    } catch (error) {
      throw malformed(where, `not understood (${error instanceof Error ? error.message : String(error)})`);
    }
    const endId = this.#suffix[0];
    if (endId === undefined) throw malformed(where, 'texts get no end token, at which the model is read');
    this.endId = endId;
    this.padId = settings.padId;
    this.contextLength = settings.contextLength;
    this.vocabSize = this.#tokenizer.model.vocab.length;

    const isText = settings.specialTokens === 'text';
    const specials = [...this.#tokenizer.get_added_tokens_decoder().values()].filter(
      ({ special }) => special,
    );
    this.#specialIds = new Set(isText ? specials.map(({ id }) => id) : []);
    const written = specials.map(({ content }) => content).filter((content) => content.length > 1);
    this.#specials =
      isText && written.length > 0 ? new RegExp(written.map(escapeRegExp).join('|'), 'gu') : undefined;
  }

  encode(texts: readonly string[]): TokenBatch {
    const { contextLength, padId } = this;
    const ids = new Int32Array(texts.length * contextLength).fill(padId);
    const lengths = new Int32Array(texts.length);
    const room = contextLength - this.#prefix.length - this.#suffix.length;
    for (const [row, text] of texts.entries()) {
      const kept = this.#tokenize(cleanText(text).slice(0, MAX_PIECE)).slice(0, room);
      const all = [...this.#prefix, ...kept, ...this.#suffix];
      ids.set(all, row * contextLength);
      lengths[row] = all.length;
    }
    return { ids, lengths, count: texts.length, contextLength };
  }

  encodeWhole(text: string): number[] {
    return this.#tokenize(cleanText(text));
  }

  #tokenize(clean: string): number[] {
    // A space after the first character takes the special meaning away and leaves the words.
    const harmless =
      this.#specials === undefined
        ? clean
        : clean.replace(this.#specials, (special) => `${special.slice(0, 1)} ${special.slice(1)}`);
    if (harmless === '') return [];
    const { ids } = this.#tokenizer.encode(harmless, { add_special_tokens: false });
    const unknown = this.#tokenizer.token_to_id('<unk>');
    return ids.filter((id) => id === unknown || !this.#specialIds.has(id));
  }
}

/** The library's tokenizer; a Unigram model in it is replaced by ours, which is made sooner and cuts faster. */
function makeLibraryTokenizer(json: object, config: object): LibraryTokenizer {
  const model: unknown = 'model' in json ? json.model : undefined;
  const pieces = readUnigramPieces(model);
  if (pieces === undefined) return new LibraryTokenizer(json, config);
  const { unknownId, ids } = pieces;
  const unknown = pieces.pieces[unknownId] ?? '';
  // Made with a vocabulary of one piece, which is then exchanged.
  const small = { type: 'Unigram', unk_id: 0, vocab: [[unknown, 0]] };
  const tokenizer = new LibraryTokenizer({ ...json, model: small }, config);
  for (const { id, content } of tokenizer.get_added_tokens_decoder().values()) {
    ids.set(content, id);
    pieces.pieces[id] = content;
  }
  Object.assign(tokenizer.model, {
    vocab: pieces.pieces,
    tokens_to_ids: ids,
    unk_token_id: unknownId,
    unk_token: unknown,
    encode: (words: readonly string[]) => pieces.cutWords(words),
  } satisfies LibraryModel);
  return tokenizer;
}

/** What stands before and behind the tokens of a text. */
function findSurroundings(tokenizer: LibraryTokenizer): { prefix: number[]; suffix: number[] } {
  const bare = tokenizer.encode('a', { add_special_tokens: false }).ids;
  const whole = tokenizer.encode('a', { add_special_tokens: true }).ids;
  for (let start = 0; start + bare.length <= whole.length; start++) {
    if (bare.every((id, i) => whole[start + i] === id)) {
      return { prefix: whole.slice(0, start), suffix: whole.slice(start + bare.length) };
    }
  }
  throw new Error('special tokens stand inside of a text');
}

function escapeRegExp(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
