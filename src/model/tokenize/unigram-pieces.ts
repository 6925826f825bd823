/**
 * The pieces of a Unigram vocabulary (SentencePiece): a word is cut into those with the highest sum of scores. The library's own
 * model builds a tree of maps for it, which takes 7 s and 1.2 GB for the 900,000 pieces of the worldwide models; one map of whole
 * pieces takes 1 s and a fifth of the memory, and gives the same cuts.
 */
// Hot loops over typed arrays whose indices are bounded by construction.
/* eslint-disable @typescript-eslint/no-non-null-assertion */

/** How much an unknown character scores below the worst piece, as in SentencePiece. */
const UNKNOWN_PENALTY = 10;

/** A vocabulary of scored pieces. */
export class UnigramPieces {
  /** Pieces by id. */
  readonly pieces: string[];
  /** Ids by piece; of a piece that is listed twice, the last. */
  readonly ids: Map<string, number>;
  readonly unknownId: number;
  readonly #scores: Float64Array;
  readonly #unknownScore: number;
  /** Code points of the longest piece. */
  readonly #longest: number;

  /**
   * Complexity: O(pieces).
   *
   * @param vocabulary - piece and score, by id
   * @param unknownId - id of the piece that stands for unknown characters
   */
  constructor(vocabulary: readonly (readonly [piece: string, score: number])[], unknownId: number) {
    this.pieces = vocabulary.map(([piece]) => piece);
    this.ids = new Map(this.pieces.map((piece, id) => [piece, id]));
    this.unknownId = unknownId;
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score);
    let lowest = Infinity;
    for (const score of this.#scores) lowest = Math.min(lowest, score);
    this.#unknownScore = lowest - UNKNOWN_PENALTY;
    this.#scores[unknownId] = this.#unknownScore;
    let longest = 1;
    for (const piece of this.pieces) longest = Math.max(longest, piece.length);
    this.#longest = longest;
  }

  /**
   * Cuts words.
   *
   * Complexity: O(characters x longest piece).
   *
   * @param words - normalised, split before
   * @returns pieces in order, unknown characters as they are
   */
  cutWords(words: readonly string[]): string[] {
    const cut: string[] = [];
    for (const word of words) this.#cut(word, cut);
    return cut;
  }

  #cut(word: string, out: string[]): void {
    // Where characters begin, so that no pair of surrogates is cut.
    const places: number[] = [];
    for (let at = 0; at < word.length; at += word.codePointAt(at)! > 0xffff ? 2 : 1) places.push(at);
    const count = places.length;
    places.push(word.length);

    const best = new Float64Array(count + 1).fill(-Infinity);
    const from = new Int32Array(count + 1);
    best[0] = 0;
    for (let start = 0; start < count; start++) {
      const last = Math.min(count, start + this.#longest);
      let isKnown = false;
      for (let end = start + 1; end <= last; end++) {
        const id = this.ids.get(word.slice(places[start], places[end]));
        if (id === undefined) continue;
        if (end === start + 1) isKnown = true;
        this.#offer(best, from, start, end, this.#scores[id]!);
      }
      if (!isKnown) this.#offer(best, from, start, start + 1, this.#unknownScore);
    }
    const ends: number[] = [];
    for (let end = count; end > 0; end = from[end]!) ends.push(end);
    for (const end of ends.reverse()) out.push(word.slice(places[from[end]!], places[end]));
  }

  // Of equal sums the one stays that came first, whose last piece begins first.
  #offer(best: Float64Array, from: Int32Array, start: number, end: number, score: number): void {
    const sum = best[start]! + score;
    if (sum <= best[end]!) return;
    best[end] = sum;
    from[end] = start;
  }
}

/**
 * Reads the model of a tokenizer.json.
 *
 * @param model - its `model`
 * @returns the pieces; undefined where it is no Unigram model with an unknown piece, or not well formed
 */
export function readUnigramPieces(model: unknown): UnigramPieces | undefined {
  if (typeof model !== 'object' || model === null) return undefined;
  const { type, vocab, unk_id: unknownId }: { type?: unknown; vocab?: unknown; unk_id?: unknown } = model;
  if (type !== 'Unigram' || !Array.isArray(vocab) || typeof unknownId !== 'number') return undefined;
  const rows: readonly unknown[] = vocab;
  if (!rows.every(isScoredPiece) || rows[unknownId] === undefined) return undefined;
  return new UnigramPieces(rows, unknownId);
}

function isScoredPiece(row: unknown): row is [string, number] {
  return Array.isArray(row) && row.length === 2 && typeof row[0] === 'string' && typeof row[1] === 'number';
}
