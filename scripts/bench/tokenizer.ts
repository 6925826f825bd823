/**
 * CLIP's tokenizer: ours against `@huggingface/tokenizers` with the same vocabulary, on the same texts in the same run.
 *
 *   npm run bench:tokenizer [-- --record]
 *
 * First proves that both give the same ids for every text, and ends with exit code 1 if not; the library gets each text as ours
 * has cleaned it, since it resolves no references. Then times whole passes in turn and prints medians of five: cold (a new
 * tokenizer, nothing cached) and warm. Texts and vocabulary: the reference's where they lie beside the checkout, else the
 * emoji model's vocabulary and names in a hundred languages.
 */
import { existsSync, readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import * as library from '@huggingface/tokenizers';
import { BYTE_LETTERS, BYTE_ORDER } from '../../src/model/tokenize/byte-letters.ts';
import { cleanText } from '../../src/model/tokenize/clean-text.ts';
import { loadTokenizer } from '../../src/model/tokenize/load-tokenizer.ts';
import { namesInManyLanguages } from '../../test/curation/language/language-texts.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, median } from './bench-record.ts';

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false } } });
const ROUNDS = 5;

interface LibraryTokenizer {
  encode(text: string, options: { readonly add_special_tokens: boolean }): { readonly ids: number[] };
}
// The library's declarations do not resolve with this project's module resolution.
// eslint-disable-next-line @typescript-eslint/no-unsafe-assignment
const LibraryTokenizer: new (json: object, config: object) => LibraryTokenizer = library.Tokenizer;

const emoji = fileURLToPath(new URL('../../models/emoji/tokenizer.json', import.meta.url));
const path = skipWithoutReference === false ? referencePath('tokens/bpe_simple_vocab_16e6.txt.gz') : emoji;
if (!existsSync(path)) throw new Error(`${path}: no vocabulary to measure with`);

/** The vocabulary as the hub writes it: pattern, lower case, no NFC (which would compose accents). */
function makeJson(): object {
  const text = path.endsWith('.json') ? '' : gunzipSync(readFileSync(path)).toString();
  if (text === '') {
    const json = JSON.parse(readFileSync(path, 'utf8')) as object;
    return { ...json, normalizer: { type: 'Lowercase' }, added_tokens: [] };
  }
  const merges = text.split('\n').slice(1, 1 + 48_894);
  const letters = BYTE_ORDER.map((byte) => BYTE_LETTERS[byte] ?? '');
  const tokens = [
    ...letters,
    ...letters.map((letter) => `${letter}</w>`),
    ...merges.map((merge) => merge.replace(' ', '')),
    '<|startoftext|>',
    '<|endoftext|>',
  ];
  const words = "'s|'t|'re|'ve|'m|'ll|'d|[\\p{L}]+|[\\p{N}]|[^\\s\\p{L}\\p{N}]+";
  return {
    version: '1.0',
    added_tokens: [],
    normalizer: { type: 'Lowercase' },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [
        { type: 'Split', pattern: { Regex: words }, behavior: 'Removed', invert: true },
        { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true },
      ],
    },
    post_processor: null,
    decoder: null,
    model: {
      type: 'BPE',
      unk_token: '<|endoftext|>',
      continuing_subword_prefix: '',
      end_of_word_suffix: '</w>',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

function readTexts(): string[] {
  if (skipWithoutReference !== false) return namesInManyLanguages();
  const lines = gunzipSync(readFileSync(referencePath('captions/captions.jsonl.gz')))
    .toString()
    .trimEnd()
    .split('\n');
  return lines.slice(0, 10_000).map((line) => String((JSON.parse(line) as { text: unknown }).text));
}

const texts = readTexts();
const clean = texts.map(cleanText);
const json = makeJson();
const own = await loadTokenizer(path);
const theirs = new LibraryTokenizer(json, {});
let differences = 0;
for (const [i, text] of texts.entries()) {
  const expected = theirs.encode(clean[i] ?? '', { add_special_tokens: false }).ids;
  if (own.encodeWhole(text).join() !== expected.join()) {
    if (differences++ < 5) console.error(`different: ${JSON.stringify(text.slice(0, 100))}`);
  }
}
console.log(`node ${process.version}, ${cpus()[0]?.model ?? 'unknown processor'}, one thread`);
console.log(
  `${texts.length} texts, vocabulary of ${own.vocabSize}: ${differences} differ from @huggingface/tokenizers`,
);

/** Seconds of one pass with a tokenizer whose cache is empty, and of one more. */
async function timeOwn(): Promise<[cold: number, warm: number]> {
  const tokenizer = await loadTokenizer(path);
  const pass = (): number => timePass(() => tokenizer.encode(texts));
  return [pass(), pass()];
}

function timeLibrary(): [cold: number, warm: number] {
  const tokenizer = new LibraryTokenizer(json, {});
  const pass = (): number =>
    timePass(() => {
      for (const text of clean) tokenizer.encode(text, { add_special_tokens: false });
    });
  return [pass(), pass()];
}

function timePass(pass: () => unknown): number {
  const start = performance.now();
  pass();
  return (performance.now() - start) / 1000;
}

if (differences > 0) process.exitCode = 1;
else {
  const seconds: Record<string, number[]> = {
    'own cold': [],
    'own warm': [],
    'library cold': [],
    'library warm': [],
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [ownCold, ownWarm] = await timeOwn();
    const [libraryCold, libraryWarm] = timeLibrary();
    seconds['own cold']?.push(ownCold);
    seconds['own warm']?.push(ownWarm);
    seconds['library cold']?.push(libraryCold);
    seconds['library warm']?.push(libraryWarm);
  }
  const rates = Object.fromEntries(
    Object.entries(seconds).map(([name, times]) => [name, texts.length / median(times)]),
  );
  for (const [name, rate] of Object.entries(rates)) {
    console.log(`  ${name.padEnd(14)} ${Math.round(rate).toLocaleString('en').padStart(9)} texts/s`);
  }
  for (const kind of ['cold', 'warm']) {
    console.log(
      `  ${kind}: x${((rates[`own ${kind}`] ?? NaN) / (rates[`library ${kind}`] ?? NaN)).toFixed(1)}`,
    );
  }
  const figures = Object.fromEntries(
    Object.entries(rates).map(([name, rate]) => [`${name} texts/s`, Math.round(rate)]),
  );
  if (values.record)
    console.log(`recorded in ${appendRecord('tokenizer', { texts: texts.length, ...figures })}`);
}
