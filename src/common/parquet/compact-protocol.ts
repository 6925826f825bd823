/**
 * Thrift's compact protocol, as far as the headers and the footer of Parquet files need it.
 * Source: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
 *
 * Numbers are doubles: 64-bit fields hold whole numbers between -2^52 and 2^52, which become odd and even ones below 2^53.
 */

/** Types of elements and fields. */
export const THRIFT = Object.freeze({ i32: 5, i64: 6, binary: 8, list: 9, struct: 12 });

/** Where booleans keep their value: in the type. */
const BOOLEANS: Readonly<Record<number, number>> = { 1: 1, 2: 0 };
/** Numbers of one byte, and floating ones of eight; the files read here have none. */
const FIXED_BYTES: Readonly<Record<number, number>> = { 3: 1, 7: 8 };
const VARINT_TYPES = new Set<number>([4, THRIFT.i32, THRIFT.i64]);

/** Writes one struct, its fields in ascending order. */
export class CompactWriter {
  #bytes: number[] = [];
  #lastIds: number[] = [0];

  /** @returns what was written, with the end of the struct */
  finish(): Uint8Array {
    return Uint8Array.from([...this.#bytes, 0]);
  }

  /**
   * @param id - of the field
   * @param value - whole number
   */
  i32(id: number, value: number): void {
    this.#head(id, THRIFT.i32);
    this.#signed(value);
  }

  /**
   * @param id - of the field
   * @param value - whole number between -2^52 and 2^52
   */
  i64(id: number, value: number): void {
    this.#head(id, THRIFT.i64);
    this.#signed(value);
  }

  /**
   * @param id - of the field
   * @param text - written as UTF-8
   */
  text(id: number, text: string): void {
    this.#head(id, THRIFT.binary);
    this.textElement(text);
  }

  /**
   * @param id - of the field
   * @param write - writes the fields of the struct in it
   */
  struct(id: number, write: () => void): void {
    this.#head(id, THRIFT.struct);
    this.structElement(write);
  }

  /**
   * @param id - of the field
   * @param type - of the elements
   * @param elements - what each is written from
   * @param write - writes one element, by one of the functions below
   */
  list<T>(id: number, type: number, elements: readonly T[], write: (element: T) => void): void {
    this.#head(id, THRIFT.list);
    if (elements.length < 15) {
      this.#bytes.push((elements.length << 4) | type);
    } else {
      this.#bytes.push(0xf0 | type);
      this.#varint(elements.length);
    }
    elements.forEach(write);
  }

  /** @param value - element of a list of numbers */
  numberElement(value: number): void {
    this.#signed(value);
  }

  /** @param text - element of a list of strings */
  textElement(text: string): void {
    const bytes = Buffer.from(text);
    this.#varint(bytes.length);
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** @param write - writes the fields of an element of a list of structs */
  structElement(write: () => void): void {
    this.#lastIds.push(0);
    write();
    this.#lastIds.pop();
    this.#bytes.push(0);
  }

  #head(id: number, type: number): void {
    const last = this.#lastIds.length - 1;
    const step = id - (this.#lastIds[last] ?? 0);
    this.#lastIds[last] = id;
    this.#bytes.push((step << 4) | type);
  }

  #signed(value: number): void {
    this.#varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  #varint(value: number): void {
    let rest = value;
    for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) this.#bytes.push((rest % 0x80) | 0x80);
    this.#bytes.push(rest);
  }
}

/** A field of a struct as read; binary fields are bytes of the input. */
export type ThriftValue = number | Uint8Array | readonly ThriftValue[] | ThriftStruct;

/** Fields by id; those that are missing read as 0, empty, or none. */
export class ThriftStruct {
  readonly #fields: ReadonlyMap<number, ThriftValue>;

  /** @param fields - by id */
  constructor(fields: ReadonlyMap<number, ThriftValue>) {
    this.#fields = fields;
  }

  /**
   * @param id - of a numeric field
   * @returns its value
   */
  number(id: number): number {
    const value = this.#fields.get(id);
    return typeof value === 'number' ? value : 0;
  }

  /**
   * @param id - of a string
   * @returns its value
   */
  text(id: number): string {
    const value = this.#fields.get(id);
    return value instanceof Uint8Array ? Buffer.from(value).toString() : '';
  }

  /**
   * @param id - of a struct
   * @returns it; empty where it is missing
   */
  struct(id: number): ThriftStruct {
    const value = this.#fields.get(id);
    return value instanceof ThriftStruct ? value : new ThriftStruct(new Map());
  }

  /**
   * @param id - of a list of structs
   * @returns its elements
   */
  structs(id: number): ThriftStruct[] {
    const value = this.#fields.get(id);
    return Array.isArray(value) ? value.filter((element) => element instanceof ThriftStruct) : [];
  }
}

/**
 * Reads one struct.
 *
 * @param bytes - holds it
 * @param start - where it starts
 * @returns the struct, and where it ends
 * @throws RangeError where the bytes end too early or hold a type that no Parquet file has here
 */
export function readStruct(bytes: Uint8Array, start: number): { struct: ThriftStruct; end: number } {
  const reader = new CompactReader(bytes, start);
  const struct = reader.readStruct();
  return { struct, end: reader.position };
}

class CompactReader {
  position: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, start: number) {
    this.#bytes = bytes;
    this.position = start;
  }

  readStruct(): ThriftStruct {
    const fields = new Map<number, ThriftValue>();
    let id = 0;
    for (;;) {
      const head = this.#byte();
      if (head === 0) return new ThriftStruct(fields);
      const step = head >> 4;
      id = step === 0 ? this.#signed() : id + step;
      const type = head & 15;
      fields.set(id, BOOLEANS[type] ?? this.#value(type));
    }
  }

  #value(type: number): ThriftValue {
    if (VARINT_TYPES.has(type)) return this.#signed();
    if (type === THRIFT.binary) return this.#take(this.#varint());
    if (type === THRIFT.struct) return this.readStruct();
    if (type === THRIFT.list || type === THRIFT.list + 1) return this.#list();
    const fixedBytes = FIXED_BYTES[type];
    if (fixedBytes === undefined) throw new RangeError(`type ${type} at byte ${this.position}`);
    return this.#take(fixedBytes);
  }

  #list(): ThriftValue[] {
    const head = this.#byte();
    const length = head >> 4 === 15 ? this.#varint() : head >> 4;
    const type = head & 15;
    return Array.from({ length }, () => (type in BOOLEANS ? this.#byte() : this.#value(type)));
  }

  #signed(): number {
    const value = this.#varint();
    return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
  }

  #varint(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  }

  #byte(): number {
    return this.#take(1)[0] ?? 0;
  }

  #take(length: number): Uint8Array {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new RangeError(`${length} bytes at byte ${this.position}: cut short`);
    const taken = this.#bytes.subarray(this.position, end);
    this.position = end;
    return taken;
  }
}
