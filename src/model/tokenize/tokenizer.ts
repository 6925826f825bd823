/** What every tokenizer of a text tower is, whatever its vocabulary. */

/** Token ids of some texts, ready for the model. */
export interface TokenBatch {
  /** `count` rows of `contextLength` ids, padded with the tokenizer's `padId`; owned by the caller. */
  readonly ids: Int32Array;
  /**
   * Tokens of each text, start and end token included, at most `contextLength`. The text towers are causal and read the end
   * token, so a batch may be cut to its longest text without changing any result.
   */
  readonly lengths: Int32Array;
  readonly count: number;
  readonly contextLength: number;
}

/** Turns texts into the token ids of one model. */
export interface Tokenizer {
  /** `clip` is CLIP's byte-pair encoding; `huggingface` any other tokenizer.json. */
  readonly kind: 'clip' | 'huggingface';
  /** Ids are below this. */
  readonly vocabSize: number;
  /** Most tokens of a text, start and end token included. */
  readonly contextLength: number;
  /** Fills rows behind the end token. */
  readonly padId: number;
  /** Ends every text, also a truncated one; the text tower's output is read there. */
  readonly endId: number;

  /**
   * Encodes texts: cleaned, tokenized, truncated so that the end token stays, and padded.
   *
   * Time is linear in the characters of the texts for cleaning, and in the tokens that are kept for the rest.
   *
   * @param texts - any strings
   * @returns one row of ids a text
   */
  encode(texts: readonly string[]): TokenBatch;

  /**
   * Encodes one text without start and end token, without truncation and padding.
   *
   * @param text - any string
   * @returns all of its token ids
   */
  encodeWhole(text: string): number[];
}

/** What can be chosen about a tokenizer. */
export interface TokenizerOptions {
  /** Most tokens of a text, start and end token included; default what the folder says, else 77. */
  readonly contextLength?: number;
  /**
   * What is made of special tokens that stand in a text, such as `<end_of_text>` or `</s>`. `text` (default): words like
   * any others, so no text can end itself early. `token`: the special token, as the original does.
   */
  readonly specialTokens?: 'text' | 'token';
  /**
   * Unicode form that CLIP's tokenizer brings a text into first. `as-is` (default) leaves it; `NFC` composes accents, as the
   * original does in the course of its mojibake repair, and the hub's tokenizer.json.
   */
  readonly unicodeForm?: 'as-is' | 'NFC';
}

/** Context of the models of this family. */
export const DEFAULT_CONTEXT_LENGTH = 77;
