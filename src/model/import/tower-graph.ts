/**
 * The layers that both towers are made of, as ONNX nodes: pre-norm transformer blocks as in CLIP (arXiv 2103.00020).
 *
 * States are kept as [batch * length, width] between the parts of a layer, so that every linear layer is one Gemm with its bias
 * and the weight is used as it is stored ([out, in], transB).
 */
import type { Activation } from '../model-folder.ts';
import type { Affine, BlockTensors, Projection } from './clip-tensors.ts';
import type { OnnxGraph } from './onnx-writer.ts';
import type { WeightPlan } from './weight-plan.ts';

/** Sizes and choices of a tower. */
export interface TowerSettings {
  readonly width: number;
  readonly heads: number;
  readonly activation: Activation;
  readonly layerNormEpsilon: number;
}

/** Adds layers to a graph. */
export class TowerGraph {
  readonly graph: OnnxGraph;
  readonly weights: WeightPlan;
  readonly #settings: TowerSettings;

  /**
   * @param graph - gets the nodes
   * @param weights - gets the tensors
   * @param settings - of the tower
   */
  constructor(graph: OnnxGraph, weights: WeightPlan, settings: TowerSettings) {
    this.graph = graph;
    this.weights = weights;
    this.#settings = settings;
  }

  /**
   * @param input - [..., width]
   * @param name - of the tensors
   * @param affine - weight and bias [width]
   * @returns normalised over the last axis
   */
  layerNorm(input: string, name: string, affine: Affine): string {
    return this.graph.node('LayerNormalization', [input, ...this.#add(name, affine, 'other')], {
      axis: -1,
      epsilon: { float: this.#settings.layerNormEpsilon },
    });
  }

  /**
   * @param input - [rows, in]
   * @param name - of the tensors
   * @param affine - weight [out, in], bias [out]
   * @returns [rows, out]
   */
  linear(input: string, name: string, affine: Affine): string {
    return this.graph.node('Gemm', [input, ...this.#add(name, affine, 'matrix')], { transB: 1 });
  }

  /**
   * @param input - [rows, width]
   * @param name - of the tensor
   * @param projection - the last matrix
   * @returns [rows, embedding]
   */
  project(input: string, name: string, projection: Projection): string {
    const weight = this.weights.add(name, projection.weight, 'matrix');
    return this.graph.node('Gemm', [input, weight], { transB: projection.isTransposed ? 1 : 0 });
  }

  /**
   * @param input - [batch * length, width]
   * @param name - of the tensors
   * @param blocks - all layers
   * @param headShape - int64 vector: batch, length, heads, width / heads
   * @param mask - added to the scores, [length, length]; undefined for none
   * @returns [batch * length, width]
   */
  blocks(
    input: string,
    name: string,
    blocks: readonly BlockTensors[],
    headShape: string,
    mask: string | undefined,
  ): string {
    return blocks.reduce(
      (state, block, index) => this.#block(state, `${name}.${index}`, block, headShape, mask),
      input,
    );
  }

  #block(
    input: string,
    name: string,
    block: BlockTensors,
    headShape: string,
    mask: string | undefined,
  ): string {
    const { graph } = this;
    const normed = this.layerNorm(input, `${name}.norm1`, block.norm1);
    const attended = this.#attention(normed, name, block, headShape, mask);
    const middle = graph.node('Add', [input, this.linear(attended, `${name}.out`, block.out)]);
    const hidden = this.linear(
      this.layerNorm(middle, `${name}.norm2`, block.norm2),
      `${name}.expand`,
      block.expand,
    );
    return graph.node('Add', [
      middle,
      this.linear(this.#activate(hidden), `${name}.contract`, block.contract),
    ]);
  }

  #attention(
    input: string,
    name: string,
    block: BlockTensors,
    headShape: string,
    mask: string | undefined,
  ): string {
    const { graph } = this;
    const { width, heads } = this.#settings;
    const split = (part: string, affine: Affine, perm: readonly number[]): string =>
      graph.node(
        'Transpose',
        [graph.node('Reshape', [this.linear(input, `${name}.${part}`, affine), headShape])],
        { perm },
      );
    const query = graph.node('Mul', [
      split('query', block.query, [0, 2, 1, 3]),
      graph.float(1 / Math.sqrt(width / heads)),
    ]);
    const scores = graph.node('MatMul', [query, split('key', block.key, [0, 2, 3, 1])]);
    const masked = mask === undefined ? scores : graph.node('Add', [scores, mask]);
    const mixed = graph.node('MatMul', [
      graph.node('Softmax', [masked], { axis: -1 }),
      split('value', block.value, [0, 2, 1, 3]),
    ]);
    return graph.node('Reshape', [
      graph.node('Transpose', [mixed], { perm: [0, 2, 1, 3] }),
      graph.integers(-1, width),
    ]);
  }

  // In the forms that ONNX Runtime recognises and computes in one go.
  #activate(input: string): string {
    const { graph } = this;
    switch (this.#settings.activation) {
      case 'quick_gelu':
        return graph.node('Mul', [
          input,
          graph.node('Sigmoid', [graph.node('Mul', [input, graph.float(1.702)])]),
        ]);
      case 'gelu': {
        const erf = graph.node('Erf', [graph.node('Div', [input, graph.float(Math.SQRT2)])]);
        const product = graph.node('Mul', [input, graph.node('Add', [erf, graph.float(1)])]);
        return graph.node('Mul', [product, graph.float(0.5)]);
      }
    }
  }

  #add(name: string, { weight, bias }: Affine, role: 'matrix' | 'other'): [string, string] {
    return [this.weights.add(`${name}.weight`, weight, role), this.weights.add(`${name}.bias`, bias)];
  }
}
