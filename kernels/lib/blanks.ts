/** Python's idea of white space beyond ASCII, in valid UTF-8: see src/curation/sources/strip-text.ts. */

/** Whether U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F or U+3000 starts at a place. */
function isWideBlank(at: i32): bool {
  const first = load<u8>(at);
  if (first == 0xc2) return load<u8>(at + 1) == 0x85 || load<u8>(at + 1) == 0xa0;
  if (first < 0xe1 || first > 0xe3) return false;
  const second = load<u8>(at + 1);
  const third = load<u8>(at + 2);
  if (first == 0xe1) return second == 0x9a && third == 0x80;
  if (first == 0xe3) return second == 0x80 && third == 0x80;
  if (second == 0x81) return third == 0x9f;
  return second == 0x80 && (third <= 0x8a || third == 0xa8 || third == 0xa9 || third == 0xaf);
}

/** Whether such a character stands at either end of a text that is not empty. */
export function hasWideBlankAtEnd(start: i32, stop: i32): bool {
  if (load<u8>(start) >= 0x80 && isWideBlank(start)) return true;
  if (load<u8>(stop - 1) < 0x80) return false;
  // Two bytes or three; a character of four is no blank, and its second byte no first one.
  if (stop - start >= 2 && load<u8>(stop - 2) == 0xc2) return isWideBlank(stop - 2);
  return stop - start >= 3 && isWideBlank(stop - 3);
}
