/**
 * Weights of Pillow's antialiased resampling, as its 8-bit code uses them: the filter's support grows with the downscale
 * factor, weights are normalised in float64 and then rounded to fixed point with 22 bits. Equal weights and equal
 * rounding make the resized bytes equal to Pillow's to the last bit.
 *
 * Only the outputs that a crop keeps get weights, so an image of 100,000 x 1 costs no more than a square one.
 */

/** Filters by their names in Pillow; `nearest` is no filter and is handled by the resize itself. */
export type ResampleFilter = 'box' | 'bilinear' | 'hamming' | 'bicubic' | 'lanczos';

/** Fixed-point bits of a weight: 32, less 8 of the pixel and 2 for sums that overshoot. */
export const PRECISION_BITS = 22;

/** A run of outputs along one axis, and which inputs with which weights each of them is made of. */
export interface AxisWeights {
  /** Number of outputs. */
  readonly outputs: number;
  /** First input of each output. */
  readonly starts: Int32Array;
  /** Number of inputs of each output, at least 1. */
  readonly counts: Int32Array;
  /** `stride` weights per output, in units of 2^-22; those beyond its count are 0. */
  readonly weights: Int32Array;
  /** Weights kept per output: the largest count. */
  readonly stride: number;
  /** Inputs that any output needs: from `firstInput` up to, not including, `endInput`. */
  readonly firstInput: number;
  readonly endInput: number;
}

interface Filter {
  readonly support: number;
  readonly weigh: (x: number) => number;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

const FILTERS: Readonly<Record<ResampleFilter, Filter>> = {
  box: { support: 0.5, weigh: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) },
  bilinear: {
    support: 1,
    weigh: (x) => Math.max(0, 1 - Math.abs(x)),
  },
  hamming: {
    support: 1,
    weigh: (signed) => {
      const x = Math.abs(signed);
      if (x === 0) return 1;
      if (x >= 1) return 0;
      const angle = x * Math.PI;
      return (Math.sin(angle) / angle) * (0.54 + 0.46 * Math.cos(angle));
    },
  },
  bicubic: {
    support: 2,
    // Keys' kernel with a = -0.5, in the order of operations that Pillow has.
    weigh: (signed) => {
      const a = -0.5;
      const x = Math.abs(signed);
      if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
      return 0;
    },
  },
  lanczos: { support: 3, weigh: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** What the weights of one axis depend on. */
export interface AxisRequest {
  readonly filter: ResampleFilter;
  /** Pixels of the source along this axis. */
  readonly inputSize: number;
  /** Pixels of the whole resized axis, crop not considered. */
  readonly outputSize: number;
  /** First output that is kept. */
  readonly firstOutput: number;
  /** Number of outputs that are kept. */
  readonly outputs: number;
}

/**
 * Computes the weights of one axis.
 *
 * Complexity: O(outputs x inputs per output) time; memory 4 bytes per weight.
 *
 * @param request - sizes and filter; `firstOutput + outputs <= outputSize`
 * @returns the weights, owned by the caller
 */
export function computeAxisWeights(request: AxisRequest): AxisWeights {
  const { inputSize, outputSize, firstOutput, outputs } = request;
  const { support: baseSupport, weigh } = FILTERS[request.filter];
  const scale = inputSize / outputSize;
  const filterScale = Math.max(scale, 1);
  const support = baseSupport * filterScale;
  const inverse = 1 / filterScale;

  const starts = new Int32Array(outputs);
  const counts = new Int32Array(outputs);
  let stride = 1;
  for (let i = 0; i < outputs; i++) {
    const center = (firstOutput + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(center - support + 0.5));
    const end = Math.min(inputSize, Math.trunc(center + support + 0.5));
    starts[i] = start;
    counts[i] = end - start;
    stride = Math.max(stride, end - start);
  }

  const weights = new Int32Array(outputs * stride);
  const real = new Float64Array(stride);
  for (let i = 0; i < outputs; i++) {
    const center = (firstOutput + i + 0.5) * scale;
    const start = starts[i] ?? 0;
    const count = counts[i] ?? 0;
    let sum = 0;
    for (let x = 0; x < count; x++) {
      const weight = weigh((x + start - center + 0.5) * inverse);
      real[x] = weight;
      sum += weight;
    }
    for (let x = 0; x < count; x++) {
      const weight = sum === 0 ? (real[x] ?? 0) : (real[x] ?? 0) / sum;
      const fixed = weight * 2 ** PRECISION_BITS;
      weights[i * stride + x] = Math.trunc(weight < 0 ? fixed - 0.5 : fixed + 0.5);
    }
  }
  const last = outputs - 1;
  return {
    outputs,
    starts,
    counts,
    weights,
    stride,
    firstInput: starts[0] ?? 0,
    endInput: (starts[last] ?? 0) + (counts[last] ?? 0),
  };
}

/** Weights by request, least recently used first; bounded by the number of requests and by the bytes of their weights. */
export class AxisWeightsCache {
  readonly #entries = new Map<string, AxisWeights>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes - bytes of weights that are kept, default 4 MiB: some 500 sizes at 4x */
  constructor(maxBytes = 4 << 20) {
    this.#maxBytes = maxBytes;
  }

  /** @returns bytes of all weights that are kept now */
  get sizeBytes(): number {
    return this.#bytes;
  }

  /**
   * Finds weights of an earlier request, or computes them.
   *
   * @param request - sizes and filter
   * @returns the weights, shared: not to be written
   */
  get(request: AxisRequest): AxisWeights {
    const { filter, inputSize, outputSize, firstOutput, outputs } = request;
    const key = `${filter} ${inputSize} ${outputSize} ${firstOutput} ${outputs}`;
    const known = this.#entries.get(key);
    if (known !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, known);
      return known;
    }
    const made = computeAxisWeights(request);
    this.#entries.set(key, made);
    this.#bytes += made.weights.byteLength;
    for (const [oldest, old] of this.#entries) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#entries.delete(oldest);
      this.#bytes -= old.weights.byteLength;
    }
    return made;
  }
}
