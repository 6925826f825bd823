/** Reads fields of untrusted JSON by their type, and says which field is wrong. */
import { MetaclipError, type ErrorCode } from '../common/errors.ts';

/** A JSON object with its place, for messages. */
export class JsonFields {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #where: string;
  readonly #code: ErrorCode;
  readonly #hint: string;

  private constructor(
    fields: Readonly<Record<string, unknown>>,
    where: string,
    code: ErrorCode,
    hint: string,
  ) {
    this.#fields = fields;
    this.#where = where;
    this.#code = code;
    this.#hint = hint;
  }

  /**
   * @param text - JSON text
   * @param where - file, for messages
   * @param code - code of the errors
   * @param hint - next step of the errors
   * @returns the object
   * @throws {@link MetaclipError} with `code` when the text is no JSON object
   */
  static parse(text: string, where: string, code: ErrorCode, hint: string): JsonFields {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch (error) {
      throw new MetaclipError(code, `${where}: not valid JSON`, {
        hint,
        details: { path: where },
        cause: error,
      });
    }
    if (!isObject(value))
      throw new MetaclipError(code, `${where}: not a JSON object`, { hint, details: { path: where } });
    return new JsonFields(value, where, code, hint);
  }

  /** @returns names of the fields */
  get names(): readonly string[] {
    return Object.keys(this.#fields);
  }

  /**
   * @param name - field
   * @returns its value, or undefined; inherited names such as `constructor` are never found
   */
  raw(name: string): unknown {
    return Object.hasOwn(this.#fields, name) ? this.#fields[name] : undefined;
  }

  /**
   * @param name - field
   * @returns whether it is there and not null
   */
  has(name: string): boolean {
    const value = this.raw(name);
    return value !== undefined && value !== null;
  }

  /**
   * @param name - field
   * @returns the object in it
   */
  object(name: string): JsonFields {
    const value = this.raw(name);
    if (!isObject(value)) throw this.wrong(name, 'an object');
    return new JsonFields(value, `${this.#where}: ${name}`, this.#code, this.#hint);
  }

  /**
   * @param name - field
   * @returns the objects of the list in it
   */
  objects(name: string): JsonFields[] {
    const value = this.raw(name);
    if (!Array.isArray(value)) throw this.wrong(name, 'a list');
    return value.map((one: unknown, index) => {
      if (!isObject(one)) throw this.wrong(`${name}[${index}]`, 'an object');
      return new JsonFields(one, `${this.#where}: ${name}[${index}]`, this.#code, this.#hint);
    });
  }

  /**
   * @param name - field
   * @returns the text in it
   */
  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string') throw this.wrong(name, 'a text');
    return value;
  }

  /**
   * @param name - field
   * @param choices - what it may be
   * @returns the choice
   */
  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.raw(name);
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.wrong(name, `one of ${choices.join(', ')}`);
    return found;
  }

  /**
   * @param name - field
   * @returns the finite number in it
   */
  number(name: string): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isFinite(value)) throw this.wrong(name, 'a number');
    return value;
  }

  /**
   * @param name - field
   * @param least - smallest allowed
   * @returns the whole number in it
   */
  integer(name: string, least = 0): number {
    const value = this.raw(name);
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < least)
      throw this.wrong(name, `a whole number of at least ${least}`);
    return value;
  }

  /**
   * @param name - field
   * @returns the three numbers in it
   */
  triple(name: string): [number, number, number] {
    const value: unknown = this.raw(name);
    const numbers = Array.isArray(value)
      ? value.filter((one: unknown): one is number => typeof one === 'number' && Number.isFinite(one))
      : [];
    const [a, b, c] = numbers;
    if (!Array.isArray(value) || value.length !== 3 || a === undefined || b === undefined || c === undefined)
      throw this.wrong(name, 'three numbers');
    return [a, b, c];
  }

  /**
   * @param name - field
   * @returns the boolean in it
   */
  boolean(name: string): boolean {
    const value = this.raw(name);
    if (typeof value !== 'boolean') throw this.wrong(name, 'true or false');
    return value;
  }

  /**
   * @param name - field
   * @param wanted - what it should be
   * @returns the error to throw
   */
  wrong(name: string, wanted: string): MetaclipError {
    const shown = JSON.stringify(this.raw(name)) as string | undefined;
    const got = shown === undefined ? 'missing' : shown.length > 60 ? `${shown.slice(0, 60)}...` : shown;
    return new MetaclipError(this.#code, `${this.#where}: ${name} must be ${wanted}, it is ${got}`, {
      hint: this.#hint,
      details: { field: name },
    });
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
