/**
 * The entry list of WordNet names. The paper's first source of metadata is the names of all synsets of WordNet 3.0
 * together with the numbers 0-99, and gives their number: 86,654.
 */

/** Suffixes that WordNet hangs on adjectives to say where they may stand. */
const ADJECTIVE_MARKER = /\((?:a|p|ip)\)$/;

/**
 * Takes the synset names from one WordNet `data.*` file: the first word of each synset, lower-cased, without the marker
 * of an adjective, up to its first dot (as in NLTK's `name.pos.nn`), underscores as spaces.
 *
 * @param dataFile - content of `data.noun`, `data.verb`, `data.adj` or `data.adv` (wndb(5WN): header lines start with a
 *   space, the fifth field of the others is the first word)
 * @returns one name a synset, in file order, repeats kept; empty where nothing stands before the first dot (`.22`)
 */
export function extractSynsetNames(dataFile: string): string[] {
  const names: string[] = [];
  for (const line of dataFile.split('\n')) {
    if (line === '' || line.startsWith(' ')) continue;
    const word = line.split(' ', 5)[4] ?? '';
    const plain = word.toLowerCase().replace(ADJECTIVE_MARKER, '');
    names.push((plain.split('.', 1)[0] ?? '').replaceAll('_', ' '));
  }
  return names;
}

/**
 * Makes the list of the numbers 0-99 and the WordNet names.
 *
 * @param dataFiles - contents of the four `data.*` files, in any order
 * @returns the numbers by value, then the distinct names by code unit; 86,654 entries for WordNet 3.0
 */
export function buildWordnetEntries(dataFiles: readonly string[]): string[] {
  const numbers = Array.from({ length: 100 }, (_, value) => String(value));
  const names = new Set(dataFiles.flatMap(extractSynsetNames));
  names.delete('');
  for (const number of numbers) names.delete(number);
  return [...numbers, ...[...names].sort()];
}
