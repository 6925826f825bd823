/**
 * The letters that stand for bytes in the vocabularies of byte-level encodings: printable Latin-1 stands for itself, the other
 * 68 bytes are moved behind U+0100 in their order, so that no token holds white space or a control character.
 */

/** Letter of each byte. */
export const BYTE_LETTERS: readonly string[] = makeByteLetters();

/** Bytes in the order of CLIP's vocabulary: those that stand for themselves first. */
export const BYTE_ORDER: readonly number[] = [
  ...allBytes().filter(standsForItself),
  ...allBytes().filter((byte) => !standsForItself(byte)),
];

function allBytes(): number[] {
  return Array.from({ length: 256 }, (_, byte) => byte);
}

function standsForItself(byte: number): boolean {
  return (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

function makeByteLetters(): string[] {
  let moved = 0x100;
  return allBytes().map((byte) => String.fromCharCode(standsForItself(byte) ? byte : moved++));
}
