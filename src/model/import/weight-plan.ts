/**
 * Decides how every tensor is stored, and hands it to a graph as an initializer whose bytes lie in another file.
 *
 *   link     in the checkpoint itself: nothing is written
 *   embed    in a file of its own beside the graph, in the type of the checkpoint
 *   float16  the same, matrices as float16
 *   int8     the same, matrices as int8 with one float32 scale a row
 *
 * Arithmetic is float32 in every case: other types go through Cast (and Mul), which ONNX Runtime does once when it loads the
 * graph. So float16 and int8 make the file smaller, not the memory. Weights never lie inside the graph: protobuf ends at
 * 2 GB, and ONNX Runtime maps files but copies graphs (B/32: 1 s against 2.5 to 4.4 s).
 */
import type { OnnxGraph, OnnxType } from './onnx-writer.ts';
import { ONNX_TYPE } from './onnx-writer.ts';
import { BYTES_OF, countOf, type StoredTensor } from './tensors.ts';

/** How weights are stored; see the head of this file. */
export type WeightMode = 'link' | 'embed' | 'float16' | 'int8';

/** Conversion of one tensor on its way into the new file. */
export type Encoding = 'copy' | 'float32' | 'float16' | 'int8';

/** One tensor of the new file. */
export interface PlannedTensor {
  readonly tensor: StoredTensor;
  readonly encoding: Encoding;
  /** Where its values begin. */
  readonly startByte: number;
  /** Where the float32 scales of its rows begin; only for int8. */
  readonly scalesStartByte: number;
}

/** What tensors are for: embeddings of positions are added to everything, so they keep their precision. */
export type TensorRole = 'matrix' | 'table' | 'other';

/** Tensors begin at multiples of this, as SIMD code likes it. */
const ALIGNMENT = 64;
/** Smaller matrices are not worth a scale a row. */
const LEAST_INT8_VALUES = 4096;

/** The weights of one graph. */
export class WeightPlan {
  readonly #graph: OnnxGraph;
  readonly #mode: WeightMode;
  readonly #fileOf: (path: string) => string;
  readonly #planned: PlannedTensor[] = [];
  #endByte = 0;

  /**
   * @param graph - gets the initializers
   * @param mode - how weights are stored
   * @param fileOf - name in the model folder of a checkpoint's file, or of the new file in the other modes
   */
  constructor(graph: OnnxGraph, mode: WeightMode, fileOf: (path: string) => string) {
    this.#graph = graph;
    this.#mode = mode;
    this.#fileOf = fileOf;
  }

  /** @returns what the new file holds, in the order of its bytes; empty in link mode */
  get planned(): readonly PlannedTensor[] {
    return this.#planned;
  }

  /** @returns size of the new file */
  get sizeBytes(): number {
    return this.#endByte;
  }

  /**
   * @param name - of the initializer
   * @param tensor - its bytes
   * @param role - decides about precision
   * @param shape - another shape of as many values; default the tensor's
   * @returns name of a float32 value
   */
  add(name: string, tensor: StoredTensor, role: TensorRole = 'other', shape = tensor.shape): string {
    const file = this.#fileOf(tensor.file);
    if (this.#mode === 'link') {
      const { dtype, startByte, byteLength } = tensor;
      return this.#asFloat(name, onnxTypeOf(dtype), shape, { file, startByte, byteLength });
    }
    const encoding = encodingOf(this.#mode, tensor, role);
    const count = countOf(tensor.shape);
    const width =
      encoding === 'copy' ? BYTES_OF[tensor.dtype] : { float32: 4, float16: 2, int8: 1 }[encoding];
    const startByte = this.#reserve(count * width);
    const rows = tensor.shape[0] ?? 1;
    const scalesStartByte = encoding === 'int8' ? this.#reserve(rows * 4) : 0;
    this.#planned.push({ tensor, encoding, startByte, scalesStartByte });
    const place = { file, startByte, byteLength: count * width };
    if (encoding !== 'int8') {
      const type = encoding === 'copy' ? onnxTypeOf(tensor.dtype) : encoding === 'float16' ? 'F16' : 'F32';
      return this.#asFloat(name, type, shape, place);
    }
    const scales = this.#graph.externalInitializer(
      `${name}.scales`,
      'F32',
      [rows, ...shape.slice(1).map(() => 1)],
      { file, startByte: scalesStartByte, byteLength: rows * 4 },
    );
    return this.#graph.node('Mul', [this.#asFloat(name, 'I8', shape, place), scales]);
  }

  #asFloat(
    name: string,
    type: OnnxType,
    shape: readonly number[],
    place: { readonly file: string; readonly startByte: number; readonly byteLength: number },
  ): string {
    this.#graph.externalInitializer(name, type, shape, place);
    return type === 'F32' ? name : this.#graph.node('Cast', [name], { to: ONNX_TYPE.F32 });
  }

  #reserve(byteLength: number): number {
    const startByte = Math.ceil(this.#endByte / ALIGNMENT) * ALIGNMENT;
    this.#endByte = startByte + byteLength;
    return startByte;
  }
}

/**
 * @param mode - not link
 * @param tensor - what is stored
 * @param role - what it is for
 * @returns how it is stored
 */
export function encodingOf(
  mode: Exclude<WeightMode, 'link'>,
  tensor: StoredTensor,
  role: TensorRole,
): Encoding {
  const isMatrix = role !== 'other';
  if (mode === 'int8' && isMatrix && countOf(tensor.shape) >= LEAST_INT8_VALUES) return 'int8';
  if (mode === 'float16' && isMatrix) return tensor.dtype === 'F16' ? 'copy' : 'float16';
  return tensor.dtype === 'F64' ? 'float32' : 'copy';
}

function onnxTypeOf(dtype: StoredTensor['dtype']): OnnxType {
  // Whole numbers never get here: only floating tensors are taken from a checkpoint.
  if (dtype === 'F64' || dtype === 'F16' || dtype === 'BF16') return dtype;
  return 'F32';
}
