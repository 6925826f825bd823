/**
 * The language model lid.176.ftz: where it is found, and its tables in one block of shared memory, so that all worker
 * threads of a machine use one copy (about 8 MB). One thread packs, sends the block, every thread opens it.
 *
 * Sections of the block, each starting on a multiple of 8 bytes, little-endian as the machine is:
 *
 *   section      type     length                meaning
 *   header       Int32    16                    see {@link HEADER}
 *   sha256       Uint8    32                    hash of the model file
 *   rows         Float32  rows x 16             decoded feature vectors: words first, then n-grams
 *   output       Float32  labels x 16           row i is the vector of inner node i (the last row is unused)
 *   children     Int32    2 x (labels - 1)      left and right child of inner node i; < labels: a label
 *   bucketRows   Uint16   buckets               row of the n-grams of a bucket; 0: pruned
 *   wordSlots    Int32    power of two          open-addressed word table: word id + 1 at hash & mask; 0: free
 *   wordEnds     Int32    words + 1             word i is wordBytes[wordEnds[i], wordEnds[i + 1])
 *   wordBytes    Uint8    sum of word lengths   UTF-8 of the words
 *   labels       Uint8                          UTF-8 of a JSON list of the labels
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { describeSystemError, MetaclipError } from '../../common/errors.ts';
import { parseFastTextFile } from './fasttext-file.ts';
import { hashFastText } from './fasttext-hash.ts';
import { buildLabelTree } from './label-tree.ts';

/** What run records say about the model, and what its licence asks to be named. */
export const LID_MODEL = Object.freeze({
  name: 'lid.176.ftz',
  sha256: '8f3472cfe8738a7b6099e8e999c3cbfae0dcd15696aac7d7738a8039db603e83',
  licence: 'CC BY-SA 3.0',
  author: 'Facebook, Inc. (fastText)',
  url: 'https://fasttext.cc/docs/en/language-identification.html',
  package: 'fasttext.wasm.js',
});

/** The tables of a model; read only, may be shared between threads. */
export interface LidModel {
  /** Labels without fastText's prefix (`en`, `de`, ...), in the order of their indices. */
  readonly labels: readonly string[];
  /** Hash of the file the model was made from, in hex. */
  readonly sha256: string;
  readonly rows: Float32Array;
  readonly output: Float32Array;
  readonly children: Int32Array;
  readonly bucketRows: Uint16Array;
  readonly wordSlots: Int32Array;
  readonly wordEnds: Int32Array;
  readonly wordBytes: Uint8Array;
}

/** First number of the block; changes with the layout. */
const LAYOUT = 0x4c494402;
const HEADER = [
  'layout',
  'rows',
  'output',
  'children',
  'bucketRows',
  'wordSlots',
  'wordEnds',
  'wordBytes',
  'labelBytes',
] as const;
const HEADER_BYTES = 64;
const SHA_BYTES = 32;

/**
 * Finds the model file in the installed package, wherever the package manager put it.
 *
 * @returns absolute path of lid.176.ftz
 * @throws {MetaclipError} `E_MODEL_MISSING` when the package, or the file in it, is not installed
 */
export function findLidModel(): string {
  const file = `${LID_MODEL.package}/dist/models/language-identification/assets/${LID_MODEL.name}`;
  try {
    // Resolving from this file finds the package beside it, hoisted above it, or in a plug'n'play table.
    return createRequire(import.meta.url).resolve(file);
  } catch (error) {
    throw missingModel(file, error);
  }
}

/**
 * Reads the model file and packs it; see {@link packLidModel}.
 *
 * @param path - a `.ftz` file of the kind of lid.176; the installed one when absent
 * @returns the block to send to worker threads and to give to {@link openLidModel}
 * @throws {MetaclipError} `E_MODEL_MISSING`, `E_INPUT_UNREADABLE`, `E_FORMAT_UNKNOWN`
 */
export function readLidModel(path: string = findLidModel()): SharedArrayBuffer {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') throw missingModel(path, error);
    throw describeSystemError(error, path, 'read');
  }
  return packLidModel(bytes, path);
}

/**
 * Parses and decodes a model file into one block of shared memory.
 *
 * Complexity: about 50 ms and 20 MB while it runs for lid.176; 8 MB stay.
 *
 * @param bytes - the whole `.ftz` file; not kept
 * @param path - its name, for messages
 * @returns the block, laid out as the head of this file says; to be read only
 * @throws {MetaclipError} `E_INPUT_UNREADABLE` for a damaged file, `E_FORMAT_UNKNOWN` for another one
 */
export function packLidModel(bytes: Uint8Array, path: string = LID_MODEL.name): SharedArrayBuffer {
  const file = parseFastTextFile(bytes, path);
  const labelBytes = new TextEncoder().encode(JSON.stringify(file.labels));
  const wordEnds = new Int32Array(file.words.length + 1);
  for (const [i, word] of file.words.entries()) wordEnds[i + 1] = (wordEnds[i] ?? 0) + word.length;
  const wordBytes = Buffer.concat(file.words);
  const wordSlots = buildWordTable(wordBytes, wordEnds);
  const children = buildLabelTree(file.labelCounts);

  const counts = {
    layout: LAYOUT,
    rows: file.rows.length,
    output: file.output.length,
    children: children.length,
    bucketRows: file.bucketRows.length,
    wordSlots: wordSlots.length,
    wordEnds: wordEnds.length,
    wordBytes: wordBytes.length,
    labelBytes: labelBytes.length,
  };
  const header = Int32Array.from(HEADER, (name) => counts[name]);
  const shared = new SharedArrayBuffer(layOut(header).sizeBytes);
  const sections = viewSections(shared, layOut(header).sections);
  sections.header.set(header);
  sections.sha256.set(createHash('sha256').update(bytes).digest());
  sections.rows.set(file.rows);
  sections.output.set(file.output);
  sections.children.set(children);
  sections.bucketRows.set(file.bucketRows);
  sections.wordSlots.set(wordSlots);
  sections.wordEnds.set(wordEnds);
  sections.wordBytes.set(wordBytes);
  sections.labelBytes.set(labelBytes);
  return shared;
}

/**
 * Opens a packed model without copying its tables; cheap enough for every thread.
 *
 * @param shared - what {@link packLidModel} or {@link readLidModel} gave, in this or another thread
 * @param sizeBytes - length of the block, where other things lie behind it
 * @returns views into the block, which must not be written any more
 * @throws {MetaclipError} `E_FORMAT_UNKNOWN` when the block is something else
 */
export function openLidModel(shared: ArrayBufferLike, sizeBytes = shared.byteLength): LidModel {
  const isTooShort = sizeBytes < HEADER_BYTES;
  const stored = isTooShort ? new Int32Array(HEADER_BYTES / 4) : new Int32Array(shared, 0, HEADER_BYTES / 4);
  const { sections, sizeBytes: expectedBytes } = layOut(stored);
  if (stored[0] !== LAYOUT || expectedBytes !== sizeBytes) {
    throw new MetaclipError(
      'E_FORMAT_UNKNOWN',
      `a block of ${sizeBytes} bytes is not a packed language model`,
      { hint: 'make it with readLidModel() of the same version of metaclip' },
    );
  }
  const views = viewSections(shared, sections);
  // A decoder takes no shared memory: copy the kilobyte.
  const labels: unknown = JSON.parse(new TextDecoder().decode(views.labelBytes.slice()));
  return {
    labels: Object.freeze(Array.isArray(labels) ? labels.map(String) : []),
    sha256: Buffer.from(views.sha256).toString('hex'),
    rows: views.rows,
    output: views.output,
    children: views.children,
    bucketRows: views.bucketRows,
    wordSlots: views.wordSlots,
    wordEnds: views.wordEnds,
    wordBytes: views.wordBytes,
  };
}

function missingModel(path: string, cause: unknown): MetaclipError {
  return new MetaclipError('E_MODEL_MISSING', `${path}: the language model is not installed`, {
    hint: `npm install ${LID_MODEL.package}, or switch language identification off`,
    details: { path, package: LID_MODEL.package },
    cause,
  });
}

/** Open addressing at a quarter full: 1.1 probes on average, and a miss ends at once. */
function buildWordTable(wordBytes: Uint8Array, wordEnds: Int32Array): Int32Array {
  const wordCount = wordEnds.length - 1;
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(wordCount * 4)));
  for (let word = 0; word < wordCount; word++) {
    let slot = hashFastText(wordBytes, wordEnds[word] ?? 0, wordEnds[word + 1] ?? 0) & (slots.length - 1);
    while (slots[slot] !== 0) slot = (slot + 1) & (slots.length - 1);
    slots[slot] = word + 1;
  }
  return slots;
}

type SectionName = 'header' | 'sha256' | Exclude<(typeof HEADER)[number], 'layout'>;

/** A section of the block: its first byte, and its elements. */
interface Section {
  readonly start: number;
  readonly length: number;
}

const ELEMENT_BYTES: Readonly<Record<Exclude<(typeof HEADER)[number], 'layout'>, number>> = {
  rows: 4,
  output: 4,
  children: 4,
  bucketRows: 2,
  wordSlots: 4,
  wordEnds: 4,
  wordBytes: 1,
  labelBytes: 1,
};

/** Where each section lies, from the lengths in the header. */
function layOut(header: Int32Array): {
  sizeBytes: number;
  sections: Readonly<Record<SectionName, Section>>;
} {
  let sizeBytes = HEADER_BYTES + SHA_BYTES;
  const place = (name: Exclude<(typeof HEADER)[number], 'layout'>): Section => {
    const section = { start: sizeBytes, length: header[HEADER.indexOf(name)] ?? 0 };
    sizeBytes = Math.ceil((section.start + section.length * ELEMENT_BYTES[name]) / 8) * 8;
    return section;
  };
  const sections = {
    header: { start: 0, length: HEADER_BYTES / 4 },
    sha256: { start: HEADER_BYTES, length: SHA_BYTES },
    rows: place('rows'),
    output: place('output'),
    children: place('children'),
    bucketRows: place('bucketRows'),
    wordSlots: place('wordSlots'),
    wordEnds: place('wordEnds'),
    wordBytes: place('wordBytes'),
    labelBytes: place('labelBytes'),
  };
  return { sizeBytes, sections };
}

function viewSections(shared: ArrayBufferLike, sections: Readonly<Record<SectionName, Section>>) {
  const words = ({ start, length }: Section): Int32Array => new Int32Array(shared, start, length);
  const floats = ({ start, length }: Section): Float32Array => new Float32Array(shared, start, length);
  const bytes = ({ start, length }: Section): Uint8Array => new Uint8Array(shared, start, length);
  return {
    header: words(sections.header),
    sha256: bytes(sections.sha256),
    rows: floats(sections.rows),
    output: floats(sections.output),
    children: words(sections.children),
    bucketRows: new Uint16Array(shared, sections.bucketRows.start, sections.bucketRows.length),
    wordSlots: words(sections.wordSlots),
    wordEnds: words(sections.wordEnds),
    wordBytes: bytes(sections.wordBytes),
    labelBytes: bytes(sections.labelBytes),
  };
}

/**
 * @param shared - memory that starts with a packed model
 * @returns where its tables lie
 */
export function locateLidTables(shared: ArrayBufferLike): Readonly<Record<SectionName, Section>> {
  return layOut(new Int32Array(shared, 0, HEADER_BYTES / 4)).sections;
}
