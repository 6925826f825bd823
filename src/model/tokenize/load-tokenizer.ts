/**
 * Finds and reads the tokenizer of a model folder. What a file is shows in its content, not in its name: CLIP's byte-pair
 * encoding is run by this project's own code, everything else by `@huggingface/tokenizers`.
 */
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { ClipTokenizer } from './clip-tokenizer.ts';
import {
  END_OF_WORD,
  makeVocabulary,
  malformed,
  parseMergeLines,
  parseSimpleVocabulary,
  type ClipVocabulary,
} from './clip-vocabulary.ts';
import { HubTokenizer } from './hub-tokenizer.ts';
import { DEFAULT_CONTEXT_LENGTH, type Tokenizer, type TokenizerOptions } from './tokenizer.ts';

type JsonObject = Readonly<Record<string, unknown>>;

/** Names that are looked for in a folder, in this order. */
const CANDIDATES = [
  'tokenizer.json',
  'vocab.json',
  'bpe_simple_vocab_16e6.txt.gz',
  'bpe_simple_vocab_16e6.txt',
];

/** Largest file that is read, unpacked: XLM-V's is some 60 MB. */
const MAX_FILE_BYTES = 512 * 2 ** 20;
/** Contexts above this are placeholders for "no limit" in tokenizer_config.json. */
const MAX_CONTEXT_LENGTH = 8192;

/**
 * Loads the tokenizer of a model folder.
 *
 * `tokenizer.json` wins, then `vocab.json` with `merges.txt`, then `bpe_simple_vocab_16e6.txt.gz` (packed or not). Context length
 * and padding come from the options, then from the file itself, then from `tokenizer_config.json` beside it, then 77 and 0.
 *
 * @param path - the model folder, or the tokenizer's file
 * @param options - see {@link TokenizerOptions}
 * @returns the tokenizer
 * @throws {MetaclipError} `E_TOKENIZER_FORMAT` where there is none, or it is damaged; `E_INPUT_NOT_FOUND` for no such path;
 * `E_USAGE` for a context length below 3
 */
export async function loadTokenizer(path: string, options: TokenizerOptions = {}): Promise<Tokenizer> {
  const { contextLength, specialTokens = 'text', unicodeForm = 'as-is' } = options;
  if (contextLength !== undefined && (!Number.isInteger(contextLength) || contextLength < 3)) {
    throw new MetaclipError(
      'E_USAGE',
      `contextLength is ${contextLength}, it must be a whole number from 3`,
      {
        hint: 'leave it away: the model folder knows it',
        details: { contextLength },
      },
    );
  }
  const file = await findFile(path);
  const config = (await readOptionalJson(join(dirname(file), 'tokenizer_config.json'))) ?? {};
  const settings = { specialTokens, unicodeForm };
  if (!file.endsWith('.json')) {
    const vocabulary = parseSimpleVocabulary(await readText(file), file);
    return new ClipTokenizer(vocabulary, {
      ...settings,
      contextLength: contextLength ?? contextOf(config),
      padId: padOf(config, new Map()),
    });
  }
  const json = parseJson(await readText(file), file);
  if (basename(file) === 'vocab.json' || !('model' in json)) {
    const vocabulary = await readVocabAndMerges(json, file);
    return new ClipTokenizer(vocabulary, {
      ...settings,
      contextLength: contextLength ?? contextOf(config),
      padId: padOf(config, readIds(json, file)),
    });
  }
  const { truncation, padding } = json;
  const length =
    contextLength ??
    readLength(isObject(truncation) ? truncation['max_length'] : undefined) ??
    contextOf(config);
  const padId = isObject(padding) && isId(padding['pad_id']) ? padding['pad_id'] : undefined;
  const vocabulary = readClipVocabulary(json, file);
  if (vocabulary === undefined) {
    return new HubTokenizer(json, config, {
      specialTokens,
      contextLength: length,
      padId: padId ?? padOf(config, readAddedIds(json)),
      where: file,
    });
  }
  return new ClipTokenizer(vocabulary, {
    ...settings,
    contextLength: length,
    padId: padId ?? padOf(config, readAddedIds(json)),
  });
}

/** CLIP's vocabulary of a tokenizer.json; undefined where it describes another tokenizer. */
function readClipVocabulary(json: JsonObject, where: string): ClipVocabulary | undefined {
  const { model, normalizer } = json;
  if (!isObject(model) || model['end_of_word_suffix'] !== END_OF_WORD) return undefined;
  // A cased vocabulary of the same form would be lower-cased in vain.
  if (
    normalizer !== undefined &&
    normalizer !== null &&
    !JSON.stringify(normalizer).includes('"Lowercase"')
  ) {
    return undefined;
  }
  const { vocab, merges } = model;
  if (!isObject(vocab)) throw malformed(where, 'model.vocab is no object');
  if (!Array.isArray(merges)) throw malformed(where, 'model.merges is no list');
  const ids = readIds(vocab, where);
  for (const [token, id] of readAddedIds(json)) ids.set(token, id);
  return makeVocabulary({ ids, merges: readMerges(merges, where), where });
}

/** Merges as `"left right"` (older files) or `["left", "right"]`. */
function readMerges(merges: readonly unknown[], where: string): [string, string][] {
  return merges.map((merge, index) => {
    const parts: readonly unknown[] =
      typeof merge === 'string' ? merge.split(' ') : Array.isArray(merge) ? merge : [];
    const [left, right] = parts;
    if (parts.length !== 2 || typeof left !== 'string' || typeof right !== 'string') {
      throw malformed(where, `model.merges[${index}] is no pair of symbols`);
    }
    return [left, right];
  });
}

async function readVocabAndMerges(vocab: JsonObject, file: string): Promise<ClipVocabulary> {
  const mergesFile = join(dirname(file), 'merges.txt');
  const exists = await stat(mergesFile).then(
    () => true,
    () => false,
  );
  if (!exists) throw malformed(file, 'there is no merges.txt beside it');
  const merges = parseMergeLines((await readText(mergesFile)).split('\n'), mergesFile);
  return makeVocabulary({ ids: readIds(vocab, file), merges, where: file });
}

function readIds(vocab: JsonObject, where: string): Map<string, number> {
  const ids = new Map<string, number>();
  for (const [token, id] of Object.entries(vocab)) {
    if (!isId(id)) throw malformed(where, `the id of ${JSON.stringify(token)} is no whole number`);
    ids.set(token, id);
  }
  return ids;
}

/** Ids of `added_tokens`, the special ones among them. */
function readAddedIds(json: JsonObject): Map<string, number> {
  const ids = new Map<string, number>();
  const added: readonly unknown[] = Array.isArray(json['added_tokens']) ? json['added_tokens'] : [];
  for (const token of added) {
    if (isObject(token) && typeof token['content'] === 'string' && isId(token['id'])) {
      ids.set(token['content'], token['id']);
    }
  }
  return ids;
}

function contextOf(config: JsonObject): number {
  return readLength(config['model_max_length']) ?? DEFAULT_CONTEXT_LENGTH;
}

function readLength(value: unknown): number | undefined {
  const isLength =
    typeof value === 'number' && Number.isInteger(value) && value >= 3 && value <= MAX_CONTEXT_LENGTH;
  return isLength ? value : undefined;
}

/** Id of the `pad_token` that tokenizer_config.json names, as a string or as an object; else 0, as in the original. */
function padOf(config: JsonObject, ids: ReadonlyMap<string, number>): number {
  const named = config['pad_token'];
  const token = isObject(named) ? named['content'] : named;
  return typeof token === 'string' ? (ids.get(token) ?? 0) : 0;
}

async function findFile(path: string): Promise<string> {
  const info = await stat(path).catch((error: unknown) => {
    throw describeSystemError(error, path, 'read');
  });
  if (!info.isDirectory()) return path;
  for (const name of CANDIDATES) {
    const file = join(path, name);
    const isFile = await stat(file).then(
      (found) => found.isFile(),
      () => false,
    );
    if (isFile) return file;
  }
  throw malformed(path, `no tokenizer in this folder (looked for ${CANDIDATES.join(', ')})`);
}

async function readText(file: string): Promise<string> {
  let bytes: Buffer;
  try {
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) throw malformed(file, `${size} bytes, the limit is ${MAX_FILE_BYTES}`);
    bytes = await readFile(file);
  } catch (error) {
    throw describeSystemError(error, file, 'read');
  }
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes.toString('utf8');
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_FILE_BYTES }).toString('utf8');
  } catch (error) {
    throw malformed(
      file,
      `the gzip file is damaged (${error instanceof Error ? error.message : String(error)})`,
    );
  }
}

function parseJson(text: string, file: string): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw malformed(file, `not valid JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  if (!isObject(value)) throw malformed(file, 'not a JSON object');
  return value;
}

async function readOptionalJson(file: string): Promise<JsonObject | undefined> {
  const exists = await stat(file).then(
    () => true,
    () => false,
  );
  return exists ? parseJson(await readText(file), file) : undefined;
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Ids fit into 20 bits: the largest vocabulary of these models has 901,629. */
function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 20;
}
