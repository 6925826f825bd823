/** What a sub-command is: data from which parsing, help and errors come, and a thin `run`. */
import { parseArgs } from 'node:util';
import { MetaclipError } from '../common/errors.ts';

/** Where a command's output goes; a test gives its own. */
export interface CommandIo {
  /** Results: what a program may read. */
  readonly out: (text: string) => void;
  /** Progress and notes. */
  readonly note: (text: string) => void;
  /** Width of the terminal that notes go to; undefined when it is none. */
  readonly terminalColumns: number | undefined;
  /** Fires on Ctrl-C. */
  readonly signal: AbortSignal;
}

/** One option of a command. */
export interface OptionSpec {
  readonly type: 'string' | 'boolean';
  readonly short?: string;
  /** May be given several times; see {@link ParsedArgs.texts}. */
  readonly multiple?: boolean;
  /** Placeholder in the help, e.g. `N`. */
  readonly value?: string;
  /** Meaning, unit and default. */
  readonly help: string;
}

/** One sub-command. */
export interface Command {
  /** One word, or two for a command of a group: `curate`, `model import`. */
  readonly name: string;
  readonly summary: string;
  /** Positional arguments as shown in the usage line. */
  readonly positionals: string;
  /** Least and most positional arguments. */
  readonly arity: readonly [number, number];
  readonly description: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly { readonly command: string; readonly what: string }[];
  readonly run: (args: ParsedArgs, io: CommandIo) => Promise<number>;
}

/** Arguments after parsing; reading an option twice is free, and a wrong value is a usage error. */
export class ParsedArgs {
  readonly positionals: readonly string[];
  readonly #values: ReadonlyMap<string, string | boolean | readonly string[]>;

  /**
   * @param positionals - positional arguments
   * @param values - options given; a list for those that may be repeated
   */
  constructor(
    positionals: readonly string[],
    values: ReadonlyMap<string, string | boolean | readonly string[]>,
  ) {
    this.positionals = positionals;
    this.#values = values;
  }

  /**
   * @param name - option
   * @returns whether a flag is given
   */
  flag(name: string): boolean {
    return this.#values.get(name) === true;
  }

  /**
   * @param name - option
   * @returns its value, or undefined when it is not given
   */
  text(name: string): string | undefined {
    const value = this.#values.get(name);
    return typeof value === 'string' ? value : undefined;
  }

  /**
   * @param name - option with `multiple`
   * @returns its values in the order given; empty when it is not given
   */
  texts(name: string): readonly string[] {
    const values = this.#values.get(name);
    return typeof values === 'object' ? values : [];
  }

  /**
   * @param name - option
   * @returns its value as a number (`20000`, `20_000`, `0.06`, `1e6`), or undefined when it is not given
   * @throws {@link MetaclipError} `E_USAGE`
   */
  number(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = /^[+-]?[\d_.]+(e[+-]?\d+)?$/i.test(value) ? Number(value.replaceAll('_', '')) : NaN;
    if (Number.isFinite(number)) return number;
    throw new MetaclipError('E_USAGE', `--${name} ${JSON.stringify(value)} is not a number`, {
      hint: `for example --${name} 20000`,
    });
  }
}

/** Options that every command has. */
export const COMMON_OPTIONS = {
  help: { type: 'boolean', short: 'h', help: 'show this help' },
} as const satisfies Record<string, OptionSpec>;

/**
 * @param command - which
 * @param argv - arguments after the command's name
 * @returns the parsed arguments
 * @throws {@link MetaclipError} `E_USAGE` for an unknown option, a missing value, or too few or many arguments
 */
export function parseCommand(command: Command, argv: readonly string[]): ParsedArgs {
  const options = Object.fromEntries(
    Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(([name, spec]: [string, OptionSpec]) => [
      name,
      {
        type: spec.type,
        multiple: spec.multiple === true,
        ...(spec.short === undefined ? {} : { short: spec.short }),
      },
    ]),
  );
  const hint = `see \`metaclip ${command.name} --help\``;
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: [...argv], options, allowPositionals: true, strict: true });
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).split('. ')[0] ?? '';
    throw new MetaclipError('E_USAGE', `metaclip ${command.name}: ${message}`, { hint });
  }
  const values = new Map<string, string | boolean | readonly string[]>();
  for (const [name, value] of Object.entries(parsed.values)) {
    if (typeof value === 'string' || typeof value === 'boolean') values.set(name, value);
    else if (Array.isArray(value))
      values.set(
        name,
        value.filter((text) => typeof text === 'string'),
      );
  }
  const args = new ParsedArgs(parsed.positionals, values);
  const [least, most] = command.arity;
  const count = parsed.positionals.length;
  if (!args.flag('help') && (count < least || count > most)) {
    const wanted =
      least === most ? `${least}` : most === Infinity ? `at least ${least}` : `${least} to ${most}`;
    throw new MetaclipError(
      'E_USAGE',
      `metaclip ${command.name}: takes ${wanted} argument${wanted === '1' || wanted === 'at least 1' ? '' : 's'} (${command.positionals}), got ${count}`,
      { hint },
    );
  }
  return args;
}

/**
 * @param command - which
 * @returns its help text
 */
export function helpOf(command: Command): string {
  const options = Object.entries({ ...command.options, ...COMMON_OPTIONS }).map(
    ([name, spec]: [string, OptionSpec]) => {
      const short = spec.short === undefined ? '    ' : `-${spec.short}, `;
      return [`  ${short}--${name}${spec.value === undefined ? '' : ` ${spec.value}`}`, spec.help] as const;
    },
  );
  const width = Math.max(...options.map(([left]) => left.length)) + 2;
  return [
    `metaclip ${command.name}: ${command.summary}`,
    '',
    `Usage: metaclip ${command.name} ${command.positionals} [options]`,
    '',
    command.description,
    '',
    'Options:',
    ...options.map(([left, right]) => left.padEnd(width) + right.replaceAll('\n', `\n${' '.repeat(width)}`)),
    '',
    'Examples:',
    ...command.examples.flatMap(({ command: line, what }) => [`  # ${what}`, `  ${line}`]),
    '',
  ].join('\n');
}
