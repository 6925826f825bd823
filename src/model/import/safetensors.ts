/**
 * Reads the header of a safetensors file (https://huggingface.co/docs/safetensors): 8 bytes with the length of a JSON object,
 * the object, then the tensors' bytes. Tensors neither overlap nor leave gaps; a file that breaks this is refused, since
 * something other than a writer of safetensors made it.
 */
import { MetaclipError } from '../../common/errors.ts';
import { JsonFields } from '../json-fields.ts';
import {
  BYTES_OF,
  type Checkpoint,
  countOf,
  type RangeReader,
  type StoredDtype,
  type StoredTensor,
} from './tensors.ts';

/** The format's own limit; a header of the largest CLIP has 150 kB. */
const MAX_HEADER_BYTES = 100_000_000;
const HINT = 'the file is damaged: download it again';

/**
 * @param path - file
 * @param reader - reads it
 * @returns its tensors; memory: the header
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` naming the tensor that is wrong; `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function readSafetensors(path: string, reader: RangeReader): Promise<Checkpoint> {
  const sizeBytes = await reader.sizeOf(path);
  if (sizeBytes < 10) throw wrong(path, `${sizeBytes} bytes, too short for a safetensors file`);
  const length = (await reader.read(path, 0, 8)).readBigUInt64LE();
  if (length > MAX_HEADER_BYTES) {
    throw wrong(path, `states a header of ${length} bytes; the limit is ${MAX_HEADER_BYTES}`);
  }
  const headerBytes = Number(length);
  const dataStart = 8 + headerBytes;
  if (dataStart > sizeBytes) {
    throw wrong(path, `states a header of ${headerBytes} bytes, but the file has only ${sizeBytes}`);
  }
  const text = (await reader.read(path, 8, headerBytes)).toString('utf8');
  const header = JsonFields.parse(text, `${path}: header`, 'E_MODEL_FORMAT', HINT);
  const tensors = header.names
    .filter((name) => name !== '__metadata__')
    .map((name) => tensorOf(name, header.object(name), path, dataStart, sizeBytes));
  checkLayout(path, tensors, dataStart, sizeBytes);
  return { path, tensors: new Map(tensors.map((tensor) => [tensor.name, tensor])) };
}

function tensorOf(
  name: string,
  fields: JsonFields,
  path: string,
  dataStart: number,
  sizeBytes: number,
): StoredTensor {
  const shape = integersOf(fields, 'shape');
  const [start, end] = integersOf(fields, 'data_offsets');
  const dtype = dtypeOf(fields);
  if (start === undefined || end === undefined || end < start) {
    throw fields.wrong('data_offsets', 'two ascending whole numbers');
  }
  if (dataStart + end > sizeBytes) {
    throw wrong(path, `tensor ${name} ends at byte ${dataStart + end}, but the file has only ${sizeBytes}`);
  }
  const needed = countOf(shape) * BYTES_OF[dtype];
  if (needed !== end - start) {
    throw wrong(
      path,
      `tensor ${name} has ${end - start} bytes, its shape [${shape.join(', ')}] needs ${needed}`,
    );
  }
  return { name, dtype, shape, file: path, startByte: dataStart + start, byteLength: end - start };
}

function dtypeOf(fields: JsonFields): StoredDtype {
  const known = Object.keys(BYTES_OF).filter((name): name is StoredDtype => Object.hasOwn(BYTES_OF, name));
  return fields.choice('dtype', known);
}

function integersOf(fields: JsonFields, name: string): number[] {
  const value: unknown = fields.raw(name);
  const numbers = Array.isArray(value)
    ? value.filter((one): one is number => Number.isSafeInteger(one) && Number(one) >= 0)
    : [];
  if (!Array.isArray(value) || numbers.length !== value.length || numbers.length > 8) {
    throw fields.wrong(name, 'a list of at most 8 whole numbers');
  }
  return numbers;
}

/** Every byte after the header belongs to one tensor. */
function checkLayout(
  path: string,
  tensors: readonly StoredTensor[],
  dataStart: number,
  sizeBytes: number,
): void {
  let end = dataStart;
  for (const tensor of tensors.toSorted((a, b) => a.startByte - b.startByte || a.byteLength - b.byteLength)) {
    if (tensor.startByte !== end) {
      const what =
        tensor.startByte < end ? 'overlaps the tensor in front of it' : 'leaves a gap in front of it';
      throw wrong(path, `tensor ${tensor.name} ${what}: it begins at byte ${tensor.startByte}, not ${end}`);
    }
    end += tensor.byteLength;
  }
  if (end !== sizeBytes) throw wrong(path, `${sizeBytes - end} bytes after the last tensor`);
}

function wrong(path: string, message: string): MetaclipError {
  return new MetaclipError('E_MODEL_FORMAT', `${path}: ${message}`, { hint: HINT, details: { path } });
}
