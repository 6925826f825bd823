/** JSON as Python writes it: `json.dumps` puts NaN and Infinity into pools (a missing similarity, say), which are no JSON. */

/** Longest line on which the second attempt is made; a regular expression over more may exhaust its stack. */
const RETRY_CHARS = 1 << 20;
/** A whole string, which is kept, or a bare number word, which becomes null. */
const NUMBER_WORDS = /"[^"\\]*(?:\\.[^"\\]*)*"|-?\bInfinity\b|\bNaN\b/g;

/**
 * Parses one line. Depth of nesting is no limit: V8's parser does not recurse.
 *
 * @param text - the line
 * @returns the value with NaN and the infinities as null; undefined when it is no JSON
 */
export function parseJsonLine(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    if (text.length > RETRY_CHARS || !/NaN|Infinity/.test(text)) return undefined;
  }
  try {
    return JSON.parse(text.replace(NUMBER_WORDS, (found) => (found.startsWith('"') ? found : 'null')));
  } catch {
    return undefined;
  }
}
