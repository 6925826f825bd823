/**
 * Writes ONNX models (onnx.proto3 of ONNX 1.12, IR version 8): the few messages that a graph needs, as protobuf bytes. A
 * general protobuf library would be some hundred times this file.
 */

/** Element types by their numbers in TensorProto.DataType. */
export const ONNX_TYPE = {
  F32: 1,
  U8: 2,
  I8: 3,
  I32: 6,
  I64: 7,
  BOOL: 9,
  F16: 10,
  F64: 11,
  BF16: 16,
} as const;
/** Name of an element type. */
export type OnnxType = keyof typeof ONNX_TYPE;

/** Opset of the graphs: the first with LayerNormalization. */
export const OPSET = 17;
const IR_VERSION = 8;

/** Value of a node's attribute: whole numbers, or one float. */
export type OnnxAttribute = number | readonly number[] | { readonly float: number };

/** Where the bytes of an initializer lie, beside the graph. */
export interface ExternalBytes {
  /** Name of a file in the graph's folder. */
  readonly file: string;
  readonly startByte: number;
  readonly byteLength: number;
}

/** A graph under construction; values are known by their names. */
export class OnnxGraph {
  readonly #name: string;
  readonly #nodes: Buffer[] = [];
  readonly #initializers: Buffer[] = [];
  readonly #inputs: Buffer[] = [];
  readonly #outputs: Buffer[] = [];
  readonly #constants = new Set<string>();

  /** @param name - of the graph */
  constructor(name: string) {
    this.#name = name;
  }

  /**
   * @param type - operator
   * @param inputs - names of values
   * @param attributes - by name
   * @returns name of its one output
   */
  node(
    type: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
  ): string {
    const output = `${type}_${this.#nodes.length}`;
    this.#addNode(type, inputs, output, attributes);
    return output;
  }

  /**
   * @param values - whole numbers
   * @returns name of a constant int64 vector; equal ones are kept once
   */
  integers(...values: readonly number[]): string {
    return this.#constant(
      `int64_${values.join('_')}`,
      'I64',
      [values.length],
      BigInt64Array.from(values, BigInt),
    );
  }

  /**
   * @param value - whole number
   * @returns name of a constant int64 scalar
   */
  integer(value: number): string {
    return this.#constant(`int64_scalar_${value}`, 'I64', [], BigInt64Array.of(BigInt(value)));
  }

  /**
   * @param value - number
   * @returns name of a constant float scalar
   */
  float(value: number): string {
    return this.#constant(`float_${value}`, 'F32', [], Float32Array.of(value));
  }

  /**
   * @param name - new name
   * @param type - element type
   * @param shape - sizes
   * @param values - little-endian, row-major; copied into the graph
   * @returns the name
   */
  initializer(name: string, type: OnnxType, shape: readonly number[], values: ArrayBufferView): string {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    this.#initializers.push(Buffer.concat([tensorHead(name, type, shape), bytesField(9, bytes)]));
    return name;
  }

  /**
   * @param name - new name
   * @param type - element type
   * @param shape - sizes
   * @param place - where its bytes lie
   * @returns the name
   */
  externalInitializer(name: string, type: OnnxType, shape: readonly number[], place: ExternalBytes): string {
    const entry = (key: string, value: string): Buffer =>
      bytesField(13, Buffer.concat([textField(1, key), textField(2, value)]));
    this.#initializers.push(
      Buffer.concat([
        tensorHead(name, type, shape),
        entry('location', place.file),
        entry('offset', String(place.startByte)),
        entry('length', String(place.byteLength)),
        numberField(14, 1), // data_location = EXTERNAL
      ]),
    );
    return name;
  }

  /**
   * @param name - of the input
   * @param type - element type
   * @param shape - sizes; a name for one that varies
   * @returns the name
   */
  input(name: string, type: OnnxType, shape: readonly (number | string)[]): string {
    this.#inputs.push(valueInfo(name, type, shape));
    return name;
  }

  /**
   * @param value - name of the value that is given out
   * @param name - of the output
   * @param type - element type
   * @param shape - sizes; a name for one that varies
   */
  output(value: string, name: string, type: OnnxType, shape: readonly (number | string)[]): void {
    this.#addNode('Identity', [value], name, {});
    this.#outputs.push(valueInfo(name, type, shape));
  }

  /**
   * @param producerVersion - version of the tool
   * @returns the whole model file
   */
  toBytes(producerVersion: string): Buffer {
    const graph = Buffer.concat([
      ...this.#nodes.map((node) => bytesField(1, node)),
      textField(2, this.#name),
      ...this.#initializers.map((tensor) => bytesField(5, tensor)),
      ...this.#inputs.map((info) => bytesField(11, info)),
      ...this.#outputs.map((info) => bytesField(12, info)),
    ]);
    return Buffer.concat([
      numberField(1, IR_VERSION),
      textField(2, 'metaclip'),
      textField(3, producerVersion),
      bytesField(7, graph),
      bytesField(8, Buffer.concat([textField(1, ''), numberField(2, OPSET)])),
    ]);
  }

  #addNode(
    type: string,
    inputs: readonly string[],
    output: string,
    attributes: Readonly<Record<string, OnnxAttribute>>,
  ): void {
    this.#nodes.push(
      Buffer.concat([
        ...inputs.map((input) => textField(1, input)),
        textField(2, output),
        textField(3, output),
        textField(4, type),
        ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
      ]),
    );
  }

  #constant(name: string, type: OnnxType, shape: readonly number[], values: ArrayBufferView): string {
    if (!this.#constants.has(name)) {
      this.#constants.add(name);
      this.initializer(name, type, shape, values);
    }
    return name;
  }
}

function attribute(name: string, value: OnnxAttribute): Buffer {
  const head = textField(1, name);
  if (typeof value === 'number') return Buffer.concat([head, numberField(3, value), numberField(20, 2)]);
  if ('float' in value) {
    const float = Buffer.alloc(4);
    float.writeFloatLE(value.float);
    return Buffer.concat([head, fieldTag(2, 5), float, numberField(20, 1)]);
  }
  return Buffer.concat([head, ...value.map((one) => numberField(8, one)), numberField(20, 7)]);
}

function tensorHead(name: string, type: OnnxType, shape: readonly number[]): Buffer {
  return Buffer.concat([
    ...shape.map((size) => numberField(1, size)),
    numberField(2, ONNX_TYPE[type]),
    textField(8, name),
  ]);
}

function valueInfo(name: string, type: OnnxType, shape: readonly (number | string)[]): Buffer {
  const sizes = shape.map((size) =>
    bytesField(1, typeof size === 'string' ? textField(2, size) : numberField(1, size)),
  );
  const tensor = Buffer.concat([numberField(1, ONNX_TYPE[type]), bytesField(2, Buffer.concat(sizes))]);
  return Buffer.concat([textField(1, name), bytesField(2, bytesField(1, tensor))]);
}

function numberField(field: number, value: number): Buffer {
  return Buffer.concat([fieldTag(field, 0), varint(value)]);
}

function textField(field: number, text: string): Buffer {
  return bytesField(field, Buffer.from(text, 'utf8'));
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([fieldTag(field, 2), varint(bytes.length), bytes]);
}

function fieldTag(field: number, wire: number): Buffer {
  return varint((field << 3) | wire);
}

/** Base-128, low part first; negative numbers as 64-bit two's complement, as protobuf's int64 wants them. */
function varint(value: number): Buffer {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
