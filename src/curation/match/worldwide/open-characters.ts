/**
 * At which characters an entry of a worldwide list may start or end in the middle of a run of characters. An entry that
 * starts (ends) with any other one must have a space before (behind) it in the spaced text.
 *
 * The published set: Han with its extensions and radicals, Thai, Lao, Myanmar, Khmer, Tibetan, ASCII punctuation, and the
 * listed full-width marks. Kana and Hangul are not in it, so an entry in them needs spaces; `mended` takes them in.
 */
import type { Compat } from '../../compat.ts';

/** First and last code point of each published range. */
const PUBLISHED_RANGES: readonly (readonly [number, number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b820, 0x2ceaf],
  [0x2ceb0, 0x2ebef],
  [0xf900, 0xfaff],
  [0x2e80, 0x2eff],
  [0x2f00, 0x2fdf],
  [0x2ff0, 0x2fff],
  [0x0e00, 0x0e7f],
  [0x0e80, 0x0eff],
  [0x1000, 0x109f],
  [0x1780, 0x17ff],
  [0x0f00, 0x0fff],
  [0x21, 0x2f],
  [0x3a, 0x40],
  [0x5b, 0x60],
  [0x7b, 0x7e],
];
const PUBLISHED_MARKS = '，。、；：？！“”‘’（）【】《》〈〉「」『』～—';

/** Hiragana, Katakana with its extensions and half-width forms; Hangul syllables and letters. */
const MENDED_RANGES: readonly (readonly [number, number])[] = [
  [0x3040, 0x30ff],
  [0x31f0, 0x31ff],
  [0xff66, 0xff9f],
  [0xac00, 0xd7af],
  [0x1100, 0x11ff],
  [0x3130, 0x318f],
];

/** Code points below this are looked up in a table. */
const TABLE_SIZE = 0x30000;

function makeTable(compat: Compat): Uint8Array {
  const table = new Uint8Array(TABLE_SIZE);
  const ranges = compat === 'mended' ? [...PUBLISHED_RANGES, ...MENDED_RANGES] : PUBLISHED_RANGES;
  for (const [first, last] of ranges) table.fill(1, first, last + 1);
  for (const mark of PUBLISHED_MARKS) table[mark.codePointAt(0) ?? 0] = 1;
  return table;
}

const tables: Readonly<Record<Compat, Uint8Array>> = {
  metaclip: makeTable('metaclip'),
  mended: makeTable('mended'),
};

/**
 * @param codePoint - first or last character of an entry
 * @param compat - published or mended set
 * @returns whether the entry needs no space on that side
 */
export function isOpen(codePoint: number, compat: Compat): boolean {
  return tables[compat][codePoint] === 1;
}
