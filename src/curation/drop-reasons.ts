/** Why a pair that was extracted is not kept. Reasons of the readers are in sources/source.ts. */

/** Its text has no entry. */
export const NO_MATCH_REASON = 'no-match';
/** A word or host of the drop list. */
export const DROP_LIST_REASON = 'drop-list';
/** Its text is not in the language asked for. */
export const LANGUAGE_REASON = 'language';
/** It equals another pair of the run. */
export const DUPLICATE_REASON = 'duplicate';
/** The cap left it out. */
export const NOT_SAMPLED_REASON = 'not-sampled';

/** All of them, in the order in which they are asked. */
export const PAIR_REASONS = [
  NO_MATCH_REASON,
  DROP_LIST_REASON,
  LANGUAGE_REASON,
  DUPLICATE_REASON,
  NOT_SAMPLED_REASON,
] as const;

/** An input file that could not be used at all; counted once a file, among what the readers left out. */
export const UNREADABLE_REASON = 'unreadable-file';
