/** Rows of vectors with the model that they come from: what encoders give and scores take. */
import { MetaclipError } from '../../common/errors.ts';

/** Embeddings of some images or texts. */
export interface Embeddings {
  /** `count * dimension` values, row by row; each row has length 1. Belongs to the caller. */
  readonly data: Float32Array;
  /** Number of rows. */
  readonly count: number;
  /** Values in a row. */
  readonly dimension: number;
  /** Fingerprint of the model; rows of two models must not be compared. */
  readonly fingerprint: string;
}

/**
 * @param embeddings - where from
 * @param index - row, from 0
 * @returns a view of the row, not a copy
 * @throws RangeError for a row that is not there
 */
export function rowOf(embeddings: Embeddings, index: number): Float32Array {
  if (!(index >= 0 && index < embeddings.count)) {
    throw new RangeError(`row ${index} of ${embeddings.count} embeddings`);
  }
  return embeddings.data.subarray(index * embeddings.dimension, (index + 1) * embeddings.dimension);
}

/**
 * @param a - embeddings
 * @param b - others
 * @throws {@link MetaclipError} `E_MODEL_MISMATCH` when they come from two models
 */
export function checkSameModel(a: Embeddings, b: Embeddings): void {
  if (a.fingerprint === b.fingerprint && a.dimension === b.dimension) return;
  throw new MetaclipError(
    'E_MODEL_MISMATCH',
    `embeddings of two models cannot be compared: ${a.fingerprint.slice(0, 12)} (${a.dimension} values a row) and ${b.fingerprint.slice(0, 12)} (${b.dimension})`,
    {
      hint: 'embed both with the same model folder',
      details: { fingerprint: a.fingerprint, other: b.fingerprint },
    },
  );
}

/**
 * Scales each row to length 1, in place; sums in float64.
 *
 * @param data - rows, changed
 * @param dimension - values in a row
 * @returns `data`
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` for a row that is all zero or holds NaN or Infinity: the model's output is unusable
 */
export function normaliseRows(data: Float32Array, dimension: number): Float32Array {
  for (let start = 0; start < data.length; start += dimension) {
    let sum = 0;
    for (let at = start; at < start + dimension; at++) sum += (data[at] ?? 0) ** 2;
    const length = Math.sqrt(sum);
    if (!(length > 0 && length < Infinity)) {
      throw new MetaclipError(
        'E_MODEL_FORMAT',
        `the model gave an embedding of length ${length} (row ${start / dimension}), which points nowhere`,
        { hint: 'import the model again; if it has float16 weights, import it with --dtype fp32' },
      );
    }
    for (let at = start; at < start + dimension; at++) data[at] = (data[at] ?? 0) / length;
  }
  return data;
}

/**
 * Cosines of every row of one with every row of the other. Complexity: `a.count * b.count * dimension` products.
 *
 * @param a - rows of length 1
 * @param b - rows of length 1, of the same model
 * @returns `a.count * b.count` values, row by row of `a`, each in [-1, 1]
 * @throws {@link MetaclipError} `E_MODEL_MISMATCH`
 */
export function cosines(a: Embeddings, b: Embeddings): Float32Array {
  checkSameModel(a, b);
  const { dimension } = a;
  const result = new Float32Array(a.count * b.count);
  for (let i = 0; i < a.count; i++) {
    for (let j = 0; j < b.count; j++) {
      let sum = 0;
      for (let k = 0; k < dimension; k++) {
        sum += (a.data[i * dimension + k] ?? 0) * (b.data[j * dimension + k] ?? 0);
      }
      // Rounding takes the cosine of a row with itself a little over 1.
      result[i * b.count + j] = Math.max(-1, Math.min(1, sum));
    }
  }
  return result;
}
