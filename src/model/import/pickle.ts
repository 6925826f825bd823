/**
 * A restricted reader of Python pickles: builds dicts, lists, texts, numbers and descriptions of tensors, and nothing else.
 *
 * A pickle is a program; Python's reader runs any function that it names. Here a name is looked up in a short list of what
 * torch.save needs for a state dict, before anything is done with it, and every other name ends the reading (`os.system` as
 * well as a harmless class). No name ever becomes code, dicts are Maps (a key `__proto__` is a key), and stack, memo and
 * numbers are bounded. Opcodes: CPython's Lib/pickletools.py; protocols 0 to 5 as far as torch uses them (it writes 2).
 */
import { MetaclipError } from '../../common/errors.ts';
import {
  type PickleDict,
  PickleGlobal,
  PickleStorage,
  PickleTensor,
  type PickleValue,
} from './pickle-values.ts';

const DICTS = new Set([
  'collections.OrderedDict',
  'builtins.dict',
  '__builtin__.dict',
  'collections.defaultdict',
]);
const TENSORS = new Set(['torch._utils._rebuild_tensor_v2', 'torch._utils._rebuild_tensor']);
const PARAMETER = 'torch._utils._rebuild_parameter';
const SIZE = 'torch.Size';
const STORAGE =
  /^torch\.(?:storage\.)?(?:(?:Double|Float|Half|BFloat16|Long|Int|Short|Char|Byte|Bool)Storage)$/;
/** Element types stand in checkpoints as plain values; they are kept as names and can't be called. */
const ELEMENT_TYPE = /^torch\.(?:float|double|half|bfloat|u?int|long|short|bool)\d*$/;

const MAX_STACK = 1_000_000;
const MARK = Symbol('mark');
type Slot = PickleValue | typeof MARK;

/**
 * @param bytes - the pickle
 * @param where - file and entry, for messages
 * @returns its value; time and memory are linear in the bytes
 * @throws {@link MetaclipError} `E_MODEL_UNSUPPORTED` naming what it would call; `E_MODEL_FORMAT` when it is damaged
 */
export function readPickle(bytes: Buffer, where: string): PickleValue {
  return new PickleMachine(bytes, where).run();
}

class PickleMachine {
  readonly #bytes: Buffer;
  readonly #where: string;
  readonly #stack: Slot[] = [];
  readonly #memo = new Map<number, PickleValue>();
  #at = 0;

  constructor(bytes: Buffer, where: string) {
    this.#bytes = bytes;
    this.#where = where;
  }

  run(): PickleValue {
    for (;;) {
      const opcodeByte = this.#at;
      const opcode = this.#take(1).readUInt8();
      if (opcode === 0x2e) return this.#pop(); // STOP
      if (!this.#step(opcode)) {
        throw this.#damaged(
          `opcode 0x${opcode.toString(16)} at byte ${opcodeByte} is not one of a state dict`,
        );
      }
      if (this.#stack.length > MAX_STACK) throw this.#damaged(`its stack holds over ${MAX_STACK} values`);
    }
  }

  #step(opcode: number): boolean {
    switch (opcode) {
      case 0x80: // PROTO
        this.#take(1);
        return true;
      case 0x95: // FRAME
        this.#take(8);
        return true;
      case 0x28: // MARK
        this.#stack.push(MARK);
        return true;
      case 0x30: // POP
        this.#stack.pop();
        return true;
      case 0x32: // DUP
        this.#stack.push(this.#top());
        return true;
      case 0x31: // POP_MARK
        this.#popToMark();
        return true;
      default:
        return (
          this.#stepConstant(opcode) ||
          this.#stepMemo(opcode) ||
          this.#stepContainer(opcode) ||
          this.#stepCall(opcode)
        );
    }
  }

  #stepConstant(opcode: number): boolean {
    switch (opcode) {
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x4b: // BININT1
        return this.#push(this.#take(1).readUInt8());
      case 0x4d: // BININT2
        return this.#push(this.#take(2).readUInt16LE());
      case 0x4a: // BININT
        return this.#push(this.#take(4).readInt32LE());
      case 0x8a: // LONG1
        return this.#push(this.#long(this.#take(1).readUInt8()));
      case 0x47: // BINFLOAT
        return this.#push(this.#take(8).readDoubleBE());
      case 0x58: // BINUNICODE
        return this.#push(this.#text(this.#take(4).readUInt32LE()));
      case 0x8c: // SHORT_BINUNICODE
        return this.#push(this.#text(this.#take(1).readUInt8()));
      case 0x55: // SHORT_BINSTRING
        return this.#push(this.#take(this.#take(1).readUInt8()).toString('latin1'));
      case 0x54: // BINSTRING
        return this.#push(this.#take(this.#take(4).readUInt32LE()).toString('latin1'));
      default:
        return false;
    }
  }

  #stepMemo(opcode: number): boolean {
    switch (opcode) {
      case 0x71: // BINPUT
        return this.#remember(this.#take(1).readUInt8());
      case 0x72: // LONG_BINPUT
        return this.#remember(this.#take(4).readUInt32LE());
      case 0x94: // MEMOIZE
        return this.#remember(this.#memo.size);
      case 0x68: // BINGET
        return this.#recall(this.#take(1).readUInt8());
      case 0x6a: // LONG_BINGET
        return this.#recall(this.#take(4).readUInt32LE());
      default:
        return false;
    }
  }

  #stepContainer(opcode: number): boolean {
    switch (opcode) {
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([]);
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popMany(opcode - 0x84));
      case 0x74: // TUPLE
      case 0x6c: // LIST
        return this.#push(this.#popToMark());
      case 0x64: // DICT
        return this.#fill(new Map(), this.#popToMark(), true);
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popToMark());
      case 0x61: // APPEND
        return this.#append(this.#popMany(1));
      case 0x65: // APPENDS
        return this.#append(this.#popToMark());
      default:
        return false;
    }
  }

  #stepCall(opcode: number): boolean {
    switch (opcode) {
      case 0x63: // GLOBAL
        return this.#push(this.#global(this.#line(), this.#line()));
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw this.#damaged('a name is no text');
        return this.#push(this.#global(module, name));
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const [callee, args] = this.#popMany(2);
        return this.#push(this.#call(callee, args));
      }
      case 0x62: {
        // BUILD: the state of an OrderedDict (torch keeps versions of modules there) is left out.
        this.#pop();
        if (!(this.#top() instanceof Map)) throw this.#damaged('state is given to something that has none');
        return true;
      }
      case 0x51: // BINPERSID
        return this.#push(this.#storage(this.#pop()));
      default:
        return false;
    }
  }

  /** The list of what is allowed; nothing else gets past here. */
  #global(module: string, name: string): PickleGlobal {
    const full = `${module}.${name}`;
    if (
      DICTS.has(full) ||
      TENSORS.has(full) ||
      full === PARAMETER ||
      full === SIZE ||
      STORAGE.test(full) ||
      ELEMENT_TYPE.test(full)
    ) {
      return new PickleGlobal(full);
    }
    const shown = JSON.stringify(full.length > 100 ? `${full.slice(0, 100)}...` : full);
    throw new MetaclipError(
      'E_MODEL_UNSUPPORTED',
      `${this.#where}: names ${shown}, which is not needed for tensors; nothing of it was run`,
      {
        hint: module.startsWith('__torch__')
          ? 'a TorchScript archive: load it in PyTorch and torch.save(model.state_dict()), or take a safetensors file'
          : 'take a safetensors file of the model; if you trust this one, load it in PyTorch and save only its state dict',
        details: { name: full.slice(0, 200) },
      },
    );
  }

  #call(callee: PickleValue | undefined, args: PickleValue | undefined): PickleValue {
    if (!(callee instanceof PickleGlobal) || !isList(args))
      throw this.#damaged('something that is no function is called');
    if (DICTS.has(callee.name)) return this.#newDict(args);
    if (TENSORS.has(callee.name)) return this.#tensor(args);
    const [first] = args;
    if (callee.name === PARAMETER && first instanceof PickleTensor) return first;
    if (callee.name === SIZE && isList(first)) return first;
    throw this.#damaged(`${callee.name} is called with arguments that it does not take`);
  }

  #newDict(args: readonly PickleValue[]): PickleDict {
    const dict: PickleDict = new Map();
    const [pairs] = args;
    if (isList(pairs)) {
      for (const pair of pairs) {
        if (!isList(pair) || pair.length !== 2)
          throw this.#damaged('a dict is made of something else than pairs');
        dict.set(pair[0] ?? null, pair[1] ?? null);
      }
    }
    return dict;
  }

  #tensor(args: readonly PickleValue[]): PickleTensor {
    const [storage, offset, shape, stride] = args;
    const sizes = isList(shape) ? shape.filter(isSize) : [];
    const strides = isList(stride) ? stride.filter(isSize) : [];
    if (
      !(storage instanceof PickleStorage) ||
      !isSize(offset) ||
      !isList(shape) ||
      !isList(stride) ||
      sizes.length !== shape.length ||
      strides.length !== shape.length ||
      stride.length !== shape.length ||
      sizes.length > 8
    ) {
      throw this.#damaged('a tensor is described by values that cannot be right');
    }
    return new PickleTensor(storage, offset, sizes, strides);
  }

  /** `('storage', torch.FloatStorage, '0', 'cpu', 123)` */
  #storage(id: PickleValue): PickleStorage {
    const [kind, type, key, , count] = isList(id) ? id : [];
    if (kind !== 'storage' || !(type instanceof PickleGlobal) || typeof key !== 'string' || !isSize(count)) {
      throw this.#damaged('it refers to something that is no storage');
    }
    return new PickleStorage(type.name.split('.').at(-1) ?? '', key, count);
  }

  #fill(dict: PickleDict, items: readonly PickleValue[], push = false): boolean {
    if (items.length % 2 !== 0) throw this.#damaged('a key of a dict has no value');
    for (let i = 0; i < items.length; i += 2) dict.set(items[i] ?? null, items[i + 1] ?? null);
    return push ? this.#push(dict) : true;
  }

  #setItems(items: readonly PickleValue[]): boolean {
    const dict = this.#top();
    if (!(dict instanceof Map)) throw this.#damaged('items are put into something that is no dict');
    return this.#fill(dict, items);
  }

  #append(items: readonly PickleValue[]): boolean {
    const list = this.#top();
    if (!isGrowing(list)) throw this.#damaged('values are put into something that is no list');
    for (const item of items) list.push(item);
    return true;
  }

  #push(value: PickleValue): true {
    this.#stack.push(value);
    return true;
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined || value === MARK) throw this.#damaged('it takes a value from an empty stack');
    return value;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined || value === MARK) throw this.#damaged('it looks at an empty stack');
    return value;
  }

  #popMany(count: number): PickleValue[] {
    const values: PickleValue[] = [];
    for (let i = 0; i < count; i++) values.push(this.#pop());
    return values.reverse();
  }

  #popToMark(): PickleValue[] {
    const values: PickleValue[] = [];
    for (;;) {
      const value = this.#stack.pop();
      if (value === undefined) throw this.#damaged('a mark is missing');
      if (value === MARK) return values.reverse();
      values.push(value);
    }
  }

  #remember(index: number): true {
    this.#memo.set(index, this.#top());
    return true;
  }

  #recall(index: number): true {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#damaged(`it recalls value ${index}, which was not kept`);
    return this.#push(value);
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length)
      throw this.#damaged(`it ends at byte ${this.#bytes.length}, in the middle of a value`);
    const part = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return part;
  }

  #text(byteLength: number): string {
    return this.#take(byteLength).toString('utf8');
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw this.#damaged('a name has no end');
    const text = this.#take(end - this.#at).toString('latin1');
    this.#at++;
    return text;
  }

  #long(byteLength: number): number {
    if (byteLength === 0) return 0;
    const bytes = this.#take(byteLength);
    let value = BigInt.asIntN(8, BigInt(bytes[byteLength - 1] ?? 0));
    for (let i = byteLength - 2; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    // Random seeds and the like are longer than any size; as a number they are only looked at, never counted with.
    return Number(value);
  }

  #damaged(message: string): MetaclipError {
    return new MetaclipError('E_MODEL_FORMAT', `${this.#where}: a damaged pickle, ${message}`, {
      hint: 'download the file again, or take a safetensors file of the model',
      details: { where: this.#where, byte: this.#at },
    });
  }
}

function isList(value: PickleValue | undefined): value is readonly PickleValue[] {
  return Array.isArray(value);
}

function isGrowing(value: PickleValue): value is PickleValue[] {
  return Array.isArray(value);
}

function isSize(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
