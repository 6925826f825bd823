/** What the restricted reader of pickles builds: see pickle.ts. */

/** What a pickle may hold. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | readonly PickleValue[]
  | PickleDict
  | PickleGlobal
  | PickleStorage
  | PickleTensor;
/** A dict or an OrderedDict. */
export type PickleDict = Map<PickleValue, PickleValue>;

/** A name of the list below. */
export class PickleGlobal {
  readonly name: string;
  /** @param name - module and name, with a dot */
  constructor(name: string) {
    this.name = name;
  }
}

/** Bytes that a tensor is made of: an entry of the archive. */
export class PickleStorage {
  readonly type: string;
  readonly key: string;
  readonly count: number;
  /**
   * @param type - class of the storage, e.g. `FloatStorage`
   * @param key - name of the entry
   * @param count - number of values
   */
  constructor(type: string, key: string, count: number) {
    this.type = type;
    this.key = key;
    this.count = count;
  }
}

/** A view of a storage. */
export class PickleTensor {
  readonly storage: PickleStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
  /**
   * @param storage - the bytes
   * @param offset - first value
   * @param shape - sizes
   * @param stride - values from one index to the next, for each dimension
   */
  constructor(storage: PickleStorage, offset: number, shape: readonly number[], stride: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.stride = stride;
  }
}
