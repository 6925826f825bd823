/** An ontology: which prompt stands for which class, in order. */
import { readFile } from 'node:fs/promises';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';

/**
 * What users give: an object or a Map of prompt to class, a list of such pairs, or a list of classes, each its own prompt.
 * Beware of objects whose prompts are whole numbers: JavaScript puts those keys first.
 */
export type OntologyInput =
  | Readonly<Record<string, string>>
  | ReadonlyMap<string, string>
  | readonly (string | readonly [prompt: string, className: string])[];

/** A checked ontology. */
export interface Ontology {
  /** In the order given; no two are equal. */
  readonly prompts: readonly string[];
  /** Distinct classes in the order of their first prompt. */
  readonly classes: readonly string[];
  /** For each prompt the index of its class. */
  readonly classOfPrompt: readonly number[];
}

const EXAMPLE =
  'for example {"a photo of a cat": "cat", "a photo of a kitten": "cat", "a photo of a dog": "dog"}';

/**
 * @param input - prompt to class, in order; several prompts may stand for one class
 * @returns the checked ontology
 * @throws {@link MetaclipError} `E_USAGE` when there is none, a prompt occurs twice, or a prompt or class is empty or no text
 */
export function createOntology(input: OntologyInput): Ontology {
  const pairs = pairsOf(input);
  if (pairs.length === 0) throw wrong('an ontology without classes');
  const prompts = new Set<string>();
  const indexOfClass = new Map<string, number>();
  const classOfPrompt: number[] = [];
  for (const [prompt, className] of pairs) {
    if (typeof prompt !== 'string' || typeof className !== 'string') {
      throw wrong(`a prompt and its class must be texts, got ${JSON.stringify([prompt, className])}`);
    }
    if (prompt.trim() === '' || className.trim() === '') {
      throw wrong(`an empty prompt or class: ${JSON.stringify(prompt)}: ${JSON.stringify(className)}`);
    }
    if (prompts.has(prompt)) throw wrong(`the prompt ${JSON.stringify(prompt)} stands there twice`);
    prompts.add(prompt);
    const index = indexOfClass.get(className) ?? indexOfClass.size;
    indexOfClass.set(className, index);
    classOfPrompt.push(index);
  }
  return { prompts: [...prompts], classes: [...indexOfClass.keys()], classOfPrompt };
}

/** Pairs as they were given; their types are checked by the caller, since they may come from a file. */
function pairsOf(input: OntologyInput): (readonly [unknown, unknown])[] {
  if (input instanceof Map) return [...(input as ReadonlyMap<string, string>)];
  if (!Array.isArray(input)) return Object.entries(input);
  return (input as readonly unknown[]).map((item) => {
    if (!Array.isArray(item)) return [item, item];
    if (item.length !== 2) throw wrong(`a list that is no [prompt, class]: ${JSON.stringify(item)}`);
    return [item[0], item[1]];
  });
}

/**
 * Reads an ontology from a file: JSON (an object of prompt to class, or a list of classes or of [prompt, class]), or text
 * with one class a line, or `prompt<TAB>class`; empty lines and those that start with `#` don't count.
 *
 * @param path - file, UTF-8, at most 16 MiB
 * @returns the checked ontology
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND`, `E_INPUT_UNREADABLE`, `E_FORMAT_UNKNOWN` for JSON of another shape, `E_USAGE` as
 *   {@link createOntology}
 */
export async function readOntology(path: string): Promise<Ontology> {
  let text: string;
  try {
    text = (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
  try {
    if (/^\s*[[{]/.test(text)) return createOntology(parseJson(text, path));
    const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
    return createOntology(
      lines.map((line) => {
        const [prompt = '', ...rest] = line.split('\t');
        return rest.length === 0 ? prompt.trim() : [prompt.trim(), rest.join('\t').trim()];
      }),
    );
  } catch (error) {
    if (!(error instanceof MetaclipError) || error.code !== 'E_USAGE') throw error;
    throw new MetaclipError('E_USAGE', `${path}: ${error.message}`, { hint: EXAMPLE });
  }
}

function parseJson(text: string, path: string): OntologyInput {
  // JSON.parse keeps the last of two equal keys in silence; a prompt given twice must be seen.
  const twice = duplicateKeyOf(text);
  if (twice !== undefined) throw wrong(`the prompt ${JSON.stringify(twice)} stands there twice`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MetaclipError('E_FORMAT_UNKNOWN', `${path}: starts like JSON and is none`, {
      hint: EXAMPLE,
      details: { path },
      cause: error,
    });
  }
  return value as OntologyInput;
}

/** First key that a flat JSON object holds twice. */
function duplicateKeyOf(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  const seen = new Set<string>();
  for (const [, key = ''] of text.matchAll(/("(?:[^"\\]|\\.)*")\s*:\s*"(?:[^"\\]|\\.)*"/g)) {
    if (seen.has(key)) return JSON.parse(key) as string;
    seen.add(key);
  }
  return undefined;
}

function wrong(message: string): MetaclipError {
  return new MetaclipError('E_USAGE', message, { hint: EXAMPLE });
}
