/** Reads the published extraction's output from the reference data. */
import { readFileSync } from 'node:fs';
import type { Pair } from '../../src/curation/pair-batch.ts';
import { uuidOf } from '../../src/curation/pair-ids.ts';
import { referencePath } from './reference.ts';

/** One image as the published extraction writes it. */
export interface ImageRow {
  readonly uuid: string;
  readonly url: string;
  readonly texts: readonly (readonly [string, string])[];
}

/** The rows of `expected/NAME.jsonl`. */
export function readExpected(name: string): ImageRow[] {
  return readFileSync(referencePath(`warc/expected/${name}.jsonl`), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as ImageRow);
}

/** One row for each text, which is the unit that the published de-duplication works on. */
export function flatten(rows: readonly ImageRow[]): string[][] {
  return rows.flatMap((row) => row.texts.map(([key, text]) => [row.uuid, row.url, key, text]));
}

/**
 * Pairs in the same form; the second and later of equal (url, text) left out when asked for, as the published
 * extraction does with a set of texts for each url.
 */
export function flattenPairs(pairs: readonly Pair[], isDeduplicated: boolean): string[][] {
  const seen = new Set<string>();
  return pairs
    .filter((pair) => {
      const id = JSON.stringify([pair.url, pair.text]);
      const isNew = !seen.has(id);
      seen.add(id);
      return isNew || !isDeduplicated;
    })
    .map((pair) => [uuidOf(pair.url), pair.url, pair.textKey, pair.text]);
}
