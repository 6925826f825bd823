/** Tokenized texts cut into runs of the text model, each no longer than its longest text. */
import type { TokenBatch } from '../tokenize/tokenizer.ts';

/** One run of the text model. */
export interface TextRun {
  /** `texts.length * length` ids, row by row. */
  readonly ids: BigInt64Array<ArrayBuffer>;
  /** 1 for a token of the text, 0 for padding. */
  readonly mask: BigInt64Array<ArrayBuffer>;
  /** Tokens in a row. */
  readonly length: number;
  /** For each row the position of its text in the batch. */
  readonly texts: readonly number[];
}

/** How a text model wants its runs. */
export interface TextRunOptions {
  /** Rows in a run at most. */
  readonly runSize: number;
  /** Fills rows: the model's, which need not be the tokenizer's; it must not look like an end token. */
  readonly padId: number;
  /** Tokens in a row where the graph takes only that; default: as many as the longest text of the run has. */
  readonly fixedLength?: number;
}

/**
 * Sorts texts by length and cuts them into runs, so that short texts are not padded to the length of long ones.
 *
 * Leaving padding away is exact: the text towers are causal and pool at the first end token, so nothing behind it is ever read
 * (measured: the same difference to PyTorch at 77, 16 and 9 tokens), and a text of 9 tokens takes a tenth of the time.
 *
 * @param batch - from the tokenizer; not changed
 * @param options - size
 * @returns runs that together have every text once; equal input gives equal runs
 */
export function makeTextRuns(batch: TokenBatch, options: TextRunOptions): TextRun[] {
  const { ids, lengths, count, contextLength } = batch;
  const order = Array.from({ length: count }, (_, index) => index);
  order.sort((a, b) => (lengths[a] ?? 0) - (lengths[b] ?? 0) || a - b);
  const runs: TextRun[] = [];
  for (let start = 0; start < count; start += options.runSize) {
    const texts = order.slice(start, start + options.runSize);
    const length = options.fixedLength ?? lengths[texts.at(-1) ?? 0] ?? 0;
    const run = new BigInt64Array(texts.length * length);
    const mask = new BigInt64Array(texts.length * length);
    texts.forEach((text, row) => {
      for (let at = 0; at < length; at++) {
        const isToken = at < (lengths[text] ?? 0);
        run[row * length + at] = BigInt(isToken ? (ids[text * contextLength + at] ?? 0) : options.padId);
        mask[row * length + at] = isToken ? 1n : 0n;
      }
    });
    runs.push({ ids: run, mask, length, texts });
  }
  return runs;
}
