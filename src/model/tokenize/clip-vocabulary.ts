/**
 * CLIP's vocabulary out of the files that it comes in: the `bpe_simple_vocab_16e6.txt.gz` of the original (a header line, then
 * one merge a line; ids follow from the order), and the hub's `tokenizer.json` or `vocab.json` with `merges.txt`.
 */
import { MetaclipError } from '../../common/errors.ts';
import { BYTE_LETTERS, BYTE_ORDER } from './byte-letters.ts';
import type { BytePairTables } from './byte-pairs.ts';

/** Appended to the last symbol of a word. */
export const END_OF_WORD = '</w>';

/** Merges of the original's file that count: its vocabulary of 49,408 less bytes, last bytes and two special tokens. */
const SIMPLE_MERGES = 49_408 - 2 * 256 - 2;

/** A vocabulary, ready to encode with. */
export interface ClipVocabulary {
  readonly tables: BytePairTables;
  readonly size: number;
  /** Begins every text. */
  readonly startId: number;
  /** Ends every text. */
  readonly endId: number;
  /** How both are written, for texts that hold them. */
  readonly startText: string;
  readonly endText: string;
}

/** A vocabulary as files state it. */
export interface VocabularySource {
  /** Id of each token, in any order. */
  readonly ids: ReadonlyMap<string, number>;
  /** Merges in their order. */
  readonly merges: readonly (readonly [left: string, right: string])[];
  /** How start and end token are written, where it is known. */
  readonly specials?: readonly [start: string, end: string];
  /** The file, for messages. */
  readonly where: string;
}

/** How start and end token are written in known vocabularies. */
const KNOWN_SPECIALS: readonly (readonly [start: string, end: string])[] = [
  ['<|startoftext|>', '<|endoftext|>'],
  ['<start_of_text>', '<end_of_text>'],
];

/**
 * Reads the original's list of merges.
 *
 * @param text - content of the file, unpacked
 * @param where - the file, for messages
 * @returns the vocabulary; of a shortened list, a smaller one
 * @throws {MetaclipError} `E_TOKENIZER_FORMAT`
 */
export function parseSimpleVocabulary(text: string, where: string): ClipVocabulary {
  const merges = parseMergeLines(text.split('\n').slice(1, 1 + SIMPLE_MERGES), where, 2);
  if (merges.length === 0) throw malformed(where, 'it has no merges');
  const letters = BYTE_ORDER.map((byte) => BYTE_LETTERS[byte] ?? '');
  const tokens = [
    ...letters,
    ...letters.map((letter) => letter + END_OF_WORD),
    ...merges.map(([left, right]) => left + right),
    '<start_of_text>',
    '<end_of_text>',
  ];
  const ids = new Map(tokens.map((token, id) => [token, id]));
  return makeVocabulary({ ids, merges, specials: ['<start_of_text>', '<end_of_text>'], where });
}

/**
 * Reads lines of the form `left right`.
 *
 * @param lines - lines; empty ones and a `#version` at the top are passed over
 * @param where - the file, for messages
 * @param firstLine - number of the first of them in the file
 * @returns the merges
 * @throws {MetaclipError} `E_TOKENIZER_FORMAT` naming the line
 */
export function parseMergeLines(
  lines: readonly string[],
  where: string,
  firstLine = 1,
): [left: string, right: string][] {
  const merges: [string, string][] = [];
  for (const [index, line] of lines.entries()) {
    const trimmed = line.replace(/\r$/, '');
    if (trimmed === '' || (index === 0 && trimmed.startsWith('#version'))) continue;
    const parts = trimmed.split(' ');
    const [left, right] = parts;
    if (parts.length !== 2 || left === undefined || right === undefined || left === '' || right === '') {
      throw malformed(where, `line ${firstLine + index} is no merge of two symbols`);
    }
    merges.push([left, right]);
  }
  return merges;
}

/**
 * Checks a vocabulary and packs it.
 *
 * Complexity: O(tokens + merges).
 *
 * @param source - tokens and merges
 * @returns the vocabulary
 * @throws {MetaclipError} `E_TOKENIZER_FORMAT` where a byte, a merged symbol or a special token has no id
 */
export function makeVocabulary(source: VocabularySource): ClipVocabulary {
  const { ids, where } = source;
  const idOf = (token: string): number => {
    const id = ids.get(token);
    if (id === undefined) throw malformed(where, `${JSON.stringify(token)} has no id`);
    return id;
  };
  const specials = source.specials ?? KNOWN_SPECIALS.find(([start, end]) => ids.has(start) && ids.has(end));
  if (specials === undefined) throw malformed(where, 'it has no start and end token');
  const merges = new Int32Array(source.merges.length * 3);
  for (const [index, [left, right]] of source.merges.entries()) {
    merges.set([idOf(left), idOf(right), idOf(left + right)], index * 3);
  }
  const [startText, endText] = specials;
  let size = 0;
  for (const id of ids.values()) size = Math.max(size, id + 1);
  return {
    tables: {
      byteIds: Int32Array.from(BYTE_LETTERS, idOf),
      lastByteIds: Int32Array.from(BYTE_LETTERS, (letter) => idOf(letter + END_OF_WORD)),
      merges,
    },
    size,
    startId: idOf(startText),
    endId: idOf(endText),
    startText,
    endText,
  };
}

/**
 * @param where - the file
 * @param why - what is wrong with it
 * @returns the error to throw
 */
export function malformed(where: string, why: string): MetaclipError {
  return new MetaclipError('E_TOKENIZER_FORMAT', `${where}: ${why}`, {
    hint: 'take the file that came with the weights, unchanged: tokenizer.json, vocab.json with merges.txt, or bpe_simple_vocab_16e6.txt.gz',
    details: { where, why },
  });
}
