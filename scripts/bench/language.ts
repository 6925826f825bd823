/**
 * Language identification: ours against fastText compiled to WebAssembly, on the same texts in the same run.
 *
 *   npm run bench:language -- [--record]
 *
 * First proves that both give the same label and the same probability for every text, and ends with exit code 1 if not.
 * Then times whole passes over all texts on one core, the ways in turn, and prints medians of five. fastText gets its
 * strings ready-made and is called as cheaply as its package allows (raw `predict`, answers freed); ours gets the UTF-8
 * bytes that the pipeline holds. Texts: the 29,824 reference captions where they lie beside the checkout, and names of
 * countries, languages and currencies in a hundred languages.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { LanguageIdentifier } from '../../src/curation/language/identify-language.ts';
import { shareLidModel } from '../../src/curation/language/lid-memory.ts';
import { LID_MODEL, openLidModel, readLidModel } from '../../src/curation/language/lid-model.ts';
import { namesInManyLanguages, SENTENCES } from '../../test/curation/language/language-texts.ts';
import { loadFastTextOracle } from '../../test/helpers/fasttext-oracle.ts';
import { referencePath, skipWithoutReference } from '../../test/helpers/reference.ts';
import { appendRecord, describeMachine, median } from './bench-record.ts';

const { values } = parseArgs({ options: { record: { type: 'boolean', default: false } } });

const ROUNDS = 5;
/** Passes shorter than this are repeated until it is reached, so that a round is longer than the clock's noise. */
const MIN_ROUND_MS = 300;

interface TextSet {
  readonly name: string;
  readonly texts: readonly string[];
  readonly bytes: Uint8Array;
  /** Text i is bytes[ends[i], ends[i + 1]). */
  readonly ends: readonly number[];
}

function makeTextSet(name: string, lines: readonly string[]): TextSet {
  const encoder = new TextEncoder();
  const texts = lines.map((line) => line.replaceAll('\n', ' '));
  const ends = [0];
  for (const text of texts) ends.push((ends.at(-1) ?? 0) + encoder.encode(text).length);
  return { name, texts, bytes: encoder.encode(texts.join('')), ends };
}

function readCaptions(): string[] {
  const lines = gunzipSync(readFileSync(referencePath('captions/captions.jsonl.gz')))
    .toString()
    .trimEnd();
  return lines.split('\n').map((line) => String((JSON.parse(line) as { text: unknown }).text));
}

/** Seconds of one pass; repeated passes are averaged. */
function timePass(pass: () => void): number {
  const start = performance.now();
  for (let passes = 1; ; passes++) {
    pass();
    const elapsedMs = performance.now() - start;
    if (elapsedMs >= MIN_ROUND_MS) return elapsedMs / passes / 1000;
  }
}

const oracle = await loadFastTextOracle();
/** The pipeline's way: the WebAssembly kernel. */
const identifier = LanguageIdentifier.open(shareLidModel(readLidModel()));
const twin = new LanguageIdentifier(openLidModel(readLidModel()));

function countDifferences({ texts, bytes, ends }: TextSet): number {
  let differences = 0;
  identifier.takeTexts(bytes);
  for (const [i, text] of texts.entries()) {
    const expected = oracle.predict(text);
    const label = identifier.labels[identifier.identify(bytes, ends[i] ?? 0, ends[i + 1] ?? 0)];
    if (label !== expected.label || identifier.probability !== expected.probability) differences++;
  }
  return differences;
}

function measure(set: TextSet): void {
  const { texts, bytes, ends } = set;
  const ways: readonly (readonly [name: string, pass: () => void])[] = [
    [
      'fasttext.wasm.js',
      (): void => {
        for (const text of texts) oracle.predict(text);
      },
    ],
    [
      'identify',
      (): void => {
        identifier.takeTexts(bytes);
        for (let i = 0; i < texts.length; i++) identifier.identify(bytes, ends[i] ?? 0, ends[i + 1] ?? 0);
      },
    ],
    [
      'isEnglish, no kernel',
      (): void => {
        for (let i = 0; i < texts.length; i++) twin.isEnglish(bytes, ends[i] ?? 0, ends[i + 1] ?? 0);
      },
    ],
    [
      'isEnglish',
      (): void => {
        identifier.takeTexts(bytes);
        for (let i = 0; i < texts.length; i++) identifier.isEnglish(bytes, ends[i] ?? 0, ends[i + 1] ?? 0);
      },
    ],
  ];
  const seconds = ways.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [way, [, pass]] of ways.entries()) seconds[way]?.push(timePass(pass));
  }
  const base = median(seconds[0] ?? []);
  const rates: Record<string, number> = {};
  for (const [way, [name]] of ways.entries()) {
    const time = median(seconds[way] ?? []);
    rates[name] = Math.round(texts.length / time);
    const textRate = rates[name].toLocaleString('en');
    const byteRate = (bytes.length / time / 1e6).toFixed(1);
    console.log(
      `  ${name.padEnd(20)} ${textRate.padStart(10)} texts/s  ${byteRate.padStart(6)} MB/s  x${(base / time).toFixed(2)}`,
    );
  }
  if (!values.record) return;
  const figures = {
    texts: texts.length,
    fasttext: rates['fasttext.wasm.js'] ?? 0,
    ours: rates['identify'] ?? 0,
  };
  const ratio = (figures.ours / figures.fasttext).toFixed(2);
  console.log(`recorded in ${appendRecord('language', { set: set.name, ...figures, ratio })}`);
}

const sets: TextSet[] = [];
if (skipWithoutReference === false) sets.push(makeTextSet('reference captions', readCaptions()));
else console.log(skipWithoutReference);
sets.push(
  makeTextSet('a hundred languages', [...namesInManyLanguages(), ...SENTENCES.map(([, text]) => text)]),
);

const { cpu, node, commit } = describeMachine();
console.log(`${LID_MODEL.name}, ${cpu}, Node ${node}, commit ${commit}, one core`);
for (const set of sets) {
  const differences = countDifferences(set);
  const size = `${set.texts.length} texts, ${(set.bytes.length / set.texts.length).toFixed(0)} bytes each`;
  console.log(`${set.name} (${size}): ${differences} answers differ from fastText`);
  if (differences > 0) process.exitCode = 1;
  else measure(set);
}
