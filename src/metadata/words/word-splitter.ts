/**
 * How a text of one language becomes words. Most languages are split at spaces and punctuation, which the counter does by
 * itself (see character-classes.ts). For those written without spaces a splitter says where words end: by default the one
 * of ICU that every Node has; another can be given. What was used is recorded with the list.
 */

/** Splits texts of languages written without spaces. */
export interface WordSplitter {
  /** What it is, e.g. `Intl.Segmenter`. */
  readonly name: string;
  /** Version of its rules and dictionaries: another one gives other words. */
  readonly version: string;
  /**
   * @param text - a piece of text without white space
   * @returns its pieces in order, punctuation included
   */
  readonly split: (text: string) => Iterable<string>;
}

/** Languages written without spaces, by their Wikipedia's code, and the locale whose dictionary is used. */
export const NO_SPACE_LANGUAGES: ReadonlyMap<string, string> = new Map([
  ['bo', 'bo'],
  ['dz', 'dz'],
  ['ja', 'ja'],
  ['km', 'km'],
  ['lo', 'lo'],
  ['my', 'my'],
  ['ryu', 'ja'],
  ['th', 'th'],
  ['zh', 'zh'],
  ['zh_classical', 'zh'],
  ['zh_yue', 'zh'],
]);

/** What is recorded where the counter splits at spaces. */
export const SPACE_RULE = { name: 'spaces and punctuation', version: '1' } as const;

/**
 * @param language - code of a Wikipedia, `_` and `-` alike
 * @returns whether its words stand without spaces, so that bigrams are joined without one
 */
export function isWrittenWithoutSpaces(language: string): boolean {
  return NO_SPACE_LANGUAGES.has(language.replaceAll('-', '_'));
}

/**
 * The splitter that is used unless another is given.
 *
 * For Tibetan and Dzongkha ICU has no dictionary: what it gives are syllables.
 *
 * @param language - code of a Wikipedia
 * @returns ICU's word splitter; undefined for a language written with spaces
 */
export function defaultSplitter(language: string): WordSplitter | undefined {
  const locale = NO_SPACE_LANGUAGES.get(language.replaceAll('-', '_'));
  if (locale === undefined) return undefined;
  const segmenter = new Intl.Segmenter(locale, { granularity: 'word' });
  return {
    name: `Intl.Segmenter ${locale}`,
    version: `ICU ${process.versions['icu'] ?? 'unknown'}`,
    split: function* (text) {
      for (const { segment } of segmenter.segment(text)) yield segment;
    },
  };
}
