/** Opens a checkpoint in any of its forms: one file, or an index of several. */
import { basename, dirname, join } from 'node:path';
import { MetaclipError } from '../../common/errors.ts';
import { JsonFields } from '../json-fields.ts';
import { readSafetensors } from './safetensors.ts';
import type { Checkpoint, RangeReader, StoredTensor } from './tensors.ts';
import { readTorchFile } from './torch-file.ts';

/** An index is some 100 kB. */
const MAX_INDEX_BYTES = 64 << 20;

/**
 * @param path - .safetensors, torch.save archive, or the .index.json of several
 * @param reader - reads them
 * @returns all tensors; memory: their descriptions
 * @throws {@link MetaclipError} `E_MODEL_FORMAT`, `E_MODEL_UNSUPPORTED`, `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`
 */
export async function openCheckpoint(path: string, reader: RangeReader): Promise<Checkpoint> {
  if (path.endsWith('.index.json')) return openParts(path, reader);
  return (await isZip(path, reader)) || !path.endsWith('.safetensors')
    ? readTorchFile(path, reader)
    : readSafetensors(path, reader);
}

/** A safetensors file begins with the length of its header, which is never that of a zip's mark. */
async function isZip(path: string, reader: RangeReader): Promise<boolean> {
  return (
    (await reader.sizeOf(path)) >= 4 && (await reader.read(path, 0, 4)).toString('latin1') === 'PK\x03\x04'
  );
}

async function openParts(path: string, reader: RangeReader): Promise<Checkpoint> {
  const size = await reader.sizeOf(path);
  if (size > MAX_INDEX_BYTES) throw wrong(path, `${size} bytes; the limit of an index is ${MAX_INDEX_BYTES}`);
  const text = (await reader.read(path, 0, size)).toString('utf8');
  const hint = 'download the index again';
  const map = JsonFields.parse(text, path, 'E_MODEL_FORMAT', hint).object('weight_map');
  const tensors = new Map<string, StoredTensor>();
  const parts = new Map<string, Checkpoint>();
  for (const name of map.names) {
    const file = map.text(name);
    if (file !== basename(file) || file === '..' || file.includes('\\')) {
      throw map.wrong(name, 'the name of a file beside the index');
    }
    const part = parts.get(file) ?? (await openCheckpoint(join(dirname(path), file), reader));
    parts.set(file, part);
    const tensor = part.tensors.get(name);
    if (tensor === undefined) throw wrong(path, `tensor ${name} is not in ${file}, where the index has it`);
    tensors.set(name, tensor);
  }
  return { path, tensors };
}

function wrong(path: string, message: string): MetaclipError {
  return new MetaclipError('E_MODEL_FORMAT', `${path}: ${message}`, {
    hint: 'download the index and its parts again',
    details: { path },
  });
}
