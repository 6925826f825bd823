/** The image tower as an ONNX graph: patches, a class token, positions, layers, and the class token's state projected. */
import type { Architecture } from './architecture.ts';
import type { VisionTensors } from './clip-tensors.ts';
import type { OnnxGraph } from './onnx-writer.ts';
import { TowerGraph } from './tower-graph.ts';
import type { WeightPlan } from './weight-plan.ts';

/** Name of the graph's input and output, as the hub's own ONNX files have them. */
export const VISION_NAMES = { input: 'pixel_values', output: 'image_embeds' } as const;

/**
 * @param graph - empty; gets input `pixel_values` float32 [batch, 3, size, size] and output `image_embeds` float32 [batch, embedDim]
 * @param weights - gets the tensors
 * @param tensors - the tower's
 * @param architecture - the model's
 */
export function buildVisionGraph(
  graph: OnnxGraph,
  weights: WeightPlan,
  tensors: VisionTensors,
  architecture: Architecture,
): void {
  const { width, heads, imageSize, patchSize } = architecture.vision;
  const tower = new TowerGraph(graph, weights, { ...architecture, width, heads });
  const length = (imageSize / patchSize) ** 2 + 1;
  const pixels = graph.input(VISION_NAMES.input, 'F32', ['batch', 3, imageSize, imageSize]);
  const batch = graph.node('Shape', [pixels], { start: 0, end: 1 });

  // [batch, width, rows, columns] -> [batch, patches, width]
  const grid = graph.node('Conv', [pixels, weights.add('vision.patches', tensors.patches, 'matrix')], {
    kernel_shape: [patchSize, patchSize],
    strides: [patchSize, patchSize],
  });
  const patches = graph.node('Transpose', [graph.node('Reshape', [grid, graph.integers(0, width, -1)])], {
    perm: [0, 2, 1],
  });
  const classToken = graph.node('Expand', [
    weights.add('vision.classToken', tensors.classToken, 'other', [1, 1, width]),
    graph.node('Concat', [batch, graph.integers(1, width)], { axis: 0 }),
  ]);
  const embedded = graph.node('Add', [
    graph.node('Concat', [classToken, patches], { axis: 1 }),
    weights.add('vision.positions', tensors.positions, 'other', [1, length, width]),
  ]);
  const start = graph.node('Reshape', [
    tower.layerNorm(embedded, 'vision.normBefore', tensors.normBefore),
    graph.integers(-1, width),
  ]);
  const headShape = graph.node('Concat', [batch, graph.integers(length, heads, width / heads)], { axis: 0 });
  const end = tower.blocks(start, 'vision.blocks', tensors.blocks, headShape, undefined);

  const states = graph.node('Reshape', [
    end,
    graph.node('Concat', [batch, graph.integers(length, width)], { axis: 0 }),
  ]);
  const first = graph.node('Gather', [states, graph.integer(0)], { axis: 1 });
  const normed = tower.layerNorm(first, 'vision.normAfter', tensors.normAfter);
  const projected = tower.project(normed, 'vision.projection', tensors.projection);
  graph.output(projected, VISION_NAMES.output, 'F32', ['batch', architecture.embedDim]);
}
