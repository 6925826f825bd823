/** Writes checkpoints as the published libraries do, byte for byte by their formats' descriptions. */
import { closeSync, openSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { crc32 } from './crc32.ts';
import { toFloat16Array } from '../../src/model/encode/float16.ts';
import type { MadeTensor, MadeTensors } from './clip-weights.ts';

/** Types that a test writes. */
export type WrittenDtype = 'F32' | 'F16' | 'BF16' | 'F64';

/** Values in another type, little-endian. */
export function bytesOf({ values }: MadeTensor, dtype: WrittenDtype = 'F32'): Buffer {
  const array =
    dtype === 'F16'
      ? toFloat16Array(values)
      : dtype === 'F64'
        ? Float64Array.from(values)
        : dtype === 'BF16'
          ? Uint16Array.from(new Uint32Array(values.slice().buffer), (bits) => bits >>> 16)
          : values;
  return Buffer.from(array.buffer, array.byteOffset, array.byteLength);
}

/** A safetensors file; `pad` spaces are put behind the header, as its writers do to align the data. */
export function writeSafetensors(
  path: string,
  tensors: MadeTensors,
  dtype: WrittenDtype = 'F32',
  pad = 0,
): void {
  const header: Record<string, object> = { __metadata__: { format: 'pt' } };
  let end = 0;
  for (const [name, tensor] of tensors) {
    const start = end;
    end += bytesOf({ ...tensor, values: tensor.values }, dtype).length;
    header[name] = { dtype, shape: tensor.shape, data_offsets: [start, end] };
  }
  writeSafetensorsParts(
    path,
    JSON.stringify(header) + ' '.repeat(pad),
    [...tensors.values()].map((tensor) => () => bytesOf(tensor, dtype)),
  );
}

/** A safetensors file from a header as it stands, for files that no writer makes. */
export function writeSafetensorsParts(path: string, header: string, parts: readonly (() => Buffer)[]): void {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  const file = openSync(path, 'w');
  try {
    writeSync(file, Buffer.concat([length, Buffer.from(header)]));
    for (const part of parts) writeSync(file, part());
  } finally {
    closeSync(file);
  }
}

/** A safetensors file of zeros that takes no room on the disk: shapes as given, values never written. */
export function writeSparseSafetensors(path: string, tensors: MadeTensors): void {
  const header: Record<string, object> = {};
  let end = 0;
  for (const [name, { shape }] of tensors) {
    const start = end;
    end += 4 * shape.reduce((product, size) => product * size, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [start, end] };
  }
  const text = JSON.stringify(header);
  writeSafetensorsParts(path, text, []);
  truncateSync(path, 8 + Buffer.byteLength(text) + end);
}

/** `model.safetensors.index.json` and its parts. */
export function writeSharded(folder: string, tensors: MadeTensors, partCount: number): void {
  const names = [...tensors.keys()];
  const map: Record<string, string> = {};
  for (let part = 0; part < partCount; part++) {
    const file = `model-0000${part + 1}-of-0000${partCount}.safetensors`;
    const own = names.filter((_, index) => index % partCount === part);
    for (const name of own) map[name] = file;
    writeSafetensors(join(folder, file), new Map(own.map((name) => [name, tensors.get(name)!])));
  }
  writeFileSync(
    join(folder, 'model.safetensors.index.json'),
    JSON.stringify({ metadata: { total_size: 0 }, weight_map: map }),
  );
}

/** Pieces of a pickle of protocol 2, as torch.save writes it. */
export const PICKLE = {
  start: Buffer.from([0x80, 2]),
  stop: Buffer.from('.'),
  mark: Buffer.from('('),
  text: (text: string): Buffer => {
    const bytes = Buffer.from(text);
    const head = Buffer.alloc(5);
    head.write('X');
    head.writeUInt32LE(bytes.length, 1);
    return Buffer.concat([head, bytes]);
  },
  number: (value: number): Buffer => {
    const bytes = Buffer.alloc(5);
    bytes.write('J');
    bytes.writeInt32LE(value, 1);
    return bytes;
  },
  global: (module: string, name: string): Buffer => Buffer.from(`c${module}\n${name}\n`),
  tuple: (...items: readonly Buffer[]): Buffer =>
    Buffer.concat([Buffer.from('('), ...items, Buffer.from('t')]),
  reduce: (callee: Buffer, args: Buffer): Buffer => Buffer.concat([callee, args, Buffer.from('R')]),
  dict: (items: readonly (readonly [Buffer, Buffer])[]): Buffer =>
    Buffer.concat([Buffer.from('}('), ...items.flat(), Buffer.from('u')]),
};

/** The pickle of one tensor: a view of storage `key`. */
export function pickleTensor(
  key: string,
  shape: readonly number[],
  storage = 'FloatStorage',
  offset = 0,
  stride: readonly number[] = stridesOf(shape),
): Buffer {
  const count = shape.reduce((product, size) => product * size, 1);
  const id = PICKLE.tuple(
    PICKLE.text('storage'),
    PICKLE.global('torch', storage),
    PICKLE.text(key),
    PICKLE.text('cpu'),
    PICKLE.number(count),
  );
  const numbers = (values: readonly number[]): Buffer => PICKLE.tuple(...values.map(PICKLE.number));
  return PICKLE.reduce(
    PICKLE.global('torch._utils', '_rebuild_tensor_v2'),
    PICKLE.tuple(
      Buffer.concat([id, Buffer.from('Q')]),
      PICKLE.number(offset),
      numbers(shape),
      numbers(stride),
      Buffer.from([0x89]),
      PICKLE.reduce(PICKLE.global('collections', 'OrderedDict'), Buffer.from(')')),
    ),
  );
}

/** A state dict as a torch.save archive: an OrderedDict in a training checkpoint, names under `module.`, with epoch and name. */
export function writeTorchFile(path: string, tensors: MadeTensors): void {
  const names = [...tensors.keys()];
  const stateDict = Buffer.concat([
    PICKLE.reduce(PICKLE.global('collections', 'OrderedDict'), Buffer.from(')')),
    PICKLE.mark,
    ...names.flatMap((name, index) => [
      PICKLE.text(`module.${name}`),
      pickleTensor(String(index), tensors.get(name)!.shape),
    ]),
    Buffer.from('u'),
    // State of the OrderedDict: versions of the modules.
    PICKLE.dict([[PICKLE.text('_metadata'), PICKLE.dict([])]]),
    Buffer.from('b'),
  ]);
  const pickle = PICKLE.dict([
    [PICKLE.text('epoch'), PICKLE.number(3)],
    [PICKLE.text('name'), PICKLE.text('a run')],
    [PICKLE.text('state_dict'), stateDict],
  ]);
  writeZip(path, [
    ['archive/data.pkl', Buffer.concat([PICKLE.start, pickle, PICKLE.stop])],
    ['archive/byteorder', Buffer.from('little')],
    ...names.map((name, index): [string, Buffer] => [`archive/data/${index}`, bytesOf(tensors.get(name)!)]),
    ['archive/version', Buffer.from('3\n')],
  ]);
}

/** Fields of a zip entry that a hostile file has wrong. */
export interface ZipFaults {
  readonly method?: number;
  readonly statedBytes?: number;
}

/** A zip file with stored entries, their data at multiples of 64 as torch.save has it. */
export function writeZip(
  path: string,
  entries: readonly (readonly [name: string, bytes: Buffer, faults?: ZipFaults])[],
): void {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, bytes, { method = 0, statedBytes = bytes.length } = {}] of entries) {
    const nameBytes = Buffer.from(name);
    const padding = (64 - ((at + 30 + nameBytes.length) % 64)) % 64;
    const extra = padding === 0 ? 0 : padding < 4 ? padding + 64 : padding;
    const head = Buffer.alloc(30 + nameBytes.length + extra);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(method, 8);
    head.writeUInt32LE(crc32(bytes), 14);
    head.writeUInt32LE(statedBytes, 18);
    head.writeUInt32LE(statedBytes, 22);
    head.writeUInt16LE(nameBytes.length, 26);
    head.writeUInt16LE(extra, 28);
    nameBytes.copy(head, 30);
    if (extra > 0) {
      head.write('FB', 30 + nameBytes.length, 'latin1');
      head.writeUInt16LE(extra - 4, 32 + nameBytes.length);
    }
    const row = Buffer.alloc(46 + nameBytes.length);
    row.writeUInt32LE(0x02014b50, 0);
    row.writeUInt16LE(method, 10);
    row.writeUInt32LE(crc32(bytes), 16);
    row.writeUInt32LE(statedBytes, 20);
    row.writeUInt32LE(statedBytes, 24);
    row.writeUInt16LE(nameBytes.length, 28);
    row.writeUInt32LE(at, 42);
    nameBytes.copy(row, 46);
    directory.push(row);
    parts.push(head, bytes);
    at += head.length + bytes.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(
    directory.reduce((sum, row) => sum + row.length, 0),
    12,
  );
  end.writeUInt32LE(at, 16);
  writeFileSync(path, Buffer.concat([...parts, ...directory, end]));
}

function stridesOf(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(step);
    step *= size;
  }
  return strides;
}
