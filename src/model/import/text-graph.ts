/**
 * The text tower as an ONNX graph. A token sees only those before it, so a text's state at its end token does not depend on
 * what follows: texts may be padded with anything, and only to the longest of their batch, with the same result.
 */
import type { Architecture } from './architecture.ts';
import type { TextTensors } from './clip-tensors.ts';
import { ONNX_TYPE, type OnnxGraph } from './onnx-writer.ts';
import { TowerGraph } from './tower-graph.ts';
import type { WeightPlan } from './weight-plan.ts';

/** Name of the graph's input and output, as the hub's own ONNX files have them. */
export const TEXT_NAMES = { input: 'input_ids', output: 'text_embeds' } as const;

/**
 * @param graph - empty; gets input `input_ids` int64 [batch, length], length at most the context, and output `text_embeds` float32
 *   [batch, embedDim]
 * @param weights - gets the tensors
 * @param tensors - the tower's
 * @param architecture - the model's
 */
export function buildTextGraph(
  graph: OnnxGraph,
  weights: WeightPlan,
  tensors: TextTensors,
  architecture: Architecture,
): void {
  const { width, heads, contextLength } = architecture.text;
  const tower = new TowerGraph(graph, weights, { ...architecture, width, heads });
  const ids = graph.input(TEXT_NAMES.input, 'I64', ['batch', 'length']);
  const batch = graph.node('Shape', [ids], { start: 0, end: 1 });
  const length = graph.node('Shape', [ids], { start: 1, end: 2 });

  const tokens = graph.node('Gather', [weights.add('text.tokens', tensors.tokens, 'table'), ids], {
    axis: 0,
  });
  const positions = graph.node('Slice', [
    weights.add('text.positions', tensors.positions),
    graph.integers(0),
    length,
    graph.integers(0),
  ]);
  const start = graph.node('Reshape', [graph.node('Add', [tokens, positions]), graph.integers(-1, width)]);
  const mask = graph.node('Slice', [
    graph.initializer('causal_mask', 'F32', [contextLength, contextLength], causalMask(contextLength)),
    graph.integers(0, 0),
    graph.node('Concat', [length, length], { axis: 0 }),
    graph.integers(0, 1),
  ]);
  const headShape = graph.node('Concat', [batch, length, graph.integers(heads, width / heads)], { axis: 0 });
  const end = tower.blocks(start, 'text.blocks', tensors.blocks, headShape, mask);

  const states = graph.node('Reshape', [
    end,
    graph.node('Concat', [batch, length, graph.integers(width)], { axis: 0 }),
  ]);
  const pooled = graph.node('GatherND', [states, endPosition(graph, ids, architecture)], { batch_dims: 1 });
  const normed = tower.layerNorm(pooled, 'text.normAfter', tensors.normAfter);
  const projected = tower.project(normed, 'text.projection', tensors.projection);
  graph.output(projected, TEXT_NAMES.output, 'F32', ['batch', architecture.embedDim]);
}

/** [batch, 1]: where each text ends; 0 for a text without an end token, as the published code has it. */
function endPosition(graph: OnnxGraph, ids: string, { pooling }: Architecture): string {
  // ArgMax takes the first of equal values. It has no int64 kernel in ONNX Runtime; ids are far below 2^31.
  const compared = pooling.kind === 'argmax' ? ids : graph.node('Equal', [ids, graph.integer(pooling.id)]);
  const numbers = graph.node('Cast', [compared], { to: ONNX_TYPE.I32 });
  return graph.node('ArgMax', [numbers], { axis: 1, keepdims: 1 });
}

/** Row i: 0 up to column i, minus infinity after it. */
function causalMask(length: number): Float32Array {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-Infinity, row * length + row + 1, (row + 1) * length);
  return mask;
}
