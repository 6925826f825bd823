/** Reads where the tensors of a `torch.save` archive (.pt, .pth, .bin; PyTorch 1.6 and later) lie. */
import { MetaclipError } from '../../common/errors.ts';
import { readPickle } from './pickle.ts';
import { type PickleDict, PickleTensor, type PickleValue } from './pickle-values.ts';
import {
  BYTES_OF,
  type Checkpoint,
  countOf,
  type RangeReader,
  type StoredDtype,
  type StoredTensor,
} from './tensors.ts';
import { ZipDirectory } from './zip-directory.ts';

const DTYPE_OF_STORAGE: Readonly<Record<string, StoredDtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};
/** Where training programs put the state dict beside the optimizer's. */
const STATE_DICT_KEYS = ['state_dict', 'model', 'model_state_dict'];
/** What wrappers put in front of every name. */
const WRAPPERS = /^(?:(?:_orig_mod|module)\.)+/;
/** Of the description of the tensors; a state dict has some 100 kB, with an optimizer 1 MB. */
const MAX_PICKLE_BYTES = 64 << 20;
const HINT = 'the file is damaged: download it again';

/**
 * @param path - file
 * @param reader - reads it
 * @returns its tensors; memory: the description of the tensors, at most 64 MiB
 * @throws {@link MetaclipError} `E_MODEL_FORMAT` when it is damaged, naming the tensor; `E_MODEL_UNSUPPORTED` when it asks for more
 *   than tensors, or is big-endian
 */
export async function readTorchFile(path: string, reader: RangeReader): Promise<Checkpoint> {
  const zip = await ZipDirectory.open(path, reader);
  const pickles = zip.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  const [name] = pickles;
  if (name === undefined || pickles.length !== 1) {
    throw wrong(path, `no torch.save archive: ${pickles.length} entries are called data.pkl`);
  }
  const root = name.slice(0, -'data.pkl'.length);
  await checkByteOrder(path, reader, zip, `${root}byteorder`);
  const entry = await zip.find(name);
  if (entry === undefined || entry.byteLength > MAX_PICKLE_BYTES) {
    throw wrong(path, `${name} has ${entry?.byteLength ?? 0} bytes; the limit is ${MAX_PICKLE_BYTES}`);
  }
  const bytes = await reader.read(path, entry.startByte, entry.byteLength);
  const tensors = new Map<string, StoredTensor>();
  for (const [key, value] of stateDictOf(readPickle(bytes, `${path}: ${name}`), path)) {
    if (typeof key !== 'string' || !(value instanceof PickleTensor)) continue;
    const plain = key.replace(WRAPPERS, '');
    if (tensors.has(plain)) throw wrong(path, `two tensors are called ${plain}`);
    tensors.set(plain, await locate(path, plain, value, zip, root));
  }
  return { path, tensors };
}

async function checkByteOrder(
  path: string,
  reader: RangeReader,
  zip: ZipDirectory,
  name: string,
): Promise<void> {
  const entry = await zip.find(name);
  if (entry === undefined) return; // PyTorch before 2.1 does not say; such files are little-endian in practice
  const order = (await reader.read(path, entry.startByte, Math.min(entry.byteLength, 16))).toString('latin1');
  if (order === 'little') return;
  throw new MetaclipError(
    'E_MODEL_UNSUPPORTED',
    `${path}: byte order is ${JSON.stringify(order)}, not "little"`,
    {
      hint: 'save it again on a little-endian machine',
      details: { path },
    },
  );
}

function stateDictOf(value: PickleValue, path: string): PickleDict {
  if (!(value instanceof Map)) throw wrong(path, 'holds no state dict');
  for (const key of STATE_DICT_KEYS) {
    const inner = value.get(key);
    if (inner instanceof Map) return inner;
  }
  return value;
}

async function locate(
  path: string,
  name: string,
  tensor: PickleTensor,
  zip: ZipDirectory,
  root: string,
): Promise<StoredTensor> {
  const { storage, shape } = tensor;
  const dtype = Object.hasOwn(DTYPE_OF_STORAGE, storage.type) ? DTYPE_OF_STORAGE[storage.type] : undefined;
  if (dtype === undefined) throw wrong(path, `tensor ${name} has a storage of type ${storage.type}`);
  checkContiguous(path, name, tensor);
  const entry = await zip.find(`${root}data/${storage.key}`);
  if (entry === undefined) throw wrong(path, `the bytes of tensor ${name} are missing (data/${storage.key})`);
  const width = BYTES_OF[dtype];
  const count = countOf(shape);
  if ((tensor.offset + count) * width > entry.byteLength) {
    throw wrong(
      path,
      `tensor ${name} of shape [${shape.join(', ')}] needs ${(tensor.offset + count) * width} bytes, its storage has ${entry.byteLength}`,
    );
  }
  const startByte = entry.startByte + tensor.offset * width;
  return { name, dtype, shape, file: path, startByte, byteLength: count * width };
}

function checkContiguous(path: string, name: string, { shape, stride }: PickleTensor): void {
  let expected = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i] ?? 1;
    if (size !== 1 && stride[i] !== expected) {
      throw new MetaclipError('E_MODEL_UNSUPPORTED', `${path}: tensor ${name} is not contiguous`, {
        hint: 'save it again with every tensor made .contiguous(), or as safetensors',
        details: { path, tensor: name },
      });
    }
    expected *= size;
  }
}

function wrong(path: string, message: string): MetaclipError {
  return new MetaclipError('E_MODEL_FORMAT', `${path}: ${message}`, { hint: HINT, details: { path } });
}
