/**
 * Language identification with lid.176: the label that fastText's `predict(text, 1)` gives for one line of text, from UTF-8
 * bytes where they lie, without making a string.
 *
 * The mean feature vector is fastText's to the last bit (same rows, same order, same float32 roundings). The search for the
 * best label runs in float64 and falls back to fastText's own arithmetic wherever rounding could decide, so labels are
 * equal always and not only on tested texts; see label-tree.ts for the bound. On 29,824 captions it falls back 6 times;
 * always taking the exact search makes the whole 3.3 times as slow.
 *
 * One rule of ours: a line feed separates words like any other white space. fastText ends the line there and ignores what
 * follows, which is no use for a caption; give it the text with line feeds replaced by spaces to compare.
 *
 * Odd inputs, all as fastText: a text without words is its end-of-line word alone and comes out as `en` at 0.125 (the
 * pipeline drops empty texts before it asks); a word `</s>` ends the text; words that begin with `__label__` are skipped;
 * bytes that are no UTF-8 are hashed as they are.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { LID_DIMENSION } from './fasttext-file.ts';
import { LabelTree } from './label-tree.ts';
import { type LidKernel, type LidMemory, MAX_TEXTS_BYTES, openLidKernel } from './lid-memory.ts';
import { type LidModel, openLidModel } from './lid-model.ts';
import { addRow, TokenRows } from './token-rows.ts';

/** Upper bound of the sum of all labels' products: 1, and the offset of 1e-5 that each factor carries. */
const TOTAL_BOUND = 1.001;

/** Identifies the language of texts with one model. Holds scratch space (under 10 kB), so each thread makes its own. */
export class LanguageIdentifier {
  /** Labels by index: `en`, `de`, ... */
  readonly labels: readonly string[];
  readonly #model: LidModel;
  readonly #tree: LabelTree;
  readonly #tokens: TokenRows;
  readonly #english: number;
  readonly #kernel: LidKernel | undefined;
  /** Bytes that lie in the memory of the kernel as well. */
  #takenBytes: Uint8Array | undefined;
  /** Mean feature vector of the last text: that of the kernel, if there is one. */
  readonly #hidden: Float32Array;
  #label = -1;

  /**
   * @param model - tables from `openLidModel`, which may be shared with other threads
   * @param kernel - works on the same tables
   */
  constructor(model: LidModel, kernel?: LidKernel) {
    this.#kernel = kernel;
    this.#hidden = kernel?.hidden ?? new Float32Array(LID_DIMENSION);
    this.labels = model.labels;
    this.#model = model;
    this.#tree = new LabelTree(model.labels.length, model.children, model.output);
    this.#tokens = new TokenRows(model);
    this.#english = model.labels.indexOf('en');
  }

  /**
   * @param memory - a model in memory for the kernel, shared with other threads
   * @returns an identifier that uses the kernel for the texts of {@link LanguageIdentifier.takeTexts}, at a third of the price
   */
  static open(memory: LidMemory): LanguageIdentifier {
    return new LanguageIdentifier(
      openLidModel(memory.memory.buffer, memory.modelBytes),
      openLidKernel(memory),
    );
  }

  /**
   * Tells which bytes the next texts lie in, so that they are copied once and not one by one; not needed otherwise.
   *
   * @param bytes - UTF-8; must not change as long as texts in it are asked about
   */
  takeTexts(bytes: Uint8Array): void {
    this.#takenBytes = undefined;
    if (this.#kernel === undefined || bytes.length > MAX_TEXTS_BYTES) return;
    this.#kernel.texts.set(bytes);
    this.#takenBytes = bytes;
  }

  /**
   * Finds the most probable language of a text.
   *
   * Complexity: O(bytes) + O(depth of the answer in the label tree); no allocation, save when a word is longer than any
   * before (1 byte per byte of it is kept).
   *
   * @param bytes - UTF-8; not kept
   * @param start - first byte of the text
   * @param end - the byte after it
   * @returns index into {@link LanguageIdentifier.labels}
   */
  identify(bytes: Uint8Array, start: number, end: number): number {
    this.#average(bytes, start, end);
    const label = this.#tree.findTop(this.#hidden, this.#tree.safeLead(this.#hidden));
    this.#label = label >= 0 ? label : this.#tree.findTopExact(this.#hidden);
    return this.#label;
  }

  /**
   * Tells whether English is the most probable language, with at least a given probability. Same answer as
   * {@link LanguageIdentifier.identify} and {@link LanguageIdentifier.probability} give, but most texts are decided from
   * the probability of English alone: above a half it has won, under 1/(labels - 1) of the rest it has lost.
   *
   * @param bytes - UTF-8; not kept
   * @param start - first byte of the text
   * @param end - the byte after it
   * @param threshold - least probability of English, in [0, 1]; 0 asks only that it comes first
   * @returns true when the label is `en` and its probability is at least the threshold
   */
  isEnglish(bytes: Uint8Array, start: number, end: number, threshold = 0): boolean {
    const english = this.#english;
    if (english < 0) return false;
    this.#average(bytes, start, end);
    this.#label = english;
    const hidden = this.#hidden;
    const tree = this.#tree;
    const lead = tree.safeLead(hidden);
    const probability = tree.probabilityOf(english, hidden);
    if (probability * lead < threshold) return false;
    if (probability * lead < (1 - probability) / (this.labels.length - 1)) return false;
    if (probability <= (TOTAL_BOUND - probability) * lead) {
      const top = tree.findTop(hidden, lead);
      if ((top >= 0 ? top : tree.findTopExact(hidden)) !== english) return false;
    }
    return probability > threshold * lead || tree.exactProbabilityOf(english, hidden) >= threshold;
  }

  /**
   * Probability of the last answer, computed when asked for in O(depth of the label). It may be a little above 1, by the
   * offset in fastText's logarithm.
   *
   * @returns as fastText reports it, bit for bit: of the label after `identify`, of English after `isEnglish` (whatever
   * its answer); NaN before the first text
   */
  get probability(): number {
    return this.#label < 0 ? NaN : this.#tree.exactProbabilityOf(this.#label, this.#hidden);
  }

  // Computes the mean of the text's feature rows, word by word and the end-of-line word last.
  #average(bytes: Uint8Array, start: number, end: number): void {
    if (bytes === this.#takenBytes && this.#kernel?.average(start, end) === true) return;
    const hidden = this.#hidden;
    hidden.fill(0);
    let count = 0;
    let at = start;
    let isEnded = false;
    while (at < end && !isEnded) {
      if (isSeparator(bytes[at]!)) {
        at++;
        continue;
      }
      const wordStart = at;
      do at++;
      while (at < end && !isSeparator(bytes[at]!));
      count += this.#tokens.add(bytes, wordStart, at, hidden);
      isEnded = isEndOfLine(bytes, wordStart, at);
    }
    if (!isEnded) {
      addRow(this.#model.rows, 0, hidden);
      count++;
    }
    const scale = Math.fround(1 / count);
    for (let i = 0; i < LID_DIMENSION; i++) hidden[i]! *= scale;
  }
}

/** @returns true for the bytes that end a word: NUL, tab, line feed, vertical tab, form feed, carriage return, space */
function isSeparator(byte: number): boolean {
  return byte <= 32 && (byte === 32 || byte === 0 || (byte >= 9 && byte <= 13));
}

/** @returns true for the word `</s>` */
function isEndOfLine(bytes: Uint8Array, start: number, end: number): boolean {
  if (bytes[start] !== 0x3c || end - start !== 4) return false;
  return bytes[start + 1] === 0x2f && bytes[start + 2] === 0x73 && bytes[start + 3] === 0x3e;
}
