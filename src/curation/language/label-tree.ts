/**
 * The hierarchical softmax of a fastText classifier: a Huffman tree whose leaves are the labels. An inner node splits its
 * probability by a sigmoid; a label's probability is the product along its path. Every factor is taken as f + 1e-5, as
 * fastText does when it adds logarithms.
 *
 * Two searches for the most probable label, over the same tree:
 *   fast   float64 products, more probable child first; gives an answer only where it leads by more than all roundings
 *          of the other search can make up for;
 *   exact  fastText's own order of visits and its own float32 roundings, ties included; takes some ten times as long.
 *
 * Why the fast answer is the exact one. Let u = 2^-24. A dot product in float32 errs by at most 17 u sum(|w_i h_i|); that
 * is also how far it can move the logarithm of a share. The sigmoid's roundings move a share by less than 2.5e-7; the best
 * of L labels has at least 1/L, hence no share below that on its path, hence an error of at most 2.5e-7 L in the logarithm
 * of each (a label with a smaller share on its path has less than 1/L and cannot win). Roundings of the logarithms and the
 * offset 1e-5 add less than 2e-5 a level. Both labels may be off, so twice the sum over the depth is the lead to ask for.
 *
 * Nodes: 0..labels-1 are leaves (label indices), labels..2*labels-2 inner ones, the last is the root.
 */
// Typed arrays of fixed size, indices bounded by the tree: a check per element would cost more than the product.
/* eslint-disable @typescript-eslint/no-non-null-assertion */
import { LID_DIMENSION } from './fasttext-file.ts';
import { expFloat32, LOG_OFFSET, logFloat32 } from './float32-math.ts';

/** Count of a node that does not exist yet, as in fastText; above any real count. */
const ABSENT_COUNT = 1e15;

/**
 * Builds the Huffman tree of fastText: two queues, the labels from the rarest on and the inner nodes in order of making.
 *
 * Complexity: O(labels).
 *
 * @param labelCounts - training counts, descending
 * @returns left and right child of each inner node: node labels + i has children [2i] and [2i + 1]
 */
export function buildLabelTree(labelCounts: readonly number[]): Int32Array {
  const labelCount = labelCounts.length;
  const counts = new Float64Array(2 * labelCount - 1).fill(ABSENT_COUNT);
  counts.set(labelCounts);
  const children = new Int32Array(2 * (labelCount - 1));
  let leaf = labelCount - 1;
  let inner = labelCount;
  for (let node = labelCount; node < counts.length; node++) {
    let sum = 0;
    for (let side = 0; side < 2; side++) {
      const takesLeaf = leaf >= 0 && (counts[leaf] ?? 0) < (counts[inner] ?? 0);
      const child = takesLeaf ? leaf-- : inner++;
      children[2 * (node - labelCount) + side] = child;
      sum += counts[child] ?? 0;
    }
    counts[node] = sum;
  }
  return children;
}

/** Searches one model's tree; holds scratch space, so each thread makes its own. */
export class LabelTree {
  readonly #labelCount: number;
  readonly #children: Int32Array;
  readonly #output: Float32Array;
  /** Per node: 2 x inner index of its parent + side; -1 for the root. */
  readonly #edges: Int32Array;
  /** Inner nodes on the longest path. */
  readonly #depth: number;
  /** Largest absolute value of each dimension over all inner nodes. */
  readonly #reach = new Float64Array(LID_DIMENSION);
  /** Branches put off; each level of the path leaves at most one. Also the edges of a path. */
  readonly #pendingNodes: Int32Array;
  readonly #pendingProbabilities: Float64Array;
  #topScore = -Infinity;
  #topLabel = -1;

  /**
   * @param labelCount - number of leaves
   * @param children - tree as {@link buildLabelTree} makes it
   * @param output - vector of each inner node, {@link LID_DIMENSION} numbers each
   */
  constructor(labelCount: number, children: Int32Array, output: Float32Array) {
    this.#labelCount = labelCount;
    this.#children = children;
    this.#output = output;
    this.#edges = new Int32Array(2 * labelCount - 1).fill(-1);
    const depths = new Int32Array(2 * labelCount - 1);
    for (let inner = labelCount - 2; inner >= 0; inner--) {
      for (let side = 0; side < 2; side++) {
        const child = children[2 * inner + side]!;
        this.#edges[child] = 2 * inner + side;
        depths[child] = depths[labelCount + inner]! + 1;
      }
      for (let i = 0; i < LID_DIMENSION; i++) {
        this.#reach[i] = Math.max(this.#reach[i]!, Math.abs(output[inner * LID_DIMENSION + i]!));
      }
    }
    this.#depth = depths.reduce((deepest, depth) => Math.max(deepest, depth), 0);
    this.#pendingNodes = new Int32Array(this.#depth + 1);
    this.#pendingProbabilities = new Float64Array(this.#depth + 1);
  }

  /**
   * Computes how many times as probable as another a label must be, in float64, to be so in fastText's arithmetic too.
   *
   * @param hidden - mean feature vector, as fastText rounds it
   * @returns a factor above 1; Infinity where float64 can't decide
   */
  safeLead(hidden: Float32Array): number {
    let dotBound = 0;
    for (let i = 0; i < LID_DIMENSION; i++) dotBound += this.#reach[i]! * Math.abs(hidden[i]!);
    const levelError = 17 * 2 ** -24 * dotBound + 2.5e-7 * this.#labelCount + 2e-5;
    const error = 2 * this.#depth * levelError;
    return error < 1 ? 1 + error + error * error : Infinity; // above e^error
  }

  /**
   * Computes the probability of one label in float64.
   *
   * Complexity: O(depth of the label x dimensions).
   *
   * @param label - label index
   * @param hidden - mean feature vector
   * @returns the product along the label's path
   */
  probabilityOf(label: number, hidden: Float32Array): number {
    let probability = 1;
    for (let edge = this.#edges[label]!; edge >= 0;) {
      const inner = edge >> 1;
      const right = rightShare(this.#output, inner * LID_DIMENSION, hidden);
      probability *= ((edge & 1) === 1 ? right : 1 - right) + LOG_OFFSET;
      edge = this.#edges[this.#labelCount + inner]!;
    }
    return probability;
  }

  /**
   * Computes the probability of one label as fastText reports it, bit for bit.
   *
   * Complexity: O(depth of the label x dimensions), several times slower than {@link LabelTree.probabilityOf}.
   *
   * @param label - label index
   * @param hidden - mean feature vector, as fastText rounds it
   * @returns a float32 value; may be a little above 1, as fastText's
   */
  exactProbabilityOf(label: number, hidden: Float32Array): number {
    const path = this.#pendingNodes;
    let length = 0;
    for (let edge = this.#edges[label]!; edge >= 0; length++) {
      path[length] = edge;
      edge = this.#edges[this.#labelCount + (edge >> 1)]!;
    }
    let score = 0;
    while (length > 0) {
      const edge = path[--length]!;
      const right = this.#exactRightShare(edge >> 1, hidden);
      score = Math.fround(score + logFloat32((edge & 1) === 1 ? right : 1 - right));
    }
    return expFloat32(score);
  }

  /**
   * Finds the most probable label, if it leads every other by more than a factor.
   *
   * Complexity: O(visited nodes x dimensions), for a clear text the depth of the answer; no allocation.
   *
   * @param hidden - mean feature vector
   * @param lead - {@link LabelTree.safeLead} of it
   * @returns label index; -1 when the lead is smaller
   */
  findTop(hidden: Float32Array, lead: number): number {
    const labelCount = this.#labelCount;
    const children = this.#children;
    const output = this.#output;
    const nodes = this.#pendingNodes;
    const probabilities = this.#pendingProbabilities;
    let best = 0;
    let second = 0;
    let top = -1;
    let pending = 1;
    nodes[0] = 2 * labelCount - 2;
    probabilities[0] = 1;
    while (pending > 0) {
      pending--;
      let node = nodes[pending]!;
      let probability = probabilities[pending]!;
      // What is left out here is beaten by the factor, whatever follows below it.
      while (node >= labelCount && probability * lead >= best) {
        const inner = node - labelCount;
        const share = rightShare(output, inner * LID_DIMENSION, hidden);
        const right = probability * (share + LOG_OFFSET);
        const left = probability * (1 - share + LOG_OFFSET);
        const side = right > left ? 1 : 0;
        const other = side === 1 ? left : right;
        if (other * lead >= best) {
          nodes[pending] = children[2 * inner + 1 - side]!;
          probabilities[pending] = other;
          pending++;
        }
        node = children[2 * inner + side]!;
        probability = side === 1 ? right : left;
      }
      if (node >= labelCount) continue;
      if (probability > best) {
        second = best;
        best = probability;
        top = node;
      } else if (probability > second) {
        second = probability;
      }
    }
    return second * lead < best ? top : -1;
  }

  /**
   * Finds the label that fastText's `predict(text, 1)` gives, by the same visits with the same roundings.
   *
   * Complexity: O(visited nodes x dimensions).
   *
   * @param hidden - mean feature vector, as fastText rounds it
   * @returns label index
   */
  findTopExact(hidden: Float32Array): number {
    this.#topScore = -Infinity;
    this.#topLabel = -1;
    this.#visit(2 * this.#labelCount - 2, 0, hidden);
    return this.#topLabel;
  }

  // Depth first, left before right. `<` and not `<=`: among equal scores fastText keeps the last one visited.
  #visit(node: number, score: number, hidden: Float32Array): void {
    if (score < this.#topScore) return;
    if (node < this.#labelCount) {
      this.#topScore = score;
      this.#topLabel = node;
      return;
    }
    const inner = node - this.#labelCount;
    const right = this.#exactRightShare(inner, hidden);
    this.#visit(this.#children[2 * inner]!, Math.fround(score + logFloat32(1 - right)), hidden);
    this.#visit(this.#children[2 * inner + 1]!, Math.fround(score + logFloat32(right)), hidden);
  }

  // fastText's sigmoid of its dot product, every step rounded to float32.
  #exactRightShare(inner: number, hidden: Float32Array): number {
    const from = inner * LID_DIMENSION;
    let dot = 0;
    for (let i = 0; i < LID_DIMENSION; i++) {
      dot = Math.fround(dot + Math.fround(this.#output[from + i]! * hidden[i]!));
    }
    return Math.fround(1 / Math.fround(1 + expFloat32(-dot)));
  }
}

/** Probability of the right child: the sigmoid of a dot product. */
function rightShare(output: Float32Array, from: number, hidden: Float32Array): number {
  const dot =
    output[from]! * hidden[0]! +
    output[from + 1]! * hidden[1]! +
    output[from + 2]! * hidden[2]! +
    output[from + 3]! * hidden[3]! +
    (output[from + 4]! * hidden[4]! +
      output[from + 5]! * hidden[5]! +
      output[from + 6]! * hidden[6]! +
      output[from + 7]! * hidden[7]!) +
    (output[from + 8]! * hidden[8]! +
      output[from + 9]! * hidden[9]! +
      output[from + 10]! * hidden[10]! +
      output[from + 11]! * hidden[11]!) +
    (output[from + 12]! * hidden[12]! +
      output[from + 13]! * hidden[13]! +
      output[from + 14]! * hidden[14]! +
      output[from + 15]! * hidden[15]!);
  return 1 / (1 + Math.exp(-dot));
}
