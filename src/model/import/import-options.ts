/** What can be said about an import. */
import { MetaclipError } from '../../common/errors.ts';
import type { Activation, ModelManifest, TextPooling } from '../model-folder.ts';
import type { ArchitectureOverrides } from './architecture.ts';
import type { WeightMode } from './weight-plan.ts';

/** Options of {@link importModel}; what is absent is read from the source. */
export interface ImportOptions extends ArchitectureOverrides {
  /**
   * How weights are stored. Default `link`: the graphs point into the checkpoint, which is hard-linked into the folder; an import
   * takes milliseconds. `embed`, `float16` and `int8` write new files.
   */
  readonly weights?: WeightMode;
  /** Name of the model, for people. Default: the source's name. */
  readonly name?: string;
  /** Default: what the model card states. */
  readonly licence?: string;
  /** transformers' or open_clip's config. Default: the one beside the weights. */
  readonly config?: string;
  /** Tokenizer file, or a folder with one. Default: the one beside the weights. */
  readonly tokenizer?: string;
  /** Ends the import; what was written is removed. */
  readonly signal?: AbortSignal;
  /** Called while new weights are written: bytes of the checkpoint read, and in all. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void;
}

/** What an import made. */
export interface ImportResult {
  /** The model folder, as given. */
  readonly out: string;
  readonly manifest: ModelManifest;
  /** Bytes of new files. */
  readonly writtenBytes: number;
  /** Bytes of checkpoint files that the graphs point into. */
  readonly linkedBytes: number;
  /** What the user should know, one sentence each. */
  readonly notes: readonly string[];
}

/** Modes by their names. */
export const WEIGHT_MODES: readonly WeightMode[] = ['link', 'embed', 'float16', 'int8'];
/** Activations by their names. */
export const ACTIVATIONS: readonly Activation[] = ['quick_gelu', 'gelu'];

/**
 * @param text - `argmax` or `eos:ID`
 * @returns the pooling
 * @throws {@link MetaclipError} `E_USAGE`
 */
export function parsePooling(text: string): TextPooling {
  if (text === 'argmax') return { kind: 'argmax' };
  const id = /^eos:(\d{1,9})$/.exec(text)?.[1];
  if (id !== undefined) return { kind: 'eos-id', id: Number(id) };
  throw new MetaclipError('E_USAGE', `pooling ${JSON.stringify(text)} is neither "argmax" nor "eos:ID"`, {
    hint: 'argmax for the vocabulary of CLIP, eos:2 for that of XLM-V',
  });
}

/**
 * @param options - as given, perhaps from a program without types
 * @throws {@link MetaclipError} `E_USAGE` naming the first that makes no sense
 */
export function checkImportOptions(options: ImportOptions): void {
  const { weights, activation, visionHeads, textHeads } = options;
  if (weights !== undefined && !WEIGHT_MODES.includes(weights)) throw wrong('weights', weights, WEIGHT_MODES);
  if (activation !== undefined && !ACTIVATIONS.includes(activation)) {
    throw wrong('activation', activation, ACTIVATIONS);
  }
  for (const [name, heads] of Object.entries({ visionHeads, textHeads })) {
    if (heads !== undefined && (!Number.isInteger(heads) || heads < 1)) {
      throw wrong(name, String(heads), ['a whole number of at least 1']);
    }
  }
}

function wrong(name: string, value: string, choices: readonly string[]): MetaclipError {
  return new MetaclipError(
    'E_USAGE',
    `${name} is ${JSON.stringify(value)}, it can be ${choices.join(', ')}`,
    {
      hint: 'see `metaclip model import --help`',
      details: { option: name },
    },
  );
}
