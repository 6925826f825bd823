/**
 * Puts lists together: first come, first kept. The published list is made in this way from WordNet, words, word pairs and
 * titles, with single punctuation marks dropped and a budget of 500,000 entries. The original keeps its entries in a set
 * of Python, whose order differs from run to run; here the order is that of the lists.
 */
import { MetaclipError } from '../common/errors.ts';
import { recordFile } from './dumps/read-input.ts';
import { DEFAULT_LIST_SOURCE, findDefaultEntries, loadEntries } from './entries.ts';
import { ASCII_PUNCTUATION } from './words/character-classes.ts';
import { wordnetSources } from './wordnet-list.ts';
import { checkListPath, type ListSource, type Provenance, readListSources, writeList } from './write-list.ts';

/** Published number of entries. */
export const PUBLISHED_BUDGET = 500_000;

/** A list that takes part. */
export interface MergeInput {
  /** Name of its source in the result, e.g. `unigrams`. */
  readonly name: string;
  /** File; null for the list that comes with the package. */
  readonly path: string | null;
}

/** What became of the entries of one list. */
export interface MergeTally {
  readonly name: string;
  readonly given: number;
  readonly kept: number;
  /** In an earlier list. */
  readonly repeated: number;
  /** One punctuation mark, or nothing but spaces. */
  readonly dropped: number;
  readonly overBudget: number;
}

/** Options of {@link mergeLists}. */
export interface MergeOptions {
  /** List to write, `.txt` or `.json`. */
  readonly out: string;
  /** In order. */
  readonly inputs: readonly MergeInput[];
  /** Most entries; default {@link PUBLISHED_BUDGET}. */
  readonly budget?: number | undefined;
}

/**
 * Merges lists into a file.
 *
 * A list with a provenance file of its own keeps its parts (`numbers`, `wordnet`) in the provenance of the result.
 *
 * Memory: all lists.
 *
 * @param options - see {@link MergeOptions}
 * @returns what was written beside the list, and what became of each list
 * @throws {@link MetaclipError} `E_USAGE` for a wrong budget, and what reading and writing throw
 */
export async function mergeLists(
  options: MergeOptions,
): Promise<{ provenance: Provenance; tallies: MergeTally[] }> {
  checkListPath(options.out);
  const budget = options.budget ?? PUBLISHED_BUDGET;
  if (!Number.isSafeInteger(budget) || budget < 1) {
    throw new MetaclipError('E_USAGE', `--budget ${budget} is not a positive whole number`, {
      hint: `the published one is ${PUBLISHED_BUDGET}`,
    });
  }
  const entries = new Set<string>();
  const tallies: MergeTally[] = [];
  const sources: ListSource[] = [];
  const inputs = [];
  for (const { name, path } of options.inputs) {
    const file = path ?? findDefaultEntries();
    const list = await loadEntries(file);
    const parts =
      path === null
        ? wordnetSources(list.entries.length)
        : ((await readListSources(file, list.fingerprint)) ?? [
            { name, firstEntry: 0, entryCount: list.entries.length },
          ]);
    const tally = { name, given: list.entries.length, kept: 0, repeated: 0, dropped: 0, overBudget: 0 };
    for (const part of parts) {
      const firstEntry = entries.size;
      const end = part.firstEntry + part.entryCount;
      for (let id = part.firstEntry; id < end; id++) addEntry(list.entries[id] ?? '', entries, budget, tally);
      sources.push({ name: part.name, firstEntry, entryCount: entries.size - firstEntry });
    }
    tallies.push(tally);
    const record = await recordFile(file);
    inputs.push({
      ...record,
      name: path === null ? DEFAULT_LIST_SOURCE : record.name,
      fingerprint: list.fingerprint,
    });
  }
  const provenance = await writeList(options.out, [...entries], {
    kind: 'merge',
    sources,
    inputs,
    options: { budget },
    counts: Object.fromEntries(tallies.map(({ name, ...counts }) => [name, counts])),
  });
  return { provenance, tallies };
}

function addEntry(
  entry: string,
  entries: Set<string>,
  budget: number,
  tally: { kept: number; repeated: number; dropped: number; overBudget: number },
): void {
  if (isDropped(entry)) tally.dropped++;
  else if (entries.has(entry)) tally.repeated++;
  else if (entries.size >= budget) tally.overBudget++;
  else {
    entries.add(entry);
    tally.kept++;
  }
}

/** The published rule drops what is empty or one mark of ASCII; blanks alone are empty to a reader too. */
function isDropped(entry: string): boolean {
  return entry.trim() === '' || (entry.length === 1 && ASCII_PUNCTUATION.includes(entry));
}
