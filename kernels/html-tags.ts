/**
 * Finds where the `<img>`, `<image>` and `<base>` tags of a page stand, without reading the rest of it closer than needed to
 * know what is a tag: comments, scripts, quoted attributes and the like. AssemblyScript. It follows the tokenizer of
 * htmlparser2, which then reads the tags found; where following it would take more than this, it says so and the whole page
 * goes to htmlparser2. src/curation/sources/html-images.ts is the twin.
 *
 * Memory: [INPUT, INPUT + length) holds the page, in an encoding in which the bytes below 0x80 are ASCII and nothing else,
 * and 16 readable bytes behind it.
 */

// Layout, known to src/curation/sources/html-tag-kernel.ts.
const RANGES: i32 = 4096; // start and end of each tag, 8 bytes
const MAX_TAGS: i32 = 8192;
const INPUT: i32 = 131072;

/** Answer for a page that is not followed. */
const LEFT_OUT: i32 = -1;

const LT: u8 = 0x3c;
const GT: u8 = 0x3e;
const SLASH: u8 = 0x2f;

let end: i32 = 0;

/** The next place of a byte at or behind `at`, or `end`. */
// @ts-ignore: decorator
@inline
function find(at: i32, byte: u8): i32 {
  while (at < end) {
    const mask = i8x16.bitmask(i8x16.eq(v128.load(at), i8x16.splat(byte)));
    if (mask != 0) {
      at += ctz(mask);
      return at < end ? at : end;
    }
    at += 16;
  }
  return end;
}

// @ts-ignore: decorator
@inline
function isSpace(byte: u8): bool {
  return byte == 0x20 || (byte >= 9 && byte <= 13 && byte != 11);
}

// @ts-ignore: decorator
@inline
function endsName(byte: u8): bool {
  return byte == GT || byte == SLASH || isSpace(byte);
}

// @ts-ignore: decorator
@inline
function isLetter(byte: u8): bool {
  return (byte | 32) >= 0x61 && (byte | 32) <= 0x7a;
}

/** Up to 8 bytes of a name in lower case, the first one lowest. Wrong bytes come out of non-letters, but never a letter. */
function packName(at: i32, length: i32): u64 {
  const kept = u64(-1) >> u64(64 - (length << 3));
  return (load<u64>(at) & kept) | (0x2020202020202020 & kept);
}

const IMG: u64 = 0x676d69;
const IMAGE: u64 = 0x6567616d69;
const BASE: u64 = 0x65736162;
const SVG: u64 = 0x677673;
const MATH: u64 = 0x6874616d;
const TITLE: u64 = 0x656c746974;
const DESC: u64 = 0x63736564;
const SCRIPT: u64 = 0x747069726373;
const STYLE: u64 = 0x656c797473;
const TEXTAREA: u64 = 0x6165726174786574;
const IFRAME: u64 = 0x656d61726669;
const NOEMBED: u64 = 0x6465626d656f6e;
const NOFRAMES: u64 = 0x73656d6172666f6e;
const XMP: u64 = 0x706d78;

/** `plaintext`, whose content never ends. */
function isPlaintext(at: i32, length: i32): bool {
  return length == 9 && packName(at, 8) == 0x7865746e69616c70 && (load<u8>(at + 8) | 32) == 0x74;
}

/**
 * Whether a tag inside `<svg>` or `<math>` leaves it or makes HTML hold again: all that this does not follow. Names are
 * compared by what they have at most in common, so a few harmless ones count as well.
 */
function isDelicate(at: i32, length: i32): bool {
  const first = load<u8>(at) | 32;
  if (length > 8) {
    // blockquote, foreignobject, annotation-xml
    return (length == 10 && first == 0x62) || (length == 13 && first == 0x66) || (length == 14 && first == 0x61);
  }
  const name = packName(at, length);
  if (length == 1) return name == 0x62 || name == 0x69 || name == 0x70 || name == 0x73 || name == 0x75; // b i p s u
  if (length == 2) {
    // br dd dl dt em h1-h6 hr li ol tt ul, mi mo mn ms; h and a digit
    return (
      first == 0x68 ||
      first == 0x64 ||
      first == 0x6d ||
      name == 0x7262 ||
      name == 0x6d65 ||
      name == 0x696c ||
      name == 0x6c6f ||
      name == 0x7474 ||
      name == 0x6c75
    );
  }
  if (length == 3) {
    // big div img pre sub sup var, svg
    return (
      name == 0x676962 ||
      name == 0x766964 ||
      name == IMG ||
      name == 0x657270 ||
      name == 0x627573 ||
      name == 0x707573 ||
      name == 0x726176
    );
  }
  if (length == 4) {
    // body code head menu meta nobr ruby span, desc math
    return (
      name == 0x79646f62 ||
      name == 0x65646f63 ||
      name == 0x64616568 ||
      name == 0x756e656d ||
      name == 0x6174656d ||
      name == 0x72626f6e ||
      name == 0x79627572 ||
      name == 0x6e617073
    );
  }
  if (length == 5) return name == 0x6465626d65 || name == 0x6c6c616d73 || name == 0x656c626174 || name == 0x747865746d; // embed small table mtext
  if (length == 6) return name == 0x7265746e6563 || name == 0x676e6f727473 || name == 0x656b69727473; // center, strong strike
  if (length == 7) return name == 0x676e697473696c; // listing
  return false;
}

/** Where the comment that starts behind `<!--` ends: behind its `>`, or `end`. The steps of htmlparser2. */
function skipComment(start: i32): i32 {
  let matched = 0;
  for (let at = start; at < end; at++) {
    const byte = load<u8>(at);
    if (byte == GT && ((matched <= 1 && at == start + matched) || matched == 2)) return at + 1;
    if (matched == 3) {
      if (byte == GT) return at + 1;
      matched = byte == 0x2d ? 1 : 0;
    } else if (byte == (matched == 2 ? 0x21 : 0x2d)) {
      matched++;
    } else if (matched == 0) {
      at = find(at, 0x2d);
      matched = 1;
    } else if (byte != 0x2d) {
      matched = 0;
    }
  }
  return end;
}

/** Behind the closing tag of raw text such as a script, or `end`; `start` lies behind the start tag. */
function skipRawText(start: i32, name: u64, length: i32): i32 {
  for (let at = find(start, LT); at < end; at = find(at + 1, LT)) {
    const after = at + 2 + length;
    if (after >= end) return end;
    if ((load<u8>(at + 1) | 32) == SLASH && packName(at + 2, length) == name && endsName(load<u8>(after))) {
      const close = find(after, GT);
      return close < end ? close + 1 : end;
    }
  }
  return end;
}

/** Whether the start tag read last ended with a slash. */
let isSelfClosing: bool = false;

/** Behind the `>` of the start tag whose name ends at a place, or `end + 1` when the page ends inside it. */
function skipAttributes(at: i32): i32 {
  while (true) {
    // Before a name.
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return end + 1;
    let byte = load<u8>(at);
    if (byte == GT) {
      isSelfClosing = false;
      return at + 1;
    }
    if (byte == SLASH) {
      at++;
      while (at < end && isSpace(load<u8>(at))) at++;
      if (at >= end) return end + 1;
      if (load<u8>(at) == GT) {
        isSelfClosing = true;
        return at + 1;
      }
      continue;
    }
    // The name: its first byte may be anything.
    at++;
    while (true) {
      while (at < end && load<u8>(at) != 0x3d && !endsName(load<u8>(at))) at++;
      while (at < end && isSpace(load<u8>(at))) at++;
      if (at >= end) return end + 1;
      byte = load<u8>(at);
      if (byte == 0x3d || byte == SLASH || byte == GT) break;
      at++;
    }
    if (byte != 0x3d) continue;
    at++;
    while (at < end && isSpace(load<u8>(at))) at++;
    if (at >= end) return end + 1;
    byte = load<u8>(at);
    if (byte == 0x22 || byte == 0x27) {
      at = find(at + 1, byte);
      if (at >= end) return end + 1;
      at++;
    } else {
      while (at < end && !isSpace(load<u8>(at)) && load<u8>(at) != GT) at++;
    }
  }
}

/**
 * Finds the tags of the page in [INPUT, INPUT + length).
 *
 * @param length - its bytes
 * @returns number of tags, whose places lie at RANGES; LEFT_OUT when the page is not followed
 */
export function findTags(length: i32): i32 {
  end = INPUT + length;
  let count = 0;
  /** `svg` or `math` where the page is inside one, and how many of them are open. */
  let foreign: u64 = 0;
  let foreignLength = 0;
  let depth = 0;
  let at = INPUT;
  while (true) {
    at = find(at, LT);
    const start = at;
    at++;
    if (at >= end) return count;
    const byte = load<u8>(at);
    if (isLetter(byte)) {
      const nameStart = at;
      while (at < end && !endsName(load<u8>(at))) at++;
      if (at >= end) return count;
      const nameLength = at - nameStart;
      const after = skipAttributes(at);
      if (after > end) return count;
      at = after;
      const name = nameLength <= 8 ? packName(nameStart, nameLength) : 0;
      if (foreign != 0) {
        if (name == foreign) {
          if (!isSelfClosing && ++depth > 50) return LEFT_OUT;
        } else if (name == SVG || name == MATH || isDelicate(nameStart, nameLength)) {
          return LEFT_OUT;
        } else if ((name == TITLE || name == DESC) && !isSelfClosing) {
          // HTML holds inside: followed only when nothing but text is there.
          const close = find(at, LT);
          const closeEnd = close + 2 + nameLength;
          if (
            closeEnd >= end ||
            load<u8>(close + 1) != SLASH ||
            packName(close + 2, nameLength) != name ||
            !endsName(load<u8>(closeEnd))
          )
            return LEFT_OUT;
          at = find(closeEnd, GT) + 1;
          if (at > end) return count;
        }
        continue;
      }
      if (name == IMG || name == BASE || name == IMAGE) {
        if (count == MAX_TAGS) return LEFT_OUT;
        store<i32>(RANGES + count * 8, start - INPUT);
        store<i32>(RANGES + count * 8, at - INPUT, 4);
        count++;
      } else if (name == SVG || name == MATH) {
        if (!isSelfClosing) {
          foreign = name;
          foreignLength = nameLength;
          depth = 1;
        }
      } else if (
        name == SCRIPT ||
        name == STYLE ||
        name == TITLE ||
        name == TEXTAREA ||
        name == IFRAME ||
        name == NOEMBED ||
        name == NOFRAMES ||
        name == XMP
      ) {
        at = skipRawText(at, name, nameLength);
      } else if (isPlaintext(nameStart, nameLength)) {
        return count;
      }
    } else if (byte == SLASH) {
      at++;
      if (at >= end) return count;
      const nameStart = at;
      if (load<u8>(at) == GT) {
        at++;
        continue;
      }
      if (isLetter(load<u8>(at))) {
        while (at < end && !endsName(load<u8>(at))) at++;
        if (at >= end) return count;
        if (foreign != 0 && at - nameStart == foreignLength && packName(nameStart, foreignLength) == foreign) {
          if (--depth == 0) foreign = 0;
        }
      } else {
        at++;
      }
      at = find(at, GT) + 1;
      if (at > end) return count;
    } else if (byte == 0x21) {
      at++;
      if (at >= end) return count;
      const next = load<u8>(at);
      if (next == 0x5b) return LEFT_OUT; // perhaps CDATA
      if (next == 0x2d && load<u8>(at + 1) == 0x2d && at + 1 < end) {
        at = skipComment(at + 2);
      } else {
        at = find(at, GT) + 1;
        if (at > end) return count;
      }
    } else if (byte == 0x3f) {
      at = find(at, GT) + 1;
      if (at > end) return count;
    }
  }
}
