/** What tells one model's weights from another's without reading gigabytes; see the head of model-folder.ts. */
import { createHash } from 'node:crypto';
import { type ClipTensors, listTensors } from './clip-tensors.ts';
import { checkFinite, toFloat32 } from './floating.ts';
import { BYTES_OF, type RangeReader, type StoredTensor } from './tensors.ts';

/** Of the head, the middle and the tail of a tensor; a multiple of every element size. */
const SAMPLE_BYTES = 4096;

/**
 * Reads at most 12 KiB of every tensor, and looks for values that are not finite in what it reads.
 *
 * @param tensors - the model's
 * @param reader - reads the checkpoint
 * @returns sha256 over names, types, shapes and samples of all tensors
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming a tensor that is cut off or not finite
 */
export async function sampleTensors(tensors: ClipTensors, reader: RangeReader): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, tensor] of listTensors(tensors)) {
    hash.update(`${name} ${tensor.dtype} ${tensor.shape.join('x')}\n`);
    for (const [startByte, byteLength] of samplesOf(tensor)) {
      const bytes = await reader.read(tensor.file, startByte, byteLength);
      checkFinite(toFloat32(bytes, tensor.dtype), tensor);
      hash.update(bytes);
    }
  }
  return hash.digest('hex');
}

function samplesOf({ startByte, byteLength, dtype }: StoredTensor): (readonly [number, number])[] {
  if (byteLength <= 3 * SAMPLE_BYTES) return [[startByte, byteLength]];
  const width = BYTES_OF[dtype];
  const middle = Math.floor((byteLength - SAMPLE_BYTES) / 2 / width) * width;
  return [
    [startByte, SAMPLE_BYTES],
    [startByte + middle, SAMPLE_BYTES],
    [startByte + byteLength - SAMPLE_BYTES, SAMPLE_BYTES],
  ];
}
