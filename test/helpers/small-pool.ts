/** A small pool with Zipf-distributed words, foreign texts and duplicates within and across its files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generateCaptionRows } from '../../scripts/bench/synthetic-captions.ts';

const VOCABULARY = [
  'the',
  'of',
  'a',
  'in',
  'dog',
  'cat',
  'red car',
  'tree',
  'house',
  'zebra',
  'abbey',
  'acorn',
  'adobe',
];

/**
 * @param folder - is made; receives the files
 * @param fileCount - number of JSONL files
 * @param rowsPerFile - rows of each
 * @returns paths of the files, in the order of their names
 */
export function writeSmallPool(folder: string, fileCount: number, rowsPerFile: number): string[] {
  mkdirSync(folder, { recursive: true });
  const words = [...VOCABULARY, ...Array.from({ length: 400 }, (_, i) => `word${i}`)];
  return Array.from({ length: fileCount }, (_, file) => {
    // Neighbouring files share a seed, so that the second repeats half of the first.
    const rows = [
      ...generateCaptionRows(file >> 1, { vocabulary: words, rowCount: rowsPerFile, duplicateShare: 0.1 }),
    ];
    const own = [...generateCaptionRows(1000 + file, { vocabulary: words, rowCount: rowsPerFile })];
    const mixed = rows.map((row, i) => (i % 2 === 0 ? row : (own[i] ?? row)));
    const path = join(folder, `pool-${String(file).padStart(2, '0')}.jsonl`);
    writeFileSync(path, mixed.map((row) => `${JSON.stringify(row)}\n`).join(''));
    return path;
  });
}

/** Entries that occur in {@link writeSmallPool}, frequent and rare, and some that never do. */
export const SMALL_ENTRIES = [
  ...VOCABULARY,
  ...Array.from({ length: 300 }, (_, i) => `word${i}`),
  'never seen',
];
