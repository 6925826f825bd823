/**
 * Which characters end a word, and which are a word of their own: the published rule for languages written with spaces
 * (Meta CLIP 2). White space separates. Characters of scripts written without spaces (CJK, Thai, Lao, Burmese, Khmer,
 * Tibetan) and punctuation are tokens of one character.
 */

/** Ordinary character of a word. */
export const ORDINARY = 0;
/** Separates words. */
export const SPACE = 1;
/** Separates words, and no bigram reaches over it. */
export const PUNCTUATION = 2;
/** A word of one character. */
export const SINGLE = 3;

/** The punctuation of ASCII. */
export const ASCII_PUNCTUATION = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~';
/** What else the published rule takes for punctuation. */
export const OTHER_PUNCTUATION = '，。、；：？¿！“”‘’（）【】《》〈〉「」『』～—';

const SINGLE_BLOCKS: readonly (readonly [first: number, last: number])[] = [
  [0x2e80, 0x2eff],
  [0x2f00, 0x2fdf],
  [0x2ff0, 0x2fff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xf900, 0xfaff],
  [0x0e00, 0x0eff], // Thai, Lao
  [0x0f00, 0x0fff], // Tibetan
  [0x1000, 0x109f], // Burmese
  [0x1780, 0x17ff], // Khmer
  [0x20000, 0x2a6df],
  [0x2a700, 0x2ebef],
];

/** Class of every UTF-16 unit; halves of surrogate pairs are {@link SPACE}. */
export const CLASS_OF_UNIT: Uint8Array = makeClasses();

/**
 * @param codePoint - any code point
 * @returns {@link ORDINARY}, {@link SPACE}, {@link PUNCTUATION} or {@link SINGLE}
 */
export function classOf(codePoint: number): number {
  if (codePoint < 0x10000) return CLASS_OF_UNIT[codePoint] ?? ORDINARY;
  return isSingle(codePoint) ? SINGLE : ORDINARY;
}

/**
 * @param text - any string
 * @returns whether it holds nothing but punctuation; true for the empty string
 */
export function isPunctuationOnly(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (CLASS_OF_UNIT[text.charCodeAt(i)] !== PUNCTUATION) return false;
  return true;
}

/**
 * @param text - any string
 * @returns its length in code points
 */
export function codePointLength(text: string): number {
  let length = text.length;
  for (let i = 1; i < text.length; i++) {
    if ((text.charCodeAt(i) & 0xfc00) === 0xdc00 && (text.charCodeAt(i - 1) & 0xfc00) === 0xd800) length--;
  }
  return length;
}

function makeClasses(): Uint8Array {
  const classes = new Uint8Array(0x10000);
  for (let unit = 0; unit < classes.length; unit++) {
    if (isSingle(unit)) classes[unit] = SINGLE;
    // Control characters and halves of surrogate pairs have no place in a word; the counter relies on that.
    if (unit <= 0x20 || (unit >= 0x7f && unit <= 0xa0) || (unit >= 0xd800 && unit <= 0xdfff))
      classes[unit] = SPACE;
    else if (/\s/.test(String.fromCharCode(unit))) classes[unit] = SPACE;
  }
  for (const character of ASCII_PUNCTUATION + OTHER_PUNCTUATION)
    classes[character.charCodeAt(0)] = PUNCTUATION;
  return classes;
}

function isSingle(codePoint: number): boolean {
  return SINGLE_BLOCKS.some(([first, last]) => codePoint >= first && codePoint <= last);
}
