/** The list of WordNet names: the one that comes with the package, or built from a WordNet folder. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describeSystemError, MetaclipError } from '../common/errors.ts';
import { type InputRecord, recordOf } from './dumps/read-input.ts';
import { DEFAULT_ENTRIES_FILE, findDefaultEntries } from './entries.ts';
import { buildWordnetEntries } from './wordnet.ts';
import { checkListPath, type ListSource, type Provenance, writeList } from './write-list.ts';

/** Published number of entries: the numbers 0-99 and the names of WordNet 3.0. */
export const PUBLISHED_WORDNET_ENTRIES = 86_654;
const NUMBER_COUNT = 100;
const DATA_FILES = ['data.noun', 'data.verb', 'data.adj', 'data.adv'];

/** Options of {@link buildWordnetList}. */
export interface WordnetListOptions {
  /** List to write, `.txt` or `.json`. */
  readonly out: string;
  /** Folder with `data.noun` and so on; undefined: the embedded list. */
  readonly folder?: string | undefined;
}

/**
 * Writes the numbers 0-99 and the names of all synsets.
 *
 * @param options - see {@link WordnetListOptions}
 * @returns what was written beside the list
 * @throws {@link MetaclipError} `E_INPUT_NOT_FOUND` when the folder lacks a file, `E_METADATA_FORMAT` when WordNet 3.0 does
 *   not give the published number of entries
 */
export async function buildWordnetList(options: WordnetListOptions): Promise<Provenance> {
  const { out, folder } = options;
  checkListPath(out);
  const inputs: InputRecord[] = [];
  let entries: string[];
  let version = '3.0';
  if (folder === undefined) {
    const bytes = await readFile(findDefaultEntries());
    inputs.push(recordOf(DEFAULT_ENTRIES_FILE, bytes));
    entries = bytes.toString('utf8').split('\n').slice(0, -1);
  } else {
    const contents: string[] = [];
    for (const name of DATA_FILES) {
      const bytes = await readDataFile(join(folder, name));
      inputs.push(recordOf(name, bytes));
      contents.push(bytes.toString('latin1'));
    }
    version = /WordNet (\d+\.\d+) Copyright/.exec(contents[0]?.slice(0, 10_000) ?? '')?.[1] ?? 'unknown';
    entries = buildWordnetEntries(contents);
  }
  if (version === '3.0' && entries.length !== PUBLISHED_WORDNET_ENTRIES) {
    throw new MetaclipError(
      'E_METADATA_FORMAT',
      `${folder ?? 'the embedded list'}: WordNet 3.0 gives ${PUBLISHED_WORDNET_ENTRIES} entries, this gives ${entries.length}`,
      { hint: 'a data file is cut short or changed: download WordNet 3.0 again' },
    );
  }
  return writeList(out, entries, {
    kind: 'wordnet',
    sources: wordnetSources(entries.length),
    inputs: inputs.map((input) => ({ ...input })),
    options: { wordnet: version },
    counts: { numbers: NUMBER_COUNT, names: entries.length - NUMBER_COUNT },
  });
}

/**
 * @param entryCount - length of a list of numbers and WordNet names
 * @returns its two parts
 */
export function wordnetSources(entryCount: number): ListSource[] {
  return [
    { name: 'numbers', firstEntry: 0, entryCount: NUMBER_COUNT },
    { name: 'wordnet', firstEntry: NUMBER_COUNT, entryCount: entryCount - NUMBER_COUNT },
  ];
}

async function readDataFile(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw describeSystemError(error, path, 'read');
  }
}
