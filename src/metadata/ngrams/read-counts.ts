/** Ready counts: lines `COUNT<tab>WORD` and `COUNT<tab>WORD<tab>WORD`, as the original takes them. */
import { MetaclipError } from '../../common/errors.ts';
import { readInput, type ReadLog } from '../dumps/read-input.ts';
import { decodeText, splitLines } from '../dumps/text-blocks.ts';
import { MAX_WORD_LENGTH } from './ngram-counter.ts';
import type { KeyCounter } from './key-counter.ts';

/** What became of the lines of count files. */
export interface CountFileTally {
  lines: number;
  /** Not of the form, or the count is no positive whole number up to 2^53. */
  badLines: number;
  /** A word over 256 characters. */
  longWords: number;
}

/** @returns all zero */
export function makeCountFileTally(): CountFileTally {
  return { lines: 0, badLines: 0, longWords: 0 };
}

/** Share of bad lines from which on a file is not what it was taken for. */
const MAX_BAD_SHARE = 0.5;

/**
 * Adds the counts of a file; the counts of a word that stands in several lines are added up.
 *
 * @param path - count file, plain or compressed
 * @param words - 1 or 2: words in a line
 * @param counter - gets the counts; the key of a pair has a tab between its words
 * @param tally - gets the counts of lines
 * @param log - gets the record of the file
 * @param breathe - awaited now and then; throws to stop
 * @throws {@link MetaclipError} `E_FORMAT_UNKNOWN` when most lines are bad, `E_INPUT_UNREADABLE` for damage
 */
export async function addCountFile(
  path: string,
  words: 1 | 2,
  counter: KeyCounter,
  tally: CountFileTally,
  log: ReadLog,
  breathe: () => Promise<void>,
): Promise<void> {
  const before = { ...tally };
  let firstBad: string | undefined;
  for await (const lines of splitLines(path, decodeText(readInput(path, log)))) {
    for (const line of lines) {
      tally.lines++;
      const [count = '', ...rest] = line.split('\t');
      const key = rest.map((word) => word.trim()).join('\t');
      const number = Number(count);
      // Control characters would disturb the order of keys, which have a tab between words.
      const isWell =
        rest.length === words &&
        /^\s*\d+\s*$/.test(count) &&
        number > 0 &&
        Number.isSafeInteger(number) &&
        rest.every((word) => word.trim() !== '' && !/[\p{Cc}\p{Surrogate}]/u.test(word.trim()));
      if (!isWell) {
        tally.badLines++;
        firstBad ??= line;
      } else if (rest.some((word) => word.length > MAX_WORD_LENGTH)) tally.longWords++;
      else counter.addText(key, number);
    }
    await breathe();
  }
  const lineCount = tally.lines - before.lines;
  const badCount = tally.badLines - before.badLines;
  if (lineCount === 0 || badCount > lineCount * MAX_BAD_SHARE) {
    const wanted = words === 1 ? 'COUNT<tab>WORD' : 'COUNT<tab>WORD<tab>WORD';
    throw new MetaclipError(
      'E_FORMAT_UNKNOWN',
      `${path}: ${badCount} of ${lineCount} lines are not ${wanted}, the first is ${JSON.stringify((firstBad ?? '').slice(0, 80))}`,
      {
        hint: words === 1 ? 'word counts go first, pair counts to --pairs' : 'pair counts have three columns',
        details: { path },
      },
    );
  }
}
