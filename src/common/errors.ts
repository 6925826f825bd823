/**
 * The one error class of the toolkit. Every failure that a user can cause or repair is a {@link MetaclipError} with
 * a stable code, a message that says what and where with the value and the limit, and a hint with the next step.
 *
 * Three families, told apart by the exit code of the command line:
 *   usage        2  a wrong option or argument; thrown before any work is done
 *   data         3  input that cannot be used at all; single bad records are counted, never thrown
 *   environment  4  a missing file, a full disk, an unwritable folder, a missing package
 */

/** Family of an error; decides the exit code of the command line. */
export type ErrorFamily = 'usage' | 'data' | 'environment';

const FAMILY_OF_CODE = {
  E_USAGE: 'usage',
  E_INPUT_NOT_FOUND: 'usage',
  E_INPUT_EMPTY: 'usage',
  E_RUN_MISMATCH: 'usage',
  E_RUN_INCOMPLETE: 'usage',
  E_RUN_MISSING: 'usage',
  E_OUTPUT_NOT_EMPTY: 'usage',
  E_FORMAT_UNKNOWN: 'data',
  E_COLUMN_MISSING: 'data',
  E_INPUT_UNREADABLE: 'data',
  E_METADATA_FORMAT: 'data',
  E_METADATA_MISMATCH: 'data',
  E_AUTOMATON_VERSION: 'data',
  E_DAMAGED_RUN_FILE: 'data',
  E_IMAGE_UNREADABLE: 'data',
  E_IMAGE_UNSUPPORTED: 'data',
  E_IMAGE_TOO_LARGE: 'data',
  E_PREPROCESS_CONFIG: 'data',
  E_TOKENIZER_FORMAT: 'data',
  E_MODEL_FORMAT: 'data',
  E_MODEL_MISMATCH: 'data',
  E_MODEL_UNSUPPORTED: 'data',
  E_CHECKSUM: 'data',
  E_OUTPUT_UNWRITABLE: 'environment',
  E_DISK_FULL: 'environment',
  E_MODEL_MISSING: 'environment',
  E_DOWNLOAD_FAILED: 'environment',
  E_INTERRUPTED: 'environment',
} as const satisfies Record<string, ErrorFamily>;

/** Stable identifier of a failure; what a program should test for. */
export type ErrorCode = keyof typeof FAMILY_OF_CODE;

/** All codes, for documentation and for the test that every code is raised somewhere. */
export const ERROR_CODES = Object.freeze(Object.keys(FAMILY_OF_CODE)) as readonly ErrorCode[];

/** What an error carries beside its message; all fields are optional. */
export interface ErrorInfo {
  /** The next step for the user: one sentence, with the command to run where there is one. */
  readonly hint?: string;
  /** Values for programs: file, record, byte, got, limit. Never credentials. */
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
  /** The underlying failure. */
  readonly cause?: unknown;
}

/** The plain form of an error that survives structured cloning between threads. */
export interface PlainError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, string | number | boolean | null>>;
}

/** A failure with a code, a message that names place and value, and a hint with the next step. */
export class MetaclipError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean | null>>;

  /**
   * @param code - stable identifier
   * @param message - what happened and where, with the value and the limit
   * @param info - hint, details and cause
   */
  constructor(code: ErrorCode, message: string, info: ErrorInfo = {}) {
    super(message, info.cause === undefined ? undefined : { cause: info.cause });
    this.name = 'MetaclipError';
    this.code = code;
    this.hint = info.hint;
    this.details = info.details ?? {};
  }

  /** @returns the family of this error's code */
  get family(): ErrorFamily {
    return FAMILY_OF_CODE[this.code];
  }

  /** @returns exit code of a command that ends with this error: 2 usage, 3 data, 4 environment, 130 interrupted */
  get exitCode(): number {
    if (this.code === 'E_INTERRUPTED') return 130;
    return { usage: 2, data: 3, environment: 4 }[this.family];
  }

  /** @returns the form that crosses a thread boundary; see {@link MetaclipError.fromPlain} */
  toPlain(): PlainError {
    return {
      code: this.code,
      message: this.message,
      details: this.details,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
    };
  }

  /**
   * @param plain - what {@link MetaclipError.toPlain} gave in another thread
   * @returns an error equal to the one that was thrown there
   */
  static fromPlain(plain: PlainError): MetaclipError {
    return new MetaclipError(plain.code, plain.message, {
      ...(plain.hint === undefined ? {} : { hint: plain.hint }),
      ...(plain.details === undefined ? {} : { details: plain.details }),
    });
  }
}

/**
 * Turns the errors of the operating system into ours; anything else passes through unchanged.
 *
 * @param error - what a file operation threw
 * @param path - the file or folder that it was about
 * @param doing - what was being done, as a verb phrase ("write", "read")
 * @returns a {@link MetaclipError} for ENOSPC, EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, EEXIST and EDQUOT, else the error itself
 */
export function describeSystemError(error: unknown, path: string, doing: string): unknown {
  if (error instanceof MetaclipError || !(error instanceof Error) || !('code' in error)) return error;
  switch (error.code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new MetaclipError(
        'E_DISK_FULL',
        `${path}: no space left on the device while trying to ${doing} it`,
        {
          hint: 'free some space (or choose another --out) and run the same command again: finished tasks are kept',
          details: { path },
          cause: error,
        },
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      if (doing === 'read') {
        return new MetaclipError('E_INPUT_UNREADABLE', `${path}: not allowed to read it`, {
          hint: 'check the permissions of the file and its folders',
          details: { path },
          cause: error,
        });
      }
      return new MetaclipError('E_OUTPUT_UNWRITABLE', `${path}: not allowed to ${doing} it`, {
        hint: 'choose another --out, or change the permissions of the folder',
        details: { path },
        cause: error,
      });
    case 'ENOENT':
      if (doing === 'read') {
        return new MetaclipError('E_INPUT_NOT_FOUND', `${path}: no such file or folder`, {
          hint: 'check the name; inputs are taken relative to the current folder',
          details: { path },
          cause: error,
        });
      }
      return new MetaclipError(
        'E_OUTPUT_UNWRITABLE',
        `${path}: not possible to ${doing} it, a folder above it is missing`,
        {
          hint: 'choose another --out',
          details: { path },
          cause: error,
        },
      );
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
      if (doing === 'read') {
        return new MetaclipError(
          'E_INPUT_UNREADABLE',
          `${path}: ${error.code === 'EISDIR' ? 'a folder, where a file is needed' : 'what stands above it is a file, not a folder'}`,
          { hint: 'check the name', details: { path }, cause: error },
        );
      }
      return new MetaclipError(
        'E_OUTPUT_UNWRITABLE',
        `${path}: a file stands where a folder is needed, or the reverse`,
        {
          hint: 'choose another --out',
          details: { path },
          cause: error,
        },
      );
    default:
      return error;
  }
}

/**
 * {@link describeSystemError} for reading a file that an earlier stage of the run has written.
 *
 * @param error - what a file operation threw
 * @param path - the file
 * @returns `E_DAMAGED_RUN_FILE` where the file is missing, else as {@link describeSystemError}
 */
export function describeRunFileError(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !('code' in error) || error.code !== 'ENOENT') {
    return describeSystemError(error, path, 'read');
  }
  return new MetaclipError('E_DAMAGED_RUN_FILE', `${path}: the file is gone`, {
    hint: 'run the same command again: what is missing is made anew',
    details: { path },
    cause: error,
  });
}
